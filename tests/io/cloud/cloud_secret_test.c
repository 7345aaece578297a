#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/secret.h"
#include "tests/support/torture.h"

static void is_text(const struct secret *secret, const char *text)
{
	struct revealed revealed = secret_reveal(secret);

	assert_int_equal(revealed.secret_len, strlen(text));
	assert_string_equal((const char *)revealed.secret_ptr, text);
}

static void a_secret_is_set_replaced_and_grown(void **state)
{
	struct secret secret = { 0 }, copy = { 0 };

	(void)state;
	assert_false(secret_is_set(&secret));
	is_text(&secret, "");
	assert_int_equal(secret_set(&secret, VIEW_LITERAL("first"), NULL), MUSTER_OK);
	is_text(&secret, "first");
	assert_int_equal(secret_append(&secret, VIEW_LITERAL(" and more"), NULL), MUSTER_OK);
	is_text(&secret, "first and more");
	assert_int_equal(secret_copy(&copy, &secret, NULL), MUSTER_OK);
	assert_true(secret_equal(&copy, &secret));
	assert_int_equal(secret_set(&secret, VIEW_LITERAL(""), NULL), MUSTER_OK);
	assert_true(secret_is_set(&secret));
	assert_false(secret_equal(&copy, &secret));
	secret_release(&secret);
	assert_false(secret_is_set(&secret));
	assert_int_equal(secret_copy(&copy, &secret, NULL), MUSTER_OK);
	assert_false(secret_is_set(&copy));
	assert_true(secret_equal(&copy, &secret));
}

static void a_secret_may_be_made_of_its_own_bytes(void **state)
{
	struct secret secret = { 0 };
	struct revealed revealed;

	(void)state;
	assert_int_equal(secret_set(&secret, VIEW_LITERAL("abcdef"), NULL), MUSTER_OK);
	revealed = secret_reveal(&secret);
	assert_int_equal(secret_set(&secret, view_of(revealed.secret_ptr + 2, 3), NULL), MUSTER_OK);
	is_text(&secret, "cde");
	assert_int_equal(secret_copy(&secret, &secret, NULL), MUSTER_OK);
	is_text(&secret, "cde");
	secret_release(&secret);
}

static void too_much_is_refused_and_changes_nothing(void **state)
{
	static const uint8_t zeros[SECRET_MAX_BYTES];
	struct secret secret = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(secret_set(&secret, VIEW_LITERAL("x"), NULL), MUSTER_OK);
	assert_int_equal(secret_append(&secret, view_of(zeros, sizeof(zeros)), &err),
			 MUSTER_E_LIMIT);
	is_text(&secret, "x");
	assert_int_equal(secret_set(&secret, view_of(zeros, sizeof(zeros)), &err), MUSTER_OK);
	secret_release(&secret);
}

static void taken_bytes_are_gone_from_the_buffer(void **state)
{
	struct secret secret = { 0 };
	struct bytes bytes = { 0 };

	(void)state;
	assert_int_equal(bytes_append_text(&bytes, "token", NULL), MUSTER_OK);
	assert_int_equal(secret_take(&secret, &bytes, NULL), MUSTER_OK);
	assert_null(bytes.ptr);
	is_text(&secret, "token");
	secret_release(&secret);
	secret_scrub(&bytes);
}

static void no_memory_leaves_the_secret_as_it_was(void **state)
{
	struct secret secret = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(secret_set(&secret, VIEW_LITERAL("kept"), NULL), MUSTER_OK);
	torture_allocation(1);
	assert_int_equal(secret_append(&secret, VIEW_LITERAL("!"), &err), MUSTER_E_MEMORY);
	torture_off();
	is_text(&secret, "kept");
	secret_release(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_set_replaced_and_grown),
		cmocka_unit_test(a_secret_may_be_made_of_its_own_bytes),
		cmocka_unit_test(too_much_is_refused_and_changes_nothing),
		cmocka_unit_test(taken_bytes_are_gone_from_the_buffer),
		cmocka_unit_test(no_memory_leaves_the_secret_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
