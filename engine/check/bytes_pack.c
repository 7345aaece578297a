/* A pack: its blobs, in big sequential pieces, and what lies around them. */
#include "engine/check/bytes_internal.h"

#include <string.h>

#include "base/text/text.h"

/* --- many small blobs ----------------------------------------------------------------------- */

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
		    !bytes_is_hashed_alike(worker, &blobs[first].key, &next->key))
			break;
		count++;
	}
	return count;
}

static void count_read(struct byte_worker *worker, uint64_t bytes)
{
	struct muster_progress *progress = worker->check->run->progress;

	atomic_fetch_add_explicit(&progress->read_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&progress->done_bytes, bytes, memory_order_relaxed);
}

static enum muster_code check_group(struct byte_worker *worker, struct pack_job *job,
				    uint32_t first, uint32_t count, struct muster_error *err)
{
	const struct pack_blob *blobs = &job->pack.blobs[first];
	uint64_t begin = blobs[0].offset_bytes;
	uint64_t len = blobs[count - 1].offset_bytes + blobs[count - 1].key.size_bytes - begin;
	struct hasher *hasher;
	enum muster_code code = bytes_need_hasher(worker, &blobs[0].key, &hasher, err);

	if (!code)
		code = store_read(job->pack.object, begin, worker->buffer, len, err);
	if (code)
		return code;
	for (uint32_t i = 0; i < count; i++)
		worker->requests[i].data = view_of(worker->buffer + (blobs[i].offset_bytes - begin),
						   blobs[i].key.size_bytes);
	hash_batch(hasher, worker->requests, count);
	for (uint32_t i = 0; i < count; i++) {
		const char *reason =
			bytes_judge(worker, &blobs[i].key, &worker->requests[i].fingerprint);

		if (reason)
			bytes_tell_blob(worker->check->run, job, first + i, MUSTER_E_DIGEST,
					reason);
	}
	count_read(worker, len);
	return MUSTER_OK;
}

/* --- a pack ---------------------------------------------------------------------------------- */

static enum muster_code check_blobs(struct byte_worker *worker, struct pack_job *job,
				    uint32_t first, uint32_t count, struct muster_error *err)
{
	if (!bytes_is_large(worker->check->run, &job->pack.blobs[first]))
		return check_group(worker, job, first, count, err);
	bytes_add_large(worker, job, first);
	return bytes_check_large(worker, err);
}

/* What cannot be read together is tried one by one, so that each bad one is named. */
static enum muster_code check_one_by_one(struct byte_worker *worker, struct pack_job *job,
					 uint32_t first, uint32_t count, struct muster_error *err)
{
	for (uint32_t i = first; i < first + count; i++) {
		enum muster_code code = check_blobs(worker, job, i, 1, err);

		if (muster_ends_job(code))
			return code;
		if (code)
			bytes_tell_blob(worker->check->run, job, i, code, err->message);
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
	run->report->read_packs++;
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
	job->is_frame_broken = code == MUSTER_ABSENT;
	return muster_ends_job(code) ? code : MUSTER_OK;
}

static enum muster_code end_pack(struct check_run *run, const struct pack_job *job,
				 struct muster_error *err)
{
	bytes_tell_rest(run, job);
	count_pack(run, job);
	return check_was_read(run, &job->mark, job->is_frame_broken || job->told_count, err);
}

enum muster_code bytes_check_pack(struct byte_worker *worker, struct pack_job *job,
				  struct muster_error *err)
{
	struct check_run *run = worker->check->run;
	uint32_t blob_count = job->pack.trailer.blob_count, count;
	enum muster_code code = begin_pack(run, job, err);

	for (uint32_t first = 0; first < blob_count && !code; first += count) {
		if (bytes_is_ending(worker->check))
			return MUSTER_OK;
		count = group_count(worker, job, first);
		code = check_blobs(worker, job, first, count, err);
		if (code && !muster_ends_job(code))
			code = check_one_by_one(worker, job, first, count, err);
	}
	return code || bytes_is_ending(worker->check) ? code : end_pack(run, job, err);
}

enum muster_code bytes_check_large_packs(struct byte_worker *worker, struct pack_job *jobs,
					 struct muster_error *err)
{
	struct check_run *run = worker->check->run;
	enum muster_code code = MUSTER_OK;

	for (struct pack_job *job = jobs; job && !code; job = job->next) {
		code = begin_pack(run, job, err);
		if (!code)
			bytes_add_large(worker, job, 0);
	}
	if (!code)
		code = bytes_check_large(worker, err);
	for (struct pack_job *job = jobs; job && !code && !bytes_is_ending(worker->check);
	     job = job->next)
		code = end_pack(run, job, err);
	return code;
}
