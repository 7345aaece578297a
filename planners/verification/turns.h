/**
 * turns - which packs a check reads tonight. Pure.
 *
 * Packs stand in line by when they were last read, or, if they never were, by when a check first
 * saw them: so a repository that grows every day does not keep its old packs waiting. Those that
 * were broken when they were read stand before all others, but take no more than half of a budget.
 *
 * With a budget, packs are read in this order until one does not fit into what is left of it; of
 * those that were not broken, one at least. Without one, but with a greatest age, as much is read
 * as a check every day must: that share of all bytes, and every pack that would be too old
 * tomorrow. With neither all are read.
 */
#ifndef PLANNERS_VERIFICATION_TURNS_H
#define PLANNERS_VERIFICATION_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct turn_rules {
	uint64_t now_ms;       /* since 1970 */
	uint64_t budget_bytes; /* 0: none */
	uint64_t max_age_days; /* 0: none; at most TURN_DAYS_MAX */
};
#define TURN_DAYS_MAX 36500

/** What is known of a pack. */
struct turn_pack {
	uint64_t size_bytes;
	uint64_t seen_ms; /* when a check saw it first */
	uint64_t read_ms; /* when it was read last; 0: never */
	bool is_broken;	  /* it was, then */
};

/** Its place in line: packs are asked for in the order of these bytes. */
#define TURN_KEY_BYTES 10
void turn_key(const struct turn_rules *rules, const struct turn_pack *pack,
	      uint8_t out[TURN_KEY_BYTES]);

/** Since when it waits, as an age; a time that is still to come says nothing: then it is as old as
 *  can be. */
uint64_t turn_age_ms(const struct turn_rules *rules, const struct turn_pack *pack);
/** Is it older than it may be? */
bool turn_is_overdue(const struct turn_rules *rules, const struct turn_pack *pack);
/** What a check every day must read so that no pack gets too old; 0: there is no greatest age. */
uint64_t turn_daily_bytes(const struct turn_rules *rules, uint64_t total_bytes);

/** The line. Plain data. */
struct turns {
	struct turn_rules rules;
	uint64_t left_bytes, left_broken_bytes; /* of what may be read */
	bool has_read;				/* one that was not broken */
	bool is_closed;				/* one did not fit */
};
/** `total_bytes`: of all packs in line. */
void turns_begin(struct turns *turns, const struct turn_rules *rules, uint64_t total_bytes);
/** Is the next one in line read tonight? */
bool turns_take(struct turns *turns, const struct turn_pack *pack);

#endif
