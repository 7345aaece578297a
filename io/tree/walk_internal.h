/**
 * walk_internal - what the parts of a walk share: the list of work in path order, its nodes, and
 * who may touch what.
 *
 * The list, `shared.order`, is what the consumer will need, in path order:
 *
 *	chunk  chunk  dir  dir  chunk  dir  ...
 *
 * A chunk is a run of files of one directory; a dir stands for all of its contents that are not
 * in the list yet. A reader takes the first dir that nobody works on, lists it, and puts a *cut*
 * of up to WALK_BATCH_MAX names before it: files as chunks, subdirectories as dirs. Then it
 * stats these chunks, while others may take what it put. A dir whose names are used up leaves
 * the list. So the list is always in path order, its head is what the consumer needs next, and
 * the dirs in it (`shared.pending`, in the same order) are all the work there is.
 *
 *	dir:   WAITING --take--> BUSY --publish--> OPEN --take--> BUSY ... --publish--> (gone)
 *	chunk: BUSY --finish--> READY --walk_next()--> given --walk_batch_free()--> (gone)
 *
 * Ahead of the head, work is taken within three budgets: entries (WALK_BATCH_MAX reserved before
 * a cut), names of listings that are used in parts, and descriptors. The head may always be
 * worked on, and walk_next() does it itself if nobody does: no budget can stop the walk.
 *
 * Descriptors: a directory stays open while a chunk or a subdirectory of it is still to come, but
 * only what is in use *now* (`use_count`) is sure of it; what lies furthest ahead is closed when
 * descriptors run short, and opened again by its path.
 *
 * Locks: one, `shared.lock`. Never held during a system call on the tree, but for close() when
 * many descriptors go at once. A walk lives until it is closed and all its batches are freed. What
 *a BUSY dir owns (`names`) belongs to its reader.
 */
#ifndef IO_TREE_WALK_INTERNAL_H
#define IO_TREE_WALK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <time.h>

#include "io/tree/calls.h"
#include "io/tree/names.h"
#include "io/tree/walk.h"

#define WALK_THREAD_MAX 256
/* 128 KiB: below it calls of getdents64 show; 5,000 names fit. */
#define WALK_DENTS_BYTES (128u << 10)
/* Of the names of one directory in memory; beyond, as beyond WALK_SORT_MAX, they are spilled. */
#define WALK_NAMES_MAX_BYTES (16u << 20)
#define WALK_CLOSING_MAX     16
/* A consumer that waits is woken for so many entries, or when WALK_PATIENCE_NS are over: waking it
 * for each of many small directories costs as much as reading them (bench/micro/walk_bench). */
#define WALK_WAKE_ENTRIES 1024
#define WALK_PATIENCE_NS  1000000
#define PATH_SHOWN	  "%.300s" /* in a message that ends with its cause: that must fit */

/** What tests change. Zeroed members have their defaults. */
struct walk_tuning {
	const struct walk_calls *calls;
	size_t sort_max, names_max_bytes, spill_memory_bytes;
	unsigned fd_max;
};

enum muster_code walk_open_tuned(struct walk **out, const char *root,
				 const struct walk_options *options,
				 const struct walk_tuning *tuning, struct muster_error *err);

enum walk_item_kind {
	ITEM_CHUNK,
	ITEM_DIR,
};

enum walk_item_state {
	ITEM_WAITING, /* dir: not listed yet */
	ITEM_BUSY,    /* somebody works on it */
	ITEM_OPEN,    /* dir: listed, names are left */
	ITEM_READY,   /* chunk: stat'ed */
};

TAILQ_HEAD(walk_items, walk_item);
TAILQ_HEAD(walk_dirs, walk_dir);

struct walk_item {
	TAILQ_ENTRY(walk_item) order;
	enum walk_item_kind kind;
	enum walk_item_state state;
};

/** A directory, from when it is known until nothing refers to it. */
struct walk_dir {
	struct walk_item item; /* first: an item of ITEM_DIR is cast */
	TAILQ_ENTRY(walk_dir) pending;
	struct walk *walk;
	struct walk_dir *parent; /* counted; NULL: the root */
	bool is_link;		 /* or below one, or of unknown type: may be a link, or a loop */
	/* Device and inode, once asked for; the same whoever writes them. */
	atomic_bool has_identity;
	atomic_uint_least64_t device, inode;

	/* Under the lock. */
	bool is_listed;
	int parent_fd;		 /* while it is being listed: used until then; or -1 */
	unsigned ref_count;	 /* its place in the list, its chunks, its subdirectories */
	unsigned use_count;	 /* readers at work with `fd`, batches that were given */
	unsigned unopened_count; /* subdirectories in the list that were not opened yet */
	unsigned ready_count;	 /* chunks that are ready */
	int fd;			 /* or -1 */

	struct names names; /* of its reader while BUSY */
	size_t names_charged;
	uint32_t path_len, name_offset;
	char path[]; /* from the root of the walk; NUL-terminated */
};

struct walk_failure {
	struct walk_failure *next;
	struct muster_error error;
};

/** A batch and what belongs to it: one block, paths behind the entries. */
struct walk_chunk {
	struct walk_item item; /* first: an item of ITEM_CHUNK is cast */
	struct walk_batch batch;
	struct walk *walk;
	struct walk_dir *dir; /* counted; NULL in a batch that has only an error of a directory */
	size_t charge;	      /* entries of the budget */
	struct walk_failure *failures;
	struct walk_entry entries[];
};

struct walk {
	const struct walk_calls *calls;
	struct names_limits names_limits;
	walk_wanted_fn *wanted;
	const void *wanted_state;
	bool one_file_system, types_only;
	uint64_t root_device;
	int root_fd;
	char *root;
	char *spill_dir;
	size_t ahead_entry_max;
	unsigned thread_count;
	pthread_t *threads;
	struct walk_reader *reader; /* the consumer's */
	atomic_uint open_fd_count;  /* reserved, open, or still to be closed */
	atomic_bool is_stopped;
	atomic_bool is_noatime_refused;
	struct {
		atomic_uint_least64_t files, directories, specials, errors, vanished, foreign;
	} counts;
	uint64_t next_sequence; /* of the consumer */
	struct {
		pthread_mutex_t lock;
		pthread_cond_t work;  /* readers wait: something to take, or nothing ever more */
		pthread_cond_t ready; /* the consumer waits: the head changed */
		struct walk_items order;
		struct walk_dirs pending;
		size_t held_entry_count;  /* in the list, or reserved for a cut */
		size_t ready_entry_count; /* of these, those in ready chunks */
		size_t listed_name_count;
		unsigned fd_max;
		unsigned busy_count; /* dirs that somebody works on */
		unsigned idle_count; /* readers that wait */
		bool is_consumer_waiting, is_consumer_patient, is_closed;
		bool wakes_consumer, wakes_reader; /* at the next walk_unlock() */
		uint64_t given_count;		   /* batches out there */
		struct muster_error failure;
	} shared;
};

/** Descriptors to close when the lock is released. */
struct walk_closing {
	unsigned count;
	int fds[WALK_CLOSING_MAX];
};

/** One thread's tools. */
struct walk_reader {
	struct walk *walk;
	uint8_t *dents;
	struct names names;
	struct bytes path; /* scratch: a path that is built */
	struct walk_closing closing;
	/* The cut at work: */
	struct walk_items items;
	size_t entry_count, dir_count, chunk_count;
	struct walk_chunk *chunks[WALK_BATCH_MAX];
	struct name taken[NAMES_TAKE_MAX];
};

/* directory.c: nodes, references, descriptors. */

/** `name` lies below `parent` (NULL: `name` is the root's empty path). Gives one reference. */
enum muster_code dir_new(struct walk_dir **out, struct walk *walk, struct walk_dir *parent,
			 struct view name, bool is_link, struct muster_error *err);
/** Opens it, relative to its parent (`parent_fd`) or, if that is -1, by its path. -1 and errno. */
int dir_open(struct walk_reader *reader, const struct walk_dir *dir, int parent_fd);
/** Is (device, inode) `dir` itself or one above it? False, and errno, if that cannot be known. */
bool dir_is_below(struct walk_reader *reader, struct walk_dir *dir, uint64_t device, uint64_t inode,
		  bool *is_below);
void dir_unref_locked(struct walk_dir *dir, struct walk_closing *closing);
/** Closes it if nobody will need it. Call when a count of it went down. */
void dir_settle_locked(struct walk_dir *dir, struct walk_closing *closing);
/** Reserves a descriptor; closes some that lie furthest ahead if they ran short. */
void fd_reserve_locked(struct walk *walk, struct walk_closing *closing);
/** Gives an open, used directory a descriptor again: opened outside the lock, then put. */
void dir_put_fd_locked(struct walk_dir *dir, int fd, struct walk_closing *closing);
void closing_flush(struct walk *walk, struct walk_closing *closing);

/* list.c: the names of one directory. */

/** Reads all names of `dir` from `fd` into reader->names, sorted. Errors: MUSTER_E_VANISHED,
 *  MUSTER_E_MEMORY; any other belongs to the directory. */
enum muster_code dir_list(struct walk_reader *reader, struct walk_dir *dir, int fd,
			  struct muster_error *err);
void stat_convert(struct walk_stat *out, const struct statx *in);
#define WALK_STATX_MASK                                                                            \
	(STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_INO)

/* chunk.c: runs of files. */

/** A chunk of `names` (none of them a directory to enter). Borrows `dir`; the caller counts. */
enum muster_code chunk_new(struct walk_chunk **out, struct walk_dir *dir, const struct name *names,
			   size_t count, struct muster_error *err);
/** A chunk of one entry, that directory, which cannot be read; takes a copy of `error`. */
enum muster_code chunk_new_failed(struct walk_chunk **out, const struct walk_dir *dir,
				  const struct muster_error *error, struct muster_error *err);
/** Stats the entries that are not known yet, unless types suffice. Drops those that are gone or no
 *  files. */
enum muster_code chunk_stat(struct walk_chunk *chunk, int fd, struct muster_error *err);
/** Every entry fails with this error. Errors: MUSTER_E_MEMORY. */
enum muster_code chunk_fail(struct walk_chunk *chunk, const struct muster_error *error,
			    struct muster_error *err);
void chunk_free(struct walk_chunk *chunk);

/** For messages. */
static inline const char *dir_shown(const struct walk_dir *dir)
{
	return dir->path_len ? dir->path : ".";
}

static inline struct walk_chunk *chunk_of(struct walk_batch *batch)
{
	return (struct walk_chunk *)(void *)((uint8_t *)batch - offsetof(struct walk_chunk, batch));
}

/* order.c: the list: who takes what, and who is woken. */

/** The first dir that may be worked on now, BUSY and with all it needs reserved; or NULL. */
struct walk_dir *order_take_locked(struct walk *walk, struct walk_closing *closing);
/** Is there something for the consumer to do: a ready chunk, a free dir, or the end? */
bool order_head_is_actionable_locked(const struct walk *walk);
/** Whoever waits for what has become possible is woken by the next walk_unlock(). */
void order_wake_locked(struct walk *walk);
/** As that, and the consumer even if it is patient: nobody works on for it. */
void order_wake_consumer_locked(struct walk *walk);
void order_chunk_ready_locked(struct walk_chunk *chunk);
/** A dir that was taken is opened, or never will be: its parent is needed for one less. */
void order_leave_parent_locked(struct walk_dir *dir, struct walk_closing *closing);
/** Takes a chunk off the list. Its reference to its directory is the caller's now. */
void order_remove_chunk_locked(struct walk_chunk *chunk);
/** Takes a dir off the list, with its reference. */
void order_remove_dir_locked(struct walk_dir *dir, struct walk_closing *closing);
/** Unlocks, and only then wakes: who is woken wants the lock. */
void walk_unlock(struct walk *walk);
/** Waits, after having woken others. */
void walk_wait_locked(struct walk *walk, pthread_cond_t *cond, const struct timespec *until);
/** The first failure stays. */
void order_fail_locked(struct walk *walk, const struct muster_error *error);

/* work.c: what becomes of a dir that was taken. */

/** Lists the dir if it is not yet, cuts, publishes, stats. Called and left with the lock held.
 *  What stops the walk is left in shared.failure. */
void work_run_locked(struct walk_reader *reader, struct walk_dir *dir);

#endif
