/**
 * muster - everything that a program may call.
 *
 * All functions take an error struct (may be NULL) and answer a code; see muster/error.h for what
 * the codes mean. Nothing here prints or exits.
 */
#ifndef MUSTER_MUSTER_H
#define MUSTER_MUSTER_H

#include "muster/artifact.h"
#include "muster/cache.h"
#include "muster/check.h"
#include "muster/collection.h"
#include "muster/copy.h"
#include "muster/declare.h"
#include "muster/draft.h"
#include "muster/entry.h"
#include "muster/error.h"
#include "muster/etag.h"
#include "muster/expire.h"
#include "muster/get.h"
#include "muster/look.h"
#include "muster/manifest.h"
#include "muster/new_artifact.h"
#include "muster/put.h"
#include "muster/repository.h"
#include "muster/run.h"
#include "muster/transfer.h"

MUSTER_DECLARE_BEGIN

/** The version of this library, "0.1.0". */
const char *muster_version_text(void);

/* Jobs. Each fills its report as far as it came, whatever it answers. */
enum muster_code muster_put(struct muster_repository *repository,
			    const struct muster_put_options *options,
			    struct muster_put_report *report, struct muster_error *err);
enum muster_code muster_get(struct muster_repository *repository,
			    const struct muster_get_options *options,
			    struct muster_get_report *report, struct muster_error *err);
enum muster_code muster_checkout(struct muster_repository *repository,
				 const struct muster_checkout_options *options,
				 struct muster_get_report *report, struct muster_error *err);
/** MUSTER_OK with drift counted in the report; drift is no failure. */
enum muster_code muster_verify(struct muster_repository *repository,
			       const struct muster_verify_options *options,
			       struct muster_verify_report *report, struct muster_error *err);
/** MUSTER_OK with findings counted in the report. */
enum muster_code muster_check(struct muster_repository *repository,
			      const struct muster_check_options *options,
			      struct muster_check_report *report, struct muster_error *err);
enum muster_code muster_import(struct muster_repository *repository,
			       const struct muster_import_options *options,
			       struct muster_put_report *report, struct muster_error *err);
enum muster_code muster_export(struct muster_repository *repository,
			       const struct muster_export_options *options,
			       struct muster_error *err);
/** Into `target`; NULL: into the same repository, under another name (options->as). Where one of
 *  them is in a cloud, and job.worker_count is 0, there are more workers than processors.
 *  Errors: MUSTER_E_ITEMS: bytes of some entries could not be had, and nothing was committed of
 *  their versions (or with commit_partial the others). What a copy has done that was interrupted,
 *  or killed, is found by the next one. */
enum muster_code muster_copy(struct muster_repository *source, struct muster_repository *target,
			     const struct muster_copy_options *options,
			     struct muster_copy_report *report, struct muster_error *err);
/** Digests of files, nothing stored; needs no repository. */
enum muster_code muster_digest(const struct muster_digest_options *options,
			       struct muster_digest_report *report, struct muster_error *err);

/** All of a put that can be judged before there is a repository: name, type, aliases, tags,
 *  description, metadata, and whether this build can take what the sources are written like (a
 * path, file://…, or a scheme that is only noted down; whether they are there is not asked).
 * Errors: those of muster_put(), which asks the same. */
enum muster_code muster_check_put(const struct muster_put_options *options,
				  struct muster_error *err);
/** The ETag of one file; needs no repository. */
enum muster_code muster_etag(const struct muster_etag_options *options,
			     struct muster_etag_report *report, struct muster_error *err);

/* Looking. */
enum muster_code muster_collections(struct muster_repository *repository, muster_collection_fn *fn,
				    void *state, struct muster_error *err);
/** All versions of "[[entity/]project/]name", oldest first. */
enum muster_code muster_versions(struct muster_repository *repository, const char *collection,
				 muster_version_fn *fn, void *state, struct muster_error *err);
enum muster_code muster_show(struct muster_repository *repository, const char *version,
			     muster_version_fn *fn, void *state, struct muster_error *err);
/** Entries in path order: those under `prefix` (NULL: all); `one_level`: names of that directory
 *  only, directories once. */
enum muster_code muster_entries(struct muster_repository *repository, const char *version,
				const char *prefix, bool one_level, muster_entry_fn *fn,
				void *state, struct muster_error *err);
/** Errors: MUSTER_E_NAME where there is no such entry; MUSTER_E_DIGEST after the last piece if
 *  the bytes were not what they should be. */
enum muster_code muster_cat(struct muster_repository *repository, const char *version,
			    const char *path, muster_bytes_fn *sink, void *state,
			    struct muster_error *err);
enum muster_code muster_history(struct muster_repository *repository, const char *collection,
				muster_event_fn *fn, void *state, struct muster_error *err);
/** Two versions, or a version and a directory (in either place; written with a leading "/", "./"
 *  or "../"), or two directories. */
enum muster_code muster_diff(struct muster_repository *repository, const char *a, const char *b,
			     muster_change_fn *fn, void *state, struct muster_diff_report *report,
			     struct muster_error *err);

/* Changing what is said of versions. */
enum muster_code muster_alias(struct muster_repository *repository, const char *version,
			      const char *alias, bool remove, struct muster_error *err);
enum muster_code muster_tag(struct muster_repository *repository, const char *version,
			    const char *tag, bool remove, struct muster_error *err);
enum muster_code muster_describe(struct muster_repository *repository, const char *version,
				 const char *description, struct muster_error *err);
/** The whole document; or with `merge` its top-level keys are set, null removes one. */
enum muster_code muster_metadata(struct muster_repository *repository, const char *version,
				 const char *json, bool merge, struct muster_error *err);
/** A version; or without an alias in the name and with `collection` the whole collection. */
enum muster_code muster_delete(struct muster_repository *repository, const char *version,
			       bool collection, bool delete_aliases, struct muster_error *err);

/* Of an artifact as a whole, "[[entity/]project/]name". */
/** An empty description removes it. Errors: MUSTER_E_LIMIT over 256 KiB; MUSTER_E_USAGE where it is
 *  not UTF-8. */
enum muster_code muster_describe_collection(struct muster_repository *repository,
					    const char *collection, const char *description,
					    struct muster_error *err);
/** Errors: MUSTER_E_USAGE for what is no tag; MUSTER_E_NAME where there is no such tag to remove.
 */
enum muster_code muster_tag_collection(struct muster_repository *repository, const char *collection,
				       const char *tag, bool remove, struct muster_error *err);

/**
 * Call an artifact "[[entity/]project/]name" otherwise. `new_name` is written the same way; what it
 * leaves out stays as it is. Versions, aliases and history go with it; the old name is free, also for
 * a new artifact. Links, which know it by its id, are not touched. One event decides it, so others see
 * the old name or the new one, and who is interrupted may do it again.
 * Errors: MUSTER_E_NAME: no such artifact; MUSTER_E_REFUSED: the new name is another's;
 * MUSTER_E_USAGE: it breaks a rule; MUSTER_E_CONFLICT: somebody else renamed it meanwhile.
 */
enum muster_code muster_rename(struct muster_repository *repository, const char *collection,
			       const char *new_name, struct muster_error *err);

/* Links (muster/collection.h). Of a link muster_tag(), muster_describe() and muster_metadata()
 * change the version that is linked, muster_alias() the link; it has no ttl; muster_delete()
 * deletes only the link, whatever aliases it has. */
/**
 * Link a version into the portfolio `target`: "portfolio", "project/portfolio" or
 * "entity/project/portfolio". A portfolio that does not exist is made. Of a link its source is
 * linked. A version that is linked there already gets the aliases. `options` and `report` may be
 * NULL; the report is zeroed, and filled when it succeeds.
 * Errors: MUSTER_E_NAME: no such version; MUSTER_E_REFUSED: `target` has versions of its own, or
 * another type; MUSTER_E_USAGE; MUSTER_E_CONFLICT.
 */
enum muster_code muster_link(struct muster_repository *repository, const char *version,
			     const char *target, const struct muster_link_options *options,
			     struct muster_link_report *report, struct muster_error *err);
/** Delete a link, "[[entity/]project/]portfolio:alias", with its aliases; its source stays as it
 * is. Errors: MUSTER_E_USAGE where no alias was written, or the version is no link. */
enum muster_code muster_unlink(struct muster_repository *repository, const char *version,
			       struct muster_error *err);

/** How long a version lives: days (at most 36,500), MUSTER_TTL_INHERIT or MUSTER_TTL_DISABLED. Or
 *  with `of_collection`, and no alias in the name, what its versions inherit: days, or disabled.
 *  It counts from when the version was committed. A version whose time is over is told as expired;
 *  its bytes stay until they are collected. Errors: MUSTER_E_USAGE for other numbers;
 *  MUSTER_E_REFUSED where the collection has no version yet. */
enum muster_code muster_ttl(struct muster_repository *repository, const char *version,
			    bool of_collection, int64_t days, struct muster_error *err);
/** Delete the versions of "[[entity/]project/]name" that no rule keeps; `report` (may be NULL) is
 *  filled as far as it came. Errors: MUSTER_E_USAGE where there is no rule, or none that goes
 *  with drops_aliased; MUSTER_E_CONFLICT. */
enum muster_code muster_expire(struct muster_repository *repository, const char *collection,
			       const struct muster_expire_options *options,
			       struct muster_expire_report *report, struct muster_error *err);

/* The cache of blobs; `options` may be NULL. None of these needs a repository. */
/** What is in it; one that is not there is empty. Errors: MUSTER_E_USAGE where there is no place
 *  for one, MUSTER_E_IO. */
enum muster_code muster_cache_info(const struct muster_cache_options *options,
				   struct muster_cache_info *out, struct muster_error *err);
/** Removes what was not used for longest until at most `keep_bytes` are left, and what killed runs
 *  have left behind; with `dry_run` only tells it. Errors: as above. */
enum muster_code muster_cache_clean(const struct muster_cache_options *options, uint64_t keep_bytes,
				    bool dry_run, struct muster_cache_cleaned *out,
				    struct muster_error *err);

MUSTER_DECLARE_END

#endif
