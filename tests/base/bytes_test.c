#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "tests/support/torture.h"

static void views_compare_as_bytes_with_prefixes_first(void **state)
{
	static const struct {
		const char *a, *b;
		int sign;
	} cases[] = {
		{ "", "", 0 },	      { "", "a", -1 },	      { "a", "ab", -1 },
		{ "ab", "b", -1 },    { "\xc3\xa9", "z", 1 }, { "a-b", "a/b", -1 },
		{ "a.b", "a/b", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int order = view_compare(view_text(cases[i].a), view_text(cases[i].b));

		assert_int_equal((order > 0) - (order < 0), cases[i].sign);
		order = view_compare(view_text(cases[i].b), view_text(cases[i].a));
		assert_int_equal((order > 0) - (order < 0), -cases[i].sign);
	}
}

static void shared_bytes_are_counted_at_every_length(void **state)
{
	uint8_t a[40] = { 0 }, b[40] = { 0 };

	(void)state;
	for (size_t len = 0; len <= sizeof(a); len++) {
		assert_int_equal(view_shared(view_of(a, len), view_of(b, sizeof(b))), len);
		for (size_t at = 0; at < len; at++) {
			b[at] = 0x80;
			assert_int_equal(view_shared(view_of(a, len), view_of(b, len)), at);
			b[at] = 0;
		}
	}
}

static void varints_come_back_and_long_forms_are_refused(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX };
	static const struct {
		uint8_t raw[11];
		size_t len;
	} bad[] = {
		{ { 0x80 }, 1 },
		{ { 0x80, 0x00 }, 2 },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, 10 },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00 }, 11 },
		{ { 0 }, 0 },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t raw[VARINT_MAX_BYTES];
		struct view view = view_of(raw, varint_put(raw, values[i]));

		assert_true(take_varint(&view, &value));
		assert_int_equal(value, values[i]);
		assert_int_equal(view.len, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct view view = view_of(bad[i].raw, bad[i].len);

		assert_false(take_varint(&view, &value));
		assert_int_equal(view.len, bad[i].len);
	}
}

static void a_buffer_survives_every_failed_allocation(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct bytes bytes = { 0 };
		enum muster_code code = MUSTER_OK;
		bool was_hit;

		for (int i = 0; i < 1000 && !code; i++)
			code = bytes_printf(&bytes, NULL, "%d,", i);
		was_hit = torture_hit();
		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		bytes_release(&bytes);
		if (!was_hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_compare_as_bytes_with_prefixes_first),
		cmocka_unit_test(shared_bytes_are_counted_at_every_length),
		cmocka_unit_test(varints_come_back_and_long_forms_are_refused),
		cmocka_unit_test(a_buffer_survives_every_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
