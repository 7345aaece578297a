#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/json/json.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_bytes(const struct bytes *bytes, const char *expected)
{
	assert_int_equal(bytes->len, strlen(expected));
	assert_memory_equal(bytes->ptr, expected, bytes->len);
}

static void write_document(struct json_writer *w)
{
	json_write_object_begin(w);
	json_write_key(w, "name");
	json_write_text(w, "a\tb");
	json_write_key(w, "list");
	json_write_array_begin(w);
	json_write_u64(w, 0);
	json_write_u64(w, UINT64_MAX);
	json_write_i64(w, INT64_MIN);
	json_write_i64(w, 7);
	json_write_bool(w, true);
	json_write_bool(w, false);
	json_write_null(w);
	json_write_array_begin(w);
	json_write_array_end(w);
	json_write_object_begin(w);
	json_write_object_end(w);
	json_write_array_end(w);
	json_write_key_view(w, view_of("raw", 3));
	json_write_raw(w, view_text("{\"x\":1.5}"));
	json_write_object_end(w);
}

static void documents_are_written_compact_or_spaced(void **state)
{
	struct bytes out = { 0 };
	struct json_writer compact = { .out = &out }, spaced = { .out = &out, .spacing = true };

	(void)state;
	write_document(&compact);
	assert_int_equal(compact.code, MUSTER_OK);
	assert_bytes(&out,
		     "{\"name\":\"a\\tb\",\"list\":[0,18446744073709551615,-9223372036854775808,"
		     "7,true,false,null,[],{}],\"raw\":{\"x\":1.5}}");
	out.len = 0;
	write_document(&spaced);
	assert_int_equal(spaced.code, MUSTER_OK);
	assert_bytes(&out, "{\"name\": \"a\\tb\", \"list\": [0, 18446744073709551615, "
			   "-9223372036854775808, 7, true, false, null, [], {}], "
			   "\"raw\": {\"x\":1.5}}");
	bytes_release(&out);
}

static void documents_may_follow_each_other_as_lines(void **state)
{
	struct bytes out = { 0 };
	struct json_writer w = { .out = &out };

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		json_write_object_begin(&w);
		json_write_key(&w, "i");
		json_write_u64(&w, i);
		json_write_object_end(&w);
		assert_int_equal(bytes_append_byte(&out, '\n', NULL), MUSTER_OK);
	}
	assert_bytes(&out, "{\"i\":0}\n{\"i\":1}\n");
	bytes_release(&out);
}

static void strings_are_escaped(void **state)
{
	static const struct {
		const char *text, *plain, *html;
	} cases[] = {
		{ "", "\"\"", "\"\"" },
		{ "data/a b.bin", "\"data/a b.bin\"", "\"data/a b.bin\"" },
		{ "\"\\/", "\"\\\"\\\\/\"", "\"\\\"\\\\/\"" },
		{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"", "\"\\u0001\\u001f\x7f\"" },
		{ "<a>&", "\"<a>&\"", "\"\\u003ca\\u003e\\u0026\"" },
		{ "caf\xc3\xa9\xf0\x9f\x98\x80", "\"caf\xc3\xa9\xf0\x9f\x98\x80\"",
		  "\"caf\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", "\"\xe2\x80\xa8\xe2\x80\xa9\"",
		  "\"\\u2028\\u2029\"" },
		{ "\xe2\x80\xa7\xe2\x80\xaa", "\"\xe2\x80\xa7\xe2\x80\xaa\"",
		  "\"\xe2\x80\xa7\xe2\x80\xaa\"" },
		{ "a\xff\xc3(", "\"a\\ufffd\\ufffd(\"", "\"a\\ufffd\\ufffd(\"" }, /* not UTF-8 */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };
		struct json_writer plain = { .out = &out };
		struct json_writer html = { .out = &out, .is_html_safe = true };

		json_write_text(&plain, cases[i].text);
		assert_bytes(&out, cases[i].plain);
		out.len = 0;
		json_write_text(&html, cases[i].text);
		assert_bytes(&out, cases[i].html);
		bytes_release(&out);
	}
}

/* Every code point, written and read, is itself again. */
static void written_strings_read_back(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 0x80; byte++) {
		for (unsigned is_html = 0; is_html < 2; is_html++) {
			char text[3] = { 'x', (char)byte, 'y' };
			struct bytes out = { 0 };
			struct json_writer w = { .out = &out, .is_html_safe = is_html };
			struct json_reader *reader;
			struct json_token token;

			json_write_string(&w, view_of(text, 3));
			assert_int_equal(json_reader_over(&reader, bytes_view(&out), NULL),
					 MUSTER_OK);
			assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
			assert_true(view_equal(token.text, view_of(text, 3)));
			json_reader_free(reader);
			bytes_release(&out);
		}
	}
}

static enum muster_code copy(const char *text, struct bytes *out, size_t max_bytes,
			     struct muster_error *err)
{
	struct json_reader *reader;
	struct json_token token;
	enum muster_code code = json_reader_over(&reader, view_text(text), err);

	if (code)
		return code;
	code = json_next(reader, &token, err);
	if (!code)
		code = json_copy(reader, &token, out, max_bytes, err);
	json_reader_free(reader);
	return code;
}

static void a_copy_is_compact_and_canonical(void **state)
{
	static const struct {
		const char *text, *copy;
	} cases[] = {
		{ " 1.50e+2 ", "1.50e+2" },
		{ "\"\\u0041\\/\\u00e9\\u000a\\u001F\"", "\"A/\xc3\xa9\\n\\u001f\"" },
		{ "{ \"b\" : [ 1 , { } , [ ] , null ],\n\"a\":{\"a\": true} }",
		  "{\"b\":[1,{},[],null],\"a\":{\"a\":true}}" },
		{ "[\"\\uD83D\\uDE00\"]", "[\"\xf0\x9f\x98\x80\"]" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };

		assert_int_equal(copy(cases[i].text, &out, SIZE_MAX, NULL), MUSTER_OK);
		assert_bytes(&out, cases[i].copy);
		bytes_release(&out);
	}
}

static void a_copy_ends_behind_its_value(void **state)
{
	struct bytes out = { 0 };
	struct json_reader *reader;
	struct json_token token;

	(void)state;
	assert_int_equal(json_reader_over(&reader, view_text("{\"a\":{\"b\":[1]},\"c\":2}"), NULL),
			 MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_copy(reader, &token, &out, 100, NULL),
			 MUSTER_OK); /* a key: its value */
	assert_bytes(&out, "{\"b\":[1]}");
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("c")));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_copy(reader, &token, &out, 100, NULL), MUSTER_OK);
	assert_bytes(&out, "{\"b\":[1]}2");
	json_reader_free(reader);
	bytes_release(&out);
}

static void a_copy_that_is_too_long_leaves_nothing(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "{\"a\":[1,2,3]}", 13 },
		{ "\"abcdef\"", 8 },
		{ "[\"\\n\\n\\n\"]", 10 },
		{ "true", 4 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t max = 0; max <= cases[i].len; max++) {
			struct bytes out = { 0 };
			struct muster_error err = { 0 };
			bool fits = max == cases[i].len;

			assert_int_equal(bytes_append_text(&out, "kept", NULL), MUSTER_OK);
			assert_int_equal(copy(cases[i].text, &out, max, &err),
					 fits ? MUSTER_OK : MUSTER_E_LIMIT);
			assert_int_equal(out.len, fits ? 4 + max : 4);
			assert_int_equal(strstr(err.message, "more than") != NULL, !fits);
			bytes_release(&out);
		}
	}
}

static void a_copy_of_a_cut_or_broken_value_fails_and_leaves_nothing(void **state)
{
	struct bytes out = { 0 };
	struct json_reader *reader;
	struct json_token token;

	(void)state;
	assert_int_equal(copy("[1,2", &out, 100, NULL), MUSTER_E_FORMAT);
	assert_int_equal(copy("[1,}", &out, 100, NULL), MUSTER_E_FORMAT);
	assert_int_equal(out.len, 0);
	assert_int_equal(json_reader_new(&reader, NULL), MUSTER_OK);
	json_feed(reader, view_text("[1,"));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_copy(reader, &token, &out, 100, NULL), MUSTER_E_USAGE);
	assert_int_equal(out.len, 0);
	json_reader_free(reader);
	bytes_release(&out);
}

static void the_first_failure_sticks(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t n = 1; !done; n++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };
		struct json_writer w = { .out = &out, .err = &err };

		torture_allocation(n);
		for (int i = 0; i < 10; i++)
			write_document(&w);
		done = !torture_hit();
		torture_off();
		assert_int_equal(w.code, done ? MUSTER_OK : MUSTER_E_MEMORY);
		assert_int_equal(err.code, w.code);
		bytes_release(&out);
	}
}

static void a_copy_without_memory_leaves_nothing(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t n = 1; !done; n++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = copy("{\"a\":[1,\"\\n\"]}", &out, 100, &err);
		done = !torture_hit();
		torture_off();
		assert_int_equal(code, done ? MUSTER_OK : MUSTER_E_MEMORY);
		assert_int_equal(out.len, done ? 14 : 0);
		bytes_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_written_compact_or_spaced),
		cmocka_unit_test(documents_may_follow_each_other_as_lines),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(written_strings_read_back),
		cmocka_unit_test(a_copy_is_compact_and_canonical),
		cmocka_unit_test(a_copy_ends_behind_its_value),
		cmocka_unit_test(a_copy_that_is_too_long_leaves_nothing),
		cmocka_unit_test(a_copy_of_a_cut_or_broken_value_fails_and_leaves_nothing),
		cmocka_unit_test(the_first_failure_sticks),
		cmocka_unit_test(a_copy_without_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
