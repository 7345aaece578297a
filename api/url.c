#include "api/api_internal.h"

#include <ctype.h>

#define FILE_SCHEME VIEW_LITERAL("file")
#define LOCALHOST   VIEW_LITERAL("localhost")

/* "scheme://": false where the text is a path. */
static bool split_scheme(struct view text, struct view *scheme, struct view *rest)
{
	size_t len = 0;

	while (len < text.len && (isalnum(text.ptr[len]) || strchr("+.-", text.ptr[len])))
		len++;
	if (!len || !isalpha(text.ptr[0]) || text.len - len < 3 ||
	    memcmp(text.ptr + len, "://", 3) != 0)
		return false;
	*scheme = view_of(text.ptr, len);
	*rest = view_of(text.ptr + len + 3, text.len - len - 3);
	return true;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum muster_code decode(struct view text, struct bytes *out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < text.len && !code; i++) {
		uint8_t byte = text.ptr[i];

		if (byte == '%') {
			int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;

			byte = (uint8_t)(high * 16 + low);
			if (low < 0 || byte == 0)
				return muster_fail(
					err, MUSTER_E_USAGE,
					"'%%' must be followed by two hexadecimal digits "
					"that are not 00");
			i += 2;
		}
		code = bytes_append_byte(out, byte, err);
	}
	return code;
}

static enum muster_code decode_file_url(struct view rest, struct bytes *out,
					struct muster_error *err)
{
	const uint8_t *slash = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
	struct view host = view_of(rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len);

	if (!slash)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a file URL has an absolute path: file:///path");
	if (host.len && !view_equal(host, LOCALHOST))
		return muster_fail(err, MUSTER_E_USAGE,
				   "files of another machine ('%.*s') cannot be a repository",
				   VIEW_ARGS(host));
	return decode(view_of(slash, rest.len - host.len), out, err);
}

enum muster_code api_url_path(const char *url, struct bytes *out, struct muster_error *err)
{
	struct view text = view_text(url), scheme, rest;
	enum muster_code code;

	if (!text.len)
		return muster_fail(err, MUSTER_E_USAGE, "the URL of the repository is empty");
	if (!split_scheme(text, &scheme, &rest))
		code = bytes_append_view(out, text, err);
	else if (view_equal(scheme, FILE_SCHEME))
		code = decode_file_url(rest, out, err);
	else
		code = muster_fail(
			err, MUSTER_E_USAGE,
			"a repository is a directory, or lies in a bucket: s3://, gs://, az://, "
			"https://ACCOUNT.blob.core.windows.net/");
	if (!code)
		code = bytes_append_byte(out, '\0', err);
	if (code)
		muster_context(err, "repository '%s'", url);
	return code;
}
