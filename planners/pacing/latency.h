/**
 * latency - how long requests took of late: quantiles in fixed memory. Pure.
 *
 * A histogram of four steps to each doubling, from 65 µs to 137 s; a quantile is the upper end of
 * its step, at most 25 % too high. After each 4,096 samples what was counted before is halved, so
 * that the last few thousand speak.
 */
#ifndef PLANNERS_PACING_LATENCY_H
#define PLANNERS_PACING_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS 84

struct latency {
	uint32_t total;
	uint32_t counts[LATENCY_STEPS];
};

void latency_add(struct latency *latency, uint64_t elapsed_ns);

/** `share` is between 0 and 1. 0 where nothing was added. */
uint64_t latency_quantile(const struct latency *latency, double share);

#endif
