#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/json/json.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char kind_letters[] = "{}[]ksntfz";

/* All that the reader says, as text: a line for each token, the last one for how it ended. */
static void trace_token(struct bytes *trace, const struct json_token *token)
{
	assert_int_equal(bytes_printf(trace, NULL, "%c %u @%" PRIu64 " ", kind_letters[token->kind],
				      token->depth, token->offset_bytes),
			 MUSTER_OK);
	assert_int_equal(bytes_append_view(trace, token->text, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(trace, '\n', NULL), MUSTER_OK);
}

/* Reads what is fed. A copy of each piece of exactly its length shows reads beyond it. */
static enum muster_code trace_piece(struct json_reader *reader, struct bytes *trace,
				    struct view piece, bool is_last)
{
	uint8_t *copy = malloc(piece.len + 1);
	struct muster_error err = { 0 };
	struct json_token token;
	enum muster_code code;

	assert_non_null(copy);
	memcpy(copy + 1, piece.ptr, piece.len); /* unaligned on purpose */
	json_feed(reader, view_of(copy + 1, piece.len));
	if (is_last)
		json_finish(reader);
	while ((code = json_next(reader, &token, &err)) == MUSTER_OK)
		trace_token(trace, &token);
	if (code != MUSTER_FULL)
		assert_int_equal(bytes_printf(trace, NULL, "%d %s\n", code, err.message),
				 MUSTER_OK);
	free(copy);
	return code;
}

/* Feeds `text` in pieces that end at each of `cuts`, which ascend. */
static enum muster_code trace_cut(struct bytes *trace, struct view text, const size_t *cuts,
				  size_t cut_count)
{
	struct json_reader *reader;
	enum muster_code code = MUSTER_FULL;
	size_t at = 0;

	assert_int_equal(json_reader_new(&reader, NULL), MUSTER_OK);
	for (size_t i = 0; i <= cut_count && code == MUSTER_FULL; i++) {
		size_t to = i < cut_count ? cuts[i] : text.len;

		code = trace_piece(reader, trace, view_of(text.ptr + at, to - at), i == cut_count);
		at = to;
	}
	assert_int_not_equal(code, MUSTER_FULL);
	json_reader_free(reader);
	return code;
}

static enum muster_code parse(const char *text, size_t len, struct muster_error *err)
{
	struct json_reader *reader;
	struct json_token token;
	enum muster_code code;

	assert_int_equal(json_reader_over(&reader, view_of(text, len), NULL), MUSTER_OK);
	while ((code = json_next(reader, &token, err)) == MUSTER_OK)
		;
	json_reader_free(reader);
	return code;
}

static void tokens_come_in_order_with_offset_and_depth(void **state)
{
	static const char text[] =
		" {\"a\":[1,true,{}],\r\n\t\"b\\n\" : \"\\u00e9\" , \"c\":null}\n";
	static const char expected[] = "{ 0 @1 \n"
				       "k 1 @2 a\n"
				       "[ 1 @6 \n"
				       "n 2 @7 1\n"
				       "t 2 @9 \n"
				       "{ 2 @14 \n"
				       "} 2 @15 \n"
				       "] 1 @16 \n"
				       "k 1 @21 b\n\n"
				       "s 1 @29 \xc3\xa9\n"
				       "k 1 @40 c\n"
				       "z 1 @44 \n"
				       "} 0 @48 \n"
				       "1 \n";
	struct bytes trace = { 0 };

	(void)state;
	assert_int_equal(trace_cut(&trace, view_text(text), NULL, 0), MUSTER_END);
	assert_int_equal(bytes_append_byte(&trace, 0, NULL), MUSTER_OK);
	assert_string_equal((char *)trace.ptr, expected);
	bytes_release(&trace);
}

static const char *const valid[] = {
	"0",
	"-0",
	"12",
	"-1",
	"0.5",
	"1.25",
	"1e5",
	"1E+5",
	"1e-05",
	"-0.0E0",
	"1.5e300",
	"123456789012345678901234567890",
	"true",
	"false",
	"null",
	" \t\r\n null \t\r\n ",
	"\"\"",
	"\"a\"",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\\u0000\"",
	"\"\\uFFFF\\uE000\\uD7FF\\uDBFF\\uDFFF\"",
	"\"\x7f\xc2\x80 \xe2\x82\xac \xf0\x9f\x98\x80\"",
	"\"caf\xc3\xa9 \\u00e9 \xc3\xa9\"",
	"[]",
	"[ ]",
	"{}",
	"{ }",
	"[[],{},[[]]]",
	"[1,2 , 3]",
	"{\"\":0}",
	"{\"a\":1,\"a\":2}", /* double keys are the caller's */
	"{\"a\":{\"b\":[{\"c\":\"d\"}]}}",
	"[1\n]",
	"[true,false,null]",
	"{\n    \"digest\": \"1B2M2Y8AsgTpgAmY7PhCfg==\",\n    \"size\": 0\n}",
};

static const struct invalid {
	const char *text, *reason;
} invalid[] = {
	{ "", "byte 0: the document ends where a value" },
	{ "  ", "byte 2: the document ends where a value" },
	{ "\xef\xbb\xbf{}", "byte 0: expected a value, not 0xef" },
	{ "\xff\xfe", "byte 0: expected a value, not 0xff" },
	{ "'a'", "byte 0: expected a value, not '''" },
	{ "a", "byte 0: expected a value, not 'a'" },
	{ "NaN", "byte 0: expected a value" },
	{ "Infinity", "byte 0: expected a value" },
	{ "-Infinity", "byte 0: expected a number" },
	{ "True", "byte 0: expected a value" },
	{ "tru", "byte 3: the document ends" },
	{ "trux", "byte 0: expected true, false or null" },
	{ "truex", "byte 4: expected nothing more, not 'x'" },
	{ "nul", "byte 3: the document ends" },
	{ "nulL", "byte 0: expected true" },
	{ "fals\n", "byte 0: expected true" },
	{ "// c\n1", "byte 0: expected a value, not '/'" },
	{ "1 // c", "byte 2: expected nothing more" },
	{ "/**/1", "byte 0: expected a value" },
	{ "\f1", "byte 0: expected a value, not 0x0c" },
	{ "1\xc2\xa0", "byte 1: expected nothing more, not 0xc2" },
	{ "1 2", "byte 2: expected nothing more, not '2'" },
	{ "{}}", "byte 2: expected nothing more" },
	{ "[]]", "byte 2: expected nothing more" },
	{ "{},", "byte 2: expected nothing more, not ','" },
	/* numbers */
	{ "-", "byte 0: expected a number" },
	{ "+1", "byte 0: expected a value" },
	{ "--1", "expected a number" },
	{ "01", "expected a number" },
	{ "-01", "expected a number" },
	{ "00", "expected a number" },
	{ ".5", "expected a value" },
	{ "-.5", "expected a number" },
	{ "1.", "expected a number" },
	{ "1.e5", "expected a number" },
	{ "1e", "expected a number" },
	{ "1e+", "expected a number" },
	{ "1E5.5", "expected a number" },
	{ "1.2.3", "expected a number" },
	{ "1-2", "expected a number" },
	{ "1e5e5", "expected a number" },
	{ "0x10", "byte 1: expected nothing more, not 'x'" },
	{ "[1_000]", "byte 2: expected ',' or ']'" },
	{ "[1,-]", "byte 3: expected a number" },
	{ "1\x00", NULL },
	/* strings */
	{ "\"", "byte 1: the document ends within" },
	{ "\"abc", "byte 4: the document ends within" },
	{ "\"abc\\", "byte 5: the document ends within" },
	{ "\"abc\\\"", "byte 6: the document ends within" },
	{ "\"\\u00", "byte 5: the document ends within" },
	{ "\"a\nb\"", "byte 2: expected no bare control" },
	{ "\"a\tb\"", "byte 2: expected no bare control" },
	{ "\"eight by\x1ftes\"", "byte 9: expected no bare control" },
	{ "\"ab\\x41\"", "byte 3: expected a valid escape" },
	{ "\"\\a\"", "byte 1: expected a valid escape" },
	{ "\"\\'\"", "byte 1: expected a valid escape" },
	{ "\"\\U0041\"", "byte 1: expected a valid escape" },
	{ "\"\\u004\"", "byte 1: expected a valid escape" },
	{ "\"\\u00g1\"", "byte 1: expected a valid escape" },
	{ "\"\\u-041\"", "byte 1: expected a valid escape" },
	{ "\"\\uD800\"", "byte 1: half of a surrogate pair" },
	{ "\"a\\uDBFFb\"", "byte 2: half of a surrogate pair" },
	{ "\"\\uDC00\"", "byte 1: half of a surrogate pair" },
	{ "\"\\uDFFF\\uD800\"", "byte 1: half of a surrogate pair" },
	{ "\"\\uD800\\uD800\"", "byte 1: half of a surrogate pair" },
	{ "\"\\uD800\\u0041\"", "byte 1: half of a surrogate pair" },
	{ "\"\\uD800\\n\"", "byte 1: half of a surrogate pair" },
	{ "\"\\uD800\\uDCx0\"", "byte 1: expected a valid escape" },
	{ "\"\xff\"", "byte 0: the string that begins here is not UTF-8" },
	{ "[\"a\", \"\xc3\"]", "byte 6: the string that begins here is not UTF-8" },
	{ "\"\xc0\x80\"", "not UTF-8" },
	{ "\"\xed\xa0\x80\"", "not UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", "not UTF-8" },
	{ "\"\xc3\\u00a9\"", "not UTF-8" },
	{ "\"\\u00c3\xa9\"", "not UTF-8" },
	/* structure */
	{ "[", "byte 1: the document ends where a value or ']'" },
	{ "[1", "byte 2: the document ends where ',' or ']'" },
	{ "[1,", "byte 3: the document ends where a value was" },
	{ "[1,]", "byte 3: expected a value, not ']'" },
	{ "[,1]", "byte 1: expected a value or ']', not ','" },
	{ "[1,,2]", "byte 3: expected a value, not ','" },
	{ "[1 2]", "byte 3: expected ',' or ']', not '2'" },
	{ "[1}", "byte 2: expected ',' or ']', not '}'" },
	{ "[\"a\":1]", "byte 4: expected ',' or ']', not ':'" },
	{ "]", "byte 0: expected a value, not ']'" },
	{ "{", "byte 1: the document ends where a key or '}'" },
	{ "{\"a\"", "byte 4: the document ends where ':'" },
	{ "{\"a\":", "byte 5: the document ends where a value" },
	{ "{\"a\":1", "byte 6: the document ends where ',' or '}'" },
	{ "{\"a\":1,", "byte 7: the document ends where a key" },
	{ "{\"a\":1,}", "byte 7: expected a key, not '}'" },
	{ "{\"a\":1]", "byte 6: expected ',' or '}', not ']'" },
	{ "{\"a\" 1}", "byte 5: expected ':', not '1'" },
	{ "{\"a\",1}", "byte 4: expected ':', not ','" },
	{ "{\"a\"::1}", "byte 5: expected a value, not ':'" },
	{ "{\"a\":}", "byte 5: expected a value, not '}'" },
	{ "{:1}", "byte 1: expected a key or '}', not ':'" },
	{ "{1:1}", "byte 1: expected a key or '}', not '1'" },
	{ "{a:1}", "byte 1: expected a key or '}', not 'a'" },
	{ "{,}", "byte 1: expected a key or '}', not ','" },
	{ "{\"a\":1 \"b\":2}", "byte 7: expected ',' or '}', not '\"'" },
	{ "{null:1}", "byte 1: expected a key" },
	{ "[{]}", "byte 2: expected a key or '}', not ']'" },
};

static void valid_documents_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		struct muster_error err = { 0 };

		if (parse(valid[i], strlen(valid[i]), &err) != MUSTER_END)
			fail_msg("%s: %s", valid[i], err.message);
	}
}

static void broken_documents_name_place_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(invalid); i++) {
		struct muster_error err = { 0 };

		if (!invalid[i].reason)
			continue;
		assert_int_equal(parse(invalid[i].text, strlen(invalid[i].text), &err),
				 MUSTER_E_FORMAT);
		if (!strstr(err.message, invalid[i].reason))
			fail_msg("%s: %s", invalid[i].text, err.message);
	}
	assert_int_equal(parse("1\0", 2, NULL), MUSTER_E_FORMAT);
	assert_int_equal(parse("\"a\0\"", 4, NULL), MUSTER_E_FORMAT);
}

/* Every cut in two and in three, and byte by byte, says the same as the whole. */
static void check_cuts(const char *text)
{
	struct view view = view_text(text);
	struct bytes whole = { 0 }, cut = { 0 };
	size_t each[256];

	trace_cut(&whole, view, NULL, 0);
	for (size_t a = 0; a <= view.len; a++) {
		for (size_t b = a; b <= view.len; b++) {
			cut.len = 0;
			trace_cut(&cut, view, (size_t[]){ a, b }, 2);
			assert_true(view_equal(bytes_view(&whole), bytes_view(&cut)));
		}
	}
	assert_true(view.len <= COUNT(each));
	for (size_t i = 0; i < view.len; i++)
		each[i] = i + 1;
	cut.len = 0;
	trace_cut(&cut, view, each, view.len);
	assert_true(view_equal(bytes_view(&whole), bytes_view(&cut)));
	bytes_release(&whole);
	bytes_release(&cut);
}

static void tokens_and_errors_do_not_depend_on_the_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++)
		check_cuts(valid[i]);
	for (size_t i = 0; i < COUNT(invalid); i++)
		check_cuts(invalid[i].text);
}

static void nesting_has_a_limit(void **state)
{
	struct muster_error err = { 0 };
	char text[2 * JSON_DEPTH_MAX + 2];

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(parse(text, (size_t)2 * JSON_DEPTH_MAX, &err), MUSTER_END);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(parse(text, sizeof(text), &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "byte 64: more than 64 levels"));
}

/* `before` once, `fill` up to `fill_len` bytes, `after` once; whole and in pieces of 1000 bytes. */
static void check_long(const char *before, const char *fill, size_t fill_len, const char *after,
		       enum muster_code expected)
{
	struct bytes text = { 0 }, whole = { 0 }, cut = { 0 };
	size_t *cuts, cut_count;

	assert_int_equal(bytes_append_text(&text, before, NULL), MUSTER_OK);
	for (size_t i = 0; i < fill_len; i += strlen(fill))
		assert_int_equal(bytes_append_text(&text, fill, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_text(&text, after, NULL), MUSTER_OK);
	cut_count = text.len / 1000;
	cuts = calloc(cut_count, sizeof(*cuts));
	assert_non_null(cuts);
	for (size_t i = 0; i < cut_count; i++)
		cuts[i] = (i + 1) * 1000;
	assert_int_equal(trace_cut(&whole, bytes_view(&text), NULL, 0), expected);
	assert_int_equal(trace_cut(&cut, bytes_view(&text), cuts, cut_count), expected);
	assert_true(view_equal(bytes_view(&whole), bytes_view(&cut)));
	free(cuts);
	bytes_release(&text);
	bytes_release(&whole);
	bytes_release(&cut);
}

static void tokens_have_a_limit(void **state)
{
	const size_t max = JSON_TOKEN_MAX_BYTES;

	(void)state;
	check_long("\"", "x", max, "\"", MUSTER_END);
	check_long("\"", "x", max + 1, "\"", MUSTER_E_LIMIT);
	check_long("\"", "x", max + 1, "\x01", MUSTER_E_LIMIT); /* the first reason counts */
	check_long("\"", "x", max, "\x01", MUSTER_E_FORMAT);
	check_long("\"", "x", 3 * max, "", MUSTER_E_LIMIT);
	check_long("\"", "x", max - 1, "\\n\"", MUSTER_END); /* decoded bytes count */
	check_long("\"", "x", max, "\\n\"", MUSTER_E_LIMIT);
	check_long("{\"", "\\u20ac", max * 2 - 6, "\":1}", MUSTER_END);
	check_long("{\"", "\\u20ac", max * 2 + 6, "\":1}", MUSTER_E_LIMIT);
	check_long("", "1", max, "", MUSTER_END);
	check_long("[", "1", max + 1, "]", MUSTER_E_LIMIT);
}

static void plain_tokens_are_lent_from_the_piece(void **state)
{
	static const char text[] = "{\"path/to/a.bin\":{\"digest\":\"1B2M2Y8AsgTpgAmY7PhCfg==\","
				   "\"size\":1234},\"caf\xc3\xa9\":[-1.5e3,true,\"\"]}";
	struct json_reader *reader;
	struct json_token token;
	uint64_t allocations;

	(void)state;
	assert_int_equal(json_reader_over(&reader, view_text(text), NULL), MUSTER_OK);
	allocations = torture_allocations();
	while (json_next(reader, &token, NULL) == MUSTER_OK)
		if (token.text.len)
			assert_in_range((uintptr_t)token.text.ptr, (uintptr_t)text,
					(uintptr_t)text + sizeof(text));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_END);
	assert_true(torture_allocations() == allocations);
	json_reader_free(reader);
}

static void a_failure_sticks(void **state)
{
	struct muster_error first = { 0 }, second = { 0 };
	struct json_reader *reader;
	struct json_token token;

	(void)state;
	assert_int_equal(json_reader_new(&reader, NULL), MUSTER_OK);
	json_feed(reader, view_text("[1 2,3]"));
	assert_int_equal(json_next(reader, &token, &first), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, &first), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, &first), MUSTER_E_FORMAT);
	json_feed(reader, view_text("[]"));
	assert_int_equal(json_next(reader, &token, &second), MUSTER_E_FORMAT);
	assert_string_equal(first.message, second.message);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_E_FORMAT);
	json_reader_free(reader);
	json_reader_free(NULL);
}

static void an_open_end_asks_for_more(void **state)
{
	struct json_reader *reader;
	struct json_token token;

	(void)state;
	assert_int_equal(json_reader_new(&reader, NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_FULL);
	json_feed(reader, view_text("12"));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_FULL);
	json_feed(reader, view_of(NULL, 0));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_FULL);
	json_feed(reader, view_text("3"));
	json_finish(reader);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("123")));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_END);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_END);
	json_reader_free(reader);
}

static void a_skip_ends_behind_the_value(void **state)
{
	static const char text[] = "{\"a\":[1,{\"x\":[[]]}],\"b\":{\"a\":[]},\"c\":7,\"d\":8}";
	struct json_reader *reader;
	struct json_token token;

	(void)state;
	assert_int_equal(json_reader_over(&reader, view_text(text), NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK); /* { */
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK); /* "a" */
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK); /* [ */
	assert_int_equal(json_skip(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("b")));
	assert_int_equal(json_skip(reader, &token, NULL), MUSTER_OK); /* a key: its value */
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("c")));
	assert_int_equal(json_skip(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("d")));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(json_skip(reader, &token, NULL), MUSTER_OK); /* a scalar: nothing */
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_int_equal(token.kind, JSON_OBJECT_END);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_END);
	json_reader_free(reader);
}

static void a_skip_goes_on_after_more_is_fed(void **state)
{
	static const char text[] = "[{\"a\":[1,{\"x\":[[]]}],\"b\":{\"a\":[]}},5]";
	struct json_reader *reader;
	struct json_token first, token;
	enum muster_code code = MUSTER_FULL;
	size_t at = 2;

	(void)state;
	assert_int_equal(json_reader_new(&reader, NULL), MUSTER_OK);
	json_feed(reader, view_of(text, 2));
	assert_int_equal(json_next(reader, &first, NULL), MUSTER_OK);
	assert_int_equal(json_next(reader, &first, NULL), MUSTER_OK);
	while ((code = json_skip(reader, &first, NULL)) == MUSTER_FULL)
		json_feed(reader, view_of(text + at++, 1));
	assert_int_equal(code, MUSTER_OK);
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_FULL);
	json_feed(reader, view_text(text + at));
	assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
	assert_true(view_equal(token.text, view_text("5")));
	json_reader_free(reader);
}

static void whole_numbers_are_read_and_others_refused(void **state)
{
	static const struct {
		const char *text;
		bool is_whole;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "42", true, 42 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "-0", false, 0 },
		{ "-1", false, 0 },
		{ "1.0", false, 0 },
		{ "1e2", false, 0 },
		{ "\"1\"", false, 0 },
		{ "true", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_reader *reader;
		struct json_token token;
		struct muster_error err = { 0 };
		uint64_t value = 7;

		assert_int_equal(json_reader_over(&reader, view_text(cases[i].text), NULL),
				 MUSTER_OK);
		assert_int_equal(json_next(reader, &token, NULL), MUSTER_OK);
		assert_int_equal(json_u64(&token, &value, &err),
				 cases[i].is_whole ? MUSTER_OK : MUSTER_E_FORMAT);
		assert_true(value == (cases[i].is_whole ? cases[i].value : 7));
		json_reader_free(reader);
	}
}

static void no_memory_is_reported(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t n = 1; !done; n++) {
		struct json_reader *reader = NULL;
		struct json_token token;
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = json_reader_over(&reader, view_text("[\"a\\nb\",\"\\u20ac\"]"), &err);
		while (!code)
			code = json_next(reader, &token, &err);
		done = !torture_hit();
		torture_off();
		assert_int_equal(code, done ? MUSTER_END : MUSTER_E_MEMORY);
		assert_int_equal(err.code, done ? MUSTER_OK : MUSTER_E_MEMORY);
		json_reader_free(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_come_in_order_with_offset_and_depth),
		cmocka_unit_test(valid_documents_are_accepted),
		cmocka_unit_test(broken_documents_name_place_and_reason),
		cmocka_unit_test(tokens_and_errors_do_not_depend_on_the_pieces),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(tokens_have_a_limit),
		cmocka_unit_test(plain_tokens_are_lent_from_the_piece),
		cmocka_unit_test(a_failure_sticks),
		cmocka_unit_test(an_open_end_asks_for_more),
		cmocka_unit_test(a_skip_ends_behind_the_value),
		cmocka_unit_test(a_skip_goes_on_after_more_is_fed),
		cmocka_unit_test(whole_numbers_are_read_and_others_refused),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
