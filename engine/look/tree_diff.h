/**
 * tree_diff - differences where at least one side is a directory: two ordered sources, merged.
 */
#ifndef ENGINE_LOOK_TREE_DIFF_H
#define ENGINE_LOOK_TREE_DIFF_H

#include "engine/look/look.h"

/** Gives a change to whoever looks on and counts it; MUSTER_END: that one has seen enough. `a` or
 *  `b` NULL: not there. */
struct change_teller {
	muster_change_fn *fn;
	void *state;
	struct muster_diff_report *report;
	struct bytes path; /* with a NUL */
};
enum muster_code change_tell(struct change_teller *teller, const struct entry *a,
			     const struct entry *b, struct muster_error *err);

/** As look_diff(). */
enum muster_code tree_diff_run(struct repository *repository, const struct look_side *a,
			       const struct look_side *b, const struct muster_job *job,
			       struct change_teller *teller, struct muster_error *err);

#endif
