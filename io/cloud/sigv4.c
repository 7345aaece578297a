#include "io/cloud/sigv4_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/cloud/percent.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

struct sigv4 {
	struct mac *mac;
	struct sigv4_keys *keys;
	struct sigv4_form form;
	struct bytes text; /* strings to sign, presigned queries */
};

void sigv4_signed_release(struct sigv4_signed *out)
{
	bytes_release(&out->authorization);
	*out = (struct sigv4_signed){ 0 };
}

enum muster_code sigv4_new(struct sigv4 **out, struct muster_error *err)
{
	struct sigv4 *sigv4 = calloc(1, sizeof(*sigv4));
	enum muster_code code;

	*out = NULL;
	if (!sigv4)
		return muster_fail_memory(err, "a signer");
	code = mac_new(&sigv4->mac, err);
	if (!code)
		code = sigv4_keys_new(&sigv4->keys, err);
	if (code) {
		sigv4_free(sigv4);
		return code;
	}
	*out = sigv4;
	return MUSTER_OK;
}

void sigv4_free(struct sigv4 *sigv4)
{
	if (!sigv4)
		return;
	sigv4_keys_free(sigv4->keys);
	secret_scrub(&sigv4->text);
	sigv4_form_release(&sigv4->form);
	mac_free(sigv4->mac);
	free(sigv4);
}

static bool is_scope_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f || name.ptr[i] == '/' ||
		    name.ptr[i] == ',')
			return false;
	}
	return name.len > 0 && name.len <= SIGV4_NAME_MAX_BYTES;
}

static enum muster_code scope_check(const struct sigv4_scope *scope, struct muster_error *err)
{
	if (!is_scope_name(scope->region))
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is no region",
				   VIEW_ARGS(scope->region));
	if (!is_scope_name(scope->service))
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is no service",
				   VIEW_ARGS(scope->service));
	for (size_t i = 0; i < scope->key_id.len; i++) {
		uint8_t byte = scope->key_id.ptr[i];

		if (byte <= ' ' || byte >= 0x7f || byte == '/' || byte == ',')
			return muster_fail(err, MUSTER_E_USAGE,
					   "the access key id holds a character that none has");
	}
	if (!scope->key_id.len || !secret_is_set(scope->secret_key))
		return muster_fail(err, MUSTER_E_USAGE, "no access key to sign with");
	return MUSTER_OK;
}

/* "20130524/us-east-1/s3/aws4_request" */
static enum muster_code append_scope(struct bytes *out, const struct sigv4_scope *scope,
				     const char *date, struct muster_error *err)
{
	return bytes_printf(out, err, "%.8s/%.*s/%.*s/aws4_request", date, VIEW_ARGS(scope->region),
			    VIEW_ARGS(scope->service));
}

static enum muster_code text_begin(struct sigv4 *sigv4, const char *algorithm,
				   const struct sigv4_scope *scope, const char *date,
				   struct muster_error *err)
{
	enum muster_code code;

	sigv4->text.len = 0;
	code = bytes_printf(&sigv4->text, err, "%s\n%s\n", algorithm, date);
	if (!code)
		code = append_scope(&sigv4->text, scope, date, err);
	return code ? code : bytes_append_byte(&sigv4->text, '\n', err);
}

static enum muster_code text_append_sha256(struct sigv4 *sigv4, struct view data,
					   struct muster_error *err)
{
	uint8_t digest[MAC_BYTES];
	char hex[MAC_HEX_TEXT];
	enum muster_code code = mac_sha256(sigv4->mac, data, digest, err);

	return code ? code : bytes_append_text(&sigv4->text, mac_hex(hex, digest), err);
}

static enum muster_code text_sign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				  const char *date, char signature[MAC_HEX_TEXT],
				  struct muster_error *err)
{
	struct revealed key;
	uint8_t digest[MAC_BYTES];
	enum muster_code code = sigv4_keys_find(sigv4->keys, sigv4->mac, scope, date, &key, err);

	if (!code)
		code = mac_hmac(sigv4->mac, key, bytes_view(&sigv4->text), digest, err);
	if (!code)
		mac_hex(signature, digest);
	return code;
}

/* Signs the canonical request that lies in the form, which is then overwritten. */
static enum muster_code form_sign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				  const char *date, char signature[MAC_HEX_TEXT],
				  struct muster_error *err)
{
	enum muster_code code = text_begin(sigv4, ALGORITHM, scope, date, err);

	if (!code)
		code = text_append_sha256(sigv4, bytes_view(&sigv4->form.request), err);
	if (!code)
		code = text_sign(sigv4, scope, date, signature, err);
	secret_wipe(sigv4->form.request.ptr, sigv4->form.request.len);
	return code;
}

static bool has_token(const struct sigv4_scope *scope)
{
	return scope->session_token && secret_is_set(scope->session_token);
}

static struct view token_view(const struct sigv4_scope *scope)
{
	struct revealed token = secret_reveal(scope->session_token);

	return view_of(token.secret_ptr, token.secret_len);
}

/* The canonical form of the request and the headers that are added here. */
static enum muster_code form_fill(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				  const struct cloud_request *request, struct view payload_hash,
				  const char *date, struct muster_error *err)
{
	struct cloud_header headers[CLOUD_HEADERS_MAX];
	struct sigv4_parts parts = { scope->dialect, *request, payload_hash };
	size_t count = request->header_count;

	if (count > CLOUD_HEADERS_MAX - 3)
		return muster_fail(err, MUSTER_E_LIMIT, "a request has more than %d headers",
				   CLOUD_HEADERS_MAX - 3);
	if (header_find(request, "x-amz-date").ptr ||
	    header_find(request, "x-amz-content-sha256").ptr ||
	    header_find(request, "x-amz-security-token").ptr)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a request has a header that its signature adds");
	if (count)
		memcpy(headers, request->headers, count * sizeof(*headers));
	headers[count++] = (struct cloud_header){ VIEW_LITERAL("x-amz-date"), view_text(date) };
	if (scope->dialect == SIGV4_S3)
		headers[count++] =
			(struct cloud_header){ VIEW_LITERAL("x-amz-content-sha256"), payload_hash };
	if (has_token(scope))
		headers[count++] = (struct cloud_header){ VIEW_LITERAL("x-amz-security-token"),
							  token_view(scope) };
	parts.request.headers = headers;
	parts.request.header_count = count;
	return sigv4_form_fill(&sigv4->form, &parts, err);
}

enum muster_code sigv4_sign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
			    const struct cloud_request *request, struct view payload_hash,
			    struct sigv4_signed *out, struct muster_error *err)
{
	struct bytes *header = &out->authorization;
	enum muster_code code = scope_check(scope, err);

	date_basic(out->date, scope->wall_ns);
	if (!code)
		code = form_fill(sigv4, scope, request, payload_hash, out->date, err);
	if (!code)
		code = form_sign(sigv4, scope, out->date, out->signature, err);
	header->len = 0;
	if (!code)
		code = bytes_printf(header, err, ALGORITHM " Credential=%.*s/",
				    VIEW_ARGS(scope->key_id));
	if (!code)
		code = append_scope(header, scope, out->date, err);
	if (!code)
		code = bytes_printf(header, err, ", SignedHeaders=%.*s, Signature=%s",
				    VIEW_ARGS(bytes_view(&sigv4->form.names)), out->signature);
	return code;
}

enum muster_code sigv4_canonical_request(struct sigv4 *sigv4, const struct sigv4_scope *scope,
					 const struct cloud_request *request,
					 struct view payload_hash, struct secret *out,
					 struct muster_error *err)
{
	char date[DATE_BASIC_BYTES];
	enum muster_code code = form_fill(sigv4, scope, request, payload_hash,
					  date_basic(date, scope->wall_ns), err);

	return code ? code : secret_set(out, bytes_view(&sigv4->form.request), err);
}

/* "X-Amz-Credential=AKID%2F20130524%2F..." and the others, behind the request's own query. */
static enum muster_code append_presign_params(struct bytes *query, const struct sigv4_scope *scope,
					      const char *date, uint32_t expires_s,
					      struct muster_error *err)
{
	struct bytes credential = { 0 };
	char expires[16];
	enum muster_code code = bytes_printf(&credential, err, "%.*s/", VIEW_ARGS(scope->key_id));

	snprintf(expires, sizeof(expires), "%u", expires_s);
	if (!code)
		code = append_scope(&credential, scope, date, err);
	if (!code)
		code = percent_append_pair(query, "X-Amz-Algorithm", VIEW_LITERAL(ALGORITHM), err);
	if (!code)
		code = percent_append_pair(query, "X-Amz-Credential", bytes_view(&credential), err);
	if (!code)
		code = percent_append_pair(query, "X-Amz-Date", view_text(date), err);
	if (!code)
		code = percent_append_pair(query, "X-Amz-Expires", view_text(expires), err);
	if (!code && has_token(scope))
		code = percent_append_pair(query, "X-Amz-Security-Token", token_view(scope), err);
	if (!code)
		code = percent_append_pair(query, "X-Amz-SignedHeaders", VIEW_LITERAL("host"), err);
	bytes_release(&credential);
	return code;
}

static enum muster_code presign_query(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				      const struct cloud_request *request, const char *date,
				      uint32_t expires_s, struct bytes *canonical,
				      struct muster_error *err)
{
	size_t room = 512 + request->query.len + 3 * scope->key_id.len +
		      (has_token(scope) ? 3 * token_view(scope).len : 0);
	struct bytes query = { 0 };
	enum muster_code code = bytes_reserve(&query, room, err);

	if (!code)
		code = bytes_reserve(canonical, 3 * room + SIGV4_PARAMS_MAX, err);
	if (!code)
		code = bytes_append_view(&query, request->query, err);
	if (!code)
		code = append_presign_params(&query, scope, date, expires_s, err);
	if (!code)
		code = sigv4_append_query(canonical, bytes_view(&query), &sigv4->form.pairs, err);
	secret_scrub(&query);
	return code;
}

enum muster_code sigv4_presign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
			       const struct cloud_request *request, uint32_t expires_s,
			       struct secret *query, struct muster_error *err)
{
	struct sigv4_parts parts = { scope->dialect, *request, VIEW_LITERAL(SIGV4_UNSIGNED) };
	char date[DATE_BASIC_BYTES], signature[MAC_HEX_TEXT];
	struct bytes canonical = { 0 };
	enum muster_code code = scope_check(scope, err);

	if (code)
		return code;
	if (!expires_s || expires_s > SIGV4_EXPIRES_MAX_S)
		return muster_fail(err, MUSTER_E_USAGE, "a signed URL is good for 1 to %d seconds",
				   SIGV4_EXPIRES_MAX_S);
	if (request->header_count != 1)
		return muster_fail(err, MUSTER_E_USAGE, "a signed URL signs its host alone");
	date_basic(date, scope->wall_ns);
	code = presign_query(sigv4, scope, request, date, expires_s, &canonical, err);
	parts.request.query = bytes_view(&canonical);
	if (!code)
		code = sigv4_form_fill(&sigv4->form, &parts, err);
	if (!code)
		code = form_sign(sigv4, scope, date, signature, err);
	if (!code)
		code = percent_append_pair(&canonical, "X-Amz-Signature", view_text(signature),
					   err);
	if (!code)
		code = secret_take(query, &canonical, err);
	secret_scrub(&canonical);
	return code;
}

enum muster_code sigv4_sign_chunk(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				  struct view chunk, char signature[MAC_HEX_TEXT],
				  struct muster_error *err)
{
	char date[DATE_BASIC_BYTES];
	enum muster_code code = scope_check(scope, err);

	if (!code)
		code = text_begin(sigv4, ALGORITHM "-PAYLOAD", scope,
				  date_basic(date, scope->wall_ns), err);
	if (!code)
		code = bytes_printf(&sigv4->text, err, "%s\n" SIGV4_EMPTY_SHA256 "\n", signature);
	if (!code)
		code = text_append_sha256(sigv4, chunk, err);
	return code ? code : text_sign(sigv4, scope, date, signature, err);
}

enum muster_code sigv4_sign_trailer(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				    struct view trailer, char signature[MAC_HEX_TEXT],
				    struct muster_error *err)
{
	char date[DATE_BASIC_BYTES];
	enum muster_code code = scope_check(scope, err);

	if (!code)
		code = text_begin(sigv4, ALGORITHM "-TRAILER", scope,
				  date_basic(date, scope->wall_ns), err);
	if (!code)
		code = bytes_printf(&sigv4->text, err, "%s\n", signature);
	if (!code)
		code = text_append_sha256(sigv4, trailer, err);
	return code ? code : text_sign(sigv4, scope, date, signature, err);
}
