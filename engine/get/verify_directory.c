/* A directory against a version: walk and manifest step along in path order, workers read and hash
 * what only bytes can prove. Nothing is stat-ed beside what the walk needs. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/get/found.h"
#include "engine/get/hashing.h"
#include "engine/get/line.h"
#include "engine/get/verify.h"
#include "engine/statcache/stat_cache.h"
#include "io/file/read.h"

struct directory_run {
	struct verify_run *run;
	struct walk *walk;
	struct get_merge merge;
	struct stat_cache *cache; /* quick only; NULL: none */
};

struct directory_worker {
	struct directory_run *directory;
	struct get_line *line;
	struct get_hashing hashing;
};

/* A large file, on its own. */
struct directory_later {
	struct get_found found;
	struct get_walk *walk;
};

/* --- fill ------------------------------------------------------------------------------------ */

static void judge(struct directory_run *directory, struct get_found *item)
{
	bool quick = directory->run->options->quick;
	const struct stat_record *known =
		directory->cache ? stat_cache_find(directory->cache, item->path) : NULL;

	item->verdict = verification_judge(quick, item->has_entry ? &item->entry : NULL,
					   item->has_file ? &item->stat : NULL, known);
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

/* --- work ------------------------------------------------------------------------------------ */

static void judge_hashed(void *state, void *cookie, const struct fingerprint *fingerprint)
{
	struct directory_worker *worker = state;
	struct get_found *item = cookie;

	item->verdict = verification_has(&item->entry, fingerprint, worker->hashing.has_identity)
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

static void count_read(struct directory_worker *worker, uint64_t files, uint64_t bytes)
{
	struct muster_progress *progress = worker->directory->run->job.progress;

	get_count(&progress->read_files, files);
	get_count(&progress->read_bytes, bytes);
}

static enum muster_code read_small(struct directory_worker *worker, struct get_found *item,
				   struct muster_error *err)
{
	uint64_t size_bytes = item->entry.has_size ? item->entry.size_bytes : item->stat.size_bytes;
	struct muster_error error = { 0 };
	uint8_t *room;
	enum muster_code code =
		get_hashing_room(&worker->hashing, item->entry.algorithm, size_bytes, &room, err);

	if (code)
		return code;
	code = file_read_whole(item->walk->batch->dir_fd, item->name, size_bytes, room,
			       size_bytes + 1, NULL, &error);
	if (code) {
		note_read_error(item, &error);
		return MUSTER_OK;
	}
	count_read(worker, 1, size_bytes);
	get_hashing_add(&worker->hashing, size_bytes, item);
	return MUSTER_OK;
}

static enum muster_code hash_chunks(struct directory_worker *worker, int fd, struct get_found *item,
				    struct hasher *hasher, struct muster_error *error)
{
	uint8_t *buffer = worker->hashing.buffer;
	struct fingerprint fingerprint;
	uint64_t done = 0;
	enum muster_code code;
	size_t got;

	hash_begin(hasher);
	while (!(code = file_read_at(fd, done, buffer, GET_CHUNK_BYTES, &got, error)) && got) {
		if (get_is_stopping(&worker->directory->run->job))
			return muster_fail(error, MUSTER_E_CANCELLED, "interrupted");
		hash_update(hasher, view_of(buffer, got));
		count_read(worker, 0, got);
		done += got;
	}
	hash_end(hasher, &fingerprint);
	if (code)
		return code;
	count_read(worker, 1, 0);
	judge_hashed(worker, item, &fingerprint);
	if (item->entry.has_size && done != item->entry.size_bytes)
		item->verdict = VERIFICATION_CHANGED;
	return MUSTER_OK;
}

/* MUSTER_END: the run is stopping, nothing is known of the file. */
static enum muster_code read_large(struct directory_worker *worker, struct get_found *item,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	struct hasher *hasher;
	int fd;
	enum muster_code code = get_hashing_flush(&worker->hashing, err);

	if (!code)
		code = get_hashing_hasher(&worker->hashing, item->entry.algorithm, &hasher, err);
	if (code)
		return code;
	code = file_open(item->walk->batch->dir_fd, item->name, &fd, NULL, &error);
	if (!code) {
		code = hash_chunks(worker, fd, item, hasher, &error);
		close(fd);
	}
	if (code == MUSTER_E_CANCELLED)
		return MUSTER_END;
	if (code)
		note_read_error(item, &error);
	return MUSTER_OK;
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

/* What comes later, or was not come to, is marked by having neither entry nor file. */
static void set_aside(struct get_found *item)
{
	item->has_entry = item->has_file = false;
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

	get_walk_unref(later->walk);
	free(later->found.read_error);
	free(later);
}

static enum muster_code do_later(void *state, void *item, struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct directory_later *later = item;
	struct verify_run *run = worker->directory->run;
	enum muster_code code = read_large(worker, &later->found, err);

	if (!code) {
		pthread_mutex_lock(&run->lock);
		end_item_locked(run, &later->found);
		pthread_mutex_unlock(&run->lock);
	}
	drop_later(later);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code hand_on(struct directory_worker *worker, struct get_found *item,
				struct muster_error *err)
{
	struct directory_later *later = malloc(sizeof(*later));

	if (!later)
		return muster_fail_memory(err, "a large file");
	*later = (struct directory_later){ *item, get_walk_ref(item->walk) };
	set_aside(item);
	if (get_line_later(worker->line, later))
		return MUSTER_OK;
	return do_later(worker, later, err);
}

static enum muster_code work(void *state, void *filled, struct muster_error *err)
{
	struct directory_worker *worker = state;
	struct get_found_batch *batch = filled;
	bool is_stopping = false;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_found *item = &batch->items[i];

		if (item->error || item->verdict != VERIFICATION_READ)
			continue;
		is_stopping = is_stopping || get_is_stopping(&worker->directory->run->job);
		if (is_stopping)
			set_aside(item);
		else if (item->stat.size_bytes > PACK_BLOB_MAX_BYTES)
			code = hand_on(worker, item, err);
		else
			code = read_small(worker, item, err);
	}
	return code ? code : get_hashing_flush(&worker->hashing, err);
}

/* --- the run --------------------------------------------------------------------------------- */

static void close_worker(void *state)
{
	struct directory_worker *worker = state;

	if (!worker)
		return;
	get_hashing_release(&worker->hashing);
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
	worker->hashing.fn = judge_hashed;
	worker->hashing.state = worker;
	return get_hashing_init(&worker->hashing, directory->run->job.has_identity,
				GET_BUFFER_BYTES, err);
}

static enum muster_code open_walk(struct directory_run *directory, struct muster_error *err)
{
	const struct muster_verify_options *options = directory->run->options;
	struct walk_options walk = { .thread_count = GET_READERS,
				     .wanted = options->rules.wanted ? get_rules_want : NULL,
				     .wanted_state = &options->rules };

	return walk_open(&directory->walk, options->directory, &walk, err);
}

enum muster_code verify_directory(struct verify_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_found_batch),
						 .fill = fill,
						 .work = work,
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
