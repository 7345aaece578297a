/**
 * hash_ring - files lie back to back in one ring of memory, are hashed there, and leave in the
 * order in which they came.
 *
 *	hash_ring_room(ring, size, &ptr, err);	read the file to `ptr`, perhaps later
 *	hash_ring_push(ring, got, cookie, err);	hash it; may deliver older ones
 *	...
 *	hash_ring_drain(ring, err);		deliver what is left
 *
 * Threads:  one thread owns it; `done_fn` is called on it, out of room, push and drain.
 * Memory:   `bytes` and about 128 bytes for each of `item_max` files, allocated in hash_ring_new()
 *           and never grown; pages that were never written cost nothing, and files that are
 *           small go round in the lowest 8 MiB.
 * Pressure: hash_ring_room() finishes and delivers files from the head until there is room; where
 *           the head is a room that was lent and not filled yet, it answers MUSTER_FULL.
 * Ordering: `done_fn` sees files in the order of their pushes.
 * Errors:   a failed `done_fn` ends the call with its code; that file counts as delivered, the
 *           others stay, so the caller may go on, or drop them by hash_ring_reset().
 */
#ifndef BASE_HASH_HASH_RING_H
#define BASE_HASH_HASH_RING_H

#include "base/hash/hash.h"

struct hash_ring;

/** Takes a finished file; `data` and `fingerprint` are lent until it returns. It may not call the
 *  ring. */
typedef enum muster_code (*hash_ring_done_fn)(void *state, void *cookie, struct view data,
					      const struct fingerprint *fingerprint,
					      struct muster_error *err);

struct hash_ring_options {
	struct hash_options hashing;
	size_t bytes;	   /* 0: 32 MiB */
	uint32_t item_max; /* files in the ring at once; 0: 4096 */
	hash_ring_done_fn done_fn;
	void *state; /* first argument of `done_fn` */
};

/** Files, bytes, and how well the MD5 lanes were used, since hash_ring_new(). */
struct hash_ring_use {
	uint64_t file_count, byte_count;
	uint64_t busy_blocks, total_blocks; /* 64 bytes; total: what all lanes could have done */
};

/** Gives a ring. Errors: MUSTER_E_MEMORY; MUSTER_E_UNSUPPORTED as hasher_new(). */
enum muster_code hash_ring_new(struct hash_ring **out, struct hash_ring_options options,
			       struct muster_error *err);
void hash_ring_free(struct hash_ring *ring); /* takes NULL; delivers nothing */

/** The largest file that fits. */
size_t hash_ring_size_max(const struct hash_ring *ring);
/**
 * Lends `size_bytes + 1` contiguous bytes (one more shows a file that grew) at an address that is a
 * multiple of 64. Any number of rooms may be lent; hash_ring_push() and hash_ring_drop() are about
 * the one that was lent first.
 *
 * Errors: MUSTER_FULL: a room that is lent must be filled or dropped first; MUSTER_E_LIMIT where it
 * can never fit; what `done_fn` says.
 */
enum muster_code hash_ring_room(struct hash_ring *ring, size_t size_bytes, uint8_t **out,
				struct muster_error *err);
/** Accept the first `size_bytes` bytes of the room, at most what was asked for, as one file.
 *  Errors: what `done_fn` says of an older file; this one is accepted nevertheless. */
enum muster_code hash_ring_push(struct hash_ring *ring, size_t size_bytes, void *cookie,
				struct muster_error *err);
/** No file comes to the room. */
void hash_ring_drop(struct hash_ring *ring);
/** Finish and deliver the oldest file. MUSTER_END: there is none. Errors: what `done_fn` says. */
enum muster_code hash_ring_finish(struct hash_ring *ring, struct muster_error *err);
/** Finish and deliver everything; rooms that are lent stay. Errors: what `done_fn` says first; the
 * rest stays. */
enum muster_code hash_ring_drain(struct hash_ring *ring, struct muster_error *err);
/** Drop everything that was not delivered, and all rooms. */
void hash_ring_reset(struct hash_ring *ring);

struct hash_ring_use hash_ring_use(const struct hash_ring *ring);

#endif
