#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

static void context_goes_in_front_of_the_cause(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	errno = ENOENT;
	assert_int_equal(muster_fail_errno(&err, "open '%s'", "m"), MUSTER_E_IO);
	assert_int_equal(muster_context(&err, "load '%s'", "m"), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.message, "load 'm': open 'm': No such file or directory");
}

static void hostile_names_are_safe_to_print(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	muster_fail(&err, MUSTER_E_NAME, "no file '%s'", "a\x1b[2J\n\x7f");
	assert_string_equal(err.message, "no file 'a\\x1b[2J\\x0a\\x7f'");
}

static void bytes_that_are_no_text_are_escaped_and_text_stays(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	muster_fail(&err, MUSTER_E_NAME, "%s",
		    "\xc3\xa9 \xc2\x9b \x9b \xff \xe2\x82 \xf0\x9f\x98\x80");
	assert_string_equal(err.message,
			    "\xc3\xa9 \\xc2\\x9b \\x9b \\xff \\xe2\\x82 \xf0\x9f\x98\x80");
}

static void a_long_message_is_cut_and_its_cause_kept(void **state)
{
	struct muster_error err = { 0 };
	char name[2000];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	muster_fail(&err, MUSTER_E_IO, "%s", name);
	assert_true(strlen(err.message) < sizeof(err.message));
	assert_non_null(strstr(err.message, "..."));

	errno = ENOSPC;
	muster_fail_errno(&err, "write '%s'", name);
	assert_non_null(strstr(err.message, "...: No space left on device"));

	muster_fail(&err, MUSTER_E_FORMAT, "the cause");
	muster_context(&err, "%s", name);
	assert_true(strlen(err.message) < sizeof(err.message));
	assert_non_null(strstr(err.message, "...: the cause"));
}

static void a_missing_error_struct_is_fine(void **state)
{
	(void)state;
	errno = ENOMEM;
	assert_int_equal(muster_fail_errno(NULL, "x"), MUSTER_E_MEMORY);
	assert_int_equal(muster_fail(NULL, MUSTER_E_LIMIT, "x"), MUSTER_E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context_goes_in_front_of_the_cause),
		cmocka_unit_test(hostile_names_are_safe_to_print),
		cmocka_unit_test(bytes_that_are_no_text_are_escaped_and_text_stays),
		cmocka_unit_test(a_long_message_is_cut_and_its_cause_kept),
		cmocka_unit_test(a_missing_error_struct_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
