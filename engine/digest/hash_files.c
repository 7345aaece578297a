/* What a worker does with files: small ones go through its intake, large ones side by side. A file
 * that changes while it is read is read once more, then it has failed. */
#include "engine/digest/hash_tree_internal.h"

static void count(atomic_ullong *counter, uint64_t more)
{
	atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static struct found_file found_as(const struct file_stat *stat)
{
	return (struct found_file){ stat->size_bytes, stat->mtime_ns, stat->ctime_ns, stat->inode };
}

static void set_fate(struct put_item *item, enum muster_code code, const struct muster_error *error)
{
	if (code == MUSTER_E_VANISHED)
		item->fate = ITEM_VANISHED;
	else if (code)
		put_item_fail(item, error);
}

static void set_hashed(struct put_item *item, const struct file_stat *found,
		       const struct fingerprint *fingerprint, struct muster_progress *progress)
{
	item->found = found_as(found);
	item->fingerprint = *fingerprint;
	count(&progress->read_files, 1);
	count(&progress->done_files, 1);
}

static void count_bytes(struct muster_progress *progress, uint64_t bytes)
{
	count(&progress->read_bytes, bytes);
	count(&progress->done_bytes, bytes);
}

/* A large item is done, or all others of its batch are. */
static void part_ends(struct hash_tree *tree, const struct put_batch *batch)
{
	pthread_mutex_lock(&tree->lock);
	tree_slot_locked(tree, batch->sequence)->unfinished--;
	pthread_cond_broadcast(&tree->moved);
	pthread_mutex_unlock(&tree->lock);
}

uint64_t hash_small_max(const struct hash_tree *tree)
{
	/* Eight side by side are better than what the ring holds at once of larger ones. */
	uint64_t few = tree->ring_bytes / LONG_INTAKE_FILES;

	return few < intake_small_max(tree->ring_bytes) ? few : intake_small_max(tree->ring_bytes);
}

/* --- small files ---------------------------------------------------------------------------- */

/* It has become a large one: whoever is free takes it. */
static void hand_on(struct hash_tree *tree, const struct put_item *item)
{
	struct tree_slot *slot;

	pthread_mutex_lock(&tree->lock);
	slot = tree_slot_locked(tree, item->batch->sequence);
	slot->is_large[item - item->batch->items] = true;
	slot->large_left++;
	slot->unfinished++;
	tree->locked.large_waiting++;
	pthread_cond_broadcast(&tree->moved);
	pthread_mutex_unlock(&tree->lock);
}

static void one_is_settled(struct tree_worker *worker, struct put_batch *batch)
{
	if (--batch->unsettled_count)
		return;
	worker->kept_count--;
	part_ends(worker->tree, batch);
}

/* What a walk with stats would have counted before. `bytes`: 0 where nobody will know. */
static void count_found(struct hash_tree *tree, const struct put_item *item, uint64_t bytes)
{
	const struct tree_slot *slot = tree_slot_locked(tree, item->batch->sequence);

	if (slot->has_stat[item - item->batch->items])
		return;
	count(&tree->progress->total_bytes, bytes);
	hash_is_sized(tree);
}

/* An intake_done_fn. */
static enum muster_code small_is_done(void *state, void *cookie, const struct intake_answer *answer,
				      struct muster_error *err)
{
	struct tree_worker *worker = state;
	struct muster_progress *progress = worker->tree->progress;
	struct put_item *item = cookie;
	bool has_size = !answer->code || answer->code == MUSTER_FULL;

	(void)err;
	count_found(worker->tree, item, has_size ? answer->after.size_bytes : 0);
	if (!answer->code) {
		set_hashed(item, &answer->after, answer->fingerprint, progress);
		count_bytes(progress, answer->data.len);
	} else if (answer->code == MUSTER_FULL) {
		hand_on(worker->tree, item);
	} else {
		set_fate(item, answer->code, answer->error);
	}
	one_is_settled(worker, item->batch);
	return MUSTER_OK;
}

enum muster_code hash_open_intake(struct tree_worker *worker, struct muster_error *err)
{
	const struct hash_tree *tree = worker->tree;
	struct intake_options options = { .hashing = tree->hashing,
					  .reader = { .kind = tree->reader, .wants_stat = true },
					  .progress = tree->progress,
					  .ring_bytes = tree->ring_bytes,
					  .file_max = HASH_TREE_FILES,
					  .size_max = hash_small_max(tree),
					  .begun_ns = hash_source_begun_ns(tree->source),
					  .done = small_is_done,
					  .state = worker };

	return intake_open(&worker->intake, &options, err);
}

static enum muster_code put_small(struct tree_worker *worker, struct put_item *item, bool has_stat,
				  struct muster_error *err)
{
	struct intake_file file = { .dir_fd = item->batch->dir_fd,
				    .name = item->name,
				    .has_no_size = !has_stat,
				    .size_bytes = item->found.size_bytes,
				    .has_found = has_stat,
				    .found = { item->found.size_bytes, item->found.mtime_ns,
					       item->found.ctime_ns, item->found.inode },
				    .cookie = item };

	item->batch->unsettled_count++;
	return intake_put(worker->intake, &file, err);
}

enum muster_code hash_small_files(struct tree_worker *worker, struct tree_slot *slot,
				  struct muster_error *err)
{
	struct put_batch *batch = slot->batch;
	struct muster_progress *progress = worker->tree->progress;
	enum muster_code code = MUSTER_OK;

	worker->kept_count++;
	batch->unsettled_count = 1; /* while files go in */
	for (size_t i = 0; i < batch->item_count && !code; i++) {
		/* A batch that is cut short never ends. */
		if (atomic_load_explicit(&progress->cancel, memory_order_relaxed))
			return MUSTER_OK;
		if (slot->is_small[i])
			code = put_small(worker, &batch->items[i], slot->has_stat[i], err);
	}
	if (!code)
		one_is_settled(worker, batch);
	return code;
}

/* --- large files ---------------------------------------------------------------------------- */

static enum muster_code next_large(void *state, struct long_file *out, struct muster_error *err)
{
	struct tree_worker *worker = state;
	struct hash_tree *tree = worker->tree;
	struct put_item *item = worker->first_large;

	(void)err;
	worker->first_large = NULL;
	pthread_mutex_lock(&tree->lock);
	/* Those that wait are for all workers. */
	if (!item &&
	    long_intake_may_take(long_intake_count(worker->large), tree->locked.large_waiting,
				 tree->worker_count - tree->locked.large_active))
		hash_take_large_locked(tree, &item);
	pthread_mutex_unlock(&tree->lock);
	if (!item)
		return MUSTER_END;
	*out = (struct long_file){ .dir_fd = item->batch->dir_fd,
				   .name = item->name,
				   .cookie = item };
	return MUSTER_OK;
}

static enum muster_code count_chunk(void *state, void *cookie, struct view data,
				    struct muster_error *err)
{
	struct tree_worker *worker = state;

	(void)cookie;
	(void)err;
	count_bytes(worker->tree->progress, data.len);
	return MUSTER_OK;
}

/* Once more, if this was the first time. */
static bool may_read_again(struct tree_worker *worker, struct put_item *item)
{
	struct put_batch *batch = item->batch;
	struct tree_slot *slot = tree_slot_locked(worker->tree, batch->sequence);
	bool *has_changed = &slot->has_changed[item - batch->items];
	bool is_first = !*has_changed;

	*has_changed = true;
	return is_first;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	struct tree_worker *worker = state;
	struct put_item *item = cookie;
	struct muster_error twice = { 0 };

	(void)err;
	if (answer->code == MUSTER_E_CANCELLED)
		return MUSTER_OK;
	if (answer->code == MUSTER_E_CHANGED) {
		*again = may_read_again(worker, item);
		if (*again)
			return MUSTER_OK;
		set_fate(item,
			 muster_fail(&twice, answer->code, "it changed while it was read, twice"),
			 &twice);
	} else if (answer->code) {
		set_fate(item, answer->code, answer->error);
	} else {
		set_hashed(item, &answer->found, answer->fingerprint, worker->tree->progress);
	}
	part_ends(worker->tree, item->batch);
	return MUSTER_OK;
}

static bool is_stopping(void *state)
{
	struct tree_worker *worker = state;
	bool is;

	pthread_mutex_lock(&worker->tree->lock);
	is = hash_is_stopping_locked(worker->tree);
	pthread_mutex_unlock(&worker->tree->lock);
	return is;
}

static void count_active(struct hash_tree *tree, int more)
{
	pthread_mutex_lock(&tree->lock);
	tree->locked.large_active += (unsigned)more;
	pthread_mutex_unlock(&tree->lock);
}

enum muster_code hash_large_files(struct tree_worker *worker, struct put_item *item,
				  struct muster_error *err)
{
	struct long_ops ops = { .state = worker,
				.next = next_large,
				.chunk = count_chunk,
				.end = end_large,
				.is_stopping = is_stopping };
	enum muster_code code = MUSTER_OK;

	worker->first_large = item;
	count_active(worker->tree, 1);
	if (!worker->large)
		code = long_intake_open(&worker->large, &worker->tree->hashing, &ops, err);
	if (!code)
		code = long_intake_run(worker->large, err);
	count_active(worker->tree, -1);
	return code;
}
