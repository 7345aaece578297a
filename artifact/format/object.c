#include "artifact/format/object.h"

#include <assert.h>
#include <stdio.h>

/* "muster <kind> " of at most 13 bytes leaves room for a version and its newline. */
static const char object_word[] = "muster ";

void object_header_put(uint8_t out[OBJECT_HEADER_BYTES], const char *kind, unsigned version)
{
	char text[OBJECT_HEADER_BYTES + 1] = { 0 };
	int len = snprintf(text, sizeof(text), "%s%s %u\n", object_word, kind, version);

	assert(len > 0 && len <= OBJECT_HEADER_BYTES);
	(void)len;
	memcpy(out, text, OBJECT_HEADER_BYTES);
}

/** Is `rest` a version in decimal, a newline and NULs to the end? */
static bool header_version(struct view rest, unsigned *version)
{
	size_t i = 0;
	unsigned value = 0;

	while (i < rest.len && i < 6 && rest.ptr[i] >= '0' && rest.ptr[i] <= '9')
		value = value * 10 + (unsigned)(rest.ptr[i++] - '0');
	if (i == 0 || rest.ptr[0] == '0' || i == rest.len || rest.ptr[i++] != '\n')
		return false;
	while (i < rest.len && rest.ptr[i] == 0)
		i++;
	*version = value;
	return i == rest.len;
}

enum muster_code object_header_check(struct view header, const char *kind, unsigned version,
				     struct muster_error *err)
{
	struct view word = view_text(object_word), name = view_text(kind), rest;
	unsigned found;

	if (header.len < OBJECT_HEADER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "%zu bytes are too few for a %s header",
				   header.len, kind);
	rest = view_of(header.ptr, OBJECT_HEADER_BYTES);
	if (!view_starts_with(rest, word))
		return muster_fail(err, MUSTER_E_FORMAT, "this does not begin as an object");
	rest = view_of(rest.ptr + word.len, rest.len - word.len);
	if (!view_starts_with(rest, name) || rest.len == name.len || rest.ptr[name.len] != ' ')
		return muster_fail(err, MUSTER_E_FORMAT, "this object is not of the kind '%s'",
				   kind);
	rest = view_of(rest.ptr + name.len + 1, rest.len - name.len - 1);
	if (!header_version(rest, &found))
		return muster_fail(err, MUSTER_E_FORMAT, "the header of this %s is malformed",
				   kind);
	if (found != version)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "version %u of %s objects is not known (only %u is)", found,
				   kind, version);
	return MUSTER_OK;
}

static const char hex_digits[] = "0123456789abcdef";

void object_id_text(const struct object_id *id, char out[OBJECT_ID_TEXT_BYTES])
{
	char *at = out;

	for (size_t i = 0; i < sizeof(id->session); i++) {
		*at++ = hex_digits[id->session[i] >> 4];
		*at++ = hex_digits[id->session[i] & 15];
	}
	*at++ = '-';
	for (int shift = 28; shift >= 0; shift -= 4)
		*at++ = hex_digits[id->number >> shift & 15];
	*at = '\0';
}

/** The value of a lowercase digit, or -1. */
static int hex_value(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

bool object_id_parse(struct view text, struct object_id *out)
{
	uint8_t session[16] = { 0 };
	uint32_t number = 0;

	if (text.len != OBJECT_ID_TEXT_BYTES - 1 || text.ptr[32] != '-')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = hex_value(text.ptr[i]);

		if (i == 32)
			continue;
		if (value < 0)
			return false;
		if (i < 32)
			session[i / 2] = (uint8_t)(session[i / 2] << 4 | value);
		else
			number = number << 4 | (uint32_t)value;
	}
	memcpy(out->session, session, sizeof(session));
	out->number = number;
	return true;
}
