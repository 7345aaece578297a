/* A worker's part: small files go through its intake, which reads and hashes them, and come out in
 * path order to be packed. Files of several batches are on their way at once. */
#include "engine/put/put_internal.h"

#include <stdlib.h>
#include <string.h>

static void count_read(struct put_run *run, uint64_t bytes)
{
	atomic_fetch_add_explicit(&run->progress->read_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_bytes, bytes, memory_order_relaxed);
}

struct blob_key put_item_key(const struct put_run *run, const struct put_item *item)
{
	const struct entry *carried = item->carried;
	const struct fingerprint *of = carried ? &carried->fingerprint : &item->fingerprint;
	struct blob_key key = { .algorithm = (uint8_t)(carried ? carried->algorithm
							       : run->hashing.algorithm),
				.size_bytes = item->found.size_bytes,
				.has_identity = run->hashing.has_identity };

	memcpy(key.digest, of->digest, DIGEST_BYTES);
	memcpy(key.checksum, of->checksum, CHECKSUM_BYTES);
	memcpy(key.identity, of->identity, IDENTITY_BYTES);
	return key;
}

struct found_file put_found_as(const struct file_stat *stat)
{
	return (struct found_file){ stat->size_bytes, stat->mtime_ns, stat->ctime_ns, stat->inode };
}

void put_item_end(struct put_item *item, enum muster_code code, const struct muster_error *error)
{
	if (code == MUSTER_E_VANISHED)
		item->fate = ITEM_VANISHED;
	else if (code)
		put_item_fail(item, error);
}

/* --- what comes out -------------------------------------------------------------------------- */

/* Queue it for whoever is free; do it at once where the queue is full. */
static enum muster_code hand_on_large(struct put_worker *worker, struct put_item *item,
				      struct muster_error *err)
{
	struct large_item *large = large_item_new(item->batch, item);

	if (!large)
		return muster_fail_memory(err, "a large file");
	if (queue_try_put(put_large_queue(worker->run, item->is_reference), large))
		return MUSTER_OK;
	return put_ingest_large(worker, large, err);
}

static enum muster_code pack(struct put_worker *worker, struct put_item *item,
			     const struct intake_answer *answer, struct muster_error *err)
{
	struct blob_key key;

	item->found = put_found_as(&answer->after);
	item->fingerprint = *answer->fingerprint;
	count_read(worker->run, item->found.size_bytes);
	if (item->is_reference)
		return MUSTER_OK;
	key = put_item_key(worker->run, item);
	return blob_packer_put(worker->packer, &key, answer->data, &item->place, err);
}

static enum muster_code settle(struct put_worker *worker, struct put_item *item,
			       const struct intake_answer *answer, struct muster_error *err)
{
	switch (answer->code) {
	case MUSTER_OK:
		return pack(worker, item, answer, err);
	case MUSTER_FULL: /* it has grown */
		item->found = put_found_as(&answer->after);
		item->fate = ITEM_LARGE;
		return hand_on_large(worker, item, err);
	case MUSTER_E_CANCELLED: /* the batch will be forgotten */
		return MUSTER_OK;
	default:
		put_item_end(item, answer->code, answer->error);
		return MUSTER_OK;
	}
}

static void one_is_read(struct put_worker *worker, struct put_batch *batch)
{
	if (--batch->unread_count)
		return;
	worker->unread_count--;
	put_batch_leave(batch);
}

/* An intake_read_fn. */
static void item_was_read(void *state, void *cookie)
{
	struct put_item *item = cookie;

	one_is_read(state, item->batch);
}

/* Emits the worker's batches up to the first that is not settled. */
static enum muster_code emit_settled(struct put_worker *worker, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && worker->first && !worker->first->unsettled_count) {
		struct put_batch *batch = worker->first;

		worker->first = batch->next;
		worker->held_cost -= put_batch_cost(batch);
		code = put_emit(worker, batch, err);
	}
	return code;
}

/* An intake_done_fn. */
static enum muster_code item_is_done(void *state, void *cookie, const struct intake_answer *answer,
				     struct muster_error *err)
{
	struct put_worker *worker = state;
	struct put_item *item = cookie;
	enum muster_code code = settle(worker, item, answer, err);

	if (!answer->was_read)
		one_is_read(worker, item->batch);
	item->batch->unsettled_count--;
	if (code || answer->code == MUSTER_E_CANCELLED)
		return code;
	return emit_settled(worker, err);
}

/* --- what goes in ---------------------------------------------------------------------------- */

enum muster_code put_open_intake(struct put_worker *worker, const struct hash_options *hashing,
				 struct intake **out, struct muster_error *err)
{
	struct put_run *run = worker->run;
	struct intake_options options = { .hashing = *hashing,
					  .reader = { .kind = run->reader, .wants_stat = true },
					  .progress = run->progress,
					  .ring_bytes = run->memory.ring_bytes,
					  .read = item_was_read,
					  .done = item_is_done,
					  .state = worker };

	return intake_open(out, &options, err);
}

/* References are digested by MD5, whatever the repository's algorithm is. */
static enum muster_code need_intake(struct put_worker *worker, const struct put_item *item,
				    struct intake **out, struct muster_error *err)
{
	const struct hash_options by_md5 = { .algorithm = DIGEST_MD5,
					     .cpu = worker->run->hashing.cpu };
	enum muster_code code = MUSTER_OK;

	*out = worker->intake;
	if (!item->is_reference || worker->run->hashing.algorithm == DIGEST_MD5)
		return MUSTER_OK;
	if (!worker->reference_intake)
		code = put_open_intake(worker, &by_md5, &worker->reference_intake, err);
	*out = worker->reference_intake;
	return code;
}

static enum muster_code put_small(struct put_worker *worker, struct put_item *item,
				  struct muster_error *err)
{
	struct intake_file file = { .dir_fd = item->batch->dir_fd,
				    .name = item->name,
				    .size_bytes = item->found.size_bytes,
				    .has_found = true,
				    .found = { item->found.size_bytes, item->found.mtime_ns,
					       item->found.ctime_ns, item->found.inode },
				    .cookie = item };
	struct intake *intake;
	enum muster_code code = need_intake(worker, item, &intake, err);

	if (code)
		return code;
	item->batch->unread_count++;
	item->batch->unsettled_count++;
	return intake_put(intake, &file, err);
}

static enum muster_code put_items(struct put_worker *worker, struct put_batch *batch,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->item_count && !code; i++) {
		struct put_item *item = &batch->items[i];

		if (put_is_stopping(worker->run))
			return MUSTER_OK;
		if (item->fate == ITEM_READ)
			code = put_small(worker, item, err);
		else if (item->fate == ITEM_LARGE)
			code = hand_on_large(worker, item, err);
	}
	return code;
}

/* Nothing is read: only counted. */
static void plan_items(struct put_run *run, const struct put_batch *batch)
{
	for (size_t i = 0; i < batch->item_count; i++)
		if (batch->items[i].fate == ITEM_READ || batch->items[i].fate == ITEM_LARGE)
			count_read(run, batch->items[i].found.size_bytes);
}

static enum muster_code read_all(struct put_worker *worker, struct muster_error *err)
{
	enum muster_code code = intake_read_all(worker->intake, err);

	if (!code && worker->reference_intake)
		code = intake_read_all(worker->reference_intake, err);
	return code;
}

enum muster_code put_ingest(struct put_worker *worker, struct put_batch *batch,
			    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (worker->unread_count >= PUT_UNREAD_MAX)
		code = read_all(worker, err);
	/* Where few files are read, one would stay in its lane until others fill the lanes, and
	 * all that is kept would wait behind it. */
	if (!code && worker->held_cost >= worker->run->memory.held_item_count)
		code = put_ingest_drain(worker, err);
	if (code) {
		put_batch_free(batch);
		return code;
	}
	if (worker->first)
		worker->last->next = batch;
	else
		worker->first = batch;
	worker->last = batch;
	worker->held_cost += put_batch_cost(batch);
	worker->unread_count++;
	batch->unread_count = batch->unsettled_count = 1; /* while items go in */
	if (worker->run->options->dry_run)
		plan_items(worker->run, batch);
	else
		code = put_items(worker, batch, err);
	one_is_read(worker, batch);
	batch->unsettled_count--;
	return code ? code : emit_settled(worker, err);
}

enum muster_code put_ingest_drain(struct put_worker *worker, struct muster_error *err)
{
	enum muster_code code = intake_drain(worker->intake, err);

	if (!code && worker->reference_intake)
		code = intake_drain(worker->reference_intake, err);
	return code;
}

void put_ingest_cancel(struct put_worker *worker)
{
	struct put_batch *batch;

	if (worker->intake)
		intake_cancel(worker->intake);
	if (worker->reference_intake)
		intake_cancel(worker->reference_intake);
	while ((batch = worker->first)) {
		worker->first = batch->next;
		put_batch_free(batch);
	}
}
