/**
 * check - is the whole repository sound (FORMAT §8)?
 */
#ifndef MUSTER_CHECK_H
#define MUSTER_CHECK_H

#include "muster/progress.h"

/** One thing that is wrong; one call at a time. `object` is a key of the repository. */
typedef void muster_finding_fn(void *state, const char *object, const struct muster_error *error);

struct muster_check_options {
	struct muster_job job;
	bool quick;		       /* bytes by XXH3 instead of the digest */
	muster_finding_fn *on_finding; /* may be NULL */
	void *on_finding_state;
};

struct muster_check_report {
	uint64_t log_count, event_count, checkpoint_count;
	uint64_t manifest_count, leaf_count, entry_count;
	uint64_t pack_count, blob_count, checked_bytes;
	uint64_t index_count;
	uint64_t run_count, use_count;
	uint64_t unreferenced_objects; /* what gc could collect */
	uint64_t finding_count;
	/* Last events of logs that nothing else vouches for: no session, no checkpoint, no other
	 * log. What they say keeps the rules for events, but may have been altered. */
	uint64_t unproved_events;
};

#endif
