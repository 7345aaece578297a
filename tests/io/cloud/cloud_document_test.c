/* Maxima, and checksums and ETags beside documents. Pages are in cloud_page_golden_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "io/cloud/document.h"
#include "io/cloud/listing.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct document_rule rules[] = { { DOCUMENT_TOP, 1, "a" }, { 1, 2, "b" }, { 0 } };

/* `head`, then `count` times the letter x, then `tail`, in pieces of `step`. */
static enum muster_code read_long(enum document_syntax syntax, const char *head, size_t count,
				  const char *tail, size_t step)
{
	struct document *document;
	struct document_event event;
	struct bytes text = { 0 };
	struct view rest;
	enum muster_code code = MUSTER_FULL;

	assert_int_equal(bytes_append_text(&text, head, NULL), MUSTER_OK);
	assert_int_equal(bytes_reserve(&text, count, NULL), MUSTER_OK);
	memset(text.ptr + text.len, 'x', count);
	text.len += count;
	assert_int_equal(bytes_append_text(&text, tail, NULL), MUSTER_OK);
	rest = bytes_view(&text);
	assert_int_equal(document_new(&document, syntax, rules, NULL), MUSTER_OK);
	while (code == MUSTER_FULL) {
		struct view piece;

		take_bytes(&rest, rest.len < step ? rest.len : step, &piece);
		document_feed(document, piece);
		if (!rest.len)
			document_finish(document);
		while (!(code = document_next(document, &event, NULL)))
			;
	}
	if (muster_failed(code)) /* for good */
		assert_int_equal(document_next(document, &event, NULL), code);
	document_free(document);
	bytes_release(&text);
	return code;
}

static void long_texts_and_tags_are_refused_however_they_are_cut(void **state)
{
	static const size_t steps[] = { SIZE_MAX, 65536, 10007 };

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_int_equal(read_long(DOCUMENT_XML, "<a><b>", DOCUMENT_TEXT_MAX_BYTES,
					   "</b></a>", steps[i]),
				 MUSTER_END);
		assert_int_equal(read_long(DOCUMENT_XML, "<a><b>", DOCUMENT_TEXT_MAX_BYTES + 1,
					   "</b></a>", steps[i]),
				 MUSTER_E_LIMIT);
		/* what nobody asked for may be long */
		assert_int_equal(read_long(DOCUMENT_XML, "<a><c>", DOCUMENT_TEXT_MAX_BYTES + 1,
					   "</c></a>", steps[i]),
				 MUSTER_END);
		assert_int_equal(read_long(DOCUMENT_XML, "<a><c d='", 100000, "'/></a>", steps[i]),
				 MUSTER_END);
		assert_int_equal(read_long(DOCUMENT_XML, "<a><c d='",
					   DOCUMENT_TOKEN_MAX_BYTES + 200000, "'/></a>", steps[i]),
				 MUSTER_E_LIMIT);
		assert_int_equal(read_long(DOCUMENT_JSON, "{\"a\":\"", DOCUMENT_TEXT_MAX_BYTES,
					   "\"}", steps[i]),
				 MUSTER_END);
		assert_int_equal(read_long(DOCUMENT_JSON, "{\"a\":\"", DOCUMENT_TEXT_MAX_BYTES + 1,
					   "\"}", steps[i]),
				 MUSTER_E_LIMIT);
	}
}

static void an_endless_document_is_refused(void **state)
{
	static const enum document_syntax syntaxes[] = { DOCUMENT_XML, DOCUMENT_JSON };
	size_t len = 1u << 20;
	uint8_t *blanks = malloc(len);

	(void)state;
	assert_non_null(blanks);
	memset(blanks, ' ', len);
	for (size_t i = 0; i < COUNT(syntaxes); i++) {
		struct document *document;
		struct document_event event;
		struct view head =
			syntaxes[i] == DOCUMENT_XML ? VIEW_LITERAL("<a><c/>") : VIEW_LITERAL("{");
		enum muster_code code;
		unsigned count = 0;

		assert_int_equal(document_new(&document, syntaxes[i], rules, NULL), MUSTER_OK);
		document_feed(document, head);
		while ((code = document_next(document, &event, NULL)) == MUSTER_FULL) {
			document_feed(document, view_of(blanks, len));
			count++;
		}
		assert_int_equal(code, MUSTER_E_LIMIT);
		assert_int_equal(count, 64);
		document_free(document);
	}
	free(blanks);
}

static void etags_are_compared_without_their_dress(void **state)
{
	static const char *const cases[][2] = {
		{ "\"abc\"", "abc" },	{ "W/\"abc\"", "abc" },	  { "abc", "abc" },
		{ "0x8DC0", "0x8DC0" }, { "\"\"", "" },		  { "", "" },
		{ "\"", "\"" },		{ "\"abc-2\"", "abc-2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(
			view_equal(listing_etag(view_text(cases[i][0])), view_text(cases[i][1])));
}

static void checksums_are_read_with_their_part_counts(void **state)
{
	struct checksum sum;
	enum checksum_algorithm algorithm;

	(void)state;
	assert_true(checksum_parse(&sum, CHECKSUM_CRC64NVME, VIEW_LITERAL("rosUhgp5mIg="), false));
	assert_memory_equal(sum.value, "\xae\x8b\x14\x86\x0a\x79\x98\x88", 8);
	assert_int_equal(sum.part_count, 0);
	/* Azure: the same polynomial, the other end first */
	assert_true(checksum_parse(&sum, CHECKSUM_CRC64NVME, VIEW_LITERAL("iJh5CoYUi64="), true));
	assert_memory_equal(sum.value, "\xae\x8b\x14\x86\x0a\x79\x98\x88", 8);
	assert_true(checksum_parse(&sum, CHECKSUM_CRC32, VIEW_LITERAL("tvFTBw==-2"), false));
	assert_int_equal(sum.part_count, 2);
	assert_false(checksum_parse(&sum, CHECKSUM_CRC32, VIEW_LITERAL("tvFTBw==-0"), false));
	assert_false(checksum_parse(&sum, CHECKSUM_CRC32, VIEW_LITERAL("tvFTBw==-10001"), false));
	assert_false(checksum_parse(&sum, CHECKSUM_CRC32, VIEW_LITERAL("tvFTBw==-"), false));
	assert_false(checksum_parse(&sum, CHECKSUM_CRC32, VIEW_LITERAL("tvFTBw"), false));
	assert_false(checksum_parse(&sum, CHECKSUM_SHA256, VIEW_LITERAL("tvFTBw=="), false));
	assert_false(checksum_parse(&sum, CHECKSUM_MD5, VIEW_LITERAL(""), false));
	assert_true(checksum_by_name(VIEW_LITERAL("CRC64NVME"), &algorithm));
	assert_int_equal(algorithm, CHECKSUM_CRC64NVME);
	assert_false(checksum_by_name(VIEW_LITERAL("CRC"), &algorithm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_texts_and_tags_are_refused_however_they_are_cut),
		cmocka_unit_test(an_endless_document_is_refused),
		cmocka_unit_test(etags_are_compared_without_their_dress),
		cmocka_unit_test(checksums_are_read_with_their_part_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
