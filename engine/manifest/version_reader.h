/**
 * version_reader - a stored version's entries in path order: a cursor and who fetches for it.
 *
 * Threads: one at a time. Memory: a block, a leaf, VERSION_READER_OBJECTS open objects; with
 * `reads_on` VERSION_READ_ON_BYTES.
 */
#ifndef ENGINE_MANIFEST_VERSION_READER_H
#define ENGINE_MANIFEST_VERSION_READER_H

#include "artifact/manifest/cursor.h"
#include "io/store/store.h"

#define VERSION_READER_OBJECTS 4
#define VERSION_READ_ON_BYTES  (1u << 20)

struct version_reader;

struct version_reader_options {
	bool with_placement; /* entries say where their bytes lie */
	bool reads_on;	     /* all of it, in order: reads grow up to VERSION_READ_ON_BYTES */
};

/** Borrows `store`. The footer is proved against the pointer's SHA-256. */
enum muster_code version_reader_open(struct version_reader **out, struct store *store,
				     const struct manifest_pointer *pointer,
				     const struct version_reader_options *options,
				     struct muster_error *err);
void version_reader_close(struct version_reader *reader); /* takes NULL */
const struct manifest_footer *version_reader_footer(const struct version_reader *reader);

/** Go to the first entry whose path is >= `path`. */
void version_reader_seek(struct version_reader *reader, struct view path);
/** The next entry, its views lent until the next call; MUSTER_END. */
enum muster_code version_reader_next(struct version_reader *reader, struct entry *out,
				     struct muster_error *err);
/** The entry with exactly this path. MUSTER_ABSENT. */
enum muster_code version_reader_find(struct version_reader *reader, struct view path,
				     struct entry *out, struct muster_error *err);
/** The record of the leaf that begins with exactly `path`, lent until the next call.
 *  MUSTER_ABSENT. */
enum muster_code version_reader_leaf(struct version_reader *reader, struct view path,
				     const struct leaf_record **out, struct muster_error *err);

/** The leaf that the next entry begins, or NULL inside a leaf. Nothing of it is read. MUSTER_END.
 *  Lent until the reader moves. */
enum muster_code version_reader_seam(struct version_reader *reader, const struct leaf_record **out,
				     struct muster_error *err);
/** The placement part of a leaf alone, proved; lent until the next call. The reader does not move.
 */
enum muster_code version_reader_placement(struct version_reader *reader,
					  const struct leaf_record *record, struct view *out,
					  struct muster_error *err);

/** For diffs: the cursor itself, and fetching what it wants. */
struct cursor *version_reader_cursor(struct version_reader *reader);
enum muster_code version_reader_fetch(struct version_reader *reader, struct muster_error *err);

#endif
