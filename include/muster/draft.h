/**
 * draft - a version that is made over several commands, processes or days.
 *
 * A draft builds on a version or on nothing. Parts are added to it; saving makes a version of its
 * base and its parts, and reads and stores only what is new. It lives MUSTER_DRAFT_DAYS from the
 * last call that changed or saved it; then what was added may be collected.
 *
 * A draft is named by its id, 32 hex digits, or by four or more of them that no other begins with.
 * Threads: one repository may be used by several threads, each with calls of its own.
 */
#ifndef MUSTER_DRAFT_H
#define MUSTER_DRAFT_H

#include "muster/declare.h"
#include "muster/put.h"
#include "muster/repository.h"

MUSTER_DECLARE_BEGIN

#define MUSTER_DRAFT_DAYS     14
#define MUSTER_DRAFT_ID_BYTES 33 /* with its NUL */

/** Zero is a good default for all but the name. Texts are borrowed for the call. */
struct muster_draft_options {
	const char *name;	 /* "[[entity/]project/]name", or with ":alias" the base */
	bool is_empty;		 /* from nothing; else from the base, the latest without an alias */
	const char *type;	 /* NULL: the artifact's, "dataset" for a new one */
	const char *description; /* NULL: none */
	const char *metadata;	 /* JSON object; NULL: {} */
	const char *const *aliases;
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
	unsigned ttl_days; /* 0: what the artifact says */
};

/** Make a draft; `id` becomes its id. Without an alias in the name an artifact need not exist.
 *  Errors: MUSTER_E_USAGE, MUSTER_E_NAME: no such version; those of writing. */
enum muster_code muster_draft_new(struct muster_repository *repository,
				  const struct muster_draft_options *options,
				  char id[MUSTER_DRAFT_ID_BYTES], struct muster_error *err);

/** What a draft is. Texts are lent for the call. */
struct muster_draft_info {
	const char *id;
	const char *name;    /* "entity/project/name" */
	const char *base;    /* "v3"; "": nothing */
	const char *state;   /* "open", "sealed", "finished", "saved", "dropped"; */
	const char *problem; /* ... "unreadable", for this reason: all but the id is "" or 0 then */
	const char *version; /* "v4", of a saved one; "": none was made */
	const char *distributed_id;			  /* "": it is not distributed */
	uint64_t created_ms, expiry_ms;			  /* since 1970; expiry 0: it is over */
	uint64_t part_count, shard_count;		  /* shards that are planned; 0: any */
	uint64_t added_count, added_bytes, removed_count; /* of all parts together */
};
struct muster_draft_part_info {
	const char *shard; /* "000001" */
	uint64_t created_ms;
	uint64_t added_count, added_bytes, removed_count;
};
/** False ends it. */
typedef bool muster_draft_fn(void *state, const struct muster_draft_info *info);
typedef bool muster_draft_part_fn(void *state, const struct muster_draft_part_info *part);

/** Each draft of the repository; those that are over only with `all`. Errors: MUSTER_E_ITEMS: some
 *  are unreadable, which `fn` was told; all others were told as well. */
enum muster_code muster_drafts(struct muster_repository *repository, bool all, muster_draft_fn *fn,
			       void *state, struct muster_error *err);
/** One draft, then (`part_fn` may be NULL) its parts. Errors: MUSTER_E_NAME. */
enum muster_code muster_draft_show(struct muster_repository *repository, const char *id,
				   muster_draft_fn *fn, muster_draft_part_fn *part_fn, void *state,
				   struct muster_error *err);

/**
 * Add directories, files and references: of `options` what says which, and the job. What is as in
 * the base is left out. What was there under the same path is replaced.
 * Errors: those of muster_put(); MUSTER_E_CONFLICT: the draft was finished.
 */
enum muster_code muster_draft_add(struct muster_repository *repository, const char *id,
				  const struct muster_put_options *options,
				  struct muster_put_report *report, struct muster_error *err);
/** Remove entries, or directories with all beneath, of what was added and of the base. Takes the
 *  same time for a directory of any size. Errors: MUSTER_E_NAME where one is not there: then none
 *  is removed. */
enum muster_code muster_draft_remove(struct muster_repository *repository, const char *id,
				     const char *const *paths, size_t path_count,
				     struct muster_error *err);

/* --- shards: one version made by many processes ---------------------------------------------- */

/** One shard of a plan. Paths are not NUL-terminated; texts are lent for the call. */
struct muster_shard_info {
	const char *draft, *shard; /* "0", "1", … */
	const char *begin, *end;   /* begin <= path < end; of 0 bytes: no bound */
	uint64_t begin_bytes, end_bytes;
	uint64_t file_count, size_bytes; /* about */
};
typedef void muster_shard_fn(void *state, const struct muster_shard_info *shard);

struct muster_plan_options {
	struct muster_draft_options draft;	  /* is_empty: the shards are the whole version */
	const struct muster_put_options *sources; /* what says which files, and the job */
	const char *like;     /* NULL, or a version whose paths are cut instead of the sources' */
	unsigned shard_count; /* 1 to MUSTER_SHARDS_MAX; fewer where there are too few files */
};
#define MUSTER_SHARDS_MAX 10000

/** Make a draft of so many shards, each a range of paths of about the same work; `fn` is told each,
 *  when it is there. Files are listed, not read. Errors: as muster_draft_new(). */
enum muster_code muster_plan(struct muster_repository *repository,
			     const struct muster_plan_options *options, muster_shard_fn *fn,
			     void *state, struct muster_error *err);
/**
 * Do one shard: as muster_draft_add(), of the shard's range only. Where a draft has no planned
 * shards any name does, and the whole of the sources is added. Unchanged files are kept from the
 * base, or from the artifact's latest version. `was_there` (may be NULL): a part of this shard was
 * there already, and nothing was done.
 * Errors: those of muster_draft_add(); MUSTER_E_NAME: no such shard; MUSTER_E_CONFLICT also where
 * the shard came late, or is there with something else.
 */
enum muster_code muster_draft_add_shard(struct muster_repository *repository, const char *id,
					const char *shard, const struct muster_put_options *options,
					bool *was_there, struct muster_put_report *report,
					struct muster_error *err);

struct muster_draft_report {
	bool is_new; /* a version was made */
	uint64_t version_number;
	char version[512]; /* "entity/project/name:v4" */
	char reason[256];  /* why none was made, or why one was though the digest is equal */
	bool has_base, is_base_latest;	     /* no other version came after the base */
	uint64_t base_number, latest_number; /* latest: just before this one; UINT64_MAX: none */
	char digest[33], root[65];
	uint64_t entry_count, size_bytes;
	uint64_t written_bytes; /* leaves and manifest; the parts' own are not in it */
};
/** Make the version. May be repeated. Errors: MUSTER_E_CONFLICT: it was dropped; parts are missing,
 *  or disagree; MUSTER_E_USAGE: a file would lie beneath another one, nothing was added. */
enum muster_code muster_draft_save(struct muster_repository *repository, const char *id,
				   const struct muster_job *job, struct muster_draft_report *report,
				   struct muster_error *err);
/** What was added may be collected. Errors: MUSTER_E_CONFLICT where it was saved. */
enum muster_code muster_draft_drop(struct muster_repository *repository, const char *id,
				   struct muster_error *err);

MUSTER_DECLARE_END

#endif
