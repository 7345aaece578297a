#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/filter/filter.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct filter *filter_of(const char *exclude_text, const char *const *includes)
{
	struct muster_error err = { 0 };
	struct filter *filter;

	assert_int_equal(filter_new(&filter, NULL), MUSTER_OK);
	if (filter_add_file_text(filter, view_text(exclude_text), &err))
		fail_msg("%s", err.message);
	for (; includes && *includes; includes++)
		if (filter_add(filter, view_text(*includes), FILTER_INCLUDE, &err))
			fail_msg("%s", err.message);
	return filter;
}

/* A path with '/' at its end is asked for as a directory. */
static bool wants(const struct filter *filter, const char *text)
{
	struct view path = view_text(text);
	bool is_directory = path.len && path.ptr[path.len - 1] == '/';

	path.len -= is_directory;
	return filter_wants(filter, path, is_directory);
}

static void excludes_mean_what_gitignore_says(void **state)
{
	static const struct {
		const char *patterns, *path;
		bool is_wanted;
	} cases[] = {
		{ "", "a", true },
		{ "", "a/", true },
		/* without '/': the last component, at any level */
		{ "foo", "foo", false },
		{ "foo", "a/foo", false },
		{ "foo", "a/b/foo", false },
		{ "foo", "foox", true },
		{ "foo", "foo/", false },
		{ "foo", "foo/a/b", false },
		{ "foo", "a/foo/b", false },
		{ "*.pyc", "a/b.pyc", false },
		{ "*.pyc", "a/b.py", true },
		{ "*.pyc", "a.pyc/b", false },
		{ "*", "a", false },
		{ "**", "a/b", false },
		/* with '/' at the front or within: the whole path */
		{ "/foo", "foo", false },
		{ "/foo", "foo/a", false },
		{ "/foo", "a/foo", true },
		{ "/*.c", "a.c", false },
		{ "/*.c", "a/a.c", true },
		{ "a/foo", "a/foo", false },
		{ "a/foo", "b/a/foo", true },
		{ "/a/foo", "a/foo", false },
		{ "a/*", "a/b", false },
		{ "a/*", "a/b/c", false },
		{ "a/*", "a/", true },
		{ "a/*", "b/a/c", true },
		/* '/' at the end: directories only */
		{ "foo/", "foo", true },
		{ "foo/", "foo/", false },
		{ "foo/", "foo/a", false },
		{ "foo/", "a/foo/b", false },
		{ "foo/", "a/foo", true },
		{ "/foo/", "a/foo/", true },
		{ "a/foo/", "a/foo/", false },
		{ "a/foo/", "a/foo", true },
		/* any number of components */
		{ "**/foo", "foo", false },
		{ "**/foo", "a/b/foo", false },
		{ "**/a/b", "x/a/b", false },
		{ "**/a/b", "x/a/c", true },
		{ "abc/**", "abc/", true },
		{ "abc/**", "abc/x/y", false },
		{ "a/**/b", "a/x/y/b", false },
		{ "a/**/b", "a/b", false },
		{ "foo/**/", "foo/a", true },
		{ "foo/**/", "foo/a/", false },
		/* later patterns win */
		{ "*.txt\n!keep.txt", "a.txt", false },
		{ "*.txt\n!keep.txt", "keep.txt", true },
		{ "*.txt\n!keep.txt", "a/keep.txt", true },
		{ "!keep.txt\n*.txt", "keep.txt", false },
		{ "*.txt\n!keep.txt\nkeep.txt", "keep.txt", false },
		{ "*\n!*/\n!*.c", "a/b.c", true },
		{ "*\n!*/\n!*.c", "a/b.h", false },
		{ "!a", "a", true },
		/* but not below an excluded directory */
		{ "foo/\n!foo/keep", "foo/keep", false },
		{ "foo\n!foo/keep", "foo/keep", false },
		{ "foo/*\n!foo/keep", "foo/keep", true },
		{ "foo/*\n!foo/keep", "foo/other", false },
		{ "foo\n!foo", "foo/a", true },
		{ "/*\n!/foo\n/foo/*\n!/foo/bar", "foo/bar/x", true },
		{ "/*\n!/foo\n/foo/*\n!/foo/bar", "foo/x", false },
		{ "/*\n!/foo\n/foo/*\n!/foo/bar", "x", false },
		/* files: comments, blanks, escapes, line ends */
		{ "# foo\n\n   \nbar", "foo", true },
		{ "# foo\n\n   \nbar", "bar", false },
		{ "#foo", "#foo", true },
		{ "\\#foo", "#foo", false },
		{ "\\!foo", "!foo", false },
		{ "!foo", "!foo", true },
		{ "foo   ", "foo", false },
		{ "foo\\ ", "foo ", false },
		{ "foo\\ ", "foo", true },
		{ "foo\\   ", "foo ", false },
		{ "a b", "a b", false },
		{ " foo", "foo", true },
		{ " foo", " foo", false },
		{ "foo\r\nbar\r\n", "foo", false },
		{ "foo\r\nbar\r\n", "bar", false },
		{ "\r\n\n", "a", true },
		{ "\xef\xbb\xbf"
		  "foo",
		  "foo", false },
		{ "foo\n\xef\xbb\xbf"
		  "bar",
		  "bar", true },
		{ "foo", "Foo", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct filter *filter = filter_of(cases[i].patterns, NULL);

		if (wants(filter, cases[i].path) != cases[i].is_wanted)
			fail_msg("'%s' on '%s'", cases[i].patterns, cases[i].path);
		filter_free(filter);
	}
}

static void includes_choose_files_and_excludes_take_away(void **state)
{
	static const struct {
		const char *includes[4], *excludes, *path;
		bool is_wanted;
	} cases[] = {
		{ { "*.jpg" }, "", "a/b.jpg", true },
		{ { "*.jpg" }, "", "a/b.png", false },
		{ { "*.jpg" }, "", "a/", true }, /* directories are entered */
		{ { "*.jpg" }, "a", "a/", false },
		{ { "*.jpg" }, "a/", "a/b.jpg", false },
		{ { "*.jpg" }, "b.*", "a/b.jpg", false },
		{ { "*.jpg", "*.png" }, "", "b.png", true },
		{ { "data/" }, "", "data/a/b", true }, /* all that lies below */
		{ { "data/" }, "", "x/data/b", true },
		{ { "/data" }, "", "x/data/b", false },
		{ { "data/" }, "", "data", false },
		{ { "data" }, "", "data", true },
		{ { "data", "!*.tmp" }, "", "data/a.tmp", false },
		{ { "data", "!*.tmp" }, "", "data/a.jpg", true },
		{ { "data", "!data/tmp/" }, "", "data/tmp/x", false },
		{ { "data", "!data/tmp/", "*.jpg" }, "", "data/tmp/x.jpg", true },
		{ { "!*.tmp" }, "", "a.jpg", false },
		{ { "a/**/z" }, "", "a/b/z", true },
		{ { "#x" }, "", "#x", true }, /* no comments here */
		{ { "x " }, "", "x ", true },
		{ { "x " }, "", "x", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct filter *filter = filter_of(cases[i].excludes, cases[i].includes);

		if (wants(filter, cases[i].path) != cases[i].is_wanted)
			fail_msg("case %zu: '%s' on '%s'", i, cases[i].includes[0], cases[i].path);
		filter_free(filter);
	}
}

static void a_walk_does_not_ask_for_the_directories_above(void **state)
{
	struct filter *filter = filter_of("foo/\n*.o", (const char *[]){ "/foo", "*.c", NULL });

	(void)state;
	assert_false(filter_wants(filter, view_text("foo/a"), false));
	assert_true(filter_wants_in_walk(filter, view_text("foo/a"), false));
	assert_false(filter_wants_in_walk(filter, view_text("foo/a.o"), false));
	assert_false(filter_wants_in_walk(filter, view_text("foo"), true));
	assert_false(filter_wants_in_walk(filter, view_text("b"), false));
	assert_true(filter_wants_in_walk(filter, view_text("b/x.c"), false));
	filter_free(filter);
	filter_free(NULL);
}

static void bad_patterns_are_named_with_their_line(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "a\n[b", "line 2: pattern '[b' has a '['" },
		{ "# c\n\n!\n", "line 3: pattern '!' names nothing" },
		{ "/", "line 1: pattern '/' names nothing" },
		{ "!/", "line 1: pattern '!/' names nothing" },
		{ "//", "line 1: pattern '//' names nothing" },
		{ "a//", "line 1: pattern 'a/' has an empty component" },
		{ "./a", "'./a' has a component '.'" },
		{ "a\\/", "ends in a bare backslash" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		struct filter *filter;

		assert_int_equal(filter_new(&filter, NULL), MUSTER_OK);
		assert_int_equal(filter_add_file_text(filter, view_text(cases[i].text), &err),
				 MUSTER_E_USAGE);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("'%s': %s", cases[i].text, err.message);
		assert_true(wants(filter, "x"));
		filter_free(filter);
	}
}

static void the_number_of_patterns_has_a_limit(void **state)
{
	struct muster_error err = { 0 };
	struct filter *filter;

	(void)state;
	assert_int_equal(filter_new(&filter, NULL), MUSTER_OK);
	for (unsigned i = 0; i < FILTER_PATTERNS_MAX; i++)
		assert_int_equal(filter_add(filter, view_text("a"),
					    i % 2 ? FILTER_INCLUDE : FILTER_EXCLUDE, &err),
				 MUSTER_OK);
	assert_int_equal(filter_add(filter, view_text("b"), FILTER_EXCLUDE, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "65536"));
	assert_false(wants(filter, "a"));
	filter_free(filter);
}

static void a_pattern_has_a_longest_length(void **state)
{
	static char text[GLOB_PATTERN_MAX_BYTES + 2];
	struct muster_error err = { 0 };
	struct filter *filter;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(filter_new(&filter, NULL), MUSTER_OK);
	assert_int_equal(filter_add_file_text(filter, view_text(text), &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "line 1"));
	text[GLOB_PATTERN_MAX_BYTES] = '\0';
	assert_int_equal(filter_add_file_text(filter, view_text(text), &err), MUSTER_OK);
	assert_false(wants(filter, text));
	filter_free(filter);
}

static void no_memory_is_reported(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t n = 1; !done; n++) {
		struct muster_error err = { 0 };
		struct filter *filter;
		enum muster_code code;

		torture_allocation(n);
		code = filter_new(&filter, &err);
		if (!code)
			code = filter_add_file_text(filter, view_text("1\n2\n3\n4\n5\n6\n7\n8\n9"),
						    &err);
		if (!code)
			code = filter_add(filter, view_text("*"), FILTER_INCLUDE, &err);
		done = !torture_hit();
		torture_off();
		assert_int_equal(code, done ? MUSTER_OK : MUSTER_E_MEMORY);
		assert_int_equal(err.code, code);
		if (done)
			assert_false(wants(filter, "9"));
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(excludes_mean_what_gitignore_says),
		cmocka_unit_test(includes_choose_files_and_excludes_take_away),
		cmocka_unit_test(a_walk_does_not_ask_for_the_directories_above),
		cmocka_unit_test(bad_patterns_are_named_with_their_line),
		cmocka_unit_test(the_number_of_patterns_has_a_limit),
		cmocka_unit_test(a_pattern_has_a_longest_length),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
