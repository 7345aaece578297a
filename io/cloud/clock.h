/**
 * clock - a server's time, learned from the Date of its replies.
 *
 * A reply's Date is a whole second, told between sending and receiving, up to 2 s late: so the
 * difference to the wall clock lies in an interval, which every reply narrows. As long as none is
 * a difference that fits, the wall clock is taken to be right; else the middle is taken. A reply
 * that does not fit begins a new interval: one of the clocks was set, or drifted.
 *
 * Threads: all functions may be called from any thread; none blocks. Memory: the struct.
 */
#ifndef IO_CLOUD_CLOCK_H
#define IO_CLOUD_CLOCK_H

#include <pthread.h>

#include "base/effects.h"
#include "io/http/reply.h"

struct cloud_clock {
	const struct effects *effects;
	pthread_mutex_t lock;
	struct { /* under `lock` */
		int64_t low_ns,
			high_ns;     /* the server's time minus the wall clock's is in between */
		uint64_t learned_ns; /* boot time of the last reply; 0: there was none */
	} told;
};

/** Until the first reply the wall clock is believed. `effects` NULL: the system's. */
void cloud_clock_init(struct cloud_clock *clock, const struct effects *effects);
void cloud_clock_release(struct cloud_clock *clock);

/** The server's time, since 1970 UTC. */
uint64_t cloud_clock_ns(struct cloud_clock *clock);
/** The wall clock, for `sent_ns` below. */
uint64_t cloud_clock_wall_ns(const struct cloud_clock *clock);
/** How long ago a reply told the time; UINT64_MAX: none did. */
uint64_t cloud_clock_age_ns(struct cloud_clock *clock);
/** Learn from a reply to what was sent at `sent_ns`. One without a Date, or a strange one, is
 *  passed over. */
void cloud_clock_learn(struct cloud_clock *clock, const struct http_reply *reply, uint64_t sent_ns);

#endif
