/*
 * From one attempt of an exchange to the next, and to its end. Every attempt that was admitted is
 * reported to the pacer exactly once.
 */
#include <stdlib.h>

#include "io/http/http_internal.h"

/* A hedge that finds no connection free looks again after this. */
#define HEDGE_AGAIN_NS (10 * NS_PER_MS)

uint64_t exchange_byte_count(const struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;

	return request->body.len + (request->byte_count ? request->byte_count : request->out_cap);
}

/* --- the pacer ------------------------------------------------------------------------------- */

/* After how many ns may it be tried again? */
static uint64_t report(const struct attempt *attempt, enum pacer_outcome outcome)
{
	struct http_request *request = &attempt->exchange->request;
	struct pacer_report report = { .kind = request->kind,
				       .outcome = outcome,
				       .began_ns = attempt->began_ns,
				       .ended_ns = loop_now_ns(attempt->loop),
				       .byte_count = attempt_moved_bytes(attempt),
				       .retry_after_ns = attempt->reply.retry_after_ns,
				       .attempt = attempt->number };
	uint64_t delay_ns = request->pacer->ops->ended(request->pacer, &report);

	loop_ended(attempt->loop, request->pacer);
	return delay_ns;
}

/* --- hedges ---------------------------------------------------------------------------------- */

/* Attempts that may still bring the reply. */
static unsigned running_count(const struct http_exchange *exchange)
{
	unsigned count = 0;

	for (size_t i = 0; i < 2; i++)
		count += exchange->engine.running[i] && !exchange->engine.running[i]->is_doomed;
	return count;
}

/* 0: now. A pacer is asked only when there is a connection. */
static uint64_t hedge_wait_ns(struct http_loop *loop, struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;

	if (loop->active_count >= loop->connections)
		return HEDGE_AGAIN_NS;
	return request->pacer->ops->admit(request->pacer, request->kind,
					  exchange_byte_count(exchange), loop_now_ns(loop));
}

static void hedge(struct timer *timer, void *arg)
{
	struct http_exchange *exchange = LINK_OWNER(timer, struct http_exchange, engine.hedge);
	struct http_loop *loop = arg;
	uint64_t wait_ns, now_ns = loop_now_ns(loop);

	if (running_count(exchange) != 1)
		return;
	wait_ns = hedge_wait_ns(loop, exchange);
	if (!wait_ns)
		exchange_begin(loop, exchange, true);
	else if (wait_ns < UINT64_MAX - now_ns)
		timers_arm(&loop->timers, timer, now_ns + wait_ns);
}

static void plan_hedge(struct http_loop *loop, struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	uint64_t now_ns = loop_now_ns(loop), after_ns;

	if (!request->may_hedge || (request->method != HTTP_GET && request->method != HTTP_HEAD))
		return;
	after_ns = request->pacer->ops->hedge_after(request->pacer, request->kind,
						    exchange_byte_count(exchange));
	if (after_ns >= UINT64_MAX - now_ns)
		return;
	exchange->engine.hedge.fire = hedge;
	timers_arm(&loop->timers, &exchange->engine.hedge, now_ns + after_ns);
}

void exchange_claim(struct attempt *attempt)
{
	struct http_exchange *exchange = attempt->exchange;

	for (size_t i = 0; i < 2; i++) {
		struct attempt *other = exchange->engine.running[i];

		if (other && other != attempt && !other->is_doomed) {
			other->is_doomed = true;
			links_push_back(&attempt->loop->doomed, &other->link);
		}
	}
}

/* --- attempts -------------------------------------------------------------------------------- */

static void leave(struct attempt *attempt)
{
	struct http_exchange *exchange = attempt->exchange;

	attempt_stop(attempt);
	for (size_t i = 0; i < 2; i++)
		if (exchange->engine.running[i] == attempt)
			exchange->engine.running[i] = NULL;
}

void exchange_abandon(struct attempt *attempt)
{
	leave(attempt);
	report(attempt, PACER_CANCELLED);
	attempt_release(attempt);
}

static void count_attempt(struct http_loop *loop, const struct attempt *attempt)
{
	if (attempt->is_hedge)
		count_add(&loop->counts.hedges, 1);
	else if (attempt->number > 1)
		count_add(&loop->counts.retries, 1);
}

/* An attempt was admitted but did not come to be: the pacer counts it. */
static void unadmit(struct http_loop *loop, struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	uint64_t now_ns = loop_now_ns(loop);
	struct pacer_report report = { .kind = request->kind,
				       .outcome = PACER_CANCELLED,
				       .began_ns = now_ns,
				       .ended_ns = now_ns,
				       .attempt = exchange->engine.attempt_count };

	request->pacer->ops->ended(request->pacer, &report);
	loop_ended(loop, request->pacer);
}

void exchange_begin(struct http_loop *loop, struct http_exchange *exchange, bool is_hedge)
{
	struct http_exchange_engine *engine = &exchange->engine;
	struct muster_error error = { 0 };
	struct attempt *attempt;
	enum muster_code code = attempt_take(&attempt, loop, &error);

	engine->attempt_count++;
	if (!code)
		code = attempt_begin(attempt, exchange, &error);
	if (code) {
		unadmit(loop, exchange);
		if (attempt)
			attempt_release(attempt);
		if (!is_hedge) /* else the first goes on alone */
			exchange_finish(exchange, code, &error, NULL);
		return;
	}
	attempt->is_hedge = is_hedge;
	engine->running[engine->running[0] ? 1 : 0] = attempt;
	count_attempt(loop, attempt);
	link_remove(&engine->link);
	links_push_back(&loop->running, &engine->link);
	if (!is_hedge)
		plan_hedge(loop, exchange);
}

/* --- the end of an attempt ------------------------------------------------------------------- */

static void again(struct timer *timer, void *arg)
{
	struct http_exchange *exchange = LINK_OWNER(timer, struct http_exchange, engine.retry);

	loop_queue(arg, exchange, true);
}

static void try_again(struct http_loop *loop, struct http_exchange *exchange, uint64_t delay_ns)
{
	struct http_exchange_engine *engine = &exchange->engine;

	link_remove(&engine->link);
	links_push_back(&loop->delayed, &engine->link);
	engine->retry.fire = again;
	timers_arm(&loop->timers, &engine->retry, loop_now_ns(loop) + delay_ns);
}

static enum muster_code judge(struct attempt *attempt, enum pacer_outcome *outcome,
			      struct muster_error *err)
{
	const struct http_exchange *exchange = attempt->exchange;
	const struct http_reply *reply = attempt_reply(attempt);

	if (exchange->ops->judge)
		return exchange->ops->judge(exchange->state, reply, outcome, err);
	return http_reply_judge(reply, outcome, err);
}

/* What the attempt came to. `outcome` is one that may be tried again, or not. */
static enum muster_code conclude(struct attempt *attempt, CURLcode result,
				 enum pacer_outcome *outcome, bool *is_reply,
				 struct muster_error *err)
{
	enum muster_code code;

	*outcome = PACER_SERVED;
	*is_reply = false;
	if (result == CURLE_OK)
		receive_check(attempt);
	code = failure_of(attempt, result, outcome, err);
	if (!code) {
		*is_reply = true;
		code = judge(attempt, outcome, err);
	}
	if (muster_failed(code))
		failure_name(attempt, err);
	return code;
}

static bool is_final(enum pacer_outcome outcome)
{
	return outcome == PACER_SERVED || outcome == PACER_CANCELLED;
}

static bool is_cut(const struct attempt *attempt, enum pacer_outcome outcome, bool is_reply)
{
	return attempt->exchange->request.ends_when_cut && attempt->sent && !is_reply &&
	       !is_final(outcome);
}

void exchange_attempt_over(struct attempt *attempt, CURLcode result)
{
	struct http_exchange *exchange = attempt->exchange;
	struct http_loop *loop = attempt->loop;
	struct muster_error error = { 0 };
	enum pacer_outcome outcome;
	enum muster_code code;
	uint64_t delay_ns;
	bool is_reply;

	if (attempt->is_doomed) {
		exchange_abandon(attempt);
		return;
	}
	code = conclude(attempt, result, &outcome, &is_reply, &error);
	leave(attempt);
	delay_ns = report(attempt, outcome);
	exchange->was_cut = is_cut(attempt, outcome, is_reply);
	if (is_final(outcome) || exchange->was_cut ||
	    (delay_ns == PACER_NEVER && !running_count(exchange))) {
		count_add(&loop->counts.hedges_won, is_reply && attempt->is_hedge);
		if (!is_final(outcome))
			code = lost_judge(attempt, code, &error);
		attempt->reply.lines = is_reply ? &attempt->lines : NULL;
		exchange_finish(exchange, code, &error, attempt);
		return;
	}
	if (attempt->gave_bytes && exchange->ops->rewind)
		exchange->ops->rewind(exchange->state);
	attempt_release(attempt);
	if (!running_count(exchange)) {
		timers_remove(&loop->timers, &exchange->engine.hedge);
		try_again(loop, exchange, delay_ns);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

static void mark_finished(struct http_exchange *exchange)
{
	struct http_loop *loop = exchange->engine.loop;

	pthread_mutex_lock(&loop->shared.lock);
	link_remove(&exchange->engine.cancel_link);
	exchange->engine.is_finished = true;
	pthread_mutex_unlock(&loop->shared.lock);
}

void exchange_finish(struct http_exchange *exchange, enum muster_code code,
		     const struct muster_error *error, struct attempt *keeper)
{
	struct http_loop *loop = exchange->engine.loop;
	struct http_waiter *waiter = exchange->engine.waiter;
	const struct http_reply *reply = keeper && keeper->reply.lines ? &keeper->reply : NULL;

	for (size_t i = 0; i < 2; i++)
		if (exchange->engine.running[i])
			exchange_abandon(exchange->engine.running[i]);
	link_remove(&exchange->engine.link);
	timers_remove(&loop->timers, &exchange->engine.retry);
	timers_remove(&loop->timers, &exchange->engine.hedge);
	count_add(&loop->counts.exchanges, 1);
	mark_finished(exchange);
	if (exchange->ops->done)
		exchange->ops->done(exchange->state, code, error, reply);
	/* From here on the exchange is no more. */
	if (waiter)
		exchange_signal(waiter, code, error);
	if (keeper)
		attempt_release(keeper);
}

void exchange_cancel(struct http_exchange *exchange)
{
	struct muster_error error = { 0 };

	muster_fail(&error, MUSTER_E_CANCELLED, "the HTTP request was cancelled");
	exchange_finish(exchange, MUSTER_E_CANCELLED, &error, NULL);
}
