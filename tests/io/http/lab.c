#include "tests/io/http/lab.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- clock ----------------------------------------------------------------------------------- */

static uint64_t boot_ns(void *state)
{
	struct lab *lab = state;

	return atomic_load(&lab->boot_ns);
}

static uint64_t wall_ns(void *state)
{
	struct lab *lab = state;

	return lab->wall_ns;
}

void lab_advance(struct lab *lab, uint64_t ns)
{
	atomic_fetch_add(&lab->boot_ns, ns);
	http_wake(lab->http);
}

/* --- pacer ----------------------------------------------------------------------------------- */

static uint64_t admit(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
		      uint64_t now_ns)
{
	struct lab_pacer *lab = (struct lab_pacer *)(void *)pacer;
	bool is_full;

	(void)kind;
	(void)byte_count;
	pthread_mutex_lock(&lab->shared.lock);
	is_full = lab->flight_max && lab->shared.in_flight >= lab->flight_max;
	if (!is_full) {
		lab->shared.admitted++;
		lab->shared.last_admitted_ns = now_ns;
		if (++lab->shared.in_flight > lab->shared.most_in_flight)
			lab->shared.most_in_flight = lab->shared.in_flight;
	}
	pthread_mutex_unlock(&lab->shared.lock);
	return is_full ? PACER_NEVER : 0; /* only an ending may change it */
}

static uint64_t ended(struct pacer *pacer, const struct pacer_report *report)
{
	struct lab_pacer *lab = (struct lab_pacer *)(void *)pacer;

	pthread_mutex_lock(&lab->shared.lock);
	if (lab->shared.ended < LAB_REPORTS_MAX)
		lab->shared.reports[lab->shared.ended] = *report;
	lab->shared.ended++;
	lab->shared.in_flight--;
	pthread_cond_broadcast(&lab->shared.changed);
	pthread_mutex_unlock(&lab->shared.lock);
	if (report->outcome == PACER_SERVED || report->outcome == PACER_CANCELLED ||
	    report->attempt >= lab->tries)
		return PACER_NEVER;
	return lab->delay_ns;
}

static uint64_t hedge_after(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count)
{
	const struct lab_pacer *lab = (const struct lab_pacer *)(const void *)pacer;

	(void)kind;
	(void)byte_count;
	return lab->hedge_ns ? lab->hedge_ns : PACER_NEVER;
}

static uint64_t lost_for(struct pacer *pacer, uint64_t now_ns)
{
	struct lab_pacer *lab = (struct lab_pacer *)(void *)pacer;

	(void)now_ns;
	return atomic_load(&lab->lost_ns);
}

void lab_await_ended(struct lab *lab, unsigned count)
{
	pthread_mutex_lock(&lab->pacer.shared.lock);
	while (lab->pacer.shared.ended < count)
		pthread_cond_wait(&lab->pacer.shared.changed, &lab->pacer.shared.lock);
	pthread_mutex_unlock(&lab->pacer.shared.lock);
}

static void advance_until(struct lab *lab, const unsigned *value, unsigned least, uint64_t step_ns)
{
	unsigned now;

	do {
		lab_advance(lab, step_ns);
		sched_yield();
		pthread_mutex_lock(&lab->pacer.shared.lock);
		now = *value;
		pthread_mutex_unlock(&lab->pacer.shared.lock);
	} while (now < least);
}

void lab_advance_until_admitted(struct lab *lab, unsigned count, uint64_t step_ns)
{
	advance_until(lab, &lab->pacer.shared.admitted, count, step_ns);
}

void lab_advance_until_ended(struct lab *lab, unsigned count, uint64_t step_ns)
{
	advance_until(lab, &lab->pacer.shared.ended, count, step_ns);
}

struct pacer_report lab_report(struct lab *lab, unsigned index)
{
	struct pacer_report report;

	pthread_mutex_lock(&lab->pacer.shared.lock);
	assert_true(index < lab->pacer.shared.ended);
	report = lab->pacer.shared.reports[index];
	pthread_mutex_unlock(&lab->pacer.shared.lock);
	return report;
}

/* --- lab ------------------------------------------------------------------------------------- */

void lab_init(struct lab *lab)
{
	static const struct pacer_ops ops = {
		.admit = admit, .ended = ended, .hedge_after = hedge_after, .lost_for = lost_for
	};

	memset(lab, 0, sizeof(*lab));
	lab->pacer.pacer.ops = &ops;
	pthread_mutex_init(&lab->pacer.shared.lock, NULL);
	pthread_cond_init(&lab->pacer.shared.changed, NULL);
	atomic_store(&lab->boot_ns, 1000 * LAB_S);
	lab->wall_ns = 1767225600 * LAB_S;
	lab->clock = (struct effects){ .state = lab, .wall_ns = wall_ns, .boot_ns = boot_ns };
	lab->options = (struct http_options){ .effects = &lab->clock, .ignores_proxies = true };
}

void lab_open(struct lab *lab, const struct scripted_rule *rules, size_t rule_count)
{
	struct muster_error error = { 0 };

	lab->served.rules = rules;
	lab->served.rule_count = rule_count;
	lab->server = scripted_open(&lab->served);
	assert_int_equal(http_open(&lab->http, &lab->options, &error), MUSTER_OK);
}

void lab_close(struct lab *lab)
{
	http_close(lab->http);
	scripted_close(lab->server);
	assert_int_equal(lab->pacer.shared.in_flight, 0);
	assert_int_equal(lab->pacer.shared.ended, lab->pacer.shared.admitted);
	pthread_mutex_destroy(&lab->pacer.shared.lock);
	pthread_cond_destroy(&lab->pacer.shared.changed);
}

const char *lab_sent(struct lab *lab, size_t index, const char *name)
{
	static char value[256];

	value[0] = 0;
	scripted_header(scripted_request_at(lab->server, index), name, value, sizeof(value));
	return value;
}

/* --- an exchange ----------------------------------------------------------------------------- */

static enum muster_code prepare(void *state, unsigned attempt, struct http_head *head,
				struct muster_error *err)
{
	struct ask *ask = state;
	char url[512];

	(void)err;
	ask->prepared++;
	snprintf(url, sizeof(url), "%s%s",
		 ask->path[0] == '/' ? scripted_url(ask->lab->server) : "", ask->path);
	http_head_url(head, view_text(url));
	snprintf(url, sizeof(url), "%u", attempt);
	http_head_add(head, "X-Attempt", view_text(url));
	if (ask->header)
		http_head_add(head, ask->header, view_text(ask->value));
	return MUSTER_OK;
}

static void on_rewind(void *state)
{
	struct ask *ask = state;

	ask->rewound++;
	atomic_store(&ask->streamed, 0);
}

static void take_reply(struct ask *ask, const struct http_reply *reply)
{
	struct view etag;

	ask->status = reply->status;
	ask->attempt = reply->attempt;
	ask->body_bytes = reply->body_bytes;
	ask->retry_after_ns = reply->retry_after_ns;
	http_reply_header(reply, "etag", &etag);
	snprintf(ask->etag, sizeof(ask->etag), "%.*s", VIEW_ARGS(etag));
	ask->body_len = reply->body.len < sizeof(ask->body) ? reply->body.len : sizeof(ask->body);
	if (ask->body_len)
		memcpy(ask->body, reply->body.ptr, ask->body_len);
}

static void on_done(void *state, enum muster_code code, const struct muster_error *error,
		    const struct http_reply *reply)
{
	struct ask *ask = state;

	ask->code = code;
	ask->error = *error;
	ask->has_reply = reply;
	if (reply)
		take_reply(ask, reply);
	pthread_mutex_lock(&ask->lock);
	ask->done_count++;
	ask->over = true;
	pthread_cond_signal(&ask->changed);
	pthread_mutex_unlock(&ask->lock);
}

static enum muster_code on_body(void *state, struct view data, struct muster_error *err)
{
	struct ask *ask = state;

	(void)err;
	atomic_fetch_add(&ask->streamed, data.len);
	return MUSTER_OK;
}

static const struct http_ops collecting = { .prepare = prepare,
					    .rewind = on_rewind,
					    .done = on_done };
static const struct http_ops streaming = {
	.prepare = prepare, .body = on_body, .rewind = on_rewind, .done = on_done
};

void ask_init(struct ask *ask, struct lab *lab, const char *path)
{
	memset(ask, 0, sizeof(*ask));
	pthread_mutex_init(&ask->lock, NULL);
	pthread_cond_init(&ask->changed, NULL);
	ask->lab = lab;
	ask->path = path;
	ask->exchange.ops = &collecting;
	ask->exchange.state = ask;
	ask->exchange.request.pacer = &lab->pacer.pacer;
}

void ask_stream(struct ask *ask)
{
	ask->exchange.ops = &streaming;
}

void ask_start(struct ask *ask)
{
	assert_int_equal(http_start(ask->lab->http, &ask->exchange, NULL), MUSTER_OK);
}

void ask_wait(struct ask *ask)
{
	pthread_mutex_lock(&ask->lock);
	while (!ask->over)
		pthread_cond_wait(&ask->changed, &ask->lock);
	pthread_mutex_unlock(&ask->lock);
}

bool ask_is_over(struct ask *ask)
{
	bool over;

	pthread_mutex_lock(&ask->lock);
	over = ask->over;
	pthread_mutex_unlock(&ask->lock);
	return over;
}

enum muster_code ask_perform(struct ask *ask)
{
	ask_start(ask);
	ask_wait(ask);
	return ask->code;
}
