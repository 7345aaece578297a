/**
 * hash_internal - whole files one by one into the lanes of a hasher; hash_batch() and hash_ring
 * stand on it.
 */
#ifndef BASE_HASH_HASH_INTERNAL_H
#define BASE_HASH_HASH_INTERNAL_H

#include "base/hash/hash.h"
#include "base/hash/md5_lanes.h"

/**
 * Hash one file. What is not MD5 is done at once, while the bytes are in cache; an MD5 goes through
 * a lane: `data`, `out` and `is_done` (may be NULL) are borrowed until it is done.
 */
void hasher_submit(struct hasher *hasher, struct view data, struct fingerprint *out, bool *is_done);
/** Finish the one whose fingerprint goes to `out`. */
void hasher_finish(struct hasher *hasher, const struct fingerprint *out);
/** Finish all. */
void hasher_drain(struct hasher *hasher);
/** Forget all that are not done. */
void hasher_reset(struct hasher *hasher);
struct md5_lanes_use hasher_lanes_use(const struct hasher *hasher);

#endif
