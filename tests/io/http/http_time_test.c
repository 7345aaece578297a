/* Servers that are silent or slow are given up by the clock of effects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/io/http/lab.h"

static struct lab lab;
static struct ask ask;

#define TEN                                                                                        \
	{                                                                                          \
		.status = 200, .body = "0123456789", .body_len = 10                                \
	}

static struct scripted_reply ten_with(enum scripted_fault fault, size_t at)
{
	struct scripted_reply reply = TEN;

	reply.fault = fault;
	reply.at = at;
	return reply;
}

static void no_first_byte_in_time_is_a_failure(void **state)
{
	struct scripted_rule rules[] = { { .reply = ten_with(SCRIPTED_HOLD_HEAD, 0) } };

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k?secret");
	ask_start(&ask);
	scripted_await_held(lab.server, 1);
	lab_advance_until_ended(&lab, 1, 16 * LAB_S);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_E_IO);
	assert_int_equal(ask.error.sys_errno, ETIMEDOUT);
	assert_non_null(strstr(ask.error.message, "/k: no reply comes in time"));
	assert_int_equal(lab_report(&lab, 0).outcome, PACER_TIMED_OUT);
	lab_close(&lab);
}

static void an_exchange_may_wait_longer(void **state)
{
	struct scripted_rule rules[] = { { .reply = ten_with(SCRIPTED_HOLD_HEAD, 0) } };
	struct ask brief;

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/copy");
	ask.exchange.request.first_byte_timeout_ms = 300000;
	ask_init(&brief, &lab, "/get");
	ask_start(&ask);
	ask_start(&brief);
	scripted_await_held(lab.server, 2);
	lab_advance(&lab, 100 * LAB_S);
	ask_wait(&brief); /* so timers were looked at */
	assert_int_equal(brief.error.sys_errno, ETIMEDOUT);
	assert_false(ask_is_over(&ask));
	scripted_release(lab.server);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	lab_close(&lab);
}

static void a_reply_that_stalls_is_tried_again(void **state)
{
	struct scripted_rule rules[] = {
		{ .count = 1, .reply = ten_with(SCRIPTED_HOLD_BODY, 4) },
		{ .reply = TEN },
	};

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 2;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ask_stream(&ask);
	ask_start(&ask);
	while (atomic_load(&ask.streamed) < 4)
		; /* the bytes are on their way */
	lab_advance_until_ended(&lab, 1, 16 * LAB_S);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_int_equal(ask.rewound, 1);
	assert_int_equal(atomic_load(&ask.streamed), 10);
	assert_int_equal(lab_report(&lab, 0).outcome, PACER_TIMED_OUT);
	lab_close(&lab);
}

static void slow_first_bytes_within_the_time_are_well(void **state)
{
	struct scripted_rule rules[] = { { .reply = ten_with(SCRIPTED_HOLD_HEAD, 0) } };

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ask_start(&ask);
	scripted_await_held(lab.server, 1);
	lab_advance(&lab, 29 * LAB_S);
	scripted_release(lab.server);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_int_equal(lab_report(&lab, 0).ended_ns - lab_report(&lab, 0).began_ns, 29 * LAB_S);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_first_byte_in_time_is_a_failure),
		cmocka_unit_test(an_exchange_may_wait_longer),
		cmocka_unit_test(a_reply_that_stalls_is_tried_again),
		cmocka_unit_test(slow_first_bytes_within_the_time_are_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
