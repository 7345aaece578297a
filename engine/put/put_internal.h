/* What the stages of a put share. The way of a batch:
 *
 *	source (walks, lists; merged in path order)
 *	  -> plan   (one at a time, in order: stat cache and base step along)
 *	  -> ingest (workers: open, read, hash, pack)
 *	  -> emit   (in order again: version, stat journal)
 *
 * Large files that were read leave the order: they go to the side run, merged at the end.
 */
#ifndef ENGINE_PUT_PUT_INTERNAL_H
#define ENGINE_PUT_PUT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/queue.h"
#include "engine/blob/blob_set.h"
#include "engine/intake/intake.h"
#include "engine/intake/long_intake.h"
#include "engine/manifest/version_edit.h"
#include "engine/manifest/version_writer.h"
#include "engine/put/put.h"
#include "engine/reliance/reliance.h"
#include "engine/repository/session.h"
#include "engine/statcache/stat_cache.h"
#include "io/file/read.h"
#include "io/spill/spill.h"
#include "io/tree/walk.h"
#include "planners/ingest/ingest.h"
#include "planners/memory/memory.h"

#define PUT_BATCH_MAX	256
#define PUT_BATCH_COST	8 /* items that a batch costs beside its own, in the window */
#define PUT_LARGE_QUEUE 64
#define PUT_UNREAD_MAX	16 /* batches of a worker being read: each keeps a directory open */

/* A walk's batch, shared by the put batches and large items that were cut from it. Names and stats
 * are needed until they are emitted, the directory only until the last file is read: batches may
 * wait long in the window, and descriptors are few. */
struct shared_walk {
	struct walk_batch *batch;
	atomic_uint refs;    /* who looks at names */
	atomic_uint openers; /* who may open files */
};

enum item_fate {
	ITEM_READ,    /* to be read, or was read: has a fingerprint and a place */
	ITEM_KEPT,    /* known from cache and base: has both, too */
	ITEM_LARGE,   /* to be read by a stream of its own; emitted through the side run */
	ITEM_TRACKED, /* a reference that is not followed: its URI is its digest */
	ITEM_CARRIED, /* an entry of another version, bytes and all */
	ITEM_FAILED,
	ITEM_VANISHED, /* gone when it was opened: counted, no failure */
};

struct put_item {
	struct put_batch *batch;
	struct view path; /* in the version */
	const char *name; /* for openat(dir_fd) */
	struct found_file found;
	enum item_fate fate;
	bool is_news;	       /* the stat cache did not know it */
	bool is_wanted_stored; /* kept if the index has its blob, which is not asked yet */
	bool is_reference;     /* digested, by MD5, but not stored */
	bool is_as_in_base;    /* ITEM_KEPT: just this is its entry in the base */
	uint64_t base_rank; /* ITEM_KEPT: just this is the base's so-manyth entry, from 1; 0: not */
	struct view ref;    /* its URI */
	const struct entry *carried; /* ITEM_CARRIED: all but its path; `place` if it has bytes */
	struct fingerprint fingerprint;
	struct blob_place place;
	struct muster_error *error; /* ITEM_FAILED; owned by the batch or the walk */
	bool owns_error;
};

struct put_batch {
	uint64_t sequence;
	struct put_batch *next; /* of its worker's */
	size_t unread_count;	/* items that still have to be opened and read */
	size_t unsettled_count; /* items of which it is not known yet what became of them */
	int dir_fd;
	struct shared_walk *walk; /* keeps names and dir_fd; NULL for lists */
	bool has_left;
	char *text; /* paths that the batch had to make itself */
	size_t item_count, emitted_count;
	struct put_item items[]; /* at most PUT_BATCH_MAX */
};

void put_batch_free(struct put_batch *batch);
/** What a batch that waits costs, in items. */
static inline size_t put_batch_cost(const struct put_batch *batch)
{
	return batch->item_count + PUT_BATCH_COST;
}
/** Makes an item failed. The message is copied; without memory the item fails without one. */
void put_item_fail(struct put_item *item, const struct muster_error *error);
/** Another reference, which may open files until it leaves. */
struct shared_walk *shared_walk_ref(struct shared_walk *walk);
void shared_walk_leave(struct shared_walk *walk); /* takes NULL */
/** Of a reference that has left. Takes NULL. */
void shared_walk_unref(struct shared_walk *walk);
/** Nothing of the batch will be opened any more. */
void put_batch_leave(struct put_batch *batch);

/* --- source ------------------------------------------------------------------------------- */

struct put_source;

/* What a source may take; 0: as the walk has it. */
struct source_limits {
	unsigned thread_count;
	size_t ahead_entry_max, names_max_bytes;
};

/** `repository` NULL: there are no versions to take entries of. */
enum muster_code put_source_open(struct put_source **out, struct repository *repository,
				 const struct muster_put_options *options,
				 const struct source_limits *limits, struct muster_error *err);
void put_source_close(struct put_source *source);
/** The next items in path order. MUSTER_END. Errors: MUSTER_E_USAGE for two sources of one path,
 *  or a path below a file. Threads: one at a time. */
enum muster_code put_source_next(struct put_source *source, struct put_batch **out,
				 struct muster_error *err);
uint64_t put_source_special_count(const struct put_source *source);

/* --- the run ------------------------------------------------------------------------------ */

/* A large file that waits for a worker, or is read by one. */
struct large_item {
	struct shared_walk *walk;
	int dir_fd;
	char *name, *path, *ref; /* owned; ref NULL unless it is a reference */
	struct put_item item;	 /* what its entry is made of; has no batch */
	struct blob_stream *stream;
	unsigned attempt_count;
	bool is_hashed_first; /* some stored blob has its size */
	bool is_new;	      /* ... but is not it */
};

struct put_run { /* the first member of struct put_job (put.c) */
	const struct muster_put_options *options;
	struct muster_put_report *report;
	struct muster_progress *progress; /* never NULL */
	struct store *store;
	struct hash_options hashing;
	struct ingest_rules rules;
	int64_t read_ns; /* the tree's own time when the run began */
	struct put_memory memory;
	enum reader_kind reader;
	struct blob_set *blobs;
	struct stat_cache *cache;     /* NULL: none could be had */
	struct stat_journal *journal; /* NULL until something new is learnt */
	bool has_no_journal;	      /* it failed: the put goes on without */

	struct { /* stage plan: whoever holds the lock */
		pthread_mutex_t lock;
		struct put_source *source;
		struct version_reader *base; /* NULL: none */
		struct entry base_head;
		uint64_t base_rank; /* of that head, from 1; 0: not known since it was sought */
		bool has_base_head, has_sought, is_done;
		struct reliance reliance;
		uint64_t next_sequence;
	} plan;

	struct { /* large files */
		struct queue *queue;
		struct queue *references; /* `queue` where they are hashed alike */
		atomic_uint active;
	} large;

	struct { /* of large files, to be continued; constant but for the count */
		const char *cache_dir; /* NULL: none is */
		struct bytes tree;     /* what the sources are called */
		atomic_ullong ignored_count;
	} uploads;

	struct { /* stage emit: whoever holds the lock */
		pthread_mutex_t lock;
		pthread_cond_t moved;
		struct put_batch **window; /* a ring by sequence */
		size_t window_max;
		uint64_t next_sequence;
		size_t waiting_cost;
		struct version_writer *writer;
		const struct manifest_footer *footer; /* what the version is, when all is emitted */
		bool is_complete;		      /* and all leaves are written */
		bool leaves_out_base;		      /* what is as in plan.base, to the last bit */
		struct version_reader *onto;	      /* NULL: none */
		struct version_edit *edit;	      /* onto it; NULL: none */
		struct {			      /* what is as in the base so far (same.c) */
			struct version_reader *base;  /* NULL: something was not */
			uint64_t count;
			struct bytes last_path;
		} same;
		struct reliance reliance;
		struct spill *side; /* large files: path -> encoded entry */
		uint64_t side_count;
	} emit;

	struct { /* the first failure of the run itself */
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;
};

/** Is the run over before its end: failed or cancelled? */
bool put_is_stopping(struct put_run *run);
/** Note a failure of the run; the first one counts. Wakes who waits. */
void put_run_fail(struct put_run *run, const struct muster_error *error);

/** Take the next batch and decide for each item. MUSTER_END. */
enum muster_code put_plan_next(struct put_run *run, struct put_batch **out,
			       struct muster_error *err);

/* One worker's own things. Its batches, in the order in which it took them, wait until their files
 * came out of the intake: a batch is emitted only after those before it, so that whoever waits for
 * room in the window holds no batch that others wait for. */
struct put_worker {
	struct put_run *run;
	struct intake *intake;
	struct intake *reference_intake; /* by MD5; NULL until one is needed that is not `intake` */
	struct long_intake *long_intake, *reference_long_intake; /* NULL until they are needed */
	struct long_intake *running;				 /* one of these, while it runs */
	struct queue *running_queue;				 /* where it takes files from */
	struct large_item *large;				 /* its first file */
	struct blob_packer *packer;
	struct put_batch *first, *last;
	unsigned unread_count; /* of these batches: not read yet */
	size_t held_cost;      /* of these batches, in items */
	pthread_t thread;
};

/** An intake that packs what comes out, for files that are hashed so. */
enum muster_code put_open_intake(struct put_worker *worker, const struct hash_options *hashing,
				 struct intake **out, struct muster_error *err);
/** Takes the batch, which the plan has seen: what is to be read goes into the intake, and the batch
 *  is emitted when all of it has come out. Item failures stay in the items. */
enum muster_code put_ingest(struct put_worker *worker, struct put_batch *batch,
			    struct muster_error *err);
/** Wait for everything in the intake: every batch of the worker is emitted. */
enum muster_code put_ingest_drain(struct put_worker *worker, struct muster_error *err);
/** The run has failed or was interrupted: forget the batches that are left. */
void put_ingest_cancel(struct put_worker *worker);
/** A large file, and others that wait, side by side; their entries go to the side run. Takes the
 *  item. */
enum muster_code put_ingest_large(struct put_worker *worker, struct large_item *item,
				  struct muster_error *err);
struct large_item *large_item_new(const struct put_batch *batch, const struct put_item *item);
void large_item_free(struct large_item *item); /* takes NULL */
/** What its upload is noted in, for this put or the next one; NULL: it cannot be. */
struct upload_journal *put_open_upload(struct put_run *run, const struct large_item *large,
				       uint64_t size_bytes);
/** Where files that are hashed like this one wait. */
struct queue *put_large_queue(struct put_run *run, bool is_reference);
/** What the walk would have seen. */
struct found_file put_found_as(const struct file_stat *stat);
/** The key of an item's bytes. */
struct blob_key put_item_key(const struct put_run *run, const struct put_item *item);
/** An item failed, or vanished. */
void put_item_end(struct put_item *item, enum muster_code code, const struct muster_error *error);

/** Hand a batch to the ordered end. Takes it. Waits while too many wait for an earlier one. */
enum muster_code put_emit(struct put_worker *worker, struct put_batch *batch,
			  struct muster_error *err);
/** Emit what can be emitted now. */
enum muster_code put_emit_drain(struct put_run *run, struct muster_error *err);
/** A large file's entry, in any order. */
enum muster_code put_emit_late(struct put_run *run, const struct put_item *item,
			       struct muster_error *err);
/** emit.footer says what the version is. Where all is as in the base, the base tells, and no
 * version is written yet. */
enum muster_code put_emit_finish(struct put_run *run, struct muster_error *err);
/** Before its manifest is written: all leaves, the rest of the base of --onto, the side run. */
enum muster_code put_emit_complete(struct put_run *run, struct muster_error *err);
/** Rewrite what was emitted in order with the side run in it. */
enum muster_code put_side_merge(struct put_run *run, struct muster_error *err);
/** The journal of the stat cache, when there is something to note. Not MUSTER_OK: there is none. */
enum muster_code put_open_journal(struct put_run *run);
/** Begin the merge with the base of --onto, if there is one. */
enum muster_code put_emit_open_onto(struct put_run *run, struct muster_error *err);
/** Is the item the base's next entry, as all before it were? Then it is not added: put_same_end()
 *  takes all of them over. */
enum muster_code put_same_add_locked(struct put_run *run, const struct put_item *item,
				     bool *is_same, struct muster_error *err);
/** Was all that the base has emitted so, and nothing else? */
bool put_same_is_all(const struct put_run *run);
/** No further item is, or (`is_end`) there is none. Takes over those that were, if any. */
enum muster_code put_same_end(struct put_run *run, bool is_end, struct muster_error *err);
void put_note_stat_locked(struct put_run *run, const struct put_item *item, bool is_late);
void put_count_done(struct put_run *run, const struct put_item *item);
/** The entry of an item whose place is resolved; false while it is not. */
bool put_item_entry(const struct put_run *run, const struct put_item *item, struct entry *out);
void put_report_failure(struct put_run *run, struct view path, const struct muster_error *error);

/** Run all workers to the end. */
enum muster_code put_work(struct put_run *run, struct muster_error *err);

/** Options of every version writer of this run. */
struct version_writer_options put_writer_options(struct put_run *run);

#endif
