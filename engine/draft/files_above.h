/**
 * files_above - finds a file that would stand where another path needs a directory, while a base
 * is changed in path order: among what is added, and between that and what stays of the base.
 *
 * Only what lies around a change is looked at: a base that has such files by itself (references to
 * a bucket) may keep them.
 */
#ifndef ENGINE_DRAFT_FILES_ABOVE_H
#define ENGINE_DRAFT_FILES_ABOVE_H

#include "engine/draft/prefixes.h"
#include "engine/manifest/version_edit.h"

struct files_above {
	struct version_edit *edit;   /* borrowed; NULL: there is no base */
	struct version_reader *base; /* borrowed; to look up in, never moved by the edit */
	struct prefixes said;	     /* of the paths that the present one begins with */
	struct bytes directory;	     /* of the last path that was added: looked up already */
	struct bytes text;
};

void files_above_init(struct files_above *above, struct version_edit *edit,
		      struct version_reader *base);
void files_above_release(struct files_above *above); /* a zeroed one, too */
/** Before a change is made: `path` is added, or removed (it may end with '/').
 *  Errors: MUSTER_E_USAGE, naming both. */
enum muster_code files_above_step(struct files_above *above, struct view path, bool is_removed,
				  struct muster_error *err);
/** Before the rest of the base is taken over. */
enum muster_code files_above_end(struct files_above *above, struct muster_error *err);

#endif
