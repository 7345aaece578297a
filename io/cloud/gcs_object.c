#include "base/hash/crc.h"
#include "io/cloud/fields.h"
#include "io/cloud/gcs_internal.h"
#include "io/cloud/ranges.h"

enum resource_field {
	RESOURCE_SIZE = 1,
	RESOURCE_GENERATION,
	RESOURCE_UPDATED,
	RESOURCE_MD5,
	RESOURCE_CRC32C,
	RESOURCE_METADATA,
	RESOURCE_NONCE,
};

static const struct document_rule resource_rules[] = {
	{ DOCUMENT_TOP, RESOURCE_SIZE, "size" },
	{ DOCUMENT_TOP, RESOURCE_GENERATION, "generation" },
	{ DOCUMENT_TOP, RESOURCE_UPDATED, "updated" },
	{ DOCUMENT_TOP, RESOURCE_MD5, "md5Hash" },
	{ DOCUMENT_TOP, RESOURCE_CRC32C, "crc32c" },
	{ DOCUMENT_TOP, RESOURCE_METADATA, "metadata" },
	{ RESOURCE_METADATA, RESOURCE_NONCE, "musternonce" },
	{ 0 },
};

static void take_md5(struct cloud_sums *sums, struct view base64)
{
	struct checksum sum;

	sums->has_md5 = checksum_parse(&sum, CHECKSUM_MD5, base64, false);
	if (sums->has_md5)
		memcpy(sums->md5, sum.value, sizeof(sums->md5));
}

static void take_crc32c(struct cloud_sums *sums, struct view base64)
{
	struct checksum sum;
	uint32_t value;

	sums->has_crc32c = checksum_parse(&sum, CHECKSUM_CRC32C, base64, false);
	if (sums->has_crc32c) {
		memcpy(&value, sum.value, sizeof(value));
		sums->crc32c = be32toh(value);
	}
}

/* What is too long is not ours, and compares unequal to all that is. */
static void take_text(char *out, size_t cap, struct view text)
{
	if (text.len >= cap)
		text.len = 0;
	if (text.len)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static enum muster_code take_fields(struct cloud_call *call, const struct fields *fields,
				    struct muster_error *err)
{
	enum muster_code code;

	if (!fields_has(fields, RESOURCE_SIZE) || !fields_has(fields, RESOURCE_GENERATION))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the answer tells no size or no generation");
	code = fields_u64(fields, RESOURCE_SIZE, "size", &call->out.size_bytes, err);
	if (!code)
		code = fields_time(fields, RESOURCE_UPDATED, "time of modification",
				   &call->out.modified_ns, err);
	take_text(call->out.etag, sizeof(call->out.etag), fields_get(fields, RESOURCE_GENERATION));
	take_text(call->out.nonce, sizeof(call->out.nonce), fields_get(fields, RESOURCE_NONCE));
	take_md5(&call->out.sums, fields_get(fields, RESOURCE_MD5));
	take_crc32c(&call->out.sums, fields_get(fields, RESOURCE_CRC32C));
	return code;
}

enum muster_code gcs_take_resource(struct cloud_call *call, struct view document,
				   struct muster_error *err)
{
	struct fields fields = { 0 };
	enum muster_code code = fields_read(&fields, DOCUMENT_JSON, resource_rules, document, err);

	if (!code)
		code = take_fields(call, &fields, err);
	fields_release(&fields);
	return code;
}

/* "crc32c=…,md5=…", or a line for each. */
static void take_hashes(struct cloud_sums *sums, const struct http_lines *lines)
{
	struct header_walk walk = { .lines = lines, .name = "x-goog-hash" };
	struct view item;

	while (header_walk_next(&walk, &item)) {
		if (view_starts_with(item, VIEW_LITERAL("crc32c=")))
			take_crc32c(sums, view_of(item.ptr + 7, item.len - 7));
		else if (view_starts_with(item, VIEW_LITERAL("md5=")))
			take_md5(sums, view_of(item.ptr + 4, item.len - 4));
	}
}

/* Of an empty object fake-gcs-server has a range that is none: "bytes 0--1/0". */
static bool is_told_empty(const struct http_reply *reply)
{
	struct view text;

	return reply->status == 206 &&
	       http_reply_header(reply, "x-goog-stored-content-length", &text) &&
	       view_equal(text, VIEW_LITERAL("0"));
}

enum muster_code gcs_take_media(struct cloud_call *call, const struct http_reply *reply,
				struct muster_error *err)
{
	struct view generation;
	enum muster_code code = MUSTER_OK;

	call->out.size_bytes = 0;
	if (!is_told_empty(reply))
		code = range_judge(call, reply, err);
	if (code)
		return code;
	http_reply_header(reply, "x-goog-generation", &generation);
	/* emulators do not look at ifGenerationMatch */
	if (call->etag.len && generation.len && !view_equal(call->etag, generation))
		return muster_fail(err, MUSTER_E_CHANGED, "the server's object is another one now");
	take_text(call->out.etag, sizeof(call->out.etag), generation);
	take_hashes(&call->out.sums, reply->lines);
	return MUSTER_OK;
}

bool gcs_expect_crc(const struct cloud_call *call, uint32_t *crc)
{
	uint64_t size_bytes = 0;

	*crc = 0;
	for (size_t i = 0; i < call->part_count; i++) {
		const struct cloud_part *part = &call->parts[i];

		if (!part->sums.has_crc32c)
			return false;
		*crc = (uint32_t)crc_combine(CRC_32C, *crc, part->sums.crc32c, part->size_bytes);
		size_bytes += part->size_bytes;
	}
	return call->part_count && size_bytes == call->offset_in_object + call->body.len;
}

/* "https://host/upload/…?…&upload_id=…": path and query. */
enum muster_code gcs_take_session(struct cloud_call *call, const struct http_reply *reply,
				  struct muster_error *err)
{
	struct view location;
	const uint8_t *path;
	size_t len;

	http_reply_header(reply, "location", &location);
	path = location.len ? memmem(location.ptr, location.len, "://", 3) : NULL;
	len = path ? location.len - (size_t)(path + 3 - location.ptr) : 0;
	path = len ? memchr(path + 3, '/', len) : NULL;
	if (!path)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer names no session");
	secret_scrub(&call->out.upload);
	return bytes_append(&call->out.upload, path, location.len - (size_t)(path - location.ptr),
			    err);
}
