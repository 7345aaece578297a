/**
 * manifest - the entries of an artifact, one after the other.
 *
 * Whoever reads pulls: each step gives the next entry, and nothing is held of those before.
 * Threads: that of its artifact.
 * Memory:  a block and a leaf of the version (some 100 KiB), however many entries it has; a list of
 *          files holds a page of entries too.
 */
#ifndef MUSTER_MANIFEST_H
#define MUSTER_MANIFEST_H

#include "muster/entry.h"

MUSTER_DECLARE_BEGIN

/* --- all of it, in path order ------------------------------------------------------------------
 */

/** muster_artifact_manifest() gives one; the artifact is closed after it. That of a draft lasts
 * until the draft is changed or saved; what the draft adds is written into a temporary file for it.
 */
struct muster_manifest;

void muster_manifest_close(struct muster_manifest *manifest); /* takes NULL */
/** The next entry, in byte order of the paths: lent until the next call. MUSTER_END: there is no
 *  more. */
enum muster_code muster_manifest_next(struct muster_manifest *manifest,
				      const struct muster_entry **out, struct muster_error *err);
/** The next step gives the first entry whose path is `path`, or comes behind it. NULL: the first of
 *  all. What lies between is not read. */
enum muster_code muster_manifest_seek(struct muster_manifest *manifest, const char *path,
				      struct muster_error *err);

/* --- some of it, in pages ----------------------------------------------------------------------
 */

#define MUSTER_FILES_PER_PAGE	  50
#define MUSTER_FILES_PER_PAGE_MAX 10000

/** Zero is a good default for all. The texts are borrowed until the list is closed. */
struct muster_files_options {
	const char *const *names; /* only these paths, in this order; those that are not there are
				     left out. NULL: all, in path order */
	size_t name_count;
	unsigned per_page; /* how many are read, and held, at a time; 0: MUSTER_FILES_PER_PAGE */
	const char *start; /* begin behind this path, as where a page before has ended; NULL: at
			      the first. Without names only */
};

/** muster_artifact_files() gives one; the artifact is closed after it. */
struct muster_files;

void muster_files_close(struct muster_files *files); /* takes NULL */
/** The next entry: lent until the next call. MUSTER_END: there is no more. */
enum muster_code muster_files_next(struct muster_files *files, const struct muster_entry **out,
				   struct muster_error *err);
/** The next page: `*count` entries, per_page or, at the end, fewer; lent until the next call. What
 *  is left of a page that muster_files_next() has begun comes first. MUSTER_END: there is no more.
 */
enum muster_code muster_files_next_page(struct muster_files *files,
					const struct muster_entry *const **out, size_t *count,
					struct muster_error *err);

MUSTER_DECLARE_END

#endif
