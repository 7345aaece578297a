#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "planners/retention/retention.h"

#define HOUR	     UINT64_C(3600000)
#define DAY	     (24 * HOUR)
#define VERSIONS_MAX 8

/* A version a letter: the day it was made on, upper case where it has an alias. Answers: what keeps
 * each, as a digit of enum retention_rule's bits in hex; '-': it goes. */
struct sample {
	const char *made;
	struct retention_rules rules;
	const char *kept;
};

static size_t make(const char *made, struct retention_version *versions)
{
	size_t count = strlen(made);

	for (size_t i = 0; i < count; i++) {
		bool is_upper = made[i] >= 'A' && made[i] <= 'Z';
		uint64_t day = (uint64_t)(made[i] - (is_upper ? 'A' : 'a'));

		versions[i] = (struct retention_version){ .number = 3 * i + 1,
							  .created_ms = day * DAY + i * HOUR,
							  .has_alias = is_upper,
							  .kept_by = 99 };
	}
	return count;
}

static void versions_stay_by_any_rule_and_the_others_go(void **state)
{
	static const struct sample samples[] = {
		/* nothing but the newest stays by itself */
		{ "aabb", { 0 }, "---1" },
		{ "a", { 0 }, "1" },
		{ "a", { .last_count = 1, .daily_count = 1 }, "7" },
		/* the last ones */
		{ "aabb", { .last_count = 1 }, "---3" },
		{ "aabb", { .last_count = 3 }, "-223" },
		{ "aabb", { .last_count = 4 }, "2223" },
		{ "aabb", { .last_count = UINT64_MAX }, "2223" },
		/* the newest of each day; days without any do not count */
		{ "aabbcc", { .daily_count = 1 }, "-----5" },
		{ "aabbcc", { .daily_count = 2 }, "---4-5" },
		{ "aabbzz", { .daily_count = 2 }, "---4-5" },
		{ "aabbcc", { .daily_count = 3 }, "-4-4-5" },
		{ "aabbcc", { .daily_count = UINT64_MAX }, "-4-4-5" },
		/* rules add up */
		{ "aabbcc", { .last_count = 2, .daily_count = 2 }, "---427" },
		/* aliases protect, unless they are to go with their versions */
		{ "AabB", { 0 }, "8--9" },
		{ "AabB", { .last_count = 2 }, "8-2b" },
		{ "AabB", { .last_count = 2, .drops_aliased = true }, "--23" },
		{ "AaBb", { .daily_count = 2 }, "8485" },
		/* a clock that was wrong: days do not follow numbers; the newest stays */
		{ "zab", { .daily_count = 1 }, "4-1" },
		{ "zab", { .daily_count = 2 }, "4-5" },
		{ "bab", { .daily_count = 2 }, "-45" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct retention_version versions[VERSIONS_MAX];
		size_t count = make(samples[i].made, versions), gone = 0;
		size_t answer = retention_plan(&samples[i].rules, versions, count);
		char kept[VERSIONS_MAX + 1] = "";

		for (size_t j = 0; j < count; j++) {
			assert_int_equal(versions[j].number, 3 * j + 1);
			assert_true(versions[j].kept_by < 16);
			kept[j] = "-123456789abcdef"[versions[j].kept_by];
			gone += kept[j] == '-';
		}
		assert_string_equal(kept, samples[i].kept);
		assert_int_equal(answer, gone);
	}
}

static void nothing_is_planned_of_nothing(void **state)
{
	static const struct retention_rules rules = { .last_count = 1, .daily_count = 1 };

	(void)state;
	assert_int_equal(retention_plan(&rules, NULL, 0), 0);
}

/* What is deleted by a plan changes nothing for the others: the same plan again deletes nothing. */
static void a_plan_that_was_done_leaves_nothing_to_do(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct retention_version versions[VERSIONS_MAX];
		struct retention_rules rules;
		char made[VERSIONS_MAX + 1] = "";
		size_t count, left = 0;

		for (size_t i = 0; i < VERSIONS_MAX; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			made[i] = (char)((seed >> 60 & 1 ? 'a' : 'A') + (char)((seed >> 33) % 4));
		}
		rules = (struct retention_rules){ .last_count = seed >> 40 & 3,
						  .daily_count = seed >> 45 & 3,
						  .drops_aliased = seed >> 50 & 1 };
		count = make(made, versions);
		retention_plan(&rules, versions, count);
		for (size_t i = 0; i < count; i++)
			if (versions[i].kept_by)
				versions[left++] = versions[i];
		assert_true(left >= 1);
		assert_int_equal(retention_plan(&rules, versions, left), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_stay_by_any_rule_and_the_others_go),
		cmocka_unit_test(nothing_is_planned_of_nothing),
		cmocka_unit_test(a_plan_that_was_done_leaves_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
