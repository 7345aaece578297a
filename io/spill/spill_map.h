/**
 * spill_map - keys and their values, found at once and given in order, in fixed memory.
 *
 * What is put last counts. A table in memory takes what is put; when it is full it becomes a sorted
 * run in a file without a name, and runs of like size are merged, so there are few of them.
 *
 * Memory:  `memory_max_bytes`, and a block of 128 KiB for each run that is looked into: at most
 *          SPILL_MAP_RUNS_MAX.
 * Errors:  MUSTER_E_IO names the directory; MUSTER_E_LIMIT for a record over
 *          SPILL_MAP_RECORD_MAX_BYTES. A call that failed changed nothing.
 * Files:   as spill.h.
 * Threads: one at a time.
 */
#ifndef IO_SPILL_SPILL_MAP_H
#define IO_SPILL_SPILL_MAP_H

#include "base/bytes.h"

#define SPILL_MAP_KEY_MAX_BYTES	   8192
#define SPILL_MAP_RECORD_MAX_BYTES ((128u << 10) - 16) /* key and value */
#define SPILL_MAP_RUNS_MAX	   24		       /* merged, each is half of the one before */

struct spill_map;

/** `dir` NULL: $TMPDIR or /tmp; else borrowed for life. `memory_max_bytes`: 1 MiB to 1 GiB. */
enum muster_code spill_map_new(struct spill_map **out, const char *dir, size_t memory_max_bytes,
			       struct muster_error *err);
void spill_map_free(struct spill_map *map); /* takes NULL */
enum muster_code spill_map_put(struct spill_map *map, struct view key, struct view value,
			       struct muster_error *err);
bool spill_map_is_empty(const struct spill_map *map);
/** Lends the value until the next call. MUSTER_ABSENT. Ends a walk. */
enum muster_code spill_map_find(struct spill_map *map, struct view key, struct view *value,
				struct muster_error *err);
/** Begin a walk at the first key that is >= `key`. */
enum muster_code spill_map_seek(struct spill_map *map, struct view key, struct muster_error *err);
/** Lends the next key and its value until the next call. MUSTER_END. Only after a seek, and until
 *  something is put or found. */
enum muster_code spill_map_next(struct spill_map *map, struct view *key, struct view *value,
				struct muster_error *err);

#endif
