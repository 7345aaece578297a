#include "io/cloud/signed_url.h"

#include "io/cloud/header.h"
#include "io/cloud/percent.h"

#define HIDDEN "..."

static bool is_query(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || text.ptr[i] == '#' ||
		    text.ptr[i] == '"')
			return false;
	}
	return text.len > 0;
}

enum muster_code signed_url_with_sas(struct secret *out, struct view url, const struct secret *sas,
				     struct muster_error *err)
{
	struct revealed revealed = secret_reveal(sas);
	struct view token = view_of(revealed.secret_ptr, revealed.secret_len);
	bool has_query = url.len && memchr(url.ptr, '?', url.len);
	enum muster_code code;

	while (token.len && (token.ptr[0] == '?' || token.ptr[0] == '&'))
		token = view_of(token.ptr + 1, token.len - 1);
	if (!is_query(token))
		return muster_fail(err, MUSTER_E_USAGE,
				   "the shared access signature is no encoded query");
	code = secret_set(out, url, err);
	if (!code)
		code = secret_append(out, has_query ? VIEW_LITERAL("&") : VIEW_LITERAL("?"), err);
	return code ? code : secret_append(out, token, err);
}

static bool authorizes(struct view name)
{
	static const char *const names[] = {
		"sig",
		"x-amz-signature",
		"x-amz-security-token",
		"x-amz-credential",
		"x-goog-signature",
		"x-goog-credential",
		"signature",
		"awsaccesskeyid",
		"googleaccessid",
		"upload_id",
		"access_token",
		"client_secret",
		"refresh_token",
		"assertion",
		"client_assertion",
		"webidentitytoken",
		"subject_token",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (header_compare(name, view_text(names[i])) == 0)
			return true;
	}
	return false;
}

/* What stands before '@' in the authority; 0 where nothing does. */
static size_t user_len(struct view rest)
{
	const uint8_t *end = rest.ptr;
	size_t len = 0;

	for (; end < rest.ptr + rest.len && *end != '/' && *end != '?' && *end != '#'; end++) {
		if (*end == '@')
			len = (size_t)(end - rest.ptr);
	}
	return len;
}

static enum muster_code append_place(struct bytes *out, struct view place, struct muster_error *err)
{
	const uint8_t *scheme = place.len ? memmem(place.ptr, place.len, "://", 3) : NULL;
	size_t head = scheme ? (size_t)(scheme - place.ptr) + 3 : 0;
	struct view rest = view_of(place.ptr + head, place.len - head);
	size_t user = scheme ? user_len(rest) : 0;
	enum muster_code code = bytes_append_view(out, view_of(place.ptr, head), err);

	if (!code && user)
		code = bytes_append_text(out, HIDDEN, err);
	return code ? code : bytes_append_view(out, view_of(rest.ptr + user, rest.len - user), err);
}

static enum muster_code append_param(struct bytes *out, struct view param, struct muster_error *err)
{
	struct view rest = param;
	struct percent_pair pair;
	struct bytes name = { 0 };
	enum muster_code code;

	if (!percent_take_pair(&rest, &pair))
		return MUSTER_OK;
	code = percent_decode(&name, pair.name, PERCENT_FORM, NULL);
	if (code == MUSTER_E_FORMAT)
		code = bytes_append_view(&name, pair.name, err);
	if (code)
		return muster_fail_memory(err, "a URL");
	if (authorizes(bytes_view(&name)))
		code = bytes_printf(out, err, "%.*s=" HIDDEN, VIEW_ARGS(pair.name));
	else
		code = bytes_append_view(out, param, err);
	bytes_release(&name);
	return code;
}

enum muster_code signed_url_append_redacted(struct bytes *out, struct view url,
					    struct muster_error *err)
{
	const uint8_t *mark;
	size_t at;
	enum muster_code code;

	if (!url.len)
		return MUSTER_OK;
	mark = memchr(url.ptr, '?', url.len);
	at = mark ? (size_t)(mark - url.ptr) : url.len;
	code = append_place(out, view_of(url.ptr, at), err);
	while (!code && at < url.len) { /* at a '?' or '&' */
		const uint8_t *next = memchr(url.ptr + at + 1, '&', url.len - at - 1);
		size_t end = next ? (size_t)(next - url.ptr) : url.len;

		code = bytes_append_byte(out, url.ptr[at], err);
		if (!code)
			code = append_param(out, view_of(url.ptr + at + 1, end - at - 1), err);
		at = end;
	}
	return code;
}
