#include "io/tree/walk_internal.h"

#include <errno.h>
#include <stdlib.h>

/* --- cutting ---------------------------------------------------------------------------- */

static void cut_reset(struct walk_reader *reader)
{
	TAILQ_INIT(&reader->items);
	reader->entry_count = reader->dir_count = reader->chunk_count = 0;
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

	if (code)
		return code;
	TAILQ_INSERT_TAIL(&reader->items, &dir->item, order);
	reader->dir_count++;
	return MUSTER_OK;
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

	order_leave_parent_locked(dir, closing);
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
			order_chunk_ready_locked(chunk);
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

/* The dir has been cut: what was cut is there for all. It stays open, in use by this reader. */
static void work_share_locked(struct walk_reader *reader, struct walk_dir *dir, int fd)
{
	struct walk_closing *closing = &reader->closing;

	dir->ref_count++; /* of this work */
	publish_locked(reader, dir);
	if (dir->fd != fd)
		dir_put_fd_locked(dir, fd, closing);
	if (!dir->is_listed)
		become_listed_locked(dir, closing);
	dir->item.state = ITEM_OPEN;
	if (!names_may_have_more(&dir->names))
		order_remove_dir_locked(dir, closing);
}

/* The files of the cut are stat'ed. */
static void work_finish_locked(struct walk_reader *reader, struct walk_dir *dir)
{
	struct walk_closing *closing = &reader->closing;

	chunks_finish_locked(reader, closing);
	dir->walk->shared.busy_count--;
	dir->use_count--;
	dir_settle_locked(dir, closing);
	dir_unref_locked(dir, closing);
	order_wake_locked(reader->walk);
}

/* Is there nothing in this cut, or behind it, that others could work on meanwhile? */
static bool is_all_of_a_leaf(const struct walk_reader *reader, const struct walk_dir *dir)
{
	return !reader->dir_count && !names_may_have_more(&dir->names);
}

/* What was cut is put in the list, and its files are stat'ed: first the one, so that others can
 * go on; but a small directory without subdirectories is worth one turn under the lock only. */
static void work_go_on(struct walk_reader *reader, struct walk_dir *dir, int fd)
{
	struct walk *walk = reader->walk;
	struct muster_error err = { 0 };
	enum muster_code code;

	if (is_all_of_a_leaf(reader, dir)) {
		code = stat_chunks(reader, fd, &err);
		pthread_mutex_lock(&walk->shared.lock);
		work_share_locked(reader, dir, fd);
	} else {
		pthread_mutex_lock(&walk->shared.lock);
		work_share_locked(reader, dir, fd);
		order_wake_locked(walk);
		fd = dir->fd; /* of these two, if another thread opened it too */
		walk_unlock(walk);
		closing_flush(walk, &reader->closing);
		code = stat_chunks(reader, fd, &err);
		pthread_mutex_lock(&walk->shared.lock);
	}
	work_finish_locked(reader, dir);
	if (code)
		order_fail_locked(walk, &err);
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
		order_chunk_ready_locked(chunk);
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

void work_run_locked(struct walk_reader *reader, struct walk_dir *dir)
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
		work_go_on(reader, dir, fd);
		return;
	}
	cut_drop(reader);
	code = work_explain(dir, code, &chunk, &err);
	pthread_mutex_lock(&walk->shared.lock);
	work_give_up_locked(reader, dir, fd, chunk);
	if (code)
		order_fail_locked(walk, &err);
}
