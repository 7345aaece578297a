/**
 * pacer - who may send when: a table that an HTTP engine asks before each attempt and tells after.
 *
 * One pacer stands for one host. io knows only the table; who decides is pure
 * (planners/pacing, planners/retry) and joined to it by engine.
 *
 * Threads: every function may be called from several network threads at once; none may block.
 * Times:   nanoseconds of the boot-time clock (base/effects.h), so that tests can set them.
 */
#ifndef IO_HTTP_PACER_H
#define IO_HTTP_PACER_H

#include <stdint.h>

/** What is limited by itself: stores answer each at another speed. */
enum pacer_kind {
	PACER_SMALL,  /* a small object or its head: latency counts */
	PACER_READ,   /* bytes of large objects */
	PACER_WRITE,  /* the same, upwards */
	PACER_LIST,   /* pages of keys */
	PACER_DELETE, /* one or many */
	PACER_KIND_COUNT,
};

enum pacer_outcome {
	PACER_SERVED,	 /* answered, whatever it means: 404 and 412 too */
	PACER_THROTTLED, /* 429, 503 SlowDown, ServerBusy */
	PACER_FAILED,	 /* 500, 502, 504, reset, short body: may be tried again */
	PACER_TIMED_OUT, /* while connecting, before the first byte, or stalled */
	PACER_CANCELLED, /* given up by us: says nothing of the host */
};

#define PACER_NEVER UINT64_MAX

struct pacer_report {
	enum pacer_kind kind;
	enum pacer_outcome outcome;
	uint64_t began_ns, ended_ns;
	uint64_t byte_count;	 /* of bodies, both ways */
	uint64_t retry_after_ns; /* what the server asked for; 0: nothing */
	unsigned attempt;	 /* 1, 2, … of this exchange */
};

struct pacer;

struct pacer_ops {
	/* May an attempt that moves about so many bytes begin now? 0: yes, and it counts as in
	 * flight until `ended`. Else: ask again after so many ns, or when another has ended. */
	uint64_t (*admit)(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count,
			  uint64_t now_ns);
	/* An admitted attempt has ended. After how many ns may the exchange be tried again?
	 * PACER_NEVER: it was served or cancelled, or tries or budget are used up. */
	uint64_t (*ended)(struct pacer *pacer, const struct pacer_report *report);
	/* After how many ns without a first byte should a second attempt race the first?
	 * PACER_NEVER: not at all. The second is admitted as any. */
	uint64_t (*hedge_after)(struct pacer *pacer, enum pacer_kind kind, uint64_t byte_count);
	/* Has the host served nothing for so long that it is given up? For how many ns; 0: no. Then
	 * whoever is refused by `admit`, waits or is in flight fails at once. NULL: never. */
	uint64_t (*lost_for)(struct pacer *pacer, uint64_t now_ns);
};

/** What all pacers begin with. */
struct pacer {
	const struct pacer_ops *ops;
};

#endif
