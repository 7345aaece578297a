/**
 * map_run - a sorted run that can be searched: records in blocks of one size, each of which begins
 * with a whole record.
 *
 * A block: bytes used (u32, this machine's order, these four among them), then records as run.h
 * has them. No record crosses a block, so the block of a key is found by halving.
 */
#ifndef IO_SPILL_MAP_RUN_H
#define IO_SPILL_MAP_RUN_H

#include "io/spill/run.h"
#include "io/spill/spill_map.h"

#define MAP_BLOCK_BYTES (128u << 10)

struct map_run {
	const char *dir; /* borrowed; for messages */
	int fd;
	uint64_t block_count;
	uint8_t *block; /* the one that is held, or NULL */
	uint64_t held;	/* which; only if block */
	uint32_t at;	/* where in it the head is */
	bool is_at_end;
};

/** An empty run, to be added to. `run` is zeroed before. */
enum muster_code map_run_create(struct map_run *run, const char *dir, struct muster_error *err);
void map_run_release(struct map_run *run); /* a zeroed one, too */
/** Keys ascend strictly. */
enum muster_code map_run_add(struct map_run *run, struct view key, struct view value,
			     struct muster_error *err);
/** No more is added: it can be read. */
enum muster_code map_run_end(struct map_run *run, struct muster_error *err);

/** The head becomes the first record whose key is >= `key`. */
enum muster_code map_run_seek(struct map_run *run, struct view key, struct muster_error *err);
/** The head, lent until the run moves; false at the end. */
bool map_run_head(const struct map_run *run, struct view *key, struct view *value);
enum muster_code map_run_step(struct map_run *run, struct muster_error *err);

#endif
