#include "engine/get/worker.h"

#include <stdlib.h>

#include "engine/get/notes.h"
#include "planners/verification/verification.h"

/* --- what became of an item ------------------------------------------------------------------ */

static enum muster_code note_locked(struct get_writing *writing, const struct get_item *item,
				    bool is_late, struct muster_error *err)
{
	struct stat_record record;

	if (!writing->spool || !item->has_stat || item->entry.algorithm == DIGEST_TEXT ||
	    !item->entry.has_checksum)
		return MUSTER_OK;
	record = get_record_of(writing->job, item);
	return is_late ? get_spool_add_late(writing->spool, &record, err)
		       : get_spool_add(writing->spool, &record, err);
}

static enum muster_code end_item_locked(struct get_writing *writing, const struct get_item *item,
					bool is_late, struct muster_error *err)
{
	struct muster_get_report *report = writing->report;

	switch (item->fate) {
	case GET_WANTED: /* the run is stopping */
	case GET_LARGE:
		return MUSTER_OK;
	case GET_FAILED:
		get_report_failure(writing->job, item->entry.path, item->error);
		report->failed_items++;
		return MUSTER_OK;
	case GET_SKIPPED:
		report->skipped_references++;
		return MUSTER_OK;
	case GET_KEPT:
		report->kept_files++;
		break;
	case GET_DONE:
		report->written_files++;
		report->written_bytes += item->entry.size_bytes;
		break;
	}
	get_count(&writing->job->progress->done_files, 1);
	get_count(&writing->job->progress->done_bytes, item->entry.size_bytes);
	return note_locked(writing, item, is_late, err);
}

enum muster_code get_writing_end(struct get_writing *writing, struct get_batch *batch,
				 struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&writing->lock);
	for (size_t i = 0; i < batch->count && !code; i++)
		code = end_item_locked(writing, &batch->items[i], false, err);
	pthread_mutex_unlock(&writing->lock);
	get_batch_reset(batch);
	return code;
}

/* --- a worker -------------------------------------------------------------------------------- */

static enum muster_code init(struct get_worker *worker, struct muster_error *err)
{
	struct get_writing *writing = worker->writing;
	struct get_job *job = writing->job;
	struct get_sink sink;
	enum muster_code code;

	worker->tree = (struct get_tree){ .job = job,
					  .root_fd = writing->root_fd,
					  .notes_stats = writing->spool != NULL,
					  .may_prune = writing->may_prune,
					  .backup = writing->backup };
	worker->existing = (struct get_existing){ .tree = &worker->tree,
						  .overwrite = writing->overwrite,
						  .start_ns = writing->start_ns };
	sink = get_tree_sink(&worker->tree);
	get_existing_init(&worker->existing);
	code = get_tree_open(&worker->tree, err);
	return code ? code : get_fetcher_init(&worker->fetcher, job, &sink, err);
}

enum muster_code get_worker_open(void **out, struct get_writing *writing, struct get_line *line,
				 struct muster_error *err)
{
	struct get_worker *worker = calloc(1, sizeof(*worker));

	*out = worker;
	if (!worker)
		return muster_fail_memory(err, "a worker");
	worker->writing = writing;
	worker->line = line;
	return init(worker, err);
}

void get_worker_close(void *state)
{
	struct get_worker *worker = state;

	if (!worker)
		return;
	get_existing_release(&worker->existing);
	get_fetcher_release(&worker->fetcher);
	get_tree_close(&worker->tree);
	free(worker);
}

/* --- large items, side by side ---------------------------------------------------------------- */

static struct get_item *take_first(struct get_worker *worker)
{
	struct get_item *item = worker->large.first;

	worker->large.first = NULL;
	return item;
}

static struct get_item *next_to_look_at(void *state)
{
	struct get_worker *worker = state;
	struct get_item *item = take_first(worker);

	if (!item && worker->large.looked_count < LONG_INTAKE_FILES)
		item = get_line_more(worker->line, worker->large.looked_count);
	worker->large.looked_count += item != NULL;
	return item;
}

static struct get_item *next_to_fetch(void *state)
{
	struct get_worker *worker = state;
	struct get_item *item = worker->large.wanted;

	if (item) {
		worker->large.wanted = item->next;
		return item;
	}
	if (worker->writing->checks_existing)
		return NULL;
	item = take_first(worker);
	return item ? item : get_line_more(worker->line, get_fetch_count(&worker->fetcher));
}

static enum muster_code end_large(void *state, struct get_item *item, struct muster_error *err)
{
	struct get_worker *worker = state;
	enum muster_code code;

	pthread_mutex_lock(&worker->writing->lock);
	code = end_item_locked(worker->writing, item, true, err);
	pthread_mutex_unlock(&worker->writing->lock);
	get_item_free(item);
	return code;
}

static enum muster_code looked_at(void *state, struct get_item *item, struct muster_error *err)
{
	struct get_worker *worker = state;

	if (item->fate != GET_WANTED)
		return end_large(worker, item, err);
	item->next = worker->large.wanted;
	worker->large.wanted = item;
	return MUSTER_OK;
}

/* Nothing becomes of them: the run is stopping. */
static void drop_large(struct get_worker *worker)
{
	struct get_item *item;

	get_item_free(take_first(worker));
	while ((item = worker->large.wanted)) {
		worker->large.wanted = item->next;
		get_item_free(item);
	}
}

enum muster_code get_worker_later(void *state, void *later, struct muster_error *err)
{
	struct get_worker *worker = state;
	const struct get_larges look = { worker, next_to_look_at, looked_at };
	const struct get_larges fetch = { worker, next_to_fetch, end_large };
	enum muster_code code = MUSTER_OK;

	worker->large.first = later;
	worker->large.looked_count = 0;
	if (worker->writing->checks_existing)
		code = get_existing_check_large(&worker->existing, &look, err);
	if (!code && !get_is_stopping(worker->writing->job))
		code = get_fetch_large(&worker->fetcher, &fetch, err);
	drop_large(worker);
	return code;
}

void get_worker_drop(void *item)
{
	get_item_free(item);
}

/* Queue it for whoever is free; do it at once where the queue is full. */
static enum muster_code hand_on(struct get_worker *worker, struct get_item *item,
				struct muster_error *err)
{
	struct get_item *copy = get_item_copy(item);

	if (!copy)
		return muster_fail_memory(err, "a large file");
	item->fate = GET_LARGE;
	if (get_line_later(worker->line, copy))
		return MUSTER_OK;
	return get_worker_later(worker, copy, err);
}

static enum muster_code do_references(struct get_worker *worker, struct get_batch *batch,
				      struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_item *item = &batch->items[i];

		if (get_is_stopping(worker->writing->job))
			break;
		if (item->fate == GET_WANTED && verification_is_reference(&item->entry))
			code = get_reference(&worker->fetcher, item,
					     worker->writing->allow_missing_references, err);
	}
	return code;
}

static enum muster_code hand_on_large(struct get_worker *worker, struct get_batch *batch,
				      struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_item *item = &batch->items[i];

		if (item->fate == GET_WANTED && get_item_is_large(item) &&
		    !verification_is_reference(&item->entry))
			code = hand_on(worker, item, err);
	}
	return code;
}

enum muster_code get_worker_batch(void *state, void *filled, struct muster_error *err)
{
	struct get_worker *worker = state;
	struct get_batch *batch = filled;
	enum muster_code code = hand_on_large(worker, batch, err);

	if (!code && worker->writing->checks_existing)
		code = get_existing_check(&worker->existing, batch, err);
	if (!code)
		code = do_references(worker, batch, err);
	return code ? code : get_fetch_small(&worker->fetcher, batch, err);
}
