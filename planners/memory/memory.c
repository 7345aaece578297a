#include "planners/memory/memory.h"

#include <stdbool.h>

#define MIB ((uint64_t)1 << 20)

/* Three cursors, a block and a leaf of the version, one of the stat cache, the program itself. */
#define FIXED_BYTES (10 * MIB)

#define TABLE_SHARE  4 /* of the memory */
#define SORT_SHARE   32
#define WINDOW_SHARE 16
#define WALK_SHARE   16

#define SORT_COUNT     2 /* the side run, and a directory of very many names */
#define SORT_MAX_BYTES (16 * MIB)

#define WINDOW_ITEM_BYTES 400 /* an item, its entry of the walk, its path */
#define WINDOW_ITEMS_MAX  32768
#define HELD_ITEMS	  4096 /* by then lanes are drained, however few they are */
#define WALK_ENTRY_BYTES  200
#define WALK_ENTRIES_MAX  65536

/* A worker's: a ring that the largest small file fits into, chunks of eight large files. */
#define RING_MIN_BYTES	   (4 * MIB + MIB / 4)
#define RING_MAX_BYTES	   (32 * MIB)
#define WORKER_LARGE_BYTES (2 * MIB + MIB / 4)

/* Packs being filled, one a worker, and three that are closed and not yet durable. A record of the
 * table is 48 bytes, and 20 for its place; all packs in progress must leave room in the table. */
#define TABLE_RECORD_BYTES 68
#define TABLE_RECORD_MAX   (1u << 20)
#define TABLE_PACK_SHARE   64
#define PACK_BLOBS_MAX	   65536
#define PACK_BLOB_BYTES	   160 /* of a directory that may just have been doubled */
#define PACKS_CLOSING	   3

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void divide_shared(struct put_memory *out, uint64_t memory_bytes)
{
	uint64_t records;

	out->table_bytes = memory_bytes / TABLE_SHARE;
	records = least(out->table_bytes / TABLE_RECORD_BYTES, TABLE_RECORD_MAX);
	out->pack_max_blobs = least(records / TABLE_PACK_SHARE, PACK_BLOBS_MAX);
	out->sort_bytes = least(memory_bytes / SORT_SHARE, SORT_MAX_BYTES);
	out->window_item_count =
		least(memory_bytes / WINDOW_SHARE / WINDOW_ITEM_BYTES, WINDOW_ITEMS_MAX);
	out->held_item_count = HELD_ITEMS;
	out->walk_entry_count =
		least(memory_bytes / WALK_SHARE / WALK_ENTRY_BYTES, WALK_ENTRIES_MAX);
}

static void name_parts(struct put_memory *out)
{
	uint64_t workers = out->worker_count;
	const struct memory_part parts[MEMORY_PARTS] = {
		{ "rings of small files", workers * out->ring_bytes },
		{ "chunks of large files", workers * WORKER_LARGE_BYTES },
		{ "table of blobs", out->table_bytes },
		{ "directories of packs",
		  (workers + PACKS_CLOSING) * out->pack_max_blobs * PACK_BLOB_BYTES },
		{ "files in order", out->window_item_count * WINDOW_ITEM_BYTES +
					    out->walk_entry_count * WALK_ENTRY_BYTES },
		{ "sorts", SORT_COUNT * out->sort_bytes },
		{ "version and caches", FIXED_BYTES },
	};

	for (size_t i = 0; i < MEMORY_PARTS; i++)
		out->parts[i] = parts[i];
}

static uint64_t sum_of(const struct put_memory *memory)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < MEMORY_PARTS; i++)
		sum += memory->parts[i].bytes;
	return sum;
}

/* Do so many workers fit? Then with the largest rings that do. */
static bool fits(struct put_memory *out, uint64_t memory_bytes, unsigned worker_count)
{
	uint64_t used, ring;

	out->worker_count = worker_count;
	out->ring_bytes = RING_MIN_BYTES;
	name_parts(out);
	used = sum_of(out);
	if (used > memory_bytes)
		return false;
	ring = RING_MIN_BYTES + (memory_bytes - used) / worker_count;
	out->ring_bytes = least(ring, RING_MAX_BYTES);
	name_parts(out);
	return true;
}

struct put_memory put_memory_divide(uint64_t memory_bytes, unsigned worker_count)
{
	struct put_memory out = { 0 };

	divide_shared(&out, memory_bytes);
	while (worker_count > 1 && !fits(&out, memory_bytes, worker_count))
		worker_count--;
	if (worker_count <= 1)
		fits(&out, memory_bytes, 1);
	return out;
}
