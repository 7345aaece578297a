/**
 * look - what is in a repository: collections, versions, entries, bytes, history, differences.
 *
 * What callbacks are and what they are given: muster/look.h. A callback that answers false ends the
 * listing: MUSTER_OK.
 *
 * Threads: any, each call by itself.
 * Memory:  a block and a leaf of a version; a cat LOOK_CAT_BYTES more; a listing of collections or
 *          versions the state of one collection.
 * Errors:  MUSTER_E_NAME: no such artifact, version or path; what engine/repository says.
 */
#ifndef ENGINE_LOOK_LOOK_H
#define ENGINE_LOOK_LOOK_H

#include "artifact/name.h"
#include "engine/cache/blob_cache.h"
#include "engine/look/named_version.h"
#include "muster/look.h"
#include "muster/progress.h"

#define LOOK_CAT_BYTES                                                                             \
	(4u << 20) /* blobs of up to that many bytes are proved before any is given */

/** All collections that have a name, in the order of entity, project, name. */
enum muster_code look_collections(struct repository *repository, muster_collection_fn *fn,
				  void *state, struct muster_error *err);

/** All versions that are not deleted, oldest first. */
enum muster_code look_versions(struct repository *repository, const struct collection_name *name,
			       muster_version_fn *fn, void *state, struct muster_error *err);
/** One version; `address` as named_version_open() takes it, here and below. */
enum muster_code look_version(struct repository *repository, const struct artifact_address *address,
			      muster_version_fn *fn, void *state, struct muster_error *err);
/** The same of a version that is open. */
enum muster_code look_named_version(const struct named_version *named, muster_version_fn *fn,
				    void *state, struct muster_error *err);
/** When anything was last said of a version that is open: since 1970, by the writer's clock. Reads
 *  the events of its log since it was made. */
enum muster_code look_updated_ms(const struct named_version *named, uint64_t *out,
				 struct muster_error *err);

/** All events of a collection's log, oldest first. */
enum muster_code look_history(struct repository *repository, const struct collection_name *name,
			      muster_event_fn *fn, void *state, struct muster_error *err);

/**
 * Entries in path order: those that `prefix` (NULL or "": the root) names or is a directory of.
 * With `one_level`: the files of that directory, and its directories each once, without reading
 * what is below them.
 * Errors: MUSTER_E_USAGE for a prefix that no path can have, MUSTER_E_NAME where nothing is below
 * it.
 */
enum muster_code look_entries(struct repository *repository, const struct artifact_address *address,
			      const char *prefix, bool one_level, muster_entry_fn *fn, void *state,
			      struct muster_error *err);

/**
 * The bytes of one entry, in pieces of at most 1 MiB. What the sink answers is returned.
 * Errors: MUSTER_E_NAME: no such entry; MUSTER_E_UNSUPPORTED: a reference, whose bytes are not
 * here; MUSTER_E_DIGEST: the bytes that are stored are not what they should be. Of a blob over
 * LOOK_CAT_BYTES this is known only behind the last piece. `blobs` (may be NULL): fetched earlier;
 * what is right there is given instead, and what is fetched is added.
 */
enum muster_code look_cat(struct repository *repository, struct blob_cache *blobs,
			  const struct artifact_address *address, const char *path,
			  muster_bytes_fn *sink, void *state, struct muster_error *err);

/** One side of a diff. */
struct look_side {
	const char *directory;		 /* or NULL: the version */
	struct artifact_address version; /* of the repository */
};

/**
 * What differs from `a` to `b`, in path order. Two versions: anything but their placement; leaves
 * that they share are not read. With a directory: whether the bytes are the same, by digest and
 * size; all its files are read.
 * `job`: worker_count, memory_bytes and progress for directories. `repository` may be NULL if both
 * sides are directories. `report` (may be NULL) is filled as far as it came: of a modified path
 * both sizes count. Errors: MUSTER_E_ITEMS: files of a directory could not be read; of these it is
 * not known whether they differ.
 */
enum muster_code look_diff(struct repository *repository, const struct look_side *a,
			   const struct look_side *b, const struct muster_job *job,
			   muster_change_fn *fn, void *state, struct muster_diff_report *report,
			   struct muster_error *err);

#endif
