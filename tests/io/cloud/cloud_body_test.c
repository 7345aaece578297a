#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/body.h"
#include "io/cloud/fields.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD	     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define SPACE	     " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void is_text(struct bytes *out, const char *text)
{
	if (!view_equal(bytes_view(out), view_text(text)))
		fail_msg("%.*s", VIEW_ARGS(bytes_view(out)));
	bytes_release(out);
}

static void documents_are_written_as_the_stores_want_them(void **state)
{
	static const struct checksum crc = { CHECKSUM_CRC32C, 4, { 0xc9, 0x94, 0x65, 0xaa }, 0 };
	static const struct body_part parts[] = {
		{ 1, VIEW_LITERAL("\"abc\""), NULL },
		{ 10000, VIEW_LITERAL("\"d&f\""), &crc },
	};
	static const struct body_delete objects[] = {
		{ VIEW_LITERAL("a<b>&\"'\r\n\t\xc3\xa9"), { NULL, 0 } },
		{ VIEW_LITERAL("b"), VIEW_LITERAL("v1") },
	};
	static const struct view ids[] = { VIEW_LITERAL("bXVzdGVyLTAwMDAwPj4+") };
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(body_append_complete(&out, parts, COUNT(parts), NULL), MUSTER_OK);
	is_text(&out, HEAD "<CompleteMultipartUpload" SPACE ">"
			   "<Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part>"
			   "<Part><PartNumber>10000</PartNumber><ETag>&quot;d&amp;f&quot;</ETag>"
			   "<ChecksumCRC32C>yZRlqg==</ChecksumCRC32C></Part>"
			   "</CompleteMultipartUpload>");
	assert_int_equal(body_append_delete(&out, objects, COUNT(objects), NULL), MUSTER_OK);
	is_text(&out,
		HEAD "<Delete" SPACE "><Object><Key>a&lt;b&gt;&amp;&quot;'&#13;&#10;&#9;\xc3\xa9"
		     "</Key></Object><Object><Key>b</Key><VersionId>v1</VersionId></Object>"
		     "<Quiet>true</Quiet></Delete>");
	assert_int_equal(body_append_blocks(&out, ids, COUNT(ids), NULL), MUSTER_OK);
	is_text(&out, HEAD "<BlockList><Latest>bXVzdGVyLTAwMDAwPj4+</Latest></BlockList>");
	assert_int_equal(body_append_blocks(&out, NULL, 0, NULL), MUSTER_OK);
	is_text(&out, HEAD "<BlockList></BlockList>");
}

static void keys_that_xml_cannot_express_are_told(void **state)
{
	static const struct {
		const char *key;
		size_t len;
		bool is_good;
	} cases[] = {
		{ "plain", 5, true },	      { "\t\r\n", 3, true },
		{ "\xc3\xa9", 2, true },      { "\xf0\x9f\x98\x80", 4, true },
		{ "\x7f", 1, true },	      { "\x01", 1, false },
		{ "a\0b", 3, false },	      { "\xff", 1, false },
		{ "\xef\xbf\xbe", 3, false }, { "\xef\xbf\xbd", 3, true },
		{ "\xed\xa0\x80", 3, false }, { "\xc3", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct body_delete object = { .key = view_of(cases[i].key, cases[i].len) };
		struct bytes out = { 0 };

		assert_int_equal(body_can_express(object.key), cases[i].is_good);
		assert_int_equal(bytes_append_text(&out, "kept", NULL), MUSTER_OK);
		assert_int_equal(body_append_delete(&out, &object, 1, NULL),
				 cases[i].is_good ? MUSTER_OK : MUSTER_E_UNSUPPORTED);
		if (!cases[i].is_good)
			assert_int_equal(out.len, 4);
		bytes_release(&out);
	}
}

/* Every key that can be written is read back as it was. */
static void every_expressible_byte_comes_back(void **state)
{
	static const struct document_rule rules[] = {
		{ DOCUMENT_TOP, 1, "Delete" }, { 1, 2, "Object" }, { 2, 3, "Key" }, { 0 }
	};

	(void)state;
	for (unsigned byte = 0; byte < 128; byte++) {
		const uint8_t key[] = { ' ', (uint8_t)byte, ' ' };
		struct body_delete object = { .key = view_of(key, 3) };
		struct bytes out = { 0 };
		struct fields fields = { 0 };

		if (!body_can_express(object.key))
			continue;
		assert_int_equal(body_append_delete(&out, &object, 1, NULL), MUSTER_OK);
		assert_int_equal(fields_read(&fields, DOCUMENT_XML, rules, bytes_view(&out), NULL),
				 MUSTER_OK);
		assert_true(view_equal(fields_get(&fields, 3), object.key));
		fields_release(&fields);
		bytes_release(&out);
	}
}

static void what_a_document_may_not_hold_is_refused(void **state)
{
	static const struct checksum md5 = { .algorithm = CHECKSUM_MD5, .len = 16 };
	static const struct body_part same[] = { { 2, VIEW_LITERAL("e"), NULL },
						 { 2, VIEW_LITERAL("e"), NULL } };
	static const struct body_part zero[] = { { 0, VIEW_LITERAL("e"), NULL } };
	static const struct body_part high[] = { { 10001, VIEW_LITERAL("e"), NULL } };
	static const struct body_part sum[] = { { 1, VIEW_LITERAL("e"), &md5 } };
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(body_append_complete(&out, same, 2, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_complete(&out, zero, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_complete(&out, high, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_complete(&out, sum, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_complete(&out, NULL, 0, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_delete(&out, NULL, 0, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_delete(&out, NULL, 1001, NULL), MUSTER_E_USAGE);
	assert_int_equal(body_append_blocks(&out, NULL, 50001, NULL), MUSTER_E_USAGE);
	assert_int_equal(out.len, 0);
	bytes_release(&out);
}

static void no_memory_is_told(void **state)
{
	uint8_t key[300];
	struct body_delete object = { .key = view_of(key, sizeof(key)) };

	(void)state;
	memset(key, '&', sizeof(key));
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct bytes out = { 0 };
		enum muster_code code = body_append_delete(&out, &object, 1, NULL);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		bytes_release(&out);
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_written_as_the_stores_want_them),
		cmocka_unit_test(keys_that_xml_cannot_express_are_told),
		cmocka_unit_test(every_expressible_byte_comes_back),
		cmocka_unit_test(what_a_document_may_not_hold_is_refused),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
