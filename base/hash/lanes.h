/**
 * lanes - the digests of a stream of messages of any lengths, many at once on one core.
 *
 * Each message gets a lane of the kernel; all lanes advance together. A lane takes the next message
 * the moment its own ends, so lanes are full while input lasts, without sorting by length.
 *
 * Threads:  one thread owns it.
 * Memory:   about 8 KiB, allocated in lanes_new() and never grown. Messages stay where they are.
 * Pressure: a push with every lane busy first steps until one ends.
 * Ordering: messages end in any order; a message is known by where its digest goes.
 * Source:   RFC 1321 (MD5), FIPS 180-4 (SHA-256).
 */
#ifndef BASE_HASH_LANES_H
#define BASE_HASH_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash/lane_kernel.h"

struct lanes;

/** How well lanes were used: blocks of messages, and blocks that all lanes could have done. */
struct lanes_use {
	uint64_t busy_blocks, total_blocks;
};

/** Gives the lanes of a kernel that this machine can run. Errors: MUSTER_E_MEMORY. */
enum muster_code lanes_new(struct lanes **out, const struct lane_kernel *kernel,
			   struct muster_error *err);
void lanes_free(struct lanes *lanes); /* takes NULL */

/**
 * Take a message into a lane. Borrows `data`, `digest` (16 or 32 bytes, written at its end) and
 * `is_done` (false until then; may be NULL) until the message ends or lanes_reset().
 */
void lanes_push(struct lanes *lanes, struct view data, uint8_t *digest, bool *is_done);
/** Advance one message by whole blocks: `state` (the digest's words) is where it stands, and is
 *  written when they are done. Borrows both until then, or lanes_reset(). */
void lanes_push_blocks(struct lanes *lanes, struct view blocks, uint32_t *state);
/** Step until the message whose digest goes there has ended; the others advance as well. At once
 *  where it has. */
void lanes_finish(struct lanes *lanes, const uint8_t *digest);
/** Until all have ended. */
void lanes_drain(struct lanes *lanes);
/** Forget all messages; their digests are never written. */
void lanes_reset(struct lanes *lanes);

uint32_t lanes_count(const struct lanes *lanes);
/** Since lanes_new(). A lane that goes on by itself, few being live, counts as busy alone. */
struct lanes_use lanes_use(const struct lanes *lanes);

#endif
