#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/pacer/host_pacer.h"
#include "tests/support/torture.h"

#define MS	 1000000ull
#define S	 (1000 * MS)
#define THREADS	 4
#define ATTEMPTS 4000 /* of each thread */

static enum muster_code seed_random(void *state, void *out, size_t len, struct muster_error *err)
{
	(void)err;
	memset(out, *(const int *)state, len);
	return MUSTER_OK;
}

static enum muster_code no_random(void *state, void *out, size_t len, struct muster_error *err)
{
	(void)state, (void)out, (void)len;
	return muster_fail(err, MUSTER_E_IO, "no randomness here");
}

static int seed = 7;
static const struct effects effects = { .state = &seed, .random = seed_random };

static struct pacer *new_pacer(struct host_pacer_options options)
{
	struct pacer *pacer = NULL;

	assert_int_equal(host_pacer_new(&pacer, &options, &effects, NULL), MUSTER_OK);
	return pacer;
}

static uint64_t end(struct pacer *pacer, enum pacer_outcome outcome, uint64_t began_ns,
		    uint64_t ended_ns, unsigned attempt)
{
	const struct pacer_report report = {
		.kind = PACER_SMALL,
		.outcome = outcome,
		.began_ns = began_ns,
		.ended_ns = ended_ns,
		.byte_count = 10,
		.attempt = attempt,
	};

	return pacer->ops->ended(pacer, &report);
}

static void what_ended_is_counted_by_kind(void **state)
{
	static const enum pacer_outcome outcomes[] = { PACER_SERVED,	PACER_THROTTLED,
						       PACER_FAILED,	PACER_TIMED_OUT,
						       PACER_CANCELLED, PACER_SERVED };
	struct pacer *pacer = new_pacer((struct host_pacer_options){ .tries = 2 });
	struct host_pacer_report report;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(pacer->ops->admit(pacer, PACER_SMALL, 10, S), 0);
	for (unsigned i = 0; i < 6; i++)
		end(pacer, outcomes[i], S, S + 75 * MS, outcomes[i] == PACER_FAILED ? 2 : 1);
	host_pacer_report(pacer, &report);
	assert_int_equal(report.kinds[PACER_SMALL].served, 2);
	assert_int_equal(report.kinds[PACER_SMALL].served_bytes, 20);
	assert_int_equal(report.kinds[PACER_SMALL].throttled, 1);
	assert_int_equal(report.kinds[PACER_SMALL].failed, 1);
	assert_int_equal(report.kinds[PACER_SMALL].timed_out, 1);
	assert_int_equal(report.kinds[PACER_SMALL].hedged, 1);
	assert_int_equal(report.kinds[PACER_SMALL].retried, 2);
	assert_int_equal(report.kinds[PACER_SMALL].given_up, 1);
	assert_int_equal(report.kinds[PACER_SMALL].in_flight, 0);
	assert_int_equal(report.kinds[PACER_SMALL].in_flight_max, 6);
	assert_in_range(report.kinds[PACER_SMALL].latency_p50_ns, 75 * MS, 94 * MS);
	assert_int_equal(report.kinds[PACER_READ].served, 0);
	assert_false(report.is_down);
	host_pacer_free(pacer);
}

static void the_same_seed_waits_as_long(void **state)
{
	struct pacer *one = new_pacer((struct host_pacer_options){ 0 });
	struct pacer *other = new_pacer((struct host_pacer_options){ 0 });
	uint64_t last = 0, differ = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint64_t now_ns = S + i * MS;
		enum pacer_outcome outcome = i % 2 ? PACER_SERVED : PACER_FAILED;
		uint64_t again_ns;

		assert_int_equal(one->ops->admit(one, PACER_SMALL, 10, now_ns), 0);
		assert_int_equal(other->ops->admit(other, PACER_SMALL, 10, now_ns), 0);
		again_ns = end(one, outcome, now_ns, now_ns + 1, 3);
		assert_int_equal(again_ns, end(other, outcome, now_ns, now_ns + 1, 3));
		differ += outcome == PACER_FAILED && again_ns != last;
		last = again_ns;
	}
	assert_true(differ > 5);
	host_pacer_free(one);
	host_pacer_free(other);
}

static void a_host_that_is_down_is_reported(void **state)
{
	struct pacer *pacer = new_pacer((struct host_pacer_options){ 0 });
	struct host_pacer_report report;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pacer->ops->admit(pacer, PACER_SMALL, 0, S), 0);
		end(pacer, PACER_FAILED, S, S, 1);
	}
	host_pacer_report(pacer, &report);
	assert_true(report.is_down);
	assert_false(report.is_lost);
	assert_int_equal(pacer->ops->admit(pacer, PACER_READ, 0, S), 100 * MS);
	assert_int_equal(pacer->ops->hedge_after(pacer, PACER_SMALL, 0), PACER_NEVER);
	host_pacer_free(pacer);
}

static void without_randomness_or_memory_there_is_no_pacer(void **state)
{
	const struct effects none = { .random = no_random };
	struct muster_error err = { 0 };
	struct pacer *pacer = (struct pacer *)&seed;

	(void)state;
	assert_int_equal(host_pacer_new(&pacer, &(struct host_pacer_options){ 0 }, &none, &err),
			 MUSTER_E_IO);
	assert_null(pacer);
	torture_allocation(1);
	assert_int_equal(host_pacer_new(&pacer, &(struct host_pacer_options){ 0 }, &effects, &err),
			 MUSTER_E_MEMORY);
	torture_off();
	assert_null(pacer);
	host_pacer_free(NULL);
}

/* What the threads share: a clock that only goes on, and what is in flight as they see it. */
struct crowd {
	struct pacer *pacer;
	_Atomic uint64_t now_ns;
	_Atomic unsigned in_flight, in_flight_max;
	_Atomic uint64_t ended[5];
};

static void note_in_flight(struct crowd *crowd)
{
	unsigned now = atomic_fetch_add(&crowd->in_flight, 1) + 1;
	unsigned max = atomic_load(&crowd->in_flight_max);

	while (now > max && !atomic_compare_exchange_weak(&crowd->in_flight_max, &max, now))
		;
}

static void end_all(struct crowd *crowd, struct pacer_report *held, unsigned *held_count)
{
	while (*held_count) {
		struct pacer_report *report = &held[--*held_count];
		struct host_pacer_report all;

		atomic_fetch_sub(&crowd->in_flight, 1);
		atomic_fetch_add(&crowd->ended[report->outcome], 1);
		report->ended_ns = atomic_fetch_add(&crowd->now_ns, MS / 4);
		crowd->pacer->ops->ended(crowd->pacer, report);
		host_pacer_report(crowd->pacer, &all);
	}
}

static void *ask_and_end(void *arg)
{
	struct crowd *crowd = arg;
	struct pacer *pacer = crowd->pacer;
	struct pacer_report held[16];
	unsigned held_count = 0;

	for (unsigned i = 0; i < ATTEMPTS;) {
		enum pacer_kind kind = (enum pacer_kind)(i % PACER_KIND_COUNT);
		uint64_t now_ns = atomic_fetch_add(&crowd->now_ns, MS / 4);

		if (held_count == 16 || pacer->ops->admit(pacer, kind, 1000, now_ns)) {
			end_all(crowd, held, &held_count);
			continue;
		}
		note_in_flight(crowd);
		pacer->ops->hedge_after(pacer, kind, 1000);
		held[held_count] = (struct pacer_report){ .kind = kind, .began_ns = now_ns };
		held[held_count].attempt = 1;
		if (i % 37 == 0)
			held[held_count].outcome = (enum pacer_outcome)(1 + i % 4);
		held_count++;
		i++;
	}
	end_all(crowd, held, &held_count);
	return NULL;
}

static void many_threads_share_one_pacer(void **state)
{
	struct crowd crowd = { .pacer = new_pacer((struct host_pacer_options){
				       .connections_max = 12,
			       }) };
	uint64_t served = 0, failed = 0, throttled = 0;
	struct host_pacer_report report;
	pthread_t threads[THREADS];

	(void)state;
	atomic_store(&crowd.now_ns, S);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_and_end, &crowd), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	host_pacer_report(crowd.pacer, &report);
	for (unsigned i = 0; i < PACER_KIND_COUNT; i++) {
		served += report.kinds[i].served;
		throttled += report.kinds[i].throttled;
		failed += report.kinds[i].failed;
		assert_int_equal(report.kinds[i].in_flight, 0);
	}
	assert_int_equal(served, atomic_load(&crowd.ended[PACER_SERVED]));
	assert_int_equal(throttled, atomic_load(&crowd.ended[PACER_THROTTLED]));
	assert_int_equal(failed, atomic_load(&crowd.ended[PACER_FAILED]));
	assert_true(atomic_load(&crowd.in_flight_max) <= 12);
	host_pacer_free(crowd.pacer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ended_is_counted_by_kind),
		cmocka_unit_test(the_same_seed_waits_as_long),
		cmocka_unit_test(a_host_that_is_down_is_reported),
		cmocka_unit_test(without_randomness_or_memory_there_is_no_pacer),
		cmocka_unit_test(many_threads_share_one_pacer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
