/*
 * The ring, files as letters, the next one to deliver first:
 *
 *	[....CCCDDDDEE........]		head at C, tail after E: room behind E, else before C
 *	[HHII....DDDDEEFFFGGG.]		wrapped: room between I and D
 *
 * A file is never split; the gap that is left at the end when a file does not fit there belongs to
 * nobody and is free again when the head has passed it. Bytes in the ring are those of files still
 * in a lane, or done but behind one that is.
 * Weakness: a long file at the head holds back all the others. Once the ring is full, lanes run
 * empty until it ends; so files should be small beside bytes / lanes (1 MiB of 32 MiB), or few.
 */
#include "base/hash/hash_ring.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash/hash_internal.h"
#include "base/poison.h"

#define DEFAULT_BYTES	 ((size_t)32 << 20)
#define DEFAULT_ITEM_MAX 4096
#define ALIGNMENT	 64 /* a block of MD5, a line of the cache */

struct item {
	size_t offset, size_bytes;
	void *cookie;
	struct fingerprint fingerprint;
	struct hash_progress progress;
};

struct hash_ring {
	struct hash_ring_options options;
	struct hasher *hasher;
	uint8_t *memory, *start; /* `start`: the first aligned byte of `memory` */
	struct item *items;	 /* `item_count` of them from `first`, wrapping */
	uint32_t first, item_count;
	size_t tail;			/* where the next file goes, aligned */
	size_t lent_offset, lent_bytes; /* the room, without its one more byte; for the next push */
	bool is_lent;
	uint64_t file_count, byte_count;
};

/* What a file takes: its bytes and the one more, up to where the next one starts. Files whose size
 * is a power of two then do not all start in the same set of the cache. */
static size_t span_of(size_t size_bytes)
{
	return (size_bytes + 1 + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static struct item *item_at(const struct hash_ring *ring, uint32_t index)
{
	return &ring->items[(ring->first + index) % ring->options.item_max];
}

/* --- lifetime --------------------------------------------------------------------------- */

static enum muster_code take_memory(struct hash_ring *ring, struct muster_error *err)
{
	struct hash_ring_options *options = &ring->options;

	ring->memory = malloc(options->bytes + ALIGNMENT);
	ring->items = malloc(options->item_max * sizeof(*ring->items));
	if (!ring->memory || !ring->items)
		return muster_fail_memory(err, "a ring to hash files in");
	ring->start = ring->memory + (-(uintptr_t)ring->memory & (ALIGNMENT - 1));
	memory_poison(ring->start, options->bytes);
	return hasher_new(&ring->hasher, options->hashing, err);
}

enum muster_code hash_ring_new(struct hash_ring **out, struct hash_ring_options options,
			       struct muster_error *err)
{
	struct hash_ring *ring = calloc(1, sizeof(*ring));
	enum muster_code code;

	assert(options.done_fn);
	*out = NULL;
	if (!ring)
		return muster_fail_memory(err, "a ring to hash files in");
	ring->options = options;
	if (!options.bytes)
		ring->options.bytes = DEFAULT_BYTES;
	if (!options.item_max)
		ring->options.item_max = DEFAULT_ITEM_MAX;
	code = take_memory(ring, err);
	if (code)
		hash_ring_free(ring);
	else
		*out = ring;
	return code;
}

void hash_ring_free(struct hash_ring *ring)
{
	if (!ring)
		return;
	hasher_free(ring->hasher);
	if (ring->start)
		memory_unpoison(ring->start, ring->options.bytes);
	free(ring->items);
	free(ring->memory);
	free(ring);
}

void hash_ring_reset(struct hash_ring *ring)
{
	hasher_reset(ring->hasher);
	memory_poison(ring->start, ring->options.bytes);
	ring->first = ring->item_count = 0;
	ring->tail = 0;
	ring->is_lent = false;
}

struct hash_ring_use hash_ring_use(const struct hash_ring *ring)
{
	struct lanes_use lanes = hasher_lanes_use(ring->hasher);

	return (struct hash_ring_use){ ring->file_count, ring->byte_count, lanes.busy_blocks,
				       lanes.total_blocks };
}

static bool is_done(const struct item *item)
{
	return item->progress.has_digest && item->progress.has_identity;
}

/* --- the head: delivery ----------------------------------------------------------------- */

static enum muster_code deliver_head(struct hash_ring *ring, struct muster_error *err)
{
	struct item *item = item_at(ring, 0);
	uint8_t *data = ring->start + item->offset;
	enum muster_code code =
		ring->options.done_fn(ring->options.state, item->cookie,
				      view_of(data, item->size_bytes), &item->fingerprint, err);

	memory_poison(data, span_of(item->size_bytes));
	ring->first = (ring->first + 1) % ring->options.item_max;
	ring->item_count--;
	return code;
}

static enum muster_code deliver_done(struct hash_ring *ring, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && ring->item_count && is_done(item_at(ring, 0)))
		code = deliver_head(ring, err);
	return code;
}

static enum muster_code finish_head(struct hash_ring *ring, struct muster_error *err)
{
	if (!is_done(item_at(ring, 0)))
		hasher_finish(ring->hasher, &item_at(ring, 0)->fingerprint);
	return deliver_head(ring, err);
}

enum muster_code hash_ring_drain(struct hash_ring *ring, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	hasher_drain(ring->hasher);
	while (!code && ring->item_count)
		code = deliver_head(ring, err);
	return code;
}

/* --- the tail: room --------------------------------------------------------------------- */

/* Where `span` bytes can go now; false: nowhere. */
static bool find_room(struct hash_ring *ring, size_t span, size_t *offset)
{
	size_t bytes = ring->options.bytes, head;

	if (ring->item_count == ring->options.item_max)
		return false;
	if (ring->item_count == 0)
		ring->tail = 0; /* the lowest pages are the warm ones */
	*offset = ring->tail;
	if (ring->item_count == 0)
		return true; /* what can never fit was refused */
	head = item_at(ring, 0)->offset;
	if (ring->tail <= head)
		return head - ring->tail >= span;
	if (bytes - ring->tail >= span)
		return true;
	*offset = 0;
	return head >= span;
}

enum muster_code hash_ring_room(struct hash_ring *ring, size_t size_bytes, uint8_t **out,
				struct muster_error *err)
{
	size_t span = span_of(size_bytes), offset;

	*out = NULL;
	if (size_bytes >= ring->options.bytes || span > ring->options.bytes)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "a file of %zu bytes does not fit into a ring of %zu",
				   size_bytes, ring->options.bytes);
	if (ring->is_lent)
		memory_poison(ring->start + ring->lent_offset, span_of(ring->lent_bytes));
	ring->is_lent = false;
	while (!find_room(ring, span, &offset)) {
		enum muster_code code = finish_head(ring, err);

		if (code)
			return code;
	}
	ring->lent_offset = offset;
	ring->lent_bytes = size_bytes;
	ring->is_lent = true;
	*out = ring->start + offset;
	memory_unpoison(*out, size_bytes + 1);
	return MUSTER_OK;
}

enum muster_code hash_ring_push(struct hash_ring *ring, size_t size_bytes, void *cookie,
				struct muster_error *err)
{
	uint8_t *data = ring->start + ring->lent_offset;
	struct item *item = item_at(ring, ring->item_count);

	assert(ring->is_lent && size_bytes <= ring->lent_bytes);
	memory_poison(data, span_of(ring->lent_bytes));
	memory_unpoison(data, size_bytes);
	*item = (struct item){ .offset = ring->lent_offset,
			       .size_bytes = size_bytes,
			       .cookie = cookie };
	ring->is_lent = false;
	ring->item_count++;
	ring->tail = ring->lent_offset + span_of(size_bytes);
	ring->file_count++;
	ring->byte_count += size_bytes;
	hasher_submit(ring->hasher, view_of(data, size_bytes), &item->fingerprint, &item->progress);
	return deliver_done(ring, err);
}
