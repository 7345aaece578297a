/* Large files: a worker reads several side by side, so that they are hashed in lanes; each becomes
 * a pack of its own.
 *
 * A file that has exactly the size of some stored blob is hashed first, and read a second time, to
 * be packed, only if it is not that blob. One that changes while it is read is read once more; so
 * is one whose upload a killed run began with other bytes that cannot be replaced. */
#include "engine/put/put_internal.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 2

struct large_item *large_item_new(const struct put_batch *batch, const struct put_item *item)
{
	struct large_item *large = calloc(1, sizeof(*large));

	if (!large)
		return NULL;
	large->dir_fd = batch->dir_fd;
	large->name = strdup(item->name);
	large->path = strndup((const char *)item->path.ptr, item->path.len);
	if (item->is_reference)
		large->ref = strndup((const char *)item->ref.ptr, item->ref.len);
	large->walk = shared_walk_ref(batch->walk);
	if (!large->name || !large->path || (item->is_reference && !large->ref)) {
		large_item_free(large);
		return NULL;
	}
	large->item = (struct put_item){ .path = view_text(large->path),
					 .name = large->name,
					 .fate = ITEM_READ,
					 .is_reference = item->is_reference,
					 .is_news = true };
	if (large->ref)
		large->item.ref = view_text(large->ref);
	return large;
}

/* --- one file -------------------------------------------------------------------------------- */

/* Its entry goes to the side run. Takes the file. */
static enum muster_code emit(struct put_worker *worker, struct large_item *large,
			     enum muster_code code, const struct muster_error *error,
			     struct muster_error *err)
{
	put_item_end(&large->item, code, error);
	if (!code)
		atomic_fetch_add_explicit(&worker->run->progress->read_files, 1,
					  memory_order_relaxed);
	code = put_emit_late(worker->run, &large->item, err);
	large_item_free(large);
	return code;
}

static enum muster_code begin(void *state, void *cookie, const struct file_stat *found,
			      struct muster_error *err)
{
	struct put_worker *worker = state;
	struct large_item *large = cookie;
	enum muster_code code;

	large->item.found = put_found_as(found);
	large->is_hashed_first = !large->item.is_reference && !large->is_new &&
				 blob_set_has_large_size(worker->run->blobs, found->size_bytes);
	if (large->item.is_reference || large->is_hashed_first)
		return MUSTER_OK;
	code = blob_stream_begin(&large->stream, worker->run->blobs,
				 put_open_upload(worker->run, large, found->size_bytes), err);
	if (code != MUSTER_EXISTS)
		return code;
	large->is_hashed_first = true; /* what a killed run made of it, perhaps */
	return MUSTER_OK;
}

static size_t room(void *state, void *cookie, bool may_wait)
{
	struct large_item *large = cookie;

	(void)state;
	return large->stream ? blob_stream_room(large->stream, may_wait) : SIZE_MAX;
}

static enum muster_code chunk(void *state, void *cookie, struct view data, struct muster_error *err)
{
	struct large_item *large = cookie;
	enum muster_code code;

	(void)state;
	if (!large->stream)
		return MUSTER_OK;
	code = blob_stream_append(large->stream, data, err);
	return code == MUSTER_E_CHANGED ? MUSTER_END : code;
}

/* Hashed, perhaps for the first time only. */
static enum muster_code finish(struct put_worker *worker, struct large_item *large, bool *again,
			       struct muster_error *err)
{
	struct blob_set *blobs = worker->run->blobs;
	struct blob_key key = put_item_key(worker->run, &large->item);
	struct blob_stream *stream = large->stream;
	enum muster_code code = MUSTER_OK;

	large->stream = NULL;
	if (stream) {
		code = blob_stream_finish(stream, &key, &large->item.place, err);
	} else if (large->is_hashed_first) {
		code = blob_set_find(blobs, &key, &large->item.place, err);
		*again = large->is_new = code == MUSTER_ABSENT;
		if (*again)
			return MUSTER_OK;
		if (!code)
			blob_set_count_shared(blobs, key.size_bytes);
	}
	if (code) {
		large_item_free(large);
		return code;
	}
	return emit(worker, large, MUSTER_OK, NULL, err);
}

static enum muster_code end(void *state, void *cookie, const struct long_answer *answer,
			    bool *again, struct muster_error *err)
{
	struct put_worker *worker = state;
	struct large_item *large = cookie;

	if (!answer->code) {
		large->item.fingerprint = *answer->fingerprint;
		return finish(worker, large, again, err);
	}
	if (answer->code == MUSTER_END)
		blob_stream_abort(large->stream);
	else
		blob_stream_leave(large->stream);
	large->stream = NULL;
	if (answer->code == MUSTER_END) {
		*again = true; /* as a new upload: the old one is gone */
		return MUSTER_OK;
	}
	if (answer->code == MUSTER_E_CANCELLED) {
		large_item_free(large);
		return MUSTER_OK;
	}
	*again = answer->code == MUSTER_E_CHANGED && ++large->attempt_count < ATTEMPTS;
	return *again ? MUSTER_OK : emit(worker, large, answer->code, answer->error, err);
}

/* --- which files ----------------------------------------------------------------------------- */

struct queue *put_large_queue(struct put_run *run, bool is_reference)
{
	return is_reference ? run->large.references : run->large.queue;
}

/* Those that wait are for all workers that may come for them. */
static bool may_take_more(const struct put_worker *worker)
{
	unsigned workers = worker->run->memory.worker_count;
	unsigned active = atomic_load(&worker->run->large.active);

	return long_intake_may_take(long_intake_count(worker->running),
				    queue_count(worker->running_queue),
				    active < workers ? workers - active : 0);
}

static enum muster_code next(void *state, struct long_file *out, struct muster_error *err)
{
	struct put_worker *worker = state;
	struct large_item *large = worker->large;
	void *item;

	(void)err;
	worker->large = NULL;
	if (!large) {
		if (!may_take_more(worker) || !queue_try_take(worker->running_queue, &item))
			return MUSTER_END;
		large = item;
	}
	*out = (struct long_file){ .dir_fd = large->dir_fd, .name = large->name, .cookie = large };
	return MUSTER_OK;
}

static bool is_stopping(void *run)
{
	return put_is_stopping(run);
}

/* References are hashed by MD5, whatever the repository's algorithm is. */
static enum muster_code need_long_intake(struct put_worker *worker, bool is_reference,
					 struct muster_error *err)
{
	struct long_ops ops = { .state = worker,
				.next = next,
				.begin = begin,
				.room = room,
				.chunk = chunk,
				.end = end,
				.is_stopping = is_stopping,
				.run = worker->run,
				.read_bytes = &worker->run->progress->read_bytes };
	struct hash_options hashing = worker->run->hashing;
	struct long_intake **intake = &worker->long_intake;
	enum muster_code code = MUSTER_OK;

	worker->running_queue = put_large_queue(worker->run, is_reference);
	if (worker->running_queue != worker->run->large.queue) {
		intake = &worker->reference_long_intake;
		hashing.algorithm = DIGEST_MD5;
		hashing.has_identity = false;
	}
	if (!*intake)
		code = long_intake_open(intake, &hashing, &ops, err);
	worker->running = *intake;
	return code;
}

enum muster_code put_ingest_large(struct put_worker *worker, struct large_item *large,
				  struct muster_error *err)
{
	enum muster_code code;

	/* Nobody may wait for our pack while we read for minutes. */
	code = blob_packer_flush(worker->packer, err);
	if (!code)
		code = put_emit_drain(worker->run, err);
	if (!code)
		code = need_long_intake(worker, large->item.is_reference, err);
	worker->large = large;
	if (!code)
		code = long_intake_run(worker->running, err);
	large_item_free(worker->large); /* if it was not even begun */
	worker->large = NULL;
	return code;
}
