/* The stored bytes of a version: every entry's blob is read and hashed, as a get would. */
#include <stdlib.h>

#include "engine/get/fetch.h"
#include "engine/get/line.h"
#include "engine/get/verify.h"
#include "planners/verification/verification.h"

#define BATCH_BYTES (32u << 20)

struct stored_worker {
	struct verify_run *run;
	struct get_line *line;
	struct get_fetcher fetcher;
	struct get_item *first; /* of the large ones that it does side by side */
};

static enum muster_code fill(void *state, void *filled, struct muster_error *err)
{
	struct verify_run *run = state;
	struct get_batch *batch = filled;
	uint64_t small_bytes = 0;
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	get_batch_reset(batch);
	while (get_batch_has_room(batch) && small_bytes < BATCH_BYTES) {
		struct get_item *item;

		code = get_select_next(&run->selection, run->version, &entry, err);
		if (code)
			break;
		item = get_batch_add(batch, &entry);
		if (verification_is_reference(&entry))
			item->fate = GET_SKIPPED;
		else if (!get_item_is_large(item))
			small_bytes += entry.size_bytes;
	}
	if (code == MUSTER_END && batch->count)
		return MUSTER_OK; /* the version answers the same once more */
	if (code)
		get_batch_reset(batch);
	return code;
}

static void end_item_locked(struct verify_run *run, const struct get_item *item)
{
	static const enum muster_drift_kind kinds[] = {
		[GET_FAULT_OTHER] = MUSTER_DRIFT_UNREADABLE,
		[GET_FAULT_ABSENT] = MUSTER_DRIFT_MISSING,
		[GET_FAULT_DIGEST] = MUSTER_DRIFT_CHANGED,
	};

	if (item->fate == GET_SKIPPED) {
		run->report->skipped_references++;
	} else if (item->fate == GET_FAILED) {
		verify_drift_locked(run, kinds[item->fault], item->entry.path, item->error);
		verify_checked_locked(run, item->entry.size_bytes);
	} else if (item->fate == GET_DONE) {
		verify_checked_locked(run, item->entry.size_bytes);
	}
}

static enum muster_code end(void *state, void *done, struct muster_error *err)
{
	struct verify_run *run = state;
	struct get_batch *batch = done;

	(void)err;
	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < batch->count; i++)
		end_item_locked(run, &batch->items[i]);
	pthread_mutex_unlock(&run->lock);
	get_batch_reset(batch);
	return MUSTER_OK;
}

static void drop_later(void *item)
{
	get_item_free(item);
}

static struct get_item *next_large(void *state)
{
	struct stored_worker *worker = state;
	struct get_item *item = worker->first;

	worker->first = NULL;
	return item ? item : get_line_more(worker->line, get_fetch_count(&worker->fetcher));
}

static enum muster_code end_large(void *state, struct get_item *item, struct muster_error *err)
{
	struct stored_worker *worker = state;

	(void)err;
	pthread_mutex_lock(&worker->run->lock);
	end_item_locked(worker->run, item);
	pthread_mutex_unlock(&worker->run->lock);
	get_item_free(item);
	return MUSTER_OK;
}

static enum muster_code do_later(void *state, void *later, struct muster_error *err)
{
	struct stored_worker *worker = state;
	struct get_larges larges = { worker, next_large, end_large };
	enum muster_code code;

	worker->first = later;
	code = get_fetch_large(&worker->fetcher, &larges, err);
	get_item_free(worker->first); /* if it was not even begun */
	worker->first = NULL;
	return code;
}

static enum muster_code hand_on(struct stored_worker *worker, struct get_item *item,
				struct muster_error *err)
{
	struct get_item *copy = get_item_copy(item);

	if (!copy)
		return muster_fail_memory(err, "a large file");
	item->fate = GET_LARGE;
	if (get_line_later(worker->line, copy))
		return MUSTER_OK;
	return do_later(worker, copy, err);
}

static enum muster_code work(void *state, void *filled, struct muster_error *err)
{
	struct stored_worker *worker = state;
	struct get_batch *batch = filled;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_item *item = &batch->items[i];

		if (item->fate == GET_WANTED && get_item_is_large(item))
			code = hand_on(worker, item, err);
	}
	return code ? code : get_fetch_small(&worker->fetcher, batch, err);
}

/* Proven is enough. */
static enum muster_code take_whole(void *state, struct get_item *item, struct view data,
				   struct muster_error *err)
{
	(void)state;
	(void)item;
	(void)data;
	(void)err;
	return MUSTER_OK;
}

static enum muster_code take_nothing(void *state, struct get_item *item, struct muster_error *err)
{
	return take_whole(state, item, (struct view){ 0 }, err);
}

static void take_abort(void *state, struct get_item *item)
{
	take_nothing(state, item, NULL);
}

static void close_worker(void *state)
{
	struct stored_worker *worker = state;

	if (!worker)
		return;
	get_fetcher_release(&worker->fetcher);
	free(worker);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	static const struct get_sink sink = { .whole = take_whole,
					      .begin = take_nothing,
					      .piece = take_whole,
					      .end = take_nothing,
					      .abort = take_abort };
	struct verify_run *run = state;
	struct stored_worker *worker = calloc(1, sizeof(*worker));

	*out = worker;
	if (!worker)
		return muster_fail_memory(err, "a worker");
	worker->run = run;
	worker->line = line;
	worker->fetcher.only_checksum = run->options->quick;
	return get_fetcher_init(&worker->fetcher, &run->job, &sink, err);
}

enum muster_code verify_stored(struct verify_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_batch),
						 .fill = fill,
						 .work = work,
						 .end = end,
						 .later = do_later,
						 .drop = drop_later,
						 .open_worker = open_worker,
						 .close_worker = close_worker };

	return get_line_run(&run->job, &ops, run, err);
}
