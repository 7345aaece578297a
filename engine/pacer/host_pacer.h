/**
 * host_pacer - the pacer of one host: planners/pacing and planners/retry behind the table that
 * io/http asks.
 *
 * Threads: every function but new and free may be called from any thread; one lock, held for a
 *          few hundred instructions. Nothing blocks otherwise.
 * Memory:  one allocation of a few KiB, whatever is in flight.
 * Random:  seeded once from `effects`; pauses follow from the seed and the order of calls.
 */
#ifndef ENGINE_PACER_HOST_PACER_H
#define ENGINE_PACER_HOST_PACER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/effects.h"
#include "base/error.h"
#include "io/http/pacer.h"

/** Zero is a good default. */
struct host_pacer_options {
	unsigned connections_max;	     /* at any moment, all kinds together; 0: 256 */
	uint64_t requests_per_second;	     /* 0: as many as the host serves */
	uint64_t bandwidth_bytes_per_second; /* both ways together; 0: no limit */
	unsigned tries;			     /* of one exchange, the first included; 0: 10 */
};

/** What one kind came to, for --verbose. */
struct host_pacer_kind {
	unsigned window, in_flight, in_flight_max;
	uint64_t served, served_bytes;
	uint64_t throttled, failed, timed_out;
	uint64_t hedged;   /* cancelled: all but those of an interrupted run had lost a race */
	uint64_t retried;  /* attempts of which another one was allowed */
	uint64_t given_up; /* attempts that failed for good */
	uint64_t latency_p50_ns, latency_p99_ns; /* of late; 0: none was served */
};

struct host_pacer_report {
	bool is_down; /* nothing was served since some failures */
	bool is_lost; /* and for so long that nothing is tried again */
	unsigned retry_tokens;
	unsigned in_flight_max; /* of all kinds together */
	struct host_pacer_kind kinds[PACER_KIND_COUNT];
};

/** Borrows `effects` only for this call. Errors: MUSTER_E_MEMORY; what its random() answers. */
enum muster_code host_pacer_new(struct pacer **out, const struct host_pacer_options *options,
				const struct effects *effects, struct muster_error *err);

/** What the pacer counted until now. */
void host_pacer_report(struct pacer *pacer, struct host_pacer_report *out);

/** NULL is fine. Nobody may use it any more. */
void host_pacer_free(struct pacer *pacer);

#endif
