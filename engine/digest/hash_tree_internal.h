/* What the parts of a hash_tree share. */
#ifndef ENGINE_DIGEST_HASH_TREE_INTERNAL_H
#define ENGINE_DIGEST_HASH_TREE_INTERNAL_H

#include "engine/digest/hash_source.h"
#include "engine/digest/hash_tree.h"
#include "engine/intake/intake_set.h"
#include "engine/intake/long_intake.h"

/* One batch on its way. */
struct tree_slot {
	struct put_batch *batch;
	bool has_stat[PUT_BATCH_MAX];	 /* else its size is not known */
	bool is_small[PUT_BATCH_MAX];	 /* which items; never changes while the batch is here */
	bool is_large[PUT_BATCH_MAX];	 /* ... and wait for somebody to take them */
	bool has_changed[PUT_BATCH_MAX]; /* while it was read; of who has taken it */
	size_t large_left;		 /* items that are large and wait */
	size_t unfinished;		 /* large items, and one for all others: not done yet */
};

/* Its batches are those whose small files are in its intake. */
struct tree_worker {
	struct hash_tree *tree;
	struct intake *intake;
	struct long_intake *large;    /* NULL until it is needed */
	struct put_item *first_large; /* of those that it reads side by side */
	size_t kept_count;	      /* batches */
	pthread_t thread;
};

struct hash_tree {
	struct hash_options hashing;
	enum reader_kind reader;
	size_t ring_bytes;
	struct muster_put_options source_options; /* what a source asks for */
	struct hash_source *source;		  /* under `is_reading` */
	struct muster_progress *progress;	  /* never NULL */
	struct muster_progress own_progress;
	atomic_ullong unsized_count; /* files without a size yet, and one for the source */
	struct tree_worker *workers;
	unsigned worker_count, ready_count, started_count;

	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct {					   /* under lock */
		struct tree_slot window[HASH_TREE_WINDOW]; /* a ring by number */
		uint64_t next_in, next_out;		   /* numbers of batches */
		size_t large_waiting;
		unsigned large_active; /* workers that read large files */
		bool is_reading, is_source_done, is_stopping;
		struct muster_error failure;
	} locked;

	/* the one who drives */
	struct put_batch *current;
	size_t next_item;
	uint64_t vanished_files;
};

static inline struct tree_slot *tree_slot_locked(struct hash_tree *tree, uint64_t number)
{
	return &tree->locked.window[number % HASH_TREE_WINDOW];
}

/** Those that wait, the earliest first. False: none does. */
bool hash_take_large_locked(struct hash_tree *tree, struct put_item **out);
/** Is the tree given up? */
bool hash_is_stopping_locked(struct hash_tree *tree);
/** One less without a size: of the last the total is known. */
void hash_is_sized(struct hash_tree *tree);
/** Files of more bytes are large. */
uint64_t hash_small_max(const struct hash_tree *tree);

/* --- hash_files.c: failures are of the run ------------------------------------------------- */

enum muster_code hash_open_intake(struct tree_worker *worker, struct muster_error *err);
/** Put the small files of a batch into the intake; it ends when they have come out. */
enum muster_code hash_small_files(struct tree_worker *worker, struct tree_slot *slot,
				  struct muster_error *err);
/** A large file that was taken, and others that wait, side by side. */
enum muster_code hash_large_files(struct tree_worker *worker, struct put_item *item,
				  struct muster_error *err);

/** Thread body. */
void *hash_worker_main(void *worker);

#endif
