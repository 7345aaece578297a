/**
 * artifact - one version of an artifact as an object: what W&B's class of this name offers.
 *
 *	struct muster_artifact *artifact;
 *	const char *directory;
 *
 *	muster_artifact_open(&artifact, repository, "training_dataset:latest", NULL, &err);
 *	muster_artifact_download(artifact, NULL, &directory, NULL, &err);
 *	muster_artifact_close(artifact);
 *
 * State:   one that is being made (muster/new_artifact.h) is a draft, MUSTER_ARTIFACT_PENDING,
 *until it is saved. An artifact that was opened is logged (MUSTER_ARTIFACT_COMMITTED): its content
 *is fixed, and so is which version it is, wherever its aliases move. What is said of it (aliases,
 *          tags, description, metadata, ttl) may be set: that is local until
 *          muster_artifact_save().
 *          What needs a logged artifact answers MUSTER_E_NOT_LOGGED for another one; what changes
 *          the content of a finalized one answers MUSTER_E_FINALIZED. Both say what to do.
 * Threads: an artifact, with its entries and manifests, belongs to one thread at a time. Several
 *          may be open of one version, of one repository.
 * Memory:  the texts of this version, and the state of its collection (300 bytes a version); never
 *          its entries.
 * Texts:   UTF-8 with a NUL behind. Those that attributes give are lent until the artifact is
 *          saved, refreshed (muster_artifact_wait()), deleted, set or closed.
 * Errors:  every function answers a code of muster/error.h; `err` may be NULL. Beside what is told
 *          at each: MUSTER_E_MEMORY; MUSTER_E_NAME where the version is deleted by now; of what
 *          reads or writes the repository MUSTER_E_IO, MUSTER_E_FORMAT, MUSTER_E_LOST. On failure
 *          `*out` of what gives an object is NULL; of an attribute it is not touched.
 */
#ifndef MUSTER_ARTIFACT_H
#define MUSTER_ARTIFACT_H

#include "muster/collection.h"
#include "muster/declare.h"
#include "muster/entry.h"
#include "muster/expire.h"
#include "muster/get.h"
#include "muster/manifest.h"
#include "muster/repository.h"
#include "muster/run.h"

MUSTER_DECLARE_BEGIN

struct muster_artifact;

enum muster_artifact_state {
	MUSTER_ARTIFACT_PENDING,   /* a draft: not saved yet */
	MUSTER_ARTIFACT_COMMITTED, /* logged: a version */
	MUSTER_ARTIFACT_DELETED,   /* it was one */
};

/* --- getting one -------------------------------------------------------------------------------
 */

struct muster_artifact_open_options {
	const char *type; /* NULL: any; else the artifact must be of this type */
	const char *run;  /* the run that uses it from now on, W&B's use_artifact(); NULL: none */
};

/**
 * The version that `name` ("[[entity/]project/]collection[:alias]"; muster/repository.h) means now.
 * Borrows `repository` until muster_artifact_close(), which the caller owes. `options` may be NULL.
 * Errors: MUSTER_E_NAME: there is none; MUSTER_E_USAGE: a name that breaks a rule;
 * MUSTER_E_REFUSED: it is of another type, or the run is finished.
 */
enum muster_code muster_artifact_open(struct muster_artifact **out,
				      struct muster_repository *repository, const char *name,
				      const struct muster_artifact_open_options *options,
				      struct muster_error *err);
/** What was set and not saved is gone. Its entries, manifests and lists of files are closed before.
 *  Takes NULL. */
void muster_artifact_close(struct muster_artifact *artifact);

/* --- attributes --------------------------------------------------------------------------------
 *
 * Those marked (logged) need a logged artifact: MUSTER_E_NOT_LOGGED. An artifact that was opened by
 * the name of a link has the link's names in `entity`, `project`, `name`, …, and in `source_…`
 * those of the collection that the version was made in; of any other artifact both are the same. */

/** "name:vN"; before it is saved the name alone. */
enum muster_code muster_artifact_name(const struct muster_artifact *artifact, const char **out,
				      struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_entity(const struct muster_artifact *artifact, const char **out,
					struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_project(const struct muster_artifact *artifact, const char **out,
					 struct muster_error *err);
/** (logged) "vN". */
enum muster_code muster_artifact_version(const struct muster_artifact *artifact, const char **out,
					 struct muster_error *err);
/** (logged) "entity/project/name:vN". */
enum muster_code muster_artifact_qualified_name(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err);
/** (logged) The collection, as all functions take one: "entity/project/name". */
enum muster_code muster_artifact_collection(const struct muster_artifact *artifact,
					    const char **out, struct muster_error *err);
/** As muster_artifact_name(), of the source. */
enum muster_code muster_artifact_source_name(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_source_entity(const struct muster_artifact *artifact,
					       const char **out, struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_source_project(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_source_version(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_source_qualified_name(const struct muster_artifact *artifact,
						       const char **out, struct muster_error *err);
/** (logged) */
enum muster_code muster_artifact_source_collection(const struct muster_artifact *artifact,
						   const char **out, struct muster_error *err);

/** The type, for example "dataset" or "model". */
enum muster_code muster_artifact_type(const struct muster_artifact *artifact, const char **out,
				      struct muster_error *err);
/** "" if there is none. What was set is told before it is saved; the same for metadata, aliases,
 *  tags and ttl. */
enum muster_code muster_artifact_description(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err);
/** A JSON object; "{}" if there is none. */
enum muster_code muster_artifact_metadata(const struct muster_artifact *artifact, const char **out,
					  struct muster_error *err);
/** (logged) `*count` texts; `latest` is among them where it is. */
enum muster_code muster_artifact_aliases(const struct muster_artifact *artifact,
					 const char *const **out, size_t *count,
					 struct muster_error *err);
/** (logged) `*count` texts. */
enum muster_code muster_artifact_tags(const struct muster_artifact *artifact,
				      const char *const **out, size_t *count,
				      struct muster_error *err);
/**
 * How long it lives, counted from when it was committed: `*days`, or MUSTER_TTL_DISABLED: without
 * end. `*is_inherited` (may be NULL): that is what its collection's default says.
 * Errors: MUSTER_E_NOT_LOGGED for a draft that inherits it: it is not known yet what.
 */
enum muster_code muster_artifact_ttl(const struct muster_artifact *artifact, int64_t *days,
				     bool *is_inherited, struct muster_error *err);

/** 32 hex digits that no other version has. MUSTER_ABSENT: it is not logged. */
enum muster_code muster_artifact_id(const struct muster_artifact *artifact, const char **out,
				    struct muster_error *err);
/** The digest of all entries, as W&B computes it: 32 hex digits. Of a draft it is computed by this
 *  call, from all entries. */
enum muster_code muster_artifact_digest(struct muster_artifact *artifact, const char **out,
					struct muster_error *err);
/** What its files are digested with: "md5" or "xxh128". */
enum muster_code muster_artifact_digest_algorithm(const struct muster_artifact *artifact,
						  const char **out, struct muster_error *err);
/** (logged) The hash of the commit: SHA-256 of the event that made the version, 64 hex digits. It
 *  vouches for the content and for all that happened to the collection before. */
enum muster_code muster_artifact_commit_hash(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err);
/** (logged) Number of entries, references among them. */
enum muster_code muster_artifact_file_count(const struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err);
/** Bytes of all entries, references among them. Of a draft it is computed by this call. */
enum muster_code muster_artifact_size(struct muster_artifact *artifact, uint64_t *out,
				      struct muster_error *err);
/** (logged) When the version was made: milliseconds since 1970, UTC, by the clock of who made it.
 */
enum muster_code muster_artifact_created_at(const struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err);
/** (logged) When anything was last said of it; as above. Reads what happened to the collection
 *  since the version was made. */
enum muster_code muster_artifact_updated_at(struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err);
/** (logged) The step of its run's metrics at which it was logged. MUSTER_ABSENT: there is none.
 *  Runs of muster have no metrics: it is always that. */
enum muster_code muster_artifact_history_step(const struct muster_artifact *artifact, uint64_t *out,
					      struct muster_error *err);
/** (logged) Where it is: the repository's URL, '#' and the qualified name. */
enum muster_code muster_artifact_url(const struct muster_artifact *artifact, const char **out,
				     struct muster_error *err);

/** Never fails. */
enum muster_artifact_state muster_artifact_state(const struct muster_artifact *artifact);
/** W&B's word for a state: "PENDING", "COMMITTED", "DELETED". Static text. */
const char *muster_artifact_state_text(enum muster_artifact_state state);
/** Is it not saved yet? */
bool muster_artifact_is_draft(const struct muster_artifact *artifact);
/** Was it opened by the name of a link? */
bool muster_artifact_is_link(const struct muster_artifact *artifact);

/* --- what is said of it: local until it is saved -----------------------------------------------
 *
 * All texts are copied. Errors: MUSTER_E_USAGE for what breaks a rule (W&B's rules and messages),
 * MUSTER_E_LIMIT; nothing is set then. */

/** (logged) The aliases that it shall have, all of them. An alias that another version has moves
 *  here. `latest` moves by itself: whether it is among them makes no difference, but for
 *  MUSTER_E_REFUSED where this is not the latest version. A draft's are given to
 *  muster_artifact_save(). */
enum muster_code muster_artifact_set_aliases(struct muster_artifact *artifact,
					     const char *const *aliases, size_t count,
					     struct muster_error *err);
/** (logged) The tags that it shall have, all of them: at most 20 in one call; the same tag twice is
 *  once. A draft's are given to muster_artifact_save(). */
enum muster_code muster_artifact_set_tags(struct muster_artifact *artifact, const char *const *tags,
					  size_t count, struct muster_error *err);
/** NULL: none. */
enum muster_code muster_artifact_set_description(struct muster_artifact *artifact,
						 const char *description, struct muster_error *err);
/** A JSON object of at most 100 keys, without NaN and infinities; NULL: none. */
enum muster_code muster_artifact_set_metadata(struct muster_artifact *artifact, const char *json,
					      struct muster_error *err);
/** Days (at most MUSTER_TTL_MAX_DAYS), MUSTER_TTL_INHERIT or MUSTER_TTL_DISABLED (muster/expire.h).
 *  Errors: MUSTER_E_REFUSED for a link: its source has the ttl. */
enum muster_code muster_artifact_set_ttl(struct muster_artifact *artifact, int64_t days,
					 struct muster_error *err);

/** Zero is a good default for all; the options may be NULL. All of it is of drafts: a logged
 *  artifact has its collection, and muster_artifact_set_aliases() and …_set_tags(). */
struct muster_artifact_save_options {
	const char *project; /* where its name does not say it; NULL: the repository's default */
	const char *const *aliases; /* beside `latest`, which moves by itself */
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
	const char *run; /* that logs it; NULL: what MUSTER_RUN says; "": none */
};

/** What became of a draft. */
struct muster_artifact_save_report {
	bool is_new; /* false: the latest version has the same content, and it is that one now */
	uint64_t version_number;
	char reason[256];    /* why no version was made, or why one was made though the digest is
				equal; "" else */
	bool is_base_latest; /* false: what it was laid over is not the latest version any more */
};

/**
 * Store what is not stored yet. A draft becomes a version, unless it equals the latest one; aliases
 * and tags are given to that then. It is finalized by this call, and logged after it. Where it
 * fails it may be saved again.
 *
 * Of a logged artifact: what was set, and nothing else: aliases that are new or gone, then
 * description, metadata, ttl, then tags that are new or gone, each only if it is another one; of a
 * link all but the aliases is said of its source. What others changed meanwhile and this artifact
 * did not stays theirs. Where it fails some of it may be stored: save again.
 *
 * `options` and `report` (filled for a draft) may be NULL. Errors: MUSTER_E_CONFLICT;
 * MUSTER_E_LIMIT; MUSTER_E_USAGE: what breaks a rule, a file beneath another one ("a" and "a/b"),
 * another project than its base's, or options for a logged artifact; MUSTER_E_REFUSED: the
 * collection is of another type.
 */
enum muster_code muster_artifact_save(struct muster_artifact *artifact,
				      const struct muster_artifact_save_options *options,
				      struct muster_artifact_save_report *report,
				      struct muster_error *err);

/** (logged) What is said of it now, read anew; what was set and not saved is gone. `timeout_s`:
 *  how long to wait for a save in progress; muster_artifact_save() waits by itself, so there is
 *  nothing to wait for. */
enum muster_code muster_artifact_wait(struct muster_artifact *artifact, unsigned timeout_s,
				      struct muster_error *err);

/** (logged) Link the version into a portfolio: "name", "project/name" or "entity/project/name" (a
 *  registry is a project: "model-registry/name"); of a link its source is linked. `options` and
 *  `report` may be NULL: muster/collection.h. Errors: those of muster_link(). */
enum muster_code muster_artifact_link(struct muster_artifact *artifact, const char *target_path,
				      const struct muster_link_options *options,
				      struct muster_link_report *report, struct muster_error *err);
/** (logged) Take the link out of its portfolio; the artifact is MUSTER_ARTIFACT_DELETED then, its
 *  source stays as it is. Errors: MUSTER_E_USAGE: it is no link. */
enum muster_code muster_artifact_unlink(struct muster_artifact *artifact, struct muster_error *err);

/** (logged) Delete the version, or of a link the link only. Its bytes stay until they are
 *  collected. Errors: MUSTER_E_REFUSED: it has aliases (beside `latest`) and not `delete_aliases`.
 *  The artifact is MUSTER_ARTIFACT_DELETED then: its attributes may still be read. */
enum muster_code muster_artifact_delete(struct muster_artifact *artifact, bool delete_aliases,
					struct muster_error *err);

/* --- runs --------------------------------------------------------------------------------------
 */

/** (logged) The runs that used it: muster/run.h says what `fn` is. Of a link: its source. */
enum muster_code muster_artifact_used_by(struct muster_artifact *artifact, muster_run_fn *fn,
					 void *state, struct muster_error *err);
/** (logged) The run that logged it; of a link its source. MUSTER_ABSENT: it was made outside of a
 *  run. */
enum muster_code muster_artifact_logged_by(struct muster_artifact *artifact, muster_run_fn *fn,
					   void *state, struct muster_error *err);

/** (logged) The artifact as W&B's json_encode() tells it: an object with "_type" and "_version" of
 *  the encoding, "id", "version", "sequenceName" and "usedAs". Lent as texts are. */
enum muster_code muster_artifact_json_encode(struct muster_artifact *artifact, const char **json,
					     struct muster_error *err);

/* --- its entries -------------------------------------------------------------------------------
 */

/** All entries, in path order: muster/manifest.h. Gives a manifest. */
enum muster_code muster_artifact_manifest(struct muster_artifact *artifact,
					  struct muster_manifest **out, struct muster_error *err);
/** (logged) All files, or some: muster/manifest.h. Gives a list. `options` may be NULL. */
enum muster_code muster_artifact_files(struct muster_artifact *artifact,
				       const struct muster_files_options *options,
				       struct muster_files **out, struct muster_error *err);
/** (logged) The entry of this path, or, as with W&B, of a media object of this name. Gives an
 *  entry, to be freed before the artifact is closed. Errors: MUSTER_E_NAME: there is none. */
enum muster_code muster_artifact_get_entry(struct muster_artifact *artifact, const char *name,
					   struct muster_entry **out, struct muster_error *err);
/** Another name of muster_artifact_get_entry(), as W&B had it. */
enum muster_code muster_artifact_get_path(struct muster_artifact *artifact, const char *name,
					  struct muster_entry **out, struct muster_error *err);

/* --- its files, on this machine ----------------------------------------------------------------
 *
 * (logged) All of them. `options` may be NULL; `directory`, `path`, `report` may be NULL too; texts
 * that they give are lent until the next of these calls, or until the artifact is closed. Threads,
 * memory, progress and cancellation: struct muster_job (muster/progress.h).
 * Errors: MUSTER_E_ITEMS: some files failed (job.on_failure was told each), the others were done;
 * MUSTER_E_CANCELLED; MUSTER_E_REFUSED, before anything was changed. */

struct muster_artifact_download_options {
	struct muster_job job;
	const char *root;	       /* NULL: ./artifacts/NAME:vN */
	const char *path_prefix;       /* NULL: all; ends at a path component */
	const char *run;	       /* that uses it: muster/get.h */
	bool allow_missing_references; /* a reference that cannot be had is skipped, with a count */
	bool skip_cache;	       /* neither read nor add to the cache (muster/cache.h) */
	bool overwrite; /* files that differ are replaced; else each is a failed item */
	bool sync;	/* syncfs at the end */
};

/** Write the files into a directory; what else is there stays. No file gets its name before its
 *  bytes were proved. `*directory` is where they are. */
enum muster_code muster_artifact_download(struct muster_artifact *artifact,
					  const struct muster_artifact_download_options *options,
					  const char **directory, struct muster_get_report *report,
					  struct muster_error *err);

/** The one file of an artifact of one file, into `root` (NULL: ./artifacts/NAME:vN). `*path` is the
 *  file. Errors: MUSTER_E_USAGE: there are several, or none. */
enum muster_code muster_artifact_file(struct muster_artifact *artifact, const char *root,
				      const char **path, struct muster_error *err);

struct muster_artifact_checkout_options {
	struct muster_job job;
	const char *root;	/* NULL: ./artifacts/NAME */
	bool delete_others;	/* files that no checkout wrote, or that were changed, go */
	bool overwrite;		/* files that somebody changed are replaced */
	uint64_t max_delete;	/* refuse before the first change if more would go; 0: no limit */
	const char *backup_dir; /* what would be deleted or replaced is moved there */
	const char *run;	/* that uses it: muster/get.h */
	bool dry_run;
	bool skip_cache;
	bool sync;
};

/** Make a directory exactly the version. With delete_others and overwrite it is what W&B's does:
 *  all else in it is deleted. Without them only files that an earlier checkout wrote and nobody
 *  changed are touched; others stop it before its first change: MUSTER_E_REFUSED. */
enum muster_code muster_artifact_checkout(struct muster_artifact *artifact,
					  const struct muster_artifact_checkout_options *options,
					  const char **directory, struct muster_get_report *report,
					  struct muster_error *err);

struct muster_artifact_verify_options {
	struct muster_job job;
	const char *root; /* NULL: ./artifacts/NAME:vN; downloaded first if it is not there */
	bool quick;	  /* sizes, and the stat cache where it is sure */
	muster_drift_fn *on_drift; /* may be NULL */
	void *on_drift_state;
};

/** Does a directory have these files, all of them and no others? All drift is told, references are
 *  counted. Errors: MUSTER_E_DIGEST: there is drift; the report counts it. */
enum muster_code muster_artifact_verify(struct muster_artifact *artifact,
					const struct muster_artifact_verify_options *options,
					struct muster_verify_report *report,
					struct muster_error *err);

MUSTER_DECLARE_END

#endif
