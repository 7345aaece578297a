/**
 * window - how many attempts of one kind may be in flight: as many as make goodput grow. Pure.
 *
 * It counts in rounds: a round is over when as many attempts have ended as were in flight, and one
 * of those that began in it. What was in flight before a change still answers in the round that
 * follows, so that one settles and only the next is measured.
 *
 *	DOUBLES ──no quarter more──► HOLDS ◄─────────────────────┐
 *	   │                           │ after some rounds        │ at once, with what they
 *	   │ throttled                 ▼ in turn                  │ found, or as before
 *	   ▼                         TRIES_MORE, TRIES_LESS ───────┤
 *	RETURNS ──nearly as large as it was when it was cut───────┘
 *
 * TRIES_MORE keeps a larger window whose goodput grew by half of what the window did, and goes on;
 * TRIES_LESS keeps a smaller one that lost next to nothing. So it stays near the knee: where two
 * connections are all that a server can use, it stays at two. Throttling cuts it at once, once for
 * all attempts that began before the cut; failures and time-outs do if they are a quarter of the
 * round. A round in which the window was not full teaches nothing and changes nothing.
 */
#ifndef PLANNERS_PACING_WINDOW_H
#define PLANNERS_PACING_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "planners/pacing/attempt.h"

enum window_phase {
	WINDOW_DOUBLES,
	WINDOW_RETURNS,
	WINDOW_HOLDS,
	WINDOW_TRIES_MORE,
	WINDOW_TRIES_LESS,
};

/** What has ended since a moment. */
struct window_round {
	uint64_t began_ns;
	unsigned in_flight_max;
	unsigned served, throttled, failed;
	double units;	/* served: bytes or requests */
	bool was_full;	/* the window held somebody back */
	bool has_fresh; /* an attempt that began in it has ended */
};

/** Rounds of one phase, together. */
struct window_sum {
	unsigned rounds, ended;
	double units, seconds;
};

struct window {
	double size; /* attempts that may be in flight */
	unsigned in_flight;

	unsigned start, max;
	bool counts_bytes;
	enum window_phase phase;
	struct window_round round;
	bool is_settling; /* this round still hears of what was before */

	double best; /* units per s: of the largest window that was worth it */
	double knee; /* that window */
	unsigned stale_count;

	uint64_t cut_ns; /* attempts that began before know nothing of the last cut */
	double goal;	 /* RETURNS: where to */

	double kept;	     /* the window that a trial is compared with */
	double kept_goodput; /* of it, while it was held */
	struct window_sum sum;
	unsigned hold_rounds; /* more of them each time that trials show nothing */
	bool tries_less_next;
	bool is_throttled; /* by this host, once: trials are careful */
};

/** `max` is at least 1. `counts_bytes`: goodput is bytes per second, else requests. */
struct window window_of(unsigned start, unsigned max, bool counts_bytes);

/** May one more begin? Else the window is what holds it back. */
bool window_has_room(struct window *window);
void window_begin(struct window *window);
void window_ended(struct window *window, const struct attempt *attempt);

/** From the start again, doubling: the host was down, and what was learnt is old. */
void window_restart(struct window *window, uint64_t now_ns);

#endif
