#include "engine/transfer/import_internal.h"

#include <stdlib.h>

#define TABLE_SHARE 8 /* of the memory; there may be two tables */

/* Beyond IMPORT_TEXT_BYTES one entry with all its texts at their longest. */
#define BATCH_TEXT_BYTES                                                                           \
	(IMPORT_TEXT_BYTES + ENTRY_PATH_MAX_BYTES + 3 * ENTRY_TEXT_MAX_BYTES +                     \
	 ENTRY_EXTRA_MAX_BYTES + 5)

bool import_is_stopping(struct import_run *run)
{
	return atomic_load_explicit(&run->failure.is_set, memory_order_acquire) ||
	       atomic_load_explicit(&run->progress->cancel, memory_order_relaxed);
}

static void fail_run(struct import_run *run, const struct muster_error *error)
{
	pthread_mutex_lock(&run->failure.lock);
	if (!atomic_load(&run->failure.is_set)) {
		run->failure.error = *error;
		atomic_store_explicit(&run->failure.is_set, true, memory_order_release);
	}
	pthread_mutex_unlock(&run->failure.lock);
}

static enum muster_code open_set(struct import_run *run, enum digest_algorithm algorithm,
				 struct blob_set **out, struct muster_error *err)
{
	struct blob_set_options options = {
		.algorithm = algorithm,
		.has_identity = repository_has_identity(run->repository),
		.table_bytes = run->options->job.memory_bytes / TABLE_SHARE,
		.next_id = session_next_object,
		.next_id_state = run->session,
		.is_usable = import_is_usable,
		.usable_state = run->repository,
	};

	memcpy(options.repository_id, repository_id(run->repository), 16);
	return blob_set_open(out, run->store, &options, err);
}

enum muster_code import_need_set(struct import_run *run, enum digest_algorithm algorithm,
				 struct blob_set **out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&run->blobs.lock);
	if (!run->blobs.of[algorithm])
		code = open_set(run, algorithm, &run->blobs.of[algorithm], err);
	*out = run->blobs.of[algorithm];
	pthread_mutex_unlock(&run->blobs.lock);
	return code;
}

struct hash_options import_hashing(const struct import_run *run, enum digest_algorithm algorithm)
{
	return (struct hash_options){
		.algorithm = algorithm,
		.has_identity = repository_has_identity(run->repository),
		.cpu = run->form.cpu,
	};
}

enum muster_code import_need_packer(struct import_worker *worker, enum digest_algorithm algorithm,
				    struct blob_packer **out, struct muster_error *err)
{
	struct blob_set *set;
	enum muster_code code = import_need_set(worker->run, algorithm, &set, err);

	if (!code && !worker->packers[algorithm])
		code = blob_packer_open(&worker->packers[algorithm], set, err);
	*out = worker->packers[algorithm];
	return code;
}

static enum muster_code work(struct import_worker *worker, struct muster_error *err)
{
	struct import_run *run = worker->run;
	enum muster_code code = MUSTER_OK;

	while (!code && !import_is_stopping(run)) {
		code = import_read_next(run, &worker->batch, err);
		if (!code)
			code = import_ingest(worker, err);
		/* A batch that was cut short is of no use. */
		if (!code && !import_is_stopping(run))
			code = import_emit(run, &worker->batch, err);
	}
	if (code == MUSTER_END)
		code = MUSTER_OK;
	for (size_t i = 0; i < IMPORT_ALGORITHM_MAX && !code; i++)
		if (worker->packers[i])
			code = blob_packer_flush(worker->packers[i], err);
	return code;
}

static void *worker_main(void *arg)
{
	struct import_worker *worker = arg;
	struct muster_error err = { 0 };

	if (work(worker, &err)) {
		if (!err.code)
			muster_fail(&err, MUSTER_E_IO, "a worker ended without saying why");
		fail_run(worker->run, &err);
	}
	return NULL;
}

static enum muster_code worker_init(struct import_worker *worker, struct import_run *run,
				    struct muster_error *err)
{
	worker->run = run;
	worker->intakes.options = (struct intake_options){
		.hashing = import_hashing(run, DIGEST_MD5),
		.reader.kind = run->form.reader,
		.progress = run->progress,
		.ring_bytes = run->ring_bytes,
		.done = import_small_is_done,
		.state = worker,
	};
	return bytes_reserve(&worker->batch.text, BATCH_TEXT_BYTES, err);
}

static void worker_release(struct import_worker *worker)
{
	intake_set_release(&worker->intakes);
	import_large_release(worker);
	for (size_t i = 0; i < IMPORT_ALGORITHM_MAX; i++)
		blob_packer_close(worker->packers[i]);
	bytes_release(&worker->batch.text);
}

enum muster_code import_work(struct import_run *run, struct muster_error *err)
{
	unsigned count = run->options->job.worker_count, ready = 0, started = 0;
	struct import_worker *workers = calloc(count, sizeof(*workers));
	enum muster_code code = MUSTER_OK;

	if (!workers)
		return muster_fail_memory(err, "the workers");
	for (; ready < count && !code; ready++)
		code = worker_init(&workers[ready], run, err);
	for (; !code && started < count; started++) {
		int failed = pthread_create(&workers[started].thread, NULL, worker_main,
					    &workers[started]);

		if (failed) {
			code = muster_fail(err, MUSTER_E_IO, "start a worker: %s",
					   strerror(failed));
			fail_run(run, err);
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
		code = err->code;
	}
	return code;
}
