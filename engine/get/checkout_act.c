/* Passes 2 and 3: files go, files come. */
#include <stdlib.h>
#include <unistd.h>

#include "engine/get/checkout.h"
#include "engine/get/line.h"
#include "io/file/tree_writer.h"

/* --- pass 2 ----------------------------------------------------------------------------------- */

/* Removing, one path after the other. */
struct remover {
	struct checkout_run *run;
	struct get_tree tree;
	struct bytes last; /* the last path that was removed: its directory may be empty now */
};

static struct view dir_of(struct view path)
{
	while (path.len && path.ptr[path.len - 1] != '/')
		path.len--;
	return path;
}

/* Directories are pruned when the next path is in another one: so each is tried once. */
static enum muster_code prune_if_left(struct remover *remover, struct view next,
				      struct muster_error *err)
{
	struct view last = bytes_view(&remover->last);

	if (last.len && !view_equal(dir_of(last), dir_of(next)))
		tree_writer_prune(remover->tree.writer, last, NULL); /* a help: none is versioned */
	remover->last.len = 0;
	return bytes_append_view(&remover->last, next, err);
}

static enum muster_code check_same(struct remover *remover, const struct stat_record *planned,
				   struct muster_error *error)
{
	struct file_stat now;
	enum get_kind kind;
	enum muster_code code;

	if (!planned->is_trusted)
		return MUSTER_OK; /* a linked directory: only the link can be removed */
	code = get_tree_look(&remover->tree, planned->path, &kind, &now, error);
	if (!code && (now.size_bytes != planned->size_bytes || now.inode != planned->inode ||
		      now.mtime_ns != planned->mtime_ns || now.ctime_ns != planned->ctime_ns))
		code = muster_fail(error, MUSTER_E_CHANGED,
				   "it changed after it was looked at; it was left as it is");
	return code;
}

/* MUSTER_ABSENT: it was gone already. */
static enum muster_code remove_file(struct remover *remover, struct view path,
				    struct muster_error *error)
{
	struct checkout_run *run = remover->run;

	if (run->has_backup)
		return get_backup_move(&run->backup, path, error);
	return tree_writer_remove(remover->tree.writer, path, error);
}

static enum muster_code remove_one(struct remover *remover, const struct stat_record *planned,
				   struct muster_error *err)
{
	struct checkout_run *run = remover->run;
	struct muster_error error = { 0 };
	enum muster_code code = check_same(remover, planned, &error);

	if (!code)
		code = remove_file(remover, planned->path, &error);
	if (muster_failed(code)) {
		if (get_is_fatal(&error)) {
			*err = error;
			return code;
		}
		get_report_failure(&run->job, planned->path, &error);
		run->report->failed_items++;
		return MUSTER_OK;
	}
	if (!code)
		run->report->deleted_files++;
	return prune_if_left(remover, planned->path, err);
}

static enum muster_code remove_links(struct remover *remover, struct muster_error *err)
{
	struct checkout_run *run = remover->run;
	const char *path = (const char *)run->seen.links.ptr;
	enum muster_code code = MUSTER_OK;

	for (uint64_t i = 0; i < run->seen.link_count && !code; i++) {
		struct stat_record planned = { .path = view_text(path) };

		code = remove_one(remover, &planned, err);
		path += strlen(path) + 1;
	}
	return code;
}

static enum muster_code remove_files(struct remover *remover, struct muster_error *err)
{
	struct checkout_run *run = remover->run;
	struct get_spool_reader reader = { 0 };
	const struct stat_record *planned;
	enum muster_code code = get_spool_reader_open(&reader, &run->removed, err);

	while (!code && !get_is_stopping(&run->job) &&
	       !(code = get_spool_next(&reader, &planned, err))) {
		uint64_t failed = run->report->failed_items;

		code = remove_one(remover, planned, err);
		if (!code && failed == run->report->failed_items)
			code = get_spool_add(&run->gone, planned, err);
	}
	get_spool_reader_release(&reader);
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code checkout_remove(struct checkout_run *run, struct muster_error *err)
{
	struct remover remover = { .run = run,
				   .tree = { .job = &run->job, .root_fd = run->target.root_fd } };
	enum muster_code code = get_tree_open(&remover.tree, err);

	if (!code && run->rules.delete_others)
		code = remove_links(&remover, err);
	if (!code)
		code = remove_files(&remover, err);
	if (!code)
		code = prune_if_left(&remover, VIEW_LITERAL("\xff/\xff"), err);
	get_tree_close(&remover.tree);
	bytes_release(&remover.last);
	return code;
}

/* --- pass 3 ----------------------------------------------------------------------------------- */

/* Step a spool to the first record at or behind `path`; true if it is that path's. */
static enum muster_code step_to(struct get_spool_reader *reader, const struct stat_record **head,
				struct view path, bool *is_equal, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;
	int order = 1;

	while (*head && (order = view_compare((*head)->path, path)) < 0 && !code)
		code = get_spool_next(reader, head, err);
	*is_equal = *head && order == 0;
	return code == MUSTER_END ? MUSTER_OK : code;
}

static void plan_replacing(const struct checkout_run *run, struct get_item *item)
{
	const struct stat_record *found = run->replaced_head;

	item->may_replace = true;
	item->must_back_up = run->has_backup;
	item->has_planned = found->is_trusted;
	item->planned = (struct file_stat){ found->size_bytes, found->mtime_ns, found->ctime_ns,
					    found->inode };
}

static enum muster_code add_entry(struct checkout_run *run, struct get_batch *batch,
				  const struct entry *entry, uint64_t *small_bytes,
				  struct muster_error *err)
{
	bool is_kept, is_replaced;
	struct get_item *item;
	enum muster_code code =
		step_to(&run->kept_reader, &run->kept_head, entry->path, &is_kept, err);

	if (!code)
		code = step_to(&run->replaced_reader, &run->replaced_head, entry->path,
			       &is_replaced, err);
	if (code || is_kept)
		return code;
	item = get_batch_add(batch, entry);
	if (is_replaced)
		plan_replacing(run, item);
	if (!get_item_is_large(item))
		*small_bytes += entry->size_bytes;
	return MUSTER_OK;
}

static enum muster_code fill(void *state, void *filled, struct muster_error *err)
{
	struct checkout_run *run = state;
	struct get_batch *batch = filled;
	uint64_t small_bytes = 0;
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	get_batch_reset(batch);
	while (!code && !run->is_filled && get_batch_has_room(batch) &&
	       small_bytes < GET_FOUND_BYTES) {
		code = get_select_next(&run->selection, run->version, &entry, err);
		run->is_filled = code == MUSTER_END;
		if (!code)
			code = add_entry(run, batch, &entry, &small_bytes, err);
	}
	if (code && code != MUSTER_END) {
		get_batch_reset(batch);
		return code;
	}
	return batch->count ? MUSTER_OK : MUSTER_END;
}

static enum muster_code end(void *state, void *batch, struct muster_error *err)
{
	struct checkout_run *run = state;

	return get_writing_end(&run->writing, batch, err);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	struct checkout_run *run = state;

	return get_worker_open(out, &run->writing, line, err);
}

/* The first record of each spool, and the version from its beginning. */
static enum muster_code open_inputs(struct checkout_run *run, struct muster_error *err)
{
	enum muster_code code = get_spool_reader_open(&run->kept_reader, &run->kept, err);

	if (!code)
		code = get_spool_reader_open(&run->replaced_reader, &run->replaced, err);
	if (!code)
		code = get_spool_next(&run->kept_reader, &run->kept_head, err);
	if (!code || code == MUSTER_END)
		code = get_spool_next(&run->replaced_reader, &run->replaced_head, err);
	if (code && code != MUSTER_END)
		return code;
	get_selection_release(&run->selection);
	version_reader_seek(run->version, (struct view){ 0 });
	return get_selection_init(&run->selection, NULL, &run->options->rules, err);
}

enum muster_code checkout_write(struct checkout_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_batch),
						 .fill = fill,
						 .work = get_worker_batch,
						 .end = end,
						 .later = get_worker_later,
						 .drop = get_worker_drop,
						 .open_worker = open_worker,
						 .close_worker = get_worker_close };
	enum muster_code code;

	if (run->fetch_count + run->replace_count == 0)
		return MUSTER_OK;
	code = open_inputs(run, err);
	if (!code)
		code = get_line_run(&run->job, &ops, run, err);
	get_spool_reader_release(&run->kept_reader);
	get_spool_reader_release(&run->replaced_reader);
	return code;
}
