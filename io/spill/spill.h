/**
 * spill - sorts any number of records in fixed memory: runs on disk, merged as they are read.
 *
 * A record is a key and a value, both bytes. Order: by key, then by the order of adding, so the
 * last one of equal keys is the newest. Duplicates are all given.
 * Memory:  `memory_max_bytes` for the table, plus 64 KiB a run while merging (or the largest
 *          record of it, if that is more); more than SPILL_FAN_IN runs are merged in levels.
 *          Nothing is written while the table suffices.
 * Errors:  MUSTER_E_IO names the directory. A call that failed changed nothing: once there is
 *          room it may be made again.
 * Files:   unlinked from the start (O_TMPFILE, or mkstemp + unlink) in `dir`; a crash leaves none.
 * Threads: one at a time.
 */
#ifndef IO_SPILL_SPILL_H
#define IO_SPILL_SPILL_H

#include "base/bytes.h"

#define SPILL_FAN_IN	       64
#define SPILL_RECORD_MAX_BYTES (1u << 20)

struct spill_options {
	const char *dir;	 /* NULL: $TMPDIR or /tmp */
	size_t memory_max_bytes; /* 0: 16 MiB */
};

struct spill;

enum muster_code spill_new(struct spill **out, const struct spill_options *options,
			   struct muster_error *err);
void spill_free(struct spill *spill);
enum muster_code spill_add(struct spill *spill, struct view key, struct view value,
			   struct muster_error *err);
uint64_t spill_count(const struct spill *spill);
/** Bytes written to disk so far. */
uint64_t spill_written_bytes(const struct spill *spill);
/** Ends the adding; then spill_next() gives the records in order. */
enum muster_code spill_sort(struct spill *spill, struct muster_error *err);
/** Lends key and value until the next call. MUSTER_END behind the last. */
enum muster_code spill_next(struct spill *spill, struct view *key, struct view *value,
			    struct muster_error *err);

#endif
