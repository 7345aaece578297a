#include "planners/pacing/pacing.h"

#define MS 1000000ull

#define BURST_S 0.1

#define AGAIN_NS (10 * MS)  /* for whoever does not hear that another has ended */
#define WANTS_NS (100 * MS) /* who did not ask for so long has gone away */

#define HEDGE_QUANTILE	 0.97
#define HEDGE_PER_SERVED 0.05
#define HEDGE_SAVED_MAX	 16.0
#define HEDGE_SAMPLES	 32
#define HEDGE_UNKNOWN_NS                                                                           \
	(2000 * MS)	       /* before there are samples: AWS's advice for small requests        \
				*/
#define HEDGE_MIN_NS (20 * MS) /* below that a second attempt costs more than it wins */

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct pacing pacing_of(const struct pacing_options *options)
{
	unsigned max =
		options->connections_max ? options->connections_max : PACING_CONNECTIONS_DEFAULT;
	unsigned start = options->start ? options->start : PACING_START_DEFAULT;
	double requests = (double)options->requests_per_second;
	double bytes = (double)options->bandwidth_bytes_per_s;
	struct pacing pacing = {
		.connections_max = max,
		.requests = bucket_of(requests, requests * BURST_S > 1 ? requests * BURST_S : 1),
		.bytes = bucket_of(bytes, bytes * BURST_S),
	};

	for (unsigned i = 0; i < ATTEMPT_KIND_COUNT; i++) {
		bool counts_bytes = i == ATTEMPT_READ || i == ATTEMPT_WRITE;

		pacing.kinds[i].window = window_of(start, max, counts_bytes);
		pacing.kinds[i].hedges = HEDGE_SAVED_MAX;
	}
	return pacing;
}

static bool still_wants(const struct pacing_kind *kind, uint64_t now_ns)
{
	return kind->wants && now_ns < kind->wants_ns + WANTS_NS;
}

static unsigned share_of_each(const struct pacing *pacing, uint64_t now_ns)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ATTEMPT_KIND_COUNT; i++) {
		const struct pacing_kind *kind = &pacing->kinds[i];

		if (kind->window.in_flight || still_wants(kind, now_ns))
			count++;
	}
	return count > 1 ? pacing->connections_max / count : pacing->connections_max;
}

/* Does a kind that has less than its share wait, while this one has it? */
static bool must_give_way(const struct pacing *pacing, enum attempt_kind asking, uint64_t now_ns)
{
	unsigned share = share_of_each(pacing, now_ns);

	if (pacing->kinds[asking].window.in_flight < share)
		return false;
	for (unsigned i = 0; i < ATTEMPT_KIND_COUNT; i++) {
		const struct pacing_kind *other = &pacing->kinds[i];

		if (i != asking && other->window.in_flight < share && still_wants(other, now_ns))
			return true;
	}
	return false;
}

static bool has_connection(struct pacing *pacing, enum attempt_kind asking, uint64_t now_ns)
{
	struct pacing_kind *kind = &pacing->kinds[asking];

	if (pacing->in_flight < pacing->connections_max && !must_give_way(pacing, asking, now_ns))
		return true;
	kind->wants = true;
	kind->wants_ns = now_ns;
	return false;
}

/* How long nearly all requests of a kind take; what takes no more than two of the usual is not
 * late: where a server queues all of them take longer, and a race only makes its queue longer. */
static uint64_t late_ns(const struct pacing_kind *kind)
{
	const struct latency *latency = &kind->latency;
	uint64_t after_ns;

	if (latency->total < HEDGE_SAMPLES)
		return HEDGE_UNKNOWN_NS;
	after_ns =
		most(latency_quantile(latency, HEDGE_QUANTILE), 2 * latency_quantile(latency, 0.5));
	return most(after_ns, HEDGE_MIN_NS);
}

static bool has_room(struct pacing_kind *kind, uint64_t now_ns)
{
	return window_has_room(&kind->window) || now_ns >= kind->moved_ns + late_ns(kind);
}

uint64_t pacing_admit(struct pacing *pacing, enum attempt_kind asking, uint64_t byte_count,
		      uint64_t now_ns)
{
	struct pacing_kind *kind = &pacing->kinds[asking];
	uint64_t wait_ns = outage_wait(&pacing->outage, now_ns);

	if (wait_ns)
		return wait_ns;
	if (!has_room(kind, now_ns) || !has_connection(pacing, asking, now_ns))
		return AGAIN_NS;
	wait_ns = bucket_wait(&pacing->requests, 1, now_ns);
	if (!wait_ns)
		wait_ns = bucket_wait(&pacing->bytes, 1,
				      now_ns); /* not all: small ones would always win */
	if (wait_ns)
		return wait_ns;

	bucket_take(&pacing->requests, 1);
	bucket_take(&pacing->bytes, (double)byte_count);
	outage_begin(&pacing->outage, now_ns);
	window_begin(&kind->window);
	pacing->in_flight++;
	kind->reserved += (double)byte_count;
	kind->wants = false;
	kind->moved_ns = now_ns;
	return 0;
}

/* Which attempt had reserved what is not known: each gives back the mean, and so the last the rest.
 */
static void settle_bytes(struct pacing *pacing, struct pacing_kind *kind, uint64_t byte_count)
{
	double mean = kind->reserved / kind->window.in_flight;

	kind->reserved -= mean;
	bucket_take(&pacing->bytes, (double)byte_count - mean);
}

/* One that lost a race took at least so long; one that was cancelled early tells nothing. */
static void count_latency(struct pacing_kind *kind, const struct attempt *attempt)
{
	uint64_t elapsed_ns =
		attempt->ended_ns > attempt->began_ns ? attempt->ended_ns - attempt->began_ns : 0;

	if (attempt->outcome == ATTEMPT_SERVED ||
	    (attempt->outcome == ATTEMPT_CANCELLED &&
	     elapsed_ns >= latency_quantile(&kind->latency, HEDGE_QUANTILE)))
		latency_add(&kind->latency, elapsed_ns);
}

static void count_hedges(struct pacing_kind *kind, enum attempt_outcome outcome)
{
	if (outcome == ATTEMPT_CANCELLED)
		kind->hedges -= 1;
	if (outcome == ATTEMPT_SERVED && kind->hedges < HEDGE_SAVED_MAX)
		kind->hedges += HEDGE_PER_SERVED;
}

void pacing_ended(struct pacing *pacing, const struct attempt *attempt)
{
	struct pacing_kind *kind = &pacing->kinds[attempt->kind];

	settle_bytes(pacing, kind, attempt->byte_count);
	count_latency(kind, attempt);
	count_hedges(kind, attempt->outcome);
	pacing->in_flight--;
	kind->moved_ns = attempt->ended_ns;
	window_ended(&kind->window, attempt);
	if (!outage_ended(&pacing->outage, attempt))
		return;
	for (unsigned i = 0; i < ATTEMPT_KIND_COUNT; i++)
		window_restart(&pacing->kinds[i].window, attempt->ended_ns);
}

uint64_t pacing_hedge_after(const struct pacing *pacing, enum attempt_kind asking)
{
	const struct pacing_kind *kind = &pacing->kinds[asking];

	if (asking != ATTEMPT_SMALL && asking != ATTEMPT_LIST)
		return ATTEMPT_NEVER;
	if (kind->hedges < 1 || pacing->outage.state != OUTAGE_UP)
		return ATTEMPT_NEVER;
	return late_ns(kind);
}
