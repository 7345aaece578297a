/**
 * eviction - which segments of a cache go, so that the others fit. Pure.
 *
 * Least recently used first. What was used since the caller began is never named: who reads more
 * than a cache holds keeps the beginning, instead of driving it all out before it is asked for
 * again.
 */
#ifndef PLANNERS_EVICTION_EVICTION_H
#define PLANNERS_EVICTION_EVICTION_H

#include <stddef.h>
#include <stdint.h>

struct eviction_segment {
	uint64_t size_bytes, used_ns;
	size_t index; /* the caller's number of it */
};

struct eviction_rules {
	uint64_t target_bytes;	/* what all that stays may have together */
	uint64_t fixed_bytes;	/* what stays in any case, and counts, too */
	uint64_t keep_since_ns; /* not those that were used then or later; 0: no exception */
};

/** Sorts the segments, oldest use first (then by index), and answers how many from the first on are
 *  to go: no more than are needed. `*freed_bytes` (may be NULL) is their sum. */
size_t eviction_plan(const struct eviction_rules *rules, struct eviction_segment *segments,
		     size_t count, uint64_t *freed_bytes);

#endif
