/* The bytes of packs: workers read them in big sequential pieces and hash every blob. One pack is
 * one job; the queue is short, because a job holds its directory. Packs of one large blob, whose
 * directories are nothing, are gathered: several are one job, and are read side by side. */
#include "engine/check/check_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "base/text/encode.h"
#include "base/text/text.h"
#include "engine/blob/blob_reader.h"
#include "engine/intake/long_intake.h"

#define GROUP_MAX    256 /* of 4 KiB: 1 MiB; 2,048 leave the cache: some 10 % more processor time */
#define LARGE_MAX    64 /* packs of one large blob that are gathered */
#define TOLD_MAX     16 /* findings of one pack, then one for all others */
#define HASHER_KINDS 4	/* MD5 or XXH128, with or without identity */

struct byte_check {
	struct check_run *run;
	struct queue *packs; /* takes struct pack_job *, owned while held */
	struct byte_worker *workers;
	unsigned started;
	struct pack_job *large; /* gathered: a list */
	unsigned large_count;
	struct {
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;
};

/* A pack to check; in a list each is of one large blob. */
struct pack_job {
	struct open_pack pack;
	struct key key;
	unsigned told_count;
	struct pack_job *next;
};

struct byte_worker {
	struct byte_check *check;
	pthread_t thread;
	uint8_t *buffer;
	struct hasher *hashers[HASHER_KINDS]; /* made when they are needed */
	struct hash_request requests[GROUP_MAX];

	struct { /* large blobs, side by side */
		struct long_intake *intake; /* NULL until it is needed */
		bool has_identity;	    /* it computes SHA-256, too */
		size_t count, next;
		struct large_blob {
			struct pack_job *job;
			uint32_t ordinal;
			bool has_failed; /* it could not be read: once more */
		} blobs[LONG_INTAKE_FILES];
	} large;
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
static void tell_blob(struct check_run *run, struct pack_job *job, uint32_t ordinal,
		      enum muster_code code, const char *reason)
{
	const struct pack_blob *blob = &job->pack.blobs[ordinal];
	char text[BLOB_TEXT_BYTES];

	if (repository_is_bad(run->repository, &job->pack.id, ordinal))
		return;
	if (job->told_count++ >= TOLD_MAX)
		return;
	check_blob_text(&blob->key, text);
	check_found(run, job->key.text, code, "blob %u (%s, at %llu): %s", ordinal, text,
		    (unsigned long long)blob->offset_bytes, reason);
}

static void tell_rest(struct check_run *run, const struct pack_job *job)
{
	if (job->told_count > TOLD_MAX)
		check_found(run, job->key.text, MUSTER_E_DIGEST,
			    "%u more of its blobs are broken", job->told_count - TOLD_MAX);
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
	const struct check_run *run = worker->check->run;

	if (run->options->quick)
		return (struct hash_options){ .algorithm = DIGEST_XXH128, .cpu = run->cpu };
	return (struct hash_options){ .algorithm = (enum digest_algorithm)key->algorithm,
				      .has_identity = key->has_identity,
				      .cpu = run->cpu };
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
static uint32_t group_count(const struct byte_worker *worker, const struct pack_job *job,
			    uint32_t first)
{
	const struct pack_blob *blobs = job->pack.blobs;
	uint64_t begin = blobs[first].offset_bytes;
	uint32_t count = 1;

	while (count < GROUP_MAX && first + count < job->pack.trailer.blob_count) {
		const struct pack_blob *next = &blobs[first + count];

		if (next->offset_bytes - begin + next->key.size_bytes >
			    worker->check->run->buffer_bytes ||
		    !is_hashed_alike(worker, &blobs[first].key, &next->key))
			break;
		count++;
	}
	return count;
}

static enum muster_code check_group(struct byte_worker *worker, struct pack_job *job,
				    uint32_t first, uint32_t count, struct muster_error *err)
{
	const struct pack_blob *blobs = &job->pack.blobs[first];
	uint64_t begin = blobs[0].offset_bytes;
	uint64_t len = blobs[count - 1].offset_bytes + blobs[count - 1].key.size_bytes - begin;
	struct hasher *hasher;
	enum muster_code code = need_hasher(worker, &blobs[0].key, &hasher, err);

	if (!code)
		code = store_read(job->pack.object, begin, worker->buffer, len, err);
	if (code)
		return code;
	for (uint32_t i = 0; i < count; i++)
		worker->requests[i].data = view_of(worker->buffer + (blobs[i].offset_bytes - begin),
						   blobs[i].key.size_bytes);
	hash_batch(hasher, worker->requests, count);
	for (uint32_t i = 0; i < count; i++) {
		const char *reason = judge(worker, &blobs[i].key, &worker->requests[i].fingerprint);

		if (reason)
			tell_blob(worker->check->run, job, first + i, MUSTER_E_DIGEST, reason);
	}
	count_read(worker, len);
	return MUSTER_OK;
}

/* --- large blobs, side by side ----------------------------------------------------------- */

static const struct pack_blob *blob_of(const struct large_blob *large)
{
	return &large->job->pack.blobs[large->ordinal];
}

static enum muster_code next_large(void *state, struct long_file *out, struct muster_error *err)
{
	struct byte_worker *worker = state;
	struct large_blob *large = &worker->large.blobs[worker->large.next];

	(void)err;
	if (worker->large.next == worker->large.count)
		return MUSTER_END;
	worker->large.next++;
	*out = (struct long_file){ .cookie = large };
	out->algorithm = hashing_of(worker, &blob_of(large)->key).algorithm;
	return MUSTER_OK;
}

/* As long_ops.open: the pack is open. */
static enum muster_code open_large(void *state, void *cookie, int *fd, struct file_stat *found,
				   struct muster_error *error)
{
	(void)state;
	(void)error;
	*fd = -1;
	found->size_bytes = blob_of(cookie)->key.size_bytes;
	return MUSTER_OK;
}

static enum muster_code read_large(void *state, void *cookie, uint64_t offset_bytes, uint8_t *out,
				   size_t len, size_t *got, struct muster_error *error)
{
	const struct large_blob *large = cookie;
	const struct pack_blob *blob = blob_of(large);
	uint64_t left = blob->key.size_bytes - offset_bytes;
	enum muster_code code = MUSTER_OK;

	*got = left < len ? (size_t)left : len;
	if (*got)
		code = store_read(large->job->pack.object, blob->offset_bytes + offset_bytes, out,
				  *got, error);
	if (!code)
		count_read(state, *got);
	return code;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	struct byte_worker *worker = state;
	struct large_blob *large = cookie;
	const char *reason;

	if (answer->code == MUSTER_E_CANCELLED)
		return MUSTER_OK;
	if (answer->code == MUSTER_E_MEMORY) {
		*err = *answer->error;
		return err->code;
	}
	if (answer->code) {
		*again = !large->has_failed;
		large->has_failed = true;
		if (!*again)
			tell_blob(worker->check->run, large->job, large->ordinal, answer->code,
				  answer->error->message);
		return MUSTER_OK;
	}
	reason = judge(worker, &blob_of(large)->key, answer->fingerprint);
	if (reason)
		tell_blob(worker->check->run, large->job, large->ordinal, MUSTER_E_DIGEST, reason);
	return MUSTER_OK;
}

static bool is_stopping(void *state)
{
	const struct byte_worker *worker = state;

	return is_ending(worker->check);
}

static enum muster_code need_large(struct byte_worker *worker, struct muster_error *err)
{
	struct long_ops ops = { .state = worker,
				.next = next_large,
				.open = open_large,
				.read = read_large,
				.end = end_large,
				.is_stopping = is_stopping };
	struct hash_options hashing = { .algorithm = DIGEST_XXH128,
					.has_identity = worker->large.has_identity,
					.cpu = worker->check->run->cpu };

	for (size_t i = 0; i < worker->large.count; i++)
		hashing.has_identity |=
			hashing_of(worker, &blob_of(&worker->large.blobs[i])->key).has_identity;
	if (worker->large.intake && hashing.has_identity == worker->large.has_identity)
		return MUSTER_OK;
	long_intake_close(worker->large.intake);
	worker->large.has_identity = hashing.has_identity;
	return long_intake_open(&worker->large.intake, &hashing, &ops, err);
}

/* A large blob is noted; at most LONG_INTAKE_FILES of them. */
static void add_large(struct byte_worker *worker, struct pack_job *job, uint32_t ordinal)
{
	worker->large.blobs[worker->large.count++] = (struct large_blob){ job, ordinal, false };
}

static enum muster_code check_large(struct byte_worker *worker, struct muster_error *err)
{
	enum muster_code code = need_large(worker, err);

	worker->large.next = 0;
	if (!code)
		code = long_intake_run(worker->large.intake, err);
	worker->large.count = 0;
	return code;
}

/* --- a pack ------------------------------------------------------------------------------ */

static bool is_large(const struct check_run *run, const struct pack_blob *blob)
{
	return blob->key.size_bytes > PACK_BLOB_MAX_BYTES ||
	       blob->key.size_bytes > run->buffer_bytes;
}

static enum muster_code check_blobs(struct byte_worker *worker, struct pack_job *job,
				    uint32_t first, uint32_t count, struct muster_error *err)
{
	if (!is_large(worker->check->run, &job->pack.blobs[first]))
		return check_group(worker, job, first, count, err);
	add_large(worker, job, first);
	return check_large(worker, err);
}

/* What cannot be read together is tried one by one, so that each bad one is named. */
static enum muster_code check_one_by_one(struct byte_worker *worker, struct pack_job *job,
					 uint32_t first, uint32_t count, struct muster_error *err)
{
	for (uint32_t i = first; i < first + count; i++) {
		enum muster_code code = check_blobs(worker, job, i, 1, err);

		if (code == MUSTER_E_MEMORY)
			return code;
		if (code)
			tell_blob(worker->check->run, job, i, code, err->message);
		*err = (struct muster_error){ 0 };
	}
	return MUSTER_OK;
}

/* Header and padding are constant: what they hold is part of what is stored. */
static enum muster_code check_constant(const struct pack_job *job, uint64_t begin, uint64_t end,
				       struct view expected, struct muster_error *err)
{
	uint8_t found[PACK_ALIGN_BYTES];
	enum muster_code code;

	if (end - begin > expected.len)
		return muster_fail(err, MUSTER_E_FORMAT, "%llu %s to nothing",
				   (unsigned long long)(end - begin),
				   text_plural(end - begin, "byte belongs", "bytes belong"));
	code = store_read(job->pack.object, begin, found, end - begin, err);
	if (!code && memcmp(found, expected.ptr, end - begin) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT, "its header or padding has changed");
	return code;
}

static enum muster_code check_frame(struct check_run *run, const struct pack_job *job,
				    struct muster_error *err)
{
	static const uint8_t zeros[PACK_ALIGN_BYTES];
	const struct pack_trailer *trailer = &job->pack.trailer;
	const struct pack_blob *last = &job->pack.blobs[trailer->blob_count - 1];
	struct bytes head = { 0 };
	enum muster_code code = pack_begin(trailer->is_single, &head, err);

	if (!code)
		code = check_constant(job, 0, head.len, bytes_view(&head), err);
	if (!code)
		code = check_constant(job, last->offset_bytes + last->key.size_bytes,
				      trailer->directory_offset_bytes,
				      view_of(zeros, sizeof(zeros)), err);
	bytes_release(&head);
	return check_judge(run, job->key.text, code, err);
}

static void count_pack(struct check_run *run, const struct pack_job *job)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < job->pack.trailer.blob_count; i++)
		bytes += job->pack.blobs[i].key.size_bytes;
	pthread_mutex_lock(&run->findings.lock);
	run->report->blob_count += job->pack.trailer.blob_count;
	run->report->checked_bytes += bytes;
	pthread_mutex_unlock(&run->findings.lock);
	atomic_fetch_add_explicit(&run->progress->done_bytes, job->pack.trailer.pack_bytes - bytes,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->done_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->read_files, 1, memory_order_relaxed);
}

static enum muster_code begin_pack(struct check_run *run, struct pack_job *job,
				   struct muster_error *err)
{
	enum muster_code code;

	key_object(&job->key, OBJECT_PACK, &job->pack.id);
	code = check_frame(run, job, err);
	return code == MUSTER_E_MEMORY ? code : MUSTER_OK;
}

static void end_pack(struct check_run *run, const struct pack_job *job)
{
	tell_rest(run, job);
	count_pack(run, job);
}

static enum muster_code check_pack(struct byte_worker *worker, struct pack_job *job,
				   struct muster_error *err)
{
	struct check_run *run = worker->check->run;
	uint32_t blob_count = job->pack.trailer.blob_count, count;
	enum muster_code code = begin_pack(run, job, err);

	for (uint32_t first = 0; first < blob_count && !code; first += count) {
		if (is_ending(worker->check))
			return MUSTER_OK;
		count = group_count(worker, job, first);
		code = check_blobs(worker, job, first, count, err);
		if (code && code != MUSTER_E_MEMORY)
			code = check_one_by_one(worker, job, first, count, err);
	}
	if (!code && !is_ending(worker->check))
		end_pack(run, job);
	return code;
}

/* Packs of one large blob each. */
static enum muster_code check_large_packs(struct byte_worker *worker, struct pack_job *jobs,
					  struct muster_error *err)
{
	struct check_run *run = worker->check->run;
	enum muster_code code = MUSTER_OK;

	for (struct pack_job *job = jobs; job && !code; job = job->next) {
		code = begin_pack(run, job, err);
		if (!code)
			add_large(worker, job, 0);
	}
	if (!code)
		code = check_large(worker, err);
	for (struct pack_job *job = jobs; job && !code && !is_ending(worker->check);
	     job = job->next)
		end_pack(run, job);
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

static void free_jobs(struct pack_job *jobs)
{
	while (jobs) {
		struct pack_job *job = jobs;

		jobs = job->next;
		open_pack_release(&job->pack);
		free(job);
	}
}

/* Thread body: runs until the queue is closed and drained. */
static void *check_packs_of(void *arg)
{
	struct byte_worker *worker = arg;
	void *item;

	while (queue_take(worker->check->packs, &item)) {
		struct pack_job *jobs = item;
		struct muster_error err = { 0 };
		enum muster_code code = MUSTER_OK;

		if (!is_ending(worker->check))
			code = jobs->next ? check_large_packs(worker, jobs, &err)
					  : check_pack(worker, jobs, &err);
		if (code)
			note_failure(worker->check, &err);
		free_jobs(jobs);
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

/* --- jobs -------------------------------------------------------------------------------- */

/* Some of those that were gathered become one job. */
static void put_large(struct byte_check *check, unsigned count)
{
	struct pack_job *jobs = check->large, **end = &check->large;

	for (unsigned i = 0; i < count; i++)
		end = &(*end)->next;
	check->large = *end;
	*end = NULL;
	check->large_count -= count;
	queue_put(check->packs, jobs); /* closed only by byte_check_finish() */
}

/* As many for each worker; no more than a long intake reads at once. */
static void put_all_large(struct byte_check *check)
{
	for (unsigned left = check->run->worker_count; check->large_count; left -= left > 1) {
		unsigned share = (check->large_count + left - 1) / left;

		put_large(check, share < LONG_INTAKE_FILES ? share : LONG_INTAKE_FILES);
	}
}

static void gather(struct byte_check *check, struct pack_job *job)
{
	unsigned most = check->run->worker_count * LONG_INTAKE_FILES;

	job->next = check->large;
	check->large = job;
	/* Each keeps a file open. */
	if (++check->large_count >= (most < LARGE_MAX ? most : LARGE_MAX))
		put_all_large(check);
}

enum muster_code byte_check_put(struct byte_check *check, struct open_pack *pack,
				struct muster_error *err)
{
	struct pack_job *job;

	if (atomic_load_explicit(&check->failure.is_set, memory_order_acquire)) {
		*err = check->failure.error;
		return err->code;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		return muster_fail_memory(err, "a pack to check");
	job->pack = *pack;
	*pack = (struct open_pack){ 0 };
	if (job->pack.trailer.blob_count == 1 && is_large(check->run, job->pack.blobs))
		gather(check, job);
	else
		queue_put(check->packs, job); /* closed only by byte_check_finish() */
	return MUSTER_OK;
}

enum muster_code byte_check_finish(struct byte_check *check, struct muster_error *err)
{
	enum muster_code code;

	if (!check)
		return MUSTER_OK;
	if (check->started == check->run->worker_count)
		put_all_large(check);
	free_jobs(check->large); /* nobody is there to do them */
	if (check->packs)
		queue_close(check->packs);
	for (unsigned i = 0; i < check->started; i++)
		pthread_join(check->workers[i].thread, NULL);
	for (unsigned i = 0; check->workers && i < check->run->worker_count; i++) {
		free(check->workers[i].buffer);
		long_intake_close(check->workers[i].large.intake);
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
