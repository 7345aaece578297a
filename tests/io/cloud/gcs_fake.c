#include "tests/io/cloud/gcs_fake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash/crc.h"
#include "base/json/json.h"
#include "base/text/encode.h"
#include "base/text/text.h"
#include "io/cloud/fields.h"
#include "tests/servers/scripted/scripted_internal.h"

#define OBJECTS "/storage/v1/b/" GCS_FAKE_BUCKET "/o"
#define UPLOADS "/upload" OBJECTS

/** One request, taken apart. */
struct asked {
	struct gcs_fake *fake;
	struct fake_memory *memory;
	const struct scripted_request *request;
	struct scripted_reply *reply;
};

static const char *param(const struct asked *asked, const char *name)
{
	return fake_param(asked->memory, asked->request, name);
}

static bool is_method(const struct asked *asked, const char *method)
{
	return strcmp(asked->request->method, method) == 0;
}

static void refuse(const struct asked *asked, unsigned status, const char *reason)
{
	char *text = fake_print(asked->memory,
				"{\"error\":{\"code\":%u,\"message\":\"fake: %s\","
				"\"errors\":[{\"reason\":\"%s\"}]}}",
				status, reason, reason);

	asked->reply->status = status;
	asked->reply->body = text;
	asked->reply->body_len = strlen(text);
}

/* --- resources ------------------------------------------------------------------------------- */

static void write_resource(struct json_writer *json, const struct fake_object *object)
{
	uint32_t crc = htobe32((uint32_t)crc_of(CRC_32C, view_of(object->data, object->len)));
	char base64[BASE64_TEXT_LEN(4)], text[32], time[TEXT_TIME_BYTES];

	json_write_object_begin(json);
	json_write_key(json, "name");
	json_write_text(json, object->key);
	json_write_key(json, "size");
	snprintf(text, sizeof(text), "%zu", object->len);
	json_write_text(json, text);
	json_write_key(json, "generation");
	snprintf(text, sizeof(text), "%" PRIu64, object->generation);
	json_write_text(json, text);
	json_write_key(json, "updated");
	json_write_text(json, text_time(time, object->modified_ns));
	json_write_key(json, "crc32c");
	base64_encode(base64, &crc, sizeof(crc));
	json_write_string(json, view_of(base64, sizeof(base64)));
	json_write_key(json, "metadata");
	json_write_object_begin(json);
	json_write_key(json, "musternonce");
	json_write_text(json, object->nonce);
	json_write_object_end(json);
	json_write_object_end(json);
}

static void reply_json(const struct asked *asked, struct bytes *text)
{
	asked->reply->status = 200;
	asked->reply->body = fake_copy(asked->memory, text->ptr, text->len);
	asked->reply->body_len = text->len;
	bytes_release(text);
}

static void reply_resource(const struct asked *asked, const struct fake_object *object)
{
	struct bytes text = { 0 };
	struct json_writer json = { .out = &text };

	write_resource(&json, object);
	reply_json(asked, &text);
}

enum described { DESCRIBED_NAME = 1, DESCRIBED_CRC32C, DESCRIBED_METADATA, DESCRIBED_NONCE };

static const struct document_rule described_rules[] = {
	{ DOCUMENT_TOP, DESCRIBED_NAME, "name" },
	{ DOCUMENT_TOP, DESCRIBED_CRC32C, "crc32c" },
	{ DOCUMENT_TOP, DESCRIBED_METADATA, "metadata" },
	{ DESCRIBED_METADATA, DESCRIBED_NONCE, "musternonce" },
	{ 0 },
};

static char *field(const struct asked *asked, const struct fields *fields, uint8_t id)
{
	struct view text = fields_get(fields, id);

	return (char *)fake_copy(asked->memory, text.ptr, text.len);
}

/* --- uploads --------------------------------------------------------------------------------- */

static bool is_taken(const struct asked *asked, const char *key)
{
	const char *generation = param(asked, "ifGenerationMatch");

	return generation && strcmp(generation, "0") == 0 && fake_find(asked->memory, key);
}

static bool has_sum(struct view data, struct view base64)
{
	uint32_t crc = htobe32((uint32_t)crc_of(CRC_32C, data)), told;

	return base64_decode(&told, sizeof(told), base64) && told == crc;
}

/* "--B\r\n…\r\n\r\nJSON\r\n--B\r\n…\r\n\r\nDATA\r\n--B--\r\n" */
static bool split(const struct asked *asked, struct view *json, struct view *data)
{
	char type[256], between[128];
	const uint8_t *body = asked->request->body, *end = body + asked->request->body_len, *at;
	int len;

	if (!scripted_header(asked->request, "content-type", type, sizeof(type)) ||
	    !strstr(type, "boundary="))
		return false;
	len = snprintf(between, sizeof(between), "\r\n--%s", strstr(type, "boundary=") + 9);
	at = memmem(body, (size_t)(end - body), "\r\n\r\n", 4);
	if (!at)
		return false;
	json->ptr = at + 4;
	at = memmem(json->ptr, (size_t)(end - json->ptr), between, (size_t)len);
	if (!at)
		return false;
	json->len = (size_t)(at - json->ptr);
	at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
	if (!at)
		return false;
	data->ptr = at + 4;
	at = memmem(data->ptr, (size_t)(end - data->ptr), between, (size_t)len);
	data->len = at ? (size_t)(at - data->ptr) : 0;
	return at;
}

static void create(const struct asked *asked)
{
	struct fields fields = { 0 };
	struct view json, data;
	const char *key;

	if (!split(asked, &json, &data) ||
	    fields_read(&fields, DOCUMENT_JSON, described_rules, json, NULL)) {
		refuse(asked, 400, "parseError");
		return;
	}
	key = field(asked, &fields, DESCRIBED_NAME);
	if (is_taken(asked, key))
		refuse(asked, 412, "conditionNotMet");
	else if (fields_has(&fields, DESCRIBED_CRC32C) &&
		 !has_sum(data, fields_get(&fields, DESCRIBED_CRC32C)))
		refuse(asked, 400, "invalid crc32c");
	else
		reply_resource(asked, fake_make(asked->memory, key,
						fake_copy(asked->memory, data.ptr, data.len),
						data.len, field(asked, &fields, DESCRIBED_NONCE)));
	fields_release(&fields);
}

static void begin_session(const struct asked *asked)
{
	struct gcs_fake *fake = asked->fake;
	struct gcs_fake_session *session;
	struct fields fields = { 0 };

	if (fields_read(&fields, DOCUMENT_JSON, described_rules,
			view_of(asked->request->body, asked->request->body_len), NULL)) {
		refuse(asked, 400, "parseError");
		return;
	}
	if (fake->looks_first && is_taken(asked, field(asked, &fields, DESCRIBED_NAME))) {
		refuse(asked, 412, "conditionNotMet");
		fields_release(&fields);
		return;
	}
	fake->sessions =
		scripted_memory(fake->sessions, fake->session_count + 1, sizeof(*fake->sessions));
	session = &fake->sessions[fake->session_count++];
	*session = (struct gcs_fake_session){ .id = (unsigned)fake->session_count,
					      .key = field(asked, &fields, DESCRIBED_NAME) };
	snprintf(session->nonce, sizeof(session->nonce), "%s",
		 field(asked, &fields, DESCRIBED_NONCE));
	fields_release(&fields);
	asked->reply->status = 200;
	asked->reply->headers = fake_print(
		asked->memory,
		"Location: http://elsewhere.invalid%s?uploadType=resumable&ifGenerationMatch=0&"
		"upload_id=S%u\r\n",
		UPLOADS, session->id);
}

static struct gcs_fake_session *find_session(const struct asked *asked)
{
	const char *id = param(asked, "upload_id");
	unsigned number = id && *id == 'S' ? (unsigned)strtoul(id + 1, NULL, 10) : 0;

	if (!number || number > asked->fake->session_count)
		return NULL;
	return &asked->fake->sessions[number - 1];
}

static void append(const struct asked *asked, struct gcs_fake_session *session, const uint8_t *from,
		   size_t len)
{
	if (session->len + len > session->cap) {
		size_t cap = 2 * (session->len + len);
		uint8_t *data = fake_keep(asked->memory, cap);

		if (session->len)
			memcpy(data, session->data, session->len);
		session->data = data;
		session->cap = cap;
	}
	if (len)
		memcpy(session->data + session->len, from, len);
	session->len += len;
}

static void finish(const struct asked *asked, struct gcs_fake_session *session)
{
	char hash[64];

	if (!asked->fake->appends_twice && !asked->fake->damages_parts &&
	    scripted_header(asked->request, "x-goog-hash", hash, sizeof(hash))) {
		if (!has_sum(view_of(session->data, session->len),
			     view_text(hash + strlen("crc32c=")))) {
			refuse(asked, 400, "invalid crc32c");
			return;
		}
		asked->fake->checked_sums++;
	}
	if (is_taken(asked, session->key)) {
		refuse(asked, 412, "conditionNotMet");
		return;
	}
	session->is_over = true;
	reply_resource(asked, fake_make(asked->memory, session->key, session->data, session->len,
					session->nonce));
}

static void reply_incomplete(const struct asked *asked, const struct gcs_fake_session *session)
{
	asked->reply->status = 308;
	if (session->len)
		asked->reply->headers =
			fake_print(asked->memory, "Range: bytes=0-%zu\r\n", session->len - 1);
}

/* Bytes that it has already are passed over; it may keep fewer than came. */
static void take_part(const struct asked *asked, struct gcs_fake_session *session, uint64_t first,
		      const char *total)
{
	struct gcs_fake *fake = asked->fake;
	size_t len = asked->request->body_len, known = (size_t)(session->len - first);
	bool is_cut = fake->cut_every && ++fake->part_count % fake->cut_every == 0;

	if (fake->appends_twice) {
		append(asked, session, asked->request->body, len);
		if (total[0] != '*')
			finish(asked, session);
		else
			reply_incomplete(asked, session);
		return;
	}
	if (first > session->len) {
		refuse(asked, 400, "a gap");
		return;
	}
	if (known < len)
		append(asked, session, asked->request->body + known,
		       is_cut ? (len - known) / 2 : len - known);
	if (fake->damages_parts && known < len)
		session->data[session->len - 1] ^= 1;
	if (total[0] != '*' && strtoull(total, NULL, 10) == session->len)
		finish(asked, session);
	else
		reply_incomplete(asked, session);
}

static void put_session(const struct asked *asked)
{
	struct gcs_fake_session *session = find_session(asked);
	char range[96];
	const char *total;

	if (!session || session->is_cancelled ||
	    (session->is_over && asked->fake->forgets_sessions)) {
		refuse(asked, 404, "notFound");
		return;
	}
	if (session->is_over) {
		reply_resource(asked, fake_find(asked->memory, session->key));
		return;
	}
	if (!scripted_header(asked->request, "content-range", range, sizeof(range)) ||
	    !(total = strchr(range, '/'))) {
		refuse(asked, 400, "no Content-Range");
		return;
	}
	take_part(asked, session,
		  strchr(range, '*') && !asked->request->body_len
			  ? session->len
			  : strtoull(range + strlen("bytes "), NULL, 10),
		  total + 1);
}

static void cancel_session(const struct asked *asked)
{
	struct gcs_fake_session *session = find_session(asked);

	if (!session) {
		refuse(asked, 404, "notFound");
		return;
	}
	session->is_cancelled = true;
	asked->reply->status = 499;
}

/* --- objects --------------------------------------------------------------------------------- */

static void get_media(const struct asked *asked, const struct fake_object *object)
{
	const char *generation = param(asked, "ifGenerationMatch");
	char range[64];
	bool has_range = scripted_header(asked->request, "range", range, sizeof(range));

	if (generation && strtoull(generation, NULL, 10) != object->generation) {
		refuse(asked, 412, "conditionNotMet");
		return;
	}
	fake_reply_bytes(asked->memory, object, has_range ? range : NULL,
			 fake_print(asked->memory, "%sX-Goog-Generation: %" PRIu64 "\r\n",
				    fake_date(asked->memory), object->generation),
			 asked->reply);
}

static void serve_object(const struct asked *asked, const char *key)
{
	struct fake_object *object = fake_find(asked->memory, key);
	const char *alt = param(asked, "alt");

	if (!object) {
		refuse(asked, 404, "notFound");
	} else if (is_method(asked, "DELETE")) {
		fake_remove(asked->memory, key);
		asked->reply->status = 204;
	} else if (alt && strcmp(alt, "media") == 0) {
		get_media(asked, object);
	} else {
		reply_resource(asked, object);
	}
}

/* A page's token is the key that it begins with. */
static void list(const struct asked *asked)
{
	const char *prefix = param(asked, "prefix"), *from = param(asked, "pageToken"),
		   *max = param(asked, "maxResults");
	size_t limit = asked->fake->page_max ? asked->fake->page_max : 1000, count = 0;
	struct bytes text = { 0 };
	struct json_writer json = { .out = &text };
	const struct fake_object *object;

	from = from ? from : param(asked, "startOffset");
	if (max && strtoul(max, NULL, 10) < limit)
		limit = strtoul(max, NULL, 10);
	json_write_object_begin(&json);
	json_write_key(&json, "items");
	json_write_array_begin(&json);
	for (size_t i = 0; (object = fake_at(asked->memory, i)); i++) {
		if ((from && strcmp(object->key, from) < 0) ||
		    (prefix && strncmp(object->key, prefix, strlen(prefix)) != 0))
			continue;
		if (count++ == limit) {
			json_write_array_end(&json);
			json_write_key(&json, "nextPageToken");
			json_write_text(&json, object->key);
			json_write_object_end(&json);
			reply_json(asked, &text);
			return;
		}
		write_resource(&json, object);
	}
	json_write_array_end(&json);
	json_write_object_end(&json);
	reply_json(asked, &text);
}

/* --- serve ----------------------------------------------------------------------------------- */

void gcs_fake_serve(void *state, const struct scripted_request *request,
		    struct scripted_reply *reply)
{
	struct gcs_fake *fake = state;
	struct asked asked = {
		.fake = fake, .memory = &fake->memory, .request = request, .reply = reply
	};
	const char *target = request->target, *type = param(&asked, "uploadType");

	if (strncmp(target, UPLOADS, strlen(UPLOADS)) == 0) {
		if (is_method(&asked, "PUT"))
			put_session(&asked);
		else if (is_method(&asked, "DELETE"))
			cancel_session(&asked);
		else if (type && strcmp(type, "multipart") == 0)
			create(&asked);
		else
			begin_session(&asked);
	} else if (strncmp(target, OBJECTS "/", strlen(OBJECTS "/")) == 0) {
		target += strlen(OBJECTS "/");
		serve_object(&asked, fake_decode(asked.memory, target, strcspn(target, "?")));
	} else if (strncmp(target, OBJECTS, strlen(OBJECTS)) == 0) {
		list(&asked);
	} else {
		refuse(&asked, 404, "notFound");
	}
	if (!reply->headers)
		reply->headers = fake_date(asked.memory);
}

void gcs_fake_release(struct gcs_fake *fake)
{
	fake_memory_release(&fake->memory);
	free(fake->sessions);
	*fake = (struct gcs_fake){ 0 };
}
