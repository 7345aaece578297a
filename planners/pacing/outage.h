/**
 * outage - is a host down? Then who may ask it, and how long is that worth the wait? Pure.
 *
 *	UP ──4 attempts in a row fail──► DOWN ──60 s (10 s if it never served)──► LOST
 *	 ▲                                │ one is served                          │ one is served
 *	 └────────────────────────────────┴────────────────────────────────────────┘
 *
 * While a host is down one attempt may begin now and then (100 ms after the last, then growing to
 * 2 s); all others wait at the gate, and that costs them neither tries nor budget. So an outage is
 * survived by many requests as by one, and the host that comes back is not stormed. When it is
 * lost, who is in flight, waits or comes shall fail at once; only each 10 s one may ask again.
 */
#ifndef PLANNERS_PACING_OUTAGE_H
#define PLANNERS_PACING_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "planners/pacing/attempt.h"

enum outage_state { OUTAGE_UP, OUTAGE_DOWN, OUTAGE_LOST };

struct outage {
	enum outage_state state;
	bool has_served;	/* ever */
	unsigned failure_count; /* since something was served */
	uint64_t silent_ns;	/* when the first of these attempts had begun */
	uint64_t began_ns;	/* the first of these failures */
	uint64_t failed_ns;	/* the last */
	uint64_t over_ns;	/* when the last outage was over; 0: there was none */
	uint64_t probe_ns;	/* not before it may an attempt begin */
	uint64_t gap_ns;	/* from one probe to the next */
};

/** After how many ns an attempt may begin; 0: now. */
uint64_t outage_wait(const struct outage *outage, uint64_t now_ns);

/** An attempt begins: it is the probe, if the host is down. */
void outage_begin(struct outage *outage, uint64_t now_ns);

/** Counts what an attempt came to. True: an outage is over. */
bool outage_ended(struct outage *outage, const struct attempt *attempt);

/** Is the host lost? For how many ns has it served nothing; 0: it is not. */
uint64_t outage_lost_for(const struct outage *outage, uint64_t now_ns);

/** Is the host to blame, and not the exchange, for what fails now: down, or down a minute ago? */
bool outage_excuses(const struct outage *outage, uint64_t now_ns);

#endif
