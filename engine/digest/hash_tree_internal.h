/* What hash_tree.c and hash_worker.c share. */
#ifndef ENGINE_DIGEST_HASH_TREE_INTERNAL_H
#define ENGINE_DIGEST_HASH_TREE_INTERNAL_H

#include "engine/digest/hash_file.h"
#include "engine/digest/hash_tree.h"

/* One batch on its way. */
struct tree_slot {
	struct put_batch *batch;
	bool is_large[PUT_BATCH_MAX]; /* which items; never changes while the batch is here */
	size_t next_large;	      /* items before it are taken or not large */
	size_t large_left;	      /* large items that nobody took yet */
	size_t unfinished;	      /* parts of it that somebody works on, or that wait */
};

struct tree_worker {
	struct hash_tree *tree;
	struct file_hasher files;
	pthread_t thread;
};

struct hash_tree {
	enum digest_algorithm algorithm;
	size_t buffer_bytes;
	struct muster_put_options source_options; /* what a source asks for */
	struct put_source *source;		  /* under `is_reading` */
	struct muster_progress *progress;	  /* never NULL */
	struct muster_progress own_progress;
	struct tree_worker *workers;
	unsigned worker_count, ready_count, started_count;

	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct {					   /* under lock */
		struct tree_slot window[HASH_TREE_WINDOW]; /* a ring by number */
		uint64_t next_in, next_out;		   /* numbers of batches */
		size_t large_waiting;
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

/** Thread body. */
void *hash_worker_main(void *worker);

#endif
