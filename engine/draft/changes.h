/**
 * changes - what several parts together say of each path, in path order.
 *
 * Of one path the last part's word counts; a directory that a part removes hides what the parts
 * before it have beneath. Parts whose ranges do not meet, and a single one, are read as they lie;
 * others are sorted, in fixed memory.
 * Threads: one at a time.
 */
#ifndef ENGINE_DRAFT_CHANGES_H
#define ENGINE_DRAFT_CHANGES_H

#include "engine/draft/kept.h"
#include "engine/draft/part.h"
#include "io/store/store.h"

struct changes;

struct changes_options {
	const struct part_content *parts; /* borrowed */
	size_t part_count;
	bool is_disjoint;	  /* their ranges do not meet, and they stand in order */
	bool refuses_two_digests; /* their order does not matter: one path may have one only */
	size_t memory_max_bytes;  /* of the sort */
};

enum muster_code changes_open(struct changes **out, struct store *store,
			      const struct changes_options *options, struct muster_error *err);
void changes_close(struct changes *changes); /* takes NULL */
/** The next path and what is said of it, lent until the next call. MUSTER_END. Errors:
 *  MUSTER_E_FORMAT for disjoint parts that meet; MUSTER_E_CONFLICT for two digests. */
enum muster_code changes_next(struct changes *changes, struct view *path, struct kept *kept,
			      struct muster_error *err);

#endif
