#include "engine/get/checkout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/text.h"
#include "io/file/tree_writer.h"
#include "io/tree/tree_time.h"

/* --- beginning -------------------------------------------------------------------------------- */

/* Is `path` the directory `above`, or beneath it? Both absolute. */
static bool is_in(const char *path, const char *above)
{
	size_t len = strlen(above);

	if (strcmp(above, "/") == 0)
		return true;
	return strncmp(path, above, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static enum muster_code open_backup(struct checkout_run *run, struct muster_error *err)
{
	const char *dir = run->options->backup_dir;
	char absolute[PATH_MAX];
	enum muster_code code;

	if (!dir)
		return MUSTER_OK;
	code = get_absolute(dir, absolute, err);
	if (code)
		return code;
	if (is_in(absolute, run->absolute) || is_in(run->absolute, absolute))
		return muster_fail(err, MUSTER_E_REFUSED,
				   "the backup directory '%s' and '%s' lie in each other", dir,
				   run->options->directory);
	code = get_guard_not_in_repository(&run->job, absolute, err);
	if (code || run->options->dry_run)
		return code;
	code = tree_root_open(&run->backup_fd, dir, true, err);
	if (code)
		return code;
	get_backup_init(&run->backup, run->job.sys, run->target.root_fd, run->backup_fd);
	run->has_backup = true;
	return MUSTER_OK;
}

static bool is_absent(const char *directory)
{
	struct stat st;

	return lstat(directory, &st) != 0 && errno == ENOENT;
}

/* What is in a directory of our own under a temporary name is ours. */
static enum muster_code open_target(struct checkout_run *run, struct muster_error *err)
{
	struct get_target_options options = {
		.directory = run->options->directory,
		.continued_by = view_of(run->job.start->version->id, 16),
		.can_continue = !run->options->rules.wanted,
	};
	enum muster_code code = get_absolute(run->options->directory, run->absolute, err);

	if (!code)
		code = get_guard_checkout(&run->job, run->absolute, err);
	if (code)
		return code;
	run->rules =
		(struct checkout_rules){ run->options->delete_others, run->options->overwrite };
	if (run->options->dry_run && is_absent(run->options->directory))
		return MUSTER_OK; /* it is not even made */
	code = get_target_open(&run->target, &run->job, &options, err);
	if (!code)
		code = tree_time_now(run->target.working, &run->start_ns, err);
	run->has_root = !code;
	if (run->target.is_new)
		run->rules = (struct checkout_rules){ true, true };
	return code;
}

static enum muster_code open_spools(struct checkout_run *run, struct muster_error *err)
{
	struct get_spool *spools[] = { &run->kept,    &run->replaced, &run->removed, &run->pending,
				       &run->outside, &run->gone,     &run->written };
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < sizeof(spools) / sizeof(spools[0]) && !code; i++)
		code = get_spool_open(spools[i], NULL, err);
	return code;
}

static void init_writing(struct checkout_run *run)
{
	struct get_writing *writing = &run->writing;

	writing->root_fd = run->target.root_fd;
	writing->start_ns = run->start_ns;
	writing->may_prune = true;
	writing->backup = run->has_backup ? &run->backup : NULL;
	writing->spool = run->state.dir_fd >= 0 ? &run->written : NULL;
}

static enum muster_code begin(struct checkout_run *run, struct muster_error *err)
{
	const char *cache_dir = run->job.start->cache_dir;
	enum muster_code code;

	code = get_selection_init(&run->selection, NULL, &run->options->rules, err);
	if (!code)
		code = get_open_version(&run->job, &run->version, err);
	if (!code)
		code = open_target(run, err);
	if (!code)
		code = open_backup(run, err);
	if (!code)
		code = checkout_state_open(run, err);
	if (!code)
		code = open_spools(run, err);
	if (code)
		return code;
	if (cache_dir && run->has_root && !run->target.is_new) /* a help only */
		stat_cache_open(&run->cache, cache_dir, run->target.directory, NULL, NULL, NULL);
	init_writing(run);
	if (get_selection_is_all(&run->selection))
		get_count_version(&run->job, run->version);
	return MUSTER_OK;
}

/* --- the run ---------------------------------------------------------------------------------- */

static void report_dry_run(struct checkout_run *run)
{
	run->report->written_files = run->fetch_count + run->replace_count;
	run->report->written_bytes = run->fetch_bytes + run->replace_bytes;
	run->report->deleted_files = run->remove_count;
}

static enum muster_code interrupted(struct checkout_run *run, struct muster_error *err)
{
	return get_fail_interrupted(run->target.is_new ? run->target.working : NULL,
				    !run->options->rules.wanted, err);
}

static enum muster_code finish_spools(struct checkout_run *run, struct muster_error *err)
{
	enum muster_code code = get_spool_finish(&run->kept, err);

	if (!code)
		code = get_spool_finish(&run->replaced, err);
	return code ? code : get_spool_finish(&run->removed, err);
}

/* The version's name, once all is in place. */
static enum muster_code settle(struct checkout_run *run, struct muster_error *err)
{
	const struct sys_ops *sys = run->job.sys;
	enum muster_code code = MUSTER_OK;

	if (!get_is_cancelled(&run->job))
		code = get_target_finish(&run->target, err);
	if (!code && !run->target.is_new)
		get_copy_text(run->target.working, sizeof(run->target.working),
			      run->target.directory);
	if (!code && run->options->sync && sys->syncfs(sys->state, run->target.root_fd))
		code = muster_fail_errno(err, "sync the file system of '%s'",
					 run->target.directory);
	return code;
}

/* Whatever came of the passes, the state tells what is there now. */
static enum muster_code act(struct checkout_run *run, struct muster_error *err)
{
	struct muster_error own = { 0 };
	enum muster_code code = finish_spools(run, err), failed;

	if (code)
		return code;
	code = checkout_remove(run, err);
	if (!code && !get_is_cancelled(&run->job))
		code = checkout_write(run, err);
	if (!code)
		code = settle(run, err);
	if (run->target.is_new) /* it has no state before it has its name */
		return code;
	failed = checkout_state_write(run, &own);
	if (!code && failed) {
		*err = own;
		code = failed;
	}
	return code;
}

static enum muster_code checkout(struct checkout_run *run, struct muster_error *err)
{
	enum muster_code code = begin(run, err);

	if (!code)
		code = checkout_plan(run, err);
	if (!code && get_is_cancelled(&run->job))
		return muster_fail(err, MUSTER_E_CANCELLED, "interrupted: nothing was changed");
	if (!code)
		code = checkout_check_plan(run, err);
	if (!code && run->options->dry_run) {
		report_dry_run(run);
		return MUSTER_OK;
	}
	if (!code)
		code = act(run, err);
	if (!code && get_is_cancelled(&run->job))
		return interrupted(run, err);
	if (!code && run->report->failed_items)
		code = muster_fail(err, MUSTER_E_ITEMS, "%llu %s failed",
				   (unsigned long long)run->report->failed_items,
				   text_plural(run->report->failed_items, "file", "files"));
	return code;
}

static void release(struct checkout_run *run)
{
	struct get_spool *spools[] = { &run->kept,    &run->replaced, &run->removed, &run->pending,
				       &run->outside, &run->gone,     &run->written };

	for (size_t i = 0; i < sizeof(spools) / sizeof(spools[0]); i++)
		get_spool_release(spools[i]);
	bytes_release(&run->must_replace.changed.text);
	bytes_release(&run->must_replace.unknown.text);
	bytes_release(&run->must_remove.changed.text);
	bytes_release(&run->must_remove.unknown.text);
	bytes_release(&run->unreadable.text);
	bytes_release(&run->seen.links);
	bytes_release(&run->seen.repository);
	stat_cache_close(run->cache);
	checkout_state_close(run);
	if (run->has_backup)
		get_backup_release(&run->backup);
	if (run->backup_fd >= 0)
		close(run->backup_fd);
	get_target_close(&run->target);
	get_selection_release(&run->selection);
	version_reader_close(run->version);
	pthread_mutex_destroy(&run->seen.lock);
	pthread_mutex_destroy(&run->writing.lock);
	get_job_release(&run->job);
	free(run);
}

static enum muster_code init(struct checkout_run *run, const struct get_start *start,
			     const struct muster_checkout_options *options,
			     struct muster_get_report *report, struct muster_error *err)
{
	struct get_spool *spools[] = { &run->kept,    &run->replaced, &run->removed, &run->pending,
				       &run->outside, &run->gone,     &run->written };

	run->options = options;
	run->report = report;
	run->target.root_fd = run->target.parent_fd = run->backup_fd = -1;
	run->state.dir_fd = run->state.lock_fd = run->state.old.fd = -1;
	for (size_t i = 0; i < sizeof(spools) / sizeof(spools[0]); i++)
		spools[i]->writer.fd = -1;
	run->writing.job = &run->job;
	run->writing.report = report;
	pthread_mutex_init(&run->writing.lock, NULL);
	pthread_mutex_init(&run->seen.lock, NULL);
	return get_job_init(&run->job, start, &options->job, err);
}

enum muster_code checkout_run_with(const struct get_start *start,
				   const struct muster_checkout_options *options,
				   struct muster_get_report *report, struct muster_error *err)
{
	struct muster_error own = { 0 };
	struct checkout_run *run;
	enum muster_code code;

	if (!err)
		err = &own;
	code = get_report_begin(report, start, options->directory, err);
	if (code)
		return code;
	run = calloc(1, sizeof(*run));
	if (!run)
		return muster_fail_memory(err, "a checkout");
	code = init(run, start, options, report, err);
	if (!code)
		code = checkout(run, err);
	if (code)
		muster_context(err, "check out %s", start->version_text);
	release(run);
	return code;
}

enum muster_code checkout_run(struct repository *repository, const struct version *version,
			      const char *version_text, const struct get_helps *helps,
			      const struct muster_checkout_options *options,
			      struct muster_get_report *report, struct muster_error *err)
{
	struct get_start start = { .repository = repository,
				   .version = version,
				   .version_text = version_text,
				   .cache_dir = helps->cache_dir,
				   .blobs = helps->blobs };

	return checkout_run_with(&start, options, report, err);
}
