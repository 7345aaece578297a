/**
 * cursor_internal - a cursor's state; for cursor.c, cursor_feed.c and diff.c.
 *
 *	SEEKING   a path is looked for; its block is not chosen yet
 *	SKIPPING  the path lies inside the leaf at (block, leaf), behind its first entry
 *	SEAM      the next entry begins the leaf at (block, leaf), or there is none
 *	INSIDE    `left` entries of the leaf at (block, leaf) are still to come
 *
 *	cursor_seek: any -> SEEKING        cursor_settle: SEEKING -> SKIPPING | SEAM
 *	cursor_next: SKIPPING -> INSIDE | SEAM (of the next leaf), SEAM -> INSIDE -> … -> SEAM
 */
#ifndef ARTIFACT_MANIFEST_CURSOR_INTERNAL_H
#define ARTIFACT_MANIFEST_CURSOR_INTERNAL_H

#include "artifact/manifest/cursor.h"

enum cursor_state { CURSOR_SEEKING, CURSOR_SKIPPING, CURSOR_SEAM, CURSOR_INSIDE };
enum cursor_want { WANT_NOTHING, WANT_BLOCK, WANT_LEAF };

#define CURSOR_NONE SIZE_MAX

struct cursor {
	const struct manifest_footer *footer;
	bool with_placement;
	bool is_broken; /* what was fed proved wrong while it was read */
	enum cursor_state state;
	enum cursor_want want;
	struct wanted wanted;
	size_t block, leaf; /* where the cursor stands; leaf < leaves of the block */

	size_t block_held; /* whose records these are, or CURSOR_NONE */
	size_t record_count;
	struct leaf_record records[MANIFEST_BLOCK_LEAVES];
	struct bytes record_paths;

	size_t leaf_held_block, leaf_held; /* whose bytes these are, or CURSOR_NONE */
	bool is_leaf_fresh;		   /* opened, nothing read from it */
	struct bytes leaf_bytes;
	struct leaf_reader *reader;
	uint32_t left;
	uint64_t size_bytes; /* of the entries read */
	uint64_t leaves_decoded;

	bool is_target_cut; /* the target was longer than any path: go behind what is left of it */
	size_t target_bytes;
	uint8_t target[ENTRY_PATH_MAX_BYTES];
};

/** The record of the leaf where the cursor stands, once its block is held. */
static inline const struct leaf_record *cursor_record(const struct cursor *cursor)
{
	return &cursor->records[cursor->leaf];
}

/** Step to the leaf behind the one where the cursor stands. Its block must be known by fence. */
void cursor_advance(struct cursor *cursor);

/** Both at the seam where two blocks begin that are equal byte by byte: step over them unread. */
bool cursor_skip_equal_blocks(struct cursor *a, struct cursor *b);

#endif
