/* Where the bytes of entries come from. Small files go through the worker's intake and are packed
 * as they come out; large ones are read when the small ones of the batch were. */
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

/* What is returned is the run's, unless `error` says that it is the item's. */
static enum muster_code settle(struct import_run *run, struct import_item *item,
			       enum muster_code code, const struct muster_error *error)
{
	if (!code || !error->code)
		return code;
	import_fail_item(run, item, error);
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

/* --- without a file ------------------------------------------------------------------------- */

static struct fingerprint fingerprint_of_nothing(const struct import_run *run,
						 enum digest_algorithm algorithm)
{
	struct view nothing = { 0 };
	struct fingerprint out = { 0 };

	xxh128_of(nothing, out.checksum);
	memcpy(out.digest, out.checksum, DIGEST_BYTES);
	if (algorithm == DIGEST_MD5)
		md5_of(nothing, out.digest);
	if (repository_has_identity(run->repository))
		sha256_of(nothing, out.identity);
	return out;
}

static enum muster_code pack_item(struct import_worker *worker, struct import_item *item,
				  struct view data, const struct fingerprint *fingerprint,
				  struct muster_error *err)
{
	bool has_identity = repository_has_identity(worker->run->repository);
	struct muster_error error = { 0 };
	struct blob_packer *packer;
	struct blob_key key;
	enum muster_code code;

	if (import_accept(item, fingerprint, data.len, has_identity, &error)) {
		import_fail_item(worker->run, item, &error);
		return MUSTER_OK;
	}
	key = import_key(item);
	code = import_need_packer(worker, item->entry.algorithm, &packer, err);
	return code ? code : blob_packer_put(packer, &key, data, &item->place, err);
}

/* Nothing needs to be read to know the bytes of an empty file; else they may be stored. */
static enum muster_code do_without(struct import_worker *worker, struct import_item *item,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	struct fingerprint nothing;
	enum muster_code code;

	if (item->entry.has_size && item->entry.size_bytes == 0) {
		nothing = fingerprint_of_nothing(worker->run, item->entry.algorithm);
		return pack_item(worker, item, (struct view){ 0 }, &nothing, err);
	}
	code = look_up(worker, item, &error, err);
	return settle(worker->run, item, code, &error);
}

enum muster_code import_unread(struct import_worker *worker, struct import_item *item,
			       const struct muster_error *error, struct muster_error *err)
{
	if (error->code == MUSTER_E_VANISHED)
		return do_without(worker, item, err);
	import_fail_item(worker->run, item, error);
	return MUSTER_OK;
}

/* --- small files ---------------------------------------------------------------------------- */

void import_count_read(struct import_run *run, uint64_t files, uint64_t bytes)
{
	atomic_fetch_add_explicit(&run->progress->read_files, files, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_bytes, bytes, memory_order_relaxed);
}

static enum muster_code fail_size(const struct import_item *item, struct muster_error *error)
{
	return muster_fail(error, MUSTER_E_DIGEST, "the file does not have %llu %s",
			   (unsigned long long)item->entry.size_bytes,
			   text_plural(item->entry.size_bytes, "byte", "bytes"));
}

enum muster_code import_small_is_done(void *state, void *cookie, const struct intake_answer *answer,
				      struct muster_error *err)
{
	struct import_worker *worker = state;
	struct import_item *item = cookie;
	struct muster_error error = { 0 };

	switch (answer->code) {
	case MUSTER_OK:
		import_count_read(worker->run, 1, answer->data.len);
		return pack_item(worker, item, answer->data, answer->fingerprint, err);
	case MUSTER_E_CANCELLED:
		return MUSTER_OK;
	case MUSTER_E_CHANGED:
		fail_size(item, &error);
		return import_unread(worker, item, &error, err);
	default:
		return import_unread(worker, item, answer->error, err);
	}
}

static enum muster_code put_small(struct import_worker *worker, struct import_item *item,
				  uint64_t size_bytes, struct muster_error *err)
{
	struct intake_file file = { .dir_fd = worker->run->from_fd,
				    .name = item->name,
				    .size_bytes = size_bytes,
				    .cookie = item };
	struct intake *intake;
	enum muster_code code =
		intake_set_need(&worker->intakes, item->entry.algorithm, &intake, err);

	item->entry.size_bytes = size_bytes; /* what it has, where the manifest does not say */
	return code ? code : intake_put(intake, &file, err);
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
				  struct muster_error *err)
{
	struct muster_error error = { 0 };
	uint64_t size_bytes;

	if (find_size(worker->run, item, &size_bytes, &error))
		return import_unread(worker, item, &error, err);
	if (size_bytes <= intake_small_max(worker->run->ring_bytes))
		return put_small(worker, item, size_bytes, err);
	worker->large.items[worker->large.count++] = item;
	return MUSTER_OK;
}

/* Its bytes are elsewhere, unless it is an entry of a version that is here. */
static enum muster_code ingest_reference(struct import_worker *worker, struct import_item *item,
					 struct muster_error *err)
{
	struct muster_error error = { 0 };
	bool is_carried;
	enum muster_code code = import_carry(worker->run, item, &is_carried, err);

	if (code || !is_carried)
		return code;
	code = look_up(worker, item, &error, err);
	return settle(worker->run, item, code, &error);
}

static enum muster_code ingest_item(struct import_worker *worker, struct import_item *item,
				    struct muster_error *err)
{
	struct muster_error error = { 0 };

	if (item->entry.ref.len)
		return ingest_reference(worker, item, err);
	if (item->entry.algorithm == DIGEST_TEXT) {
		muster_fail(&error, MUSTER_E_FORMAT,
			    "its digest '%.*s' is not one of bytes, and it is no reference",
			    VIEW_ARGS(item->entry.digest_text));
		import_fail_item(worker->run, item, &error);
		return MUSTER_OK;
	}
	return worker->run->from_fd >= 0 ? read_file(worker, item, err)
					 : do_without(worker, item, err);
}

enum muster_code import_ingest(struct import_worker *worker, struct muster_error *err)
{
	struct import_batch *batch = &worker->batch;
	enum muster_code code = MUSTER_OK;

	worker->large.count = worker->large.next = 0;
	for (size_t i = 0; i < batch->count && !code; i++) {
		if (import_is_stopping(worker->run))
			return MUSTER_OK;
		code = ingest_item(worker, &batch->items[i], err);
	}
	if (!code)
		code = intake_set_drain(&worker->intakes, err);
	if (!code && worker->large.count)
		code = import_large(worker, err);
	for (size_t i = 0; i < batch->count && !code; i++)
		if (!batch->items[i].is_failed)
			count_done(worker->run, &batch->items[i]);
	return code;
}
