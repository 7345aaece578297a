#include "engine/get/get.h"

#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "engine/get/notes.h"
#include "engine/get/select.h"
#include "engine/get/target.h"
#include "engine/get/worker.h"
#include "io/tree/tree_time.h"
#include "planners/clash/clash.h"

#define BATCH_BYTES (32u << 20) /* of small files: so that workers end together */

struct get_run {
	struct get_job job;
	struct get_writing writing;
	const struct muster_get_options *options;
	struct muster_get_report *report;
	struct version_reader *version;
	struct get_selection selection;
	struct get_target target;
	struct clash clash;
	struct stat_cache *cache; /* of a directory that existed; NULL: none */
	struct get_spool spool;
	bool is_filled; /* the version has no more entries */
};

/* --- fill ------------------------------------------------------------------------------------ */

static void look_up_stat(struct get_run *run, struct get_item *item)
{
	const struct stat_record *known =
		run->cache ? stat_cache_find(run->cache, item->entry.path) : NULL;

	if (!known || !known->is_trusted || known->algorithm != item->entry.algorithm ||
	    known->has_identity < run->job.has_identity)
		return;
	item->has_known = true;
	item->known = (struct file_stat){ known->size_bytes, known->mtime_ns, known->ctime_ns,
					  known->inode };
	item->known_fingerprint = known->fingerprint;
}

static enum muster_code add_entry(struct get_run *run, struct get_batch *batch,
				  const struct entry *entry, struct muster_error *err)
{
	struct get_item *item = get_batch_add(batch, entry);
	struct muster_error error = { 0 };

	run->report->entry_count++;
	run->report->size_bytes += entry->size_bytes;
	if (clash_next(&run->clash, entry->path, &error)) {
		if (get_is_fatal(&error)) {
			*err = error;
			return error.code;
		}
		get_item_fail(item, &error);
		return MUSTER_OK;
	}
	look_up_stat(run, item);
	return MUSTER_OK;
}

static void count_total(struct get_run *run, const struct get_batch *batch)
{
	struct muster_progress *progress = run->job.progress;
	uint64_t bytes = 0;

	if (get_selection_is_all(&run->selection))
		return; /* the version told */
	for (size_t i = 0; i < batch->count; i++)
		bytes += batch->items[i].entry.size_bytes;
	get_count(&progress->total_files, batch->count);
	get_count(&progress->total_bytes, bytes);
	if (run->is_filled)
		atomic_store(&progress->total_is_known, true);
}

static enum muster_code fill(void *state, void *filled, struct muster_error *err)
{
	struct get_run *run = state;
	struct get_batch *batch = filled;
	uint64_t small_bytes = 0;
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	get_batch_reset(batch);
	while (!code && !run->is_filled && get_batch_has_room(batch) && small_bytes < BATCH_BYTES) {
		code = get_select_next(&run->selection, run->version, &entry, err);
		run->is_filled = code == MUSTER_END;
		if (!code)
			code = add_entry(run, batch, &entry, err);
		if (!code && entry.size_bytes <= PACK_BLOB_MAX_BYTES)
			small_bytes += entry.size_bytes;
	}
	if (code && code != MUSTER_END) {
		get_batch_reset(batch);
		return code;
	}
	count_total(run, batch);
	return batch->count ? MUSTER_OK : MUSTER_END;
}

static enum muster_code end(void *state, void *batch, struct muster_error *err)
{
	struct get_run *run = state;

	return get_writing_end(&run->writing, batch, err);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	struct get_run *run = state;

	return get_worker_open(out, &run->writing, line, err);
}

/* --- beginning ------------------------------------------------------------------------------- */

/* A prefix that nothing has is a mistake, and is told before anything is made. */
static enum muster_code check_prefix(struct get_run *run, struct muster_error *err)
{
	static const struct muster_wanted_rules all;
	struct get_selection selection;
	struct entry entry;
	enum muster_code code;

	if (!run->selection.prefix.len)
		return MUSTER_OK;
	code = get_selection_init(&selection, run->options->path_prefix, &all, err);
	if (!code)
		code = get_select_next(&selection, run->version, &entry, err);
	get_selection_release(&selection);
	if (code == MUSTER_END)
		code = muster_fail(err, MUSTER_E_NAME, "no path of %s is '%s' or under it",
				   run->job.start->version_text, run->options->path_prefix);
	return code;
}

/* Who continues must want the same files. */
static enum muster_code open_target(struct get_run *run, struct muster_error *err)
{
	struct get_target_options options = { .directory = run->options->directory,
					      .can_continue = !run->options->rules.wanted };
	struct bytes what = { 0 };
	enum muster_code code;

	code = bytes_append(&what, run->job.start->version->id, 16, err);
	if (!code)
		code = bytes_append_view(&what, bytes_view(&run->selection.prefix), err);
	options.continued_by = bytes_view(&what);
	if (!code)
		code = get_target_open(&run->target, &run->job, &options, err);
	bytes_release(&what);
	return code;
}

static enum muster_code begin(struct get_run *run, struct muster_error *err)
{
	const struct muster_get_options *options = run->options;
	const char *cache_dir = run->job.start->cache_dir;
	enum muster_code code;

	code = get_selection_init(&run->selection, options->path_prefix, &options->rules, err);
	if (!code)
		code = get_open_version(&run->job, &run->version, err);
	if (!code)
		code = check_prefix(run, err);
	if (!code)
		code = open_target(run, err);
	if (!code)
		code = tree_time_now(run->target.working, &run->writing.start_ns, err);
	if (!code && cache_dir) { /* a help: without it everything works, too */
		if (!run->target.is_new)
			stat_cache_open(&run->cache, cache_dir, options->directory, NULL, NULL,
					NULL);
		code = get_spool_open(&run->spool, NULL, err);
		run->writing.spool = &run->spool;
	}
	run->writing.root_fd = run->target.root_fd;
	run->writing.checks_existing = !run->target.is_new || run->target.is_resumed;
	run->writing.overwrite = options->overwrite || run->target.is_new;
	if (!code && get_selection_is_all(&run->selection))
		get_count_version(&run->job, run->version);
	return code;
}

/* --- ending ---------------------------------------------------------------------------------- */

static void note_files(struct get_run *run)
{
	int64_t now_ns;

	if (!run->writing.spool || run->target.is_new || get_spool_finish(&run->spool, NULL) ||
	    get_now_after(&run->job, run->target.directory, run->spool.newest_ns, &now_ns, NULL))
		return;
	get_notes_write(&run->job, run->cache, run->target.directory, &run->spool, now_ns);
}

static enum muster_code sync_target(struct get_run *run, struct muster_error *err)
{
	const struct sys_ops *sys = run->job.sys;

	if (run->options->sync && sys->syncfs(sys->state, run->target.root_fd))
		return muster_fail_errno(err, "sync the file system of '%s'",
					 run->target.directory);
	return MUSTER_OK;
}

static enum muster_code interrupted(struct get_run *run, struct muster_error *err)
{
	return get_fail_interrupted(run->target.is_new ? run->target.working : NULL,
				    !run->options->rules.wanted, err);
}

static enum muster_code finish(struct get_run *run, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (get_is_cancelled(&run->job)) {
		note_files(run);
		return interrupted(run, err);
	}
	code = get_target_finish(&run->target, err);
	if (!code)
		code = sync_target(run, err);
	if (!code)
		note_files(run);
	if (!code && run->report->failed_items)
		code = muster_fail(err, MUSTER_E_ITEMS, "%llu of %llu %s failed",
				   (unsigned long long)run->report->failed_items,
				   (unsigned long long)run->report->entry_count,
				   text_plural(run->report->entry_count, "entry", "entries"));
	return code;
}

static void release(struct get_run *run)
{
	get_spool_release(&run->spool);
	stat_cache_close(run->cache);
	clash_release(&run->clash);
	get_target_close(&run->target);
	get_selection_release(&run->selection);
	version_reader_close(run->version);
	pthread_mutex_destroy(&run->writing.lock);
	get_job_release(&run->job);
	free(run);
}

static enum muster_code run_get(struct get_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_batch),
						 .fill = fill,
						 .work = get_worker_batch,
						 .end = end,
						 .later = get_worker_later,
						 .drop = get_worker_drop,
						 .open_worker = open_worker,
						 .close_worker = get_worker_close };
	enum muster_code code = begin(run, err);

	if (!code)
		code = get_line_run(&run->job, &ops, run, err);
	return code ? code : finish(run, err);
}

enum muster_code get_run_with(const struct get_start *start,
			      const struct muster_get_options *options,
			      struct muster_get_report *report, struct muster_error *err)
{
	struct muster_error own = { 0 };
	struct get_run *run;
	enum muster_code code;

	if (!err)
		err = &own;
	code = get_report_begin(report, start, options->directory, err);
	if (code)
		return code;
	run = calloc(1, sizeof(*run));
	if (!run)
		return muster_fail_memory(err, "a get");
	code = get_job_init(&run->job, start, &options->job, err);
	run->options = options;
	run->report = report;
	run->spool.writer.fd = -1;
	run->target.root_fd = run->target.parent_fd = -1;
	run->writing.job = &run->job;
	run->writing.report = report;
	run->writing.allow_missing_references = options->allow_missing_references;
	pthread_mutex_init(&run->writing.lock, NULL);
	if (!code)
		code = run_get(run, err);
	if (code)
		muster_context(err, "get %s", start->version_text);
	release(run);
	return code;
}

enum muster_code get_run(struct repository *repository, const struct version *version,
			 const char *version_text, const struct get_helps *helps,
			 const struct muster_get_options *options, struct muster_get_report *report,
			 struct muster_error *err)
{
	struct get_start start = { .repository = repository,
				   .version = version,
				   .version_text = version_text,
				   .cache_dir = helps->cache_dir,
				   .blobs = helps->blobs };

	return get_run_with(&start, options, report, err);
}
