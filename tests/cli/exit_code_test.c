#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/exit_code.h"

static void every_code_has_its_exit_code(void **state)
{
	static const struct {
		enum muster_code code;
		enum exit_code expected;
	} cases[] = {
		{ MUSTER_OK, 0 },
		{ MUSTER_END, 0 },
		{ MUSTER_FULL, 4 },
		{ MUSTER_ABSENT, 2 },
		{ MUSTER_EXISTS, 5 },
		{ MUSTER_E_USAGE, 2 },
		{ MUSTER_E_NAME, 2 },
		{ MUSTER_E_REFUSED, 2 },
		{ MUSTER_E_ITEMS, 3 },
		{ MUSTER_E_IO, 4 },
		{ MUSTER_E_FORMAT, 4 },
		{ MUSTER_E_DIGEST, 4 },
		{ MUSTER_E_LIMIT, 4 },
		{ MUSTER_E_MEMORY, 4 },
		{ MUSTER_E_UNSUPPORTED, 4 },
		{ MUSTER_E_CHANGED, 3 },
		{ MUSTER_E_VANISHED, 3 },
		{ MUSTER_E_CONFLICT, 5 },
		{ MUSTER_E_CANCELLED, 130 },
		{ MUSTER_E_LOST, 4 },
		{ MUSTER_E_NOT_LOGGED, 2 },
		{ MUSTER_E_FINALIZED, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(exit_code_of(cases[i].code), cases[i].expected);
	assert_int_equal(exit_code_of((enum muster_code)9999), 4);
}

static void the_largest_wins_below_refused_and_interrupted(void **state)
{
	static const enum exit_code order[] = { 0, 1, 3, 4, 5, 2, 130 };
	static const size_t count = sizeof(order) / sizeof(order[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			assert_int_equal(exit_code_worse(order[i], order[j]), order[i > j ? i : j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_exit_code),
		cmocka_unit_test(the_largest_wins_below_refused_and_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
