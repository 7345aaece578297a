/*
 * What pacing is worth: in simulated stores, over several seeds. The table at the end (ctest -V)
 * is that of docs/decisions/0010.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/planners/pacing/sim_lab.h"

#define SEEDS	3
#define CLIENTS 4096 /* always more than any window */

/* S3 as it is documented: 3,500 a second for a prefix; 0.2 % take 10 s. */
#define S3_STORE                                                                                   \
	{                                                                                          \
		.latency_ns = 75 * SIM_MS, .straggler_share = 0.002, .straggler_ns = 10 * SIM_S,   \
		.requests_per_s = 3500                                                             \
	}

static const struct sim_options s3 = {
	.duration_ns = 60 * SIM_S,
	.store = S3_STORE,
	.loads = { { PACER_SMALL, CLIENTS, 10000, 0 } },
	.load_count = 1,
};

static struct sim_result result;

static void a_rate_that_a_store_limits_is_found_and_held(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_options options = s3;
		struct sim_second sum;

		options.seed = seed;
		lab_run(&options, 1024, &result);
		assert_true(lab_sum(&result, 1, 2).served >= 0.9 * 3500);
		sum = lab_sum(&result, 2, 60);
		assert_true(sum.served >= 0.96 * 3500 * 58);
		assert_true(sum.throttled <= 0.01 * sum.attempts);
		assert_true(result.throttled <= 0.01 * result.attempts);
		assert_int_equal(result.lost, 0);
		assert_false(result.has_broken);
	}
}

static void the_loss_of_a_third_is_followed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_options options = s3;
		struct sim_second sum;

		options.seed = seed;
		options.store.change_ns = 30 * SIM_S;
		options.store.change_factor = 2.0 / 3;
		lab_run(&options, 1024, &result);
		assert_true(lab_sum(&result, 30, 32).throttled <= 0.12 * 2 * 2333);
		sum = lab_sum(&result, 32, 60);
		assert_true(sum.served >= 0.96 * 2333 * 28);
		assert_true(sum.throttled <= 0.01 * sum.attempts);
		assert_int_equal(result.lost, 0);
	}
}

static void a_window_shrinks_where_lost_capacity_makes_a_queue(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.duration_ns = 100 * SIM_S;
	options.store = (struct sim_store){
		.latency_ns = 75 * SIM_MS,
		.server_count = 16,
		.service_ns = 10 * SIM_MS,
		.change_ns = 30 * SIM_S,
		.change_factor = 0.25,
	};
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		lab_run(&options, 256, &result);
		assert_true(lab_sum(&result, 20, 30).in_flight >= 110);
		assert_true(lab_sum(&result, 80, 100).in_flight <= 80);
		assert_true(lab_sum(&result, 32, 100).served >= 0.9 * 400 * 68);
	}
}

static void capacity_that_returns_is_found(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_options options = s3;

		options.seed = seed;
		options.store.change_ns = 20 * SIM_S;
		options.store.change_factor = 2;
		lab_run(&options, 1024, &result);
		assert_true(lab_sum(&result, 30, 60).served >= 0.9 * 7000 * 30);
	}
}

static void stragglers_are_raced_and_the_tail_is_short(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_options options = s3;
		struct rival unhedged;
		struct pacer *pacer;

		options.seed = seed;
		lab_run(&options, 256, &result);
		assert_true(result.p999_ns <= 1 * SIM_S);
		assert_true(result.hedged <= 0.01 * result.attempts);

		pacer = lab_pacer(&(struct host_pacer_options){ 0 }, seed);
		unhedged = rival_unhedged(pacer);
		sim_run(&options, NULL, &unhedged.base, &result);
		assert_true(result.p999_ns >= 10 * SIM_S);
		host_pacer_free(pacer);
	}
}

static void a_host_that_turns_slow_is_not_raced_to_death(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.store = (struct sim_store){
		.latency_ns = 75 * SIM_MS,
		.server_count = 64,
		.service_ns = 5 * SIM_MS,
		.change_ns = 30 * SIM_S,
		.change_factor = 0.02,
	};
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		lab_run(&options, 256, &result);
		assert_true(result.hedged <= 0.05 * result.attempts + 256);
		assert_true(lab_sum(&result, 31, 60).served >= 0.9 * 29 * 64 * 1000 / 250);
	}
}

static void an_outage_is_survived_without_a_storm(void **state)
{
	static const unsigned clients[] = { 1, 4, 64, CLIENTS };
	static const uint64_t hangs_ns[] = { 0, 10 * SIM_S };

	(void)state;
	for (unsigned i = 0; i < 4 * 2 * SEEDS; i++) {
		struct sim_options options = s3;

		options.seed = 1 + i / 8;
		options.loads[0].client_count = clients[i % 4];
		options.store.outage_begins_ns = 10 * SIM_S;
		options.store.outage_ends_ns = 30 * SIM_S;
		options.store.outage_hangs_ns = hangs_ns[i / 4 % 2];
		lab_run(&options, 256, &result);
		assert_int_equal(result.lost, 0);
		for (unsigned second = 11; second < 30; second++)
			assert_true(result.seconds[second].attempts <= 12);
		assert_true(result.seconds[31].attempts <= 3500);
		assert_true(result.first_served_ns <= 33 * SIM_S);
		if (clients[i % 4] == CLIENTS)
			assert_true(lab_sum(&result, 34, 60).served >= 0.9 * 3413 * 26);
	}
}

static void an_outage_that_does_not_end_fails_in_a_minute(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_options options = s3;

		options.seed = seed;
		options.duration_ns = 100 * SIM_S;
		options.loads[0].client_count = 64;
		options.store.outage_begins_ns = 10 * SIM_S;
		options.store.outage_ends_ns = 1000 * SIM_S;
		lab_run(&options, 256, &result);
		assert_true(result.lost >= 64);
		for (unsigned second = 11; second < 100; second++)
			assert_true(result.seconds[second].attempts <= 24);
	}
}

/* Two servers that take 0.1 ms, 0.1 ms away: four in flight are all that is of use. */
static void a_near_store_gets_few_connections(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.duration_ns = 20 * SIM_S;
	options.store = (struct sim_store){
		.latency_ns = SIM_MS / 10,
		.server_count = 2,
		.service_ns = SIM_MS / 10,
	};
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		struct sim_second sum;

		lab_run(&options, 256, &result);
		sum = lab_sum(&result, 1, 20);
		assert_true(sum.served >= 0.9 * 20000 * 19);
		assert_true(sum.in_flight <= 12);
		assert_true(result.in_flight_max <= 40);
	}
}

/* 10 Gbps by connections of 50 MB/s each, of which a third is lost. */
static void a_link_is_filled_and_not_overfilled(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.loads[0] = (struct sim_load){ PACER_READ, CLIENTS, 8u << 20, 0 };
	options.store = (struct sim_store){
		.latency_ns = 20 * SIM_MS,
		.connection_bytes_per_s = 50e6,
		.link_bytes_per_s = 1250e6,
		.change_ns = 30 * SIM_S,
		.change_factor = 2.0 / 3,
	};
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		lab_run(&options, 256, &result);
		assert_true(lab_sum(&result, 3, 30).served_bytes >= 0.9 * 1250e6 * 27);
		assert_true(lab_sum(&result, 5, 30).in_flight <= 64);
		assert_true(lab_sum(&result, 32, 60).served_bytes >= 0.9 * 833e6 * 28);
	}
}

static void a_far_store_without_limits_gets_all_connections_soon(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.store = (struct sim_store){ .latency_ns = 75 * SIM_MS };
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		lab_run(&options, 256, &result);
		assert_true(lab_sum(&result, 1, 2).in_flight >= 200);
		assert_true(lab_sum(&result, 2, 60).in_flight >= 240);
	}
}

static void scattered_failures_slow_nothing_down(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.store = (struct sim_store){ .latency_ns = 75 * SIM_MS, .failed_share = 0.05 };
	for (options.seed = 1; options.seed <= SEEDS; options.seed++) {
		lab_run(&options, 256, &result);
		assert_true(lab_sum(&result, 2, 60).in_flight >= 230);
		assert_int_equal(result.lost, 0);
	}
}

static void a_line_of_the_table(const char *name, const struct sim_options *options,
				struct pacer *pacer)
{
	unsigned seconds = (unsigned)(options->duration_ns / SIM_S);
	struct sim_second sum;

	sim_run(options, NULL, pacer, &result);
	sum = lab_sum(&result, 0, seconds);
	printf("  %-16s %8.0f/s %6.0f MB/s %6.1f in flight %5.2f %% throttled %5.2f %% hedged "
	       "%4lu lost, p50 %5.0f p99 %6.0f p99.9 %6.0f ms\n",
	       name, (double)sum.served / seconds, (double)sum.served_bytes / seconds / 1e6,
	       sum.in_flight, 100.0 * (double)result.throttled / (double)(result.attempts + 1),
	       100.0 * (double)result.hedged / (double)(result.attempts + 1),
	       (unsigned long)result.lost, (double)result.p50_ns / 1e6, (double)result.p99_ns / 1e6,
	       (double)result.p999_ns / 1e6);
}

static void compare(const char *title, const struct sim_options *options, unsigned connections_max)
{
	const struct host_pacer_options ours = { .connections_max = connections_max };
	struct pacer *pacer = lab_pacer(&ours, 1);
	struct rival rival;

	printf("%s\n", title);
	a_line_of_the_table("muster", options, pacer);
	host_pacer_free(pacer);
	pacer = lab_pacer(&ours, 1);
	rival = rival_unhedged(pacer);
	a_line_of_the_table("without races", options, &rival.base);
	host_pacer_free(pacer);
	rival = rival_fixed(64);
	a_line_of_the_table("fixed 64", options, &rival.base);
	rival = rival_fixed(256);
	a_line_of_the_table("fixed 256", options, &rival.base);
	rival = rival_aimd(connections_max);
	a_line_of_the_table("AIMD", options, &rival.base);
}

static void the_table(void **state)
{
	struct sim_options options = s3;

	(void)state;
	options.seed = 1;
	options.store.change_ns = 30 * SIM_S;
	options.store.change_factor = 2.0 / 3;
	compare("3,500/s, 75 ms, 0.2 % of 10 s, a third lost at 30 s; 1,024 connections", &options,
		1024);
	compare("the same; 256 connections", &options, 256);
	options.store.change_ns = 0;
	options.store.outage_begins_ns = 10 * SIM_S;
	options.store.outage_ends_ns = 30 * SIM_S;
	compare("3,500/s, away from 10 to 30 s; 256 connections", &options, 256);
	options.loads[0].client_count = 4;
	compare("the same, 4 requests at a time", &options, 256);
	options.loads[0].client_count = CLIENTS;
	options.store = (struct sim_store){
		.latency_ns = 75 * SIM_MS,
		.server_count = 16,
		.service_ns = 10 * SIM_MS,
	};
	compare("16 servers of 10 ms that queue, 75 ms; 1,024 connections", &options, 1024);
	options.store = (struct sim_store){
		.latency_ns = SIM_MS / 10,
		.server_count = 2,
		.service_ns = SIM_MS / 10,
	};
	options.duration_ns = 20 * SIM_S;
	compare("loopback: 2 servers of 0.1 ms; 256 connections", &options, 256);
	options.store = (struct sim_store){
		.latency_ns = 20 * SIM_MS,
		.connection_bytes_per_s = 50e6,
		.link_bytes_per_s = 1250e6,
	};
	options.loads[0] = (struct sim_load){ PACER_READ, CLIENTS, 8u << 20, 0 };
	compare("10 Gbps, 50 MB/s a connection, 8 MiB each; 256 connections", &options, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_that_a_store_limits_is_found_and_held),
		cmocka_unit_test(the_loss_of_a_third_is_followed),
		cmocka_unit_test(a_window_shrinks_where_lost_capacity_makes_a_queue),
		cmocka_unit_test(capacity_that_returns_is_found),
		cmocka_unit_test(stragglers_are_raced_and_the_tail_is_short),
		cmocka_unit_test(a_host_that_turns_slow_is_not_raced_to_death),
		cmocka_unit_test(an_outage_is_survived_without_a_storm),
		cmocka_unit_test(an_outage_that_does_not_end_fails_in_a_minute),
		cmocka_unit_test(a_near_store_gets_few_connections),
		cmocka_unit_test(a_link_is_filled_and_not_overfilled),
		cmocka_unit_test(a_far_store_without_limits_gets_all_connections_soon),
		cmocka_unit_test(scattered_failures_slow_nothing_down),
		cmocka_unit_test(the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
