#include "tests/planners/pacing/rivals.h"

#include "tests/planners/pacing/sim_server.h"

#define TRIES 10

static uint64_t rival_admit(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
			    uint64_t now_ns)
{
	struct rival *rival = (struct rival *)pacer;

	(void)kind, (void)byte_count, (void)now_ns;
	if (rival->in_flight >= (unsigned)rival->window)
		return 10 * SIM_MS;
	rival->in_flight++;
	return 0;
}

static void adapt(struct rival *rival, const struct pacer_report *report)
{
	if (report->outcome == PACER_SERVED && rival->window < rival->window_max) {
		rival->window += 1 / rival->window;
	} else if (report->outcome == PACER_THROTTLED && report->began_ns >= rival->cut_ns) {
		rival->window = rival->window / 2 > 1 ? rival->window / 2 : 1;
		rival->cut_ns = report->ended_ns;
	}
}

/* Full jitter and tries, as is usual. */
static uint64_t rival_ended(struct pacer *pacer, const struct pacer_report *report)
{
	struct rival *rival = (struct rival *)pacer;
	uint64_t limit_ns = (report->outcome == PACER_THROTTLED ? 500 : 100) * SIM_MS;

	rival->in_flight--;
	if (rival->is_aimd)
		adapt(rival, report);
	if (report->outcome == PACER_SERVED || report->outcome == PACER_CANCELLED ||
	    report->attempt >= TRIES)
		return PACER_NEVER;
	limit_ns <<= report->attempt - 1;
	if (limit_ns > 20 * SIM_S)
		limit_ns = 20 * SIM_S;
	return sim_random(&rival->random_state) % limit_ns;
}

static uint64_t never_hedge(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count)
{
	(void)pacer, (void)kind, (void)byte_count;
	return PACER_NEVER;
}

static uint64_t inner_admit(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
			    uint64_t now_ns)
{
	struct pacer *inner = ((struct rival *)pacer)->inner;

	return inner->ops->admit(inner, kind, byte_count, now_ns);
}

static uint64_t inner_ended(struct pacer *pacer, const struct pacer_report *report)
{
	struct pacer *inner = ((struct rival *)pacer)->inner;

	return inner->ops->ended(inner, report);
}

static const struct pacer_ops rival_ops = { .admit = rival_admit,
					    .ended = rival_ended,
					    .hedge_after = never_hedge };
static const struct pacer_ops unhedged_ops = { .admit = inner_admit,
					       .ended = inner_ended,
					       .hedge_after = never_hedge };

struct rival rival_fixed(unsigned window)
{
	return (struct rival){ .base.ops = &rival_ops, .window = window, .window_max = window };
}

struct rival rival_aimd(unsigned window_max)
{
	return (struct rival){
		.base.ops = &rival_ops, .is_aimd = true, .window = 8, .window_max = window_max
	};
}

struct rival rival_unhedged(struct pacer *inner)
{
	return (struct rival){ .base.ops = &unhedged_ops, .inner = inner };
}
