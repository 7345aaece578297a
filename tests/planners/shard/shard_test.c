#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "planners/shard/shard.h"
#include "tests/support/torture.h"

static uint64_t seed = 3;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static struct view path_of(char buffer[16], uint32_t n)
{
	snprintf(buffer, 16, "%08u", n);
	return view_text(buffer);
}

static bool is_in(const struct shard_range *range, struct view path)
{
	return view_compare(path, range->begin) >= 0 &&
	       (!range->end.len || view_compare(path, range->end) < 0);
}

/* Every path lies in exactly one range, the next one mostly; what a range says of itself is so. */
static void check(uint32_t path_count, size_t range_max, const uint64_t *weights)
{
	const struct shard_range *ranges;
	struct shard_cutter *cutter;
	uint64_t total = 0, largest = 0, least = UINT64_MAX;
	size_t count, at = 0;
	char buffer[16];
	uint32_t n = 0;

	assert_int_equal(shard_cutter_new(&cutter, range_max, NULL), MUSTER_OK);
	for (uint32_t i = 0; i < path_count; i++) {
		assert_int_equal(shard_cutter_add(cutter, path_of(buffer, i), weights[i], 1, NULL),
				 MUSTER_OK);
		total += weights[i];
		largest = weights[i] > largest ? weights[i] : largest;
		least = weights[i] < least ? weights[i] : least;
	}
	count = shard_cutter_cut(cutter, &ranges);
	assert_in_range(count, 1, range_max);
	assert_int_equal(ranges[0].begin.len, 0);
	assert_int_equal(ranges[count - 1].end.len, 0);
	for (; at < count; at++) {
		uint64_t weight = 0, paths = 0;

		if (at)
			assert_true(view_equal(ranges[at].begin, ranges[at - 1].end));
		for (; n < path_count && is_in(&ranges[at], path_of(buffer, n)); n++, paths++)
			weight += weights[n];
		assert_int_equal(ranges[at].weight, weight);
		assert_int_equal(ranges[at].count, paths);
		if (path_count >= SHARD_SAMPLES_PER_CUT * range_max) {
			uint64_t mean = total / range_max;

			assert_true(weight <= mean + 4 * (2 * mean / SHARD_SAMPLES_PER_CUT + 1) +
						      2 * largest);
		}
	}
	assert_int_equal(n, path_count);
	if (least && path_count >= range_max)
		assert_int_equal(count, range_max);
	shard_cutter_free(cutter);
}

static void any_paths_are_cut_into_ranges_that_cover_them(void **state)
{
	static uint64_t weights[20000];

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		uint32_t count = next_random(round % 3 ? 40 : 20000);
		uint32_t form = next_random(5);

		for (uint32_t i = 0; i < count; i++) {
			weights[i] = form == 0	 ? 1
				     : form == 1 ? next_random(1000)
				     : form == 2 ? (uint64_t)next_random(1000) * next_random(1000)
				     : form == 3 ? (next_random(100) ? 0 : 1u << 20)
						 : (next_random(50) ? 1 : 1u << 20);
		}
		check(count, 1 + next_random(round % 2 ? 64 : 5), weights);
	}
}

static void equal_weights_give_equal_ranges(void **state)
{
	static uint64_t weights[64 * 1000];

	(void)state;
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
		weights[i] = 32768;
	check(64 * 1000, 64, weights);
}

static void no_path_is_one_range(void **state)
{
	(void)state;
	check(0, 8, NULL);
}

static void without_memory_it_fails_in_order(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct shard_cutter *cutter = NULL;
		const struct shard_range *ranges;
		char buffer[16];
		enum muster_code code;

		torture_allocation(n);
		code = shard_cutter_new(&cutter, 3, NULL);
		for (uint32_t i = 0; i < 500 && !code; i++)
			code = shard_cutter_add(cutter, path_of(buffer, i), 1, 1, NULL);
		if (!code)
			assert_int_equal(shard_cutter_cut(cutter, &ranges), 3);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		shard_cutter_free(cutter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_paths_are_cut_into_ranges_that_cover_them),
		cmocka_unit_test(equal_weights_give_equal_ranges),
		cmocka_unit_test(no_path_is_one_range),
		cmocka_unit_test(without_memory_it_fails_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
