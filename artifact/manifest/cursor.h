/**
 * cursor - a version's entries in path order, from bytes that the caller fetches. Pure.
 *
 *	cursor_next() answers MUSTER_OK (an entry), MUSTER_FULL (it needs bytes: look at
 *	cursor_wanted(), fetch them, cursor_feed()), or MUSTER_END.
 *
 * Every block and leaf is proved by its SHA-256 before a byte of it is believed (placement by its
 * checksum). Memory: one block, one leaf; fed bytes are copied in.
 * Errors: MUSTER_E_FORMAT when leaf, record and fence do not agree; it lasts until a seek.
 * Entries are lent until the next cursor_next(), cursor_seek() or cursor_feed().
 */
#ifndef ARTIFACT_MANIFEST_CURSOR_H
#define ARTIFACT_MANIFEST_CURSOR_H

#include "artifact/format/leaf.h"
#include "artifact/format/manifest.h"

struct cursor;

/** The bytes that a cursor wants: a range of an object. */
struct wanted {
	struct object_id object;
	bool in_manifest; /* `object` is a manifest object (blocks: the version's own) */
	uint64_t offset_bytes;
	uint32_t length_bytes;
};

/** Borrows `footer` for the cursor's life. `with_placement`: entries carry their placement. */
enum muster_code cursor_new(struct cursor **out, const struct manifest_footer *footer,
			    bool with_placement, struct muster_error *err);
void cursor_free(struct cursor *cursor);
/** Go to the first entry whose path is >= `path`, forward or back. Reads nothing by itself. */
void cursor_seek(struct cursor *cursor, struct view path);
enum muster_code cursor_next(struct cursor *cursor, struct entry *out, struct muster_error *err);
/** NULL unless the last answer was MUSTER_FULL. Lent until the cursor is used again. */
const struct wanted *cursor_wanted(const struct cursor *cursor);
/** Errors: MUSTER_E_FORMAT or MUSTER_E_DIGEST, naming object and offset; the cursor then still
 *  wants the same, another copy may be fed. */
enum muster_code cursor_feed(struct cursor *cursor, struct view bytes, struct muster_error *err);

/** The leaf that the next entry begins, or NULL if the cursor stands inside a leaf. MUSTER_FULL
 *  (wanted) if its block is not there yet, MUSTER_END. Lent until the cursor moves. */
enum muster_code cursor_leaf(struct cursor *cursor, const struct leaf_record **out,
			     struct muster_error *err);
/** After cursor_leaf() gave one: the first path of the leaf behind it; false if it is the last.
 * Lent until the cursor moves. */
bool cursor_leaf_behind(const struct cursor *cursor, struct view *first_path);
/** Step over that whole leaf without fetching it. */
void cursor_skip_leaf(struct cursor *cursor);
/** How many leaves were decoded, for budgets. */
uint64_t cursor_leaves_decoded(const struct cursor *cursor);

#endif
