/**
 * key_sort - sorts byte strings that lie in one arena, by bytes, keeping the order of equal ones.
 *
 * Large sets go by radix over eight bytes at a time, behind whatever all of them share; small
 * ones by merging. No allocation, no unbounded recursion.
 */
#ifndef IO_SPILL_KEY_SORT_H
#define IO_SPILL_KEY_SORT_H

#include "base/bytes.h"

/** One key: `len` bytes at `offset` of the arena. `prefix` is the sort's own. */
struct key_slot {
	uint64_t prefix;
	uint32_t offset, len;
};

/** Sorts `slots`. `scratch` has room for `count` more. */
void key_sort(struct key_slot *slots, struct key_slot *scratch, size_t count, const uint8_t *arena);

/** The first eight bytes of a key as a number that compares like them; zeros where it ends. */
static inline uint64_t key_prefix(const uint8_t *key, size_t len)
{
	uint64_t prefix = 0;

	if (len >= 8) {
		memcpy(&prefix, key, 8);
		return __builtin_bswap64(prefix);
	}
	for (size_t i = 0; i < len; i++)
		prefix |= (uint64_t)key[i] << (56 - 8 * i);
	return prefix;
}

#endif
