/**
 * bucket - a token bucket: so much per second, and so much at once. Pure.
 *
 * What is taken beyond the level is owed, and waited for by the next: so one request may be larger
 * than the bucket, and the mean still holds. In any span of t seconds less is taken than
 * `per_s` * t + `burst` + the largest single amount.
 */
#ifndef PLANNERS_PACING_BUCKET_H
#define PLANNERS_PACING_BUCKET_H

#include <stdint.h>

struct bucket {
	double per_s; /* 0: no limit */
	double burst;
	double level; /* below zero: owed */
	uint64_t at_ns;
};

/** Full; `per_s` 0 never limits. */
struct bucket bucket_of(double per_s, double burst);

/** After how many ns the bucket holds `amount`, or is full where that is more; 0: now. */
uint64_t bucket_wait(struct bucket *bucket, double amount, uint64_t now_ns);

/** Takes `amount`, whatever the level; a negative one is given back. */
void bucket_take(struct bucket *bucket, double amount);

#endif
