#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/suggest.h"

static void distances_count_single_slips(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },
		{ "a", "", 1 },
		{ "", "abc", 3 },
		{ "put", "put", 0 },
		{ "ptu", "put", 1 },
		{ "pt", "put", 1 },
		{ "putt", "put", 1 },
		{ "pat", "put", 1 },
		{ "kitten", "sitting", 3 },
		{ "verfiy", "verify", 1 },
		{ "abcd", "wxyz", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view a = view_text(cases[i].a), b = view_text(cases[i].b);

		assert_int_equal(edit_distance(a, b), cases[i].distance);
		assert_int_equal(edit_distance(b, a), cases[i].distance);
	}
}

static const char *nearest(const char *typed)
{
	static const char *const names[] = { "put",    "get", "checkout", "check",
					     "verify", "ls",  "metadata", "path-prefix" };
	struct suggestion suggestion = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		suggestion_offer(&suggestion, view_text(typed), names[i]);
	return suggestion.text ? suggestion.text : "(none)";
}

static void the_nearest_name_is_offered_if_it_is_near(void **state)
{
	static const struct {
		const char *typed, *expected;
	} cases[] = {
		{ "ptu", "put" },
		{ "gte", "get" },
		{ "chekc", "check" },
		{ "chekout", "checkout" },
		{ "verifiy", "verify" },
		{ "meta", "metadata" },
		{ "path", "path-prefix" },
		{ "frobnicate", "(none)" },
		{ "", "(none)" },
		{ "x", "(none)" },
		{ "a-name-that-is-longer-than-any-option-is", "(none)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(nearest(cases[i].typed), cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_single_slips),
		cmocka_unit_test(the_nearest_name_is_offered_if_it_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
