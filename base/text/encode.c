#include "base/text/encode.h"

static const char hex_digits[16] = "0123456789abcdef";
static const char base64_digits[64] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a character. Shifted into any place of a group, BAD reaches its highest bit: all
 * characters can be tested at once at the end. */
#define BAD (-1)
/* clang-format off */
static const int8_t hex_values[256] = {
	[0x00 ... 0x2f] = BAD, ['0'] = 0, ['1'] = 1, ['2'] = 2, ['3'] = 3, ['4'] = 4, ['5'] = 5,
	['6'] = 6, ['7'] = 7, ['8'] = 8, ['9'] = 9, [0x3a ... 0x60] = BAD, ['a'] = 10, ['b'] = 11,
	['c'] = 12, ['d'] = 13, ['e'] = 14, ['f'] = 15, [0x67 ... 0xff] = BAD,
};
static const int8_t base64_values[256] = {
	[0x00 ... 0x2a] = BAD, ['+'] = 62, [0x2c ... 0x2e] = BAD, ['/'] = 63, ['0'] = 52,
	['1'] = 53, ['2'] = 54, ['3'] = 55, ['4'] = 56, ['5'] = 57, ['6'] = 58, ['7'] = 59,
	['8'] = 60, ['9'] = 61, [0x3a ... 0x40] = BAD, ['A'] = 0, ['B'] = 1, ['C'] = 2, ['D'] = 3,
	['E'] = 4, ['F'] = 5, ['G'] = 6, ['H'] = 7, ['I'] = 8, ['J'] = 9, ['K'] = 10, ['L'] = 11,
	['M'] = 12, ['N'] = 13, ['O'] = 14, ['P'] = 15, ['Q'] = 16, ['R'] = 17, ['S'] = 18,
	['T'] = 19, ['U'] = 20, ['V'] = 21, ['W'] = 22, ['X'] = 23, ['Y'] = 24, ['Z'] = 25,
	[0x5b ... 0x60] = BAD, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30,
	['f'] = 31, ['g'] = 32, ['h'] = 33, ['i'] = 34, ['j'] = 35, ['k'] = 36, ['l'] = 37,
	['m'] = 38, ['n'] = 39, ['o'] = 40, ['p'] = 41, ['q'] = 42, ['r'] = 43, ['s'] = 44,
	['t'] = 45, ['u'] = 46, ['v'] = 47, ['w'] = 48, ['x'] = 49, ['y'] = 50, ['z'] = 51,
	[0x7b ... 0xff] = BAD,
};
/* clang-format on */

#define IS_BAD 0x80000000u

/* Sign-extended, so that BAD is all ones. */
static uint32_t value_of(const int8_t values[256], uint8_t character)
{
	return (uint32_t)(int32_t)values[character];
}

void hex_encode(char *out, const void *in, size_t len)
{
	const uint8_t *bytes = in;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex_digits[bytes[i] >> 4];
		out[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
}

bool hex_decode(void *out, size_t len, struct view text)
{
	uint8_t *bytes = out;
	uint32_t seen = 0;

	if (text.len % 2 || text.len / 2 != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint32_t byte = value_of(hex_values, text.ptr[2 * i]) << 4 |
				value_of(hex_values, text.ptr[2 * i + 1]);

		seen |= byte;
		bytes[i] = (uint8_t)byte;
	}
	return !(seen & IS_BAD);
}

void base64_encode(char *out, const void *in, size_t len)
{
	const uint8_t *bytes = in;
	uint32_t group;

	for (; len >= 3; len -= 3, bytes += 3, out += 4) {
		group = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
		out[0] = base64_digits[group >> 18];
		out[1] = base64_digits[group >> 12 & 63];
		out[2] = base64_digits[group >> 6 & 63];
		out[3] = base64_digits[group & 63];
	}
	if (!len)
		return;
	group = (uint32_t)bytes[0] << 16 | (len == 2 ? (uint32_t)bytes[1] << 8 : 0);
	out[0] = base64_digits[group >> 18];
	out[1] = base64_digits[group >> 12 & 63];
	out[2] = (char)(len == 2 ? base64_digits[group >> 6 & 63] : '=');
	out[3] = '=';
}

size_t base64_decoded_len(struct view text)
{
	size_t padding = 0;

	if (text.len % 4)
		return SIZE_MAX;
	while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
		padding++;
	return text.len / 4 * 3 - padding;
}

static uint32_t base64_group(const uint8_t text[4])
{
	return value_of(base64_values, text[0]) << 18 | value_of(base64_values, text[1]) << 12 |
	       value_of(base64_values, text[2]) << 6 | value_of(base64_values, text[3]);
}

/* The last group, of one or two bytes: bits that stand for nothing must be zero. */
static bool base64_decode_tail(uint8_t *out, size_t len, const uint8_t *text)
{
	const uint8_t whole[4] = { text[0], text[1], len == 2 ? text[2] : 'A', 'A' };
	uint32_t group = base64_group(whole);

	out[0] = (uint8_t)(group >> 16);
	if (len == 2)
		out[1] = (uint8_t)(group >> 8);
	return !(group & (IS_BAD | (len == 2 ? 0xff : 0xffff)));
}

bool base64_decode(void *out, size_t len, struct view text)
{
	const uint8_t *in = text.ptr;
	uint8_t *bytes = out;
	uint32_t seen = 0;

	if (base64_decoded_len(text) != len)
		return false;
	for (; len >= 3; len -= 3, bytes += 3, in += 4) {
		uint32_t group = base64_group(in);

		seen |= group;
		bytes[0] = (uint8_t)(group >> 16);
		bytes[1] = (uint8_t)(group >> 8);
		bytes[2] = (uint8_t)group;
	}
	if (seen & IS_BAD)
		return false;
	return len == 0 || base64_decode_tail(bytes, len, in);
}
