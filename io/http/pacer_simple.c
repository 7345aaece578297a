#include "io/http/pacer_simple.h"

#include <stdbool.h>

#define DELAY_MAX_NS 20000000000ULL
/* Who is refused asks again when another has ended, or after this. */
#define ASK_AGAIN_NS 100000000ULL

static struct pacer_simple *simple_of(struct pacer *pacer)
{
	return (struct pacer_simple *)(void *)pacer; /* its first member */
}

static uint64_t admit(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
		      uint64_t now_ns)
{
	struct pacer_simple *simple = simple_of(pacer);
	unsigned in_flight = atomic_load(&simple->in_flight);

	(void)kind;
	(void)byte_count;
	(void)now_ns;
	do {
		if (simple->flight_max && in_flight >= simple->flight_max)
			return ASK_AGAIN_NS;
	} while (!atomic_compare_exchange_weak(&simple->in_flight, &in_flight, in_flight + 1));
	return 0;
}

static uint64_t delay_of(const struct pacer_simple *simple, const struct pacer_report *report)
{
	uint64_t max = simple->delay_max_ns ? simple->delay_max_ns : DELAY_MAX_NS;
	uint64_t delay = simple->delay_ns;

	for (unsigned i = 1; i < report->attempt && delay < max; i++)
		delay *= 2;
	if (delay < report->retry_after_ns)
		delay = report->retry_after_ns;
	return delay < max ? delay : max;
}

static uint64_t ended(struct pacer *pacer, const struct pacer_report *report)
{
	struct pacer_simple *simple = simple_of(pacer);

	atomic_fetch_sub(&simple->in_flight, 1);
	if (report->outcome == PACER_SERVED || report->outcome == PACER_CANCELLED ||
	    report->attempt >= simple->tries)
		return PACER_NEVER;
	return delay_of(simple, report);
}

static uint64_t hedge_after(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count)
{
	(void)pacer;
	(void)kind;
	(void)byte_count;
	return PACER_NEVER;
}

void pacer_simple_init(struct pacer_simple *pacer)
{
	static const struct pacer_ops ops = { .admit = admit,
					      .ended = ended,
					      .hedge_after = hedge_after };

	pacer->pacer.ops = &ops;
}
