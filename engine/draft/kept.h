/**
 * kept - what is said of a path, as bytes that a map or a sort keeps until it is needed. Never
 * stored elsewhere.
 *
 * A path that ends with '/' stands for all that is beneath it, and can only be removed.
 */
#ifndef ENGINE_DRAFT_KEPT_H
#define ENGINE_DRAFT_KEPT_H

#include "artifact/entry.h"
#include "engine/blob/blob_set.h"

enum kept_kind { KEPT_ADDED, KEPT_REMOVED };

struct kept {
	enum kept_kind kind;
	uint32_t rank;	    /* of the part that says so, among those that are merged */
	struct entry entry; /* KEPT_ADDED; its path is the key */
	/* KEPT_ADDED and has_place: its placement, which may not be known yet; the set lives
	 * longer. */
	bool has_place;
	struct blob_place place;
};

/** `out` is overwritten. */
enum muster_code kept_encode(const struct kept *kept, struct bytes *out, struct muster_error *err);
/** Views point into `path` and `value`. */
void kept_decode(struct kept *out, struct view path, struct view value);
/** The entry with its placement; false while its pack is open (then it has none). */
bool kept_settle(struct kept *kept);

#endif
