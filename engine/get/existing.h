/* Files that are there before a get: equal ones are kept, different ones replaced or refused. */
#ifndef ENGINE_GET_EXISTING_H
#define ENGINE_GET_EXISTING_H

#include "engine/get/hashing.h"
#include "engine/get/tree.h"

struct get_existing {
	struct get_tree *tree; /* borrowed */
	bool overwrite;
	int64_t start_ns; /* the tree's time when the run began: younger files are not noted */
	struct get_hashing hashing;
	const struct get_larges *larges; /* while it runs */
};

/** `existing` is filled but for the last two. */
void get_existing_init(struct get_existing *existing);
void get_existing_release(struct get_existing *existing); /* takes a zeroed one */
/** Items of fate GET_WANTED become kept, failed, or replaceable; what has no file stays. Large
 *  ones are left to get_existing_check_large(). */
enum muster_code get_existing_check(struct get_existing *existing, struct get_batch *batch,
				    struct muster_error *err);
/** The same for large ones, side by side. */
enum muster_code get_existing_check_large(struct get_existing *existing,
					  const struct get_larges *larges,
					  struct muster_error *err);
/** Files that go on now: for larges->next. */
unsigned get_existing_count(const struct get_existing *existing);

#endif
