/**
 * md5_lanes - MD5 of a stream of messages of any lengths, many at once on one core.
 *
 * Each message gets a lane of the kernel; all lanes advance together. A lane takes the next message
 * the moment its own ends, so lanes are full while input lasts, without sorting by length.
 *
 * Threads:  one thread owns it.
 * Memory:   about 7 KiB, allocated in md5_lanes_new() and never grown. Messages stay where they are.
 * Pressure: a push with every lane busy first steps until one ends.
 * Ordering: messages end in any order; a message is known by where its digest goes.
 * Source:   RFC 1321.
 */
#ifndef BASE_HASH_MD5_LANES_H
#define BASE_HASH_MD5_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash/hash_cpu.h"

struct md5_lanes;

/** How well lanes were used: blocks of messages, and blocks that all lanes could have done. */
struct md5_lanes_use {
	uint64_t busy_blocks, total_blocks;
};

/** Gives lanes of this form. Errors: MUSTER_E_MEMORY; MUSTER_E_UNSUPPORTED where this machine
 *  cannot run it. */
enum muster_code md5_lanes_new(struct md5_lanes **out, enum hash_cpu cpu, struct muster_error *err);
void md5_lanes_free(struct md5_lanes *lanes); /* takes NULL */

/**
 * Take a message into a lane. Borrows `data`, `digest` (16 bytes, written at its end) and
 * `is_done` (false until then; may be NULL) until the message ends or md5_lanes_reset().
 */
void md5_lanes_push(struct md5_lanes *lanes, struct view data, uint8_t *digest, bool *is_done);
/** Step until the message whose digest goes there has ended; the others advance as well. At once
 *  where it has. */
void md5_lanes_finish(struct md5_lanes *lanes, const uint8_t *digest);
/** Until all have ended. */
void md5_lanes_drain(struct md5_lanes *lanes);
/** Forget all messages; their digests are never written. */
void md5_lanes_reset(struct md5_lanes *lanes);

uint32_t md5_lanes_count(const struct md5_lanes *lanes);
/** Since md5_lanes_new(). A lane that goes on by itself, few being live, counts as busy alone. */
struct md5_lanes_use md5_lanes_use(const struct md5_lanes *lanes);

#endif
