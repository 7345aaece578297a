/**
 * check - is the whole repository sound (FORMAT §8)?
 *
 * Rolling: with a budget or a greatest age not all bytes are read every time, but those that were
 * read longest ago; all that is not bytes of blobs is proved every time. When each pack was read is
 * kept on this machine, and noted by every check; two checks of one repository at a time harm
 * nothing but may read a pack twice.
 */
#ifndef MUSTER_CHECK_H
#define MUSTER_CHECK_H

#include "muster/declare.h"
#include "muster/progress.h"

MUSTER_DECLARE_BEGIN

/** One thing that is wrong; one call at a time. `object` is a key of the repository. */
typedef void muster_finding_fn(void *state, const char *object, const struct muster_error *error);

struct muster_check_options {
	struct muster_job job;
	bool quick; /* bytes by XXH3 instead of the digest */
	/* Bytes of packs to read at most, but one pack at least; 0: no limit. Packs that were
	 * broken when they were read last come first, but take no more than half of it: those that
	 * are not read again are told once more. */
	uint64_t budget_bytes;
	/* Every pack is to be read that often (at most 36,500): those that were not are counted.
	 * Without a budget as much is read as a check every day must; 0: no rule. */
	uint64_t max_age_days;
	/* Where it is kept when packs were read. NULL: in the cache directory, by repository and
	 * place; without one a check that rolls is refused. */
	const char *state_path;
	muster_finding_fn *on_finding; /* may be NULL */
	void *on_finding_state;
};

struct muster_check_report {
	uint64_t log_count, event_count, checkpoint_count;
	uint64_t manifest_count, leaf_count, entry_count;
	uint64_t pack_count, blob_count, checked_bytes;
	uint64_t index_count;
	uint64_t run_count, use_count;
	uint64_t draft_count; /* also those that were saved or dropped */
	/* What no version needs, and no draft that is not over: gc could collect it in time. */
	uint64_t unreferenced_objects;
	uint64_t finding_count;
	/* Last events of logs that nothing else vouches for: no session, no checkpoint, no other
	 * log. What they say keeps the rules for events, but may have been altered. */
	uint64_t unproved_events;

	/* What of the bytes was read this time: blob_count and checked_bytes in read_packs. Of all
	 * packs, as it is after this check: */
	uint64_t read_packs;
	uint64_t stored_bytes;
	uint64_t unread_packs;	/* never read since this machine saw them first */
	uint64_t overdue_packs; /* not read for more than max_age_days */
	uint64_t oldest_age_s;	/* since one was read (or seen first, if it never was): the most */
	uint64_t daily_bytes;	/* what a check every day must read for max_age_days; else 0 */
	bool began_anew;	/* nothing was known of earlier checks */
	/* Why not, if there was something; else empty. */
	char state_problem[MUSTER_ERROR_MESSAGE_BYTES];
};

MUSTER_DECLARE_END

#endif
