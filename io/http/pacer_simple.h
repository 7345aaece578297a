/**
 * pacer_simple - a pacer without memory: so many in flight, so many tries, delays that double.
 *
 * For single requests (credentials, metadata servers) and tests; no hedges, no jitter, no budget.
 * What a server asks for by Retry-After is waited for, up to `delay_max_ns`.
 *
 * Threads: any. Memory: the struct; it outlives the exchanges that use it.
 */
#ifndef IO_HTTP_PACER_SIMPLE_H
#define IO_HTTP_PACER_SIMPLE_H

#include <stdatomic.h>

#include "io/http/pacer.h"

struct pacer_simple {
	struct pacer pacer;
	unsigned flight_max;   /* 0: no limit */
	unsigned tries;	       /* 0: 1 */
	uint64_t delay_ns;     /* before the second try; doubled for each one after it */
	uint64_t delay_max_ns; /* 0: 20 s */
	atomic_uint in_flight;
};

/** Sets the table; the other members are the caller's. */
void pacer_simple_init(struct pacer_simple *pacer);

#endif
