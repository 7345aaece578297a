#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "artifact/path.h"
#include "tests/support/torture.h"

static void ordinary_names_may_enter_an_artifact(void **state)
{
	static const char *const paths[] = {
		"a",	     "a/b",	   ".hidden", "a/.hidden/b", "...",
		"..a",	     "a..",	   " ",	      "a/..b/c..",   "a\nb",
		"ab:c",	     "1:b",	   ":b",      "a/C:x",	     "a\\b",
		"a\\...\\b", "a\\.\\b",	   "a/b\\",   "\xc3\xa9:b",  "\x7f",
		"*?\"<",     "a/\xc3\xa9", "con",     "trailing. ",  "\xf0\x9f\x98\x80/x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(entry_path_check(view_text(paths[i]), NULL), MUSTER_OK);
}

static const struct bad_path {
	struct view path;
	const char *rule;
} bad_paths[] = {
	{ { 0 }, "it is empty" },
	{ VIEW_LITERAL("/"), "it is absolute" },
	{ VIEW_LITERAL("/a"), "it is absolute" },
	{ VIEW_LITERAL("//a"), "it is absolute" },
	{ VIEW_LITERAL("a//b"), "empty component" },
	{ VIEW_LITERAL("a/"), "ends in a slash" },
	{ VIEW_LITERAL("."), "component '.'" },
	{ VIEW_LITERAL("./a"), "component '.'" },
	{ VIEW_LITERAL("a/./b"), "component '.'" },
	{ VIEW_LITERAL("a/."), "component '.'" },
	{ VIEW_LITERAL(".."), "component '..'" },
	{ VIEW_LITERAL("../a"), "component '..'" },
	{ VIEW_LITERAL("a/../b"), "component '..'" },
	{ VIEW_LITERAL("a/.."), "component '..'" },
	{ VIEW_LITERAL("a\0b"), "NUL" },
	{ VIEW_LITERAL("C:x"), "Windows drive" },
	{ VIEW_LITERAL("c:"), "Windows drive" },
	{ VIEW_LITERAL("z:/x"), "Windows drive" },
	{ VIEW_LITERAL("C:\\x"), "Windows drive" },
	{ VIEW_LITERAL("\\x"), "absolute as a Windows path" },
	{ VIEW_LITERAL("\\\\host\\share\\x"), "absolute as a Windows path" },
	{ VIEW_LITERAL("a\\..\\b"), "'..' as a Windows path" },
	{ VIEW_LITERAL("..\\a"), "'..' as a Windows path" },
	{ VIEW_LITERAL("a/..\\b"), "'..' as a Windows path" },
	{ VIEW_LITERAL("a\\../b"), "'..' as a Windows path" },
	{ VIEW_LITERAL("a\\.."), "'..' as a Windows path" },
	{ VIEW_LITERAL("\xff"), "not valid UTF-8: '\\xff'" },
	{ VIEW_LITERAL("caf\xe9/x"), "not valid UTF-8: 'caf\\xe9/x'" },
	{ VIEW_LITERAL("a\xc3"), "not valid UTF-8: 'a\\xc3'" },
	{ VIEW_LITERAL("\xed\xa0\x80"), "not valid UTF-8" },
};

static void bad_paths_are_refused_with_their_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(entry_path_check(bad_paths[i].path, &err), MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, "Invalid artifact path: "));
		assert_non_null(strstr(err.message, bad_paths[i].rule));
	}
}

/* Paths are looked at in words of 8 bytes: a rule may be broken anywhere in one, or across two. */
static void rules_hold_at_every_offset(void **state)
{
	static const struct view bad_ends[] = {
		VIEW_LITERAL("/../y"),	VIEW_LITERAL("/./y"),	 VIEW_LITERAL("//y"),
		VIEW_LITERAL("/.."),	VIEW_LITERAL("/."),	 VIEW_LITERAL("/"),
		VIEW_LITERAL("\0y"),	VIEW_LITERAL("\xffy"),	 VIEW_LITERAL("\xc3"),
		VIEW_LITERAL("/..\\y"), VIEW_LITERAL("\\..\\y"), VIEW_LITERAL("\\.."),
	};
	static const struct view good_ends[] = {
		VIEW_LITERAL("/y"),   VIEW_LITERAL("/.y"),	VIEW_LITERAL("/..y"),
		VIEW_LITERAL("/..."), VIEW_LITERAL("y."),	VIEW_LITERAL("y../z"),
		VIEW_LITERAL("\\y"),  VIEW_LITERAL("\xc3\xa9"), VIEW_LITERAL("y:z"),
		VIEW_LITERAL("."),
	};
	uint8_t path[40];

	(void)state;
	memset(path, 'x', sizeof(path));
	for (size_t len = 2; len < 28; len++) {
		for (size_t i = 0; i < sizeof(bad_ends) / sizeof(bad_ends[0]); i++) {
			memcpy(path + len, bad_ends[i].ptr, bad_ends[i].len);
			assert_int_equal(
				entry_path_check(view_of(path, len + bad_ends[i].len), NULL),
				MUSTER_E_USAGE);
		}
		for (size_t i = 0; i < sizeof(good_ends) / sizeof(good_ends[0]); i++) {
			memcpy(path + len, good_ends[i].ptr, good_ends[i].len);
			assert_int_equal(
				entry_path_check(view_of(path, len + good_ends[i].len), NULL),
				MUSTER_OK);
		}
		path[len] = 'x';
	}
}

static void length_ends_at_4096_bytes(void **state)
{
	uint8_t path[ENTRY_PATH_MAX_BYTES + 1];
	struct muster_error err = { 0 };
	struct bytes out = { 0 };

	(void)state;
	memset(path, 'x', sizeof(path));
	assert_int_equal(entry_path_check(view_of(path, sizeof(path) - 1), &err), MUSTER_OK);
	assert_int_equal(entry_path_check(view_of(path, sizeof(path)), &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "longer than 4096 bytes: 'xxx"));
	assert_non_null(strstr(err.message, "xxx...'"));
	assert_int_equal(entry_path_normalize(view_of(path, sizeof(path)), &out, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(entry_path_normalize(view_of(path, sizeof(path) - 1), &out, &err),
			 MUSTER_OK);
	bytes_release(&out);
}

static void control_bytes_are_escaped_in_messages(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(entry_path_check(VIEW_LITERAL("../\x1b[2J"), &err), MUSTER_E_USAGE);
	assert_string_equal(err.message,
			    "Invalid artifact path: it has a component '..': '../\\x1b[2J'");
}

static void spellings_are_normalized(void **state)
{
	static const struct {
		const char *spelling, *path;
	} cases[] = {
		{ "a", "a" },
		{ "a/", "a" },
		{ "a//", "a" },
		{ "./a", "a" },
		{ "a/./b", "a/b" },
		{ "a//b///c", "a/b/c" },
		{ "././a/.", "a" },
		{ "a/b/./", "a/b" },
		{ "a\\b", "a\\b" },
		{ "a/.b", "a/.b" },
		{ ".../x", ".../x" },
		{ "a/C:x", "a/C:x" },
		{ "\xc3\xa9/", "\xc3\xa9" },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(entry_path_normalize(view_text(cases[i].spelling), &out, NULL), 0);
		assert_true(view_equal(bytes_view(&out), view_text(cases[i].path)));
	}
	bytes_release(&out);
}

static void spellings_without_a_meaning_are_refused(void **state)
{
	static const struct {
		const char *spelling, *rule;
	} cases[] = {
		{ "", "it is empty" },	      { ".", "it is empty" },
		{ "./", "it is empty" },      { "/", "it is absolute" },
		{ "//a", "it is absolute" },  { "..", "'..'" },
		{ "a/../b", "'..'" },	      { "a/..", "'..'" },
		{ "./C:x", "Windows drive" }, { ".//\\x", "Windows path" },
		{ "a\\..", "Windows path" },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(entry_path_normalize(view_text(cases[i].spelling), &out, &err),
				 MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, cases[i].rule));
	}
	bytes_release(&out);
}

static void prefix_ends_at_a_component(void **state)
{
	static const struct {
		const char *prefix, *path;
		bool is_under;
	} cases[] = {
		{ "a", "a", true },	  { "a", "a/b", true },	    { "a", "ab", false },
		{ "a/b", "a/bc", false }, { "a/b", "a/b/c", true }, { "a/", "a/b", true },
		{ "a/", "a", true },	  { "", "a", true },	    { "/", "a", true },
		{ "a/b", "a", false },	  { "b", "a/b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			path_is_under(view_text(cases[i].prefix), view_text(cases[i].path)),
			cases[i].is_under);
}

static void failed_allocation_is_reported(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct bytes out = { 0 };
		enum muster_code code = entry_path_normalize(VIEW_LITERAL("a//b"), &out, NULL);
		bool was_hit = torture_hit();

		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		bytes_release(&out);
		if (!was_hit)
			break;
		assert_true(n < 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_names_may_enter_an_artifact),
		cmocka_unit_test(bad_paths_are_refused_with_their_rule),
		cmocka_unit_test(rules_hold_at_every_offset),
		cmocka_unit_test(length_ends_at_4096_bytes),
		cmocka_unit_test(control_bytes_are_escaped_in_messages),
		cmocka_unit_test(spellings_are_normalized),
		cmocka_unit_test(spellings_without_a_meaning_are_refused),
		cmocka_unit_test(prefix_ends_at_a_component),
		cmocka_unit_test(failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
