/* What is read from a reply's header, and what a status means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/http/reply.h"

#define NS_PER_S 1000000000ULL

static struct http_lines lines;

static uint64_t wall_ns(void *state)
{
	(void)state;
	return 1767225600 * NS_PER_S; /* Thu, 01 Jan 2026 00:00:00 GMT */
}

static const struct effects clock_2026 = { .wall_ns = wall_ns };

static void take(const char *const *texts)
{
	lines.len = 0;
	for (; *texts; texts++)
		assert_true(http_lines_add(&lines, view_text(*texts)));
}

static void headers_are_found_in_any_case(void **state)
{
	static const char *const texts[] = { "ETag: \"abc\"\r\n", "x-amz-meta-a:\r\n",
					     "no header\r\n",	  "X-Two: 1\r\n",
					     "x-two:  2 \r\n",	  NULL };
	static const struct {
		const char *name, *value; /* NULL: absent */
	} cases[] = {
		{ "etag", "\"abc\"" }, { "X-AMZ-META-A", "" }, { "x-two", "1" },
		{ "eta", NULL },       { "no header", NULL },
	};
	struct http_reply reply = { .lines = &lines };

	(void)state;
	take(texts);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view value;
		bool found = http_reply_header(&reply, cases[i].name, &value);

		assert_int_equal(found, cases[i].value != NULL);
		if (cases[i].value)
			assert_true(view_equal(value, view_text(cases[i].value)));
	}
}

static void too_many_headers_are_refused(void **state)
{
	static char line[1000] = "x: ";
	unsigned count = 0;

	(void)state;
	memset(line + 3, 'v', sizeof(line) - 3);
	lines.len = 0;
	while (http_lines_add(&lines, view_of(line, sizeof(line))))
		count++;
	assert_in_range(count, 15, 17);
	assert_true(lines.len <= sizeof(lines.text));
}

static void status_lines_are_told_from_headers(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\n", 200 },
		{ "HTTP/1.0 503\r\n", 503 },
		{ "HTTP/1.1 100 \r\n", 100 },
		{ "HTTP/1.1 20\r\n", 0 },
		{ "HTTP/1.1 2x0 OK", 0 },
		{ "Server: HTTP/1.1 200 OK", 0 },
		{ "HTTP/1.1", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(http_status_of(view_text(cases[i].line)), cases[i].status);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const struct {
		const char *retry_after, *date;
		uint64_t expected_s;
	} cases[] = {
		{ "Retry-After: 7\r\n", NULL, 7 },
		{ "Retry-After: 0\r\n", NULL, 0 },
		{ "Retry-After: Thu, 01 Jan 2026 00:01:40 GMT\r\n", NULL, 100 },
		{ "Retry-After: Wed, 31 Dec 2025 23:00:00 GMT\r\n", NULL, 0 },
		/* the server's clock counts, where it is told */
		{ "Retry-After: Thu, 01 Jan 2026 00:01:40 GMT\r\n",
		  "Date: Thu, 01 Jan 2026 00:01:30 GMT\r\n", 10 },
		{ "Retry-After: soon\r\n", NULL, 0 },
		{ "Retry-After: -1\r\n", NULL, 0 },
		{ "Retry-After:\r\n", NULL, 0 },
		{ "Retry-After: 99999999999\r\n", NULL, 86400 },
		{ "X: 1\r\n", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *texts[] = { cases[i].retry_after, cases[i].date, NULL };

		take(texts);
		assert_int_equal(http_retry_after_ns(&lines, &clock_2026),
				 cases[i].expected_s * NS_PER_S);
	}
}

static void a_status_has_a_meaning(void **state)
{
	static const struct {
		enum http_method method;
		unsigned status;
		enum muster_code code;
		enum pacer_outcome outcome;
	} cases[] = {
		{ HTTP_GET, 200, MUSTER_OK, PACER_SERVED },
		{ HTTP_GET, 206, MUSTER_OK, PACER_SERVED },
		{ HTTP_DELETE, 204, MUSTER_OK, PACER_SERVED },
		{ HTTP_HEAD, 404, MUSTER_ABSENT, PACER_SERVED },
		{ HTTP_GET, 410, MUSTER_ABSENT, PACER_SERVED },
		{ HTTP_PUT, 412, MUSTER_EXISTS, PACER_SERVED },
		{ HTTP_GET, 412, MUSTER_E_CHANGED, PACER_SERVED },
		{ HTTP_GET, 301, MUSTER_E_IO, PACER_SERVED },
		{ HTTP_GET, 307, MUSTER_E_IO, PACER_SERVED },
		{ HTTP_GET, 403, MUSTER_E_IO, PACER_SERVED },
		{ HTTP_GET, 501, MUSTER_E_IO, PACER_SERVED },
		{ HTTP_GET, 408, MUSTER_E_IO, PACER_FAILED },
		{ HTTP_GET, 429, MUSTER_E_IO, PACER_THROTTLED },
		{ HTTP_GET, 503, MUSTER_E_IO, PACER_THROTTLED },
		{ HTTP_PUT, 500, MUSTER_E_IO, PACER_FAILED },
		{ HTTP_PUT, 502, MUSTER_E_IO, PACER_FAILED },
		{ HTTP_PUT, 504, MUSTER_E_IO, PACER_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply reply = { .method = cases[i].method, .status = cases[i].status };
		enum pacer_outcome outcome;

		assert_int_equal(http_reply_judge(&reply, &outcome, NULL), cases[i].code);
		assert_int_equal(outcome, cases[i].outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_in_any_case),
		cmocka_unit_test(too_many_headers_are_refused),
		cmocka_unit_test(status_lines_are_told_from_headers),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(a_status_has_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
