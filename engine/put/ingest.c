/* A worker's part: read what the plan did not keep, hash it, pack it. Small files are read back to
 * back into the worker's buffer, hashed as one batch and packed from there in path order. */
#include "engine/put/put_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGE_CHUNK_BYTES (1u << 20)

/* Small files in the buffer, waiting for hash and pack. */
struct group {
	size_t count, used_bytes;
	struct put_item *items[PUT_BATCH_MAX];
	struct hash_request requests[PUT_BATCH_MAX];
};

static void count_read(struct put_run *run, uint64_t bytes)
{
	atomic_fetch_add_explicit(&run->progress->read_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_bytes, bytes, memory_order_relaxed);
}

static struct blob_key key_of(const struct put_run *run, const struct put_item *item)
{
	struct blob_key key = { .algorithm = (uint8_t)run->hashing.algorithm,
				.size_bytes = item->found.size_bytes,
				.has_identity = run->hashing.has_identity };

	memcpy(key.digest, item->fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, item->fingerprint.checksum, CHECKSUM_BYTES);
	memcpy(key.identity, item->fingerprint.identity, IDENTITY_BYTES);
	return key;
}

static enum muster_code pack_group(struct put_worker *worker, struct group *group,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	bool is_reference = group->count && group->items[0]->is_reference;

	/* A batch comes from one input: its items are all references, or none is. */
	hash_batch(is_reference ? worker->reference_hasher : worker->hasher, group->requests,
		   group->count);
	for (size_t i = 0; i < group->count && !code; i++) {
		struct put_item *item = group->items[i];
		struct blob_key key;

		item->fingerprint = group->requests[i].fingerprint;
		if (is_reference)
			continue;
		key = key_of(worker->run, item);
		code = blob_packer_put(worker->packer, &key, group->requests[i].data, &item->place,
				       err);
	}
	group->count = 0;
	group->used_bytes = 0;
	return code;
}

static bool is_same_file(const struct found_file *found, const struct file_stat *after)
{
	return found->size_bytes == after->size_bytes && found->mtime_ns == after->mtime_ns &&
	       found->ctime_ns == after->ctime_ns;
}

static struct found_file found_as(const struct file_stat *stat)
{
	return (struct found_file){ stat->size_bytes, stat->mtime_ns, stat->ctime_ns, stat->inode };
}

static void set_fate(struct put_item *item, enum muster_code code, const struct muster_error *error)
{
	if (code == MUSTER_E_VANISHED)
		item->fate = ITEM_VANISHED;
	else if (code)
		put_item_fail(item, error);
}

/* A file that changed since the walk, or while it was read, is looked at again, once. Answers
 * MUSTER_OK (its bytes are in `out`), MUSTER_FULL (it needs more room), or why it failed. */
static enum muster_code read_twice(int dir_fd, struct put_item *item, uint8_t *out, size_t room,
				   struct muster_error *error)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		struct file_stat after;
		enum muster_code code;

		if (item->found.size_bytes + 1 > room)
			return MUSTER_FULL;
		code = file_read_whole(dir_fd, item->name, item->found.size_bytes, out, room,
				       &after, error);
		if (code && code != MUSTER_E_CHANGED)
			return code;
		if (!code && is_same_file(&item->found, &after))
			return MUSTER_OK;
		item->found = found_as(&after);
		if (item->found.size_bytes > PACK_BLOB_MAX_BYTES) {
			item->fate = ITEM_LARGE;
			return MUSTER_OK;
		}
	}
	return muster_fail(error, MUSTER_E_CHANGED, "it changed while it was read, twice");
}

/* Read one small file behind the others; makes room first where it needs to. */
static enum muster_code read_small(struct put_worker *worker, struct put_batch *batch,
				   struct put_item *item, struct group *group,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;

	for (;;) {
		uint8_t *out = worker->buffer + group->used_bytes;

		code = read_twice(batch->dir_fd, item, out,
				  worker->run->buffer_bytes - group->used_bytes, &error);
		if (code != MUSTER_FULL)
			break;
		code = pack_group(worker, group, err);
		if (code)
			return code;
	}
	if (code) {
		set_fate(item, code, &error);
		return MUSTER_OK;
	}
	if (item->fate != ITEM_READ)
		return MUSTER_OK;
	count_read(worker->run, item->found.size_bytes);
	group->requests[group->count].data =
		view_of(worker->buffer + group->used_bytes, item->found.size_bytes);
	group->items[group->count++] = item;
	group->used_bytes += item->found.size_bytes;
	return MUSTER_OK;
}

static struct large_item *large_item_new(const struct put_batch *batch, const struct put_item *item)
{
	struct large_item *large = calloc(1, sizeof(*large));

	if (!large)
		return NULL;
	large->dir_fd = batch->dir_fd;
	large->found = item->found;
	large->name = strdup(item->name);
	large->path = strndup((const char *)item->path.ptr, item->path.len);
	if (item->is_reference)
		large->ref = strndup((const char *)item->ref.ptr, item->ref.len);
	large->walk = shared_walk_ref(batch->walk);
	if (large->name && large->path && (large->ref || !item->is_reference))
		return large;
	large_item_free(large);
	return NULL;
}

/* Queue it for whoever is free; do it at once where the queue is full. */
static enum muster_code hand_on_large(struct put_worker *worker, struct put_batch *batch,
				      struct put_item *item, struct muster_error *err)
{
	struct large_item *large = large_item_new(batch, item);

	if (!large)
		return muster_fail_memory(err, "a large file");
	if (queue_try_put(worker->run->large.queue, large))
		return MUSTER_OK;
	return put_ingest_large(worker, large, err);
}

enum muster_code put_ingest(struct put_worker *worker, struct put_batch *batch,
			    struct muster_error *err)
{
	struct group group;
	enum muster_code code = MUSTER_OK;

	group.count = group.used_bytes = 0;
	if (worker->run->options->dry_run) {
		for (size_t i = 0; i < batch->item_count; i++)
			if (batch->items[i].fate == ITEM_READ || batch->items[i].fate == ITEM_LARGE)
				count_read(worker->run, batch->items[i].found.size_bytes);
		return MUSTER_OK;
	}
	for (size_t i = 0; i < batch->item_count && !code; i++) {
		struct put_item *item = &batch->items[i];

		if (put_is_stopping(worker->run))
			return MUSTER_OK;
		if (item->fate == ITEM_READ)
			code = read_small(worker, batch, item, &group, err);
		if (!code && item->fate == ITEM_LARGE)
			code = hand_on_large(worker, batch, item, err);
	}
	return code ? code : pack_group(worker, &group, err);
}

/* --- large files ---------------------------------------------------------------------------- */

/* An attempt at one large file. Failures of the file go to `error`, those of the run to `err`. */
struct large_attempt {
	struct put_worker *worker;
	struct put_item *item;
	int fd;
	struct muster_error error;
};

/* One pass over the file: hash, and pack if `stream`. */
static enum muster_code read_pass(struct large_attempt *attempt, struct blob_stream *stream,
				  struct muster_error *err)
{
	struct put_worker *worker = attempt->worker;
	struct hasher *hasher =
		attempt->item->is_reference ? worker->reference_hasher : worker->hasher;
	uint64_t done = 0;
	enum muster_code code;
	size_t got;

	hash_begin(hasher);
	while (!(code = file_read_at(attempt->fd, done, worker->buffer, LARGE_CHUNK_BYTES, &got,
				     &attempt->error)) &&
	       got) {
		struct view chunk = view_of(worker->buffer, got);

		if (put_is_stopping(worker->run))
			return muster_fail(&attempt->error, MUSTER_E_CANCELLED, "interrupted");
		hash_update(hasher, chunk);
		if (stream && (code = blob_stream_append(stream, chunk, err)))
			return code;
		done += got;
		atomic_fetch_add_explicit(&worker->run->progress->read_bytes, got,
					  memory_order_relaxed);
	}
	hash_end(hasher, &attempt->item->fingerprint);
	if (!code && done != attempt->item->found.size_bytes)
		code = muster_fail(&attempt->error, MUSTER_E_CHANGED,
				   "it changed while it was read, twice");
	return code;
}

/* Asked first where some stored blob has exactly this size: is this the one? */
static enum muster_code hash_first(struct large_attempt *attempt, bool *is_stored,
				   struct muster_error *err)
{
	struct put_run *run = attempt->worker->run;
	struct blob_key key;
	enum muster_code code;

	if (!blob_set_has_large_size(run->blobs, attempt->item->found.size_bytes))
		return MUSTER_OK;
	code = read_pass(attempt, NULL, err);
	if (code)
		return code;
	key = key_of(run, attempt->item);
	code = blob_set_find(run->blobs, &key, &attempt->item->place, err);
	*is_stored = code == MUSTER_OK;
	if (*is_stored)
		blob_set_count_shared(run->blobs, key.size_bytes);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* Only bytes of one state of the file are stored. */
static enum muster_code check_unchanged(struct large_attempt *attempt)
{
	struct file_stat after;
	enum muster_code code = file_stat_fd(attempt->fd, &after, &attempt->error);

	if (!code && !is_same_file(&attempt->item->found, &after))
		code = muster_fail(&attempt->error, MUSTER_E_CHANGED,
				   "it changed while it was read, twice");
	return code;
}

static enum muster_code pack_large(struct large_attempt *attempt, struct muster_error *err)
{
	struct put_run *run = attempt->worker->run;
	struct blob_stream *stream;
	struct blob_key key;
	bool is_stored = false;
	enum muster_code code;

	if (attempt->item->is_reference) {
		code = read_pass(attempt, NULL, err);
		return code ? code : check_unchanged(attempt);
	}
	code = hash_first(attempt, &is_stored, err);

	if (code || is_stored)
		return code ? code : check_unchanged(attempt);
	code = blob_stream_begin(&stream, run->blobs, err);
	if (code)
		return code;
	code = read_pass(attempt, stream, err);
	if (!code)
		code = check_unchanged(attempt);
	if (code) {
		blob_stream_abort(stream);
		return code;
	}
	key = key_of(run, attempt->item);
	return blob_stream_finish(stream, &key, &attempt->item->place, err);
}

static enum muster_code try_large(struct large_attempt *attempt, int dir_fd,
				  struct muster_error *err)
{
	struct file_stat now;
	enum muster_code code =
		file_open(dir_fd, attempt->item->name, &attempt->fd, &now, &attempt->error);

	if (code)
		return code;
	attempt->item->found = found_as(&now);
	code = pack_large(attempt, err);
	close(attempt->fd);
	return code;
}

static enum muster_code ingest_large(struct put_worker *worker, struct large_item *large,
				     struct muster_error *err)
{
	struct put_item item = { .path = view_text(large->path),
				 .name = large->name,
				 .fate = ITEM_READ,
				 .is_reference = large->ref != NULL,
				 .is_news = true };
	struct large_attempt attempt = { .worker = worker, .item = &item };
	enum muster_code code = MUSTER_E_CHANGED;

	if (large->ref)
		item.ref = view_text(large->ref);
	for (int n = 0; n < 2 && code == MUSTER_E_CHANGED; n++) {
		attempt.error = (struct muster_error){ 0 };
		code = try_large(&attempt, large->dir_fd, err);
	}
	/* Only `code` says whether it failed: `err` may hold what a retry has overcome. */
	if (code && (code == MUSTER_E_CANCELLED || code != attempt.error.code))
		return code;
	set_fate(&item, code, &attempt.error);
	if (!code)
		atomic_fetch_add_explicit(&worker->run->progress->read_files, 1,
					  memory_order_relaxed);
	code = put_emit_late(worker->run, &item, err);
	if (item.owns_error)
		free(item.error);
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
		code = ingest_large(worker, large, err);
	large_item_free(large);
	return code == MUSTER_E_CANCELLED ? MUSTER_OK : code;
}
