#include "io/cloud/percent.h"

static bool is_unreserved(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
	       byte == '~';
}

enum muster_code percent_encode(struct bytes *out, struct view plain, enum percent_set set,
				struct muster_error *err)
{
	static const char digits[] = "0123456789ABCDEF";
	enum muster_code code;
	size_t room;
	uint8_t *at;

	if (__builtin_mul_overflow(plain.len, (size_t)3, &room))
		return muster_fail_memory(err, "an encoded text");
	code = bytes_reserve(out, room, err);
	if (code || !plain.len)
		return code;
	at = out->ptr + out->len;
	for (size_t i = 0; i < plain.len; i++) {
		uint8_t byte = plain.ptr[i];

		if (is_unreserved(byte) || (byte == '/' && set == PERCENT_PATH)) {
			*at++ = byte;
			continue;
		}
		*at++ = '%';
		*at++ = (uint8_t)digits[byte >> 4];
		*at++ = (uint8_t)digits[byte & 15];
	}
	out->len = (size_t)(at - out->ptr);
	return MUSTER_OK;
}

static int digit_of(uint8_t character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	character |= 0x20;
	return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* The byte that the escape at the front of `text` stands for; -1 where it is none. */
static int escape_of(struct view text)
{
	int high = text.len < 3 ? -1 : digit_of(text.ptr[1]);
	int low = text.len < 3 ? -1 : digit_of(text.ptr[2]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

enum muster_code percent_decode(struct bytes *out, struct view encoded, enum percent_style style,
				struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, encoded.len, err);
	uint8_t *at;

	if (code || !encoded.len)
		return code;
	at = out->ptr + out->len;
	for (size_t i = 0; i < encoded.len; i++) {
		uint8_t byte = encoded.ptr[i];

		if (byte == '%') {
			int value = escape_of(view_of(encoded.ptr + i, encoded.len - i));

			if (value < 0)
				return muster_fail(
					err, MUSTER_E_FORMAT,
					"byte %zu of an encoded text is a %% without two digits",
					i);
			byte = (uint8_t)value;
			i += 2;
		} else if (byte == '+' && style == PERCENT_FORM) {
			byte = ' ';
		}
		*at++ = byte;
	}
	out->len = (size_t)(at - out->ptr);
	return MUSTER_OK;
}

static struct view cut(struct view *text, char separator)
{
	const uint8_t *at = text->len ? memchr(text->ptr, separator, text->len) : NULL;
	struct view head = at ? view_of(text->ptr, (size_t)(at - text->ptr)) : *text;

	*text = at ? view_of(at + 1, text->len - head.len - 1) : (struct view){ 0 };
	return head;
}

bool percent_take_pair(struct view *query, struct percent_pair *pair)
{
	while (query->len) {
		struct view value = cut(query, '&');

		if (!value.len)
			continue; /* "a&&b" has two parameters */
		pair->name = cut(&value, '=');
		pair->value = value;
		return true;
	}
	return false;
}

enum muster_code percent_append_pair(struct bytes *out, const char *name, struct view value,
				     struct muster_error *err)
{
	size_t before = out->len;
	enum muster_code code = MUSTER_OK;

	if (out->len)
		code = bytes_append_byte(out, '&', err);
	if (!code)
		code = percent_encode(out, view_text(name), PERCENT_COMPONENT, err);
	if (!code)
		code = bytes_append_byte(out, '=', err);
	if (!code)
		code = percent_encode(out, value, PERCENT_COMPONENT, err);
	if (code)
		out->len = before;
	return code;
}
