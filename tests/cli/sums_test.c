#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/sums.h"

#define HEX "000102030405060708090a0b0c0d0eff"

static const uint8_t digest[SUM_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255 };

/* What md5sum of coreutils prints for these names. */
static const struct {
	const char *path, *line;
} names[] = {
	{ "a.txt", HEX "  a.txt" },
	{ " b", HEX "   b" },
	{ "*c", HEX "  *c" },
	{ "d\\e", "\\" HEX "  d\\\\e" },
	{ "f\ng", "\\" HEX "  f\\ng" },
	{ "h\ri", "\\" HEX "  h\\ri" },
	{ "Gr\xc3\xbc\xc3\x9f\x65\xff", HEX "  Gr\xc3\xbc\xc3\x9f\x65\xff" },
};

static void lines_are_those_of_md5sum(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		out.len = 0;
		sum_append(&out, digest, view_text(names[i].path));
		assert_true(view_equal(bytes_view(&out), view_text(names[i].line)));
	}
	bytes_release(&out);
}

static void lines_are_read_back(void **state)
{
	struct bytes path = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct view text = view_text(names[i].line);
		struct sum_line line;
		uint64_t number = 0;

		path.len = 0;
		assert_true(sum_take(&text, &line, &number));
		assert_memory_equal(line.digest, digest, SUM_BYTES);
		assert_true(sum_path(&path, &line));
		assert_string_equal((const char *)path.ptr, names[i].path);
		assert_false(sum_take(&text, &line, &number));
		assert_int_equal(number, 1);
	}
	bytes_release(&path);
}

static void comments_empty_lines_and_carriage_returns_are_passed_over(void **state)
{
	struct view text = view_text("# made today\n\n" HEX " *bin\r\n\n" HEX "  last");
	struct sum_line line;
	uint64_t number = 0;

	(void)state;
	assert_true(sum_take(&text, &line, &number));
	assert_true(view_equal(line.path, view_text("bin")));
	assert_int_equal(number, 3);
	assert_true(sum_take(&text, &line, &number));
	assert_true(view_equal(line.path, view_text("last")));
	assert_int_equal(number, 5);
	assert_false(sum_take(&text, &line, &number));
}

static void what_is_no_line_has_no_path(void **state)
{
	static const char *const lines[] = {
		"a.txt",
		HEX,
		HEX "  ",
		HEX " ",
		HEX "x a",
		HEX " xa",
		"0" HEX "  a",
		"\\",
		"000102030405060708090A0B0C0D0EFF  upper",
		"zz0102030405060708090a0b0c0d0eff  a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct view text = view_text(lines[i]);
		struct sum_line line;
		uint64_t number = 0;

		assert_true(sum_take(&text, &line, &number));
		assert_int_equal(line.path.len, 0);
	}
}

static void broken_escapes_are_refused(void **state)
{
	static const char *const lines[] = { "\\" HEX "  a\\", "\\" HEX "  a\\x" };
	struct bytes path = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct view text = view_text(lines[i]);
		struct sum_line line;
		uint64_t number = 0;

		assert_true(sum_take(&text, &line, &number));
		assert_false(sum_path(&path, &line));
	}
	bytes_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_of_md5sum),
		cmocka_unit_test(lines_are_read_back),
		cmocka_unit_test(comments_empty_lines_and_carriage_returns_are_passed_over),
		cmocka_unit_test(what_is_no_line_has_no_path),
		cmocka_unit_test(broken_escapes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
