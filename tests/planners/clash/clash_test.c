#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/clash/clash.h"

static void a_file_in_the_way_of_a_directory_is_found(void **state)
{
	static const struct {
		const char *paths[6];
		bool clashes; /* at the last one */
	} cases[] = {
		{ { "a", "a/b" }, true },
		{ { "a", "a-b", "a-b.c", "a/b" }, true },
		{ { "a", "a-b", "a-b/c" }, true },
		{ { "a", "ab", "abc", "b" }, false },
		{ { "a/b", "a/b.c", "a/c" }, false },
		{ { "a/b", "a/b.c", "a/b/c" }, true },
		{ { "a.txt", "a/b", "b" }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct clash clash = { 0 };
		size_t n = 0;

		while (cases[i].paths[n + 1] && n + 1 < 6) {
			assert_int_equal(clash_next(&clash, view_text(cases[i].paths[n]), &err),
					 MUSTER_OK);
			n++;
		}
		assert_int_equal(clash_next(&clash, view_text(cases[i].paths[n]), &err),
				 cases[i].clashes ? MUSTER_E_USAGE : MUSTER_OK);
		clash_release(&clash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_the_way_of_a_directory_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
