/**
 * suggest - "did you mean": the known name that is nearest to what somebody typed.
 *
 * Threads: pure functions. Memory: the caller's struct.
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include "base/bytes.h"

#define SUGGEST_MAX_BYTES 32 /* longer names are neither offered nor answered */

/** Zeroed: nothing was near so far. */
struct suggestion {
	const char *text; /* lent by who offered it; NULL: none */
	size_t distance;
};

/** Keep `candidate` if it is nearer to `typed` than what was offered before, and near at all: at
 *  most a third of it is mistyped, or it begins with what was typed. */
void suggestion_offer(struct suggestion *suggestion, struct view typed, const char *candidate);

/** Letters to insert, remove, replace or swap with their neighbour to come from a to b; each is at
 *  most SUGGEST_MAX_BYTES long. */
size_t edit_distance(struct view a, struct view b);

#endif
