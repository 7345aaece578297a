/** sim_lab - what the tests of pacing in a simulated store share: pacers by seed, sums over
 * seconds. */
#ifndef TESTS_PLANNERS_PACING_SIM_LAB_H
#define TESTS_PLANNERS_PACING_SIM_LAB_H

#include <stdlib.h>
#include <string.h>

#include "engine/pacer/host_pacer.h"
#include "tests/planners/pacing/rivals.h"
#include "tests/planners/pacing/sim.h"

static inline enum muster_code lab_random(void *state, void *out, size_t len,
					  struct muster_error *err)
{
	(void)err;
	memset(out, 0, len);
	memcpy(out, state, len < sizeof(uint64_t) ? len : sizeof(uint64_t));
	return MUSTER_OK;
}

static inline struct pacer *lab_pacer(const struct host_pacer_options *options, uint64_t seed)
{
	const struct effects effects = { .state = &seed, .random = lab_random };
	struct pacer *pacer;

	if (host_pacer_new(&pacer, options, &effects, NULL))
		abort();
	return pacer;
}

/** Ours, without limits but this one of connections. */
static inline void lab_run(const struct sim_options *options, unsigned connections_max,
			   struct sim_result *out)
{
	const struct host_pacer_options ours = { .connections_max = connections_max };
	const struct sim_limits limits = { .connections_max = connections_max };
	struct pacer *pacer = lab_pacer(&ours, options->seed);

	sim_run(options, &limits, pacer, out);
	host_pacer_free(pacer);
}

/** The sum of the seconds [from, to). */
static inline struct sim_second lab_sum(const struct sim_result *result, unsigned from, unsigned to)
{
	struct sim_second sum = { 0 };

	for (unsigned i = from; i < to; i++) {
		const struct sim_second *second = &result->seconds[i];

		sum.attempts += second->attempts;
		sum.served += second->served;
		sum.throttled += second->throttled;
		sum.served_bytes += second->served_bytes;
		sum.in_flight += second->in_flight / (to - from);
	}
	return sum;
}

#endif
