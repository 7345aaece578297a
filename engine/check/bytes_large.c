/* Large blobs of packs, several side by side. One that cannot be read is tried once more. */
#include "engine/check/bytes_internal.h"

bool bytes_is_large(const struct check_run *run, const struct pack_blob *blob)
{
	return blob->key.size_bytes > PACK_BLOB_MAX_BYTES ||
	       blob->key.size_bytes > run->buffer_bytes;
}

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
	out->algorithm = bytes_hashing_of(worker, &blob_of(large)->key).algorithm;
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

	(void)state;
	*got = left < len ? (size_t)left : len;
	return *got ? store_read(large->job->pack.object, blob->offset_bytes + offset_bytes, out,
				 *got, error)
		    : MUSTER_OK;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	struct byte_worker *worker = state;
	struct large_blob *large = cookie;
	const char *reason;

	if (answer->code == MUSTER_E_CANCELLED)
		return MUSTER_OK;
	if (muster_ends_job(answer->code)) {
		*err = *answer->error;
		return err->code;
	}
	if (answer->code) {
		*again = !large->has_failed;
		large->has_failed = true;
		if (!*again)
			bytes_tell_blob(worker->check->run, large->job, large->ordinal,
					answer->code, answer->error->message);
		return MUSTER_OK;
	}
	reason = bytes_judge(worker, &blob_of(large)->key, answer->fingerprint);
	if (reason)
		bytes_tell_blob(worker->check->run, large->job, large->ordinal, MUSTER_E_DIGEST,
				reason);
	return MUSTER_OK;
}

static bool is_stopping(void *check)
{
	return bytes_is_ending(check);
}

static enum muster_code need_large(struct byte_worker *worker, struct muster_error *err)
{
	struct muster_progress *progress = worker->check->run->progress;
	struct long_ops ops = { .state = worker,
				.next = next_large,
				.open = open_large,
				.read = read_large,
				.end = end_large,
				.is_stopping = is_stopping,
				.run = worker->check,
				.read_bytes = &progress->read_bytes,
				.done_bytes = &progress->done_bytes };
	struct hash_options hashing = { .algorithm = DIGEST_XXH128,
					.has_identity = worker->large.has_identity,
					.cpu = worker->check->run->cpu };

	for (size_t i = 0; i < worker->large.count; i++)
		hashing.has_identity |=
			bytes_hashing_of(worker, &blob_of(&worker->large.blobs[i])->key)
				.has_identity;
	if (worker->large.intake && hashing.has_identity == worker->large.has_identity)
		return MUSTER_OK;
	long_intake_close(worker->large.intake);
	worker->large.has_identity = hashing.has_identity;
	return long_intake_open(&worker->large.intake, &hashing, &ops, err);
}

void bytes_add_large(struct byte_worker *worker, struct pack_job *job, uint32_t ordinal)
{
	worker->large.blobs[worker->large.count++] = (struct large_blob){ job, ordinal, false };
}

enum muster_code bytes_check_large(struct byte_worker *worker, struct muster_error *err)
{
	enum muster_code code = need_large(worker, err);

	worker->large.next = 0;
	if (!code)
		code = long_intake_run(worker->large.intake, err);
	worker->large.count = 0;
	return code;
}
