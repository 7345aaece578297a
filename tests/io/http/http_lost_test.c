/* A host that its pacer gives up: all that is asked of it ends at once, and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/io/http/lab.h"

static struct lab lab;
static struct ask failing, held, waiting;

static const struct scripted_rule rules[] = {
	{ .path = "/held*", .reply = { .status = 200, .fault = SCRIPTED_HOLD_HEAD } },
	{ .path = "/bad*", .reply = { .fault = SCRIPTED_RESET_BEFORE } },
	{ .reply = { .status = 200 } },
};

static void open_lab(unsigned tries, unsigned flight_max)
{
	lab_init(&lab);
	lab.pacer.tries = tries;
	lab.pacer.flight_max = flight_max;
	LAB_OPEN(&lab, rules);
}

static void assert_lost(struct ask *ask, const char *words)
{
	ask_wait(ask);
	assert_int_equal(ask->code, MUSTER_E_LOST);
	assert_int_equal(ask->done_count, 1);
	assert_non_null(strstr(ask->error.message, words));
	assert_null(strstr(ask->error.message, "secret"));
}

static void the_message_names_the_host_how_long_and_the_last_cause(void **state)
{
	(void)state;
	open_lab(1, 0);
	atomic_store(&lab.pacer.lost_ns, 62 * LAB_S);
	ask_init(&failing, &lab, "/bad?secret");
	ask_start(&failing);
	assert_lost(&failing, " has served nothing for 62 s and is given up: GET 127.0.0.1:");
	assert_memory_equal(failing.error.message, "127.0.0.1:", 10);
	lab_close(&lab);
}

static void who_is_in_flight_or_waits_ends_too(void **state)
{
	(void)state;
	open_lab(1, 2);
	ask_init(&held, &lab, "/held?secret");
	ask_start(&held);
	scripted_await_held(lab.server, 1);
	atomic_store(&lab.pacer.lost_ns, 62 * LAB_S);
	ask_init(&failing, &lab, "/bad");
	ask_start(&failing);
	assert_lost(&failing, "has served nothing for 62 s");
	assert_lost(&held, "has served nothing for 62 s");
	assert_string_equal(held.error.message, failing.error.message);
	assert_int_equal(lab.pacer.shared.in_flight, 0); /* each was reported */
	lab_close(&lab);
}

static void who_comes_later_is_refused_at_once(void **state)
{
	(void)state;
	open_lab(1, 1);
	ask_init(&held, &lab, "/held");
	ask_start(&held);
	scripted_await_held(lab.server, 1);
	ask_init(&waiting, &lab, "/next");
	ask_start(&waiting); /* the only place is taken */
	atomic_store(&lab.pacer.lost_ns, 90 * LAB_S);
	http_wake(lab.http);
	ask_init(&failing, &lab, "/next");
	ask_start(&failing);
	assert_lost(&waiting, "the host has served nothing for 90 s");
	assert_lost(&failing, "the host has served nothing for 90 s");
	assert_int_equal(scripted_request_count(lab.server), 1);
	lab_close(&lab);
}

/* A pacer lets one ask now and then: if it is served, all is well again. */
static void who_is_admitted_asks_a_lost_host(void **state)
{
	(void)state;
	open_lab(1, 0);
	atomic_store(&lab.pacer.lost_ns, 90 * LAB_S);
	ask_init(&waiting, &lab, "/next");
	assert_int_equal(ask_perform(&waiting), MUSTER_OK);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_names_the_host_how_long_and_the_last_cause),
		cmocka_unit_test(who_is_in_flight_or_waits_ends_too),
		cmocka_unit_test(who_comes_later_is_refused_at_once),
		cmocka_unit_test(who_is_admitted_asks_a_lost_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
