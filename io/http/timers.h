/**
 * timers - what is due when: a heap through its members, so that arming never allocates.
 *
 * Threads: one. A zeroed timer is not armed. Arming one: constant time; removing: amortised
 * logarithmic. Equal times come in no order.
 */
#ifndef IO_HTTP_TIMERS_H
#define IO_HTTP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	uint64_t due_ns;
	struct timer *child, *next;
	struct timer **at; /* what points here; NULL: not armed */
	void (*fire)(struct timer *timer, void *context);
};

struct timers {
	struct timer *first; /* the earliest */
};

/** Set `due_ns` anew, whether it is armed or not. */
void timers_arm(struct timers *timers, struct timer *timer, uint64_t due_ns);
/** Takes one that is not armed, too. */
void timers_remove(struct timers *timers, struct timer *timer);
/** Disarm and fire, one by one, what is due now; what that arms for now as well. */
void timers_fire(struct timers *timers, uint64_t now_ns, void *context);
/** UINT64_MAX: nothing is armed. */
static inline uint64_t timers_next_ns(const struct timers *timers)
{
	return timers->first ? timers->first->due_ns : UINT64_MAX;
}

#endif
