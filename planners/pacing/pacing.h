/**
 * pacing - who may ask a host now: measured windows under hard limits. Pure.
 *
 * One pacing stands for one host. An attempt passes, in this order: the gate of an outage, the
 * window of its kind, the limit of connections, which kinds share, requests per second, bandwidth.
 * Nothing here knows a clock or a lock: times are arguments, one caller at a time.
 *
 * Connections are a hard limit at any moment. Requests and bytes are token buckets of a tenth of a
 * second: hard over any longer span, but for the bytes of attempts that had begun.
 *
 * Sharing: a slot goes to whoever asks, unless a kind that has less than its share (the limit
 * divided by the kinds that want some) was refused less than 100 ms ago.
 *
 * A full window in which nothing ends for as long as nearly all requests take is full of
 * stragglers: then one more is let in at a time, so that those who race them (and should ask first)
 * can.
 *
 * Hedging (kinds of which latency counts: small, list): the slowest 3 % may be raced by a second
 * attempt, if they take twice the usual. The loser ends as cancelled, and that is how races are
 * counted: at most 5 for 100 that are served, and what was in flight when a host turned slow.
 */
#ifndef PLANNERS_PACING_PACING_H
#define PLANNERS_PACING_PACING_H

#include <stdbool.h>
#include <stdint.h>

#include "planners/pacing/attempt.h"
#include "planners/pacing/bucket.h"
#include "planners/pacing/latency.h"
#include "planners/pacing/outage.h"
#include "planners/pacing/window.h"

#define PACING_CONNECTIONS_DEFAULT 256
#define PACING_START_DEFAULT	   8

/** Zero is a good default. */
struct pacing_options {
	unsigned connections_max;	/* 0: 256 */
	unsigned start;			/* first window of each kind; 0: 8 */
	uint64_t requests_per_second;	/* 0: no limit */
	uint64_t bandwidth_bytes_per_s; /* both ways together; 0: no limit */
};

struct pacing_kind {
	struct window window;
	struct latency latency;
	bool wants;	   /* was refused because connections are used up */
	uint64_t wants_ns; /* when that was */
	double reserved;   /* bytes that were said to move, of those in flight */
	double hedges;	   /* races that may still be begun */
	uint64_t moved_ns; /* when one last ended, or was let into a full window */
};

struct pacing {
	unsigned connections_max;
	unsigned in_flight; /* of all kinds */
	struct pacing_kind kinds[ATTEMPT_KIND_COUNT];
	struct bucket requests, bytes;
	struct outage outage;
};

struct pacing pacing_of(const struct pacing_options *options);

/** 0: the attempt begins now and is in flight. Else: ask again after so many ns, or when one ends.
 */
uint64_t pacing_admit(struct pacing *pacing, enum attempt_kind kind, uint64_t byte_count,
		      uint64_t now_ns);

/** One that was admitted has ended. */
void pacing_ended(struct pacing *pacing, const struct attempt *attempt);

/** After how many ns without a first byte a second may race the first; ATTEMPT_NEVER. */
uint64_t pacing_hedge_after(const struct pacing *pacing, enum attempt_kind kind);

#endif
