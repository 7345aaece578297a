/* Files that are there before a get: equal ones are kept, different ones replaced or refused. */
#ifndef ENGINE_GET_EXISTING_H
#define ENGINE_GET_EXISTING_H

#include "engine/get/tree.h"

struct get_existing {
	struct get_tree *tree;	     /* borrowed */
	struct get_hashing *hashing; /* borrowed; its `fn` and `state` are set here */
	bool overwrite;
	int64_t start_ns; /* the tree's time when the run began: younger files are not noted */
};

void get_existing_init(struct get_existing *existing);
/** Items of fate GET_WANTED become kept, failed, or replaceable; what has no file stays. Large
 *  ones are left to get_existing_check_large(). */
enum muster_code get_existing_check(struct get_existing *existing, struct get_batch *batch,
				    struct muster_error *err);
enum muster_code get_existing_check_large(struct get_existing *existing, struct get_item *item,
					  struct muster_error *err);

#endif
