/* Many exchanges: as many requests as were asked for, no more connections than allowed, memory
 * that does not grow; and what happens when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "io/http/pacer_simple.h"
#include "tests/io/http/lab.h"
#include "tests/support/torture.h"

#define EXCHANGES 10000
#define IN_FLIGHT 64

static const struct scripted_rule small[] = { {
	.reply = { .status = 200, .body = "0123456789", .body_len = 10 },
} };

struct load {
	struct http *http;
	const char *url;
	atomic_uint left, failed;
	unsigned over; /* slots; under its lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

struct load_slot {
	struct http_exchange exchange;
	struct load *load;
	uint8_t out[10];
};

static enum muster_code load_prepare(void *state, unsigned attempt, struct http_head *head,
				     struct muster_error *err)
{
	struct load_slot *slot = state;
	char url[128];
	int len = snprintf(url, sizeof(url), "%s/some/key", slot->load->url);

	(void)attempt;
	(void)err;
	http_head_url(head, view_of(url, (size_t)len));
	http_head_add(head, "Authorization", VIEW_LITERAL("AWS4-HMAC-SHA256 Credential=x"));
	http_head_add(head, "x-amz-date", VIEW_LITERAL("20260101T000000Z"));
	return MUSTER_OK;
}

static bool begin_next(struct load_slot *slot)
{
	struct load *load = slot->load;
	unsigned left = atomic_load(&load->left);

	do {
		if (!left)
			return false;
	} while (!atomic_compare_exchange_weak(&load->left, &left, left - 1));
	return http_start(load->http, &slot->exchange, NULL) == MUSTER_OK;
}

static void load_done(void *state, enum muster_code code, const struct muster_error *error,
		      const struct http_reply *reply)
{
	struct load_slot *slot = state;
	struct load *load = slot->load;

	(void)error;
	(void)reply;
	if (code || memcmp(slot->out, "0123456789", 10) != 0)
		atomic_fetch_add(&load->failed, 1);
	if (begin_next(slot))
		return;
	pthread_mutex_lock(&load->lock);
	load->over++;
	pthread_cond_signal(&load->changed);
	pthread_mutex_unlock(&load->lock);
}

static void run_load(struct load *load, struct pacer *pacer, unsigned count)
{
	static const struct http_ops ops = { .prepare = load_prepare, .done = load_done };
	static struct load_slot slots[IN_FLIGHT];

	atomic_store(&load->left, count);
	load->over = 0;
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		slots[i] = (struct load_slot){ .load = load };
		slots[i].exchange.ops = &ops;
		slots[i].exchange.state = &slots[i];
		slots[i].exchange.request.pacer = pacer;
		slots[i].exchange.request.out = slots[i].out;
		slots[i].exchange.request.out_cap = 10;
		slots[i].exchange.request.is_exact = true;
		assert_true(begin_next(&slots[i]));
	}
	pthread_mutex_lock(&load->lock);
	while (load->over < IN_FLIGHT)
		pthread_cond_wait(&load->changed, &load->lock);
	pthread_mutex_unlock(&load->lock);
}

static void load_runs_whole(unsigned threads, unsigned connections)
{
	struct load load = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	struct scripted_options served = { .rules = small, .rule_count = 1 };
	struct http_options options = { .thread_count = threads, .connections = connections };
	struct pacer_simple pacer = { .tries = 1 };
	struct scripted *server = scripted_open(&served);
	struct http_counts counts;
	uint64_t allocations, begin_ns;

	pacer_simple_init(&pacer);
	assert_int_equal(http_open(&load.http, &options, NULL), MUSTER_OK);
	load.url = scripted_url(server);
	run_load(&load, &pacer.pacer, 1000);
	allocations = torture_allocations();
	begin_ns = effects_boot_ns(effects_system());
	run_load(&load, &pacer.pacer, EXCHANGES - 1000);
	print_message("%u threads, %u connections: %.0f requests/s\n", threads, connections,
		      (EXCHANGES - 1000) * 1e9 /
			      (double)(effects_boot_ns(effects_system()) - begin_ns));
	/* An attempt is made where more are in flight than before; nothing for a request. */
	assert_in_range(torture_allocations() - allocations, 0, IN_FLIGHT);
	http_counts(load.http, &counts);
	assert_int_equal(counts.requests[HTTP_GET], EXCHANGES);
	assert_int_equal(counts.exchanges, EXCHANGES);
	assert_int_equal(counts.retries, 0);
	assert_int_equal(counts.received_bytes, 10 * EXCHANGES);
	assert_int_equal(atomic_load(&load.failed), 0);
	assert_int_equal(scripted_request_count(server), EXCHANGES);
	assert_in_range(scripted_connection_count(server), 1, connections);
	assert_int_equal(counts.connections, scripted_connection_count(server));
	http_close(load.http);
	scripted_close(server);
}

static void ten_thousand_requests_are_ten_thousand(void **state)
{
	(void)state;
	load_runs_whole(1, 64);
	load_runs_whole(2, 64);
	load_runs_whole(1, 8);
}

static void the_pacers_limit_holds_for_all_threads(void **state)
{
	static struct ask asks[200];
	static struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.options.thread_count = 2;
	lab.pacer.flight_max = 3;
	LAB_OPEN(&lab, small);
	for (size_t i = 0; i < 200; i++) {
		ask_init(&asks[i], &lab, "/k");
		asks[i].exchange.request.kind = (enum pacer_kind)(i % PACER_KIND_COUNT);
		ask_start(&asks[i]);
	}
	for (size_t i = 0; i < 200; i++) {
		ask_wait(&asks[i]);
		assert_int_equal(asks[i].code, MUSTER_OK);
	}
	assert_int_equal(lab.pacer.shared.most_in_flight, 3);
	lab_close(&lab);
}

/* --- without memory -------------------------------------------------------------------------- */

static const struct scripted_rule mixed[] = {
	{ .path = "/busy", .count = 1, .reply = { .status = 503, .body = "Slow", .body_len = 4 } },
	{ .reply = { .status = 200, .body = "0123456789", .body_len = 10 } },
};

static void ask_all(struct lab *lab)
{
	static const char *const paths[] = { "/busy", "/k", "/other" };
	static struct ask asks[3];

	for (size_t i = 0; i < 3; i++) {
		ask_init(&asks[i], lab, paths[i]);
		asks[i].exchange.request.kind = (enum pacer_kind)i;
		ask_start(&asks[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		ask_wait(&asks[i]);
		assert_true(asks[i].code == MUSTER_OK || asks[i].code == MUSTER_E_MEMORY);
	}
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
	static struct lab lab;
	unsigned failures = 0;

	(void)state;
	for (uint64_t n = 1;; n++) {
		struct muster_error error = { 0 };
		enum muster_code code;

		lab_init(&lab);
		lab.pacer.tries = 2;
		lab.served.rules = mixed;
		lab.served.rule_count = 2;
		lab.server = scripted_open(&lab.served);
		torture_allocation(n);
		code = http_open(&lab.http, &lab.options, &error);
		if (!code)
			ask_all(&lab);
		else
			assert_int_equal(code, MUSTER_E_MEMORY);
		torture_off();
		lab_close(&lab);
		if (!torture_hit())
			break;
		failures++;
	}
	assert_in_range(failures, 5, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_requests_are_ten_thousand),
		cmocka_unit_test(the_pacers_limit_holds_for_all_threads),
		cmocka_unit_test(every_failing_allocation_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
