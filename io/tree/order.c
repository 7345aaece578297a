#include "io/tree/walk_internal.h"

#include <errno.h>
#include <stdlib.h>

#define FD_SLACK 8 /* beyond fd_max, for readers at the head; closing makes room for more at once */

/* --- taking ----------------------------------------------------------------------------- */

static bool is_head(const struct walk_dir *dir)
{
	return TAILQ_FIRST(&dir->walk->shared.order) == &dir->item;
}

/* Ahead of what the consumer needs. */
static bool is_within_budgets(const struct walk *walk, const struct walk_dir *dir)
{
	bool has_fd = atomic_load(&walk->open_fd_count) < walk->shared.fd_max;

	if (walk->shared.held_entry_count + WALK_BATCH_MAX > walk->ahead_entry_max)
		return false;
	if (dir->item.state == ITEM_OPEN)
		return dir->fd >= 0 || has_fd;
	return has_fd && walk->shared.listed_name_count < walk->names_limits.count_max;
}

/* The head must go on, so it may take more descriptors than there should be. But each reader that
 * works keeps one open, so many readers in a deep tree must wait for each other then. */
static bool is_allowed(const struct walk *walk, const struct walk_dir *dir)
{
	if (!is_head(dir))
		return is_within_budgets(walk, dir);
	return !walk->shared.busy_count ||
	       atomic_load(&walk->open_fd_count) < walk->shared.fd_max + FD_SLACK;
}

/* The first dir nobody works on, unless the budgets are used up. Those being worked on are few:
 * one a thread. Nothing behind the first free one is looked at, so that ahead means next. */
static struct walk_dir *first_allowed(const struct walk *walk)
{
	struct walk_dir *dir;

	TAILQ_FOREACH(dir, &walk->shared.pending, pending) {
		if (dir->item.state != ITEM_BUSY)
			return is_allowed(walk, dir) ? dir : NULL;
	}
	return NULL;
}

struct walk_dir *order_take_locked(struct walk *walk, struct walk_closing *closing)
{
	struct walk_dir *dir = first_allowed(walk);

	if (!dir)
		return NULL;
	dir->item.state = ITEM_BUSY;
	dir->parent_fd = -1;
	if (dir->is_listed) {
		dir->use_count++;
	} else if (dir->parent && dir->parent->fd >= 0) {
		dir->parent->use_count++;
		dir->parent_fd = dir->parent->fd;
	}
	if (dir->fd < 0)
		fd_reserve_locked(walk, closing);
	walk->shared.held_entry_count += WALK_BATCH_MAX;
	walk->shared.busy_count++;
	return dir;
}

bool order_head_is_actionable_locked(const struct walk *walk)
{
	const struct walk_item *head = TAILQ_FIRST(&walk->shared.order);

	if (!head || walk->shared.failure.code)
		return true;
	if (head->kind == ITEM_CHUNK)
		return head->state == ITEM_READY;
	return first_allowed(walk) == (const void *)head;
}

void order_wake_consumer_locked(struct walk *walk)
{
	if (walk->shared.is_consumer_waiting && order_head_is_actionable_locked(walk))
		walk->shared.wakes_consumer = true;
}

void order_wake_locked(struct walk *walk)
{
	if (!walk->shared.is_consumer_patient || walk->shared.failure.code ||
	    walk->shared.ready_entry_count >= WALK_WAKE_ENTRIES)
		order_wake_consumer_locked(walk);
	if (walk->shared.idle_count && (walk->shared.failure.code || first_allowed(walk) ||
					TAILQ_EMPTY(&walk->shared.pending)))
		walk->shared.wakes_reader = true;
}

/* What is to be woken, once; the flags are cleared. `is_last`: no reader has anything to do. */
static void take_wakes_locked(struct walk *walk, bool *consumer, bool *reader, bool *is_last)
{
	*consumer = walk->shared.wakes_consumer;
	*reader = walk->shared.wakes_reader;
	*is_last = walk->shared.failure.code || TAILQ_EMPTY(&walk->shared.pending);
	walk->shared.wakes_consumer = walk->shared.wakes_reader = false;
	if (*consumer)
		walk->shared.is_consumer_waiting = false;
}

static void wake(struct walk *walk, bool consumer, bool reader, bool is_last)
{
	if (consumer)
		pthread_cond_signal(&walk->shared.ready);
	if (reader && is_last)
		pthread_cond_broadcast(&walk->shared.work);
	else if (reader)
		pthread_cond_signal(&walk->shared.work);
}

void walk_unlock(struct walk *walk)
{
	bool consumer, reader, is_last;

	take_wakes_locked(walk, &consumer, &reader, &is_last);
	pthread_mutex_unlock(&walk->shared.lock);
	wake(walk, consumer, reader, is_last);
}

void walk_wait_locked(struct walk *walk, pthread_cond_t *cond, const struct timespec *until)
{
	bool consumer, reader, is_last;

	take_wakes_locked(walk, &consumer, &reader, &is_last);
	wake(walk, consumer, reader, is_last);
	if (until)
		pthread_cond_timedwait(cond, &walk->shared.lock, until);
	else
		pthread_cond_wait(cond, &walk->shared.lock);
}

void order_fail_locked(struct walk *walk, const struct muster_error *error)
{
	if (!walk->shared.failure.code)
		walk->shared.failure = *error;
	atomic_store(&walk->is_stopped, true);
	order_wake_locked(walk);
}

/* --- leaving the list ------------------------------------------------------------------- */

void order_remove_chunk_locked(struct walk_chunk *chunk)
{
	struct walk *walk = chunk->walk;

	TAILQ_REMOVE(&walk->shared.order, &chunk->item, order);
	walk->shared.held_entry_count -= chunk->charge;
	if (chunk->item.state != ITEM_READY)
		return;
	walk->shared.ready_entry_count -= chunk->charge;
	if (chunk->dir)
		chunk->dir->ready_count--;
}

static void chunk_ready_locked(struct walk_chunk *chunk)
{
	chunk->item.state = ITEM_READY;
	chunk->walk->shared.ready_entry_count += chunk->charge;
	if (chunk->dir)
		chunk->dir->ready_count++;
}

/* It is opened, or never will be. */
static void leave_parent_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	struct walk_dir *parent = dir->parent;

	if (!parent)
		return;
	if (dir->parent_fd >= 0)
		parent->use_count--;
	dir->parent_fd = -1;
	parent->unopened_count--;
	dir_settle_locked(parent, closing);
}

void order_remove_dir_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	struct walk *walk = dir->walk;

	TAILQ_REMOVE(&walk->shared.order, &dir->item, order);
	TAILQ_REMOVE(&walk->shared.pending, dir, pending);
	if (!dir->is_listed)
		leave_parent_locked(dir, closing);
	walk->shared.listed_name_count -= dir->names_charged;
	dir->names_charged = 0;
	dir->item.state = ITEM_BUSY; /* and for good */
	dir_settle_locked(dir, closing);
	dir_unref_locked(dir, closing);
}

/* --- cutting ---------------------------------------------------------------------------- */

static void cut_reset(struct walk_reader *reader)
{
	TAILQ_INIT(&reader->items);
	reader->entry_count = reader->chunk_count = 0;
}

/* What was cut, but will not be published. */
static void cut_drop(struct walk_reader *reader)
{
	struct walk_item *item;

	while ((item = TAILQ_FIRST(&reader->items))) {
		TAILQ_REMOVE(&reader->items, item, order);
		if (item->kind == ITEM_CHUNK)
			chunk_free((struct walk_chunk *)(void *)item);
		else
			free(item); /* a dir that has nothing yet, and no reference to its parent */
	}
	cut_reset(reader);
}

static bool is_to_enter(const struct name *name)
{
	return name->kind == NAME_DIRECTORY || name->kind == NAME_LINKED_DIRECTORY;
}

static enum muster_code cut_dir(struct walk_reader *reader, struct walk_dir *parent,
				const struct name *name, struct muster_error *err)
{
	struct walk_dir *dir;
	enum muster_code code = dir_new(&dir, reader->walk, parent, name->text,
					name->kind == NAME_LINKED_DIRECTORY, err);

	if (!code)
		TAILQ_INSERT_TAIL(&reader->items, &dir->item, order);
	return code;
}

static enum muster_code cut_chunk(struct walk_reader *reader, struct walk_dir *dir,
				  const struct name *names, size_t count, struct muster_error *err)
{
	struct walk_chunk *chunk;
	enum muster_code code = chunk_new(&chunk, dir, names, count, err);

	if (code)
		return code;
	TAILQ_INSERT_TAIL(&reader->items, &chunk->item, order);
	reader->chunks[reader->chunk_count++] = chunk;
	reader->entry_count += count;
	return MUSTER_OK;
}

/* Makes items of the next names. */
static enum muster_code cut(struct walk_reader *reader, struct walk_dir *dir, struct names *names,
			    struct muster_error *err)
{
	const struct name *taken = reader->taken;
	size_t count, end;
	enum muster_code code = names_take(names, reader->taken, WALK_BATCH_MAX, &count, err);

	if (code)
		return muster_context(err, "sort the names in '" PATH_SHOWN "'", dir_shown(dir));
	for (size_t i = 0; i < count && !code; i = end) {
		end = i + 1;
		if (is_to_enter(&taken[i])) {
			code = cut_dir(reader, dir, &taken[i], err);
			continue;
		}
		while (end < count && !is_to_enter(&taken[end]))
			end++;
		code = cut_chunk(reader, dir, taken + i, end - i, err);
	}
	return code;
}

/* --- the work on one dir ---------------------------------------------------------------- */

/* Failures that say nothing of the directory: the walk cannot go on. */
static bool stops_the_walk(const struct muster_error *error)
{
	return error->code == MUSTER_E_MEMORY || error->sys_errno == EMFILE ||
	       error->sys_errno == ENFILE;
}

static bool is_gone(int cause)
{
	/* ELOOP, ENOTDIR: a link or a file has taken its place since it was listed. */
	return cause == ENOENT || cause == ENOTDIR || cause == ELOOP;
}

static enum muster_code work_open(struct walk_reader *reader, struct walk_dir *dir, int parent_fd,
				  int *fd, struct muster_error *err)
{
	if (*fd >= 0)
		return MUSTER_OK;
	*fd = dir_open(reader, dir, parent_fd);
	if (*fd >= 0)
		return MUSTER_OK;
	if (is_gone(errno))
		return MUSTER_E_VANISHED;
	return muster_fail_errno(err, "open directory '" PATH_SHOWN "'", dir_shown(dir));
}

/* Opens, lists and cuts; without the lock. */
static enum muster_code work_cut(struct walk_reader *reader, struct walk_dir *dir, bool is_listed,
				 int parent_fd, int *fd, struct muster_error *err)
{
	struct names *names = is_listed ? &dir->names : &reader->names;
	enum muster_code code = work_open(reader, dir, parent_fd, fd, err);

	if (!code && !is_listed)
		code = dir_list(reader, dir, *fd, err);
	if (!code)
		code = cut(reader, dir, names, err);
	if (code)
		return code;
	if (!is_listed && names_may_have_more(names)) {
		dir->names = reader->names;
		reader->names = (struct names){ 0 };
	}
	return MUSTER_OK;
}

static void publish_locked(struct walk_reader *reader, struct walk_dir *dir)
{
	struct walk *walk = dir->walk;
	struct walk_item *item;

	while ((item = TAILQ_FIRST(&reader->items))) {
		TAILQ_REMOVE(&reader->items, item, order);
		TAILQ_INSERT_BEFORE(&dir->item, item, order);
		dir->ref_count++;
		if (item->kind == ITEM_DIR) {
			TAILQ_INSERT_BEFORE(dir, (struct walk_dir *)(void *)item, pending);
			dir->unopened_count++;
		}
	}
	walk->shared.held_entry_count += reader->entry_count;
	walk->shared.held_entry_count -= WALK_BATCH_MAX; /* what was reserved */
}

/* After the first cut: its place among the opened ones. */
static void become_listed_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	struct walk *walk = dir->walk;

	leave_parent_locked(dir, closing);
	dir->is_listed = true;
	dir->use_count++;
	dir->names_charged = names_held(&dir->names);
	walk->shared.listed_name_count += dir->names_charged;
	atomic_fetch_add_explicit(&walk->counts.directories, 1, memory_order_relaxed);
}

/* The chunks of this reader's cut are stat'ed: ready, or empty and gone. */
static void chunks_finish_locked(struct walk_reader *reader, struct walk_closing *closing)
{
	for (size_t i = 0; i < reader->chunk_count; i++) {
		struct walk_chunk *chunk = reader->chunks[i];
		struct walk_dir *dir = chunk->dir;

		if (chunk->batch.entry_count) {
			chunk_ready_locked(chunk);
			continue;
		}
		order_remove_chunk_locked(chunk);
		chunk_free(chunk);
		dir_unref_locked(dir, closing);
	}
}

static enum muster_code stat_chunks(struct walk_reader *reader, int fd, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < reader->chunk_count && !code; i++)
		code = chunk_stat(reader->chunks[i], fd, err);
	return code;
}

/* The dir has been cut: what was cut is there for all, and this reader stats the files of it. */
static void work_finish_locked(struct walk_reader *reader, struct walk_dir *dir, int fd)
{
	struct walk *walk = reader->walk;
	struct walk_closing *closing = &reader->closing;
	struct muster_error err = { 0 };
	enum muster_code code;

	dir->ref_count++; /* of this work */
	publish_locked(reader, dir);
	if (dir->fd != fd)
		dir_put_fd_locked(dir, fd, closing);
	fd = dir->fd; /* in use: stays open */
	if (!dir->is_listed)
		become_listed_locked(dir, closing);
	dir->item.state = ITEM_OPEN;
	if (!names_may_have_more(&dir->names))
		order_remove_dir_locked(dir, closing);
	order_wake_locked(walk);

	walk_unlock(walk);
	closing_flush(walk, closing);
	code = stat_chunks(reader, fd, &err);
	pthread_mutex_lock(&walk->shared.lock);

	chunks_finish_locked(reader, closing);
	walk->shared.busy_count--;
	dir->use_count--;
	dir_settle_locked(dir, closing);
	dir_unref_locked(dir, closing);
	if (code)
		order_fail_locked(walk, &err);
	else
		order_wake_locked(walk);
}

/* The dir, or the rest of it, cannot be had. `chunk` says so; NULL if there is nothing to say. */
static void work_give_up_locked(struct walk_reader *reader, struct walk_dir *dir, int fd,
				struct walk_chunk *chunk)
{
	struct walk *walk = reader->walk;
	struct walk_closing *closing = &reader->closing;

	walk->shared.held_entry_count -= WALK_BATCH_MAX;
	walk->shared.busy_count--;
	if (chunk) {
		chunk_ready_locked(chunk);
		TAILQ_INSERT_BEFORE(&dir->item, &chunk->item, order);
		walk->shared.held_entry_count += chunk->charge;
		atomic_fetch_add_explicit(&walk->counts.errors, 1, memory_order_relaxed);
	}
	if (fd < 0)
		atomic_fetch_sub(&walk->open_fd_count, 1); /* reserved, but not opened */
	else if (dir->fd != fd)
		dir_put_fd_locked(dir, fd, closing);
	if (dir->is_listed)
		dir->use_count--;
	names_release(&dir->names);
	order_remove_dir_locked(dir, closing);
	order_wake_locked(walk);
}

/* What became of a dir that could not be cut: a chunk with an error, or nothing. */
static enum muster_code work_explain(struct walk_dir *dir, enum muster_code code,
				     struct walk_chunk **chunk, struct muster_error *err)
{
	*chunk = NULL;
	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	if (code == MUSTER_E_VANISHED) {
		atomic_fetch_add_explicit(&dir->walk->counts.vanished, 1, memory_order_relaxed);
		return MUSTER_OK;
	}
	if (stops_the_walk(err))
		return code;
	return chunk_new_failed(chunk, dir, err, err);
}

void order_work_locked(struct walk_reader *reader, struct walk_dir *dir)
{
	struct walk *walk = reader->walk;
	struct muster_error err = { 0 };
	bool is_listed = dir->is_listed;
	int fd = dir->fd, parent_fd = dir->parent_fd;
	struct walk_chunk *chunk;
	enum muster_code code;

	walk_unlock(walk);
	closing_flush(walk, &reader->closing);
	cut_reset(reader);
	code = work_cut(reader, dir, is_listed, parent_fd, &fd, &err);
	if (!code) {
		pthread_mutex_lock(&walk->shared.lock);
		work_finish_locked(reader, dir, fd);
		return;
	}
	cut_drop(reader);
	code = work_explain(dir, code, &chunk, &err);
	pthread_mutex_lock(&walk->shared.lock);
	work_give_up_locked(reader, dir, fd, chunk);
	if (code)
		order_fail_locked(walk, &err);
}
