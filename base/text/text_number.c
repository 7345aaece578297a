#include "base/text/text.h"

#include <inttypes.h>
#include <stdio.h>

static const char unit_letters[] = "kmgtpe"; /* 2^10 .. 2^60, or 10^3 .. 10^18 */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* value = value * 10 + digit, false where that is over 64 bits. */
static bool add_digit(uint64_t *value, uint8_t digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, (uint64_t)(digit - '0'), value);
}

bool text_parse_u64(struct view text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.ptr[i]) || !add_digit(&value, text.ptr[i]))
			return false;
	*out = value;
	return true;
}

const char *text_count(char buf[TEXT_COUNT_BYTES], uint64_t count)
{
	char digits[21];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *out = buf;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

const char *text_plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* Tenths of 2^shift in `value`, rounded to nearest. shift <= 60: no step can overflow. */
static uint64_t tenths_of(uint64_t value, unsigned shift)
{
	uint64_t rest = value & ((UINT64_C(1) << shift) - 1);

	return (value >> shift) * 10 + ((rest * 10 + (UINT64_C(1) << (shift - 1))) >> shift);
}

/* At most four digits. By hand: two sizes stand in each line of a listing, and printf was a fifth
 * of what a line costs. */
static char *put_small(char *at, unsigned number)
{
	char digits[4];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10));
	while (count)
		*at++ = digits[--count];
	return at;
}

const char *text_size(char buf[TEXT_SIZE_BYTES], uint64_t size_bytes)
{
	char *at = buf;
	uint64_t tenths;
	unsigned unit = 0;

	if (size_bytes < 1024) {
		at = put_small(at, (unsigned)size_bytes);
		memcpy(at, " B", sizeof(" B"));
		return buf;
	}
	/* The rounded value decides: one byte below 1 MiB is "1.0 MiB", not "1024.0 KiB". */
	while ((tenths = tenths_of(size_bytes, 10 * (unit + 1))) >= 10240)
		unit++;
	at = put_small(at, (unsigned)(tenths / 10));
	*at++ = '.';
	at = put_small(at, (unsigned)(tenths % 10));
	*at++ = ' ';
	*at++ = (char)(unit_letters[unit] - 'a' + 'A');
	memcpy(at, "iB", sizeof("iB"));
	return buf;
}

/** A number as typed: whole + fraction / scale. */
struct decimal {
	uint64_t whole, fraction, scale;
	bool is_too_large;
};

static size_t take_digits(struct view *text, uint64_t *value, bool *is_too_large)
{
	size_t len = 0;

	for (; len < text->len && is_digit(text->ptr[len]); len++)
		if (!*is_too_large && !add_digit(value, text->ptr[len]))
			*is_too_large = true;
	*text = view_of(text->ptr + len, text->len - len);
	return len;
}

static bool take_decimal(struct view *text, struct decimal *out)
{
	size_t len;

	*out = (struct decimal){ .scale = 1 };
	if (!take_digits(text, &out->whole, &out->is_too_large))
		return false;
	if (text->len == 0 || text->ptr[0] != '.')
		return true;
	*text = view_of(text->ptr + 1, text->len - 1);
	len = take_digits(text, &out->fraction, &out->is_too_large);
	for (size_t i = 0; i < len && i < 10; i++)
		out->scale *= 10;
	return len > 0 && len <= 9;
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* The bytes of a unit, 0 where there is no such unit. */
static uint64_t unit_bytes(struct view unit)
{
	const char *letter;
	uint64_t step = 1024, bytes = 1;
	uint8_t text[3];

	if (unit.len > sizeof(text))
		return 0;
	for (size_t i = 0; i < unit.len; i++)
		text[i] = lower(unit.ptr[i]);
	if (unit.len == 0 || (unit.len == 1 && text[0] == 'b'))
		return 1;
	letter = memchr(unit_letters, text[0], sizeof(unit_letters) - 1);
	if (!letter)
		return 0;
	if (unit.len == 2 && text[1] == 'b')
		step = 1000;
	else if (unit.len == 2 ? text[1] != 'i' : unit.len == 3 && memcmp(text + 1, "ib", 2) != 0)
		return 0;
	for (ptrdiff_t i = 0; i <= letter - unit_letters; i++)
		bytes *= step;
	return bytes;
}

/* What of a text a message has room for, beside the reason. */
static struct view shown(struct view text)
{
	return view_of(text.ptr, text.len < 64 ? text.len : 64);
}

enum muster_code text_parse_size(struct view text, uint64_t *out, struct muster_error *err)
{
	struct view rest = text;
	struct decimal number;
	unsigned __int128 sum;
	uint64_t unit = 0;

	if (take_decimal(&rest, &number)) {
		if (rest.len > 1 && rest.ptr[0] == ' ')
			rest = view_of(rest.ptr + 1, rest.len - 1);
		unit = unit_bytes(rest);
	}
	if (!unit || (unit == 1 && number.scale > 1))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%.*s' is not a size such as 64MiB, 10GB, 512k or 4096",
				   VIEW_ARGS(shown(text)));
	sum = (unsigned __int128)number.whole * unit +
	      (unsigned __int128)number.fraction * unit / number.scale;
	if (number.is_too_large || sum > UINT64_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "size '%.*s' is more than 2^64-1 bytes",
				   VIEW_ARGS(shown(text)));
	*out = (uint64_t)sum;
	return MUSTER_OK;
}

/** "<major><between><minor><after>" */
struct duration_form {
	uint64_t major, minor;
	const char *between, *after;
};

static struct duration_form tenths_form(uint64_t tenths, const char *unit)
{
	return (struct duration_form){ tenths / 10, tenths % 10, ".", unit };
}

/* A second and more. Each limit is where the rounded value would reach the next form, so that
 * nothing reads "60.0 s" or "24 h 0 min". */
static struct duration_form long_form(uint64_t ns)
{
	uint64_t seconds = ns / 1000000000 + (ns % 1000000000 >= 500000000);
	uint64_t minutes = (seconds + 30) / 60, hours = (seconds + 1800) / 3600;

	if (ns < UINT64_C(59950000000))
		return tenths_form((ns + 50000000) / 100000000, " s");
	if (seconds < 3600)
		return (struct duration_form){ seconds / 60, seconds % 60, " min ", " s" };
	if (minutes < 24 * 60)
		return (struct duration_form){ minutes / 60, minutes % 60, " h ", " min" };
	return (struct duration_form){ hours / 24, hours % 24, " d ", " h" };
}

const char *text_duration(char buf[TEXT_DURATION_BYTES], uint64_t duration_ns)
{
	struct duration_form form;

	if (duration_ns >= 9950000 && duration_ns < 999500000) {
		snprintf(buf, TEXT_DURATION_BYTES, "%u ms",
			 (unsigned)((duration_ns + 500000) / 1000000));
		return buf;
	}
	form = duration_ns < 9950000 ? tenths_form((duration_ns + 50000) / 100000, " ms")
				     : long_form(duration_ns);
	snprintf(buf, TEXT_DURATION_BYTES, "%" PRIu64 "%s%" PRIu64 "%s", form.major, form.between,
		 form.minor, form.after);
	return buf;
}
