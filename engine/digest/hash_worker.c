/* A worker takes, in this order: a large file of the earliest batch that has one (the order waits
 * for it), else the next batch of the source while the window has room; else it lets its own
 * batches end, or waits. Who waits, or reads a large file, keeps no batch. */
#include "engine/digest/hash_tree_internal.h"

#include "artifact/path.h"

enum task_kind {
	TASK_NONE, /* all is done, or the tree stops */
	TASK_BATCH,
	TASK_LARGE,
	TASK_DRAIN,
};

struct task {
	enum task_kind kind;
	struct tree_slot *slot; /* TASK_BATCH */
	struct put_item *item;	/* TASK_LARGE */
};

bool hash_is_stopping_locked(struct hash_tree *tree)
{
	if (atomic_load_explicit(&tree->progress->cancel, memory_order_relaxed))
		tree->locked.is_stopping = true;
	return tree->locked.is_stopping;
}

void hash_is_sized(struct hash_tree *tree)
{
	if (atomic_fetch_sub(&tree->unsized_count, 1) == 1)
		atomic_store(&tree->progress->total_is_known, true);
}

bool hash_take_large_locked(struct hash_tree *tree, struct put_item **out)
{
	struct tree_slot *slot;
	uint64_t number = tree->locked.next_out;
	size_t i = 0;

	if (!tree->locked.large_waiting)
		return false;
	while (!tree_slot_locked(tree, number)->large_left)
		number++;
	slot = tree_slot_locked(tree, number);
	while (!slot->is_large[i])
		i++;
	slot->is_large[i] = false;
	slot->large_left--;
	tree->locked.large_waiting--;
	*out = &slot->batch->items[i];
	return true;
}

/* A batch as it came: which of its items are large, as far as that is known. Paths that no entry
 * may have fail before anybody reads them. */
static void look_at(struct hash_tree *tree, struct tree_slot *out)
{
	const struct put_batch *batch = out->batch;
	uint64_t small_max = hash_small_max(tree), bytes = 0, unsized = 0;
	struct muster_error why;

	for (size_t i = 0; i < batch->item_count; i++) {
		struct put_item *item = &out->batch->items[i];

		if (item->fate != ITEM_READ)
			continue;
		if (entry_path_check(item->path, &why)) {
			put_item_fail(item, &why);
			continue;
		}
		bytes += item->found.size_bytes;
		unsized += !out->has_stat[i];
		out->is_large[i] = out->has_stat[i] && item->found.size_bytes > small_max;
		out->is_small[i] = !out->is_large[i];
		out->large_left += out->is_large[i];
	}
	out->unfinished = out->large_left + 1;
	atomic_fetch_add(&tree->unsized_count, unsized);
	atomic_fetch_add_explicit(&tree->progress->total_files, batch->item_count,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&tree->progress->total_bytes, bytes, memory_order_relaxed);
}

static struct tree_slot *put_into_window_locked(struct hash_tree *tree,
						const struct tree_slot *come)
{
	uint64_t number = tree->locked.next_in++;
	struct tree_slot *slot = tree_slot_locked(tree, number);

	*slot = *come;
	slot->batch->sequence = number;
	tree->locked.large_waiting += come->large_left;
	return slot;
}

/* The next batch of the source, one reader at a time. Called and left with the lock held. */
static bool read_source_locked(struct hash_tree *tree, struct task *task)
{
	struct muster_error failure = { 0 };
	struct tree_slot come = { 0 };
	enum muster_code code;

	tree->locked.is_reading = true;
	pthread_mutex_unlock(&tree->lock);
	code = hash_source_next(tree->source, &come.batch, come.has_stat, &failure);
	if (!code)
		look_at(tree, &come);
	pthread_mutex_lock(&tree->lock);
	tree->locked.is_reading = false;
	if (!code)
		*task = (struct task){ TASK_BATCH, put_into_window_locked(tree, &come), NULL };
	tree->locked.is_source_done = code != MUSTER_OK;
	if (code == MUSTER_END)
		hash_is_sized(tree);
	else if (code)
		tree->locked.failure = failure;
	pthread_cond_broadcast(&tree->moved);
	return !code;
}

static bool may_read_source_locked(const struct hash_tree *tree)
{
	return !tree->locked.is_reading && !tree->locked.is_source_done &&
	       tree->locked.next_in - tree->locked.next_out < HASH_TREE_WINDOW;
}

static struct task take_task_locked(struct tree_worker *worker)
{
	struct hash_tree *tree = worker->tree;
	struct task task = { TASK_NONE, NULL, NULL };

	while (!hash_is_stopping_locked(tree)) {
		if (hash_take_large_locked(tree, &task.item)) {
			task.kind = TASK_LARGE;
			break;
		}
		if (may_read_source_locked(tree)) {
			if (read_source_locked(tree, &task))
				break;
			continue;
		}
		if (worker->kept_count && !tree->locked.is_reading) {
			task.kind = TASK_DRAIN;
			break;
		}
		/* Nothing more can come: who keeps batches does what comes of them. */
		if (tree->locked.is_source_done)
			break;
		pthread_cond_wait(&tree->moved, &tree->lock);
	}
	return task;
}

static enum muster_code do_task(struct tree_worker *worker, const struct task *task,
				struct muster_error *err)
{
	enum muster_code code;

	if (task->kind == TASK_BATCH)
		return hash_small_files(worker, task->slot, err);
	code = intake_drain(worker->intake, err);
	return code || task->kind == TASK_DRAIN ? code : hash_large_files(worker, task->item, err);
}

static void fail_locked(struct hash_tree *tree, const struct muster_error *failure)
{
	if (!tree->locked.failure.code)
		tree->locked.failure = *failure;
	tree->locked.is_stopping = true;
}

void *hash_worker_main(void *arg)
{
	struct tree_worker *worker = arg;
	struct hash_tree *tree = worker->tree;
	struct muster_error failure = { 0 };
	struct task task;

	pthread_mutex_lock(&tree->lock);
	while ((task = take_task_locked(worker)).kind != TASK_NONE) {
		enum muster_code code;

		pthread_mutex_unlock(&tree->lock);
		code = do_task(worker, &task, &failure);
		pthread_mutex_lock(&tree->lock);
		if (code)
			fail_locked(tree, &failure);
	}
	pthread_cond_broadcast(&tree->moved);
	pthread_mutex_unlock(&tree->lock);
	return NULL;
}
