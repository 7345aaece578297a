#include "engine/put/put_internal.h"

#include <stdlib.h>

bool put_is_stopping(struct put_run *run)
{
	return atomic_load_explicit(&run->failure.is_set, memory_order_acquire) ||
	       atomic_load_explicit(&run->progress->cancel, memory_order_relaxed);
}

/* Who waits for room in the window must see that the run ends. */
static void wake_all(struct put_run *run)
{
	pthread_mutex_lock(&run->emit.lock);
	pthread_cond_broadcast(&run->emit.moved);
	pthread_mutex_unlock(&run->emit.lock);
}

void put_run_fail(struct put_run *run, const struct muster_error *error)
{
	pthread_mutex_lock(&run->failure.lock);
	if (!atomic_load(&run->failure.is_set)) {
		run->failure.error = *error;
		atomic_store_explicit(&run->failure.is_set, true, memory_order_release);
	}
	pthread_mutex_unlock(&run->failure.lock);
	wake_all(run);
}

/* One worker stays with small files while there are any: they are what is emitted in order. */
static bool may_take_large(struct put_run *run, bool source_is_done)
{
	unsigned active = atomic_load(&run->large.active);

	return source_is_done || active + 1 < run->memory.worker_count;
}

static enum muster_code take_large(struct put_worker *worker, bool source_is_done, bool *did,
				   struct muster_error *err)
{
	struct put_run *run = worker->run;
	enum muster_code code;
	void *item;

	*did = false;
	if (!may_take_large(run, source_is_done) || (!queue_try_take(run->large.queue, &item) &&
						     !queue_try_take(run->large.references, &item)))
		return MUSTER_OK;
	*did = true;
	atomic_fetch_add(&run->large.active, 1);
	code = put_ingest_drain(worker, err); /* nobody may wait for our batches for minutes */
	if (code)
		large_item_free(item);
	else
		code = put_ingest_large(worker, item, err);
	atomic_fetch_sub(&run->large.active, 1);
	return code;
}

static enum muster_code work(struct put_worker *worker, struct muster_error *err)
{
	struct put_run *run = worker->run;
	bool source_is_done = false, did;
	struct put_batch *batch;
	enum muster_code code = MUSTER_OK;

	while (!code && !put_is_stopping(run)) {
		code = take_large(worker, source_is_done, &did, err);
		if (code || did)
			continue;
		if (source_is_done)
			break;
		code = put_plan_next(run, &batch, err);
		if (code == MUSTER_END) {
			source_is_done = true;
			code = MUSTER_OK;
			if (!put_is_stopping(run))
				code = put_ingest_drain(worker, err);
		} else if (!code) {
			code = put_ingest(worker, batch, err);
		}
	}
	put_ingest_cancel(worker); /* what is left was given up */
	if (!code)
		code = blob_packer_flush(worker->packer, err);
	return code ? code : put_emit_drain(run, err);
}

static void *worker_main(void *arg)
{
	struct put_worker *worker = arg;
	struct muster_error err = { 0 };

	if (work(worker, &err)) {
		if (!err.code)
			muster_fail(&err, MUSTER_E_IO, "a worker ended without saying why");
		put_run_fail(worker->run, &err);
	}
	return NULL;
}

static enum muster_code worker_init(struct put_worker *worker, struct put_run *run,
				    struct muster_error *err)
{
	enum muster_code code;

	worker->run = run;
	code = put_open_intake(worker, &run->hashing, &worker->intake, err);
	return code ? code : blob_packer_open(&worker->packer, run->blobs, err);
}

static void worker_release(struct put_worker *worker)
{
	intake_close(worker->reference_intake);
	intake_close(worker->intake);
	blob_packer_close(worker->packer);
	long_intake_close(worker->reference_long_intake);
	long_intake_close(worker->long_intake);
}

enum muster_code put_work(struct put_run *run, struct muster_error *err)
{
	struct put_worker *workers = calloc(run->memory.worker_count, sizeof(*workers));
	unsigned ready = 0, started = 0;
	enum muster_code code = MUSTER_OK;
	int failed = 0;

	if (!workers)
		return muster_fail_memory(err, "the workers");
	for (; ready < run->memory.worker_count && !code; ready++)
		code = worker_init(&workers[ready], run, err);
	for (; !code && started < run->memory.worker_count; started++) {
		failed = pthread_create(&workers[started].thread, NULL, worker_main,
					&workers[started]);
		if (failed) {
			code = muster_fail(err, MUSTER_E_IO, "start a worker: %s",
					   strerror(failed));
			put_run_fail(run, err);
			break;
		}
	}
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < ready; i++)
		worker_release(&workers[i]);
	free(workers);
	if (!code && atomic_load(&run->failure.is_set)) {
		*err = run->failure.error;
		code = run->failure.error.code;
	}
	return code;
}
