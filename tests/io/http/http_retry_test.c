/* What fails is tried again, as the pacer says, and is told when that does not help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "io/http/pacer_simple.h"
#include "tests/io/http/lab.h"

static struct lab lab;
static struct ask ask;

#define WELL                                                                                       \
	{                                                                                          \
		.status = 200, .body = "0123456789", .body_len = 10                                \
	}

static void a_failed_attempt_is_followed_by_another(void **state)
{
	static const struct {
		struct scripted_reply first;
		enum pacer_outcome outcome;
		unsigned rewound;
	} cases[] = {
		{ { .status = 503 }, PACER_THROTTLED, 0 },
		{ { .status = 429 }, PACER_THROTTLED, 0 },
		{ { .status = 500, .body = "<Error>", .body_len = 7 }, PACER_FAILED, 0 },
		{ { .status = 502 }, PACER_FAILED, 0 },
		{ { .fault = SCRIPTED_RESET_BEFORE }, PACER_FAILED, 0 },
		{ { .status = 200, .fault = SCRIPTED_RESET_AFTER }, PACER_FAILED, 0 },
		{ { .fault = SCRIPTED_CLOSE_BEFORE }, PACER_FAILED, 0 },
		{ { .status = 200,
		    .body = "0123456789",
		    .body_len = 10,
		    .fault = SCRIPTED_CUT_BODY,
		    .at = 4 },
		  PACER_FAILED,
		  1 },
		{ { .status = 200,
		    .body = "0123456789",
		    .body_len = 10,
		    .fault = SCRIPTED_CUT_BODY,
		    .at = 0 },
		  PACER_FAILED,
		  0 },
		{ { .status = 200,
		    .body = "0123456789",
		    .body_len = 10,
		    .fault = SCRIPTED_RESET_BODY,
		    .at = 4 },
		  PACER_FAILED,
		  1 },
		{ { .status = 200,
		    .body = "0123456789",
		    .body_len = 10,
		    .declared_len = 20,
		    .fault = SCRIPTED_CUT_BODY,
		    .at = 10 },
		  PACER_FAILED,
		  1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rules[] = { { .count = 1, .reply = cases[i].first },
						 { .reply = WELL } };
		struct http_counts counts;
		uint8_t out[20];

		lab_init(&lab);
		lab.pacer.tries = 2;
		LAB_OPEN(&lab, rules);
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.out = out;
		ask.exchange.request.out_cap = sizeof(out);
		assert_int_equal(ask_perform(&ask), MUSTER_OK);
		assert_int_equal(ask.attempt, 2);
		assert_int_equal(ask.prepared, 2);
		assert_int_equal(ask.body_bytes, 10);
		assert_memory_equal(out, "0123456789", 10);
		/* A reset may overtake what was sent before it. */
		if (cases[i].first.fault != SCRIPTED_RESET_BODY)
			assert_int_equal(ask.rewound, cases[i].rewound);
		assert_int_equal(lab_report(&lab, 0).outcome, cases[i].outcome);
		assert_int_equal(lab_report(&lab, 0).attempt, 1);
		assert_int_equal(lab_report(&lab, 1).outcome, PACER_SERVED);
		assert_int_equal(lab_report(&lab, 1).attempt, 2);
		assert_int_equal(scripted_request_count(lab.server), 2);
		assert_string_equal(lab_sent(&lab, 1, "x-attempt"), "2"); /* signed anew */
		http_counts(lab.http, &counts);
		assert_int_equal(counts.retries, 1);
		assert_int_equal(counts.requests[HTTP_GET], 2);
		assert_int_equal(counts.exchanges, 1);
		lab_close(&lab);
	}
}

/* libcurl's handle keeps its buffer then, and refuses to have another size. */
static void a_host_that_is_not_found_is_looked_for_again(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = WELL } };

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 3;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "http://no-such-host.invalid/k"); /* RFC 6761: it never exists */
	assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
	assert_int_equal(ask.error.sys_errno, EHOSTUNREACH);
	assert_int_equal(ask.prepared, 3);
	ask_init(&ask, &lab, "/k"); /* the handle is as good as before */
	assert_int_equal(ask_perform(&ask), MUSTER_OK);
	lab_close(&lab);
}

static void a_body_is_sent_again_from_its_beginning(void **state)
{
	static uint8_t body[300000];
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = { .status = 200, .fault = SCRIPTED_RESET_AFTER } },
		{ .from = 2, .count = 1, .reply = { .status = 503 } },
		{ .reply = { .status = 200 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i ^ i >> 8);
	lab_init(&lab);
	lab.pacer.tries = 5;
	lab.served.keeps_bodies = true;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ask.exchange.request.method = HTTP_PUT;
	ask.exchange.request.body = view_of(body, sizeof(body));
	assert_int_equal(ask_perform(&ask), MUSTER_OK);
	assert_int_equal(ask.attempt, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct scripted_request *request = scripted_request_at(lab.server, i);

		assert_int_equal(request->body_len, sizeof(body));
		assert_memory_equal(request->body, body, sizeof(body));
	}
	lab_close(&lab);
}

static void who_can_look_is_told_that_the_line_was_cut(void **state)
{
	static const struct {
		struct scripted_reply reply;
		const char *body;
		unsigned attempts;
		bool was_cut;
		enum muster_code code;
	} cases[] = {
		{ { .fault = SCRIPTED_RESET_BEFORE }, "body", 1, true, MUSTER_E_IO },
		{ { .status = 200, .fault = SCRIPTED_RESET_AFTER }, "body", 1, true, MUSTER_E_IO },
		{ { .status = 200, .fault = SCRIPTED_RESET_AFTER }, "", 3, false, MUSTER_E_IO },
		{ { .status = 503 }, "body", 3, false, MUSTER_E_IO }, /* it said so */
		{ { .status = 200 }, "body", 1, false, MUSTER_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rule = { .reply = cases[i].reply };

		lab_init(&lab);
		lab.pacer.tries = 3;
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.method = HTTP_PUT;
		ask.exchange.request.body = view_text(cases[i].body);
		ask.exchange.request.ends_when_cut = true;
		ask.exchange.request.on_fresh_connection = true;
		assert_int_equal(ask_perform(&ask), cases[i].code);
		assert_int_equal(scripted_request_count(lab.server), cases[i].attempts);
		assert_int_equal(ask.exchange.was_cut, cases[i].was_cut);
		lab_close(&lab);
	}
}

static void what_was_never_sent_is_tried_again(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = WELL } };

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 3;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "http://no-such-host.invalid/k");
	ask.exchange.request.method = HTTP_PUT;
	ask.exchange.request.body = view_text("body");
	ask.exchange.request.ends_when_cut = true;
	assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
	assert_int_equal(ask.prepared, 3);
	assert_false(ask.exchange.was_cut);
	lab_close(&lab);
}

static void when_tries_are_used_up_the_last_failure_is_told(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .path = "/busy", .reply = { .status = 503, .body = "SlowDown", .body_len = 8 } },
		{ .reply = { .fault = SCRIPTED_CLOSE_BEFORE } },
	};

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 3;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/busy");
	assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
	assert_int_equal(ask.attempt, 3);
	assert_int_equal(ask.body_len, 8);
	assert_non_null(strstr(ask.error.message, "attempt 3: the server answers 503"));
	ask_init(&ask, &lab, "/gone");
	ask.exchange.request.on_fresh_connection = true; /* libcurl would send again by itself */
	assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
	assert_false(ask.has_reply);
	assert_int_equal(ask.error.sys_errno, ECONNRESET);
	assert_int_equal(scripted_request_count(lab.server), 6);
	lab_close(&lab);
}

static void what_was_served_is_not_tried_again(void **state)
{
	static const unsigned statuses[] = { 400, 401, 403, 404, 409, 412, 416, 501 };

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct scripted_rule rule = { .reply = { .status = statuses[i] } };

		lab_init(&lab);
		lab.pacer.tries = 3;
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		assert_int_not_equal(ask_perform(&ask), MUSTER_OK);
		assert_int_equal(scripted_request_count(lab.server), 1);
		assert_int_equal(lab_report(&lab, 0).outcome, PACER_SERVED);
		lab_close(&lab);
	}
}

static void a_delay_is_waited_for(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = { .status = 503, .headers = "Retry-After: 3\r\n" } },
		{ .reply = WELL },
	};

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 2;
	lab.pacer.delay_ns = 5 * LAB_S;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ask_start(&ask);
	lab_await_ended(&lab, 1);
	assert_int_equal(lab_report(&lab, 0).retry_after_ns, 3 * LAB_S);
	/* The clock stands: whoever came back before it is set would be seen at 1000 s. */
	lab_advance_until_admitted(&lab, 2, 6 * LAB_S);
	ask_wait(&ask);
	assert_int_equal(ask.code, MUSTER_OK);
	assert_true(lab.pacer.shared.last_admitted_ns >= 1005 * LAB_S);
	assert_int_equal(scripted_request_count(lab.server), 2);
	lab_close(&lab);
}

/* As S3 does for complete and copy. */
static enum muster_code judge_by_body(void *state, const struct http_reply *reply,
				      enum pacer_outcome *outcome, struct muster_error *err)
{
	(void)state;
	if (!memmem(reply->body.ptr, reply->body.len, "<Error>", 7))
		return MUSTER_OK;
	*outcome = PACER_FAILED;
	return muster_fail(err, MUSTER_E_IO, "an error within 200");
}

static void an_error_within_200_is_a_failure_if_the_user_says_so(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 2, .reply = { .status = 200, .body = "  <Error>", .body_len = 9 } },
		{ .reply = { .status = 200, .body = "<Done>", .body_len = 6 } },
	};
	struct http_ops ops;

	(void)state;
	for (unsigned tries = 2; tries <= 3; tries++) {
		lab_init(&lab);
		lab.pacer.tries = tries;
		LAB_OPEN(&lab, rules);
		ask_init(&ask, &lab, "/k");
		ops = *ask.exchange.ops;
		ops.judge = judge_by_body;
		ask.exchange.ops = &ops;
		assert_int_equal(ask_perform(&ask), tries == 2 ? MUSTER_E_IO : MUSTER_OK);
		assert_int_equal(ask.attempt, tries);
		if (tries == 2)
			assert_non_null(strstr(ask.error.message, "an error within 200"));
		lab_close(&lab);
	}
}

static enum muster_code refuse_body(void *state, struct view data, struct muster_error *err)
{
	(void)state;
	(void)data;
	return muster_fail(err, MUSTER_E_DIGEST, "not what it should be");
}

static void what_its_user_refuses_is_not_tried_again(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = WELL } };
	struct http_ops ops;

	(void)state;
	lab_init(&lab);
	lab.pacer.tries = 3;
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ops = *ask.exchange.ops;
	ops.body = refuse_body;
	ask.exchange.ops = &ops;
	assert_int_equal(ask_perform(&ask), MUSTER_E_DIGEST);
	assert_int_equal(scripted_request_count(lab.server), 1);
	assert_int_equal(lab_report(&lab, 0).outcome, PACER_CANCELLED);
	lab_close(&lab);
}

static void connections_are_used_again_until_they_close(void **state)
{
	static const struct {
		enum scripted_fault fault;
		bool on_fresh;
		unsigned connections;
	} cases[] = {
		{ SCRIPTED_WELL, false, 1 },
		{ SCRIPTED_WELL, true, 10 },
		{ SCRIPTED_CLOSE_TOLD, false, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rule = { .reply = WELL };
		struct http_counts counts;

		rule.reply.fault = cases[i].fault;
		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		for (unsigned n = 0; n < 10; n++) {
			ask_init(&ask, &lab, "/k");
			ask.exchange.request.on_fresh_connection = cases[i].on_fresh;
			assert_int_equal(ask_perform(&ask), MUSTER_OK);
		}
		http_counts(lab.http, &counts);
		assert_int_equal(counts.connections, cases[i].connections);
		assert_int_equal(scripted_connection_count(lab.server), cases[i].connections);
		assert_int_equal(scripted_request_count(lab.server), 10);
		lab_close(&lab);
	}
}

/* The connection dies between two requests, before or while the second is sent: libcurl or the
 * pacer sends it again, and no exchange fails. */
static void a_connection_that_died_unnoticed_costs_no_exchange(void **state)
{
	struct scripted_rule rule = { .reply = WELL };

	(void)state;
	rule.reply.fault = SCRIPTED_CLOSE_UNTOLD;
	lab_init(&lab);
	lab.pacer.tries = 3;
	lab_open(&lab, &rule, 1);
	for (unsigned n = 0; n < 100; n++) {
		ask_init(&ask, &lab, "/k");
		assert_int_equal(ask_perform(&ask), MUSTER_OK);
	}
	assert_int_equal(scripted_request_count(lab.server), 100);
	lab_close(&lab);
}

static void the_simple_pacer_doubles_and_honours_retry_after(void **state)
{
	static const struct {
		unsigned attempt;
		enum pacer_outcome outcome;
		uint64_t retry_after_s, expected_s;
	} cases[] = {
		{ 1, PACER_FAILED, 0, 1 },    { 2, PACER_TIMED_OUT, 0, 2 },
		{ 3, PACER_THROTTLED, 0, 4 }, { 4, PACER_FAILED, 0, 5 },
		{ 1, PACER_THROTTLED, 3, 3 }, { 1, PACER_THROTTLED, 100, 5 },
		{ 9, PACER_FAILED, 0, 5 },    { 10, PACER_FAILED, 0, 0 },
		{ 1, PACER_SERVED, 0, 0 },    { 1, PACER_CANCELLED, 0, 0 },
	};
	struct pacer_simple simple = {
		.flight_max = 1, .tries = 10, .delay_ns = LAB_S, .delay_max_ns = 5 * LAB_S
	};
	struct pacer *pacer = &simple.pacer;

	(void)state;
	pacer_simple_init(&simple);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pacer_report report = { .attempt = cases[i].attempt,
					       .outcome = cases[i].outcome,
					       .retry_after_ns = cases[i].retry_after_s * LAB_S };

		assert_int_equal(pacer->ops->admit(pacer, PACER_SMALL, 0, 0), 0);
		assert_int_not_equal(pacer->ops->admit(pacer, PACER_SMALL, 0, 0), 0);
		assert_int_equal(pacer->ops->ended(pacer, &report),
				 cases[i].expected_s ? cases[i].expected_s * LAB_S : PACER_NEVER);
	}
	assert_true(pacer->ops->hedge_after(pacer, PACER_SMALL, 0) == PACER_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_attempt_is_followed_by_another),
		cmocka_unit_test(a_host_that_is_not_found_is_looked_for_again),
		cmocka_unit_test(a_body_is_sent_again_from_its_beginning),
		cmocka_unit_test(who_can_look_is_told_that_the_line_was_cut),
		cmocka_unit_test(what_was_never_sent_is_tried_again),
		cmocka_unit_test(when_tries_are_used_up_the_last_failure_is_told),
		cmocka_unit_test(what_was_served_is_not_tried_again),
		cmocka_unit_test(a_delay_is_waited_for),
		cmocka_unit_test(an_error_within_200_is_a_failure_if_the_user_says_so),
		cmocka_unit_test(what_its_user_refuses_is_not_tried_again),
		cmocka_unit_test(connections_are_used_again_until_they_close),
		cmocka_unit_test(a_connection_that_died_unnoticed_costs_no_exchange),
		cmocka_unit_test(the_simple_pacer_doubles_and_honours_retry_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
