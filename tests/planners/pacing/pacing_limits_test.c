/* Limits hold and nobody starves, whatever the store, the load and the limits are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/planners/pacing/sim_lab.h"
#include "tests/planners/pacing/sim_server.h"

#define CONFIGURATIONS 120

static struct sim_result result;

static uint64_t between(uint64_t *random, uint64_t low, uint64_t high)
{
	return low + sim_random(random) % (high - low + 1);
}

static bool one_in(uint64_t *random, unsigned count)
{
	return sim_random(random) % count == 0;
}

static struct sim_store any_store(uint64_t *random)
{
	struct sim_store store = { .latency_ns = between(random, 1, 200) * SIM_MS };

	if (one_in(random, 2))
		store.requests_per_s = (double)between(random, 20, 2000);
	if (one_in(random, 3)) {
		store.straggler_share = 0.01 * sim_share(random);
		store.straggler_ns = 10 * SIM_S;
	}
	if (one_in(random, 3))
		store.failed_share = 0.1 * sim_share(random);
	if (one_in(random, 3)) {
		store.server_count = (unsigned)between(random, 1, SIM_SERVERS_MAX);
		store.service_ns = between(random, 1, 20) * SIM_MS;
	}
	if (one_in(random, 3))
		store.link_bytes_per_s = (double)between(random, 1, 100) * 1e6;
	if (one_in(random, 3)) {
		store.outage_begins_ns = 3 * SIM_S;
		store.outage_ends_ns = 5 * SIM_S;
	}
	return store;
}

static struct sim_limits any_limits(uint64_t *random)
{
	struct sim_limits limits = { .connections_max = (unsigned)between(random, 1, 300) };

	if (one_in(random, 2))
		limits.requests_per_second = between(random, 5, 2000);
	if (one_in(random, 2))
		limits.bandwidth_bytes_per_second = between(random, 1, 100) * 1000000;
	return limits;
}

static void limits_hold_always(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
		uint64_t random = seed * 977;
		struct sim_limits limits = any_limits(&random);
		struct sim_options options = {
			.seed = seed,
			.duration_ns = 10 * SIM_S,
			.store = any_store(&random),
			.load_count = (unsigned)between(&random, 1, PACER_KIND_COUNT),
		};
		struct pacer *pacer = lab_pacer(
			&(struct host_pacer_options){
				.connections_max = limits.connections_max,
				.requests_per_second = limits.requests_per_second,
				.bandwidth_bytes_per_second = limits.bandwidth_bytes_per_second,
			},
			seed);

		for (unsigned i = 0; i < options.load_count; i++)
			options.loads[i] = (struct sim_load){ (enum pacer_kind)i,
							      (unsigned)between(&random, 1, 400),
							      between(&random, 0, 500000),
							      between(&random, 0, 2000) * SIM_MS };
		sim_run(&options, &limits, pacer, &result);
		if (result.has_broken)
			fail_msg("seed %lu", (unsigned long)seed);
		for (unsigned i = 0; i < options.load_count; i++)
			if (!result.served_of[i])
				fail_msg("seed %lu: kind %u got nothing", (unsigned long)seed, i);
		host_pacer_free(pacer);
	}
}

/* A link of no limit, so that only connections are scarce. */
static void a_kind_that_comes_late_gets_its_share_of_connections(void **state)
{
	struct sim_options options = {
		.duration_ns = 20 * SIM_S,
		.store = { .latency_ns = 75 * SIM_MS },
		.loads = { { PACER_READ, 1000, 8u << 20, 0 },
			   { PACER_SMALL, 1000, 0, 10 * SIM_S } },
		.load_count = 2,
	};

	(void)state;
	for (options.seed = 1; options.seed <= 4; options.seed++) {
		double rate = 64 / 0.075;

		lab_run(&options, 64, &result);
		assert_true(lab_sum(&result, 2, 10).served >= 0.9 * rate * 8);
		assert_true(lab_sum(&result, 10, 20).served >= 0.9 * rate * 10);
		assert_true((double)result.served_of[PACER_SMALL] >= 0.42 * rate * 10);
		assert_true((double)result.served_of[PACER_SMALL] <= 0.55 * rate * 10);
	}
}

static void five_kinds_share_alike_and_one_that_wants_little_leaves_the_rest(void **state)
{
	struct sim_options options = {
		.duration_ns = 20 * SIM_S,
		.store = { .latency_ns = 75 * SIM_MS },
		.load_count = PACER_KIND_COUNT,
	};
	double rate = 100 / 0.075;

	(void)state;
	for (unsigned i = 0; i < PACER_KIND_COUNT; i++)
		options.loads[i] = (struct sim_load){ (enum pacer_kind)i, 1000, 1000, 0 };
	lab_run(&options, 100, &result);
	for (unsigned i = 0; i < PACER_KIND_COUNT; i++)
		assert_in_range(result.served_of[i], 0.15 * rate * 20, 0.25 * rate * 20);

	options.loads[PACER_LIST].client_count = 2;
	lab_run(&options, 100, &result);
	assert_true((double)result.served_of[PACER_LIST] >= 0.9 * 2 / 0.075 * 20);
	assert_true(lab_sum(&result, 2, 20).served >= 0.9 * rate * 18);
}

static void bandwidth_is_used_and_large_ones_do_not_starve(void **state)
{
	struct sim_options options = {
		.duration_ns = 20 * SIM_S,
		.store = { .latency_ns = 75 * SIM_MS },
		.loads = { { PACER_READ, 100, 8u << 20, 0 }, { PACER_SMALL, 1000, 10000, 0 } },
		.load_count = 2,
	};
	const struct sim_limits limits = { .connections_max = 64,
					   .bandwidth_bytes_per_second = 20000000 };
	struct pacer *pacer =
		lab_pacer(&(struct host_pacer_options){ .connections_max = 64,
							.bandwidth_bytes_per_second = 20000000 },
			  1);
	uint64_t bytes;

	(void)state;
	sim_run(&options, &limits, pacer, &result);
	bytes = lab_sum(&result, 0, 20).served_bytes;
	assert_false(result.has_broken);
	assert_in_range(bytes, 0.9 * 20e6 * 20, 1.05 * 20e6 * 20);
	assert_true(result.served_of[PACER_READ] >= 10);
	assert_true(result.served_of[PACER_SMALL] >= 10);
	host_pacer_free(pacer);
}

static void requests_per_second_are_used_up(void **state)
{
	struct sim_options options = {
		.duration_ns = 20 * SIM_S,
		.store = { .latency_ns = 75 * SIM_MS },
		.loads = { { PACER_LIST, 1000, 0, 0 } },
		.load_count = 1,
	};
	const struct sim_limits limits = { .requests_per_second = 300 };
	struct pacer *pacer =
		lab_pacer(&(struct host_pacer_options){ .requests_per_second = 300 }, 1);

	(void)state;
	sim_run(&options, &limits, pacer, &result);
	assert_false(result.has_broken);
	assert_true(lab_sum(&result, 1, 20).served >= 0.97 * 300 * 19);
	host_pacer_free(pacer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_hold_always),
		cmocka_unit_test(a_kind_that_comes_late_gets_its_share_of_connections),
		cmocka_unit_test(five_kinds_share_alike_and_one_that_wants_little_leaves_the_rest),
		cmocka_unit_test(bandwidth_is_used_and_large_ones_do_not_starve),
		cmocka_unit_test(requests_per_second_are_used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
