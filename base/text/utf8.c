#include "base/text/utf8.h"

#include <assert.h>

#define HIGH_BITS 0x8080808080808080u

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The range of the second byte alone rules out overlong forms, surrogates and values that are too
 * large; which range it is depends on the first byte only. */
static bool is_second_byte(uint8_t first, uint8_t second)
{
	uint8_t low = 0x80, high = 0xbf;

	switch (first) {
	case 0xe0:
		low = 0xa0;
		break;
	case 0xed:
		high = 0x9f;
		break;
	case 0xf0:
		low = 0x90;
		break;
	case 0xf4:
		high = 0x8f;
		break;
	}
	return second >= low && second <= high;
}

size_t utf8_decode(struct view text, uint32_t *point)
{
	const uint8_t *p = text.ptr;
	uint32_t value;
	size_t len;

	if (text.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*point = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (text.len < len || !is_second_byte(p[0], p[1]))
		return 0;
	value = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(p[i]))
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	*point = value;
	return len;
}

bool utf8_valid(struct view text)
{
	while (text.len) {
		uint64_t word;
		uint32_t point;
		size_t len;

		if (text.len >= sizeof(word)) {
			memcpy(&word, text.ptr, sizeof(word));
			if (!(word & HIGH_BITS)) {
				text = view_of(text.ptr + sizeof(word), text.len - sizeof(word));
				continue;
			}
		}
		/* After a word with a high bit, go on by characters up to the next ASCII one. */
		do {
			len = utf8_decode(text, &point);
			if (!len)
				return false;
			text = view_of(text.ptr + len, text.len - len);
		} while (text.len && (text.ptr[0] & 0x80));
	}
	return true;
}

size_t utf8_encode(uint8_t out[UTF8_MAX_BYTES], uint32_t point)
{
	assert(point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (uint8_t)(0xc0 | point >> 6);
		out[1] = (uint8_t)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (uint8_t)(0xe0 | point >> 12);
		out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | point >> 18);
	out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (point & 0x3f));
	return 4;
}
