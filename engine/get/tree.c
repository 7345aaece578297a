#include "engine/get/tree.h"

#include <errno.h>
#include <fcntl.h>

enum muster_code get_tree_open(struct get_tree *tree, struct muster_error *err)
{
	return tree_writer_new(&tree->writer, tree->root_fd, tree->job->sys, err);
}

void get_tree_close(struct get_tree *tree)
{
	tree_writer_free(tree->writer);
}

static int64_t to_ns(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

enum muster_code get_tree_look(struct get_tree *tree, struct view path, enum get_kind *kind,
			       struct file_stat *out, struct muster_error *err)
{
	const struct sys_ops *sys = tree->job->sys;
	char text[ENTRY_PATH_MAX_BYTES + 1];
	struct stat st;

	if (path.len >= sizeof(text))
		return muster_fail(err, MUSTER_E_USAGE, "the path is too long");
	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	if (sys->fstatat(sys->state, tree->root_fd, text, &st, AT_SYMLINK_NOFOLLOW)) {
		/* ENOTDIR: a file is where a directory should be; who writes there says so. */
		if (errno == ENOENT || errno == ENOTDIR)
			return MUSTER_ABSENT;
		return muster_fail_errno(err, "look at '%s'", text);
	}
	*kind = S_ISREG(st.st_mode)   ? GET_KIND_FILE
		: S_ISDIR(st.st_mode) ? GET_KIND_DIRECTORY
				      : GET_KIND_OTHER;
	*out = (struct file_stat){ .size_bytes = (uint64_t)st.st_size,
				   .mtime_ns = to_ns(st.st_mtim),
				   .ctime_ns = to_ns(st.st_ctim),
				   .inode = st.st_ino };
	return MUSTER_OK;
}

/* A failure of the item, unless it is one that all others would have, too. */
static enum muster_code item_failed(struct get_item *item, const struct muster_error *error,
				    struct muster_error *err)
{
	if (get_is_fatal(error)) {
		*err = *error;
		return err->code;
	}
	get_item_fail(item, error);
	return MUSTER_OK;
}

/* --- before a file is replaced --------------------------------------------------------------- */

/* What a plan decided about holds only while the file is the one that it saw. */
static enum muster_code check_planned(struct get_tree *tree, struct get_item *item,
				      struct muster_error *error)
{
	struct file_stat now;
	enum get_kind kind;
	enum muster_code code;

	if (!item->has_planned)
		return MUSTER_OK;
	code = get_tree_look(tree, item->entry.path, &kind, &now, error);
	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	if (!code && !file_stat_equal(&now, &item->planned))
		code = muster_fail(error, MUSTER_E_CHANGED,
				   "it changed after it was looked at; it was left as it is");
	return code;
}

static enum muster_code make_way(struct get_tree *tree, struct get_item *item,
				 struct muster_error *error)
{
	enum muster_code code = check_planned(tree, item, error);

	if (!code && item->must_back_up && tree->backup)
		code = get_backup_move(tree->backup, item->entry.path, error);
	return code == MUSTER_ABSENT ? MUSTER_OK : code; /* gone: there is nothing to keep */
}

/* An empty directory under a file's name holds nothing that anybody versions. */
static bool prune_in_the_way(struct get_tree *tree, const struct get_item *item,
			     const struct muster_error *error)
{
	char below[ENTRY_PATH_MAX_BYTES + 3];
	struct view path = item->entry.path;

	if (!tree->may_prune || error->sys_errno != EISDIR || path.len > ENTRY_PATH_MAX_BYTES)
		return false;
	memcpy(below, path.ptr, path.len);
	memcpy(below + path.len, "/x", 2);
	return tree_writer_prune(tree->writer, view_of(below, path.len + 2), NULL) == MUSTER_OK;
}

/* --- writing -------------------------------------------------------------------------------- */

static enum muster_code taken(struct get_item *item, struct muster_error *err)
{
	struct muster_error error = { 0 };

	muster_fail(&error, MUSTER_E_REFUSED, "something else has this name by now");
	return item_failed(item, &error, err);
}

static enum muster_code written(struct get_tree *tree, struct get_item *item, enum muster_code code,
				const struct muster_error *error, struct muster_error *err)
{
	enum get_kind kind;

	if (code == MUSTER_EXISTS)
		return taken(item, err);
	if (code)
		return item_failed(item, error, err);
	get_count(&tree->job->progress->written_bytes, item->entry.size_bytes);
	if (tree->notes_stats)
		item->has_stat = get_tree_look(tree, item->entry.path, &kind, &item->stat, NULL) ==
					 MUSTER_OK &&
				 kind == GET_KIND_FILE &&
				 item->stat.size_bytes == item->entry.size_bytes;
	return MUSTER_OK;
}

static enum muster_code write_whole(void *state, struct get_item *item, struct view data,
				    struct muster_error *err)
{
	struct get_tree *tree = state;
	struct muster_error error = { 0 };
	enum muster_code code = make_way(tree, item, &error);

	if (code)
		return item_failed(item, &error, err);
	code = tree_writer_put_small(tree->writer, item->entry.path, data, item->may_replace,
				     &error);
	if (muster_failed(code) && prune_in_the_way(tree, item, &error))
		code = tree_writer_put_small(tree->writer, item->entry.path, data,
					     item->may_replace, &error);
	return written(tree, item, code, &error, err);
}

static enum muster_code begin_large(void *state, struct get_item *item, struct muster_error *err)
{
	struct get_tree *tree = state;
	struct muster_error error = { 0 };
	enum muster_code code = check_planned(tree, item, &error);

	if (!code)
		code = tree_file_begin(tree->writer, item->entry.path, item->may_replace,
				       &item->file, &error);
	if (muster_failed(code) && prune_in_the_way(tree, item, &error))
		code = tree_file_begin(tree->writer, item->entry.path, item->may_replace,
				       &item->file, &error);
	if (code == MUSTER_EXISTS)
		return taken(item, err);
	return code ? item_failed(item, &error, err) : MUSTER_OK;
}

/* The file and the pack share their blocks on disk. */
static bool clone_large(void *state, struct get_item *item, const struct blob_at *at)
{
	(void)state;
	return store_clone(at->object, at->offset_bytes, at->size_bytes, tree_file_fd(item->file));
}

static enum muster_code append_large(void *state, struct get_item *item, struct view data,
				     struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code = tree_file_append(item->file, data, &error);

	(void)state;
	return code ? item_failed(item, &error, err) : MUSTER_OK;
}

static void abort_large(void *state, struct get_item *item)
{
	(void)state;
	tree_file_abort(item->file);
	item->file = NULL;
}

static enum muster_code end_large(void *state, struct get_item *item, struct muster_error *err)
{
	struct get_tree *tree = state;
	struct muster_error error = { 0 };
	enum muster_code code = make_way(tree, item, &error);

	if (code) {
		abort_large(tree, item);
		return item_failed(item, &error, err);
	}
	code = tree_file_finish(item->file, &error);
	item->file = NULL;
	return written(tree, item, code, &error, err);
}

struct get_sink get_tree_sink(struct get_tree *tree)
{
	return (struct get_sink){ .state = tree,
				  .whole = write_whole,
				  .begin = begin_large,
				  .clone = clone_large,
				  .piece = append_large,
				  .end = end_large,
				  .abort = abort_large };
}
