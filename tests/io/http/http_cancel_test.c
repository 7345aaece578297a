/* Whatever an exchange is waiting for, cancelling ends it: once, and its memory is its user's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/http/lab.h"

static struct lab lab;

static const struct scripted_rule rules[] = {
	{ .path = "/held", .reply = { .status = 200, .fault = SCRIPTED_HOLD_HEAD } },
	{ .path = "/stalled",
	  .reply = { .status = 200,
		     .body = "0123456789",
		     .body_len = 10,
		     .fault = SCRIPTED_HOLD_BODY,
		     .at = 4 } },
	{ .path = "/busy", .reply = { .status = 503 } },
	{ .path = "/reset", .reply = { .fault = SCRIPTED_RESET_BEFORE } },
	{ .reply = { .status = 200, .body = "0123456789", .body_len = 10 } },
};

static void open_lab(unsigned threads, unsigned connections, unsigned flight_max)
{
	lab_init(&lab);
	lab.options.thread_count = threads;
	lab.options.connections = connections;
	lab.pacer.flight_max = flight_max;
	lab.pacer.tries = UINT32_MAX;
	lab.pacer.delay_ns = 1000 * LAB_S;
	LAB_OPEN(&lab, rules);
}

static void every_place_can_be_left(void **state)
{
	struct ask held, waits_for_pacer, delayed;

	(void)state;
	open_lab(1, 8, 1);
	ask_init(&delayed, &lab, "/busy");
	ask_start(&delayed);
	lab_await_ended(&lab, 1);
	ask_init(&held, &lab, "/held");
	ask_start(&held);
	scripted_await_held(lab.server, 1);
	ask_init(&waits_for_pacer, &lab, "/k");
	ask_start(&waits_for_pacer);
	http_cancel(&waits_for_pacer.exchange);
	http_cancel(&waits_for_pacer.exchange); /* twice is once */
	ask_wait(&waits_for_pacer);
	http_cancel(&delayed.exchange);
	ask_wait(&delayed);
	http_cancel(&held.exchange);
	ask_wait(&held);
	http_cancel(&held.exchange); /* too late: nothing */
	assert_int_equal(held.code, MUSTER_E_CANCELLED);
	assert_int_equal(held.error.code, MUSTER_E_CANCELLED);
	assert_int_equal(delayed.code, MUSTER_E_CANCELLED);
	assert_int_equal(waits_for_pacer.code, MUSTER_E_CANCELLED);
	assert_int_equal(waits_for_pacer.prepared, 0);
	assert_int_equal(lab_report(&lab, 1).outcome, PACER_CANCELLED);
	assert_int_equal(scripted_request_count(lab.server), 2);
	lab_close(&lab);
	assert_int_equal(held.done_count + delayed.done_count + waits_for_pacer.done_count, 3);
}

static void who_waits_for_the_pacer_goes_on_when_another_was_cancelled(void **state)
{
	struct ask held, waits;

	(void)state;
	for (unsigned threads = 1; threads <= 2; threads++) {
		open_lab(threads, 8, 1);
		ask_init(&held, &lab, "/held");
		ask_start(&held);
		scripted_await_held(lab.server, 1);
		ask_init(&waits, &lab, "/k"); /* with two threads it is the other one's */
		ask_start(&waits);
		http_cancel(&held.exchange);
		ask_wait(&held);
		ask_wait(&waits);
		assert_int_equal(waits.code, MUSTER_OK);
		lab_close(&lab);
	}
}

static void closing_ends_all(void **state)
{
	static const char *const paths[] = { "/held", "/stalled", "/busy", "/k" };
	static struct ask asks[40];

	(void)state;
	for (unsigned threads = 1; threads <= 3; threads++) {
		open_lab(threads, 16, 12);
		for (size_t i = 0; i < 40; i++) {
			ask_init(&asks[i], &lab, paths[i % 4]);
			ask_start(&asks[i]);
		}
		scripted_await_held(lab.server, 1);
		lab_close(&lab);
		for (size_t i = 0; i < 40; i++) {
			assert_int_equal(asks[i].done_count, 1);
			assert_true(asks[i].code == MUSTER_E_CANCELLED ||
				    asks[i].code == MUSTER_OK);
		}
	}
}

/* --- at random moments ----------------------------------------------------------------------- */

#define ASKS   64
#define ROUNDS 20

struct canceller {
	struct ask *asks;
	uint64_t seed;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

static void *cancel_all(void *arg)
{
	struct canceller *canceller = arg;

	for (size_t i = 0; i < ASKS; i++) {
		for (uint64_t n = next_random(&canceller->seed) % 8; n; n--)
			sched_yield();
		http_cancel(&canceller->asks[(i * 37) % ASKS].exchange);
	}
	return NULL;
}

static void at_any_moment_an_exchange_ends_once_and_leaves_its_memory(void **state)
{
	static const char *const paths[] = { "/k", "/held", "/stalled", "/busy", "/reset", "/k" };
	static struct ask asks[ASKS];
	struct canceller canceller = { .asks = asks, .seed = 42 };

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t thread;

		open_lab(1 + round % 2, 16, round % 3 ? 0 : 5);
		lab.pacer.delay_ns = round % 4 ? 1000 * LAB_S : 0;
		for (size_t i = 0; i < ASKS; i++) {
			struct http_request *request = &asks[i].exchange.request;

			ask_init(&asks[i], &lab, paths[next_random(&canceller.seed) % 6]);
			request->out = malloc(10);
			request->out_cap = 10;
			assert_non_null(request->out);
			ask_start(&asks[i]);
		}
		assert_int_equal(pthread_create(&thread, NULL, cancel_all, &canceller), 0);
		for (size_t i = 0; i < ASKS; i++) {
			ask_wait(&asks[i]);
			free(asks[i].exchange.request.out); /* nobody may touch it now */
			assert_true(asks[i].code == MUSTER_OK ||
				    asks[i].code == MUSTER_E_CANCELLED);
		}
		pthread_join(thread, NULL);
		lab_close(&lab);
		for (size_t i = 0; i < ASKS; i++)
			assert_int_equal(asks[i].done_count, 1);
	}
}

/* --- who frees, and who goes on, in done ----------------------------------------------------- */

struct chain {
	struct http_exchange exchange;
	unsigned left;
	atomic_uint *over;
};

static enum muster_code chain_prepare(void *state, unsigned attempt, struct http_head *head,
				      struct muster_error *err)
{
	char url[128];

	(void)state;
	(void)attempt;
	(void)err;
	snprintf(url, sizeof(url), "%s/k", scripted_url(lab.server));
	http_head_url(head, view_text(url));
	return MUSTER_OK;
}

static void chain_done(void *state, enum muster_code code, const struct muster_error *error,
		       const struct http_reply *reply)
{
	struct chain *chain = state;
	atomic_uint *over = chain->over;

	(void)error;
	assert_int_equal(code, MUSTER_OK);
	assert_int_equal(reply->status, 200);
	if (--chain->left) {
		assert_int_equal(http_start(lab.http, &chain->exchange, NULL), MUSTER_OK);
		return;
	}
	free(chain);
	atomic_fetch_add(over, 1);
}

static void an_exchange_may_be_freed_or_started_anew_when_it_is_done(void **state)
{
	static const struct http_ops ops = { .prepare = chain_prepare, .done = chain_done };
	atomic_uint over = 0;

	(void)state;
	open_lab(2, 8, 0);
	for (unsigned i = 0; i < 8; i++) {
		struct chain *chain = calloc(1, sizeof(*chain));

		assert_non_null(chain);
		chain->exchange.ops = &ops;
		chain->exchange.state = chain;
		chain->exchange.request.pacer = &lab.pacer.pacer;
		chain->left = 20;
		chain->over = &over;
		assert_int_equal(http_start(lab.http, &chain->exchange, NULL), MUSTER_OK);
	}
	while (atomic_load(&over) < 8)
		sched_yield();
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_place_can_be_left),
		cmocka_unit_test(who_waits_for_the_pacer_goes_on_when_another_was_cancelled),
		cmocka_unit_test(closing_ends_all),
		cmocka_unit_test(at_any_moment_an_exchange_ends_once_and_leaves_its_memory),
		cmocka_unit_test(an_exchange_may_be_freed_or_started_anew_when_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
