#include "engine/blob/kept.h"

#include <stdlib.h>

static size_t block_count(const struct kept_object *kept)
{
	return (size_t)((kept->object->size_bytes + KEPT_BLOCK_BYTES - 1) / KEPT_BLOCK_BYTES);
}

static size_t block_bytes(const struct kept_object *kept, size_t index)
{
	uint64_t left = kept->object->size_bytes - (uint64_t)index * KEPT_BLOCK_BYTES;

	return left < KEPT_BLOCK_BYTES ? (size_t)left : KEPT_BLOCK_BYTES;
}

void kept_init(struct kept_object *kept, struct store_object *object, struct kept_room *room)
{
	*kept = (struct kept_object){ .object = object, .room = room };
}

enum muster_code kept_begin(struct kept_object *kept, struct muster_error *err)
{
	if (!atomic_load(&kept->room->left_bytes) || !kept->object->size_bytes)
		return MUSTER_OK;
	kept->blocks = calloc(block_count(kept), sizeof(*kept->blocks));
	return kept->blocks ? MUSTER_OK : muster_fail_memory(err, "the blocks of an index");
}

void kept_release(struct kept_object *kept)
{
	for (size_t i = 0; kept->blocks && i < block_count(kept); i++)
		free(atomic_load(&kept->blocks[i]));
	free(kept->blocks);
	store_close(kept->object);
	*kept = (struct kept_object){ 0 };
}

static bool take_room(struct kept_room *room, size_t bytes)
{
	size_t left = atomic_load(&room->left_bytes);

	while (left >= bytes)
		if (atomic_compare_exchange_weak(&room->left_bytes, &left, left - bytes))
			return true;
	return false;
}

static void give_room(struct kept_room *room, size_t bytes)
{
	atomic_fetch_add(&room->left_bytes, bytes);
}

/* Who comes second with the same block takes the first one's. */
static const uint8_t *keep(const struct kept_object *kept, size_t index, uint8_t *bytes)
{
	uint8_t *first = NULL;

	if (atomic_compare_exchange_strong(&kept->blocks[index], &first, bytes))
		return bytes;
	free(bytes);
	give_room(kept->room, block_bytes(kept, index));
	return first;
}

/* The block, if it is kept or can be. A read that fails is left to who reads without it. */
static const uint8_t *find_block(const struct kept_object *kept, size_t index)
{
	const uint8_t *block = atomic_load_explicit(&kept->blocks[index], memory_order_acquire);
	size_t len = block_bytes(kept, index);
	uint8_t *bytes;

	if (block || !take_room(kept->room, len))
		return block;
	bytes = malloc(len);
	if (bytes && store_read(kept->object, (uint64_t)index * KEPT_BLOCK_BYTES, bytes, len,
				NULL) == MUSTER_OK)
		return keep(kept, index, bytes);
	free(bytes);
	give_room(kept->room, len);
	return NULL;
}

enum muster_code kept_read(const struct kept_object *kept, uint64_t offset_bytes, void *out,
			   size_t len, struct muster_error *err)
{
	uint8_t *to = out;
	uint64_t size_bytes = kept->object->size_bytes;

	if (!kept->blocks || offset_bytes > size_bytes || len > size_bytes - offset_bytes)
		return store_read(kept->object, offset_bytes, out, len, err);
	while (len) {
		const uint8_t *block = find_block(kept, (size_t)(offset_bytes / KEPT_BLOCK_BYTES));
		size_t from = (size_t)(offset_bytes % KEPT_BLOCK_BYTES);
		size_t part = KEPT_BLOCK_BYTES - from < len ? KEPT_BLOCK_BYTES - from : len;

		if (!block)
			return store_read(kept->object, offset_bytes, to, len, err);
		memcpy(to, block + from, part);
		to += part;
		offset_bytes += part;
		len -= part;
	}
	return MUSTER_OK;
}
