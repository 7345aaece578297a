/**
 * memory - how a put divides the memory it may use: so much for each part, and no more. Pure.
 *
 * What a put takes follows from `--memory` and the number of workers, never from the number of
 * files. Where it is little for so many workers, there are fewer of them.
 */
#ifndef PLANNERS_MEMORY_MEMORY_H
#define PLANNERS_MEMORY_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_PARTS 7

/** What one part may hold at most. */
struct memory_part {
	const char *name; /* static text */
	uint64_t bytes;
};

struct put_memory {
	unsigned worker_count; /* at most what was asked for, at least 1 */
	size_t ring_bytes;     /* of each worker: small files on their way through hash and pack */
	size_t table_bytes;    /* blobs of this run that no index names yet */
	size_t pack_max_blobs; /* of one pack: its directory is in memory until it is closed */
	size_t window_item_count; /* files that wait for an earlier one before they are written */
	size_t held_item_count;	  /* of each worker: files that wait behind one in a lane */
	size_t walk_entry_count;  /* files that were listed ahead */
	size_t sort_bytes;	  /* of each sort before it spills: late files, huge directories */
	struct memory_part parts[MEMORY_PARTS];
};

/** `memory_bytes` is at least MEMORY_MIN_BYTES; the parts together are at most that. */
#define MEMORY_MIN_BYTES (64ull << 20)
struct put_memory put_memory_divide(uint64_t memory_bytes, unsigned worker_count);

#endif
