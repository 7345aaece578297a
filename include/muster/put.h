/**
 * put - a version of some directories' contents and files.
 */
#ifndef MUSTER_PUT_H
#define MUSTER_PUT_H

#include <stddef.h>

#include "muster/declare.h"
#include "muster/progress.h"

MUSTER_DECLARE_BEGIN

/** A directory whose contents land at the root of the version, or a file under its base name; with
 *  `name` they land there. Or a reference: file:///… is digested where it lies and not stored; a
 *  URI of a scheme that is not followed is kept as it is, and needs a name.
 *  muster://[[entity/]project/]name:alias/path is an entry of another version of the repository,
 *  or all below a directory (or without a path all) of it: it is referred to, and its stored bytes
 *  are kept by the new version, too. */
struct muster_source {
	const char *path;
	const char *name; /* NULL or a path in the version */
};

/** Whether a path of a version is wanted; must be pure, is called from several threads. A
 *  directory that is not wanted is not entered. */
typedef bool muster_wanted_fn(const void *state, const char *path, uint64_t path_bytes,
			      bool is_directory);

/** Zero is a good default for all but sources and collection. */
struct muster_put_options {
	struct muster_job job;
	const struct muster_source *sources;
	size_t source_count;
	const char *files_from; /* only these paths of the one source: a file's text */
	uint64_t files_from_bytes;
	char files_from_separator; /* 0: lines */
	muster_wanted_fn *wanted;
	const void *wanted_state;
	bool one_file_system;

	const char *entity, *project, *name; /* of the collection; all needed */
	const char *type;		     /* NULL: the collection's, "dataset" for a new one */
	const char *description;	     /* NULL: none */
	const char *metadata;		     /* JSON object; NULL: {} */
	const char *const *aliases;	     /* `latest` moves by itself */
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
	const char *onto;    /* alias or vN of the collection: that version plus these */
	const char *run;     /* that logs it (muster/run.h); NULL: MUSTER_RUN, "": none */
	unsigned ttl_days;   /* MUSTER_TTL_MAX_DAYS at most; 0: what the collection says */
	bool dry_run;	     /* plan only: nothing is read or written */
	bool rehash;	     /* do not believe the stat cache */
	bool commit_partial; /* commit what could be read though items failed */
};

struct muster_put_report {
	bool is_new;	   /* a version was made */
	bool is_committed; /* version_number is valid: new, or the one that is equal */
	uint64_t version_number;
	char reason[256]; /* why no version was made, or why one was made though the digest is equal
			   */
	char digest[33];  /* W&B artifact digest, hex */
	char root[65];	  /* content root, hex */
	uint64_t entry_count, size_bytes;
	uint64_t kept_files;	  /* unchanged by stat: not opened */
	uint64_t carried_entries; /* of other versions: muster://, nothing of them is read */
	uint64_t read_files, read_bytes;
	uint64_t packed_blobs, packed_bytes; /* new in the repository */
	uint64_t shared_blobs, shared_bytes; /* read, but stored already */
	uint64_t written_bytes;		     /* packs, index, leaves, manifest */
	uint64_t failed_items, vanished_files, special_files;
	uint64_t digest_collisions; /* two contents with one digest: both stored */
	uint64_t adopted_packs;	    /* of a run that was killed */
	/* Uploads of large files that such a run began: continued, and the bytes that were not sent
	 * again; not continued, because what is known of them is damaged or too old, or because
	 * another process goes on with them. */
	uint64_t continued_uploads, continued_bytes, ignored_uploads;
};

MUSTER_DECLARE_END

#endif
