#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/text.h"
#include "base/text/utf8.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_bytes(const struct bytes *bytes, const char *expected)
{
	assert_int_equal(bytes->len, strlen(expected));
	assert_memory_equal(bytes->ptr, expected, bytes->len);
}

static void names_are_printed_safely(void **state)
{
	static const struct {
		const char *name, *safe;
	} cases[] = {
		{ "", "" },
		{ "data/a b.bin", "data/a b.bin" },
		{ "caf\xc3\xa9/\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x98\x80",
		  "caf\xc3\xa9/\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x98\x80" },
		{ "a\\b", "a\\\\b" },
		{ "\\x41", "\\\\x41" },
		{ "tab\tnl\n", "tab\\x09nl\\x0a" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b", "\\xc2\\x9b" }, /* CSI as one C1 character */
		{ "\xc2\xa0", "\xc2\xa0" },   /* the first behind C1 */
		{ "\xff"
		  "a",
		  "\\xffa" },
		{ "\xe2\x82", "\\xe2\\x82" }, /* cut */
		{ "\xc3"
		  "b",
		  "\\xc3"
		  "b" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "\xe2\x80\xae"
		  "gpj",
		  "\\xe2\\x80\\xaegpj" },	       /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* isolate */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
		{ "\xd8\x9c", "\\xd8\\x9c" },	       /* Arabic letter mark */
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" }, /* byte order mark */
		{ "\xe2\x80\x8d", "\xe2\x80\x8d" },    /* joiners are part of writing */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 }, back = { 0 };

		assert_int_equal(text_append_safe(&out, view_text(cases[i].name), NULL), MUSTER_OK);
		assert_bytes(&out, cases[i].safe);
		assert_int_equal(text_append_unsafe(&back, bytes_view(&out), NULL), MUSTER_OK);
		assert_bytes(&back, cases[i].name);
		bytes_release(&out);
		bytes_release(&back);
	}
}

static void a_nul_is_escaped_like_any_control(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(text_append_safe(&out, view_of("a\0b", 3), NULL), MUSTER_OK);
	assert_bytes(&out, "a\\x00b");
	bytes_release(&out);
}

/* Every two-byte name: safe text is UTF-8 without controls, and leads back. */
static void safe_text_is_reversible(void **state)
{
	struct bytes safe = { 0 }, back = { 0 };

	(void)state;
	for (unsigned n = 0; n < 65536; n++) {
		uint8_t name[3] = { (uint8_t)(n >> 8), (uint8_t)n, 'x' };

		safe.len = back.len = 0;
		assert_int_equal(text_append_safe(&safe, view_of(name, 3), NULL), MUSTER_OK);
		assert_true(utf8_valid(bytes_view(&safe)));
		for (size_t i = 0; i < safe.len; i++)
			assert_true(safe.ptr[i] >= 0x20 && safe.ptr[i] != 0x7f);
		assert_int_equal(text_append_unsafe(&back, bytes_view(&safe), NULL), MUSTER_OK);
		assert_int_equal(back.len, 3);
		assert_memory_equal(back.ptr, name, 3);
	}
	bytes_release(&safe);
	bytes_release(&back);
}

static void broken_escapes_are_refused_and_append_nothing(void **state)
{
	static const char *const cases[] = { "\\",    "a\\",   "\\x", "\\x4",
					     "\\x4G", "\\xAB", "\\n", "\\ " };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		struct bytes out = { 0 };

		assert_int_equal(bytes_append_text(&out, "kept", NULL), MUSTER_OK);
		assert_int_equal(text_append_unsafe(&out, view_text(cases[i]), &err),
				 MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "backslash"));
		assert_bytes(&out, "kept");
		bytes_release(&out);
	}
}

static void no_memory_is_reported(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t n = 1; !done; n++) {
		struct bytes safe = { 0 }, back = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = text_append_safe(&safe, view_text("name\n"), NULL);
		if (!code)
			code = text_append_unsafe(&back, bytes_view(&safe), NULL);
		done = !torture_hit();
		torture_off();
		assert_int_equal(code, done ? MUSTER_OK : MUSTER_E_MEMORY);
		bytes_release(&safe);
		bytes_release(&back);
	}
}

static void sizes_are_written_for_people(void **state)
{
	static const struct {
		uint64_t size_bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 832, "832 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1075, "1.0 KiB" },
		{ 1076, "1.1 KiB" },
		{ 1048524, "1023.9 KiB" },
		{ 1048525, "1.0 MiB" }, /* never "1024.0 KiB" */
		{ 1572864, "1.5 MiB" },
		{ UINT64_C(64) << 20, "64.0 MiB" },
		{ UINT64_C(5) << 30, "5.0 GiB" },
		{ UINT64_C(5) << 40, "5.0 TiB" },
		{ UINT64_C(5) << 50, "5.0 PiB" },
		{ UINT64_C(5) << 60, "5.0 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[TEXT_SIZE_BYTES];

		assert_string_equal(text_size(buf, cases[i].size_bytes), cases[i].text);
	}
}

static void typed_sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t size_bytes;
	} cases[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "832 B", 832 },
		{ "832b", 832 },
		{ "512k", 524288 },
		{ "512K", 524288 },
		{ "1Ki", 1024 },
		{ "1kib", 1024 },
		{ "1kB", 1000 },
		{ "64MiB", UINT64_C(64) << 20 },
		{ "10GB", UINT64_C(10000000000) },
		{ "10G", UINT64_C(10) << 30 },
		{ "2TiB", UINT64_C(2) << 40 },
		{ "3P", UINT64_C(3) << 50 },
		{ "15EiB", UINT64_C(15) << 60 },
		{ "18EB", UINT64_C(18000000000000000000) },
		{ "1.5 MiB", 1572864 },
		{ "0.5k", 512 },
		{ "1.0001k", 1024 },
		{ "0.123456789GB", 123456789 },
		{ "18446744073709551615", UINT64_MAX },
		{ "007", 7 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t size_bytes = 1;

		assert_int_equal(text_parse_size(view_text(cases[i].text), &size_bytes, NULL),
				 MUSTER_OK);
		assert_true(size_bytes == cases[i].size_bytes);
	}
}

static void what_is_no_size_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", "not a size" },
		{ " 1", "not a size" },
		{ "1 ", "not a size" },
		{ "1  k", "not a size" },
		{ "-1", "not a size" },
		{ "+1", "not a size" },
		{ "k", "not a size" },
		{ "1kk", "not a size" },
		{ "1bk", "not a size" },
		{ "1kx", "not a size" },
		{ "1kibs", "not a size" },
		{ "1z", "not a size" },
		{ "0x10", "not a size" },
		{ "1e3", "not a size" },
		{ "1.5", "not a size" },
		{ "1.5 B", "not a size" },
		{ "1.k", "not a size" },
		{ ".5k", "not a size" },
		{ "1.0000000000k", "not a size" },
		{ "1,5k", "not a size" },
		{ "18446744073709551616", "2^64-1" },
		{ "99999999999999999999999999999999", "2^64-1" },
		{ "16EiB", "2^64-1" },
		{ "19EB", "2^64-1" },
		{ "18446744073709551615k", "2^64-1" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		uint64_t size_bytes;

		assert_int_equal(text_parse_size(view_text(cases[i].text), &size_bytes, &err),
				 MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_non_null(strstr(err.message, cases[i].text));
	}
}

static void durations_are_written_for_people(void **state)
{
	static const struct {
		uint64_t duration_ns;
		const char *text;
	} cases[] = {
		{ 0, "0.0 ms" },
		{ 420000, "0.4 ms" },
		{ 9949999, "9.9 ms" },
		{ 9950000, "10 ms" },
		{ 250000000, "250 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.0 s" },
		{ 1200000000, "1.2 s" },
		{ UINT64_C(59949999999), "59.9 s" },
		{ UINT64_C(59950000000), "1 min 0 s" }, /* never "60.0 s" */
		{ UINT64_C(200000000000), "3 min 20 s" },
		{ UINT64_C(3599499999999), "59 min 59 s" },
		{ UINT64_C(3599500000000), "1 h 0 min" },
		{ UINT64_C(7500000000000), "2 h 5 min" },
		{ UINT64_C(86369000000000), "23 h 59 min" },
		{ UINT64_C(86370000000000), "1 d 0 h" },
		{ UINT64_C(273600000000000), "3 d 4 h" },
		{ UINT64_MAX, "213504 d 0 h" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[TEXT_DURATION_BYTES];

		assert_string_equal(text_duration(buf, cases[i].duration_ns), cases[i].text);
	}
}

static void causes_do_not_name_the_item_again(void **state)
{
	static const struct {
		const char *path, *message, *expected;
	} cases[] = {
		{ "a", "open 'a': No such file", "open it: No such file" },
		{ "sub/a", "open 'sub/a': No such file", "open it: No such file" },
		{ "sub/a", "open 'a': No such file", "open it: No such file" },
		{ "a", "follow link 'a': No such file", "follow link: No such file" },
		{ "a", "a symbolic link loop: 'a'", "a symbolic link loop" },
		{ "a", "a part is too long: 'a': File name too long",
		  "a part is too long: File name too long" },
		{ "a", "open directory 'a': Permission denied",
		  "open directory: Permission denied" },
		{ "a", "there is a directory at 'a': Is a directory",
		  "there is a directory at it: Is a directory" },
		{ "a", "'a' is gone", "it is gone" },
		{ "a\nb\xff\\", "open 'a\\x0ab\\xff\\': No", "open it: No" },
		{ "", "open '': No", "open it: No" },
		/* another one */
		{ "a", "open 'b': No", "open 'b': No" },
		{ "a", "open '/x/a': No", "open '/x/a': No" },
		{ "xa", "open 'a': No", "open 'a': No" },
		{ "a/a", "'a' is where a directory should be",
		  "'a' is where a directory should be" },
		{ "a/b/a", "open directory 'a': No", "open directory 'a': No" },
		{ "a", "move 'b' to 'a': No", "move 'b' to it: No" },
		{ "a", "it is gone", "it is gone" },
		{ "a", "", "" },
		{ "a", "'", "'" },
		{ "a", "don't 'a", "don't 'a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };

		assert_int_equal(text_append_cause(&out, view_text(cases[i].path),
						   view_text(cases[i].message), NULL),
				 MUSTER_OK);
		assert_bytes(&out, cases[i].expected);
		bytes_release(&out);
	}
}

static void one_has_no_plural(void **state)
{
	(void)state;
	assert_string_equal(text_plural(0, "file", "files"), "files");
	assert_string_equal(text_plural(1, "file", "files"), "file");
	assert_string_equal(text_plural(2, "file", "files"), "files");
	assert_string_equal(text_plural(UINT64_MAX, "file", "files"), "files");
}

static void counts_have_separators(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 12345, "12,345" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[TEXT_COUNT_BYTES];

		assert_string_equal(text_count(buf, cases[i].count), cases[i].text);
	}
}

static void whole_numbers_are_read_strictly(void **state)
{
	static const char *const refused[] = {
		"",
		" 1",
		"1 ",
		"-1",
		"+1",
		"01",
		"00",
		"1.0",
		"1e3",
		"0x1",
		"1_000",
		"a",
		"18446744073709551616",
		"184467440737095516150",
		"99999999999999999999",
	};
	uint64_t value = 1;

	(void)state;
	assert_true(text_parse_u64(view_text("0"), &value));
	assert_true(value == 0);
	assert_true(text_parse_u64(view_text("10"), &value));
	assert_true(value == 10);
	assert_true(text_parse_u64(view_text("18446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
	value = 7;
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(text_parse_u64(view_text(refused[i]), &value));
	assert_true(value == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_printed_safely),
		cmocka_unit_test(a_nul_is_escaped_like_any_control),
		cmocka_unit_test(safe_text_is_reversible),
		cmocka_unit_test(broken_escapes_are_refused_and_append_nothing),
		cmocka_unit_test(no_memory_is_reported),
		cmocka_unit_test(sizes_are_written_for_people),
		cmocka_unit_test(typed_sizes_are_read),
		cmocka_unit_test(what_is_no_size_is_refused_by_name),
		cmocka_unit_test(durations_are_written_for_people),
		cmocka_unit_test(causes_do_not_name_the_item_again),
		cmocka_unit_test(one_has_no_plural),
		cmocka_unit_test(counts_have_separators),
		cmocka_unit_test(whole_numbers_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
