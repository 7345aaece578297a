#include "engine/digest/hash_tree_internal.h"

#include <stdlib.h>
#include <string.h>

static void init(struct hash_tree *tree, const struct hash_tree_options *options)
{
	tree->hashing =
		(struct hash_options){ .algorithm = options->algorithm, .cpu = options->form.cpu };
	tree->reader = options->form.reader;
	tree->ring_bytes = intake_ring_bytes(options->memory_bytes, options->worker_count);
	tree->worker_count = options->worker_count;
	tree->progress = options->progress ? options->progress : &tree->own_progress;
	tree->source_options = (struct muster_put_options){
		.sources = options->sources,
		.source_count = options->source_count,
		.wanted = options->wanted,
		.wanted_state = options->wanted_state,
		.one_file_system = options->one_file_system,
	};
	atomic_init(&tree->unsized_count, 1);
	pthread_mutex_init(&tree->lock, NULL);
	pthread_cond_init(&tree->moved, NULL);
}

static enum muster_code init_workers(struct hash_tree *tree, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	tree->workers = calloc(tree->worker_count, sizeof(*tree->workers));
	if (!tree->workers)
		return muster_fail_memory(err, "the workers");
	for (; tree->ready_count < tree->worker_count && !code; tree->ready_count++) {
		struct tree_worker *worker = &tree->workers[tree->ready_count];

		worker->tree = tree;
		code = hash_open_intake(worker, err);
	}
	return code;
}

static enum muster_code start_workers(struct hash_tree *tree, struct muster_error *err)
{
	for (; tree->started_count < tree->worker_count; tree->started_count++) {
		struct tree_worker *worker = &tree->workers[tree->started_count];
		int failed = pthread_create(&worker->thread, NULL, hash_worker_main, worker);

		if (failed)
			return muster_fail(err, MUSTER_E_IO, "start a worker: %s",
					   strerror(failed));
	}
	return MUSTER_OK;
}

enum muster_code hash_tree_open(struct hash_tree **out, const struct hash_tree_options *options,
				struct muster_error *err)
{
	struct hash_tree *tree = calloc(1, sizeof(*tree));
	enum muster_code code;

	*out = NULL;
	if (!tree)
		return muster_fail_memory(err, "a tree to hash");
	init(tree, options);
	code = hash_source_open(&tree->source, &tree->source_options, options->worker_count, err);
	if (!code)
		code = init_workers(tree, err);
	if (!code)
		code = start_workers(tree, err);
	if (code) {
		hash_tree_close(tree);
		return code;
	}
	*out = tree;
	return MUSTER_OK;
}

static void stop_workers(struct hash_tree *tree)
{
	pthread_mutex_lock(&tree->lock);
	tree->locked.is_stopping = true;
	pthread_cond_broadcast(&tree->moved);
	pthread_mutex_unlock(&tree->lock);
	for (unsigned i = 0; i < tree->started_count; i++)
		pthread_join(tree->workers[i].thread, NULL);
}

void hash_tree_close(struct hash_tree *tree)
{
	if (!tree)
		return;
	stop_workers(tree);
	for (unsigned i = 0; i < tree->ready_count; i++) {
		intake_close(tree->workers[i].intake);
		long_intake_close(tree->workers[i].large);
	}
	free(tree->workers);
	put_batch_free(tree->current);
	for (size_t i = 0; i < HASH_TREE_WINDOW; i++)
		put_batch_free(tree->locked.window[i].batch);
	hash_source_close(tree->source);
	pthread_cond_destroy(&tree->moved);
	pthread_mutex_destroy(&tree->lock);
	free(tree);
}

static bool is_cancelled(const struct hash_tree *tree)
{
	return atomic_load_explicit(&tree->progress->cancel, memory_order_relaxed);
}

static bool is_at_end_locked(const struct hash_tree *tree)
{
	return tree->locked.is_source_done && tree->locked.next_out == tree->locked.next_in;
}

/* Is there something to say, or is it to be waited for? */
static bool must_wait_locked(struct hash_tree *tree)
{
	const struct tree_slot *slot = tree_slot_locked(tree, tree->locked.next_out);

	if (tree->locked.failure.code || is_cancelled(tree) || is_at_end_locked(tree))
		return false;
	return !slot->batch || slot->unfinished;
}

/* The next batch of the order, all of it hashed. A batch that the order to stop has cut short is
 * never given: the order stands before it is finished. */
static enum muster_code take_batch_locked(struct hash_tree *tree, struct muster_error *err)
{
	struct tree_slot *slot;

	while (must_wait_locked(tree))
		pthread_cond_wait(&tree->moved, &tree->lock);
	if (is_cancelled(tree))
		return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
	if (tree->locked.failure.code) {
		if (err)
			*err = tree->locked.failure;
		return tree->locked.failure.code;
	}
	if (is_at_end_locked(tree))
		return MUSTER_END;
	slot = tree_slot_locked(tree, tree->locked.next_out++);
	tree->current = slot->batch;
	tree->next_item = 0;
	*slot = (struct tree_slot){ 0 };
	pthread_cond_broadcast(&tree->moved);
	return MUSTER_OK;
}

static enum muster_code take_batch(struct hash_tree *tree, struct muster_error *err)
{
	enum muster_code code;

	put_batch_free(tree->current);
	tree->current = NULL;
	pthread_mutex_lock(&tree->lock);
	code = take_batch_locked(tree, err);
	pthread_mutex_unlock(&tree->lock);
	return code;
}

static void fill(struct hashed_file *out, const struct put_item *item)
{
	static const struct muster_error no_memory = { .code = MUSTER_E_MEMORY,
						       .message = "out of memory" };

	*out = (struct hashed_file){ .path = item->path,
				     .size_bytes = item->found.size_bytes,
				     .fingerprint = item->fingerprint };
	if (item->fate == ITEM_FAILED)
		out->error = item->error ? item->error : &no_memory;
}

enum muster_code hash_tree_next(struct hash_tree *tree, struct hashed_file *out,
				struct muster_error *err)
{
	for (;;) {
		const struct put_item *item;

		if (!tree->current || tree->next_item == tree->current->item_count) {
			enum muster_code code = take_batch(tree, err);

			if (code)
				return code;
			continue;
		}
		item = &tree->current->items[tree->next_item++];
		if (item->fate != ITEM_VANISHED) {
			fill(out, item);
			return MUSTER_OK;
		}
		tree->vanished_files++;
	}
}

struct hash_tree_counts hash_tree_counted(const struct hash_tree *tree)
{
	return (struct hash_tree_counts){
		.vanished_files = tree->vanished_files,
		.special_files = hash_source_special_count(tree->source),
	};
}
