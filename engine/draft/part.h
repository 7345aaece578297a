/**
 * part - makes a part of a draft: entries that are added to a version, and paths that are removed.
 *
 * A part is laid over what is beneath it: a version (or nothing), and the parts before. It is
 * written by one writer, in any order, and finished once; then it is a part_content: plain data
 * that a draft keeps (draft.h) or that a version is made of at once (draft_commit()).
 *
 *	struct part *part;
 *	part_open(&part, repository, &options, err);
 *	part_add_file(part, "/tmp/a.bin", path, false, &entry, err);    as often as you like
 *	part_finish(part, &content, err);
 *	draft_commit(…, &content, …);                                   (draft.h)
 *	part_close(part);
 *
 * What is added later is seen at once by part_find() and part_remove().
 *
 * Order:    bytes are packed as they are added; part_finish() makes packs durable, writes their
 *           index, then the part's manifests. Until a version or a record of a draft names it, only
 *           its session keeps the part alive.
 * Session:  begun by the first call that stores something; it lives by its beats, and at least
 *           `life_ms`. Only part_close() ends its beats.
 * Threads:  one at a time. part_add_sources() works with job.worker_count of its own.
 * Memory:   PART_TABLE_BYTES for what was added one by one (more lies in temporary files); a ring,
 *           lanes and a pack in progress from the first part_add_file() on; job.memory_bytes while
 *           part_add_sources() runs.
 * Errors:   a call that fails has added and removed nothing, unless it says so. Paths are
 *           artifact/path.h's (MUSTER_E_USAGE).
 */
#ifndef ENGINE_DRAFT_PART_H
#define ENGINE_DRAFT_PART_H

#include "artifact/format/manifest.h"
#include "engine/repository/repository.h"
#include "muster/put.h"

#define PART_TABLE_BYTES (16u << 20)

/** What a part holds, when it is finished. Plain data: nothing to release. */
struct part_content {
	uint8_t session[16]; /* whose objects they are; zero: the part is empty */
	bool has_added, has_removed;
	struct manifest_pointer added;	 /* entries */
	struct manifest_pointer removed; /* paths; one that ends with '/' is all that is beneath */
	uint64_t added_count, added_bytes, removed_count;
};

/** What a part is laid over, and what a version is made of. All may be empty. */
struct part_stack {
	const struct manifest_pointer *version; /* NULL: none */
	uint8_t version_id[16];
	const struct part_content *parts; /* in order: of one path the last one counts */
	size_t part_count;
};

/** Zero is a good default for all. Borrowed for the part's life. */
struct part_options {
	struct muster_job job;	   /* workers, memory, forced forms, progress, failures */
	const char *cache_dir;	   /* of the stat cache and of uploads; NULL: none */
	const char *what;	   /* for the session, for people: "draft images" */
	uint64_t life_ms;	   /* of the session; 0: it lives by its beats alone */
	struct part_stack beneath; /* what part_find(), part_remove() and the rule of paths see */
	/* Where unchanged files are kept from, if there is no version beneath; NULL: nothing. */
	const struct manifest_pointer *kept_from;
	/* Only paths begin <= path < end are added by part_add_sources(), others are left out;
	 * empty: no bound. For shards. */
	struct view begin, end;
};

struct part;

/** Borrows `repository` and what the options point to. Nothing is stored, or read, yet.
 *  Errors: MUSTER_E_UNSUPPORTED, MUSTER_E_REFUSED where the repository may not be written. */
enum muster_code part_open(struct part **out, struct repository *repository,
			   const struct part_options *options, struct muster_error *err);
/** Ends the session's beats, not the session. Takes NULL. */
void part_close(struct part *part);

/**
 * Directories, files and references as a put has them (muster/put.h): of `options` sources,
 * files_from, wanted, one_file_system, rehash and commit_partial are used; what belongs to a
 * version (names, aliases, …) is not looked at. The job is the part's own. `report` is filled as
 * far as the run came.
 *
 * Unless `overwrite`, a path that is there already, in the part or beneath it, with another digest
 * is refused, MUSTER_E_USAGE: "Cannot add the same path twice: …".
 * Errors: MUSTER_E_ITEMS: items failed, and nothing was added (with commit_partial: the others
 * were); MUSTER_E_CANCELLED; those of put_run().
 */
enum muster_code part_add_sources(struct part *part, const struct muster_put_options *options,
				  bool overwrite, struct muster_put_report *report,
				  struct muster_error *err);

/**
 * One file, now: it is read, hashed and packed (stored already: not stored again). Links are
 * followed. `out` (may be NULL) becomes its entry: digest, size; its views are lent until the next
 * call; it has no placement yet.
 * Errors: MUSTER_E_USAGE: no regular file, or the same path twice (as above); MUSTER_E_CHANGED: the
 * file changed while it was read, twice; MUSTER_E_IO.
 */
enum muster_code part_add_file(struct part *part, const char *file, struct view path,
			       bool overwrite, struct entry *out, struct muster_error *err);

/**
 * An entry as it is: a reference (URI, digest, size, extra), or one whose bytes this repository
 * has. Copied. Errors: as above.
 */
enum muster_code part_add_entry(struct part *part, const struct entry *entry, bool overwrite,
				struct muster_error *err);

/**
 * Remove the entry of `path`, or, where there is none, all that is beneath the directory `path`;
 * of what this part added and of what is beneath it. Costs the same for a directory of any size,
 * unless this part itself added it. MUSTER_E_NAME: there is neither.
 */
enum muster_code part_remove(struct part *part, struct view path, struct muster_error *err);

/** The entry of `path`, in this part or beneath it. Lent until the next call. MUSTER_ABSENT. One
 *  that part_add_file() added may not be placed before part_finish(). */
enum muster_code part_find(struct part *part, struct view path, struct entry *out,
			   struct muster_error *err);

/** Entries that this part added, in path order. The entry is lent for the call; `fn` must not call
 *  the part. Anything but MUSTER_OK from it ends it and is returned. */
typedef enum muster_code part_each_fn(void *state, const struct entry *entry,
				      struct muster_error *err);
enum muster_code part_each(struct part *part, part_each_fn *fn, void *state,
			   struct muster_error *err);

/** Has nothing been added or removed? */
bool part_is_empty(const struct part *part);

/**
 * Nothing more: packs are made durable and indexed, the part's manifests written. After it only
 * part_close(), part_session(). An empty part stores nothing.
 * Errors: MUSTER_E_USAGE: a file of this part lies beneath another one ("a" and "a/b").
 */
enum muster_code part_finish(struct part *part, struct part_content *out, struct muster_error *err);

/** Is all that the part rests on as gc left it when it was first looked at? To be asked after
 *  repository_gate(), before a record or an event makes the part reachable (FORMAT §6).
 *  Errors: MUSTER_E_CONFLICT: the repository was collected meanwhile. */
enum muster_code part_still_holds(const struct part *part, struct muster_error *err);

struct session;
/** Its session, to be ended with the event that names its content; NULL: none was begun. Lent until
 *  part_close(). */
struct session *part_session(struct part *part);

#endif
