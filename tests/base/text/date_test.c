#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/date.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S     UINT64_C(1000000000)

static void each_form_of_a_time_is_written(void **state)
{
	static const struct {
		uint64_t wall_s;
		const char *basic, *http;
	} cases[] = {
		{ 0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 1369353600, "20130524T000000Z", "Fri, 24 May 2013 00:00:00 GMT" },
		{ 1782460800, "20260626T080000Z", "Fri, 26 Jun 2026 08:00:00 GMT" },
		{ 1709251199, "20240229T235959Z", "Thu, 29 Feb 2024 23:59:59 GMT" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char basic[DATE_BASIC_BYTES], http[DATE_HTTP_BYTES];
		uint64_t back;

		assert_string_equal(date_basic(basic, cases[i].wall_s * NS_PER_S), cases[i].basic);
		assert_string_equal(date_http(http, cases[i].wall_s * NS_PER_S), cases[i].http);
		assert_true(date_parse_http(view_text(http), &back));
		assert_int_equal(back, cases[i].wall_s * NS_PER_S);
	}
}

static void what_is_no_http_date_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"Fri, 24 May 2013 00:00:00",
		"Thu, 24 May 2013 00:00:00 GMT",
		"Fri, 24 may 2013 00:00:00 GMT",
		"Fri, 31 Feb 2013 00:00:00 GMT",
		"Fri, 24 May 2013 24:00:00 GMT",
		"Fri, 24 May 2013 00:00:00 UTC",
		"Fri  24 May 2013 00:00:00 GMT",
		"Friday, 24-May-13 00:00:00 GMT",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t wall_ns;

		assert_false(date_parse_http(view_text(cases[i]), &wall_ns));
	}
}

static void iso_times_of_all_documents_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t wall_ns;
	} cases[] = {
		{ "2013-05-24T00:00:00.000Z", 1369353600 * NS_PER_S },
		{ "2013-05-24T00:00:00Z", 1369353600 * NS_PER_S },
		{ "2013-05-24T00:00:00UTC", 1369353600 * NS_PER_S },
		{ "2013-05-24T01:30:00+01:30", 1369353600 * NS_PER_S },
		{ "2013-05-23T22:00:00.5-02:00", 1369353600 * NS_PER_S + NS_PER_S / 2 },
		{ "2013-05-24T00:00:00.1234567891234Z", 1369353600 * NS_PER_S + 123456789 },
	};
	static const char *const refused[] = {
		"",
		"Z",
		"UTC",
		"+01:00",
		"2013-05-24",
		"2013-05-24T00:00:00",
		"2013-05-24T00:00:00+1:00",
		"2013-05-24T00:00:00+01:0x",
		"1970-01-01T00:00:00+00:01",
		"2013-05-24T00:00:00.1234567891234xZ",
		"2013-05-24T00:00:00ZZ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t wall_ns;

		assert_true(date_parse_iso(view_text(cases[i].text), &wall_ns));
		assert_int_equal(wall_ns, cases[i].wall_ns);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		uint64_t wall_ns;

		assert_false(date_parse_iso(view_text(refused[i]), &wall_ns));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_a_time_is_written),
		cmocka_unit_test(what_is_no_http_date_is_refused),
		cmocka_unit_test(iso_times_of_all_documents_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
