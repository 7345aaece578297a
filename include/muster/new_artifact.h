/**
 * new_artifact - an artifact that is being made: a draft, until it is saved.
 *
 *	struct muster_artifact_options options = { .name = "example_artifact", .type = "dataset" };
 *
 *	muster_artifact_new(&artifact, repository, &options, &err);
 *	muster_artifact_add_file(artifact, "./dataset.h5", &(struct muster_add_options){
 *				 .name = "training_dataset" }, NULL, &err);
 *	muster_artifact_save(artifact, NULL, NULL, &err);
 *	muster_artifact_close(artifact);
 *
 * What is added is read, digested and stored at once: nothing is copied beforehand, and a file may
 * change or go as soon as the call is back. Until the artifact is saved nobody sees it; one that is
 * closed instead leaves bytes that nothing refers to.
 *
 * Threads: as muster/artifact.h. muster_artifact_add_dir() works with job.worker_count of its own.
 * Memory:  16 MiB for what was added (more lies in temporary files), 32 MiB and a pack in progress
 *          from the first file on; job.memory_bytes while a directory is added.
 * Errors:  MUSTER_E_FINALIZED: it was finalized or saved: make a new draft of it
 *          (muster_artifact_new_draft()). A call that failed has added and removed nothing.
 */
#ifndef MUSTER_NEW_ARTIFACT_H
#define MUSTER_NEW_ARTIFACT_H

#include <stdio.h>

#include "muster/artifact.h"
#include "muster/put.h"

MUSTER_DECLARE_BEGIN

/** Zero is a good default for all but the name. Texts are copied. */
struct muster_artifact_options {
	const char *name;	 /* "[[entity/]project/]name" */
	const char *type;	 /* NULL: the collection's, "dataset" for a new one */
	const char *description; /* NULL: none */
	const char *metadata;	 /* a JSON object; NULL: {} */
	bool incremental; /* what is added is laid over the version that is latest when it is saved
			   */
	const char *digest_algorithm; /* NULL: the repository's; else that very one */
	struct muster_job job;	      /* of all that is added; progress and on_failure are borrowed
					 until the artifact is closed */
};

/**
 * Gives an empty draft. Borrows `repository` until muster_artifact_close().
 * Errors: MUSTER_E_USAGE for what breaks a rule; MUSTER_E_UNSUPPORTED: the repository digests with
 * another algorithm, or may not be written; MUSTER_E_LIMIT.
 */
enum muster_code muster_artifact_new(struct muster_artifact **out,
				     struct muster_repository *repository,
				     const struct muster_artifact_options *options,
				     struct muster_error *err);

/**
 * Gives a draft with the content, type, description and metadata of a logged artifact, and not its
 * aliases, tags and ttl. Of the content nothing is read or copied; what the draft adds and removes
 * is all that saving it costs. It is saved into the collection that `artifact` was made in. `job`
 * (NULL: defaults) as above. `artifact` may be closed before the draft.
 * Errors: MUSTER_E_NOT_LOGGED.
 */
enum muster_code muster_artifact_new_draft(struct muster_artifact *artifact,
					   const struct muster_job *job,
					   struct muster_artifact **out, struct muster_error *err);

/* --- adding ------------------------------------------------------------------------------------
 *
 * Paths are those of an artifact: relative, with slashes, no "..". A path that is there already is
 * refused, MUSTER_E_USAGE, unless it has the same digest, or overwrite (merge) says so. */

/** What W&B does with a file until it is uploaded. Here both are the same: bytes are stored when
 *  they are added, and a file that changes while it is read is MUSTER_E_CHANGED. */
enum muster_policy {
	MUSTER_POLICY_MUTABLE,
	MUSTER_POLICY_IMMUTABLE,
};

/** Zero is a good default for all; the options may be NULL. */
struct muster_add_options {
	const char *name; /* of a file: its path in the artifact; NULL: its base name. Of a
			     directory: where its contents go; NULL: the root */
	bool is_tmp; /* a file: what is before the first dot of its name becomes the first 20 hex
			digits of its digest, so that names do not collide */
	bool skip_cache; /* noted in the entry; nothing that is added goes to the cache anyway */
	enum muster_policy policy;
	bool overwrite;		  /* a file: it takes the place of one with another digest */
	bool merge;		  /* a directory: the same for each of its files */
	muster_wanted_fn *wanted; /* a directory: which of its paths (muster/put.h); NULL: all */
	const void *wanted_state;
};

/**
 * A file; links are followed. `entry` (may be NULL) gives its entry, to be freed before the
 * artifact is closed. Errors: MUSTER_E_USAGE: no regular file, a path that may not be one, or the
 * same path twice; MUSTER_E_CHANGED; MUSTER_E_IO.
 */
enum muster_code muster_artifact_add_file(struct muster_artifact *artifact, const char *local_path,
					  const struct muster_add_options *options,
					  struct muster_entry **entry, struct muster_error *err);

/**
 * The contents of a directory, with what links lead to. `report` (may be NULL) is filled as far as
 * it came. Errors: as above, and MUSTER_E_ITEMS: some files failed (job.on_failure was told each),
 * and none was added; MUSTER_E_CANCELLED.
 */
enum muster_code muster_artifact_add_dir(struct muster_artifact *artifact, const char *local_path,
					 const struct muster_add_options *options,
					 struct muster_put_report *report,
					 struct muster_error *err);

#define MUSTER_MAX_OBJECTS 10000000

/** Zero is a good default for all; the options may be NULL. */
struct muster_reference_options {
	const char
		*name; /* where it goes; NULL: the base name of a file, the root for a directory */
	bool skip_checksum;   /* W&B's checksum=False: the digest is that of the URI, or the URI
				 itself,   and no bytes are read */
	uint64_t max_objects; /* more files below a URI are an error; 0: MUSTER_MAX_OBJECTS */
};

/**
 * A reference: bytes that stay where they are. `file:///…` is a file, or all files below a
 * directory (links to directories are not followed with skip_checksum, as with W&B).
 * `muster://[[entity/]project/]name:alias[/path]` is an entry of a version of this repository, all
 * below a directory of it, or all of it: their bytes stay when that version is deleted. A URI of
 * any other scheme is noted down as it is, its digest is the URI, and it needs a name. `count` (may
 * be NULL): how many entries it became. Errors: MUSTER_E_USAGE: no URI, a name is missing, or the
 * same path twice; MUSTER_E_LIMIT: more than max_objects; MUSTER_E_UNSUPPORTED: s3, gs, http and
 * https are not followed by this version; those of muster_artifact_add_dir().
 */
enum muster_code muster_artifact_add_reference(struct muster_artifact *artifact, const char *uri,
					       const struct muster_reference_options *options,
					       uint64_t *count, struct muster_error *err);

/** The same of an entry of a logged artifact of this repository: muster_entry_ref_url(). */
enum muster_code muster_artifact_add_entry_reference(struct muster_artifact *artifact,
						     struct muster_entry *entry,
						     const struct muster_reference_options *options,
						     uint64_t *count, struct muster_error *err);

struct muster_new_file;

/** Zero is a good default for all; the options may be NULL. */
struct muster_new_file_options {
	const char *mode; /* "x" (NULL): the path must not be there already; "w": it is replaced;
			     each may have a "b", a "t" or a "+" behind */
	const char *encoding; /* NULL: bytes are stored as they are written; "utf-8": that they are
				 UTF-8 is looked at when they are added */
	enum muster_policy policy;
};

/**
 * A new file of the artifact, to be written by the caller; it lies in $TMPDIR until it is added.
 * Gives a file, to be ended by muster_new_file_add() or muster_new_file_discard() before the
 * artifact is closed. Errors: MUSTER_E_USAGE: another mode or policy, or a path that is there or
 * may not be one; MUSTER_E_UNSUPPORTED: another encoding.
 */
enum muster_code muster_artifact_new_file(struct muster_artifact *artifact, const char *name,
					  const struct muster_new_file_options *options,
					  struct muster_new_file **out, struct muster_error *err);
/** What to write to: lent until the file is ended; not to be closed. */
FILE *muster_new_file_stream(struct muster_new_file *file);
/** Add what was written, and free the file whatever the answer is. `entry` as above. Errors: as
 *  muster_artifact_add_file(), and MUSTER_E_USAGE: it is not UTF-8 as it should be. */
enum muster_code muster_new_file_add(struct muster_new_file *file, struct muster_entry **entry,
				     struct muster_error *err);
/** Nothing is added. Takes NULL. */
void muster_new_file_discard(struct muster_new_file *file);

/* --- what is in it -----------------------------------------------------------------------------
 */

/** Remove the entry of this path, or, where it is a directory, all that is below. What was stored
 * of it stays until it is collected. Errors: MUSTER_E_NAME: there is neither. */
enum muster_code muster_artifact_remove(struct muster_artifact *artifact, const char *path,
					struct muster_error *err);

/** The path in the artifact of a file that was added: by muster_artifact_add_file() with exactly
 *  this `local_path`, or below a directory that was added. Lent as texts are (muster/artifact.h).
 *  MUSTER_ABSENT: none was. */
enum muster_code muster_artifact_get_added_local_path_name(struct muster_artifact *artifact,
							   const char *local_path, const char **out,
							   struct muster_error *err);

/** No more is added or removed; what is said of it may be set, and it may be saved. Twice is once.
 *  A logged artifact is final already. */
enum muster_code muster_artifact_finalize(struct muster_artifact *artifact,
					  struct muster_error *err);

MUSTER_DECLARE_END

#endif
