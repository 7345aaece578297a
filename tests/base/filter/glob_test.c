#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/filter/glob.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool matches(const char *pattern, const char *path)
{
	struct muster_error err = { 0 };
	struct glob *glob;
	bool is_match;

	if (glob_new(&glob, view_text(pattern), &err))
		fail_msg("%s", err.message);
	is_match = glob_match(glob, view_text(path));
	glob_free(glob);
	return is_match;
}

static void patterns_match_whole_paths(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool is_match;
	} cases[] = {
		/* names */
		{ "foo", "foo", true },
		{ "foo", "bar", false },
		{ "foo", "foobar", false },
		{ "foo", "fo", false },
		{ "foo", "Foo", false },
		{ "foo/bar", "foo/bar", true },
		{ "foo/bar", "foo/bar/baz", false },
		{ "foo/bar", "foo", false },
		{ "foo", "a/foo", false },
		/* one character */
		{ "???", "foo", true },
		{ "??", "foo", false },
		{ "????", "foo", false },
		{ "foo?bar", "foo/bar", false },
		{ "caf?", "caf\xc3\xa9", true },
		{ "caf??", "caf\xc3\xa9", false },
		{ "a?b",
		  "a\xff"
		  "b",
		  true },
		/* many */
		{ "*", "foo", true },
		{ "*", ".hidden", true },
		{ "*", "foo/bar", false },
		{ "f*", "foo", true },
		{ "*f", "foo", false },
		{ "*o", "foo", true },
		{ "*.pyc", "a.pyc", true },
		{ "*.pyc", ".pyc", true },
		{ "*.pyc", "a.py", false },
		{ "*.pyc", "pyc", false },
		{ "tmp*", "tmp", true },
		{ "tmp*", "tm", false },
		{ "*foo*", "foo", true },
		{ "*ob*a*r*", "foobar", true },
		{ "*ob*a*rx*", "foobar", false },
		{ "*ab", "aaaaaaabababab", true },
		{ "foo*", "foo/bar", false },
		{ "foo/*", "foo/bar", true },
		{ "foo/*", "foo/bar/baz", false },
		{ "*/*", "foo/bar", true },
		{ "*/*", "foo", false },
		{ "f**o", "foo", true },
		{ "f**o", "f/o", false },
		{ "**foo", "afoo", true },
		{ "**foo", "a/foo", false },
		{ "foo**", "foox", true },
		{ "foo**", "foo/x", false },
		{ "*\xc3\xa9", "caf\xc3\xa9", true },
		/* escapes */
		{ "foo\\*", "foo*", true },
		{ "foo\\*", "foox", false },
		{ "foo\\*bar", "foo*bar", true },
		{ "foo\\**", "foo*bar", true },
		{ "foo\\**", "foobar", false },
		{ "foo\\\\*", "foo\\bar", true },
		{ "f\\\\oo", "f\\oo", true },
		{ "\\f\\o\\o", "foo", true },
		{ "\\**", "*x", true },
		{ "\\**", "xx", false },
		{ "\\[ab]", "[ab]", true },
		{ "\\??", "?x", true },
		{ "\\??", "xx", false },
		{ "foo\\/bar", "foo/bar", true },
		{ "*\\?", "a?", true },
		/* sets */
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[^a-c]x", "dx", true },
		{ "[!a-c]x", "ax", false },
		{ "t[a-g]n", "ten", true },
		{ "t[!a-g]n", "ten", false },
		{ "t[!a-g]n", "ton", true },
		{ "a[]]b", "a]b", true },
		{ "a[]-]b", "a-b", true },
		{ "a[]-]b", "a]b", true },
		{ "a[]-]b", "aab", false },
		{ "a[]a-]b", "aab", true },
		{ "]", "]", true },
		{ "[!]a-]", "b", true },
		{ "[!]a-]", "]", false },
		{ "[!]a-]", "-", false },
		{ "[a-]", "-", true },
		{ "[-a]", "-", true },
		{ "[---]", "-", true },
		{ "[+--]", ",", true },
		{ "[--0]", ".", true },
		{ "[a-c-e]", "d", false },
		{ "[a-c-e]", "-", true },
		{ "[z-a]", "m", false },
		{ "[\\]]", "]", true },
		{ "[\\\\]", "\\", true },
		{ "[a\\-c]", "b", false },
		{ "[a\\-c]", "-", true },
		{ "[\\a-\\c]", "b", true },
		{ "[[]", "[", true },
		{ "[[a]", "a", true },
		{ "[[:]", ":", true },
		{ "[!a]", "/", false },
		{ "a[/]b", "a/b", false },
		{ "a[!x]b", "a/b", false },
		{ "a[.-0]b", "a/b", false },
		{ "[[:digit:]]", "7", true },
		{ "[[:digit:]]", "a", false },
		{ "[![:digit:]]", "a", true },
		{ "[[:alpha:]_]", "_", true },
		{ "[[:upper:]]", "a", false },
		{ "[[:upper:]]", "A", true },
		{ "[[:lower:]x[:digit:]]", "5", true },
		{ "[[:alnum:]][[:punct:]][[:space:]][[:xdigit:]]", "z! F", true },
		{ "[[:xdigit:]]", "g", false },
		{ "[[:blank:]]", "\t", true },
		{ "[[:cntrl:]]", "\x7f", true },
		{ "[[:graph:]]", " ", false },
		{ "[[:print:]]", " ", true },
		{ "[[:alpha:]]", "\xc3\xa9", false },
		{ "[\xc3\xa0-\xc3\xb0]", "\xc3\xa9", true },
		{ "[\xc3\xa0-\xc3\xb0]", "\xc3\xbf", false },
		{ "[!a]x", "\xc3\xa9x", true },
		{ "[!a]", "\xff", true },
		{ "*[0-9].t?t", "run12.txt", true },
		/* any number of components */
		{ "**", "a", true },
		{ "**", "a/b/c", true },
		{ "**/foo", "foo", true },
		{ "**/foo", "a/b/foo", true },
		{ "**/foo", "a/foo/b", false },
		{ "**/foo", "xfoo", false },
		{ "**/foo", "a/xfoo", false },
		{ "foo/**", "foo", false },
		{ "foo/**", "foo/a", true },
		{ "foo/**", "foo/a/b", true },
		{ "foo/**", "foox/a", false },
		{ "a/**/b", "a/b", true },
		{ "a/**/b", "a/x/b", true },
		{ "a/**/b", "a/x/y/b", true },
		{ "a/**/b", "a/x/y", false },
		{ "a/**/b", "ab", false },
		{ "a/**/b", "b/a/b", false },
		{ "a/***/b", "a/x/y/b", true },
		{ "**/a/**/b/**", "x/a/b/b", true },
		{ "**/a/**/b/**", "a/b", false },
		{ "**/**/a", "a", true },
		{ "a/**/**", "a", false },
		{ "a/**/**", "a/b", true },
		{ "**/a/b/c", "a/b/a/b/c", true },
		{ "**/a/*/c", "a/a/b/c", true },
		{ "**/*.txt", "a/b.txt", true },
		{ "a/**/*", "a", false },
		{ "a/**/*", "a/b/c", true },
		{ "**/x/**/y/**/z", "x/y/y/x/z/z", true },
		{ "**/x/**/y/**/z", "y/x/z/y", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (matches(cases[i].pattern, cases[i].path) != cases[i].is_match)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].path);
}

static void patterns_that_could_never_match_are_refused(void **state)
{
	static const struct {
		const char *pattern, *reason;
	} cases[] = {
		{ "", "empty component" },
		{ "/a", "empty component" },
		{ "a//b", "empty component" },
		{ "a/", "empty component" },
		{ "./a", "component '.' or '..'" },
		{ "a/../b", "component '.' or '..'" },
		{ "\\.", "component '.' or '..'" },
		{ "[", "without its ']'" },
		{ "[!", "without its ']'" },
		{ "[]", "without its ']'" },
		{ "[!]", "without its ']'" },
		{ "[a-", "without its ']'" },
		{ "x[ab", "without its ']'" },
		{ "x[ab\\]", "without its ']'" },
		{ "x[a/b", "without its ']'" },
		{ "[[:digit:]", "without its ']'" },
		{ "[[:nothing:]]", "unknown [:class:]" },
		{ "[[::]]", "unknown [:class:]" },
		{ "a\\", "bare backslash" },
		{ "a/b\\", "bare backslash" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		struct glob *glob;

		if (glob_new(&glob, view_text(cases[i].pattern), &err) != MUSTER_E_USAGE ||
		    !strstr(err.message, cases[i].reason))
			fail_msg("'%s': %s", cases[i].pattern, err.message);
		assert_null(glob);
	}
	assert_true(matches("..a", "..a"));
	assert_true(matches("...", "..."));
}

static void the_reason_is_named_even_for_a_long_pattern(void **state)
{
	static char text[GLOB_PATTERN_MAX_BYTES + 1];
	struct muster_error err = { 0 };
	struct glob *glob;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(glob_new(&glob, view_of(text, GLOB_PATTERN_MAX_BYTES), &err), MUSTER_OK);
	assert_true(glob_match(glob, view_of(text, GLOB_PATTERN_MAX_BYTES)));
	glob_free(glob);
	assert_int_equal(glob_new(&glob, view_of(text, sizeof(text)), &err), MUSTER_E_LIMIT);
	text[GLOB_PATTERN_MAX_BYTES - 1] = '[';
	assert_int_equal(glob_new(&glob, view_of(text, GLOB_PATTERN_MAX_BYTES), &err),
			 MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "without its ']'"));
}

/* Fills a pattern and a path with repeated pieces. The test's time limit is the assertion: what
 * tries each way would not end in this century. */
static void check_hard(const char *piece, const char *pattern_end, const char *path_piece,
		       const char *path_end)
{
	static char pattern[GLOB_PATTERN_MAX_BYTES + 1], path[4097];
	size_t pattern_len = 0, path_len = 0;

	while (pattern_len + strlen(piece) + strlen(pattern_end) < sizeof(pattern)) {
		memcpy(pattern + pattern_len, piece, strlen(piece));
		pattern_len += strlen(piece);
	}
	while (path_len + strlen(path_piece) + strlen(path_end) < sizeof(path)) {
		memcpy(path + path_len, path_piece, strlen(path_piece));
		path_len += strlen(path_piece);
	}
	memcpy(pattern + pattern_len, pattern_end, strlen(pattern_end) + 1);
	memcpy(path + path_len, path_end, strlen(path_end) + 1);
	assert_false(matches(pattern, path));
}

static void no_pattern_takes_exponential_time(void **state)
{
	(void)state;
	check_hard("*a", "b", "a", "c");
	check_hard("*?", "b", "a", "c");
	check_hard("*[a-z]", "b", "a", "c");
	check_hard("**/a/", "b", "a/", "c");
	check_hard("**/*a*/", "b", "aa/", "c");
	check_hard("**/?*?*?*/", "b", "aaaa/", "c");
}

static void no_memory_is_reported(void **state)
{
	struct muster_error err = { 0 };
	struct glob *glob;

	(void)state;
	torture_allocation(1);
	assert_int_equal(glob_new(&glob, view_text("a/*"), &err), MUSTER_E_MEMORY);
	torture_off();
	assert_null(glob);
	glob_free(glob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_paths),
		cmocka_unit_test(patterns_that_could_never_match_are_refused),
		cmocka_unit_test(the_reason_is_named_even_for_a_long_pattern),
		cmocka_unit_test(no_pattern_takes_exponential_time),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
