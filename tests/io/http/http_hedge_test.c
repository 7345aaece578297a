/* A slow small request is raced by a second one: the first to answer wins, the other is given up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/io/http/lab.h"

static struct lab lab;
static struct ask ask;

static const struct scripted_reply held = {
	.status = 200, .body = "old", .body_len = 3, .fault = SCRIPTED_HOLD_HEAD
};
static const struct scripted_reply prompt = { .status = 200, .body = "new", .body_len = 3 };

static void open_lab(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab.pacer.hedge_ns = LAB_S;
	lab.pacer.tries = 3;
	lab_open(&lab, rules, count);
	ask_init(&ask, &lab, "/k");
	ask.exchange.request.may_hedge = true;
}

static void the_second_may_win(void **state)
{
	struct scripted_rule rules[] = { { .count = 1, .reply = held }, { .reply = prompt } };
	struct http_counts counts;
	uint8_t out[3];

	(void)state;
	open_lab(rules, 2);
	ask.exchange.request.out = out;
	ask.exchange.request.out_cap = sizeof(out);
	ask_start(&ask);
	scripted_await_held(lab.server, 1);
	lab_advance(&lab, 2 * LAB_S);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_memory_equal(out, "new", 3);
	assert_int_equal(ask.attempt, 2);
	assert_int_equal(ask.rewound, 0);
	lab_await_ended(&lab, 2);
	http_counts(lab.http, &counts);
	assert_int_equal(counts.hedges, 1);
	assert_int_equal(counts.hedges_won, 1);
	assert_int_equal(counts.retries, 0);
	assert_int_equal(counts.exchanges, 1);
	assert_int_equal(lab_report(&lab, 0).outcome + lab_report(&lab, 1).outcome,
			 PACER_SERVED + PACER_CANCELLED);
	assert_int_equal(ask.done_count, 1);
	lab_close(&lab);
}

static void the_first_may_win(void **state)
{
	/* Both are held; the first is released by the second's being refused. */
	struct scripted_rule rules[] = { { .count = 1, .reply = held },
					 { .reply = { .status = 503 } } };
	struct http_counts counts;

	(void)state;
	open_lab(rules, 2);
	ask_start(&ask);
	scripted_await_held(lab.server, 1);
	lab_advance(&lab, 2 * LAB_S);
	lab_await_ended(&lab, 1); /* the hedge's 503: the first goes on */
	assert_false(ask_is_over(&ask));
	scripted_release(lab.server);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_memory_equal(ask.body, "old", 3);
	assert_int_equal(ask.attempt, 1);
	http_counts(lab.http, &counts);
	assert_int_equal(counts.hedges, 1);
	assert_int_equal(counts.hedges_won, 0);
	assert_int_equal(lab_report(&lab, 0).outcome, PACER_THROTTLED);
	assert_int_equal(lab_report(&lab, 1).outcome, PACER_SERVED);
	lab_close(&lab);
}

static void only_what_may_be_hedged_is(void **state)
{
	static const struct {
		enum http_method method;
		bool may_hedge;
	} cases[] = { { HTTP_GET, false }, { HTTP_PUT, true }, { HTTP_DELETE, true } };
	struct scripted_rule rules[] = { { .count = 1, .reply = held }, { .reply = prompt } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ask later;

		open_lab(rules, 2);
		ask.exchange.request.method = cases[i].method;
		ask.exchange.request.may_hedge = cases[i].may_hedge;
		ask_start(&ask);
		scripted_await_held(lab.server, 1);
		lab_advance(&lab, 2 * LAB_S);
		ask_init(&later, &lab, "/later"); /* when it has ended, timers have fired */
		assert_int_equal(ask_perform(&later), MUSTER_OK);
		assert_int_equal(scripted_request_count(lab.server), 2);
		scripted_release(lab.server);
		ask_wait(&ask);
		assert_int_equal(scripted_request_count(lab.server), 2);
		lab_close(&lab);
	}
}

static void a_hedge_needs_a_connection_and_the_pacers_leave(void **state)
{
	struct scripted_rule rules[] = { { .count = 1, .reply = held }, { .reply = prompt } };

	(void)state;
	for (unsigned by_pacer = 0; by_pacer < 2; by_pacer++) {
		lab_init(&lab);
		lab.pacer.hedge_ns = LAB_S;
		lab.pacer.flight_max = by_pacer;
		lab.options.connections = by_pacer ? 8 : 1;
		lab_open(&lab, rules, 2);
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.may_hedge = true;
		ask_start(&ask);
		scripted_await_held(lab.server, 1);
		lab_advance(&lab, 2 * LAB_S);
		scripted_release(lab.server);
		ask_wait(&ask);
		assert_int_equal(ask.attempt, 1);
		assert_int_equal(scripted_request_count(lab.server), 1);
		lab_close(&lab);
	}
}

static void both_may_fail_and_are_tried_again(void **state)
{
	struct scripted_rule rules[] = {
		{ .count = 1, .reply = { .status = 500, .fault = SCRIPTED_HOLD_HEAD } },
		{ .from = 2, .count = 1, .reply = { .fault = SCRIPTED_CLOSE_BEFORE } },
		{ .reply = prompt },
	};

	(void)state;
	open_lab(rules, 3);
	ask_start(&ask);
	scripted_await_held(lab.server, 1);
	lab_advance(&lab, 2 * LAB_S);
	lab_await_ended(&lab, 1);
	scripted_release(lab.server);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_int_equal(ask.attempt, 3);
	assert_int_equal(scripted_request_count(lab.server), 3);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_may_win),
		cmocka_unit_test(the_first_may_win),
		cmocka_unit_test(only_what_may_be_hedged_is),
		cmocka_unit_test(a_hedge_needs_a_connection_and_the_pacers_leave),
		cmocka_unit_test(both_may_fail_and_are_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
