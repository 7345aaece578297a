#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/retry/retry.h"

#define MS 1000000ull
#define S  (1000 * MS)

static const struct outage up;

static struct attempt attempt_of(enum attempt_outcome outcome, unsigned number)
{
	return (struct attempt){ .outcome = outcome, .number = number, .ended_ns = S };
}

static void pauses_grow_to_a_limit_and_use_all_of_it(void **state)
{
	static const struct {
		enum attempt_outcome outcome;
		unsigned number;
		uint64_t limit_ms;
	} cases[] = {
		{ ATTEMPT_FAILED, 0, 100 },	 { ATTEMPT_FAILED, 1, 100 },
		{ ATTEMPT_FAILED, 2, 200 },	 { ATTEMPT_TIMED_OUT, 4, 800 },
		{ ATTEMPT_FAILED, 8, 12800 },	 { ATTEMPT_FAILED, 9, 20000 },
		{ ATTEMPT_FAILED, 4000, 20000 }, { ATTEMPT_THROTTLED, 1, 500 },
		{ ATTEMPT_THROTTLED, 3, 2000 },	 { ATTEMPT_THROTTLED, 7, 20000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t limit_ns = cases[i].limit_ms * MS;
		unsigned number = cases[i].number;

		assert_int_equal(retry_backoff(number, cases[i].outcome, 0), 0);
		assert_int_equal(retry_backoff(number, cases[i].outcome, limit_ns), limit_ns);
		assert_int_equal(retry_backoff(number, cases[i].outcome, limit_ns + 1), 0);
		assert_true(retry_backoff(number, cases[i].outcome, UINT64_MAX) <= limit_ns);
	}
}

static void what_was_served_or_cancelled_is_not_tried_again(void **state)
{
	struct retry retry = retry_of(0);
	struct attempt served = attempt_of(ATTEMPT_SERVED, 1);
	struct attempt cancelled = attempt_of(ATTEMPT_CANCELLED, 1);

	(void)state;
	assert_int_equal(retry_after(&retry, &served, &up, 7), ATTEMPT_NEVER);
	assert_int_equal(retry_after(&retry, &cancelled, &up, 7), ATTEMPT_NEVER);
}

static void tries_end_an_exchange(void **state)
{
	struct retry retry = retry_of(3);
	struct attempt second = attempt_of(ATTEMPT_FAILED, 2);
	struct attempt third = attempt_of(ATTEMPT_FAILED, 3);

	(void)state;
	assert_int_equal(retry_after(&retry, &second, &up, 7), 7);
	assert_int_equal(retry_after(&retry, &third, &up, 7), ATTEMPT_NEVER);
}

static void the_server_may_ask_for_a_minute_at_most(void **state)
{
	struct retry retry = retry_of(0);
	struct attempt attempt = attempt_of(ATTEMPT_THROTTLED, 1);

	(void)state;
	attempt.retry_after_ns = 7 * S;
	assert_int_equal(retry_after(&retry, &attempt, &up, 5), 7 * S + 5);
	attempt.retry_after_ns = UINT64_MAX;
	assert_int_equal(retry_after(&retry, &attempt, &up, 5), 60 * S + 5);
}

static unsigned retries_until_refused(struct retry *retry, enum attempt_outcome outcome)
{
	struct attempt attempt = attempt_of(outcome, 1);
	unsigned count = 0;

	while (retry_after(retry, &attempt, &up, 1) != ATTEMPT_NEVER)
		count++;
	return count;
}

static void the_budget_ends_what_mostly_fails(void **state)
{
	struct retry retry = retry_of(0);
	struct attempt first = attempt_of(ATTEMPT_SERVED, 1);
	struct attempt second = attempt_of(ATTEMPT_SERVED, 2);

	(void)state;
	assert_int_equal(retries_until_refused(&retry, ATTEMPT_FAILED), 100);
	for (unsigned i = 0; i < 10; i++)
		retry_after(&retry, &first, &up, 1);
	assert_int_equal(retries_until_refused(&retry, ATTEMPT_FAILED), 2);
	retry_after(&retry, &second, &up, 1); /* a retry that was served costs nothing */
	assert_int_equal(retries_until_refused(&retry, ATTEMPT_FAILED), 1);
	for (unsigned i = 0; i < 10000; i++)
		retry_after(&retry, &first, &up, 1);
	assert_int_equal(retries_until_refused(&retry, ATTEMPT_THROTTLED), 500);
}

static void an_outage_costs_neither_tries_nor_budget(void **state)
{
	const struct outage down = { .state = OUTAGE_DOWN };
	struct retry retry = retry_of(0);
	struct attempt attempt = attempt_of(ATTEMPT_FAILED, 1);

	(void)state;
	for (attempt.number = 1; attempt.number < 1000; attempt.number++)
		assert_true(retry_after(&retry, &attempt, &down, UINT64_MAX - 1) <= 2 * S);
	assert_int_equal(retry.tokens, 500);
}

static void whoever_probed_through_an_outage_has_a_minute_more(void **state)
{
	const struct outage over = { .over_ns = 100 * S };
	struct retry retry = retry_of(0);
	struct attempt attempt = attempt_of(ATTEMPT_THROTTLED, 14);

	(void)state;
	attempt.ended_ns = 101 * S;
	assert_int_equal(retry_after(&retry, &attempt, &over, 9), 9);
	attempt.ended_ns = 161 * S;
	assert_int_equal(retry_after(&retry, &attempt, &over, 9), ATTEMPT_NEVER);
}

static void nothing_is_tried_again_when_the_host_is_lost(void **state)
{
	const struct outage lost = { .state = OUTAGE_LOST };
	struct retry retry = retry_of(0);
	struct attempt attempt = attempt_of(ATTEMPT_TIMED_OUT, 1);

	(void)state;
	assert_int_equal(retry_after(&retry, &attempt, &lost, 9), ATTEMPT_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_a_limit_and_use_all_of_it),
		cmocka_unit_test(what_was_served_or_cancelled_is_not_tried_again),
		cmocka_unit_test(tries_end_an_exchange),
		cmocka_unit_test(the_server_may_ask_for_a_minute_at_most),
		cmocka_unit_test(the_budget_ends_what_mostly_fails),
		cmocka_unit_test(an_outage_costs_neither_tries_nor_budget),
		cmocka_unit_test(whoever_probed_through_an_outage_has_a_minute_more),
		cmocka_unit_test(nothing_is_tried_again_when_the_host_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
