#include "engine/put/uri.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "artifact/path.h"
#include "base/text/encode.h"

static size_t scheme_length(const char *text)
{
	size_t len = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '+' || text[len] == '-' ||
	       text[len] == '.')
		len++;
	return strncmp(text + len, "://", 3) == 0 ? len : 0;
}

static bool is_scheme(const char *text, size_t len, const char *scheme)
{
	return strlen(scheme) == len && strncasecmp(text, scheme, len) == 0;
}

enum uri_kind uri_kind(const char *text)
{
	static const char *const network[] = { "s3", "gs", "http", "https" };
	size_t len = scheme_length(text);

	if (len == 0)
		return URI_NONE;
	if (is_scheme(text, len, "file"))
		return URI_FILE;
	if (is_scheme(text, len, "muster"))
		return URI_MUSTER;
	for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		if (is_scheme(text, len, network[i]))
			return URI_NETWORK;
	return URI_TRACKED;
}

enum muster_code uri_unescape(struct view text, struct bytes *out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < text.len && !code; i++) {
		uint8_t byte = text.ptr[i];

		if (byte == '%') {
			char digits[2] = { '?', '?' };

			for (size_t j = 0; j < 2 && i + 1 + j < text.len; j++)
				digits[j] = (char)tolower(text.ptr[i + 1 + j]);
			if (!hex_decode(&byte, 1, view_of(digits, 2)) || !byte)
				return muster_fail(err, MUSTER_E_USAGE,
						   "'%.*s' is no byte of a path",
						   (int)(text.len - i < 3 ? text.len - i : 3),
						   (const char *)text.ptr + i);
			i += 2;
		}
		code = bytes_append_byte(out, byte, err);
	}
	return code;
}

bool uri_of_version(struct view uri, uint8_t version_id[16], struct view *path)
{
	struct view scheme = VIEW_LITERAL(URI_MUSTER_SCHEME), id, slash;

	return take_bytes(&uri, scheme.len, &id) && view_equal(id, scheme) &&
	       take_bytes(&uri, 32, &id) && hex_decode(version_id, 16, id) &&
	       take_bytes(&uri, 1, &slash) && slash.ptr[0] == '/' && (*path = uri, true);
}

enum muster_code uri_file_path(const char *uri, struct bytes *out, struct muster_error *err)
{
	const char *rest = uri + strlen("file://");
	enum muster_code code;

	if (strncasecmp(rest, "localhost/", 10) == 0)
		rest += 9;
	if (*rest != '/')
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' has no absolute path: write file:///…", uri);
	code = uri_unescape(view_text(rest), out, err);
	if (code)
		muster_context(err, "'%s'", uri);
	return code;
}

/* The alias ends where the path begins: it has no slash. */
static enum muster_code split_version(const char *uri, struct view *address, const char **path,
				      struct muster_error *err)
{
	const char *begin = uri + strlen(URI_MUSTER_SCHEME), *colon = strchr(begin, ':'), *slash;

	if (!colon)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' names no version: write muster://NAME:vN/PATH", uri);
	slash = strchr(colon, '/');
	*address = slash ? view_of(begin, (size_t)(slash - begin)) : view_text(begin);
	*path = slash ? slash + 1 : "";
	return MUSTER_OK;
}

enum muster_code uri_version(const char *uri, struct uri_version *out, struct bytes *path,
			     struct muster_error *err)
{
	struct bytes decoded = { 0 };
	struct view address;
	const char *rest = "";
	enum muster_code code = split_version(uri, &address, &rest, err);

	if (code)
		return code;
	code = artifact_address_parse(&out->address, address, err);
	if (!code && !out->address.alias.len)
		code = muster_fail(err, MUSTER_E_USAGE, "no version is named");
	if (!code)
		code = uri_unescape(view_text(rest), &decoded, err);
	while (decoded.len && decoded.ptr[decoded.len - 1] == '/')
		decoded.len--;
	if (!code && decoded.len)
		code = entry_path_normalize(bytes_view(&decoded), path, err);
	bytes_release(&decoded);
	if (code)
		muster_context(err, "'%s'", uri);
	return code;
}

size_t uri_escape(char *out, struct view path)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = 0;

	for (size_t i = 0; i < path.len; i++) {
		uint8_t byte = path.ptr[i];

		if (byte != '%' && byte != '?' && byte != '#') {
			out[len++] = (char)byte;
			continue;
		}
		out[len++] = '%';
		out[len++] = digits[byte >> 4];
		out[len++] = digits[byte & 15];
	}
	return len;
}
