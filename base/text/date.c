#include "base/text/date.h"

#include <stdio.h>

#include "base/text/text.h"

#define NS_PER_S   UINT64_C(1000000000)
#define NS_PER_MIN (60 * NS_PER_S)
#define NS_PER_DAY (86400 * NS_PER_S)

static const char day_names[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

const char *date_basic(char buf[DATE_BASIC_BYTES], uint64_t wall_ns)
{
	char iso[TEXT_TIME_BYTES]; /* 2013-05-24T00:00:00.000Z */

	text_time(iso, wall_ns);
	snprintf(buf, DATE_BASIC_BYTES, "%.4s%.2s%.5s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 14,
		 iso + 17);
	return buf;
}

const char *date_http(char buf[DATE_HTTP_BYTES], uint64_t wall_ns)
{
	char iso[TEXT_TIME_BYTES];
	unsigned month;

	text_time(iso, wall_ns);
	month = (unsigned)(iso[5] - '0') * 10 + (unsigned)(iso[6] - '0');
	snprintf(buf, DATE_HTTP_BYTES, "%.3s, %.2s %.3s %.4s %.8s GMT",
		 day_names[wall_ns / NS_PER_DAY % 7], iso + 8, month_names[(month - 1) % 12], iso,
		 iso + 11);
	return buf;
}

bool date_parse_http(struct view text, uint64_t *wall_ns)
{
	const char *at = (const char *)text.ptr;
	char iso[TEXT_TIME_BYTES], again[DATE_HTTP_BYTES];
	unsigned month = 0;
	uint64_t ns;

	if (text.len != DATE_HTTP_BYTES - 1)
		return false;
	while (month < 12 && memcmp(at + 8, month_names[month], 3) != 0)
		month++;
	if (month == 12)
		return false;
	snprintf(iso, sizeof(iso), "%.4s-%02u-%.2sT%.8sZ", at + 12, month + 1, at + 5, at + 17);
	if (!text_parse_time(view_text(iso), &ns))
		return false;
	/* what stands between the numbers, and the name of the day, are as they would be written */
	if (memcmp(date_http(again, ns), at, text.len) != 0)
		return false;
	*wall_ns = ns;
	return true;
}

/* Take "+hh:mm", "-hh:mm", "Z" or "UTC" off the end: how many minutes the text is ahead of UTC. */
static bool take_zone(struct view *text, int *ahead_min)
{
	const uint8_t *end = text->ptr + text->len;
	int sign, digits[4];

	*ahead_min = 0;
	if (text->len > 1 && end[-1] == 'Z') {
		text->len--;
		return true;
	}
	if (text->len > 3 && memcmp(end - 3, "UTC", 3) == 0) {
		text->len -= 3;
		return true;
	}
	if (text->len < 6 || end[-3] != ':' || (end[-6] != '+' && end[-6] != '-'))
		return false;
	sign = end[-6] == '+' ? 1 : -1;
	for (int i = 0; i < 4; i++) {
		digits[i] = end[i < 2 ? i - 5 : i - 4] - '0';
		if (digits[i] < 0 || digits[i] > 9)
			return false;
	}
	*ahead_min = sign * ((digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]);
	text->len -= 6;
	return true;
}

bool date_parse_iso(struct view text, uint64_t *wall_ns)
{
	char utc[sizeof("2013-05-24T00:00:00.123456789Z")];
	int ahead_min;
	uint64_t ns, shift_ns;

	if (!text.len || !take_zone(&text, &ahead_min))
		return false;
	for (size_t i = sizeof(utc) - 2; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	if (text.len > sizeof(utc) - 2)
		text.len = sizeof(utc) - 2;
	memcpy(utc, text.ptr, text.len);
	utc[text.len] = 'Z';
	if (!text_parse_time(view_of(utc, text.len + 1), &ns))
		return false;
	shift_ns = (uint64_t)(ahead_min < 0 ? -ahead_min : ahead_min) * NS_PER_MIN;
	if (ahead_min > 0 && shift_ns > ns)
		return false;
	if (ahead_min > 0)
		ns -= shift_ns;
	else if (add_overflows(ns, shift_ns, &ns))
		return false;
	*wall_ns = ns;
	return true;
}
