/**
 * sim - a store and its clients as discrete events: no clock, no sleep, the same seed the same run.
 *
 * Clients are exchanges that wait for a pacer's leave, race slow attempts and try again, as io/http
 * does; each that ends is followed by another. The store answers after its latency, queues what
 * its link or its servers cannot carry, refuses what is beyond its rate, and may be away.
 */
#ifndef TESTS_PLANNERS_PACING_SIM_H
#define TESTS_PLANNERS_PACING_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "io/http/pacer.h"

#define SIM_MS	    1000000ull
#define SIM_S	    (1000 * SIM_MS)
#define SIM_SECONDS 256 /* that a run may last */

/** Zero in any field: no such limit, no such trouble. */
struct sim_store {
	uint64_t latency_ns; /* of a small request, give or take a fifth */
	double straggler_share;
	uint64_t straggler_ns;
	double failed_share;
	double requests_per_s; /* beyond it: throttled, after a third of the latency */
	unsigned server_count; /* work on so many at once, each for service_ns; others queue */
	uint64_t service_ns;
	double link_bytes_per_s; /* of all */
	double connection_bytes_per_s;
	uint64_t change_ns; /* from then on all three limits are multiplied by this: */
	double change_factor;
	uint64_t outage_begins_ns, outage_ends_ns;
	uint64_t outage_hangs_ns; /* attempts time out after it; 0: refused at once */
};

/** So many exchanges of one kind at once, again and again. */
struct sim_load {
	enum pacer_kind kind;
	unsigned client_count;
	uint64_t byte_count; /* of each exchange: 1/2 to 3/2 of it */
	uint64_t begins_ns;
};

struct sim_options {
	uint64_t seed;
	uint64_t duration_ns;
	struct sim_store store;
	struct sim_load loads[PACER_KIND_COUNT];
	unsigned load_count;
};

struct sim_second {
	unsigned attempts, served, throttled;
	uint64_t served_bytes;
	double in_flight; /* its mean */
};

struct sim_result {
	struct sim_second seconds[SIM_SECONDS];
	uint64_t attempts, served, throttled, failed, hedged;
	uint64_t lost; /* exchanges that were given up */
	uint64_t served_of[PACER_KIND_COUNT];
	unsigned in_flight_max;
	uint64_t first_served_ns;		  /* after the outage, if there was one */
	uint64_t p50_ns, p99_ns, p999_ns, max_ns; /* of exchanges, from the first admission */
	bool has_broken;			  /* a limit below */
};

/** What must never be exceeded, whatever happens. 0: not checked. */
struct sim_limits {
	unsigned connections_max;
	uint64_t requests_per_second;
	uint64_t bandwidth_bytes_per_second;
};

/** Ends attempts that are in flight at the end as cancelled. */
void sim_run(const struct sim_options *options, const struct sim_limits *limits,
	     struct pacer *pacer, struct sim_result *out);

#endif
