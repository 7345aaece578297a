#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text/encode.h"
#include "io/cloud/azure_internal.h"
#include "io/cloud/body.h"
#include "base/text/date.h"
#include "io/cloud/refusal.h"

#define LIST_PAGE_MAX 5000

enum http_method azure_method(const struct cloud_protocol *protocol, const struct cloud_call *call)
{
	(void)protocol;
	switch (call->verb) {
	case CLOUD_CREATE:
	case CLOUD_PART:
	case CLOUD_COMPLETE:
		return HTTP_PUT;
	case CLOUD_REMOVE:
		return HTTP_DELETE;
	case CLOUD_HEAD:
	case CLOUD_BEGIN:
	case CLOUD_ABORT:
		return HTTP_HEAD;
	default:
		return HTTP_GET;
	}
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* "muster-", the upload, "-", five digits. */
#define NUMBER_DIGITS 5

size_t azure_block_id(char out[AZURE_BLOCK_ID_TEXT], const struct cloud_call *call)
{
	struct view upload = call->upload.len ? call->upload : view_text(call->nonce);
	char id[AZURE_UPLOAD_MAX_BYTES + 24];
	int len;

	assert(upload.len <= AZURE_UPLOAD_MAX_BYTES && call->number < 100000);
	len = snprintf(id, sizeof(id), "muster-%.*s-%0*" PRIu32, VIEW_ARGS(upload), NUMBER_DIGITS,
		       call->number);
	base64_encode(out, id, (size_t)len);
	return BASE64_TEXT_LEN((size_t)len);
}

bool azure_name_part(const struct upload_item *item, uint32_t *number, struct view *name)
{
	size_t len = 7 + AZURE_ID_TEXT - 1 + 1 + NUMBER_DIGITS;
	uint8_t id[AZURE_BLOCK_ID_TEXT];

	if (item->is_committed || item->block_id.len != BASE64_TEXT_LEN(len) ||
	    !base64_decode(id, len, item->block_id) || memcmp(id, "muster-", 7) != 0)
		return false;
	*number = 0;
	for (size_t i = len - NUMBER_DIGITS; i < len; i++) {
		if (id[i] < '0' || id[i] > '9')
			return false;
		*number = *number * 10 + (id[i] - '0');
	}
	*name = item->block_id;
	return true;
}

static enum muster_code make_block_list(struct cloud_call *call, struct muster_error *err)
{
	struct view *ids = calloc(call->part_count + 1, sizeof(*ids));
	enum muster_code code;

	if (!ids)
		return muster_fail_memory(err, "a list of blocks");
	for (size_t i = 0; i < call->part_count; i++)
		ids[i] = view_text(call->parts[i].etag);
	code = body_append_blocks(&call->out.body, ids, call->part_count, err);
	free(ids);
	return code;
}

enum muster_code azure_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
				 struct view *body, struct muster_error *err)
{
	enum muster_code code;

	*body = call->verb == CLOUD_CREATE || call->verb == CLOUD_PART ? call->body
								       : (struct view){ 0 };
	if (call->verb != CLOUD_COMPLETE)
		return MUSTER_OK;
	call->out.body.len = 0;
	code = make_block_list(call, err);
	*body = bytes_view(&call->out.body);
	return refusal_name_call(code, protocol, call, err);
}

/* --- URLs ------------------------------------------------------------------------------------ */

static void add_list(struct request_url *url, const struct cloud_call *call)
{
	request_url_pair(url, "restype", VIEW_LITERAL("container"));
	request_url_pair(url, "comp", VIEW_LITERAL("list"));
	if (call->prefix.len)
		request_url_pair(url, "prefix", call->prefix);
	if (call->token.len)
		request_url_pair(url, "marker", call->token);
	else if (call->after.len)
		request_url_pair(url, "startFrom", call->after);
	request_url_pair_u64(url, "maxresults", call->page_max ? call->page_max : LIST_PAGE_MAX);
}

static void make_url(struct request_url *url, const struct azure *azure,
		     const struct cloud_call *call, struct muster_error *err)
{
	char id[AZURE_BLOCK_ID_TEXT];

	request_url_begin(url, &azure->endpoint, err);
	request_url_add(url, VIEW_LITERAL("/"));
	request_url_encode(url, bytes_view(&azure->container), PERCENT_COMPONENT);
	if (call->verb == CLOUD_LIST) {
		add_list(url, call);
		return;
	}
	request_url_add(url, VIEW_LITERAL("/"));
	request_url_encode(url, call->key, PERCENT_PATH);
	if (call->verb == CLOUD_COMPLETE || call->verb == CLOUD_PARTS)
		request_url_pair(url, "comp", VIEW_LITERAL("blocklist"));
	if (call->verb == CLOUD_PARTS)
		request_url_pair(url, "blocklisttype", VIEW_LITERAL("uncommitted"));
	if (call->verb != CLOUD_PART)
		return;
	request_url_pair(url, "comp", VIEW_LITERAL("block"));
	request_url_pair(url, "blockid", view_of(id, azure_block_id(id, call)));
}

/* --- headers --------------------------------------------------------------------------------- */

static void add(struct azure_request *request, const char *name, struct view value)
{
	assert(request->header_count < AZURE_HEADERS_MAX);
	request->headers[request->header_count++] = (struct cloud_header){ view_text(name), value };
}

__attribute__((format(printf, 3, 4))) static void add_text(struct azure_request *request,
							   const char *name, const char *format,
							   ...)
{
	char *text = request->text + request->text_len;
	size_t cap = sizeof(request->text) - request->text_len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, cap, format, args);
	va_end(args);
	assert(len >= 0 && (size_t)len < cap);
	request->text_len += (size_t)len;
	add(request, name, view_of(text, (size_t)len));
}

static void add_base64(struct azure_request *request, const char *name, const void *sum, size_t len)
{
	char text[BASE64_TEXT_LEN(16)];

	base64_encode(text, sum, len);
	add_text(request, name, "%.*s", (int)BASE64_TEXT_LEN(len), text);
}

/* What the service checks a body by: one of them, not both. */
static void add_sums(struct azure_request *request, const struct azure *azure,
		     const struct cloud_call *call)
{
	const struct cloud_sums *sums = call->sums;
	uint64_t crc64;

	if (sums && azure->has_crc64 && sums->has_crc64nvme) {
		crc64 = htole64(sums->crc64nvme); /* lowest byte first, unlike AWS */
		add_base64(request, "x-ms-content-crc64", &crc64, sizeof(crc64));
	} else if (sums && sums->has_md5) {
		add_base64(request, "Content-MD5", sums->md5, sizeof(sums->md5));
	}
}

static void add_creation(struct azure_request *request, const struct cloud_call *call)
{
	add(request, "If-None-Match", VIEW_LITERAL("*"));
	if (call->nonce[0])
		add(request, "x-ms-meta-musternonce", view_text(call->nonce));
}

/* Quoted, as a header wants it; lists tell it without quotes. */
static void add_if_match(struct azure_request *request, struct view etag)
{
	bool is_quoted = etag.len && etag.ptr[0] == '"';

	if (etag.len > 128)
		etag.len = 128; /* none that a service gives: it will not match */
	if (etag.len)
		add_text(request, "If-Match", is_quoted ? "%.*s" : "\"%.*s\"", VIEW_ARGS(etag));
}

static void add_of_verb(struct azure_request *request, const struct azure *azure,
			const struct cloud_call *call)
{
	switch (call->verb) {
	case CLOUD_READ:
		if (call->len)
			add_text(request, "x-ms-range", "bytes=%" PRIu64 "-%" PRIu64,
				 call->offset_bytes, call->offset_bytes + call->len - 1);
		add_if_match(request, call->etag);
		break;
	case CLOUD_CREATE:
		add(request, "x-ms-blob-type", VIEW_LITERAL("BlockBlob"));
		add(request, "Content-Type", VIEW_LITERAL("application/octet-stream"));
		add_creation(request, call);
		add_sums(request, azure, call);
		break;
	case CLOUD_PART:
		add(request, "Content-Type", VIEW_LITERAL("application/octet-stream"));
		add_sums(request, azure, call);
		break;
	case CLOUD_COMPLETE:
		add(request, "Content-Type", VIEW_LITERAL("application/xml"));
		add_creation(request, call);
		break;
	case CLOUD_REMOVE:
		add(request, "x-ms-delete-snapshots", VIEW_LITERAL("include"));
		break;
	default:
		break;
	}
}

enum muster_code azure_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			       struct http_head *head, struct muster_error *err)
{
	struct azure *azure = (struct azure *)(void *)protocol;
	struct azure_request request = { .header_count = 0 };
	char date[DATE_HTTP_BYTES], id[AZURE_ID_TEXT];
	enum muster_code code;

	azure_make_id(azure, id);
	make_url(&request.url, azure, call, err);
	add(&request, "x-ms-version", VIEW_LITERAL(AZURE_VERSION));
	add(&request, "x-ms-date", view_text(date_http(date, cloud_clock_ns(&protocol->clock))));
	add(&request, "x-ms-client-request-id", view_text(id));
	add_of_verb(&request, azure, call);
	code = request.url.code;
	for (size_t i = 0; i < request.header_count && !code; i++)
		http_head_add(head, (const char *)request.headers[i].name.ptr,
			      request.headers[i].value);
	if (!code)
		code = azure_authorize(azure, call, &request, head, err);
	request_url_release(&request.url);
	return refusal_name_call(code, protocol, call, err);
}
