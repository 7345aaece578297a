#include <stdio.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/text/encode.h"
#include "io/cloud/body.h"
#include "io/cloud/percent.h"
#include "io/cloud/s3_internal.h"

#define LINES_MAX 8

/** What is sent with a call beside what sigv4 adds. */
struct lines {
	struct cloud_header line[LINES_MAX];
	size_t count;
	size_t signed_count; /* the first ones; what proxies may change is not signed */
	char crc64nvme[BASE64_TEXT_LEN(8) + 1], crc32c[BASE64_TEXT_LEN(4) + 1];
	char md5[BASE64_TEXT_LEN(16) + 1];
	char range[64];
};

static void add(struct lines *lines, struct view name, struct view value)
{
	lines->line[lines->count++] = (struct cloud_header){ name, value };
}

#define ADD(lines, name, value) add(lines, VIEW_LITERAL(name), value)

/* --- the body -------------------------------------------------------------------------------- */

static enum muster_code append_parts(struct cloud_call *call, struct body_part *parts,
				     struct checksum *sums, struct muster_error *err)
{
	for (size_t i = 0; i < call->part_count; i++) {
		const struct cloud_part *part = &call->parts[i];

		parts[i] =
			(struct body_part){ .number = part->number, .etag = view_text(part->etag) };
		if (!part->sums.has_crc64nvme)
			continue;
		sums[i] = (struct checksum){ .algorithm = CHECKSUM_CRC64NVME, .len = 8 };
		for (size_t k = 0; k < 8; k++)
			sums[i].value[k] = (uint8_t)(part->sums.crc64nvme >> (8 * (7 - k)));
		parts[i].checksum = &sums[i];
	}
	return body_append_complete(&call->out.body, parts, call->part_count, err);
}

static enum muster_code make_complete(struct cloud_call *call, struct muster_error *err)
{
	struct body_part *parts = calloc(call->part_count + 1, sizeof(*parts));
	struct checksum *sums = calloc(call->part_count + 1, sizeof(*sums));
	enum muster_code code = MUSTER_OK;

	call->out.body.len = 0;
	if (!parts || !sums)
		code = muster_fail_memory(err, "the list of an upload's parts");
	else
		code = append_parts(call, parts, sums, err);
	free(parts);
	free(sums);
	return code;
}

bool s3_signs_bodies(struct s3 *s3)
{
	bool is_tls;

	if (!s3->keys || s3->signed_bodies != S3_SIGNED_AUTO)
		return s3->keys && s3->signed_bodies == S3_SIGNED_ALL;
	pthread_mutex_lock(&s3->lock);
	is_tls = s3->shared.endpoint.is_tls;
	pthread_mutex_unlock(&s3->lock);
	return !is_tls;
}

static bool signs_body(struct s3 *s3, size_t len)
{
	return s3->keys && (len <= S3_SMALL_BYTES || s3_signs_bodies(s3));
}

enum muster_code s3_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
			      struct view *body, struct muster_error *err)
{
	struct s3 *s3 = s3_of(protocol);
	uint8_t digest[IDENTITY_BYTES];
	enum muster_code code = MUSTER_OK;

	if (call->verb == CLOUD_COMPLETE) {
		code = make_complete(call, err);
		*body = bytes_view(&call->out.body);
	}
	call->out.body_sha256[0] = 0;
	if (code || !body->len || !signs_body(s3, body->len))
		return code;
	if (call->sums && call->sums->has_sha256)
		memcpy(digest, call->sums->sha256, sizeof(digest));
	else
		sha256_of(*body, digest);
	hex_encode(call->out.body_sha256, digest, sizeof(digest));
	call->out.body_sha256[HEX_TEXT_LEN(sizeof(digest))] = 0;
	return MUSTER_OK;
}

static struct view body_hash(const struct cloud_call *call)
{
	if (call->out.body_sha256[0])
		return view_text(call->out.body_sha256);
	return call->body.len || call->out.body.len ? VIEW_LITERAL(SIGV4_UNSIGNED)
						    : VIEW_LITERAL(SIGV4_EMPTY_SHA256);
}

/* --- path and query -------------------------------------------------------------------------- */

static enum muster_code make_path(struct s3 *s3, const struct cloud_call *call,
				  struct muster_error *err)
{
	struct bytes *path = &s3->shared.path;
	enum muster_code code;

	path->len = 0;
	code = bytes_append_view(path, bytes_view(&s3->shared.endpoint.path), err);
	if (code)
		return code;
	if (call->verb == CLOUD_LIST)
		return path->len ? MUSTER_OK : bytes_append_byte(path, '/', err);
	code = bytes_append_byte(path, '/', err);
	return code ? code : percent_encode(path, call->key, PERCENT_PATH, err);
}

struct query {
	struct bytes *text;
	struct muster_error *err;
	enum muster_code code;
};

static void put(struct query *query, const char *name, struct view value)
{
	if (!query->code)
		query->code = percent_append_pair(query->text, name, value, query->err);
}

static void put_number(struct query *query, const char *name, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	put(query, name, view_text(text));
}

static void put_list(struct query *query, const struct cloud_call *call)
{
	put(query, "list-type", VIEW_LITERAL("2"));
	put(query, "encoding-type", VIEW_LITERAL("url"));
	if (call->prefix.len)
		put(query, "prefix", call->prefix);
	if (call->token.len)
		put(query, "continuation-token", call->token);
	else if (call->after.len)
		put(query, "start-after", call->after);
	if (call->page_max)
		put_number(query, "max-keys", call->page_max);
}

static enum muster_code make_query(struct s3 *s3, const struct cloud_call *call,
				   struct muster_error *err)
{
	struct query query = { &s3->shared.query, err, MUSTER_OK };

	query.text->len = 0;
	switch (call->verb) {
	case CLOUD_LIST:
		put_list(&query, call);
		break;
	case CLOUD_BEGIN:
		put(&query, "uploads", VIEW_LITERAL(""));
		break;
	case CLOUD_PART:
		put_number(&query, "partNumber", call->number);
		put(&query, "uploadId", call->upload);
		break;
	case CLOUD_PARTS:
		if (call->token.len)
			put(&query, "part-number-marker", call->token);
		put(&query, "uploadId", call->upload);
		break;
	case CLOUD_COMPLETE:
	case CLOUD_ABORT:
		put(&query, "uploadId", call->upload);
		break;
	default:
		break;
	}
	return query.code;
}

/* --- header lines ---------------------------------------------------------------------------- */

static void base64_of(char *out, uint64_t value, size_t bytes)
{
	uint8_t raw[8];

	for (size_t i = 0; i < bytes; i++)
		raw[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	base64_encode(out, raw, bytes);
	out[BASE64_TEXT_LEN(bytes)] = 0;
}

static void add_sums(struct lines *lines, const struct cloud_sums *sums)
{
	if (sums->has_crc64nvme) {
		base64_of(lines->crc64nvme, sums->crc64nvme, 8);
		ADD(lines, "x-amz-checksum-crc64nvme", view_text(lines->crc64nvme));
	}
	if (sums->has_crc32c) {
		base64_of(lines->crc32c, sums->crc32c, 4);
		ADD(lines, "x-amz-checksum-crc32c", view_text(lines->crc32c));
	}
	if (sums->has_md5) {
		base64_encode(lines->md5, sums->md5, sizeof(sums->md5));
		lines->md5[BASE64_TEXT_LEN(sizeof(sums->md5))] = 0;
		ADD(lines, "content-md5", view_text(lines->md5));
	}
}

static void add_signed(const struct s3 *s3, const struct cloud_call *call, struct lines *lines)
{
	ADD(lines, "host", bytes_view(&s3->shared.endpoint.host));
	if (call->verb == CLOUD_CREATE || call->verb == CLOUD_BEGIN)
		ADD(lines, "x-amz-meta-musternonce", view_text(call->nonce));
	if (call->verb == CLOUD_BEGIN && s3->is_aws) {
		ADD(lines, "x-amz-checksum-algorithm", VIEW_LITERAL("CRC64NVME"));
		ADD(lines, "x-amz-checksum-type", VIEW_LITERAL("FULL_OBJECT"));
	}
	if (call->sums)
		add_sums(lines, call->sums);
	lines->signed_count = lines->count;
}

static void add_unsigned(const struct s3 *s3, const struct cloud_call *call, struct lines *lines)
{
	unsigned long long first = call->offset_bytes, len = call->len;

	if (call->verb == CLOUD_CREATE ||
	    (call->verb == CLOUD_COMPLETE && !s3->shared.completes_anyway))
		ADD(lines, "if-none-match", VIEW_LITERAL("*"));
	if (call->verb == CLOUD_READ)
		snprintf(lines->range, sizeof(lines->range), "bytes=%llu-%llu", first,
			 first + len - 1);
	else if (call->verb == CLOUD_TAIL)
		snprintf(lines->range, sizeof(lines->range), "bytes=-%llu", len);
	else
		return;
	ADD(lines, "range", view_text(lines->range));
	if (call->etag.len)
		ADD(lines, "if-match", call->etag);
}

/* --- signature ------------------------------------------------------------------------------- */

static enum muster_code sign(struct s3 *s3, const struct cloud_call *call,
			     const struct key_set *keys, const struct lines *lines,
			     struct muster_error *err)
{
	const char *method = http_method_name(s3->base.ops->method(&s3->base, call));
	struct cloud_request request = { .method = view_text(method),
					 .path = bytes_view(&s3->shared.path),
					 .query = bytes_view(&s3->shared.query),
					 .headers = lines->line,
					 .header_count = lines->signed_count };
	struct sigv4_scope scope = { .dialect = SIGV4_S3,
				     .region = bytes_view(&s3->shared.region),
				     .service = VIEW_LITERAL("s3"),
				     .key_id = bytes_view(&keys->id),
				     .secret_key = &keys->secret,
				     .session_token = &keys->token,
				     .wall_ns = cloud_clock_ns(&s3->base.clock) };

	return sigv4_sign(s3->shared.sigv4, &scope, &request, body_hash(call),
			  &s3->shared.signature, err);
}

static void add_signature(struct s3 *s3, const struct cloud_call *call, const struct key_set *keys,
			  struct http_head *head)
{
	struct revealed token = secret_reveal(&keys->token);

	http_head_add(head, "x-amz-date", view_text(s3->shared.signature.date));
	http_head_add(head, "x-amz-content-sha256", body_hash(call));
	if (secret_is_set(&keys->token))
		http_head_add(head, "x-amz-security-token",
			      view_of(token.secret_ptr, token.secret_len));
	http_head_add(head, "authorization", bytes_view(&s3->shared.signature.authorization));
}

static enum muster_code set_url(struct s3 *s3, struct http_head *head, struct muster_error *err)
{
	struct bytes *url = &s3->shared.url;
	enum muster_code code;

	url->len = 0;
	code = bytes_append_text(url, s3->shared.endpoint.is_tls ? "https://" : "http://", err);
	if (!code)
		code = bytes_append_view(url, bytes_view(&s3->shared.endpoint.host), err);
	if (!code)
		code = bytes_append_view(url, bytes_view(&s3->shared.path), err);
	if (!code && s3->shared.query.len)
		code = bytes_append_byte(url, '?', err);
	if (!code && s3->shared.query.len)
		code = bytes_append_view(url, bytes_view(&s3->shared.query), err);
	if (!code)
		http_head_url(head, bytes_view(url));
	return code;
}

static enum muster_code prepare_locked(struct s3 *s3, const struct cloud_call *call,
				       const struct key_set *keys, struct http_head *head,
				       struct muster_error *err)
{
	struct lines lines = { .count = 0 };
	enum muster_code code = make_path(s3, call, err);

	if (!code)
		code = make_query(s3, call, err);
	if (!code)
		code = set_url(s3, head, err);
	if (code)
		return code;
	add_signed(s3, call, &lines);
	add_unsigned(s3, call, &lines);
	if (!keys->is_anonymous)
		code = sign(s3, call, keys, &lines, err);
	if (code)
		return code;
	for (size_t i = 1; i < lines.count; i++) /* the host is in the URL */
		http_head_add(head, (const char *)lines.line[i].name.ptr, lines.line[i].value);
	if (!keys->is_anonymous)
		add_signature(s3, call, keys, head);
	return MUSTER_OK;
}

enum muster_code s3_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			    struct http_head *head, struct muster_error *err)
{
	struct s3 *s3 = s3_of(protocol);
	struct key_set keys = { .is_anonymous = true };
	enum muster_code code = MUSTER_OK;

	if (s3->keys) {
		keys.is_anonymous = false;
		code = keys_get(s3->keys, &keys, err);
	}
	if (!code) {
		pthread_mutex_lock(&s3->lock);
		code = prepare_locked(s3, call, &keys, head, err);
		pthread_mutex_unlock(&s3->lock);
	}
	key_set_release(&keys);
	return code;
}
