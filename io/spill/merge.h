/**
 * merge - several sorted runs as one, by a tree of losers. Equal keys come in the order of the
 * runs. At most SPILL_FAN_IN runs; 64 KiB each, or their largest record.
 */
#ifndef IO_SPILL_MERGE_H
#define IO_SPILL_MERGE_H

#include "io/spill/run.h"

struct merge_source {
	struct run_reader reader;
	bool is_done;
	uint64_t prefix;
	struct view record, key;
};

struct merge {
	unsigned count;
	bool is_lent;		       /* the winner was given: step on before the next */
	struct merge_source *sources;  /* the oldest first */
	unsigned losers[SPILL_FAN_IN]; /* losers[0]: the winner */
};

/** Adds all runs of a level; call for the oldest first, then merge_start(). */
enum muster_code merge_add_level(struct merge *merge, const struct run_level *level,
				 const char *dir, struct muster_error *err);
enum muster_code merge_start(struct merge *merge, struct muster_error *err);
/** Lends the next record until the next call, or MUSTER_END. */
enum muster_code merge_next(struct merge *merge, struct view *record, struct muster_error *err);
/** A zeroed one is released too. */
void merge_release(struct merge *merge);

#endif
