/**
 * get, checkout, verify - a version's files out of the repository, or held against it.
 *
 *	get       writes the entries into a directory; what else is there stays
 *	checkout  makes a directory exactly the version; refuses before its first change
 *	verify    reports all drift of a directory, or of the stored bytes
 *
 * Threads: options->job.worker_count workers; with a walk two more that read directories ahead.
 * Memory:  per worker a buffer of 8 MiB, the directories of the packs it reads, two batches of at
 *          most 256 entries; a block and a leaf of the version. Nothing grows with the entries but
 *          files without a name in $TMPDIR (about 60 bytes an entry).
 * Proof:   no byte gets its final name before it was hashed and compared with its entry. A copy
 *          that is damaged, or a placement that is stale, leads to the index once.
 *
 * A directory that does not exist is filled under a temporary name beside it (".muster-…partial")
 * and renamed once, also when some items failed. A run that was interrupted or failed as a whole
 * leaves the temporary one, and the same command continues it.
 *
 * Blobs that the cache has are read from it and proved like others; one that is wrong there is
 * fetched. What becomes of the cache never fails a run. verify does not use it.
 *
 * `version_text` ("entity/project/name:vN") goes to the report. `cache_dir` may be NULL: then
 * nothing is remembered, and nothing that was remembered helps. options->directory must be set.
 *
 * Errors: MUSTER_E_ITEMS: some items failed, the others were done; MUSTER_E_CANCELLED;
 * MUSTER_E_REFUSED, before anything was changed; MUSTER_E_NAME, _IO, _FORMAT, _MEMORY.
 */
#ifndef ENGINE_GET_GET_H
#define ENGINE_GET_GET_H

#include "artifact/record/collection_state.h"
#include "engine/cache/blob_cache.h"
#include "engine/repository/repository.h"
#include "muster/get.h"

/** What helps, all of it optional. Borrowed until the run ends. */
struct get_helps {
	const char *cache_dir;	  /* of what is remembered of directories */
	struct blob_cache *blobs; /* fetched earlier; what is fetched now is added */
};

enum muster_code get_run(struct repository *repository, const struct version *version,
			 const char *version_text, const struct get_helps *helps,
			 const struct muster_get_options *options, struct muster_get_report *report,
			 struct muster_error *err);

enum muster_code checkout_run(struct repository *repository, const struct version *version,
			      const char *version_text, const struct get_helps *helps,
			      const struct muster_checkout_options *options,
			      struct muster_get_report *report, struct muster_error *err);

/** MUSTER_OK with drift counted in the report. MUSTER_E_DIGEST where options->root_hex is not the
 *  version's content root. */
enum muster_code verify_run(struct repository *repository, const struct version *version,
			    const char *version_text, const char *cache_dir,
			    const struct muster_verify_options *options,
			    struct muster_verify_report *report, struct muster_error *err);

#endif
