/**
 * line - some threads that fill batches, work on them, and end them.
 *
 *	fill (one at a time, in order) -> work (all at once) -> end (one at a time, in order)
 *
 * Whoever is free fills the next batch for itself: there is no thread and no queue between the
 * stages. Every batch that was filled is ended, also when the run is stopping; work and end then
 * see batches that are not done. What takes long in a batch (a large blob) may be given to
 * get_line_later() and is worked on by whoever is free, outside of the order; get_line_more() gives
 * further ones to do beside it.
 *
 * A worker may keep batches whose files are on their way (`drain`), and take the next one.
 *
 * Threads:  job->worker_count.
 * Memory:   GET_LINE_BATCHES batches a worker (GET_LINE_KEPT with `drain`), used again and again;
 *           GET_LINE_LATER items.
 * Pressure: who has no free batch drains, then waits for the earliest one to end; its worker waits
 *           for nobody.
 */
#ifndef ENGINE_GET_LINE_H
#define ENGINE_GET_LINE_H

#include "engine/get/job.h"

#define GET_LINE_BATCHES 3
#define GET_LINE_KEPT	 8
#define GET_LINE_LATER	 64

struct get_line;

struct get_line_ops {
	size_t batch_bytes; /* a batch is zeroed memory of so many bytes, made once */
	/* Fill an empty or used batch. MUSTER_END: there is no more. */
	enum muster_code (*fill)(void *state, void *batch, struct muster_error *err);
	enum muster_code (*work)(void *worker, void *batch, struct muster_error *err);
	/* NULL: a batch is done when `work` returns. Else the worker says so, by get_line_done(),
	 * at the latest when this returns: it is called before a worker waits, or does what takes
	 * long, and at its end, also when the run is stopping. */
	enum muster_code (*drain)(void *worker, struct muster_error *err);
	/* Must leave nothing in the batch that would have to be freed. */
	enum muster_code (*end)(void *state, void *batch, struct muster_error *err);
	/* Takes the item. Both NULL where nothing comes later. */
	enum muster_code (*later)(void *worker, void *item, struct muster_error *err);
	void (*drop)(void *item);
	enum muster_code (*open_worker)(void **worker, void *state, struct get_line *line,
					struct muster_error *err);
	void (*close_worker)(void *worker); /* takes NULL */
};

/** Run until `fill` has no more, the job is cancelled, or something failed. Failures of the stages
 *  are the job's, and returned. */
enum muster_code get_line_run(struct get_job *job, const struct get_line_ops *ops, void *state,
			      struct muster_error *err);
/** False: there is no room, do it now. Takes the item if true. */
bool get_line_later(struct get_line *line, void *item);
/** For who does `count` of what came later side by side: one more, or NULL. A share of those that
 *  wait is left to each worker that may still come for some. */
void *get_line_more(struct get_line *line, unsigned count);
/** A batch is done: to be called with `drain`, once for each that was given to `work`. */
void get_line_done(struct get_line *line, void *batch);

#endif
