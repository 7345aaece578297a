#include "engine/get/line.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "engine/intake/long_intake.h"

struct line_slot {
	uint64_t sequence;
	_Alignas(max_align_t) uint8_t batch[];
};

struct get_line {
	struct get_job *job;
	const struct get_line_ops *ops;
	void *state;
	size_t slot_count;
	struct line_slot **slots;
	struct queue *later;
	pthread_mutex_t later_lock; /* of who takes a first large item */
	atomic_uint later_active;
	atomic_bool is_filled; /* no worker has to stay with batches */

	struct {
		pthread_mutex_t lock;
		bool is_done;
		uint64_t next_sequence;
	} fill;

	struct {
		pthread_mutex_t lock;
		pthread_cond_t freed;
		struct line_slot **free_slots; /* a stack */
		size_t free_count;
		struct line_slot **window; /* a ring by sequence: worked on, not yet ended */
		uint64_t next_sequence;
	} end;
};

struct line_worker {
	struct get_line *line;
	void *worker;
	pthread_t thread;
};

/* `err` may still hold what was overcome before. */
static void note_failure(struct get_line *line, enum muster_code code, struct muster_error *err)
{
	if (err->code != code)
		muster_fail(err, code, "a worker failed without saying why");
	get_job_fail(line->job, err);
	*err = (struct muster_error){ 0 };
}

/* --- fill ----------------------------------------------------------------------------------- */

static struct line_slot *try_take_slot(struct get_line *line, bool must_wait)
{
	struct line_slot *slot = NULL;

	pthread_mutex_lock(&line->end.lock);
	while (must_wait && line->end.free_count == 0)
		pthread_cond_wait(&line->end.freed, &line->end.lock);
	if (line->end.free_count)
		slot = line->end.free_slots[--line->end.free_count];
	pthread_mutex_unlock(&line->end.lock);
	return slot;
}

static void drain(struct line_worker *worker, struct muster_error *err)
{
	const struct get_line_ops *ops = worker->line->ops;
	enum muster_code code = MUSTER_OK;

	if (ops->drain)
		code = ops->drain(worker->worker, err);
	if (code)
		note_failure(worker->line, code, err);
}

/* Who waits keeps no batch that others wait for. */
static struct line_slot *take_slot(struct line_worker *worker, struct muster_error *err)
{
	struct line_slot *slot = try_take_slot(worker->line, false);

	if (slot)
		return slot;
	drain(worker, err);
	return try_take_slot(worker->line, true);
}

static void free_slot_locked(struct get_line *line, struct line_slot *slot)
{
	line->end.free_slots[line->end.free_count++] = slot;
	pthread_cond_signal(&line->end.freed);
}

static enum muster_code fill_slot(struct get_line *line, struct line_slot *slot,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_END;

	pthread_mutex_lock(&line->fill.lock);
	if (!line->fill.is_done && !get_is_stopping(line->job))
		code = line->ops->fill(line->state, slot->batch, err);
	if (code)
		line->fill.is_done = true;
	atomic_store(&line->is_filled, line->fill.is_done);
	if (!code)
		slot->sequence = line->fill.next_sequence++;
	pthread_mutex_unlock(&line->fill.lock);
	return code;
}

/* NULL: there is no more. */
static struct line_slot *fill_next(struct line_worker *worker, struct muster_error *err)
{
	struct get_line *line = worker->line;
	struct line_slot *slot = take_slot(worker, err);
	enum muster_code code = fill_slot(line, slot, err);

	if (!code)
		return slot;
	if (code != MUSTER_END)
		note_failure(line, code, err);
	pthread_mutex_lock(&line->end.lock);
	free_slot_locked(line, slot);
	pthread_mutex_unlock(&line->end.lock);
	return NULL;
}

/* --- end ------------------------------------------------------------------------------------ */

static void end_slot(struct get_line *line, struct line_slot *done, struct muster_error *err)
{
	struct line_slot **first;

	pthread_mutex_lock(&line->end.lock);
	line->end.window[done->sequence % line->slot_count] = done;
	while (*(first = &line->end.window[line->end.next_sequence % line->slot_count])) {
		enum muster_code code = line->ops->end(line->state, (*first)->batch, err);

		if (code)
			note_failure(line, code, err);
		free_slot_locked(line, *first);
		*first = NULL;
		line->end.next_sequence++;
	}
	pthread_mutex_unlock(&line->end.lock);
}

void get_line_done(struct get_line *line, void *batch)
{
	uint8_t *start = batch;
	struct muster_error err = { 0 };

	end_slot(line, (struct line_slot *)(start - offsetof(struct line_slot, batch)), &err);
}

/* --- later ---------------------------------------------------------------------------------- */

bool get_line_later(struct get_line *line, void *item)
{
	return line->later && queue_try_put(line->later, item);
}

void *get_line_more(struct get_line *line, unsigned count)
{
	unsigned workers = line->job->large_count, active = atomic_load(&line->later_active);
	bool one_stays = workers == line->job->worker_count && !atomic_load(&line->is_filled);
	unsigned busy = active + one_stays; /* with the batches */
	unsigned idle = busy < workers ? workers - busy : 0;
	void *item;

	if (!line->later || !long_intake_may_take(count, queue_count(line->later), idle) ||
	    !queue_try_take(line->later, &item))
		return NULL;
	return item;
}

/* May one worker more be at large files, and is there one for it? Both in one step: who is refused
 * may end, because each that is counted has an item, and comes back for what waits then. */
static bool begin_later(struct get_line *line, bool source_is_done, void **item)
{
	unsigned most = line->job->large_count;
	bool may_begin;

	/* One worker stays with the batches while there are any. */
	if (!source_is_done && most == line->job->worker_count)
		most--;
	pthread_mutex_lock(&line->later_lock);
	may_begin = atomic_load(&line->later_active) < most && queue_try_take(line->later, item);
	if (may_begin)
		atomic_fetch_add(&line->later_active, 1);
	pthread_mutex_unlock(&line->later_lock);
	return may_begin;
}

static bool do_later(struct line_worker *worker, bool source_is_done, struct muster_error *err)
{
	struct get_line *line = worker->line;
	enum muster_code code;
	void *item;

	if (!line->later || !begin_later(line, source_is_done, &item))
		return false;
	drain(worker, err);
	code = line->ops->later(worker->worker, item, err);
	if (code)
		note_failure(line, code, err);
	atomic_fetch_sub(&line->later_active, 1);
	return true;
}

/* --- workers -------------------------------------------------------------------------------- */

static void *worker_main(void *arg)
{
	struct line_worker *worker = arg;
	struct get_line *line = worker->line;
	struct muster_error err = { 0 };
	bool source_is_done = false;

	while (!get_is_stopping(line->job)) {
		struct line_slot *slot;
		enum muster_code code;

		if (do_later(worker, source_is_done, &err))
			continue;
		if (source_is_done)
			break;
		slot = fill_next(worker, &err);
		if (!slot) {
			source_is_done = true;
			drain(worker, &err);
			continue;
		}
		code = line->ops->work(worker->worker, slot->batch, &err);
		if (code)
			note_failure(line, code, &err);
		if (!line->ops->drain)
			end_slot(line, slot, &err);
	}
	drain(worker, &err);
	return NULL;
}

static enum muster_code start_workers(struct get_line *line, struct line_worker *workers,
				      struct muster_error *err)
{
	unsigned count = line->job->worker_count, started = 0;
	enum muster_code code = MUSTER_OK;

	for (unsigned i = 0; i < count && !code; i++) {
		workers[i].line = line;
		code = line->ops->open_worker(&workers[i].worker, line->state, line, err);
	}
	for (; started < count && !code; started++) {
		int failed = pthread_create(&workers[started].thread, NULL, worker_main,
					    &workers[started]);

		if (failed) {
			code = muster_fail(err, MUSTER_E_IO, "start a worker: %s",
					   strerror(failed));
			get_job_fail(line->job, err);
			break;
		}
	}
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < count; i++)
		line->ops->close_worker(workers[i].worker);
	return code;
}

static enum muster_code open_slots(struct get_line *line, struct muster_error *err)
{
	line->slot_count = (size_t)line->job->worker_count *
			   (line->ops->drain ? GET_LINE_KEPT : GET_LINE_BATCHES);
	line->slots = calloc(line->slot_count, sizeof(*line->slots));
	line->end.free_slots = calloc(line->slot_count, sizeof(*line->end.free_slots));
	line->end.window = calloc(line->slot_count, sizeof(*line->end.window));
	if (!line->slots || !line->end.free_slots || !line->end.window)
		return muster_fail_memory(err, "batches");
	for (size_t i = 0; i < line->slot_count; i++) {
		line->slots[i] = calloc(1, sizeof(**line->slots) + line->ops->batch_bytes);
		if (!line->slots[i])
			return muster_fail_memory(err, "a batch");
		line->end.free_slots[line->end.free_count++] = line->slots[i];
	}
	return line->ops->later ? queue_new(&line->later, GET_LINE_LATER, err) : MUSTER_OK;
}

static void release(struct get_line *line)
{
	void *item;

	while (line->later && queue_try_take(line->later, &item))
		line->ops->drop(item);
	queue_free(line->later);
	for (size_t i = 0; line->slots && i < line->slot_count; i++)
		free(line->slots[i]);
	free(line->slots);
	free(line->end.free_slots);
	free(line->end.window);
	pthread_cond_destroy(&line->end.freed);
	pthread_mutex_destroy(&line->end.lock);
	pthread_mutex_destroy(&line->fill.lock);
	pthread_mutex_destroy(&line->later_lock);
}

enum muster_code get_line_run(struct get_job *job, const struct get_line_ops *ops, void *state,
			      struct muster_error *err)
{
	struct get_line line = { .job = job, .ops = ops, .state = state };
	struct line_worker *workers = calloc(job->worker_count, sizeof(*workers));
	enum muster_code code;

	if (!workers)
		return muster_fail_memory(err, "the workers");
	pthread_mutex_init(&line.fill.lock, NULL);
	pthread_mutex_init(&line.end.lock, NULL);
	pthread_mutex_init(&line.later_lock, NULL);
	pthread_cond_init(&line.end.freed, NULL);
	code = open_slots(&line, err);
	if (!code)
		code = start_workers(&line, workers, err);
	if (!code)
		code = get_job_failure(job, err);
	release(&line);
	free(workers);
	return code;
}
