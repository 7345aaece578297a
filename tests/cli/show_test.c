#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/show.h"

/* The buffer as a string, which is then empty again. */
static const char *taken(struct bytes *out)
{
	assert_int_equal(bytes_append_byte(out, '\0', NULL), MUSTER_OK);
	out->len = 0;
	return (const char *)out->ptr;
}

static void columns_are_those_of_a_terminal(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {
		{ "", 0 },	 { "abc", 3 },	     { "Grüße", 5 }, { "日本", 4 },
		{ "한국어", 6 }, { "e\xcc\x81", 1 }, /* e and a combining acute accent */
		{ "😀", 2 },	 { "a\xff", 2 },     /* no UTF-8: a column a byte */
		{ "ab​c", 3 },		     /* with a zero width space */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(show_width(view_text(cases[i].text)), cases[i].width);
}

static void padding_goes_to_the_right_side(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	show_padded(&out, view_text("日本"), 6, false);
	bytes_append_text(&out, "|", NULL);
	show_padded(&out, view_text("12"), 4, true);
	bytes_append_text(&out, "|", NULL);
	show_padded(&out, view_text("too long"), 3, true);
	assert_string_equal(taken(&out), "日本  |  12|too long");
	bytes_release(&out);
}

static void messages_keep_their_escapes_and_get_what_is_missing(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	show_message(&out, view_text("'a\\x1b' and \xff and \x1b[31m"));
	assert_string_equal(taken(&out), "'a\\x1b' and \\xff and \\x1b[31m");
	show_name(&out, view_text("a\\b\n"));
	assert_string_equal(taken(&out), "a\\\\b\\x0a");
	bytes_release(&out);
}

static void paragraphs_keep_their_lines(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	show_paragraph(&out, view_text("one\ntwo\a\n\nthree\n"), 2);
	assert_string_equal(taken(&out), "one\n  two\\x07\n  \n  three");
	bytes_release(&out);
}

static void text_is_wrapped_at_spaces(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "" },
		{ "short", "short" },
		{ "one two three four", "one two\n  three\n  four" },
		{ "a-very-long-word next", "a-very-long-word\n  next" },
		{ "one\n\ntwo", "one\n  \n  two" },
		{ "Grüße an alle", "Grüße\n  an alle" },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		show_wrapped(&out, view_text(cases[i].text), 2, 9);
		assert_string_equal(taken(&out), cases[i].expected);
	}
	bytes_release(&out);
}

static void times_are_short_and_in_utc(void **state)
{
	char text[SHOW_TIME_BYTES];

	(void)state;
	assert_string_equal(show_time(text, 0), "1970-01-01 00:00:00");
	assert_string_equal(show_time(text, UINT64_C(1767225599999)), "2025-12-31 23:59:59");
	assert_int_equal(strlen(show_time(text, UINT64_MAX)), 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_those_of_a_terminal),
		cmocka_unit_test(padding_goes_to_the_right_side),
		cmocka_unit_test(messages_keep_their_escapes_and_get_what_is_missing),
		cmocka_unit_test(paragraphs_keep_their_lines),
		cmocka_unit_test(text_is_wrapped_at_spaces),
		cmocka_unit_test(times_are_short_and_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
