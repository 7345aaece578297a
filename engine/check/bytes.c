/* The bytes of packs: workers read them in big sequential pieces and hash every blob. One pack is
 * one job; the queue is short, because a job holds its directory. */
#include "engine/check/check_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "base/text/encode.h"
#include "base/text/text.h"
#include "engine/blob/blob_reader.h"

#define GROUP_MAX    256
#define TOLD_MAX     16 /* findings of one pack, then one for all others */
#define HASHER_KINDS 4	/* MD5 or XXH128, with or without identity */

struct byte_check {
	struct check_run *run;
	struct queue *packs; /* takes struct open_pack *, owned while held */
	struct byte_worker *workers;
	unsigned started;
	struct {
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;
};

struct byte_worker {
	struct byte_check *check;
	pthread_t thread;
	uint8_t *buffer;
	struct hasher *hashers[HASHER_KINDS]; /* made when they are needed */
	struct hash_request requests[GROUP_MAX];

	/* the pack in work */
	const struct open_pack *pack;
	struct key key;
	unsigned told_count;
};

/* --- findings of a pack ----------------------------------------------------------------------- */

void check_blob_text(const struct blob_key *key, char out[BLOB_TEXT_BYTES])
{
	char hex[2 * DIGEST_BYTES];

	hex_encode(hex, key->digest, DIGEST_BYTES);
	snprintf(out, BLOB_TEXT_BYTES, "%s %.32s of %llu %s",
		 key->algorithm == DIGEST_MD5 ? "md5" : "xxh128", hex,
		 (unsigned long long)key->size_bytes,
		 text_plural(key->size_bytes, "byte", "bytes"));
}

/* A copy that the gc log knows to be bad is known. */
static void tell_blob(struct byte_worker *worker, uint32_t ordinal, enum muster_code code,
		      const char *reason)
{
	struct check_run *run = worker->check->run;
	const struct pack_blob *blob = &worker->pack->blobs[ordinal];
	char text[BLOB_TEXT_BYTES];

	if (repository_is_bad(run->repository, &worker->pack->id, ordinal))
		return;
	if (worker->told_count++ >= TOLD_MAX)
		return;
	check_blob_text(&blob->key, text);
	check_found(run, worker->key.text, code, "blob %u (%s, at %llu): %s", ordinal, text,
		    (unsigned long long)blob->offset_bytes, reason);
}

static void tell_rest(struct byte_worker *worker)
{
	if (worker->told_count > TOLD_MAX)
		check_found(worker->check->run, worker->key.text, MUSTER_E_DIGEST,
			    "%u more of its blobs are broken", worker->told_count - TOLD_MAX);
}

static bool is_ending(const struct byte_check *check)
{
	return atomic_load_explicit(&check->failure.is_set, memory_order_acquire) ||
	       atomic_load_explicit(&check->run->progress->cancel, memory_order_relaxed);
}

/* --- hashing ---------------------------------------------------------------------------------- */

/* XXH3 alone is what `quick` proves; as the digest it is computed once. */
static struct hash_options hashing_of(const struct byte_worker *worker, const struct blob_key *key)
{
	if (worker->check->run->options->quick)
		return (struct hash_options){ .algorithm = DIGEST_XXH128 };
	return (struct hash_options){ .algorithm = (enum digest_algorithm)key->algorithm,
				      .has_identity = key->has_identity };
}

static bool is_hashed_alike(const struct byte_worker *worker, const struct blob_key *a,
			    const struct blob_key *b)
{
	return worker->check->run->options->quick ||
	       (a->algorithm == b->algorithm && a->has_identity == b->has_identity);
}

static enum muster_code need_hasher(struct byte_worker *worker, const struct blob_key *key,
				    struct hasher **out, struct muster_error *err)
{
	struct hash_options options = hashing_of(worker, key);
	struct hasher **slot =
		&worker->hashers[2 * (options.algorithm == DIGEST_XXH128) + options.has_identity];
	enum muster_code code = MUSTER_OK;

	if (!*slot)
		code = hasher_new(slot, options, err);
	*out = *slot;
	return code;
}

/* What is wrong with a blob, or NULL. */
static const char *judge(const struct byte_worker *worker, const struct blob_key *key,
			 const struct fingerprint *found)
{
	if (memcmp(found->checksum, key->checksum, CHECKSUM_BYTES) != 0)
		return "its bytes have another checksum";
	if (worker->check->run->options->quick)
		return NULL;
	if (memcmp(found->digest, key->digest, DIGEST_BYTES) != 0)
		return "its bytes have another digest";
	if (key->has_identity && memcmp(found->identity, key->identity, IDENTITY_BYTES) != 0)
		return "its bytes have another SHA-256";
	return NULL;
}

static void count_read(struct byte_worker *worker, uint64_t bytes)
{
	struct muster_progress *progress = worker->check->run->progress;

	atomic_fetch_add_explicit(&progress->read_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&progress->done_bytes, bytes, memory_order_relaxed);
}

/* --- many small blobs -------------------------------------------------------------------- */

/* How many blobs from `first` on are read and hashed at once; at least one. */
static uint32_t group_count(const struct byte_worker *worker, uint32_t first)
{
	const struct pack_blob *blobs = worker->pack->blobs;
	uint64_t begin = blobs[first].offset_bytes;
	uint32_t count = 1;

	while (count < GROUP_MAX && first + count < worker->pack->trailer.blob_count) {
		const struct pack_blob *next = &blobs[first + count];

		if (next->offset_bytes - begin + next->key.size_bytes >
			    worker->check->run->buffer_bytes ||
		    !is_hashed_alike(worker, &blobs[first].key, &next->key))
			break;
		count++;
	}
	return count;
}

static enum muster_code check_group(struct byte_worker *worker, uint32_t first, uint32_t count,
				    struct muster_error *err)
{
	const struct pack_blob *blobs = &worker->pack->blobs[first];
	uint64_t begin = blobs[0].offset_bytes;
	uint64_t len = blobs[count - 1].offset_bytes + blobs[count - 1].key.size_bytes - begin;
	struct hasher *hasher;
	enum muster_code code = need_hasher(worker, &blobs[0].key, &hasher, err);

	if (!code)
		code = store_read(worker->pack->object, begin, worker->buffer, len, err);
	if (code)
		return code;
	for (uint32_t i = 0; i < count; i++)
		worker->requests[i].data = view_of(worker->buffer + (blobs[i].offset_bytes - begin),
						   blobs[i].key.size_bytes);
	hash_batch(hasher, worker->requests, count);
	for (uint32_t i = 0; i < count; i++) {
		const char *reason = judge(worker, &blobs[i].key, &worker->requests[i].fingerprint);

		if (reason)
			tell_blob(worker, first + i, MUSTER_E_DIGEST, reason);
	}
	count_read(worker, len);
	return MUSTER_OK;
}

/* --- a large blob ------------------------------------------------------------------------ */

static enum muster_code check_large(struct byte_worker *worker, uint32_t ordinal,
				    struct muster_error *err)
{
	const struct pack_blob *blob = &worker->pack->blobs[ordinal];
	size_t piece_bytes = worker->check->run->buffer_bytes;
	struct fingerprint found;
	struct hasher *hasher;
	const char *reason;
	enum muster_code code = need_hasher(worker, &blob->key, &hasher, err);

	if (code)
		return code;
	hash_begin(hasher);
	for (uint64_t at = 0; at < blob->key.size_bytes && !code && !is_ending(worker->check);) {
		uint64_t left = blob->key.size_bytes - at;
		size_t len = left < piece_bytes ? (size_t)left : piece_bytes;

		code = store_read(worker->pack->object, blob->offset_bytes + at, worker->buffer,
				  len, err);
		if (!code)
			hash_update(hasher, view_of(worker->buffer, len));
		if (!code)
			count_read(worker, len);
		at += len;
	}
	hash_end(hasher, &found);
	if (code || is_ending(worker->check))
		return code;
	reason = judge(worker, &blob->key, &found);
	if (reason)
		tell_blob(worker, ordinal, MUSTER_E_DIGEST, reason);
	return MUSTER_OK;
}

/* --- a pack ------------------------------------------------------------------------------ */

static enum muster_code check_blobs(struct byte_worker *worker, uint32_t first, uint32_t count,
				    struct muster_error *err)
{
	if (worker->pack->blobs[first].key.size_bytes > worker->check->run->buffer_bytes)
		return check_large(worker, first, err);
	return check_group(worker, first, count, err);
}

/* What cannot be read together is tried one by one, so that each bad one is named. */
static enum muster_code check_one_by_one(struct byte_worker *worker, uint32_t first, uint32_t count,
					 struct muster_error *err)
{
	for (uint32_t i = first; i < first + count; i++) {
		enum muster_code code = check_blobs(worker, i, 1, err);

		if (code == MUSTER_E_MEMORY)
			return code;
		if (code)
			tell_blob(worker, i, code, err->message);
		*err = (struct muster_error){ 0 };
	}
	return MUSTER_OK;
}

/* Header and padding are constant: what they hold is part of what is stored. */
static enum muster_code check_constant(struct byte_worker *worker, uint64_t begin, uint64_t end,
				       struct view expected, struct muster_error *err)
{
	uint8_t found[PACK_ALIGN_BYTES];
	enum muster_code code;

	if (end - begin > expected.len)
		return muster_fail(err, MUSTER_E_FORMAT, "%llu %s to nothing",
				   (unsigned long long)(end - begin),
				   text_plural(end - begin, "byte belongs", "bytes belong"));
	code = store_read(worker->pack->object, begin, found, end - begin, err);
	if (!code && memcmp(found, expected.ptr, end - begin) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT, "its header or padding has changed");
	return code;
}

static enum muster_code check_frame(struct byte_worker *worker, struct muster_error *err)
{
	static const uint8_t zeros[PACK_ALIGN_BYTES];
	const struct pack_trailer *trailer = &worker->pack->trailer;
	const struct pack_blob *last = &worker->pack->blobs[trailer->blob_count - 1];
	struct bytes head = { 0 };
	enum muster_code code = pack_begin(trailer->is_single, &head, err);

	if (!code)
		code = check_constant(worker, 0, head.len, bytes_view(&head), err);
	if (!code)
		code = check_constant(worker, last->offset_bytes + last->key.size_bytes,
				      trailer->directory_offset_bytes,
				      view_of(zeros, sizeof(zeros)), err);
	bytes_release(&head);
	return check_judge(worker->check->run, worker->key.text, code, err);
}

static void count_pack(struct byte_worker *worker)
{
	struct check_run *run = worker->check->run;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < worker->pack->trailer.blob_count; i++)
		bytes += worker->pack->blobs[i].key.size_bytes;
	pthread_mutex_lock(&run->findings.lock);
	run->report->blob_count += worker->pack->trailer.blob_count;
	run->report->checked_bytes += bytes;
	pthread_mutex_unlock(&run->findings.lock);
	atomic_fetch_add_explicit(&run->progress->done_bytes,
				  worker->pack->trailer.pack_bytes - bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->done_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_files, 1, memory_order_relaxed);
}

static enum muster_code check_pack(struct byte_worker *worker, struct muster_error *err)
{
	uint32_t blob_count = worker->pack->trailer.blob_count, count;
	enum muster_code code;

	key_object(&worker->key, OBJECT_PACK, &worker->pack->id);
	worker->told_count = 0;
	code = check_frame(worker, err);
	if (code == MUSTER_E_MEMORY)
		return code;
	code = MUSTER_OK;
	for (uint32_t first = 0; first < blob_count && !code; first += count) {
		if (is_ending(worker->check))
			return MUSTER_OK;
		count = group_count(worker, first);
		code = check_blobs(worker, first, count, err);
		if (code && code != MUSTER_E_MEMORY)
			code = check_one_by_one(worker, first, count, err);
	}
	tell_rest(worker);
	if (!code)
		count_pack(worker);
	return code;
}

/* --- workers ----------------------------------------------------------------------------- */

static void note_failure(struct byte_check *check, const struct muster_error *error)
{
	pthread_mutex_lock(&check->failure.lock);
	if (!check->failure.error.code)
		check->failure.error = *error;
	atomic_store_explicit(&check->failure.is_set, true, memory_order_release);
	pthread_mutex_unlock(&check->failure.lock);
}

/* Thread body: runs until the queue is closed and drained. */
static void *check_packs_of(void *arg)
{
	struct byte_worker *worker = arg;
	void *item;

	while (queue_take(worker->check->packs, &item)) {
		struct open_pack *pack = item;
		struct muster_error err = { 0 };

		worker->pack = pack;
		if (!is_ending(worker->check) && check_pack(worker, &err))
			note_failure(worker->check, &err);
		open_pack_release(pack);
		free(pack);
	}
	return NULL;
}

static enum muster_code start_worker(struct byte_check *check, struct byte_worker *worker,
				     struct muster_error *err)
{
	int failed;

	worker->check = check;
	worker->buffer = malloc(check->run->buffer_bytes);
	if (!worker->buffer)
		return muster_fail_memory(err, "a worker's buffer");
	failed = pthread_create(&worker->thread, NULL, check_packs_of, worker);
	if (failed)
		return muster_fail(err, MUSTER_E_IO, "start a worker: %s", strerror(failed));
	check->started++;
	return MUSTER_OK;
}

enum muster_code byte_check_start(struct byte_check **out, struct check_run *run,
				  struct muster_error *err)
{
	struct byte_check *check = calloc(1, sizeof(*check));
	enum muster_code code;

	*out = check;
	if (!check)
		return muster_fail_memory(err, "the workers");
	check->run = run;
	pthread_mutex_init(&check->failure.lock, NULL);
	check->workers = calloc(run->worker_count, sizeof(*check->workers));
	if (!check->workers)
		return muster_fail_memory(err, "the workers");
	code = queue_new(&check->packs, 1, err);
	for (unsigned i = 0; i < run->worker_count && !code; i++)
		code = start_worker(check, &check->workers[i], err);
	return code;
}

enum muster_code byte_check_put(struct byte_check *check, struct open_pack *pack,
				struct muster_error *err)
{
	struct open_pack *job;

	if (atomic_load_explicit(&check->failure.is_set, memory_order_acquire)) {
		*err = check->failure.error;
		return err->code;
	}
	job = malloc(sizeof(*job));
	if (!job)
		return muster_fail_memory(err, "a pack to check");
	*job = *pack;
	*pack = (struct open_pack){ 0 };
	queue_put(check->packs, job); /* closed only by byte_check_finish() */
	return MUSTER_OK;
}

enum muster_code byte_check_finish(struct byte_check *check, struct muster_error *err)
{
	enum muster_code code;

	if (!check)
		return MUSTER_OK;
	if (check->packs)
		queue_close(check->packs);
	for (unsigned i = 0; i < check->started; i++)
		pthread_join(check->workers[i].thread, NULL);
	for (unsigned i = 0; check->workers && i < check->run->worker_count; i++) {
		free(check->workers[i].buffer);
		for (size_t h = 0; h < HASHER_KINDS; h++)
			hasher_free(check->workers[i].hashers[h]);
	}
	queue_free(check->packs);
	code = check->failure.error.code;
	if (code)
		*err = check->failure.error;
	pthread_mutex_destroy(&check->failure.lock);
	free(check->workers);
	free(check);
	return code;
}
