/**
 * hash_internal - whole files one by one into the lanes of a hasher; hash_batch() and hash_ring
 * stand on it.
 */
#ifndef BASE_HASH_HASH_INTERNAL_H
#define BASE_HASH_HASH_INTERNAL_H

#include "base/hash/hash.h"
#include "base/hash/lanes.h"

/** Which parts of a fingerprint are known. */
struct hash_progress {
	bool has_digest, has_identity;
};

/**
 * Hash one file. XXH3 is done at once, which brings the bytes into cache; the others go through
 * lanes: `data`, `out` and `progress` are borrowed until both are done.
 */
void hasher_submit(struct hasher *hasher, struct view data, struct fingerprint *out,
		   struct hash_progress *progress);
/** Advance a message's MD5 state by whole blocks, in a lane; both are borrowed until
 *  hasher_drain(). The hasher's digest must be MD5. */
void hasher_push_blocks(struct hasher *hasher, struct view blocks, uint32_t *state);
/** Finish the one whose fingerprint goes to `out`. */
void hasher_finish(struct hasher *hasher, const struct fingerprint *out);
/** Finish all. */
void hasher_drain(struct hasher *hasher);
/** Forget all that are not done. */
void hasher_reset(struct hasher *hasher);
/** Of the lanes for MD5. */
struct lanes_use hasher_lanes_use(const struct hasher *hasher);

#endif
