#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "planners/eviction/eviction.h"

#define SEGMENTS 5

static const struct eviction_segment given[SEGMENTS] = {
	{ 10, 300, 0 }, { 20, 100, 1 }, { 30, 200, 2 }, { 40, 200, 3 }, { 50, 500, 4 },
};

static void the_least_recently_used_go_first_and_no_more_than_needed(void **state)
{
	static const struct {
		struct eviction_rules rules;
		size_t gone;
		uint64_t freed;
	} cases[] = {
		{ { .target_bytes = 150 }, 0, 0 },
		{ { .target_bytes = 149 }, 1, 20 },
		{ { .target_bytes = 130 }, 1, 20 },
		{ { .target_bytes = 129 }, 2, 50 },
		{ { .target_bytes = 150, .fixed_bytes = 1 }, 1, 20 },
		{ { .target_bytes = 0 }, 5, 150 },
		{ { .target_bytes = 0, .fixed_bytes = 7 }, 5, 150 },
		{ { .target_bytes = 0, .keep_since_ns = 300 }, 3, 90 },
		{ { .target_bytes = 0, .keep_since_ns = 200 }, 1, 20 },
		{ { .target_bytes = 0, .keep_since_ns = 1 }, 0, 0 },
	};
	static const size_t order[SEGMENTS] = { 1, 2, 3, 0, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eviction_segment list[SEGMENTS];
		uint64_t freed;

		for (size_t j = 0; j < SEGMENTS; j++)
			list[j] = given[j];
		assert_int_equal(eviction_plan(&cases[i].rules, list, SEGMENTS, &freed),
				 cases[i].gone);
		assert_int_equal(freed, cases[i].freed);
		for (size_t j = 0; j < SEGMENTS; j++)
			assert_int_equal(list[j].index, order[j]);
	}
}

static void nothing_is_planned_of_nothing(void **state)
{
	static const struct eviction_rules rules = { .fixed_bytes = 5 };

	(void)state;
	assert_int_equal(eviction_plan(&rules, NULL, 0, NULL), 0);
}

/* What is left fits, or is spared; with the last one that goes it would not fit. */
static void a_plan_is_the_shortest_that_fits(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct eviction_segment list[12];
		size_t count = (size_t)rand() % 13, gone;
		struct eviction_rules rules = { .target_bytes = (uint64_t)(rand() % 400),
						.fixed_bytes = (uint64_t)(rand() % 50),
						.keep_since_ns = (uint64_t)(rand() % 20) };
		uint64_t stays = rules.fixed_bytes, freed;

		for (size_t i = 0; i < count; i++) {
			list[i] = (struct eviction_segment){ (uint64_t)(rand() % 100),
							     (uint64_t)(rand() % 20), i };
			stays += list[i].size_bytes;
		}
		gone = eviction_plan(&rules, list, count, &freed);
		for (size_t i = 1; i < count; i++)
			assert_true(list[i - 1].used_ns <= list[i].used_ns);
		stays -= freed;
		if (stays > rules.target_bytes && gone < count)
			assert_true(rules.keep_since_ns &&
				    list[gone].used_ns >= rules.keep_since_ns);
		if (gone)
			assert_true(stays + list[gone - 1].size_bytes > rules.target_bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_recently_used_go_first_and_no_more_than_needed),
		cmocka_unit_test(nothing_is_planned_of_nothing),
		cmocka_unit_test(a_plan_is_the_shortest_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
