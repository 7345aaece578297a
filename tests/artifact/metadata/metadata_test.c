#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/metadata.h"
#include "tests/support/torture.h"

static void good_documents_become_canonical(void **state)
{
	static const struct {
		const char *document, *canonical;
	} cases[] = {
		{ "{}", "{}" },
		{ " {\n} ", "{}" },
		{ "{\"b\" : 1, \"a\":\t[ true,null , \"x\" ]}",
		  "{\"b\":1,\"a\":[true,null,\"x\"]}" },
		{ "{\"\\u0061\":\"caf\\u00e9 \\/ \\ud83d\\ude00\"}",
		  "{\"a\":\"caf\xc3\xa9 / \xf0\x9f\x98\x80\"}" },
		{ "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":{\"b\":1,\"b\":2}}" },
		{ "{\"a\":{\"x\":1},\"x\":2,\"\":3}", "{\"a\":{\"x\":1},\"x\":2,\"\":3}" },
		{ "{\"n\":[-0,1.50,1E+2,123456789012345678901234567890]}",
		  "{\"n\":[-0,1.50,1E+2,123456789012345678901234567890]}" },
		{ "{\"n\":1e308,\"m\":1e-999}", "{\"n\":1e308,\"m\":1e-999}" },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out.len = 0;
		assert_int_equal(metadata_canonical(view_text(cases[i].document), &out, NULL), 0);
		assert_true(view_equal(bytes_view(&out), view_text(cases[i].canonical)));
	}
	bytes_release(&out);
}

static void bad_documents_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *document;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "", MUSTER_E_USAGE, "not valid JSON" },
		{ "{", MUSTER_E_USAGE, "not valid JSON" },
		{ "{\"a\":}", MUSTER_E_USAGE, "byte 5" },
		{ "{} {}", MUSTER_E_USAGE, "not valid JSON" },
		{ "{'a':1}", MUSTER_E_USAGE, "not valid JSON" },
		{ "{\"a\":NaN}", MUSTER_E_USAGE, "not valid JSON" },
		{ "{\"a\":Infinity}", MUSTER_E_USAGE, "not valid JSON" },
		{ "{\"a\":-Infinity}", MUSTER_E_USAGE, "not valid JSON" },
		{ "{\"a\":\"\xff\"}", MUSTER_E_USAGE, "not valid JSON" },
		{ "[]", MUSTER_E_USAGE, "Metadata is not a JSON object" },
		{ "null", MUSTER_E_USAGE, "Metadata is not a JSON object" },
		{ "\"{}\"", MUSTER_E_USAGE, "Metadata is not a JSON object" },
		{ "{\"a\":1,\"a\":1}", MUSTER_E_USAGE, "the key 'a' more than once" },
		{ "{\"a\":1,\"b\":{},\"\\u0061\":1}", MUSTER_E_USAGE, "the key 'a' more than" },
		{ "{\"\":1,\"b\":2,\"\":3}", MUSTER_E_USAGE, "the key '' more than once" },
		{ "{\"a\":1e999}", MUSTER_E_USAGE, "infinite number: 1e999" },
		{ "{\"a\":[{\"b\":-1.5E400}]}", MUSTER_E_USAGE, "infinite number: -1.5E400" },
	};
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(bytes_append_text(&out, "before", NULL), MUSTER_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct view document = view_text(cases[i].document);

		assert_int_equal(metadata_canonical(document, &out, &err), cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_int_equal(metadata_canonical(document, &out, NULL), cases[i].code);
		assert_true(view_equal(bytes_view(&out), VIEW_LITERAL("before")));
	}
	bytes_release(&out);
}

static void make_keys(struct bytes *out, unsigned count)
{
	out->len = 0;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(
			bytes_printf(out, NULL, "%s\"key%u\":{\"k\":%u}", i ? "," : "{", i, i),
			MUSTER_OK);
	assert_int_equal(bytes_append_byte(out, '}', NULL), MUSTER_OK);
}

static void one_hundred_keys_are_the_most(void **state)
{
	struct bytes document = { 0 }, out = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	make_keys(&document, METADATA_MAX_KEYS);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_OK);
	make_keys(&document, METADATA_MAX_KEYS + 1);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_E_USAGE);
	assert_string_equal(err.message, "Metadata has more than 100 keys");
	bytes_release(&document);
	bytes_release(&out);
}

/* {"a":"xxx…"} of `len` bytes. */
static void make_long(struct bytes *out, size_t len)
{
	out->len = 0;
	assert_int_equal(bytes_append_text(out, "{\"a\":\"", NULL), MUSTER_OK);
	assert_int_equal(bytes_reserve(out, len, NULL), MUSTER_OK);
	memset(out->ptr + out->len, 'x', len - 8);
	out->len += len - 8;
	assert_int_equal(bytes_append_text(out, "\"}", NULL), MUSTER_OK);
	assert_int_equal(out->len, len);
}

static void size_and_depth_are_limited(void **state)
{
	struct bytes document = { 0 }, out = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	make_long(&document, METADATA_MAX_BYTES);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_OK);
	make_long(&document, METADATA_MAX_BYTES + 1);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_E_LIMIT);
	document.len = 0;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(bytes_append_text(&document, "{\"a\":", NULL), MUSTER_OK);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_E_LIMIT);
	bytes_release(&document);
	bytes_release(&out);
}

static void fractions_without_end_are_refused(void **state)
{
	struct bytes document = { 0 }, out = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(bytes_append_text(&document, "{\"a\":0.", NULL), MUSTER_OK);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(bytes_append_byte(&document, '1', NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(&document, '}', NULL), MUSTER_OK);
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_E_LIMIT);
	document.ptr[6] = '1'; /* a whole number of any length is one */
	document.ptr[5] = '1';
	assert_int_equal(metadata_canonical(bytes_view(&document), &out, &err), MUSTER_OK);
	bytes_release(&document);
	bytes_release(&out);
}

static void failed_allocation_is_reported(void **state)
{
	struct view document = VIEW_LITERAL("{\"a\":[1,\"caf\\u00e9\"],\"b\":{\"c\":1.5}}");

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };
		enum muster_code code = metadata_canonical(document, &out, &err);
		bool was_hit = torture_hit();

		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(err.code, code);
		if (was_hit)
			assert_int_equal(out.len, 0);
		bytes_release(&out);
		if (!was_hit) {
			assert_true(n > 3);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents_become_canonical),
		cmocka_unit_test(bad_documents_are_refused_with_a_reason),
		cmocka_unit_test(one_hundred_keys_are_the_most),
		cmocka_unit_test(size_and_depth_are_limited),
		cmocka_unit_test(fractions_without_end_are_refused),
		cmocka_unit_test(failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
