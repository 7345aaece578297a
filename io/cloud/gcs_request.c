#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json/json.h"
#include "base/text/encode.h"
#include "base/text/utf8.h"
#include "io/cloud/gcs_internal.h"
#include "io/cloud/refusal.h"
#include "io/cloud/request.h"

/* What of an object's resource is read (gcs_object.c). */
#define OBJECT_FIELDS "name,size,generation,updated,md5Hash,crc32c,metadata"
#define LIST_BRIEFLY  "nextPageToken,items(name,size,updated)"
#define LIST_DETAILS  "nextPageToken,items(name,size,updated,generation,etag,md5Hash,crc32c)"
#define LIST_PAGE_MAX 1000

/* A boundary holds the call's nonce, so that no object can have been made to hold it. */
#define BOUNDARY "muster-part-"

enum http_method gcs_method(const struct cloud_protocol *protocol, const struct cloud_call *call)
{
	(void)protocol;
	switch (call->verb) {
	case CLOUD_CREATE:
	case CLOUD_BEGIN:
		return HTTP_POST;
	case CLOUD_PART:
	case CLOUD_PARTS:
		return HTTP_PUT;
	case CLOUD_REMOVE:
	case CLOUD_ABORT:
		return HTTP_DELETE;
	default: /* HEAD's answer is a document */
		return HTTP_GET;
	}
}

/* --- bodies ---------------------------------------------------------------------------------- */

static void write_sums(struct json_writer *json, const struct cloud_sums *sums)
{
	char text[BASE64_TEXT_LEN(16)];
	uint32_t crc32c;

	if (!sums)
		return;
	if (sums->has_crc32c) {
		crc32c = htobe32(sums->crc32c);
		base64_encode(text, &crc32c, sizeof(crc32c));
		json_write_key(json, "crc32c");
		json_write_string(json, view_of(text, BASE64_TEXT_LEN(sizeof(crc32c))));
	}
	if (sums->has_md5) {
		base64_encode(text, sums->md5, sizeof(sums->md5));
		json_write_key(json, "md5Hash");
		json_write_string(json, view_of(text, sizeof(text)));
	}
}

/* The resource of an object that is going to be. */
static enum muster_code append_resource(struct bytes *out, const struct cloud_call *call,
					struct muster_error *err)
{
	struct json_writer json = { .out = out, .err = err };

	if (!utf8_valid(call->key))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "the key is not UTF-8");
	json_write_object_begin(&json);
	json_write_key(&json, "name");
	json_write_string(&json, call->key);
	json_write_key(&json, "contentType");
	json_write_text(&json, "application/octet-stream");
	if (call->verb == CLOUD_CREATE)
		write_sums(&json, call->sums);
	if (call->nonce[0]) {
		json_write_key(&json, "metadata");
		json_write_object_begin(&json);
		json_write_key(&json, "musternonce");
		json_write_text(&json, call->nonce);
		json_write_object_end(&json);
	}
	json_write_object_end(&json);
	return json.code;
}

static bool holds(struct view text, const char *needle)
{
	return text.len && memmem(text.ptr, text.len, needle, strlen(needle));
}

static enum muster_code make_multipart(struct cloud_call *call, struct muster_error *err)
{
	struct bytes *out = &call->out.body;
	char boundary[sizeof(BOUNDARY) + CLOUD_NONCE_TEXT];
	enum muster_code code;

	snprintf(boundary, sizeof(boundary), BOUNDARY "%s", call->nonce);
	if (holds(call->body, boundary))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "the bytes hold '%s'", boundary);
	code = bytes_reserve(out, call->body.len + call->key.len + 512, err);
	if (!code)
		code = bytes_printf(out, err,
				    "--%s\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n",
				    boundary);
	if (!code)
		code = append_resource(out, call, err);
	if (!code)
		code = bytes_printf(out, err,
				    "\r\n--%s\r\nContent-Type: application/octet-stream\r\n\r\n",
				    boundary);
	if (!code)
		code = bytes_append_view(out, call->body, err);
	return code ? code : bytes_printf(out, err, "\r\n--%s--\r\n", boundary);
}

enum muster_code gcs_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
			       struct view *body, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (call->verb == CLOUD_PARTS &&
	    ((const struct gcs *)(const void *)protocol)->forgets_parts)
		return MUSTER_ABSENT;
	*body = call->verb == CLOUD_PART ? call->body : (struct view){ 0 };
	if (call->verb != CLOUD_CREATE && call->verb != CLOUD_BEGIN)
		return MUSTER_OK;
	call->out.body.len = 0;
	if (call->verb == CLOUD_CREATE)
		code = make_multipart(call, err);
	else
		code = append_resource(&call->out.body, call, err);
	*body = bytes_view(&call->out.body);
	return refusal_name_call(code, protocol, call, err);
}

/* --- URLs ------------------------------------------------------------------------------------ */

static void add_bucket(struct request_url *url, const struct gcs *gcs, const char *before)
{
	request_url_add(url, view_text(before));
	request_url_add(url, VIEW_LITERAL("/storage/v1/b/"));
	request_url_encode(url, bytes_view(&gcs->bucket), PERCENT_COMPONENT);
	request_url_add(url, VIEW_LITERAL("/o"));
}

static void add_object(struct request_url *url, const struct gcs *gcs,
		       const struct cloud_call *call)
{
	add_bucket(url, gcs, "");
	request_url_add(url, VIEW_LITERAL("/"));
	request_url_encode(url, call->key, PERCENT_COMPONENT);
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		request_url_pair(url, "alt", VIEW_LITERAL("media"));
		if (call->etag.len)
			request_url_pair(url, "ifGenerationMatch", call->etag);
		break;
	case CLOUD_HEAD:
		request_url_pair(url, "fields", VIEW_LITERAL(OBJECT_FIELDS));
		break;
	default:
		break;
	}
}

static void add_upload(struct request_url *url, const struct gcs *gcs,
		       const struct cloud_call *call)
{
	add_bucket(url, gcs, "/upload");
	request_url_pair(url, "uploadType",
			 call->verb == CLOUD_CREATE ? VIEW_LITERAL("multipart")
						    : VIEW_LITERAL("resumable"));
	request_url_pair(url, "ifGenerationMatch", VIEW_LITERAL("0"));
	request_url_pair(url, "fields", VIEW_LITERAL(OBJECT_FIELDS));
}

static void add_list(struct request_url *url, const struct gcs *gcs, const struct cloud_call *call)
{
	add_bucket(url, gcs, "");
	if (call->prefix.len)
		request_url_pair(url, "prefix", call->prefix);
	if (call->token.len)
		request_url_pair(url, "pageToken", call->token);
	else if (call->after.len)
		request_url_pair(url, "startOffset", call->after);
	request_url_pair_u64(url, "maxResults", call->page_max ? call->page_max : LIST_PAGE_MAX);
	request_url_pair(url, "projection", VIEW_LITERAL("noAcl"));
	request_url_pair(url, "fields",
			 gcs->lists_details ? VIEW_LITERAL(LIST_DETAILS)
					    : VIEW_LITERAL(LIST_BRIEFLY));
}

/* Who knows a session's URL needs no other authority. */
static bool is_of_session(enum cloud_verb verb)
{
	return verb == CLOUD_PART || verb == CLOUD_PARTS || verb == CLOUD_ABORT;
}

/* A session is asked for at our endpoint, whatever host the server believes that it is. */
static void make_url(struct request_url *url, const struct gcs *gcs, const struct cloud_call *call,
		     struct muster_error *err)
{
	if (is_of_session(call->verb)) {
		request_url_begin_host(url, &gcs->endpoint, err);
		request_url_add(url, call->upload);
		return;
	}
	request_url_begin(url, &gcs->endpoint, err);
	if (call->verb == CLOUD_LIST)
		add_list(url, gcs, call);
	else if (call->verb == CLOUD_CREATE || call->verb == CLOUD_BEGIN)
		add_upload(url, gcs, call);
	else
		add_object(url, gcs, call);
	if (gcs->user_project.len)
		request_url_pair(url, "userProject", bytes_view(&gcs->user_project));
}

/* --- headers --------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void add_line(struct http_head *head, const char *name,
							   const char *format, ...)
{
	char text[96];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	http_head_add(head, name, view_text(text));
}

static void add_content_range(struct http_head *head, const struct cloud_call *call)
{
	uint64_t end = call->offset_in_object + call->body.len;
	char total[24] = "*";

	if (call->is_last)
		snprintf(total, sizeof(total), "%" PRIu64, end);
	if (call->body.len)
		add_line(head, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%s",
			 call->offset_in_object, end - 1, total);
	else
		add_line(head, "Content-Range", "bytes */%s", total);
}

/* Parts have no sums of their own to be checked by; all of them together do. */
static void add_object_crc(struct http_head *head, const struct cloud_call *call)
{
	char text[BASE64_TEXT_LEN(4)];
	uint32_t crc;

	if (!call->is_last || !gcs_expect_crc(call, &crc))
		return;
	crc = htobe32(crc);
	base64_encode(text, &crc, sizeof(crc));
	add_line(head, "X-Goog-Hash", "crc32c=%.*s", (int)sizeof(text), text);
}

static void add_headers(struct http_head *head, const struct cloud_call *call)
{
	/* Else objects that are stored compressed come inflated, without ranges. */
	http_head_add(head, "Accept-Encoding", VIEW_LITERAL("gzip"));
	switch (call->verb) {
	case CLOUD_READ:
		if (call->len)
			add_line(head, "Range", "bytes=%" PRIu64 "-%" PRIu64, call->offset_bytes,
				 call->offset_bytes + call->len - 1);
		break;
	case CLOUD_TAIL:
		add_line(head, "Range", "bytes=-%" PRIu64, call->len);
		break;
	case CLOUD_CREATE:
		add_line(head, "Content-Type", "multipart/related; boundary=" BOUNDARY "%s",
			 call->nonce);
		break;
	case CLOUD_BEGIN:
		http_head_add(head, "Content-Type",
			      VIEW_LITERAL("application/json; charset=UTF-8"));
		http_head_add(head, "X-Upload-Content-Type",
			      VIEW_LITERAL("application/octet-stream"));
		break;
	case CLOUD_PART:
		http_head_add(head, "Content-Type", VIEW_LITERAL("application/octet-stream"));
		add_content_range(head, call);
		add_object_crc(head, call);
		break;
	case CLOUD_PARTS:
		http_head_add(head, "Content-Range", VIEW_LITERAL("bytes */*"));
		break;
	default:
		break;
	}
}

static enum muster_code add_authorization(struct http_head *head, const struct gcs *gcs,
					  struct muster_error *err)
{
	struct key_set set = { 0 };
	enum muster_code code = keys_get(gcs->keys, &set, err);

	if (!code && !set.is_anonymous)
		code = request_add_bearer(head, &set.token, err);
	key_set_release(&set);
	return code;
}

enum muster_code gcs_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			     struct http_head *head, struct muster_error *err)
{
	const struct gcs *gcs = (const struct gcs *)(const void *)protocol;
	struct request_url url;
	enum muster_code code;

	make_url(&url, gcs, call, err);
	code = url.code;
	if (!code) {
		http_head_url(head, bytes_view(&url.text));
		add_headers(head, call);
		if (gcs->keys && !is_of_session(call->verb))
			code = add_authorization(head, gcs, err);
	}
	request_url_release(&url);
	return refusal_name_call(code, protocol, call, err);
}
