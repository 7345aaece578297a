#include "engine/put/put.h"

#include <stdlib.h>

#include "engine/intake/form.h"
#include "engine/put/put_job.h"

static enum muster_code check_options(const struct muster_put_options *options,
				      struct muster_error *err)
{
	if (options->source_count == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "nothing to put: name a directory or a file");
	if (options->files_from && options->source_count != 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a list of files needs exactly one directory that they are in");
	return MUSTER_OK;
}

static void tell_memory(const struct put_memory *memory, struct muster_memory *out)
{
	*out = (struct muster_memory){ .worker_count = memory->worker_count,
				       .part_count = MEMORY_PARTS };
	for (size_t i = 0; i < MEMORY_PARTS; i++) {
		out->parts[i].name = memory->parts[i].name;
		out->parts[i].bytes = memory->parts[i].bytes;
	}
}

static void init_run(struct put_job *job, const struct muster_put_options *options,
		     const struct intake_form *form, struct muster_put_report *report)
{
	struct put_run *run = &job->run;

	run->options = options;
	run->report = report;
	run->progress = options->job.progress ? options->job.progress : &job->own_progress;
	run->store = repository_store(job->repository);
	run->hashing = (struct hash_options){
		.algorithm = repository_algorithm(job->repository),
		.has_identity = repository_has_identity(job->repository),
		.cpu = form->cpu,
	};
	run->reader = form->reader;
	run->rules = (struct ingest_rules){ run->hashing.algorithm, run->hashing.has_identity,
					    options->rehash };
	run->memory = put_memory_divide(options->job.memory_bytes, options->job.worker_count);
	if (options->job.memory)
		tell_memory(&run->memory, options->job.memory);
	pthread_mutex_init(&run->plan.lock, NULL);
	pthread_mutex_init(&run->emit.lock, NULL);
	pthread_mutex_init(&run->failure.lock, NULL);
	pthread_mutex_init(&job->session_lock, NULL);
	pthread_cond_init(&run->emit.moved, NULL);
}

static void free_window(struct put_run *run)
{
	for (size_t i = 0; run->emit.window && i < run->emit.window_max; i++)
		put_batch_free(run->emit.window[i]);
	free(run->emit.window);
}

static void free_queue(struct queue *queue)
{
	void *item;

	while (queue && queue_try_take(queue, &item))
		large_item_free(item);
	queue_free(queue);
}

static void free_large(struct put_run *run)
{
	if (run->large.references != run->large.queue)
		free_queue(run->large.references);
	free_queue(run->large.queue);
}

static void release(struct put_job *job)
{
	struct put_run *run = &job->run;

	free_window(run);
	free_large(run);
	put_source_close(run->plan.source);
	version_edit_close(run->emit.edit);
	version_writer_close(run->emit.writer);
	spill_free(run->emit.side);
	stat_journal_close(run->journal);
	stat_cache_close(run->cache);
	blob_set_close(run->blobs);
	version_reader_close(job->onto);
	version_reader_close(job->same);
	bytes_release(&run->emit.same.last_path);
	bytes_release(&run->uploads.tree);
	version_reader_close(job->shared);
	version_reader_close(job->base);
	if (!job->part)
		session_close(job->session);
	collection_close(job->collection);
	pthread_cond_destroy(&run->emit.moved);
	pthread_mutex_destroy(&job->session_lock);
	pthread_mutex_destroy(&run->failure.lock);
	pthread_mutex_destroy(&run->emit.lock);
	pthread_mutex_destroy(&run->plan.lock);
	free(job->dead);
	free(job);
}

static void fill_report(struct put_job *job)
{
	struct muster_put_report *report = job->run.report;
	struct muster_progress *progress = job->run.progress;
	struct blob_counts counts = { 0 };

	if (job->run.blobs)
		counts = blob_set_counts(job->run.blobs);
	report->read_files = atomic_load(&progress->read_files);
	report->read_bytes = atomic_load(&progress->read_bytes);
	report->packed_blobs = counts.packed_count;
	report->packed_bytes = counts.packed_bytes;
	report->shared_blobs = counts.shared_count;
	report->shared_bytes = counts.shared_bytes;
	report->written_bytes += counts.packed_bytes;
	if (job->run.emit.writer)
		report->written_bytes += version_writer_counts(job->run.emit.writer).written_bytes;
	report->digest_collisions = counts.collision_count;
	report->continued_uploads = counts.continued_count;
	report->continued_bytes = counts.continued_bytes;
	report->ignored_uploads = atomic_load(&job->run.uploads.ignored_count);
	if (job->run.plan.source)
		report->special_files = put_source_special_count(job->run.plan.source);
}

static enum muster_code finish(struct put_job *job, enum muster_code code, struct muster_error *err)
{
	struct put_run *run = &job->run;
	bool cancelled = atomic_load(&run->progress->cancel);

	if (code || run->options->dry_run)
		return code;
	code = put_keep_work(job, err);
	if (!code && cancelled)
		return muster_fail(
			err, MUSTER_E_CANCELLED,
			"interrupted: what was done is kept, the same command continues");
	if (code)
		return code;
	return job->part ? put_end_part(job, err) : put_commit(job, err);
}

static enum muster_code run(struct repository *repository, const char *cache_dir,
			    const struct muster_put_options *options, struct put_part *part,
			    struct muster_put_report *report, struct muster_error *err)
{
	struct muster_error own = { 0 };
	struct intake_form form;
	struct put_job *job;
	enum muster_code code;

	if (!err)
		err = &own;
	*report = (struct muster_put_report){ 0 };
	code = check_options(options, err);
	if (!code)
		code = intake_form_of(&options->job, &form, err);
	if (code)
		return code;
	job = calloc(1, sizeof(*job));
	if (!job)
		return muster_fail_memory(err, "a put");
	job->repository = repository;
	job->part = part;
	init_run(job, options, &form, report);
	code = put_open(job, cache_dir, err);
	if (!code)
		code = put_work(&job->run, err);
	if (job->run.blobs)
		code = finish(job, code, err);
	fill_report(job);
	release(job);
	return code;
}

enum muster_code put_run(struct repository *repository, const char *cache_dir,
			 const struct muster_put_options *options, struct muster_put_report *report,
			 struct muster_error *err)
{
	return run(repository, cache_dir, options, NULL, report, err);
}

enum muster_code put_run_part(struct repository *repository, const char *cache_dir,
			      const struct muster_put_options *options, struct put_part *part,
			      struct muster_put_report *report, struct muster_error *err)
{
	part->has_added = false;
	return run(repository, cache_dir, options, part, report, err);
}
