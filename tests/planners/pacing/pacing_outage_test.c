#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/pacing/outage.h"

#define MS 1000000ull
#define S  (1000 * MS)

static bool end(struct outage *outage, enum attempt_outcome outcome, uint64_t now_ns)
{
	const struct attempt attempt = { .outcome = outcome, .ended_ns = now_ns };

	return outage_ended(outage, &attempt);
}

static struct outage down_at(uint64_t now_ns)
{
	struct outage outage = { 0 };

	end(&outage, ATTEMPT_SERVED, now_ns);
	for (unsigned i = 0; i < 4; i++)
		end(&outage, ATTEMPT_FAILED, now_ns);
	assert_int_equal(outage.state, OUTAGE_DOWN);
	return outage;
}

static void four_failures_in_a_row_close_the_gate(void **state)
{
	struct outage outage = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		end(&outage, i % 4 == 3 ? ATTEMPT_SERVED : ATTEMPT_FAILED, S);
		assert_int_equal(outage_wait(&outage, S), 0);
	}
	end(&outage, ATTEMPT_FAILED, S);
	end(&outage, ATTEMPT_CANCELLED, S);
	end(&outage, ATTEMPT_TIMED_OUT, S);
	end(&outage, ATTEMPT_FAILED, S);
	assert_int_equal(outage.state, OUTAGE_UP);
	end(&outage, ATTEMPT_FAILED, S);
	assert_int_equal(outage.state, OUTAGE_DOWN);
	assert_int_equal(outage_wait(&outage, S), 100 * MS);
}

static void throttling_is_an_outage_only_if_nothing_else_comes(void **state)
{
	struct outage outage = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		end(&outage, ATTEMPT_THROTTLED, S + i * MS);
	assert_int_equal(outage.state, OUTAGE_UP);
	end(&outage, ATTEMPT_THROTTLED, 3 * S);
	assert_int_equal(outage.state, OUTAGE_DOWN);
}

static void probes_are_few(void **state)
{
	struct outage outage = down_at(S);
	unsigned count = 0;

	(void)state;
	for (uint64_t now_ns = S; now_ns < 21 * S; now_ns += MS) {
		if (outage_wait(&outage, now_ns))
			continue;
		outage_begin(&outage, now_ns);
		end(&outage, ATTEMPT_FAILED, now_ns);
		count++;
	}
	assert_in_range(count, 10, 20);
}

static void one_that_is_served_opens_it(void **state)
{
	struct outage outage = down_at(S);

	(void)state;
	assert_true(end(&outage, ATTEMPT_SERVED, 20 * S));
	assert_false(end(&outage, ATTEMPT_SERVED, 20 * S));
	assert_int_equal(outage_wait(&outage, 20 * S), 0);
	assert_true(outage_excuses(&outage, 79 * S));
	assert_false(outage_excuses(&outage, 81 * S));
}

static void patience_is_a_minute_or_ten_seconds_for_a_host_never_heard_of(void **state)
{
	struct outage known = down_at(S), unknown = { 0 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		end(&unknown, ATTEMPT_FAILED, S);
	end(&unknown, ATTEMPT_FAILED, 10 * S);
	assert_int_equal(unknown.state, OUTAGE_DOWN);
	end(&unknown, ATTEMPT_FAILED, 12 * S);
	assert_int_equal(unknown.state, OUTAGE_LOST);

	end(&known, ATTEMPT_FAILED, 60 * S);
	assert_int_equal(known.state, OUTAGE_DOWN);
	end(&known, ATTEMPT_FAILED, 62 * S);
	assert_int_equal(known.state, OUTAGE_LOST);
	assert_true(end(&known, ATTEMPT_SERVED, 90 * S));
	assert_int_equal(known.state, OUTAGE_UP);
}

static void a_lost_host_is_asked_every_ten_seconds(void **state)
{
	struct outage outage = down_at(S);
	unsigned count = 0;

	(void)state;
	end(&outage, ATTEMPT_FAILED, 50 * S);
	end(&outage, ATTEMPT_FAILED, 62 * S);
	for (uint64_t now_ns = 62 * S; now_ns < 122 * S; now_ns += MS) {
		if (outage_wait(&outage, now_ns))
			continue;
		outage_begin(&outage, now_ns);
		end(&outage, ATTEMPT_FAILED, now_ns);
		count++;
	}
	assert_in_range(count, 5, 6);
}

static void a_lost_host_is_known_for_how_long(void **state)
{
	struct outage outage = down_at(S);

	(void)state;
	assert_int_equal(outage_lost_for(&outage, 50 * S), 0);
	end(&outage, ATTEMPT_FAILED, 50 * S);
	end(&outage, ATTEMPT_FAILED, 62 * S);
	assert_int_equal(outage_lost_for(&outage, 63 * S), 63 * S - outage.silent_ns);
	assert_in_range(outage.silent_ns, 0, S);
	end(&outage, ATTEMPT_SERVED, 90 * S);
	assert_int_equal(outage_lost_for(&outage, 91 * S), 0);
}

static void a_long_pause_is_no_outage(void **state)
{
	struct outage outage = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		end(&outage, ATTEMPT_FAILED, S);
	end(&outage, ATTEMPT_FAILED, 3600 * S);
	assert_int_equal(outage.state, OUTAGE_UP);
	assert_int_equal(outage_wait(&outage, 3600 * S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_failures_in_a_row_close_the_gate),
		cmocka_unit_test(throttling_is_an_outage_only_if_nothing_else_comes),
		cmocka_unit_test(probes_are_few),
		cmocka_unit_test(one_that_is_served_opens_it),
		cmocka_unit_test(patience_is_a_minute_or_ten_seconds_for_a_host_never_heard_of),
		cmocka_unit_test(a_lost_host_is_asked_every_ten_seconds),
		cmocka_unit_test(a_lost_host_is_known_for_how_long),
		cmocka_unit_test(a_long_pause_is_no_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
