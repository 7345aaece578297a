#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/percent.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void is_bytes(struct bytes *bytes, const char *text)
{
	assert_int_equal(bytes->len, strlen(text));
	if (bytes->len)
		assert_memory_equal(bytes->ptr, text, bytes->len);
	bytes_release(bytes);
}

static void each_cloud_gets_the_form_that_it_signs(void **state)
{
	static const struct {
		const char *plain, *path, *component;
	} cases[] = {
		{ "", "", "" },
		{ "a/b c", "a/b%20c", "a%2Fb%20c" },
		{ "test$file.text", "test%24file.text", "test%24file.text" },
		{ "a/../b//c", "a/../b//c", "a%2F..%2Fb%2F%2Fc" },
		{ "-_.~", "-_.~", "-_.~" },
		{ "*+=@:,!'()$&", "%2A%2B%3D%40%3A%2C%21%27%28%29%24%26",
		  "%2A%2B%3D%40%3A%2C%21%27%28%29%24%26" },
		{ "%2F", "%252F", "%252F" },
		{ "\xc3\xa9", "%C3%A9", "%C3%A9" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };
		struct view plain = view_text(cases[i].plain);

		assert_int_equal(percent_encode(&out, plain, PERCENT_PATH, NULL), MUSTER_OK);
		is_bytes(&out, cases[i].path);
		assert_int_equal(percent_encode(&out, plain, PERCENT_COMPONENT, NULL), MUSTER_OK);
		is_bytes(&out, cases[i].component);
	}
}

static void all_256_bytes_come_back(void **state)
{
	static const enum percent_set sets[] = { PERCENT_PATH, PERCENT_COMPONENT };
	static const enum percent_style styles[] = { PERCENT_PLAIN, PERCENT_FORM };
	uint8_t all[256];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	for (size_t set = 0; set < COUNT(sets); set++) {
		for (size_t style = 0; style < COUNT(styles); style++) {
			struct bytes encoded = { 0 }, plain = { 0 };

			assert_int_equal(
				percent_encode(&encoded, view_of(all, 256), sets[set], NULL),
				MUSTER_OK);
			for (size_t i = 0; i < encoded.len; i++)
				assert_true(encoded.ptr[i] > ' ' && encoded.ptr[i] < 0x7f);
			assert_int_equal(
				percent_decode(&plain, bytes_view(&encoded), styles[style], NULL),
				MUSTER_OK);
			assert_true(view_equal(bytes_view(&plain), view_of(all, 256)));
			bytes_release(&encoded);
			bytes_release(&plain);
		}
	}
}

static void decoding_takes_what_servers_leave_bare(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(percent_decode(&out, VIEW_LITERAL("a%2fb+!*~'()%2B"), PERCENT_FORM, NULL),
			 MUSTER_OK);
	is_bytes(&out, "a/b !*~'()+");
	assert_int_equal(percent_decode(&out, VIEW_LITERAL("a+%2B"), PERCENT_PLAIN, NULL),
			 MUSTER_OK);
	is_bytes(&out, "a++");
}

static void broken_escapes_are_refused_and_leave_nothing(void **state)
{
	static const char *const cases[] = { "%", "a%", "%4", "%g0", "%0g", "ab%zz", "%%41" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(bytes_append_text(&out, "kept", NULL), MUSTER_OK);
		assert_int_equal(percent_decode(&out, view_text(cases[i]), PERCENT_FORM, &err),
				 MUSTER_E_FORMAT);
		is_bytes(&out, "kept");
	}
}

static void a_query_is_taken_apart_and_put_together(void **state)
{
	struct view query = VIEW_LITERAL("a=b=c&&uploads&x=&=y");
	struct percent_pair pair;
	struct bytes out = { 0 };

	(void)state;
	assert_true(percent_take_pair(&query, &pair));
	assert_true(view_equal(pair.name, VIEW_LITERAL("a")));
	assert_true(view_equal(pair.value, VIEW_LITERAL("b=c")));
	assert_true(percent_take_pair(&query, &pair));
	assert_true(view_equal(pair.name, VIEW_LITERAL("uploads")));
	assert_int_equal(pair.value.len, 0);
	assert_true(percent_take_pair(&query, &pair));
	assert_true(view_equal(pair.name, VIEW_LITERAL("x")));
	assert_true(percent_take_pair(&query, &pair));
	assert_int_equal(pair.name.len, 0);
	assert_true(view_equal(pair.value, VIEW_LITERAL("y")));
	assert_false(percent_take_pair(&query, &pair));

	assert_int_equal(percent_append_pair(&out, "prefix", VIEW_LITERAL("a/b"), NULL), MUSTER_OK);
	assert_int_equal(percent_append_pair(&out, "uploads", VIEW_LITERAL(""), NULL), MUSTER_OK);
	is_bytes(&out, "prefix=a%2Fb&uploads=");
}

static void no_memory_is_told(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct bytes out = { 0 };
		enum muster_code code =
			percent_append_pair(&out, "prefix", VIEW_LITERAL("a/b"), &err);
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
		cmocka_unit_test(each_cloud_gets_the_form_that_it_signs),
		cmocka_unit_test(all_256_bytes_come_back),
		cmocka_unit_test(decoding_takes_what_servers_leave_bare),
		cmocka_unit_test(broken_escapes_are_refused_and_leave_nothing),
		cmocka_unit_test(a_query_is_taken_apart_and_put_together),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
