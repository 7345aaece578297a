/**
 * version_list - entries of another version, which a put takes over: `muster://` references.
 *
 * "muster://entity/project/name:alias/path" names an entry, or all below a directory, or without a
 * path the whole version. What comes out refers to "muster://<version id>/<path>" and carries the
 * digest and the place of the bytes, so that they stay when the source is deleted. An entry that
 * is a reference itself is given as it is: chains end at once.
 *
 * Threads: one at a time. Memory: LIST_BATCH_MAX entries, and their texts (VERSION_LIST_TEXT_MAX
 * and one entry's).
 */
#ifndef ENGINE_PUT_VERSION_LIST_H
#define ENGINE_PUT_VERSION_LIST_H

#include "engine/put/list.h"
#include "engine/repository/collection.h"

#define VERSION_LIST_TEXT_MAX (1u << 20)

struct version_list;

/** Borrows `repository`. A single entry is called `name`, NULL: by its last component. Errors:
 * MUSTER_E_USAGE for a URI that is none; MUSTER_E_NAME where there is no such artifact, version or
 * path. */
enum muster_code version_list_open(struct version_list **out, struct repository *repository,
				   const char *uri, const char *name, struct muster_error *err);
void version_list_close(struct version_list *list); /* takes NULL */
/** Is it one entry, with just this path? */
bool version_list_is_single(const struct version_list *list);

/** Paths are relative to the directory that was named. Lent until the next call. MUSTER_END behind
 *  the last. */
enum muster_code version_list_next(struct version_list *list, const struct entry **out,
				   size_t *count, struct muster_error *err);

#endif
