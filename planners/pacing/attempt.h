/**
 * attempt - one try of one exchange with a store, as planners of pace and retry see it. Plain data.
 */
#ifndef PLANNERS_PACING_ATTEMPT_H
#define PLANNERS_PACING_ATTEMPT_H

#include <stdint.h>

/** What is limited by itself: stores answer each at another speed. */
enum attempt_kind {
	ATTEMPT_SMALL,	/* a small object or its head: latency counts */
	ATTEMPT_READ,	/* bytes of large objects */
	ATTEMPT_WRITE,	/* the same, upwards */
	ATTEMPT_LIST,	/* pages of keys */
	ATTEMPT_DELETE, /* one or many */
	ATTEMPT_KIND_COUNT,
};

enum attempt_outcome {
	ATTEMPT_SERVED,
	ATTEMPT_THROTTLED,
	ATTEMPT_FAILED,
	ATTEMPT_TIMED_OUT,
	ATTEMPT_CANCELLED, /* given up by us, as the slower of a race: says nothing of the host */
};

struct attempt {
	enum attempt_kind kind;
	enum attempt_outcome outcome;
	uint64_t began_ns, ended_ns;
	uint64_t byte_count;	 /* of bodies, both ways */
	uint64_t retry_after_ns; /* what the server asked for; 0: nothing */
	unsigned number;	 /* 1, 2, … of this exchange */
};

/** In place of a time: not at all. */
#define ATTEMPT_NEVER UINT64_MAX

#endif
