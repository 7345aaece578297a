/* The bytes of packs: workers read them in big sequential pieces and hash every blob. One pack is
 * one job; the queue is short, because a job holds its directory. Packs of one large blob, whose
 * directories are nothing, are gathered: several are one job, and are read side by side. */
#include "engine/check/bytes_internal.h"

#include <stdlib.h>
#include <string.h>

#define LARGE_MAX 64 /* packs of one large blob that are gathered */

bool bytes_is_ending(const struct byte_check *check)
{
	return atomic_load_explicit(&check->failure.is_set, memory_order_acquire) ||
	       atomic_load_explicit(&check->run->progress->cancel, memory_order_relaxed);
}

/* --- workers ----------------------------------------------------------------------------- */

static void note_failure(struct byte_check *check, const struct muster_error *error)
{
	pthread_mutex_lock(&check->failure.lock);
	if (!check->failure.error.code)
		check->failure.error = *error;
	atomic_store_explicit(&check->failure.is_set, true, memory_order_release);
	pthread_mutex_unlock(&check->failure.lock);
}

static void free_jobs(struct pack_job *jobs)
{
	while (jobs) {
		struct pack_job *job = jobs;

		jobs = job->next;
		open_pack_release(&job->pack);
		free(job);
	}
}

/* Thread body: runs until the queue is closed and drained. */
static void *check_packs_of(void *arg)
{
	struct byte_worker *worker = arg;
	void *item;

	while (queue_take(worker->check->packs, &item)) {
		struct pack_job *jobs = item;
		struct muster_error err = { 0 };
		enum muster_code code = MUSTER_OK;

		if (!bytes_is_ending(worker->check))
			code = jobs->next ? bytes_check_large_packs(worker, jobs, &err)
					  : bytes_check_pack(worker, jobs, &err);
		if (code)
			note_failure(worker->check, &err);
		free_jobs(jobs);
	}
	return NULL;
}

static enum muster_code start_worker(struct byte_check *check, struct byte_worker *worker,
				     struct muster_error *err)
{
	int failed;

	worker->check = check;
	worker->buffer = malloc(check->run->buffer_bytes);
	if (!worker->buffer)
		return muster_fail_memory(err, "a worker's buffer");
	failed = pthread_create(&worker->thread, NULL, check_packs_of, worker);
	if (failed)
		return muster_fail(err, MUSTER_E_IO, "start a worker: %s", strerror(failed));
	check->started++;
	return MUSTER_OK;
}

enum muster_code byte_check_start(struct byte_check **out, struct check_run *run,
				  struct muster_error *err)
{
	struct byte_check *check = calloc(1, sizeof(*check));
	enum muster_code code;

	*out = check;
	if (!check)
		return muster_fail_memory(err, "the workers");
	check->run = run;
	pthread_mutex_init(&check->failure.lock, NULL);
	check->workers = calloc(run->worker_count, sizeof(*check->workers));
	if (!check->workers)
		return muster_fail_memory(err, "the workers");
	code = queue_new(&check->packs, 1, err);
	for (unsigned i = 0; i < run->worker_count && !code; i++)
		code = start_worker(check, &check->workers[i], err);
	return code;
}

/* --- jobs -------------------------------------------------------------------------------- */

/* Some of those that were gathered become one job. */
static void put_large(struct byte_check *check, unsigned count)
{
	struct pack_job *jobs = check->large, **end = &check->large;

	for (unsigned i = 0; i < count; i++)
		end = &(*end)->next;
	check->large = *end;
	*end = NULL;
	check->large_count -= count;
	queue_put(check->packs, jobs); /* closed only by byte_check_finish() */
}

/* As many for each worker; no more than a long intake reads at once. */
static void put_all_large(struct byte_check *check)
{
	for (unsigned left = check->run->worker_count; check->large_count; left -= left > 1) {
		unsigned share = (check->large_count + left - 1) / left;

		put_large(check, share < LONG_INTAKE_FILES ? share : LONG_INTAKE_FILES);
	}
}

static void gather(struct byte_check *check, struct pack_job *job)
{
	unsigned most = check->run->worker_count * LONG_INTAKE_FILES;

	job->next = check->large;
	check->large = job;
	/* Each keeps a file open. */
	if (++check->large_count >= (most < LARGE_MAX ? most : LARGE_MAX))
		put_all_large(check);
}

enum muster_code byte_check_put(struct byte_check *check, struct open_pack *pack,
				const struct pack_mark *mark, struct muster_error *err)
{
	struct pack_job *job;

	if (atomic_load_explicit(&check->failure.is_set, memory_order_acquire)) {
		*err = check->failure.error;
		return err->code;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		return muster_fail_memory(err, "a pack to check");
	job->pack = *pack;
	job->mark = *mark;
	*pack = (struct open_pack){ 0 };
	if (job->pack.trailer.blob_count == 1 && bytes_is_large(check->run, job->pack.blobs))
		gather(check, job);
	else
		queue_put(check->packs, job); /* closed only by byte_check_finish() */
	return MUSTER_OK;
}

enum muster_code byte_check_finish(struct byte_check *check, struct muster_error *err)
{
	enum muster_code code;

	if (!check)
		return MUSTER_OK;
	if (check->started == check->run->worker_count)
		put_all_large(check);
	free_jobs(check->large); /* nobody is there to do them */
	if (check->packs)
		queue_close(check->packs);
	for (unsigned i = 0; i < check->started; i++)
		pthread_join(check->workers[i].thread, NULL);
	for (unsigned i = 0; check->workers && i < check->run->worker_count; i++) {
		free(check->workers[i].buffer);
		long_intake_close(check->workers[i].large.intake);
		for (size_t h = 0; h < HASHER_KINDS; h++)
			hasher_free(check->workers[i].hashers[h]);
	}
	queue_free(check->packs);
	code = check->failure.error.code;
	if (code)
		*err = check->failure.error;
	pthread_mutex_destroy(&check->failure.lock);
	free(check->workers);
	free(check);
	return code;
}
