/*
 * A host that has served nothing for too long is given up by its pacer. Whoever asks then shall
 * hear so at once, and not find out alone: a job of ten thousand requests ends with one message.
 */
#include "io/http/http_internal.h"

#define NS_PER_S (1000 * NS_PER_MS)

static uint64_t lost_for(struct http_loop *loop, struct pacer *pacer)
{
	return pacer->ops->lost_for ? pacer->ops->lost_for(pacer, loop_now_ns(loop)) : 0;
}

static struct view host_of(const struct attempt *attempt)
{
	struct view where = http_head_where(&attempt->head);
	const void *slash = where.len ? memchr(where.ptr, '/', where.len) : NULL;

	return slash ? view_of(where.ptr, (size_t)((const uint8_t *)slash - where.ptr)) : where;
}

/* The head is fresh: why the last one failed comes behind it. */
static void tell(struct http_loop *loop, const struct attempt *attempt, uint64_t lost_ns,
		 const struct muster_error *why)
{
	struct view host = host_of(attempt);

	loop->lost.pacer = attempt->exchange->request.pacer;
	muster_fail(&loop->lost.error, MUSTER_E_LOST,
		    "%.*s has served nothing for %llu s and is given up: %s", VIEW_ARGS(host),
		    (unsigned long long)(lost_ns / NS_PER_S), why->message);
}

static void end_all(struct link *list, const struct pacer *pacer, const struct http_exchange *but,
		    const struct muster_error *error)
{
	struct link *at = list->next;

	while (at != list) {
		struct http_exchange *exchange = LINK_OWNER(at, struct http_exchange, engine.link);

		at = at->next;
		if (exchange->request.pacer == pacer && exchange != but)
			exchange_finish(exchange, error->code, error, NULL);
	}
}

enum muster_code lost_judge(struct attempt *attempt, enum muster_code code,
			    struct muster_error *error)
{
	struct http_loop *loop = attempt->loop;
	struct pacer *pacer = attempt->exchange->request.pacer;
	uint64_t lost_ns = lost_for(loop, pacer);

	if (!lost_ns)
		return code;
	tell(loop, attempt, lost_ns, error);
	end_all(&loop->running, pacer, attempt->exchange, &loop->lost.error);
	end_all(&loop->delayed, pacer, attempt->exchange, &loop->lost.error);
	*error = loop->lost.error;
	return error->code;
}

bool lost_ends(struct http_loop *loop, struct http_exchange *exchange)
{
	uint64_t lost_ns = lost_for(loop, exchange->request.pacer);
	struct muster_error error;

	if (!lost_ns)
		return false;
	error = loop->lost.error;
	if (loop->lost.pacer != exchange->request.pacer) /* another thread gave it up */
		muster_fail(&error, MUSTER_E_LOST,
			    "the host has served nothing for %llu s and is given up",
			    (unsigned long long)(lost_ns / NS_PER_S));
	exchange_finish(exchange, error.code, &error, NULL);
	return true;
}
