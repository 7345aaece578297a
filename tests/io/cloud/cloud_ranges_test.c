/* Headers about parts of objects, headers that are lists, and what a refusal is told as. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "io/cloud/ranges.h"
#include "io/cloud/refusal.h"
#include "io/cloud/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_content_range_is_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
		struct content_range range;
	} cases[] = {
		{ "bytes 0-9/100", true, { true, true, 0, 9, 100 } },
		{ "bytes 5-5/*", true, { true, false, 5, 5, 0 } },
		{ "bytes */0", true, { false, true, 0, 0, 0 } },
		{ "bytes 0-18446744073709551614/18446744073709551615",
		  true,
		  { true, true, 0, UINT64_MAX - 1, UINT64_MAX } },
		{ "", false, { 0 } },
		{ "bytes", false, { 0 } },
		{ "bytes ", false, { 0 } },
		{ "bytes 0-9", false, { 0 } },
		{ "bytes 9-0/10", false, { 0 } },
		{ "bytes -9/10", false, { 0 } },
		{ "bytes 0-/10", false, { 0 } },
		{ "bytes 0-9/x", false, { 0 } },
		{ "bytes 0-9/18446744073709551616", false, { 0 } },
		{ "items 0-9/10", false, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct content_range range = { 0 };

		assert_int_equal(content_range_parse(view_text(cases[i].text), &range),
				 cases[i].is_one);
		assert_int_equal(range.has_bytes, cases[i].range.has_bytes);
		assert_int_equal(range.has_total, cases[i].range.has_total);
		assert_int_equal(range.first, cases[i].range.first);
		assert_int_equal(range.last, cases[i].range.last);
		assert_int_equal(range.total, cases[i].range.total);
	}
}

static void a_list_may_be_one_line_or_several(void **state)
{
	static const char *const lines[] = { "X-List: a=1, b=2", "Other: no", "x-list: c",
					     "X-List:", "X-LIST:  d ," };
	struct http_lines all = { 0 };
	struct header_walk walk = { .lines = &all, .name = "x-list" };
	char said[64] = "";
	struct view item;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		http_lines_add(&all, view_text(lines[i]));
	for (size_t len = 0; header_walk_next(&walk, &item);)
		len += (size_t)snprintf(said + len, sizeof(said) - len, "<%.*s>", VIEW_ARGS(item));
	assert_string_equal(said, "<a=1><b=2><c><d>");
}

static void a_refusal_is_told_in_one_line(void **state)
{
	static const struct {
		const char *lines, *body, *message;
	} cases[] = {
		{ "", "", "the server answers 403" },
		{ "x-word: W", "", "the server answers 403 (W)" },
		{ "x-id: 7", "", "the server answers 403 [request 7]" },
		{ "x-word: W", "<Error><Code>Other</Code><Message>first\nsecond</Message></Error>",
		  "the server answers 403 (W): first" },
		{ "", "{\"error\":{\"code\":403,\"message\":\"no\",\"status\":\"DENIED\"}}",
		  "the server answers 403 (DENIED): no" },
		{ "", "plain words\r\nand more", "the server answers 403: plain words" },
		{ "", "<html>a proxy</html>", "the server answers 403" },
		{ "", "{", "the server answers 403" },
	};
	static const struct refusal_headers headers = { "x-word", "x-id" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_lines lines = { 0 };
		struct http_reply reply = { .status = 403,
					    .body = view_text(cases[i].body),
					    .lines = &lines };
		struct muster_error error = { 0 };
		struct refusal refusal;

		http_lines_add(&lines, view_text(cases[i].lines));
		refusal_read(&refusal, &reply, &headers);
		assert_int_equal(refusal_fail(&refusal, MUSTER_E_IO, 5, &error), MUSTER_E_IO);
		assert_string_equal(error.message, cases[i].message);
		assert_int_equal(error.sys_errno, 5);
		assert_int_equal(refusal_fail(&refusal, MUSTER_E_IO, 5, NULL), MUSTER_E_IO);
	}
}

static void a_url_knows_its_path_and_query(void **state)
{
	struct endpoint endpoint = { 0 };
	struct request_url url;
	char key[1024], said[4096];

	(void)state;
	assert_int_equal(endpoint_parse(&endpoint, VIEW_LITERAL("https://h:81/p"), false, NULL),
			 MUSTER_OK);
	request_url_begin(&url, &endpoint, NULL);
	assert_true(view_equal(request_url_path(&url), VIEW_LITERAL("/p")));
	assert_int_equal(request_url_query(&url).len, 0);
	request_url_add(&url, VIEW_LITERAL("/"));
	request_url_encode(&url, VIEW_LITERAL("a?b"), PERCENT_PATH);
	request_url_pair(&url, "n", VIEW_LITERAL("?&="));
	request_url_pair_u64(&url, "m", UINT64_MAX);
	assert_true(view_equal(request_url_path(&url), VIEW_LITERAL("/p/a%3Fb")));
	assert_true(view_equal(request_url_query(&url),
			       VIEW_LITERAL("n=%3F%26%3D&m=18446744073709551615")));
	request_url_release(&url);

	memset(key, '%', sizeof(key)); /* it grows on the way */
	request_url_begin_host(&url, &endpoint, NULL);
	request_url_add(&url, VIEW_LITERAL("/x?y"));
	request_url_pair(&url, "k", view_of(key, sizeof(key)));
	memcpy(said, "y&k=", 4);
	for (size_t i = 0; i < sizeof(key); i++)
		memcpy(said + 4 + 3 * i, "%25", 3);
	assert_true(view_equal(request_url_query(&url), view_of(said, 4 + 3 * sizeof(key))));
	assert_true(view_starts_with(bytes_view(&url.text), VIEW_LITERAL("https://h:81/x?y&k=%")));
	request_url_release(&url);
	endpoint_release(&endpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_content_range_is_read_or_refused),
		cmocka_unit_test(a_list_may_be_one_line_or_several),
		cmocka_unit_test(a_refusal_is_told_in_one_line),
		cmocka_unit_test(a_url_knows_its_path_and_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
