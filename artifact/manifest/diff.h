/**
 * diff - what differs between two versions, in path order; equal leaves are skipped unread. Pure.
 *
 *	diff_next() answers MUSTER_OK (a change), MUSTER_FULL (the cursor diff_side() needs bytes:
 *	feed it and call again), or MUSTER_END.
 */
#ifndef ARTIFACT_MANIFEST_DIFF_H
#define ARTIFACT_MANIFEST_DIFF_H

#include "artifact/manifest/cursor.h"

enum change_kind {
	CHANGE_ADDED,	 /* only in b */
	CHANGE_REMOVED,	 /* only in a */
	CHANGE_MODIFIED, /* in both, other content (digest, size, reference or extra) */
};

struct change {
	enum change_kind kind;
	struct entry a, b; /* those that are there; lent until the next call */
};

struct diff;

/** Borrows both cursors, which stand at their beginnings (or at one seek). */
enum muster_code diff_new(struct diff **out, struct cursor *a, struct cursor *b,
			  struct muster_error *err);
void diff_free(struct diff *diff);
enum muster_code diff_next(struct diff *diff, struct change *out, struct muster_error *err);
/** Which cursor needs bytes. */
struct cursor *diff_side(const struct diff *diff);

#endif
