#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/pacing/pacing.h"

#define MS 1000000ull
#define S  (1000 * MS)

static void a_bucket_gives_so_much_per_second(void **state)
{
	struct bucket bucket = bucket_of(100, 10);
	unsigned taken = 0;

	(void)state;
	for (uint64_t now_ns = S; now_ns < 11 * S; now_ns += MS) {
		if (bucket_wait(&bucket, 1, now_ns))
			continue;
		bucket_take(&bucket, 1);
		taken++;
	}
	assert_in_range(taken, 1005, 1011);
}

static void a_bucket_says_when_to_ask_again(void **state)
{
	struct bucket bucket = bucket_of(100, 10);
	uint64_t wait_ns;

	(void)state;
	assert_int_equal(bucket_wait(&bucket, 50, S), 0); /* it is full, and more than it holds */
	bucket_take(&bucket, 50);
	wait_ns = bucket_wait(&bucket, 1, S);
	assert_in_range(wait_ns, 409 * MS, 411 * MS);
	assert_true(bucket_wait(&bucket, 1, S / 2)); /* an older time changes nothing */
	assert_int_equal(bucket_wait(&bucket, 1, S + wait_ns), 0);
}

static void without_a_rate_nothing_waits(void **state)
{
	struct bucket bucket = bucket_of(0, 0);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(bucket_wait(&bucket, 1e12, 0), 0);
		bucket_take(&bucket, 1e12);
	}
}

static void quantiles_are_a_quarter_too_high_at_most(void **state)
{
	static const uint64_t values[] = { 70000, MS, 75 * MS, 333 * MS, 10 * S, 100 * S };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct latency latency = { 0 };

		assert_int_equal(latency_quantile(&latency, 0.5), 0);
		latency_add(&latency, values[i]);
		assert_in_range(latency_quantile(&latency, 0.5), values[i], values[i] * 5 / 4 + 1);
	}
}

static void any_latency_is_counted(void **state)
{
	static const uint64_t values[] = { 0, 1, 65535, 65536, 1ull << 37, 1ull << 63, UINT64_MAX };
	struct latency latency = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		latency_add(&latency, values[i]);
	assert_int_equal(latency.total, sizeof(values) / sizeof(values[0]));
	assert_true(latency_quantile(&latency, 0) > 0);
	assert_in_range(latency_quantile(&latency, 1), 137 * S, 200 * S);
}

static void the_slow_few_are_seen_and_the_past_is_forgotten(void **state)
{
	struct latency latency = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		latency_add(&latency, i % 100 == 0 ? 10 * S : 75 * MS);
	assert_in_range(latency_quantile(&latency, 0.97), 75 * MS, 94 * MS);
	assert_in_range(latency_quantile(&latency, 0.995), 10 * S, 13 * S);
	for (unsigned i = 0; i < 20000; i++)
		latency_add(&latency, 300 * MS);
	assert_in_range(latency_quantile(&latency, 0.1), 300 * MS, 376 * MS);
}

/* So many attempts at once, all ended after the same time, until a window is full of them. */
static void run_rounds(struct window *window, unsigned rounds, uint64_t *now_ns)
{
	for (unsigned round = 0; round < rounds; round++) {
		struct attempt attempt = { .began_ns = *now_ns };
		unsigned count = 0;

		for (; window_has_room(window); count++)
			window_begin(window);
		*now_ns += 50 * MS;
		attempt.ended_ns = *now_ns;
		while (count--)
			window_ended(window, &attempt);
	}
}

static void a_window_doubles_while_that_is_worth_it(void **state)
{
	struct window window = window_of(4, 64, false);
	uint64_t now_ns = S;

	(void)state;
	run_rounds(&window, 12, &now_ns);
	assert_int_equal((unsigned)window.size, 64);
	run_rounds(&window, 1000, &now_ns);
	assert_in_range((unsigned)window.size, 56, 64);
}

static void a_window_that_is_not_full_stays(void **state)
{
	struct window window = window_of(8, 64, false);
	struct attempt attempt = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		window_begin(&window);
		attempt.began_ns = i * MS;
		attempt.ended_ns = i * MS + MS / 2;
		window_ended(&window, &attempt);
	}
	assert_int_equal((unsigned)window.size, 8);
}

static void one_flood_of_refusals_cuts_once(void **state)
{
	struct window window = window_of(8, 64, false);
	struct attempt attempt = { .outcome = ATTEMPT_THROTTLED };
	uint64_t now_ns = S;

	(void)state;
	run_rounds(&window, 12, &now_ns);
	attempt.began_ns = now_ns;
	while (window_has_room(&window))
		window_begin(&window);
	for (unsigned i = 0; i < 20; i++) {
		attempt.ended_ns = now_ns + i * 100;
		window_ended(&window, &attempt);
	}
	assert_in_range((unsigned)window.size, 50, 52);
}

static void single_failures_cut_nothing_and_half_of_them_does(void **state)
{
	struct window window = window_of(8, 64, false);
	struct attempt attempt = { 0 };
	uint64_t now_ns = S;

	(void)state;
	run_rounds(&window, 12, &now_ns);
	for (unsigned i = 0; i < 6400; i++) {
		attempt.outcome = i % 16 == 0 ? ATTEMPT_TIMED_OUT : ATTEMPT_SERVED;
		attempt.began_ns = now_ns + i * MS;
		attempt.ended_ns = attempt.began_ns + MS / 2;
		window_begin(&window);
		window_ended(&window, &attempt);
	}
	assert_int_equal((unsigned)window.size, 64);
	for (unsigned i = 6400; i < 6500; i++) {
		attempt.outcome = i % 2 == 0 ? ATTEMPT_TIMED_OUT : ATTEMPT_SERVED;
		attempt.began_ns = now_ns + i * MS;
		attempt.ended_ns = attempt.began_ns + MS / 2;
		window_begin(&window);
		window_ended(&window, &attempt);
	}
	assert_true(window.size < 50);
}

static void races_are_counted_and_end(void **state)
{
	struct pacing pacing = pacing_of(&(struct pacing_options){ 0 });
	struct attempt attempt = { .kind = ATTEMPT_SMALL, .ended_ns = 50 * MS };
	unsigned races = 0;

	(void)state;
	assert_int_equal(pacing_hedge_after(&pacing, ATTEMPT_READ), ATTEMPT_NEVER);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(pacing_admit(&pacing, ATTEMPT_SMALL, 0, i * MS), 0);
		attempt.outcome = ATTEMPT_SERVED;
		pacing_ended(&pacing, &attempt);
		if (pacing_hedge_after(&pacing, ATTEMPT_SMALL) == ATTEMPT_NEVER)
			continue;
		assert_int_equal(pacing_admit(&pacing, ATTEMPT_SMALL, 0, i * MS), 0);
		attempt.outcome = ATTEMPT_CANCELLED;
		pacing_ended(&pacing, &attempt);
		races++;
	}
	assert_in_range(races, 50, 67);
}

static void bytes_that_nobody_announced_are_owed(void **state)
{
	struct pacing pacing = pacing_of(&(struct pacing_options){ .bandwidth_bytes_per_s = 1000 });
	struct attempt attempt = { .kind = ATTEMPT_READ, .began_ns = S, .ended_ns = S };

	(void)state;
	assert_int_equal(pacing_admit(&pacing, ATTEMPT_READ, 0, S), 0);
	assert_int_equal(pacing_admit(&pacing, ATTEMPT_READ, 0, S), 0);
	attempt.byte_count = 4000;
	pacing_ended(&pacing, &attempt);
	assert_in_range(pacing_admit(&pacing, ATTEMPT_SMALL, 0, S), 3900 * MS, 3902 * MS);
	attempt.byte_count = 0;
	pacing_ended(&pacing, &attempt);
	assert_int_equal(pacing_admit(&pacing, ATTEMPT_READ, 6000, 5 * S),
			 0); /* at most a second */
	assert_in_range(pacing_admit(&pacing, ATTEMPT_SMALL, 0, 5 * S), 5900 * MS, 6002 * MS);
	attempt.byte_count = 1000; /* it ended early: the rest is given back */
	pacing_ended(&pacing, &attempt);
	assert_in_range(pacing_admit(&pacing, ATTEMPT_SMALL, 0, 5 * S), 900 * MS, 1002 * MS);
}

static void a_window_full_of_stragglers_lets_one_in_at_a_time(void **state)
{
	struct pacing pacing = pacing_of(&(struct pacing_options){ .connections_max = 12 });
	unsigned admitted = 0;

	(void)state;
	while (!pacing_admit(&pacing, ATTEMPT_SMALL, 0, S))
		admitted++;
	assert_int_equal(admitted, 8);
	assert_true(pacing_admit(&pacing, ATTEMPT_SMALL, 0, 2 * S + S / 2));
	for (uint64_t now_ns = 3 * S; now_ns < 30 * S; now_ns += MS)
		admitted += !pacing_admit(&pacing, ATTEMPT_SMALL, 0, now_ns);
	assert_int_equal(admitted, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_gives_so_much_per_second),
		cmocka_unit_test(a_bucket_says_when_to_ask_again),
		cmocka_unit_test(without_a_rate_nothing_waits),
		cmocka_unit_test(quantiles_are_a_quarter_too_high_at_most),
		cmocka_unit_test(any_latency_is_counted),
		cmocka_unit_test(the_slow_few_are_seen_and_the_past_is_forgotten),
		cmocka_unit_test(a_window_doubles_while_that_is_worth_it),
		cmocka_unit_test(a_window_that_is_not_full_stays),
		cmocka_unit_test(one_flood_of_refusals_cuts_once),
		cmocka_unit_test(single_failures_cut_nothing_and_half_of_them_does),
		cmocka_unit_test(races_are_counted_and_end),
		cmocka_unit_test(bytes_that_nobody_announced_are_owed),
		cmocka_unit_test(a_window_full_of_stragglers_lets_one_in_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
