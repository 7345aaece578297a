/** rivals - simpler pacers, to be measured beside ours in the same simulated store. */
#ifndef TESTS_PLANNERS_PACING_RIVALS_H
#define TESTS_PLANNERS_PACING_RIVALS_H

#include <stdbool.h>

#include "io/http/pacer.h"

struct rival {
	struct pacer base;
	bool is_aimd; /* one more in flight a round, half of them when throttled; else fixed */
	double window;
	unsigned in_flight, window_max;
	uint64_t cut_ns, random_state;
	struct pacer *inner; /* ours without hedging: asks this one for all else */
};

struct rival rival_fixed(unsigned window);
struct rival rival_aimd(unsigned window_max);
struct rival rival_unhedged(struct pacer *inner);

#endif
