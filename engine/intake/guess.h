/**
 * guess - how much to ask for of a file that nobody has stat'ed. Pure.
 *
 * Files that lie together often have similar sizes: the largest of those seen last, forgotten
 * slowly, is enough for nearly all that follow. Where it is not, the file is opened twice, the
 * second time for the size that it has: that costs as much as ten stats that were saved. Where so
 * much room cannot be given away for each file, it is better to stat them.
 *
 * Threads: one at a time.
 */
#ifndef ENGINE_INTAKE_GUESS_H
#define ENGINE_INTAKE_GUESS_H

#include <stdbool.h>
#include <stdint.h>

/** A zeroed one has seen nothing. */
struct guess {
	bool has_seen;
	uint64_t largest_bytes; /* of those seen last */
};

/** Room for the next file. False: more than `max_bytes`, no guess is made. */
bool guess_next(const struct guess *guess, uint64_t max_bytes, uint64_t *out);
/** A file had so many bytes. */
void guess_observe(struct guess *guess, uint64_t size_bytes);

#endif
