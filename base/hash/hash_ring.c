/*
 * The ring, files as letters, the next one to deliver first:
 *
 *	[....CCCDDDDEE........]		head at C, tail after E: room behind E, else before C
 *	[HHII....DDDDEEFFFGGG.]		wrapped: room between I and D
 *
 * The last ones (F and G, say) may be rooms that are lent: they become files, in order, when they
 * are filled. A room that is dropped leaves with those around it.
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
#define WARM_BYTES	 ((size_t)8 << 20)

struct item {
	size_t offset, size_bytes;
	void *cookie;
	struct fingerprint fingerprint;
	struct hash_progress progress;
	bool is_dropped; /* it was a room */
};

struct hash_ring {
	struct hash_ring_options options;
	struct hasher *hasher;
	uint8_t *memory, *start; /* `start`: the first aligned byte of `memory` */
	struct item *items;	 /* `item_count` of them from `first`, wrapping */
	uint32_t first, item_count;
	uint32_t lent_count; /* of the last of them: rooms, without their one more byte */
	size_t tail;	     /* where the next file goes, aligned */
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
	ring->lent_count = 0;
	ring->tail = 0;
}

size_t hash_ring_size_max(const struct hash_ring *ring)
{
	return (ring->options.bytes & ~(size_t)(ALIGNMENT - 1)) - 1;
}

struct hash_ring_use hash_ring_use(const struct hash_ring *ring)
{
	struct lanes_use lanes = hasher_lanes_use(ring->hasher);

	return (struct hash_ring_use){ ring->file_count, ring->byte_count, lanes.busy_blocks,
				       lanes.total_blocks };
}

static bool is_done(const struct item *item)
{
	return item->is_dropped || (item->progress.has_digest && item->progress.has_identity);
}

/* --- the head: delivery ----------------------------------------------------------------- */

/* Items that are no rooms. */
static uint32_t file_count(const struct hash_ring *ring)
{
	return ring->item_count - ring->lent_count;
}

static enum muster_code deliver_head(struct hash_ring *ring, struct muster_error *err)
{
	struct item *item = item_at(ring, 0);
	uint8_t *data = ring->start + item->offset;
	enum muster_code code = MUSTER_OK;

	if (!item->is_dropped)
		code = ring->options.done_fn(ring->options.state, item->cookie,
					     view_of(data, item->size_bytes), &item->fingerprint,
					     err);
	memory_poison(data, span_of(item->size_bytes));
	ring->first = (ring->first + 1) % ring->options.item_max;
	ring->item_count--;
	return code;
}

static enum muster_code deliver_done(struct hash_ring *ring, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && file_count(ring) && is_done(item_at(ring, 0)))
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
	while (!code && file_count(ring))
		code = deliver_head(ring, err);
	return code;
}

enum muster_code hash_ring_finish(struct hash_ring *ring, struct muster_error *err)
{
	return file_count(ring) ? finish_head(ring, err) : MUSTER_END;
}

/* --- the tail: room --------------------------------------------------------------------- */

/* Few bytes are on their way, as where files are small: then they go round in the lowest pages,
 * which are in the processor's cache. Where a long file holds back others all of the ring is
 * needed. */
static bool is_worth_wrapping(const struct hash_ring *ring, size_t head)
{
	return ring->tail >= WARM_BYTES && ring->tail - head <= WARM_BYTES / 2;
}

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
	if (bytes - ring->tail >= span && !(is_worth_wrapping(ring, head) && head >= span))
		return true;
	*offset = 0;
	return head >= span;
}

enum muster_code hash_ring_room(struct hash_ring *ring, size_t size_bytes, uint8_t **out,
				struct muster_error *err)
{
	struct item *item;
	size_t offset;

	*out = NULL;
	if (size_bytes > hash_ring_size_max(ring))
		return muster_fail(err, MUSTER_E_LIMIT,
				   "a file of %zu bytes does not fit into a ring of %zu",
				   size_bytes, ring->options.bytes);
	while (!find_room(ring, span_of(size_bytes), &offset)) {
		enum muster_code code = file_count(ring) ? finish_head(ring, err) : MUSTER_FULL;

		if (code)
			return code;
	}
	item = item_at(ring, ring->item_count++);
	*item = (struct item){ .offset = offset, .size_bytes = size_bytes };
	ring->lent_count++;
	ring->tail = offset + span_of(size_bytes);
	*out = ring->start + offset;
	memory_unpoison(*out, size_bytes + 1);
	return MUSTER_OK;
}

/* The room that was lent first. What it does not need is free again only if nothing is behind it.
 */
static struct item *fill(struct hash_ring *ring, size_t size_bytes)
{
	struct item *item = item_at(ring, file_count(ring));
	uint8_t *data = ring->start + item->offset;

	assert(ring->lent_count && size_bytes <= item->size_bytes);
	memory_poison(data, span_of(item->size_bytes));
	memory_unpoison(data, size_bytes);
	if (--ring->lent_count == 0)
		ring->tail = item->offset + span_of(size_bytes);
	item->size_bytes = size_bytes;
	return item;
}

enum muster_code hash_ring_push(struct hash_ring *ring, size_t size_bytes, void *cookie,
				struct muster_error *err)
{
	struct item *item = fill(ring, size_bytes);

	item->cookie = cookie;
	ring->file_count++;
	ring->byte_count += size_bytes;
	hasher_submit(ring->hasher, view_of(ring->start + item->offset, size_bytes),
		      &item->fingerprint, &item->progress);
	return deliver_done(ring, err);
}

void hash_ring_drop(struct hash_ring *ring)
{
	struct item *item = fill(ring, 0);

	item->is_dropped = true;
	if (ring->lent_count == 0) { /* as if it had never been lent */
		ring->tail = item->offset;
		ring->item_count--;
	}
}
