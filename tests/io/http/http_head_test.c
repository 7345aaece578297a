/* What may stand in a request's head, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/http/head.h"

static struct http_head head; /* too large for a stack of tests */

static void a_url_is_kept_byte_for_byte_and_told_without_its_query(void **state)
{
	static const struct {
		const char *url, *where; /* NULL: refused */
	} cases[] = {
		{ "http://h/", "h/" },
		{ "https://h.example:9000/a/../b//%2F?x=secret", "h.example:9000/a/../b//%2F" },
		{ "https://h?sig=secret", "h" },
		{ "http://[::1]:80/a@b", "[::1]:80/a@b" },
		{ "ftp://h/", NULL },
		{ "h/path", NULL },
		{ "http://", NULL },
		{ "http:///path", NULL },
		{ "https://user:secret@h/", NULL },
		{ "http://h/a b", NULL },
		{ "http://h/\xc3\xa4", NULL },
		{ "http://h/#f", NULL },
		{ "http://h/\r\nX: y", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view where;

		http_head_init(&head);
		http_head_url(&head, view_text(cases[i].url));
		where = http_head_where(&head);
		assert_int_equal(head.code, cases[i].where ? MUSTER_OK : MUSTER_E_USAGE);
		assert_true(view_equal(where, view_text(cases[i].where ? cases[i].where : "")));
		if (cases[i].where)
			assert_string_equal(head.url, cases[i].url);
		else
			assert_null(strstr(head.error.message, "secret"));
	}
}

static void lines_go_out_in_order_and_empty_ones_too(void **state)
{
	(void)state;
	http_head_init(&head);
	http_head_add(&head, "A", VIEW_LITERAL("1"));
	http_head_add(&head, "x-empty", VIEW_LITERAL(""));
	http_head_add(&head, "b", VIEW_LITERAL("tab\tand \xc3\xa4"));
	assert_int_equal(head.code, MUSTER_OK);
	assert_string_equal(head.lines->data, "A: 1");
	assert_string_equal(head.lines->next->data, "x-empty;");
	assert_string_equal(head.lines->next->next->data, "b: tab\tand \xc3\xa4");
	assert_null(head.lines->next->next->next);
}

static void a_line_cannot_smuggle_another_one(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{ "A", "1\r\nB: 2" }, { "A", "1\n" },	{ "A", "\x01" },
		{ "A", "\x7f" },      { "A:", "1" },	{ "A B", "1" },
		{ "", "1" },	      { "A\r\n", "1" }, { "\xc3\xa4", "1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		http_head_init(&head);
		http_head_add(&head, cases[i].name, view_text(cases[i].value));
		assert_int_equal(head.code, MUSTER_E_USAGE);
		assert_null(head.lines);
	}
	http_head_init(&head);
	http_head_add(&head, "A", view_of("a\0b", 3));
	assert_int_equal(head.code, MUSTER_E_USAGE);
}

static void the_first_error_sticks(void **state)
{
	(void)state;
	http_head_init(&head);
	http_head_add(&head, "A", VIEW_LITERAL("\n"));
	http_head_add(&head, "B", VIEW_LITERAL("1"));
	http_head_url(&head, VIEW_LITERAL("http://h/"));
	assert_int_equal(head.code, MUSTER_E_USAGE);
	assert_null(head.lines);
	assert_null(head.url);
}

static void a_head_has_a_maximum(void **state)
{
	static char long_value[HTTP_HEAD_MAX_BYTES];

	(void)state;
	memset(long_value, 'x', sizeof(long_value));
	for (size_t len = sizeof(long_value) - 8; len <= sizeof(long_value); len++) {
		http_head_init(&head);
		http_head_add(&head, "A", view_of(long_value, len));
		assert_true(head.code == MUSTER_OK || head.code == MUSTER_E_LIMIT);
		assert_true(head.len <= sizeof(head.text));
	}
	assert_int_equal(head.code, MUSTER_E_LIMIT);
	http_head_init(&head);
	for (unsigned i = 0; i < HTTP_HEAD_MAX_LINES; i++)
		http_head_add(&head, "A", VIEW_LITERAL("1"));
	assert_int_equal(head.code, MUSTER_OK);
	http_head_add(&head, "A", VIEW_LITERAL("1"));
	assert_int_equal(head.code, MUSTER_E_LIMIT);
}

static void wiping_leaves_nothing(void **state)
{
	(void)state;
	http_head_init(&head);
	http_head_add(&head, "Authorization", VIEW_LITERAL("secret-word"));
	http_head_wipe(&head);
	assert_null(memmem(head.text, sizeof(head.text), "secret-word", 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_kept_byte_for_byte_and_told_without_its_query),
		cmocka_unit_test(lines_go_out_in_order_and_empty_ones_too),
		cmocka_unit_test(a_line_cannot_smuggle_another_one),
		cmocka_unit_test(the_first_error_sticks),
		cmocka_unit_test(a_head_has_a_maximum),
		cmocka_unit_test(wiping_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
