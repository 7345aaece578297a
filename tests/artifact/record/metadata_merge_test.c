#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/metadata_merge.h"
#include "tests/support/torture.h"

static void keys_are_replaced_in_place_and_added_behind(void **state)
{
	static const struct {
		const char *old, *changes, *merged;
	} cases[] = {
		{ "", "{}", "{}" },
		{ "", "{\"a\":1}", "{\"a\":1}" },
		{ "{\"a\":1}", "{}", "{\"a\":1}" },
		{ "{\"a\":1,\"b\":2}", "{\"a\":{\"c\":[1,2]}}", "{\"a\":{\"c\":[1,2]},\"b\":2}" },
		{ "{\"a\":1,\"b\":2}", "{\"z\":[],\"b\":\"x\"}", "{\"a\":1,\"b\":\"x\",\"z\":[]}" },
		{ "{\"a\":1,\"b\":2}", "{\"z\":null,\"a\":null}", "{\"b\":2}" },
		{ "{\"a\":null}", "{\"b\":{\"c\":null}}", "{\"a\":null,\"b\":{\"c\":null}}" },
		{ "{\"a\":{\"x\":1}}", "{\"x\":2}", "{\"a\":{\"x\":1},\"x\":2}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		if (metadata_merge(view_text(cases[i].old), view_text(cases[i].changes), &out,
				   &err))
			fail_msg("%s", err.message);
		if (!view_equal(bytes_view(&out), view_text(cases[i].merged)))
			fail_msg("%.*s is not %s", VIEW_ARGS(out), cases[i].merged);
		bytes_release(&out);
	}
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const cases[] = { "[]", "1", "{\"a\":", "{\"a\":}", "x" };
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(metadata_merge(view_text(cases[i]), view_text("{}"), &out, NULL),
				 MUSTER_E_FORMAT);
		assert_int_equal(metadata_merge(view_text(""), view_text(cases[i]), &out, NULL),
				 MUSTER_E_FORMAT);
		assert_int_equal(out.len, 0);
	}
	bytes_release(&out);
}

static void every_failed_allocation_is_reported(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct bytes out = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = metadata_merge(view_text("{\"a\":1,\"b\":[{}]}"),
				      view_text("{\"b\":2,\"c\":3}"), &out, NULL);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		bytes_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_replaced_in_place_and_added_behind),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
