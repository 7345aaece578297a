/* A directory against a version: walk and manifest step along in path order, workers read and hash
 * what only bytes can prove. Files of several batches are on their way at once.
 *
 * Nothing is stat'ed beside what the walk needs, unless stats are all that is asked for (`quick`):
 * a file is opened, its entry's size and one byte more are read, and it is closed. */
#include <stdlib.h>

#include "engine/get/found.h"
#include "engine/get/line.h"
#include "engine/get/verify.h"
#include "engine/intake/long_intake.h"
#include "engine/statcache/stat_cache.h"

/* Half of the batches that a worker may keep: a file comes out before they run short. */
#define FILE_MAX   (GET_LINE_KEPT / 2 * GET_FOUND_MAX)
#define UNREAD_MAX 3

struct directory_run {
	struct verify_run *run;
	struct walk *walk;
	struct get_merge merge;
	struct stat_cache *cache; /* quick only; NULL: none */
};

struct directory_worker {
	struct directory_run *directory;
	struct get_line *line;
	struct intake_set intakes;
	unsigned unread_count;	       /* of its batches: each keeps directories open */
	struct long_intake *large;     /* NULL until it is needed */
	struct directory_later *first; /* of those that it will read side by side */
};

/* A large file, on its own. */
struct directory_later {
	struct get_found found;
	struct get_walk *walk;
};

/* --- fill ------------------------------------------------------------------------------------ */

static void judge(struct directory_run *directory, struct get_found *item)
{
	item->verdict = verification_judge(&(struct verification_facts){
		.quick = directory->run->options->quick,
		.has_file = item->has_file,
		.entry = item->has_entry ? &item->entry : NULL,
		.found = item->has_stat ? &item->stat : NULL,
		.known = directory->cache ? stat_cache_find(directory->cache, item->path) : NULL,
	});
}

static enum muster_code fill(void *state, void *filled, struct muster_error *err)
{
	struct directory_run *directory = state;
	struct get_found_batch *batch = filled;
	enum muster_code code = get_merge_fill(&directory->merge, batch, err);

	for (size_t i = 0; i < batch->count && !code; i++)
		if (!batch->items[i].error)
			judge(directory, &batch->items[i]);
	return code;
}

/* --- what is known of an item ----------------------------------------------------------------- */

static void count_read(struct directory_worker *worker, uint64_t files, uint64_t bytes)
{
	struct muster_progress *progress = worker->directory->run->job.progress;

	get_count(&progress->read_files, files);
	get_count(&progress->read_bytes, bytes);
}

static void judge_hashed(struct directory_worker *worker, struct get_found *item,
			 const struct fingerprint *fingerprint)
{
	bool has_identity = worker->directory->run->job.has_identity;

	item->verdict = verification_has(&item->entry, fingerprint, has_identity)
				? VERIFICATION_EQUAL
				: VERIFICATION_CHANGED;
}

static void note_read_error(struct get_found *item, const struct muster_error *error)
{
	if (error->code == MUSTER_E_VANISHED) {
		item->verdict = VERIFICATION_MISSING;
	} else if (error->code == MUSTER_E_CHANGED) {
		item->verdict = VERIFICATION_CHANGED;
	} else {
		item->read_error = malloc(sizeof(*item->read_error));
		if (item->read_error)
			*item->read_error = *error;
		item->verdict = VERIFICATION_READ; /* which no item is that was read */
	}
}

/* What comes later, or was not come to, is marked by having neither entry nor file. */
static void set_aside(struct get_found *item)
{
	item->has_entry = item->has_file = false;
}

/* --- end ------------------------------------------------------------------------------------- */

static void end_item_locked(struct verify_run *run, const struct get_found *item)
{
	static const struct muster_error forgotten = { .code = MUSTER_E_MEMORY,
						       .message = "out of memory" };

	if (item->error) {
		verify_drift_locked(run, MUSTER_DRIFT_UNREADABLE, item->path, item->error);
		return;
	}
	switch (item->verdict) {
	case VERIFICATION_EQUAL:
		break;
	case VERIFICATION_READ:
		verify_drift_locked(run, MUSTER_DRIFT_UNREADABLE, item->path,
				    item->read_error ? item->read_error : &forgotten);
		return;
	case VERIFICATION_MISSING:
		verify_drift_locked(run, MUSTER_DRIFT_MISSING, item->path, NULL);
		break;
	case VERIFICATION_CHANGED:
		verify_drift_locked(run, MUSTER_DRIFT_CHANGED, item->path, NULL);
		break;
	case VERIFICATION_EXTRA:
		verify_drift_locked(run, MUSTER_DRIFT_EXTRA, item->path, NULL);
		return;
	case VERIFICATION_REFERENCE:
		run->report->skipped_references++;
		return;
	}
	verify_checked_locked(run, item->entry.size_bytes);
}

static enum muster_code end(void *state, void *done, struct muster_error *err)
{
	struct directory_run *directory = state;
	struct get_found_batch *batch = done;

	(void)err;
	pthread_mutex_lock(&directory->run->lock);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].has_entry || batch->items[i].has_file)
			end_item_locked(directory->run, &batch->items[i]);
	pthread_mutex_unlock(&directory->run->lock);
	get_found_reset(batch);
	return MUSTER_OK;
}

/* --- large files ----------------------------------------------------------------------------- */

static void drop_later(void *item)
{
	struct directory_later *later = item;

	if (!later)
		return;
	get_walk_leave(later->walk);
	get_walk_unref(later->walk);
	free(later->found.read_error);
	free(later);
}

static enum muster_code next_large(void *state, struct long_file *out, struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct directory_later *later = worker->first;

	(void)err;
	worker->first = NULL;
	if (!later)
		later = get_line_more(worker->line, long_intake_count(worker->large));
	if (!later)
		return MUSTER_END;
	*out = (struct long_file){ .dir_fd = later->walk->batch->dir_fd,
				   .name = later->found.name,
				   .cookie = later,
				   .algorithm = later->found.entry.algorithm };
	return MUSTER_OK;
}

/* A long_ops `begin`: of another size, it need not be read. */
static enum muster_code compare_size(void *state, void *cookie, const struct file_stat *found,
				     struct muster_error *err)
{
	const struct directory_later *later = cookie;
	const struct entry *entry = &later->found.entry;

	(void)state;
	(void)err;
	return entry->has_size && entry->size_bytes != found->size_bytes ? MUSTER_END : MUSTER_OK;
}

static enum muster_code count_chunk(void *state, void *cookie, struct view data,
				    struct muster_error *err)
{
	(void)cookie;
	(void)err;
	count_read(state, 0, data.len);
	return MUSTER_OK;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct verify_run *run = worker->directory->run;
	struct directory_later *later = cookie;

	(void)again;
	(void)err;
	if (answer->code == MUSTER_E_CANCELLED) { /* nothing is known of it */
		drop_later(later);
		return MUSTER_OK;
	}
	if (answer->code == MUSTER_END) {
		later->found.verdict = VERIFICATION_CHANGED;
	} else if (answer->code) {
		note_read_error(&later->found, answer->error);
	} else {
		count_read(worker, 1, 0);
		judge_hashed(worker, &later->found, answer->fingerprint);
	}
	pthread_mutex_lock(&run->lock);
	end_item_locked(run, &later->found);
	pthread_mutex_unlock(&run->lock);
	drop_later(later);
	return MUSTER_OK;
}

static bool is_stopping(void *state)
{
	const struct directory_worker *worker = state;

	return get_is_stopping(&worker->directory->run->job);
}

static enum muster_code need_large(struct directory_worker *worker, struct muster_error *err)
{
	struct long_ops ops = { .state = worker,
				.next = next_large,
				.begin = compare_size,
				.chunk = count_chunk,
				.end = end_large,
				.is_stopping = is_stopping };
	const struct get_job *job = &worker->directory->run->job;
	struct hash_options hashing = get_job_hashing(job, job->algorithm);

	return worker->large ? MUSTER_OK : long_intake_open(&worker->large, &hashing, &ops, err);
}

static enum muster_code do_later(void *state, void *item, struct muster_error *err)
{
	struct directory_worker *worker = state;
	enum muster_code code = need_large(worker, err);

	worker->first = item;
	if (!code)
		code = long_intake_run(worker->large, err);
	drop_later(worker->first); /* if it was not even begun */
	worker->first = NULL;
	return code;
}

/* --- small files ------------------------------------------------------------------------------ */

static void one_is_read(struct directory_worker *worker, struct get_found_batch *batch)
{
	if (--batch->unread_count)
		return;
	worker->unread_count--;
	get_found_leave(batch);
}

static void one_is_settled(struct directory_worker *worker, struct get_found_batch *batch)
{
	if (!--batch->unsettled_count)
		get_line_done(worker->line, batch);
}

/* An intake_read_fn. */
static void item_was_read(void *state, void *cookie)
{
	struct get_found *item = cookie;

	one_is_read(state, item->batch);
}

/* An intake_done_fn. */
static enum muster_code item_is_done(void *state, void *cookie, const struct intake_answer *answer,
				     struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct get_found *item = cookie;

	(void)err;
	if (answer->code == MUSTER_E_CANCELLED) {
		set_aside(item);
	} else if (answer->code) {
		note_read_error(item, answer->error);
	} else {
		count_read(worker, 1, answer->data.len);
		judge_hashed(worker, item, answer->fingerprint);
	}
	if (!answer->was_read)
		one_is_read(worker, item->batch);
	one_is_settled(worker, item->batch);
	return MUSTER_OK;
}

static enum muster_code put_small(struct directory_worker *worker, struct get_found *item,
				  struct muster_error *err)
{
	struct intake_file file = { .dir_fd = item->walk->batch->dir_fd,
				    .name = item->name,
				    .size_bytes = get_found_bytes(item),
				    .cookie = item };
	struct intake *intake;
	enum muster_code code =
		intake_set_need(&worker->intakes, item->entry.algorithm, &intake, err);

	item->batch->unread_count++;
	item->batch->unsettled_count++;
	if (!code)
		code = intake_put(intake, &file, err);
	if (!code)
		return MUSTER_OK;
	set_aside(item); /* it was not taken */
	one_is_read(worker, item->batch);
	one_is_settled(worker, item->batch);
	return code;
}

static enum muster_code drain(void *state, struct muster_error *err)
{
	struct directory_worker *worker = state;
	enum muster_code code = intake_set_drain(&worker->intakes, err);

	if (code)
		intake_set_cancel(&worker->intakes);
	return code;
}

static enum muster_code hand_on(struct directory_worker *worker, struct get_found *item,
				struct muster_error *err)
{
	struct directory_later *later = malloc(sizeof(*later));
	enum muster_code code;

	if (!later)
		return muster_fail_memory(err, "a large file");
	*later = (struct directory_later){ *item, get_walk_ref(item->walk) };
	set_aside(item);
	if (get_line_later(worker->line, later))
		return MUSTER_OK;
	code = drain(worker, err); /* nobody may wait for our batches for minutes */
	if (!code)
		return do_later(worker, later, err);
	drop_later(later);
	return code;
}

static enum muster_code do_item(struct directory_worker *worker, struct get_found *item,
				struct muster_error *err)
{
	uint64_t small_max = intake_small_max(worker->directory->run->job.ring_bytes);
	bool has_size = item->has_stat || item->entry.has_size;

	/* Of what has no size yet, only a descriptor tells it: that is how large files begin. */
	if (!has_size || get_found_bytes(item) > small_max)
		return hand_on(worker, item, err);
	return put_small(worker, item, err);
}

static enum muster_code work(void *state, void *filled, struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct get_found_batch *batch = filled;
	enum muster_code code = MUSTER_OK;

	if (worker->unread_count == UNREAD_MAX)
		code = intake_set_read_all(&worker->intakes, err);
	worker->unread_count++;
	batch->unread_count = batch->unsettled_count = 1; /* while items go in */
	for (size_t i = 0; i < batch->count; i++) {
		struct get_found *item = &batch->items[i];

		if (item->error || item->verdict != VERIFICATION_READ)
			continue;
		if (code || is_stopping(worker))
			set_aside(item);
		else
			code = do_item(worker, item, err);
	}
	one_is_read(worker, batch);
	one_is_settled(worker, batch);
	return code;
}

/* --- the run --------------------------------------------------------------------------------- */

static void close_worker(void *state)
{
	struct directory_worker *worker = state;

	if (!worker)
		return;
	intake_set_release(&worker->intakes);
	long_intake_close(worker->large);
	free(worker);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	struct directory_run *directory = state;
	struct directory_worker *worker = calloc(1, sizeof(*worker));

	*out = worker;
	if (!worker)
		return muster_fail_memory(err, "a worker");
	worker->directory = directory;
	worker->line = line;
	worker->intakes.options = (struct intake_options){
		.hashing = get_job_hashing(&directory->run->job, DIGEST_MD5),
		.reader.kind = directory->run->job.form.reader,
		.progress = directory->run->job.progress,
		.ring_bytes = directory->run->job.ring_bytes,
		.file_max = FILE_MAX,
		.read = item_was_read,
		.done = item_is_done,
		.state = worker,
	};
	return MUSTER_OK;
}

static enum muster_code open_walk(struct directory_run *directory, struct muster_error *err)
{
	const struct muster_verify_options *options = directory->run->options;
	struct walk_options walk = { .thread_count = GET_READERS,
				     .wanted = options->rules.wanted ? get_rules_want : NULL,
				     .wanted_state = &options->rules,
				     .types_only = !options->quick };

	return walk_open(&directory->walk, options->directory, &walk, err);
}

enum muster_code verify_directory(struct verify_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_found_batch),
						 .fill = fill,
						 .work = work,
						 .drain = drain,
						 .end = end,
						 .later = do_later,
						 .drop = drop_later,
						 .open_worker = open_worker,
						 .close_worker = close_worker };
	struct directory_run directory = { .run = run };
	const char *cache_dir = run->job.start->cache_dir;
	enum muster_code code = open_walk(&directory, err);

	directory.merge = (struct get_merge){ .walk = directory.walk,
					      .version = run->version,
					      .selection = &run->selection };
	if (!code && run->options->quick && cache_dir) /* without it sizes must do */
		stat_cache_open(&directory.cache, cache_dir, run->options->directory, NULL, NULL,
				NULL);
	if (!code)
		code = get_line_run(&run->job, &ops, &directory, err);
	get_merge_release(&directory.merge);
	stat_cache_close(directory.cache);
	if (directory.walk)
		walk_close(directory.walk);
	return code;
}
