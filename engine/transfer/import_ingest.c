/* Where the bytes of entries come from. Small files are read back to back into the worker's buffer,
 * hashed as one group and packed from there. */
#include "engine/transfer/import_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/text/text.h"
#include "io/file/read.h"

static void count_done(struct import_run *run, const struct import_item *item)
{
	atomic_fetch_add_explicit(&run->progress->done_files, 1, memory_order_relaxed);
	if (item->entry.has_size)
		atomic_fetch_add_explicit(&run->progress->done_bytes, item->entry.size_bytes,
					  memory_order_relaxed);
}

void import_fail_item(struct import_run *run, struct import_item *item,
		      const struct muster_error *error)
{
	const struct muster_job *job = &run->options->job;

	item->is_failed = true;
	pthread_mutex_lock(&run->failure.lock); /* one call at a time */
	run->report->failed_items++;
	if (job->on_failure)
		job->on_failure(job->on_failure_state, item->name, item->entry.path.len, error);
	pthread_mutex_unlock(&run->failure.lock);
	atomic_fetch_add_explicit(&run->progress->failed_items, 1, memory_order_relaxed);
}

struct blob_key import_key(const struct import_item *item)
{
	const struct entry *entry = &item->entry;
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes,
				.has_identity = entry->has_identity };

	memcpy(key.digest, entry->fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, entry->fingerprint.checksum, CHECKSUM_BYTES);
	memcpy(key.identity, entry->fingerprint.identity, IDENTITY_BYTES);
	return key;
}

static enum muster_code fail_digest(const struct import_item *item, const struct fingerprint *found,
				    struct muster_error *err)
{
	struct entry other = { .algorithm = item->entry.algorithm, .fingerprint = *found };
	char said[ENTRY_DIGEST_BUF_BYTES], has[ENTRY_DIGEST_BUF_BYTES];

	return muster_fail(err, MUSTER_E_DIGEST,
			   "the file has the digest '%.*s', the manifest says '%.*s'",
			   VIEW_ARGS(entry_digest_text(&other, has)),
			   VIEW_ARGS(entry_digest_text(&item->entry, said)));
}

enum muster_code import_accept(struct import_item *item, const struct fingerprint *found,
			       uint64_t size_bytes, bool has_identity, struct muster_error *err)
{
	struct entry *entry = &item->entry;

	if (memcmp(found->digest, entry->fingerprint.digest, DIGEST_BYTES) != 0)
		return fail_digest(item, found, err);
	entry->fingerprint = *found;
	entry->size_bytes = size_bytes;
	entry->has_size = true;
	entry->has_checksum = true;
	entry->has_identity = has_identity;
	return MUSTER_OK;
}

/* --- stored already ------------------------------------------------------------------------- */

static enum muster_code look_up(struct import_worker *worker, struct import_item *item,
				struct muster_error *error, struct muster_error *err)
{
	struct import_run *run = worker->run;
	struct blob_key key = import_key(item);
	enum muster_code code;

	if (!item->entry.has_size)
		return muster_fail(
			error, MUSTER_E_NAME,
			"there is no file, and without a size no stored bytes are found");
	code = index_set_find_digest(run->index, &key, &item->place.known, err);
	if (code == MUSTER_ABSENT)
		return muster_fail(
			error, MUSTER_E_NAME,
			run->from_fd < 0
				? "bytes of this digest and size are not stored here"
				: "there is no file, and bytes of this digest and size are not "
				  "stored here");
	if (code)
		return code;
	memcpy(item->entry.fingerprint.checksum, key.checksum, CHECKSUM_BYTES);
	memcpy(item->entry.fingerprint.identity, key.identity, IDENTITY_BYTES);
	item->entry.has_checksum = true;
	item->entry.has_identity = key.has_identity;
	pthread_mutex_lock(&run->ready.lock);
	run->report->shared_blobs++;
	run->report->shared_bytes += key.size_bytes;
	pthread_mutex_unlock(&run->ready.lock);
	return MUSTER_OK;
}

/* --- small files ---------------------------------------------------------------------------- */

static enum muster_code pack_item(struct import_worker *worker, struct import_item *item,
				  const struct hash_request *request, struct muster_error *err)
{
	bool has_identity = repository_has_identity(worker->run->repository);
	struct muster_error error = { 0 };
	struct blob_packer *packer;
	struct blob_key key;
	enum muster_code code;

	if (import_accept(item, &request->fingerprint, request->data.len, has_identity, &error)) {
		import_fail_item(worker->run, item, &error);
		return MUSTER_OK;
	}
	key = import_key(item);
	code = import_need_packer(worker, item->entry.algorithm, &packer, err);
	return code ? code : blob_packer_put(packer, &key, request->data, &item->place, err);
}

static enum muster_code pack_group(struct import_worker *worker, struct muster_error *err)
{
	size_t count = worker->group.count;
	struct blob_set *set;
	struct hasher *hasher;
	enum muster_code code;

	worker->group.count = worker->group.used_bytes = 0;
	if (!count)
		return MUSTER_OK;
	code = import_need(worker, worker->group.items[0]->entry.algorithm, &hasher, &set, err);
	if (code)
		return code;
	hash_batch(hasher, worker->group.requests, count);
	for (size_t i = 0; i < count && !code; i++)
		code = pack_item(worker, worker->group.items[i], &worker->group.requests[i], err);
	return code;
}

/* Room for one more file of this size and algorithm. */
static enum muster_code make_room(struct import_worker *worker, const struct import_item *item,
				  uint64_t size_bytes, struct muster_error *err)
{
	bool fits = worker->group.used_bytes + size_bytes < IMPORT_BUFFER_BYTES;
	bool is_alike = !worker->group.count ||
			worker->group.items[0]->entry.algorithm == item->entry.algorithm;

	return fits && is_alike ? MUSTER_OK : pack_group(worker, err);
}

static void add_to_group(struct import_worker *worker, struct import_item *item, size_t size_bytes)
{
	size_t at = worker->group.count++;

	worker->group.items[at] = item;
	worker->group.requests[at].data =
		view_of(worker->buffer + worker->group.used_bytes, size_bytes);
	worker->group.used_bytes += size_bytes;
}

static void count_read(struct import_run *run, uint64_t bytes)
{
	atomic_fetch_add_explicit(&run->progress->read_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_bytes, bytes, memory_order_relaxed);
}

static enum muster_code read_small(struct import_worker *worker, struct import_item *item,
				   uint64_t size_bytes, struct muster_error *error,
				   struct muster_error *err)
{
	enum muster_code code = make_room(worker, item, size_bytes, err);

	if (code)
		return code;
	code = file_read_whole(worker->run->from_fd, item->name, size_bytes,
			       worker->buffer + worker->group.used_bytes,
			       IMPORT_BUFFER_BYTES - worker->group.used_bytes, NULL, error);
	if (code == MUSTER_E_CHANGED)
		return muster_fail(error, MUSTER_E_DIGEST, "the file does not have %llu %s",
				   (unsigned long long)size_bytes,
				   text_plural(size_bytes, "byte", "bytes"));
	if (code)
		return code;
	count_read(worker->run, size_bytes);
	add_to_group(worker, item, size_bytes);
	return MUSTER_OK;
}

/* --- one entry ------------------------------------------------------------------------------ */

static enum muster_code find_size(struct import_run *run, const struct import_item *item,
				  uint64_t *out, struct muster_error *error)
{
	struct stat st;

	*out = item->entry.size_bytes;
	if (item->entry.has_size)
		return MUSTER_OK;
	if (!fstatat(run->from_fd, item->name, &st, 0)) {
		*out = (uint64_t)st.st_size;
		return MUSTER_OK;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		return muster_fail(error, MUSTER_E_VANISHED, "there is no file");
	return muster_fail_errno(error, "stat '%s'", item->name);
}

static enum muster_code read_file(struct import_worker *worker, struct import_item *item,
				  struct muster_error *error, struct muster_error *err)
{
	uint64_t size_bytes;
	enum muster_code code = find_size(worker->run, item, &size_bytes, error);

	if (code)
		return code;
	if (size_bytes <= PACK_BLOB_MAX_BYTES)
		return read_small(worker, item, size_bytes, error, err);
	code = pack_group(worker, err); /* the buffer is needed */
	return code ? code : import_large(worker, item, error, err);
}

/* Nothing needs to be read to know the bytes of an empty file. */
static enum muster_code take_empty(struct import_worker *worker, struct import_item *item,
				   struct muster_error *err)
{
	enum muster_code code = make_room(worker, item, 0, err);

	if (!code)
		add_to_group(worker, item, 0);
	return code;
}

static enum muster_code ingest_bytes(struct import_worker *worker, struct import_item *item,
				     struct muster_error *error, struct muster_error *err)
{
	enum muster_code code = MUSTER_E_VANISHED;

	if (item->entry.algorithm == DIGEST_TEXT)
		return muster_fail(error, MUSTER_E_FORMAT,
				   "its digest '%.*s' is not one of bytes, and it is no reference",
				   VIEW_ARGS(item->entry.digest_text));
	if (worker->run->from_fd >= 0)
		code = read_file(worker, item, error, err);
	if (code != MUSTER_E_VANISHED)
		return code;
	*error = (struct muster_error){ 0 };
	if (item->entry.has_size && item->entry.size_bytes == 0)
		return take_empty(worker, item, err);
	return look_up(worker, item, error, err);
}

static enum muster_code ingest_item(struct import_worker *worker, struct import_item *item,
				    struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;

	if (item->entry.ref.len)
		return MUSTER_OK;
	code = ingest_bytes(worker, item, &error, err);
	if (error.code == MUSTER_E_CANCELLED) /* no fault of the item; the run stops */
		return MUSTER_OK;
	if (code && error.code) { /* of this one item */
		import_fail_item(worker->run, item, &error);
		return MUSTER_OK;
	}
	return code;
}

enum muster_code import_ingest(struct import_worker *worker, struct muster_error *err)
{
	struct import_batch *batch = &worker->batch;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		if (import_is_stopping(worker->run))
			return MUSTER_OK;
		code = ingest_item(worker, &batch->items[i], err);
	}
	if (!code)
		code = pack_group(worker, err);
	for (size_t i = 0; i < batch->count && !code; i++)
		if (!batch->items[i].is_failed)
			count_done(worker->run, &batch->items[i]);
	return code;
}
