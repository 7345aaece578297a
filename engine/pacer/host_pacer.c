#include "engine/pacer/host_pacer.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "planners/pacing/pacing.h"
#include "planners/retry/retry.h"

/* io and planners do not know each other: here their words meet. */
#define SAME(theirs, ours) static_assert((int)(theirs) == (int)(ours), "kinds and outcomes agree")
SAME(PACER_SMALL, ATTEMPT_SMALL);
SAME(PACER_READ, ATTEMPT_READ);
SAME(PACER_WRITE, ATTEMPT_WRITE);
SAME(PACER_LIST, ATTEMPT_LIST);
SAME(PACER_DELETE, ATTEMPT_DELETE);
SAME(PACER_KIND_COUNT, ATTEMPT_KIND_COUNT);
SAME(PACER_SERVED, ATTEMPT_SERVED);
SAME(PACER_THROTTLED, ATTEMPT_THROTTLED);
SAME(PACER_FAILED, ATTEMPT_FAILED);
SAME(PACER_TIMED_OUT, ATTEMPT_TIMED_OUT);
SAME(PACER_CANCELLED, ATTEMPT_CANCELLED);
static_assert(PACER_NEVER == ATTEMPT_NEVER, "never is never");

struct host_pacer {
	struct pacer base;
	pthread_mutex_t lock;
	struct {
		struct pacing pacing;
		struct retry retry;
		uint64_t random_state;
		struct host_pacer_kind counts[PACER_KIND_COUNT];
		unsigned in_flight_max;
	} locked;
};

static struct host_pacer *of(struct pacer *pacer)
{
	return (struct host_pacer *)((char *)pacer - offsetof(struct host_pacer, base));
}

/* splitmix64 (Steele, Lea, Flood 2014): pauses need to differ, not to be secret. */
static uint64_t next_random_locked(struct host_pacer *host)
{
	uint64_t z = host->locked.random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t host_admit(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
			   uint64_t now_ns)
{
	struct host_pacer *host = of(pacer);
	struct host_pacer_kind *counts = &host->locked.counts[kind];
	uint64_t wait_ns;

	pthread_mutex_lock(&host->lock);
	wait_ns = pacing_admit(&host->locked.pacing, (enum attempt_kind)kind, byte_count, now_ns);
	if (!wait_ns && ++counts->in_flight > counts->in_flight_max)
		counts->in_flight_max = counts->in_flight;
	if (host->locked.pacing.in_flight > host->locked.in_flight_max)
		host->locked.in_flight_max = host->locked.pacing.in_flight;
	pthread_mutex_unlock(&host->lock);
	return wait_ns;
}

static void count_locked(struct host_pacer *host, const struct attempt *attempt, uint64_t again_ns)
{
	struct host_pacer_kind *counts = &host->locked.counts[attempt->kind];

	counts->in_flight--;
	switch (attempt->outcome) {
	case ATTEMPT_SERVED:
		counts->served++;
		counts->served_bytes += attempt->byte_count;
		return;
	case ATTEMPT_CANCELLED:
		counts->hedged++;
		return;
	case ATTEMPT_THROTTLED:
		counts->throttled++;
		break;
	case ATTEMPT_FAILED:
		counts->failed++;
		break;
	case ATTEMPT_TIMED_OUT:
		counts->timed_out++;
		break;
	}
	if (again_ns == ATTEMPT_NEVER)
		counts->given_up++;
	else
		counts->retried++;
}

static uint64_t host_ended(struct pacer *pacer, const struct pacer_report *report)
{
	struct host_pacer *host = of(pacer);
	struct pacing *pacing = &host->locked.pacing;
	const struct attempt attempt = {
		.kind = (enum attempt_kind)report->kind,
		.outcome = (enum attempt_outcome)report->outcome,
		.began_ns = report->began_ns,
		.ended_ns = report->ended_ns,
		.byte_count = report->byte_count,
		.retry_after_ns = report->retry_after_ns,
		.number = report->attempt,
	};
	uint64_t again_ns;

	pthread_mutex_lock(&host->lock);
	pacing_ended(pacing, &attempt);
	again_ns = retry_after(&host->locked.retry, &attempt, &pacing->outage,
			       next_random_locked(host));
	count_locked(host, &attempt, again_ns);
	pthread_mutex_unlock(&host->lock);
	return again_ns;
}

static uint64_t host_hedge_after(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count)
{
	struct host_pacer *host = of(pacer);
	uint64_t after_ns;

	(void)byte_count; /* kinds that are hedged are small */
	pthread_mutex_lock(&host->lock);
	after_ns = pacing_hedge_after(&host->locked.pacing, (enum attempt_kind)kind);
	pthread_mutex_unlock(&host->lock);
	return after_ns;
}

static uint64_t host_lost_for(struct pacer *pacer, uint64_t now_ns)
{
	struct host_pacer *host = of(pacer);
	uint64_t lost_ns;

	pthread_mutex_lock(&host->lock);
	lost_ns = outage_lost_for(&host->locked.pacing.outage, now_ns);
	pthread_mutex_unlock(&host->lock);
	return lost_ns;
}

static const struct pacer_ops host_ops = {
	.admit = host_admit,
	.ended = host_ended,
	.hedge_after = host_hedge_after,
	.lost_for = host_lost_for,
};

enum muster_code host_pacer_new(struct pacer **out, const struct host_pacer_options *options,
				const struct effects *effects, struct muster_error *err)
{
	const struct pacing_options pacing = {
		.connections_max = options->connections_max,
		.requests_per_second = options->requests_per_second,
		.bandwidth_bytes_per_s = options->bandwidth_bytes_per_second,
	};
	struct host_pacer *host = calloc(1, sizeof(*host));
	enum muster_code code;

	*out = NULL;
	if (!host)
		return muster_fail_memory(err, "the pacer of a host");
	code = effects_random(effects, &host->locked.random_state,
			      sizeof(host->locked.random_state), err);
	if (code) {
		free(host);
		return code;
	}
	host->base.ops = &host_ops;
	pthread_mutex_init(&host->lock, NULL);
	host->locked.pacing = pacing_of(&pacing);
	host->locked.retry = retry_of(options->tries);
	*out = &host->base;
	return MUSTER_OK;
}

void host_pacer_report(struct pacer *pacer, struct host_pacer_report *out)
{
	struct host_pacer *host = of(pacer);
	const struct pacing *pacing = &host->locked.pacing;

	pthread_mutex_lock(&host->lock);
	out->is_down = pacing->outage.state != OUTAGE_UP;
	out->is_lost = pacing->outage.state == OUTAGE_LOST;
	out->retry_tokens = host->locked.retry.tokens;
	out->in_flight_max = host->locked.in_flight_max;
	for (unsigned i = 0; i < PACER_KIND_COUNT; i++) {
		const struct pacing_kind *kind = &pacing->kinds[i];

		out->kinds[i] = host->locked.counts[i];
		out->kinds[i].window = (unsigned)kind->window.size;
		out->kinds[i].latency_p50_ns = latency_quantile(&kind->latency, 0.5);
		out->kinds[i].latency_p99_ns = latency_quantile(&kind->latency, 0.99);
	}
	pthread_mutex_unlock(&host->lock);
}

void host_pacer_free(struct pacer *pacer)
{
	struct host_pacer *host = pacer ? of(pacer) : NULL;

	if (!host)
		return;
	pthread_mutex_destroy(&host->lock);
	free(host);
}
