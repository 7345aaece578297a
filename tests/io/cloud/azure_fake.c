#include "tests/io/cloud/azure_fake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash/hash.h"
#include "base/text/encode.h"
#include "base/text/date.h"
#include "tests/servers/scripted/scripted_internal.h"

#define CONTAINER  "/" AZURE_FAKE_ACCOUNT "/" AZURE_FAKE_CONTAINER
#define SKEW_MAX_S (15 * 60)
#define NS_PER_S   UINT64_C(1000000000)

/** One request, taken apart. */
struct asked {
	struct azure_fake *fake;
	struct fake_memory *memory;
	const struct scripted_request *request;
	struct scripted_reply *reply;
	const char *date; /* "Date: …\r\n" */
};

static const char *param(const struct asked *asked, const char *name)
{
	return fake_param(asked->memory, asked->request, name);
}

/* NULL: there is no such line. */
static const char *header(const struct asked *asked, const char *name)
{
	char text[512];

	if (!scripted_header(asked->request, name, text, sizeof(text)))
		return NULL;
	return fake_print(asked->memory, "%s", text);
}

static bool is_method(const struct asked *asked, const char *method)
{
	return strcmp(asked->request->method, method) == 0;
}

static void refuse(const struct asked *asked, unsigned status, const char *word)
{
	char *text = fake_print(asked->memory,
				"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code>"
				"<Message>fake: %s\nTime:now</Message></Error>",
				word, word);

	asked->reply->status = status;
	asked->reply->headers =
		fake_print(asked->memory, "%sx-ms-error-code: %s\r\nx-ms-request-id: fake\r\n",
			   asked->date, word);
	asked->reply->body = text;
	asked->reply->body_len = strlen(text);
}

static const char *etag_of(const struct asked *asked, const struct fake_object *object)
{
	return fake_print(asked->memory, "\"0x8D%" PRIX64 "\"", object->generation);
}

static void reply_made(const struct asked *asked, const struct fake_object *object)
{
	asked->reply->status = 201;
	asked->reply->headers =
		fake_print(asked->memory, "%sETag: %s\r\n", asked->date, etag_of(asked, object));
}

/* --- writes ---------------------------------------------------------------------------------- */

/* Refuses what is not to be written. */
static bool may_write(const struct asked *asked, const char *key)
{
	const char *condition = header(asked, "if-none-match");

	if (!condition || strcmp(condition, "*") != 0 || !fake_find(asked->memory, key))
		return true;
	refuse(asked, 409, "BlobAlreadyExists");
	return false;
}

static bool is_undamaged(const struct asked *asked)
{
	const char *told = header(asked, "content-md5");
	uint8_t md5[16], value[16];

	if (!told)
		return true;
	md5_of(view_of(asked->request->body, asked->request->body_len), md5);
	if (!base64_decode(value, sizeof(value), view_text(told)) ||
	    memcmp(md5, value, sizeof(md5)) != 0) {
		refuse(asked, 400, "Md5Mismatch");
		return false;
	}
	asked->fake->checked_sums++;
	return true;
}

static void put_blob(const struct asked *asked, const char *key)
{
	const struct scripted_request *request = asked->request;

	if (!header(asked, "x-ms-blob-type"))
		refuse(asked, 400, "MissingRequiredHeader");
	else if (may_write(asked, key) && is_undamaged(asked))
		reply_made(asked,
			   fake_make(asked->memory, key,
				     fake_copy(asked->memory, request->body, request->body_len),
				     request->body_len, header(asked, "x-ms-meta-musternonce")));
}

static struct azure_fake_block *find_block(struct azure_fake *fake, const char *key, const char *id)
{
	for (size_t i = 0; i < fake->block_count; i++) {
		struct azure_fake_block *block = &fake->blocks[i];

		if (block->data && strcmp(block->key, key) == 0 && (!id || !strcmp(block->id, id)))
			return block;
	}
	return NULL;
}

static void put_block(const struct asked *asked, const char *key)
{
	struct azure_fake *fake = asked->fake;
	const struct scripted_request *request = asked->request;
	const char *id = param(asked, "blockid");
	struct azure_fake_block *block = find_block(fake, key, NULL);

	if (!id || (block && strlen(block->id) != strlen(id))) {
		refuse(asked, 400, "InvalidBlobOrBlock");
		return;
	}
	if (!is_undamaged(asked))
		return;
	block = find_block(fake, key, id);
	if (!block) {
		fake->blocks =
			scripted_memory(fake->blocks, fake->block_count + 1, sizeof(*fake->blocks));
		block = &fake->blocks[fake->block_count++];
	}
	*block = (struct azure_fake_block){
		.key = fake_print(asked->memory, "%s", key),
		.id = fake_print(asked->memory, "%s", id),
		.data = fake_copy(asked->memory, request->body, request->body_len),
		.len = request->body_len,
	};
	asked->reply->status = 201;
}

static void discard_blocks(struct azure_fake *fake, const char *key)
{
	struct azure_fake_block *block;

	while ((block = find_block(fake, key, NULL)))
		block->data = NULL;
}

/* The next <Latest>; NULL: there is none. */
static char *take_id(const struct asked *asked, const char **at)
{
	const char *begin = strstr(*at, "<Latest>"), *end;

	if (!begin)
		return NULL;
	begin += strlen("<Latest>");
	end = strchr(begin, '<');
	*at = end;
	return fake_print(asked->memory, "%.*s", (int)(end - begin), begin);
}

static void put_block_list(const struct asked *asked, const char *key)
{
	const char *text = (const char *)fake_copy(asked->memory, asked->request->body,
						   asked->request->body_len);
	struct azure_fake_block *block;
	struct bytes all = { 0 };
	const char *id;

	if (!may_write(asked, key))
		return;
	while ((id = take_id(asked, &text))) {
		block = find_block(asked->fake, key, id);
		if (!block) {
			refuse(asked, 400, "InvalidBlockList");
			bytes_release(&all);
			return;
		}
		bytes_append(&all, block->data, block->len, NULL);
	}
	reply_made(asked, fake_make(asked->memory, key, fake_copy(asked->memory, all.ptr, all.len),
				    all.len, header(asked, "x-ms-meta-musternonce")));
	discard_blocks(asked->fake, key);
	bytes_release(&all);
}

static void put(const struct asked *asked, const char *key)
{
	const char *comp = param(asked, "comp");

	if (!comp)
		put_blob(asked, key);
	else if (strcmp(comp, "block") == 0)
		put_block(asked, key);
	else
		put_block_list(asked, key);
}

static void get_block_list(const struct asked *asked, const char *key)
{
	struct bytes text = { 0 };
	bool has_any = fake_find(asked->memory, key);

	bytes_append_text(&text, "<?xml version=\"1.0\"?><BlockList><UncommittedBlocks>", NULL);
	for (size_t i = 0; i < asked->fake->block_count; i++) {
		const struct azure_fake_block *block = &asked->fake->blocks[i];

		if (!block->data || strcmp(block->key, key) != 0)
			continue;
		has_any = true;
		bytes_printf(&text, NULL, "<Block><Name>%s</Name><Size>%zu</Size></Block>",
			     block->id, block->len);
	}
	bytes_append_text(&text, "</UncommittedBlocks></BlockList>", NULL);
	if (has_any) {
		asked->reply->status = 200;
		asked->reply->body = fake_copy(asked->memory, text.ptr, text.len);
		asked->reply->body_len = text.len;
	} else {
		refuse(asked, 404, "BlobNotFound");
	}
	bytes_release(&text);
}

/* --- reads ----------------------------------------------------------------------------------- */

static void get(const struct asked *asked, const char *key)
{
	const struct fake_object *object = fake_find(asked->memory, key);
	const char *match = header(asked, "if-match"), *etag;
	char date[DATE_HTTP_BYTES];

	if (!object) {
		refuse(asked, 404, "BlobNotFound");
		return;
	}
	etag = etag_of(asked, object);
	if (match && strcmp(match, etag) != 0) {
		refuse(asked, 412, "ConditionNotMet");
		return;
	}
	fake_reply_bytes(asked->memory, object, header(asked, "x-ms-range"),
			 fake_print(asked->memory, "%sETag: %s\r\nLast-Modified: %s\r\n%s%s%s",
				    asked->date, etag, date_http(date, object->modified_ns),
				    object->nonce[0] ? "x-ms-meta-musternonce: " : "",
				    object->nonce, object->nonce[0] ? "\r\n" : ""),
			 asked->reply);
}

static void remove_blob(const struct asked *asked, const char *key)
{
	if (!fake_find(asked->memory, key)) {
		refuse(asked, 404, "BlobNotFound");
		return;
	}
	fake_remove(asked->memory, key);
	asked->reply->status = 202;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* What XML cannot hold is percent-encoded, and said to be. */
static void append_name(struct bytes *out, const char *key)
{
	bool is_encoded = false;

	for (const char *c = key; *c; c++)
		is_encoded |= (unsigned char)*c < ' ';
	bytes_printf(out, NULL, "<Name%s>", is_encoded ? " Encoded=\"true\"" : "");
	for (const char *c = key; *c; c++) {
		if (is_encoded && ((unsigned char)*c <= ' ' || strchr("%&<>", *c)))
			bytes_printf(out, NULL, "%%%02X", (unsigned char)*c);
		else if (strchr("&<>", *c))
			bytes_printf(out, NULL, "&#%d;", *c);
		else
			bytes_append_byte(out, (uint8_t)*c, NULL);
	}
	bytes_append_text(out, "</Name>", NULL);
}

static void append_blob(const struct asked *asked, struct bytes *out,
			const struct fake_object *object)
{
	const char *etag = etag_of(asked, object);
	char date[DATE_HTTP_BYTES];

	bytes_append_text(out, "<Blob>", NULL);
	append_name(out, object->key);
	bytes_printf(out, NULL,
		     "<Properties><Last-Modified>%s</Last-Modified><Etag>%.*s</Etag>"
		     "<Content-Length>%zu</Content-Length></Properties></Blob>",
		     date_http(date, object->modified_ns), (int)strlen(etag) - 2, etag + 1,
		     object->len);
}

static bool is_listed(const struct fake_object *object, const char *prefix, const char *from)
{
	return (!from || strcmp(object->key, from) >= 0) &&
	       (!prefix || strncmp(object->key, prefix, strlen(prefix)) == 0);
}

/* A page's marker is the key that it begins with, in hex: it must be opaque. */
static const char *begin_of(const struct asked *asked)
{
	const char *marker = param(asked, "marker");
	char *key;

	if (!marker || !*marker)
		return asked->fake->ignores_start ? NULL : param(asked, "startFrom");
	key = fake_keep(asked->memory, strlen(marker) / 2);
	hex_decode(key, strlen(marker) / 2, view_text(marker));
	return key;
}

static void append_marker(struct bytes *out, const char *key)
{
	char hex[2 * 1024 + 1] = "";

	hex_encode(hex, key, strlen(key));
	bytes_printf(out, NULL, "</Blobs><NextMarker>%s</NextMarker></EnumerationResults>", hex);
}

static void list(const struct asked *asked)
{
	const char *prefix = param(asked, "prefix"), *from = begin_of(asked),
		   *max = param(asked, "maxresults");
	size_t limit = asked->fake->page_max ? asked->fake->page_max : 5000, count = 0;
	const struct fake_object *object, *next = NULL;
	struct bytes text = { 0 };

	if (max && strtoul(max, NULL, 10) < limit)
		limit = strtoul(max, NULL, 10);
	bytes_append_text(&text, "<?xml version=\"1.0\"?><EnumerationResults><Blobs>", NULL);
	for (size_t i = 0; !next && (object = fake_at(asked->memory, i)); i++) {
		if (!is_listed(object, prefix, from))
			continue;
		if (count++ == limit)
			next = object;
		else
			append_blob(asked, &text, object);
	}
	append_marker(&text, next ? next->key : "");
	asked->reply->status = 200;
	asked->reply->body = fake_copy(asked->memory, text.ptr, text.len);
	asked->reply->body_len = text.len;
	bytes_release(&text);
}

/* --- serve ----------------------------------------------------------------------------------- */

static bool is_in_time(const struct asked *asked, uint64_t now_ns)
{
	const char *date = header(asked, "x-ms-date");
	uint64_t told_ns;
	int64_t ahead_s;

	if (!date || !date_parse_http(view_text(date), &told_ns))
		return false;
	ahead_s = (int64_t)(told_ns / NS_PER_S) - (int64_t)(now_ns / NS_PER_S);
	return ahead_s < SKEW_MAX_S && ahead_s > -SKEW_MAX_S;
}

static void serve_blob(const struct asked *asked, const char *key)
{
	if (is_method(asked, "PUT"))
		put(asked, key);
	else if (is_method(asked, "DELETE"))
		remove_blob(asked, key);
	else if (param(asked, "comp"))
		get_block_list(asked, key);
	else
		get(asked, key);
}

void azure_fake_serve(void *state, const struct scripted_request *request,
		      struct scripted_reply *reply)
{
	struct azure_fake *fake = state;
	struct asked asked = {
		.fake = fake, .memory = &fake->memory, .request = request, .reply = reply
	};
	const char *target = request->target;
	char date[DATE_HTTP_BYTES];
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (uint64_t)(now.tv_sec + fake->clock_s) * NS_PER_S;
	asked.date = fake_print(asked.memory, "Date: %s\r\n", date_http(date, now_ns));
	if (!is_in_time(&asked, now_ns))
		refuse(&asked, 403, "AuthenticationFailed");
	else if (strncmp(target, CONTAINER, strlen(CONTAINER)) != 0)
		refuse(&asked, 404, "ContainerNotFound");
	else if (target[strlen(CONTAINER)] != '/')
		list(&asked);
	else
		serve_blob(&asked, fake_decode(asked.memory, target + strlen(CONTAINER "/"),
					       strcspn(target + strlen(CONTAINER "/"), "?")));
	if (!reply->headers)
		reply->headers = asked.date;
}

void azure_fake_release(struct azure_fake *fake)
{
	fake_memory_release(&fake->memory);
	free(fake->blocks);
	*fake = (struct azure_fake){ 0 };
}
