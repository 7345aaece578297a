#include "engine/get/job.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static unsigned count_processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (unsigned)count : 1;
}

enum muster_code get_job_init(struct get_job *job, const struct get_start *start,
			      const struct muster_job *options, struct muster_error *err)
{
	enum muster_code code;

	job->start = start;
	job->options = options;
	job->progress = options->progress ? options->progress : &job->own_progress;
	job->store = repository_store(start->repository);
	job->sys = start->sys ? start->sys : sys_system();
	job->worker_count = options->worker_count ? options->worker_count : count_processors();
	/* They hash more than they wait, and a few side by side fill the lanes. */
	job->large_count = count_processors();
	if (job->large_count > job->worker_count)
		job->large_count = job->worker_count;
	job->algorithm = repository_algorithm(start->repository);
	job->has_identity = repository_has_identity(start->repository);
	job->ring_bytes = intake_ring_bytes(options->memory_bytes, job->worker_count);
	pthread_mutex_init(&job->failure.lock, NULL);
	pthread_mutex_init(&job->index.lock, NULL);
	code = intake_form_of(options, &job->form, err);
	if (!code)
		code = pack_cache_open(&job->packs, job->store, repository_id(start->repository),
				       PACK_CACHE_BYTES, err);
	return code;
}

struct hash_options get_job_hashing(const struct get_job *job, enum digest_algorithm algorithm)
{
	return (struct hash_options){ .algorithm = algorithm,
				      .has_identity = job->has_identity,
				      .cpu = job->form.cpu };
}

void get_job_release(struct get_job *job)
{
	index_set_close(job->index.set);
	pack_cache_close(job->packs);
	pthread_mutex_destroy(&job->index.lock);
	pthread_mutex_destroy(&job->failure.lock);
}

bool get_is_cancelled(const struct get_job *job)
{
	return atomic_load_explicit(&job->progress->cancel, memory_order_relaxed);
}

bool get_is_stopping(const struct get_job *job)
{
	return get_is_cancelled(job) ||
	       atomic_load_explicit(&job->failure.is_set, memory_order_acquire);
}

void get_job_fail(struct get_job *job, const struct muster_error *error)
{
	pthread_mutex_lock(&job->failure.lock);
	if (!atomic_load(&job->failure.is_set)) {
		job->failure.error = *error;
		atomic_store_explicit(&job->failure.is_set, true, memory_order_release);
	}
	pthread_mutex_unlock(&job->failure.lock);
}

enum muster_code get_job_failure(struct get_job *job, struct muster_error *err)
{
	if (!atomic_load_explicit(&job->failure.is_set, memory_order_acquire))
		return MUSTER_OK;
	*err = job->failure.error;
	return err->code;
}

bool get_is_fatal(const struct muster_error *error)
{
	return muster_ends_job(error->code) ||
	       (error->code == MUSTER_E_IO &&
		(error->sys_errno == ENOSPC || error->sys_errno == EDQUOT ||
		 error->sys_errno == EROFS));
}

void get_report_failure(struct get_job *job, struct view path, const struct muster_error *error)
{
	static const struct muster_error forgotten = { .code = MUSTER_E_MEMORY,
						       .message = "out of memory" };

	job->failed_items++;
	get_count(&job->progress->failed_items, 1);
	if (job->options->on_failure)
		job->options->on_failure(job->options->on_failure_state, (const char *)path.ptr,
					 path.len, error ? error : &forgotten);
}

/* The index, not older than GET_INDEX_AGE_NS where that is asked for. */
static enum muster_code need_index(struct get_job *job, bool must_be_new, struct index_set **out,
				   struct muster_error *err)
{
	uint64_t now_ns = effects_boot_ns(effects_system());
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&job->index.lock);
	if (!job->index.set) {
		code = index_set_open(&job->index.set, job->store,
				      repository_id(job->start->repository), err);
		job->index.listed_ns = now_ns;
	} else if (must_be_new && now_ns - job->index.listed_ns > GET_INDEX_AGE_NS) {
		code = index_set_refresh(job->index.set, err);
		job->index.listed_ns = now_ns;
	}
	*out = job->index.set;
	pthread_mutex_unlock(&job->index.lock);
	return code;
}

/* Another copy than the one that was tried; where there is none, that one a second time. */
static enum muster_code find_copy(struct index_set *index, const struct blob_key *key,
				  const struct placement *tried, struct placement *out,
				  struct muster_error *err)
{
	enum muster_code code = index_set_find_other(index, key, tried, out, err);

	return code == MUSTER_ABSENT && tried ? index_set_find(index, key, out, err) : code;
}

enum muster_code get_job_index_find(struct get_job *job, const struct blob_key *key,
				    const struct placement *tried, struct placement *out,
				    struct muster_error *err)
{
	struct index_set *index;
	enum muster_code code = need_index(job, false, &index, err);

	if (!code)
		code = find_copy(index, key, tried, out, err);
	if (code != MUSTER_ABSENT)
		return code;
	code = need_index(job, true, &index, err);
	return code ? code : find_copy(index, key, tried, out, err);
}

enum muster_code get_report_begin(struct muster_get_report *report, const struct get_start *start,
				  const char *directory, struct muster_error *err)
{
	*report = (struct muster_get_report){ 0 };
	get_copy_text(report->version, sizeof(report->version), start->version_text);
	get_copy_text(report->directory, sizeof(report->directory), directory);
	if (!directory || !*directory)
		return muster_fail(err, MUSTER_E_USAGE, "name a directory");
	return MUSTER_OK;
}

void get_count_version(struct get_job *job, const struct version_reader *version)
{
	const struct manifest_footer *footer = version_reader_footer(version);

	atomic_store(&job->progress->total_files, footer->entry_count);
	atomic_store(&job->progress->total_bytes, footer->size_bytes);
	atomic_store(&job->progress->total_is_known, true);
}

enum muster_code get_fail_interrupted(const char *working, bool can_continue,
				      struct muster_error *err)
{
	if (!working)
		return muster_fail(err, MUSTER_E_CANCELLED,
				   "interrupted: what was done stays, the same command continues");
	return muster_fail(err, MUSTER_E_CANCELLED,
			   can_continue ? "interrupted: what was done is in '%s', the same command "
					  "continues"
					: "interrupted: what was done is in '%s'",
			   working);
}

enum muster_code get_open_version(struct get_job *job, struct version_reader **out,
				  struct muster_error *err)
{
	static const struct version_reader_options with_placement = { .with_placement = true,
								      .reads_on = true };
	enum muster_code code = version_reader_open(out, job->store, &job->start->version->manifest,
						    &with_placement, err);

	if (!code)
		job->algorithm = version_reader_footer(*out)->algorithm;
	return code;
}

void get_copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}
