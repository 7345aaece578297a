/**
 * get, checkout, verify - a version's files out of the repository, or held against it.
 */
#ifndef MUSTER_GET_H
#define MUSTER_GET_H

#include <stddef.h>

#include "muster/declare.h"
#include "muster/progress.h"

MUSTER_DECLARE_BEGIN

struct muster_wanted_rules { /* which entry paths; both zero: all */
	bool (*wanted)(const void *state, const char *path, uint64_t path_bytes, bool is_directory);
	const void *state;
};

struct muster_get_options {
	struct muster_job job;
	const char *version;	 /* "[[entity/]project/]name[:alias]" */
	const char *directory;	 /* NULL: ./artifacts/NAME:vN */
	const char *path_prefix; /* NULL: all; ends at a path component */
	const char *run; /* that uses the version (muster/run.h); NULL: MUSTER_RUN, "": none */
	struct muster_wanted_rules rules;
	bool allow_missing_references; /* a reference that cannot be had is skipped, with a count */
	bool overwrite;	 /* files that differ are replaced; else each is a failed item */
	bool sync;	 /* syncfs at the end */
	bool skip_cache; /* neither read nor add to the cache (muster/cache.h) */
};

struct muster_checkout_options {
	struct muster_job job;
	const char *version;
	const char *directory;
	const char *run;	/* as in struct muster_get_options */
	bool delete_others;	/* files that no checkout wrote, or that were changed, go */
	bool overwrite;		/* files that somebody changed are replaced */
	uint64_t max_delete;	/* refuse before the first change if more would go; 0: no limit */
	const char *backup_dir; /* what would be deleted or replaced is moved there */
	bool dry_run;
	bool sync;
	bool skip_cache; /* as in struct muster_get_options */
	struct muster_wanted_rules rules;
};

struct muster_get_report {
	char directory[4096]; /* where the files are */
	char version[512];    /* "entity/project/name:vN" */
	uint64_t entry_count, size_bytes;
	uint64_t written_files, written_bytes;
	uint64_t kept_files; /* there already, and equal */
	uint64_t deleted_files;
	uint64_t skipped_references;
	uint64_t failed_items;
};

enum muster_drift_kind {
	MUSTER_DRIFT_MISSING,	 /* an entry has no file */
	MUSTER_DRIFT_CHANGED,	 /* the file's bytes are not the entry's */
	MUSTER_DRIFT_EXTRA,	 /* a file has no entry */
	MUSTER_DRIFT_UNREADABLE, /* it could not be read: see the error */
};

/** One difference; called from any worker, one call at a time, not in path order. */
typedef void muster_drift_fn(void *state, enum muster_drift_kind kind, const char *path,
			     uint64_t path_bytes, const struct muster_error *error);

struct muster_verify_options {
	struct muster_job job;
	const char *version;
	const char *directory; /* NULL with `stored` */
	bool stored;	       /* the stored bytes instead of a directory */
	bool quick; /* a directory: sizes and the stat cache where it is sure; stored: XXH3 */
	const char *root_hex; /* NULL, or the content root that the version must have */
	struct muster_wanted_rules rules;
	muster_drift_fn *on_drift; /* may be NULL */
	void *on_drift_state;
};

struct muster_verify_report {
	char version[512];
	uint64_t checked_files, checked_bytes;
	uint64_t missing, changed, extra, unreadable;
	uint64_t skipped_references;
};

MUSTER_DECLARE_END

#endif
