#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "base/text/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S     UINT64_C(1000000000)

static void times_are_written_in_utc_with_milliseconds(void **state)
{
	static const struct {
		uint64_t wall_ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999999, "1970-01-01T00:00:00.000Z" },
		{ 1000000, "1970-01-01T00:00:00.001Z" },
		{ UINT64_C(951782399) * NS_PER_S, "2000-02-28T23:59:59.000Z" },
		{ UINT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00.000Z" },
		{ UINT64_C(1000000000123456789), "2001-09-09T01:46:40.123Z" },
		{ UINT64_C(4107542400) * NS_PER_S, "2100-03-01T00:00:00.000Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709Z" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[TEXT_TIME_BYTES];
		uint64_t back;

		assert_string_equal(text_time(buf, cases[i].wall_ns), cases[i].text);
		assert_true(text_parse_time(view_text(buf), &back));
		assert_true(back == cases[i].wall_ns / 1000000 * 1000000);
	}
}

/* Each day of the whole range, compared with the C library. */
static void every_day_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < UINT64_MAX / NS_PER_S / 86400; day++) {
		time_t seconds = (time_t)(day * 86400 + day % 86400);
		char buf[TEXT_TIME_BYTES], expected[TEXT_TIME_BYTES];
		struct tm tm;
		uint64_t back;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		if (strcmp(text_time(buf, (uint64_t)seconds * NS_PER_S), expected) != 0)
			fail_msg("%s, not %s", buf, expected);
		if (!text_parse_time(view_text(buf), &back) || back != (uint64_t)seconds * NS_PER_S)
			fail_msg("%s is read wrongly", buf);
	}
}

static void fractions_of_up_to_nine_digits_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t wall_ns;
	} cases[] = {
		{ "1970-01-01T00:00:01Z", NS_PER_S },
		{ "1970-01-01T00:00:01.5Z", NS_PER_S + 500000000 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "1970-01-01T00:00:00.123456789Z", 123456789 },
		{ "2554-07-21T23:34:33.709551615Z", UINT64_MAX },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t wall_ns = 7;

		assert_true(text_parse_time(view_text(cases[i].text), &wall_ns));
		assert_true(wall_ns == cases[i].wall_ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00:00z",
		"1970-01-01t00:00:00Z",
		"1970-01-01 00:00:00Z",
		"1970-01-01T00:00:00+00:00",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00.1",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00.0000000001Z",
		"1970-01-01T00:00:00Z ",
		" 1970-01-01T00:00:00Z",
		"70-01-01T00:00:00Z",
		"1970-1-01T00:00:00Z",
		"1970-01-01T0:00:00Z",
		"+970-01-01T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"0000-01-01T00:00:00Z",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"1970-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2000-02-30T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:60Z",
		"2554-07-21T23:34:33.709551616Z",
		"2554-07-21T23:34:34Z",
		"9999-12-31T23:59:59Z",
	};
	uint64_t wall_ns = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (text_parse_time(view_text(cases[i]), &wall_ns))
			fail_msg("'%s' was accepted", cases[i]);
	assert_true(wall_ns == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(every_day_agrees_with_the_c_library),
		cmocka_unit_test(fractions_of_up_to_nine_digits_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
