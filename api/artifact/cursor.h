/* The entries of an artifact in path order, whether it is logged or a draft. */
#ifndef API_ARTIFACT_CURSOR_H
#define API_ARTIFACT_CURSOR_H

#include "api/artifact/artifact_draft.h"

/** Of a draft: what it adds is written down when the cursor is opened; the rest is read from its
 *  base. Zeroed is closed. */
struct artifact_cursor {
	struct version_reader *version; /* the version, or a draft's base; NULL: it has none */
	struct part *part;		/* a draft's */
	struct spill_map *added;	/* path -> struct kept; NULL: nothing was added */
	struct entry heads[2];		/* of the base, of what was added */
	bool has_head[2], has_begun;
};

#define CURSOR_ADDED_BYTES (4u << 20)

/** Then it is to be sought. `artifact` must not change while it is open. */
enum muster_code artifact_cursor_open(struct artifact_cursor *cursor,
				      const struct muster_artifact *artifact,
				      struct muster_error *err);
void artifact_cursor_close(struct artifact_cursor *cursor);
/** To the first entry whose path is >= `path`. */
enum muster_code artifact_cursor_seek(struct artifact_cursor *cursor, struct view path,
				      struct muster_error *err);
/** Lent until the next call. MUSTER_END. */
enum muster_code artifact_cursor_next(struct artifact_cursor *cursor, struct entry *out,
				      struct muster_error *err);

#endif
