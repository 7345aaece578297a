#include "engine/intake/guess.h"

#define GUESS_FIRST  (16u << 10)
#define GUESS_BEYOND (1u << 20) /* what is larger is forgotten as fast as this */
#define GUESS_STEP   4096	/* a little more than what was seen */
#define FORGET_SHARE 256	/* for each file */

bool guess_next(const struct guess *guess, uint64_t max_bytes, uint64_t *out)
{
	*out = (guess->largest_bytes / GUESS_STEP + 1) * GUESS_STEP;
	if (!guess->has_seen)
		*out = GUESS_FIRST;
	return *out <= max_bytes;
}

void guess_observe(struct guess *guess, uint64_t size_bytes)
{
	guess->has_seen = true;
	guess->largest_bytes -= guess->largest_bytes / FORGET_SHARE;
	if (size_bytes > GUESS_BEYOND)
		size_bytes = GUESS_BEYOND;
	if (size_bytes > guess->largest_bytes)
		guess->largest_bytes = size_bytes;
}
