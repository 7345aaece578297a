/**
 * path - what may be the path of an entry. Pure.
 *
 * The rule is one for all that enters an artifact: a name given by a user, a file found by a walk,
 * a key of a listing, a line of somebody's manifest. It is W&B's validate_artifact_path together
 * with what a stored path must be:
 *   - valid UTF-8, 1 to ENTRY_PATH_MAX_BYTES bytes, no NUL;
 *   - relative, components parted by single slashes, none of them "", "." or "..";
 *   - harmless when read as a Windows path: no drive (one ASCII letter and a colon in front, as
 *     "a:b" or "C:"; "ab:c" and "1:b" are fine), no backslash in front, no ".." between any of
 *     slash and backslash ("a\..\b"). Other backslashes are ordinary bytes of a name.
 * So a Linux file called "C:x" is refused with a reason, as W&B refuses it: whoever downloads the
 * version on another system would write outside of its directory. There is no case folding and no
 * Unicode normalisation: paths are bytes.
 *
 * Errors: MUSTER_E_USAGE, "Invalid artifact path: <rule>: '<path>'", bytes that are not UTF-8
 * escaped as \xNN. Readers of stored or foreign bytes answer MUSTER_E_FORMAT in its stead.
 */
#ifndef ARTIFACT_PATH_H
#define ARTIFACT_PATH_H

#include "artifact/entry.h"

/** Is this path, as it stands, one that an entry may have? */
enum muster_code entry_path_check(struct view path, struct muster_error *err);

/** The path that a user's spelling means: repeated slashes and "." components collapse, slashes
 *  at the end go; ".." stays and is refused. `out` is overwritten. Errors: as above (of the result,
 *  so that "" and "./" are empty), MUSTER_E_MEMORY. */
enum muster_code entry_path_normalize(struct view spelling, struct bytes *out,
				      struct muster_error *err);

/** Is `path` the prefix itself or beneath it? A prefix ends at a component: "a/b" has "a/b/c"
 *  under it, not "a/bc". An empty prefix has all; slashes at its end are ignored. */
bool path_is_under(struct view prefix, struct view path);

#endif
