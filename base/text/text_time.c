#include "base/text/text.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S     UINT64_C(1000000000)
#define S_PER_DAY    86400
#define DAYS_PER_ERA 146097 /* 400 years of the Gregorian calendar */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define YEAR_MIN     1970
#define FRACTION_MAX 9

/** A day in UTC. */
struct civil {
	unsigned year, month, day;
};

/* Years are counted from March, so that the leap day is the last of its year and a month's first
 * day is a linear function: 153 days in any five months from March on. */
static uint64_t days_of(struct civil date)
{
	unsigned year = date.year - (date.month <= 2);
	unsigned era_year = year % 400;
	unsigned month = (date.month + 9) % 12; /* March is 0 */
	unsigned year_day = (153 * month + 2) / 5 + date.day - 1;

	return (uint64_t)(year / 400) * DAYS_PER_ERA + era_year * 365u + era_year / 4 -
	       era_year / 100 + year_day - DAYS_TO_1970;
}

static struct civil civil_of(uint64_t days)
{
	unsigned era_day = (unsigned)((days + DAYS_TO_1970) % DAYS_PER_ERA);
	unsigned era = (unsigned)((days + DAYS_TO_1970) / DAYS_PER_ERA);
	unsigned era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	unsigned year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	unsigned month = (5 * year_day + 2) / 153;
	struct civil date = {
		.year = era * 400 + era_year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = year_day - (153 * month + 2) / 5 + 1,
	};

	return date;
}

const char *text_time(char buf[TEXT_TIME_BYTES], uint64_t wall_ns)
{
	uint64_t ms = wall_ns / 1000000, s = ms / 1000;
	struct civil date = civil_of(s / S_PER_DAY);
	unsigned day_s = (unsigned)(s % S_PER_DAY);

	/* the moduli say to the compiler what is true anyway: it all fits */
	snprintf(buf, TEXT_TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", date.year % 10000,
		 date.month % 100, date.day % 100, day_s / 3600 % 100, day_s / 60 % 60, day_s % 60,
		 (unsigned)(ms % 1000));
	return buf;
}

static bool take_digits(struct view *text, unsigned count, unsigned *out)
{
	struct view digits;

	*out = 0;
	if (!take_bytes(text, count, &digits))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		*out = *out * 10 + (digits.ptr[i] - '0');
	}
	return true;
}

static bool take_char(struct view *text, char expected)
{
	uint8_t byte;

	return take_u8(text, &byte) && byte == (uint8_t)expected;
}

static bool take_fraction_ns(struct view *text, uint64_t *ns)
{
	uint64_t scale = NS_PER_S, value = 0;
	unsigned digit, count = 0;

	*ns = 0;
	if (text->len == 0 || text->ptr[0] != '.')
		return true;
	*text = view_of(text->ptr + 1, text->len - 1);
	for (; text->len && text->ptr[0] != 'Z'; count++) {
		if (count == FRACTION_MAX || !take_digits(text, 1, &digit))
			return false;
		scale /= 10;
		value += digit * scale;
	}
	*ns = value;
	return count > 0;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_day(struct civil date)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (date.year < YEAR_MIN || date.month < 1 || date.month > 12 || date.day < 1)
		return false;
	return date.day <= days[date.month - 1] + (date.month == 2 && is_leap(date.year) ? 1u : 0u);
}

bool text_parse_time(struct view text, uint64_t *wall_ns)
{
	unsigned hour, minute, second;
	uint64_t fraction_ns, ns;
	struct civil date;

	if (!take_digits(&text, 4, &date.year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &date.month) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &date.day) || !take_char(&text, 'T') ||
	    !take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &second) || !take_fraction_ns(&text, &fraction_ns) ||
	    !take_char(&text, 'Z') || text.len)
		return false;
	if (!is_day(date) || hour > 23 || minute > 59 || second > 59)
		return false;
	if (__builtin_mul_overflow(days_of(date) * S_PER_DAY + hour * 3600 + minute * 60 + second,
				   NS_PER_S, &ns) ||
	    add_overflows(ns, fraction_ns, &ns))
		return false;
	*wall_ns = ns;
	return true;
}
