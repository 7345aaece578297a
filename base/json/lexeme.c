/* The inside of strings and numbers, without any state. */
#include "base/json/json_internal.h"

#include <endian.h>

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* The lowest marked byte is exact; a borrow can wrongly mark only bytes above one that is marked
 * rightly. */
static uint64_t mark_equal(uint64_t word, uint8_t byte)
{
	uint64_t zero = word ^ ONES * byte;

	return (zero - ONES) & ~zero & HIGHS;
}

static uint64_t mark_controls(uint64_t word)
{
	return (word - ONES * 0x20) & ~word & HIGHS;
}

const uint8_t *json_string_run(const uint8_t *at, const uint8_t *end, bool *has_high)
{
	uint64_t high = 0;

	while (end - at >= 8) {
		uint64_t word, stop;

		memcpy(&word, at, sizeof(word));
		word = le64toh(word);
		high |= word & HIGHS;
		stop = mark_equal(word, '"') | mark_equal(word, '\\') | mark_controls(word);
		if (stop) {
			*has_high |= high != 0;
			return at + __builtin_ctzll(stop) / 8;
		}
		at += 8;
	}
	for (; at < end && *at >= 0x20 && *at != '"' && *at != '\\'; at++)
		high |= *at & 0x80;
	*has_high |= high != 0;
	return at;
}

static bool is_plain(uint8_t byte, bool is_html_safe)
{
	if (byte < 0x20 || byte > 0x7f || byte == '"' || byte == '\\')
		return false;
	return !is_html_safe || (byte != '<' && byte != '>' && byte != '&');
}

size_t json_plain_len(struct view text, bool is_html_safe)
{
	size_t len = 0;

	for (; text.len - len >= 8; len += 8) {
		uint64_t word, stop;

		memcpy(&word, text.ptr + len, sizeof(word));
		stop = (word & HIGHS) | mark_equal(word, '"') | mark_equal(word, '\\') |
		       mark_controls(word);
		if (is_html_safe)
			stop |= mark_equal(word, '<') | mark_equal(word, '>') |
				mark_equal(word, '&');
		if (stop)
			break;
	}
	while (len < text.len && is_plain(text.ptr[len], is_html_safe))
		len++;
	return len;
}

static int hex_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* XXXX of \uXXXX, which may be cut. */
static enum json_escape decode_hex4(struct view text, uint32_t *unit)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit;

		if (i == text.len)
			return JSON_ESCAPE_MORE;
		digit = hex_value(text.ptr[i]);
		if (digit < 0)
			return JSON_ESCAPE_BAD;
		value = value << 4 | (uint32_t)digit;
	}
	*unit = value;
	return JSON_ESCAPE_DONE;
}

/* \uXXXX behind a high surrogate. */
static enum json_escape decode_low_surrogate(struct view text, uint32_t *unit)
{
	enum json_escape escape;

	for (size_t i = 0; i < 2; i++) {
		if (i == text.len)
			return JSON_ESCAPE_MORE;
		if (text.ptr[i] != (uint8_t) "\\u"[i])
			return JSON_ESCAPE_LONE;
	}
	escape = decode_hex4(view_of(text.ptr + 2, text.len - 2), unit);
	if (escape)
		return escape;
	return *unit >= 0xdc00 && *unit <= 0xdfff ? JSON_ESCAPE_DONE : JSON_ESCAPE_LONE;
}

static enum json_escape decode_unicode(struct view text, uint32_t *point, size_t *len)
{
	enum json_escape escape;
	uint32_t unit, low;

	escape = decode_hex4(view_of(text.ptr + 2, text.len - 2), &unit);
	if (escape)
		return escape;
	*point = unit;
	*len = 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return JSON_ESCAPE_DONE;
	if (unit > 0xdbff)
		return JSON_ESCAPE_LONE;
	escape = decode_low_surrogate(view_of(text.ptr + 6, text.len - 6), &low);
	if (escape)
		return escape;
	*point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	*len = 12;
	return JSON_ESCAPE_DONE;
}

enum json_escape json_escape_decode(struct view text, uint32_t *point, size_t *len)
{
	if (text.len < 2)
		return JSON_ESCAPE_MORE;
	*len = 2;
	switch (text.ptr[1]) {
	case '"':
	case '\\':
	case '/':
		*point = text.ptr[1];
		return JSON_ESCAPE_DONE;
	case 'b':
		*point = '\b';
		return JSON_ESCAPE_DONE;
	case 'f':
		*point = '\f';
		return JSON_ESCAPE_DONE;
	case 'n':
		*point = '\n';
		return JSON_ESCAPE_DONE;
	case 'r':
		*point = '\r';
		return JSON_ESCAPE_DONE;
	case 't':
		*point = '\t';
		return JSON_ESCAPE_DONE;
	case 'u':
		return decode_unicode(text, point, len);
	}
	return JSON_ESCAPE_BAD;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

const uint8_t *json_number_run(const uint8_t *at, const uint8_t *end)
{
	while (at < end &&
	       (is_digit(*at) || *at == '-' || *at == '+' || *at == '.' || (*at | 0x20) == 'e'))
		at++;
	return at;
}

/* At least one digit at the front of `text`, taken. */
static bool take_digits(struct view *text)
{
	size_t len = 0;

	while (len < text->len && is_digit(text->ptr[len]))
		len++;
	*text = view_of(text->ptr + len, text->len - len);
	return len > 0;
}

/* One of two bytes at the front of `text`, taken. */
static bool take_either(struct view *text, char a, char b)
{
	if (text->len == 0 || (text->ptr[0] != (uint8_t)a && text->ptr[0] != (uint8_t)b))
		return false;
	*text = view_of(text->ptr + 1, text->len - 1);
	return true;
}

bool json_number_valid(struct view text)
{
	take_either(&text, '-', '-');
	if (!take_either(&text, '0', '0') && !take_digits(&text))
		return false;
	if (take_either(&text, '.', '.') && !take_digits(&text))
		return false;
	if (take_either(&text, 'e', 'E')) {
		take_either(&text, '+', '-');
		if (!take_digits(&text))
			return false;
	}
	return text.len == 0;
}
