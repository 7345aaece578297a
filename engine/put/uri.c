#include "engine/put/uri.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

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
	static const char *const network[] = { "s3", "gs", "http", "https", "muster" };
	size_t len = scheme_length(text);

	if (len == 0)
		return URI_NONE;
	if (is_scheme(text, len, "file"))
		return URI_FILE;
	for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		if (is_scheme(text, len, network[i]))
			return URI_NETWORK;
	return URI_TRACKED;
}

static enum muster_code append_decoded(const char *text, struct bytes *out,
				       struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (; *text && !code; text++) {
		uint8_t byte = (uint8_t)*text;

		if (*text == '%') {
			char digits[2] = { (char)tolower((unsigned char)text[1]), '0' };

			if (text[1])
				digits[1] = (char)tolower((unsigned char)text[2]);
			if (!text[1] || !hex_decode(&byte, 1, view_of(digits, 2)) || !byte)
				return muster_fail(err, MUSTER_E_USAGE,
						   "'%.3s' is no byte of a path", text);
			text += 2;
		}
		code = bytes_append_byte(out, byte, err);
	}
	return code;
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
	code = append_decoded(rest, out, err);
	return code ? muster_context(err, "'%s'", uri) : MUSTER_OK;
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
