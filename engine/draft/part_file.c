/* One file at a time: read, hashed and packed from one buffer, which stays, as the hasher and the
 * pack in progress do. A file over 4 MiB is a pack of its own; where some stored blob has exactly
 * its size it is hashed first, and read again only if it is new. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/draft/part_internal.h"
#include "engine/intake/form.h"
#include "io/file/read.h"

#define CHUNK_BYTES (1u << 20)
#define ATTEMPTS    2

struct part_files {
	struct blob_set *blobs;
	struct blob_packer *packer;
	struct hasher *hasher;
	uint8_t *buffer; /* PACK_BLOB_MAX_BYTES and one more */
};

/* One file on its way. */
struct file_read {
	int fd;
	const char *name;
	struct file_stat found;
	struct blob_key key;
	struct fingerprint fingerprint;
	struct blob_place place;
};

static bool is_usable(void *state, const struct object_id *pack, uint32_t ordinal)
{
	return repository_standing(state, pack) == GC_LIVE &&
	       !repository_is_bad(state, pack, ordinal);
}

static enum muster_code open_blobs(struct part *part, struct blob_set **out,
				   struct muster_error *err)
{
	struct blob_set_options options = { .algorithm = repository_algorithm(part->repository),
					    .has_identity =
						    repository_has_identity(part->repository),
					    .next_id = part_next_id,
					    .next_id_state = part,
					    .is_usable = is_usable,
					    .usable_state = part->repository };
	enum muster_code code = repository_read_gc(part->repository, err);

	memcpy(options.repository_id, repository_id(part->repository), 16);
	return code ? code : blob_set_open(out, part->store, &options, err);
}

static enum muster_code open_hasher(struct part *part, struct hasher **out,
				    struct muster_error *err)
{
	struct hash_options options = { .algorithm = repository_algorithm(part->repository),
					.has_identity = repository_has_identity(part->repository) };
	struct intake_form form;
	enum muster_code code = intake_form_of(&part->options.job, &form, err);

	if (code)
		return code;
	options.cpu = form.cpu;
	return hasher_new(out, options, err);
}

static enum muster_code need_files(struct part *part, struct muster_error *err)
{
	struct part_files *files;
	enum muster_code code;

	if (part->files)
		return MUSTER_OK;
	files = calloc(1, sizeof(*files));
	if (!files)
		return muster_fail_memory(err, "files to add");
	code = open_blobs(part, &files->blobs, err);
	if (!code)
		code = blob_packer_open(&files->packer, files->blobs, err);
	if (!code)
		code = open_hasher(part, &files->hasher, err);
	files->buffer = code ? NULL : malloc(PACK_BLOB_MAX_BYTES + 1);
	if (!code && !files->buffer)
		code = muster_fail_memory(err, "a file to add");
	if (code) {
		part_files_close(files);
		return code;
	}
	part->files = files;
	return MUSTER_OK;
}

void part_files_close(struct part_files *files)
{
	if (!files)
		return;
	blob_packer_close(files->packer);
	blob_set_close(files->blobs);
	hasher_free(files->hasher);
	free(files->buffer);
	free(files);
}

enum muster_code part_files_finish(struct part *part, struct muster_error *err)
{
	enum muster_code code;

	if (!part->files)
		return MUSTER_OK;
	code = blob_packer_flush(part->files->packer, err);
	return code ? code : blob_set_finish(part->files->blobs, err);
}

/* --- one file -------------------------------------------------------------------------------- */

static enum muster_code fail_changed(const struct file_read *read, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_CHANGED, "'%s' changed while it was read", read->name);
}

/* Was it the same from its first byte to its last? */
static enum muster_code check_same(const struct file_read *read, struct muster_error *err)
{
	struct file_stat after;
	enum muster_code code = file_stat_fd(read->fd, &after, err);

	if (code || file_stat_equal(&read->found, &after))
		return code;
	return fail_changed(read, err);
}

static void set_key(struct part *part, struct file_read *read)
{
	read->key = (struct blob_key){ .algorithm = (uint8_t)repository_algorithm(part->repository),
				       .size_bytes = read->found.size_bytes,
				       .has_identity = repository_has_identity(part->repository) };
	memcpy(read->key.digest, read->fingerprint.digest, DIGEST_BYTES);
	memcpy(read->key.checksum, read->fingerprint.checksum, CHECKSUM_BYTES);
	memcpy(read->key.identity, read->fingerprint.identity, IDENTITY_BYTES);
}

static enum muster_code add_small(struct part *part, struct file_read *read,
				  struct muster_error *err)
{
	struct part_files *files = part->files;
	struct hash_request request = { 0 };
	size_t len = 0, got = 1;
	enum muster_code code = MUSTER_OK;

	while (!code && got && len <= PACK_BLOB_MAX_BYTES) {
		code = file_read_at(read->fd, len, files->buffer + len,
				    PACK_BLOB_MAX_BYTES + 1 - len, &got, err);
		len += code ? 0 : got;
	}
	if (!code && len != read->found.size_bytes)
		code = fail_changed(read, err);
	if (!code)
		code = check_same(read, err);
	if (code)
		return code;
	request.data = view_of(files->buffer, len);
	hash_batch(files->hasher, &request, 1);
	read->fingerprint = request.fingerprint;
	set_key(part, read);
	return blob_packer_put(files->packer, &read->key, request.data, &read->place, err);
}

/* Hashes all of it, and stores it where there is a stream. */
static enum muster_code read_through(struct part *part, struct file_read *read,
				     struct blob_stream *stream, struct muster_error *err)
{
	struct part_files *files = part->files;
	struct muster_progress *progress = part->options.job.progress;
	uint64_t at = 0;
	size_t got = 1;
	enum muster_code code = MUSTER_OK;

	hash_begin(files->hasher);
	while (!code && got) {
		if (progress && atomic_load_explicit(&progress->cancel, memory_order_relaxed))
			return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		code = file_read_at(read->fd, at, files->buffer, CHUNK_BYTES, &got, err);
		if (code || !got)
			break;
		at += got;
		hash_update(files->hasher, view_of(files->buffer, got));
		if (stream)
			code = blob_stream_append(stream, view_of(files->buffer, got), err);
	}
	hash_end(files->hasher, &read->fingerprint);
	if (!code && at != read->found.size_bytes)
		code = fail_changed(read, err);
	if (!code)
		code = check_same(read, err);
	set_key(part, read);
	return code;
}

/* MUSTER_ABSENT: it is not stored. */
static enum muster_code find_large(struct part *part, struct file_read *read,
				   struct muster_error *err)
{
	struct blob_set *blobs = part->files->blobs;
	enum muster_code code;

	if (!blob_set_has_large_size(blobs, read->found.size_bytes))
		return MUSTER_ABSENT;
	code = read_through(part, read, NULL, err);
	if (!code)
		code = blob_set_find(blobs, &read->key, &read->place, err);
	if (!code)
		blob_set_count_shared(blobs, read->found.size_bytes);
	return code;
}

static enum muster_code add_large(struct part *part, struct file_read *read,
				  struct muster_error *err)
{
	struct blob_stream *stream;
	enum muster_code code = find_large(part, read, err);

	if (code != MUSTER_ABSENT)
		return code;
	code = blob_stream_begin(&stream, part->files->blobs, NULL, err);
	if (code)
		return code;
	code = read_through(part, read, stream, err);
	if (!code)
		return blob_stream_finish(stream, &read->key, &read->place, err);
	blob_stream_abort(stream);
	return code;
}

/* A directory, a device, a FIFO: nothing that has bytes to keep. */
static enum muster_code explain(const char *file, enum muster_code code, struct muster_error *err)
{
	int cause = err ? err->sys_errno : 0;

	if (code == MUSTER_E_IO && (cause == EISDIR || cause == EINVAL))
		return muster_fail(err, MUSTER_E_USAGE, "Path is not a file: '%s'", file);
	return code;
}

static enum muster_code read_file(struct part *part, const char *file, struct file_read *read,
				  struct muster_error *err)
{
	enum muster_code code;

	*read = (struct file_read){ .name = file };
	code = file_open(AT_FDCWD, file, &read->fd, &read->found, err);
	if (code)
		return explain(file, code, err);
	code = read->found.size_bytes > PACK_BLOB_MAX_BYTES ? add_large(part, read, err)
							    : add_small(part, read, err);
	close(read->fd); /* opened read-only: nothing can be lost here */
	return code;
}

static void count(struct part *part, const struct file_read *read)
{
	struct muster_progress *progress = part->options.job.progress;

	if (!progress)
		return;
	atomic_fetch_add(&progress->read_files, 1);
	atomic_fetch_add(&progress->read_bytes, read->found.size_bytes);
	atomic_fetch_add(&progress->done_files, 1);
	atomic_fetch_add(&progress->done_bytes, read->found.size_bytes);
}

enum muster_code part_add_file(struct part *part, const char *file, struct view path,
			       bool overwrite, struct entry *out, struct muster_error *err)
{
	struct kept kept = { .kind = KEPT_ADDED, .has_place = true };
	struct muster_error own = { 0 };
	struct file_read read;
	enum muster_code code;

	err = err ? err : &own; /* its errno is looked at */
	code = need_files(part, err);
	for (unsigned attempt = 0; !code && attempt < ATTEMPTS; attempt++) {
		*err = (struct muster_error){ 0 };
		code = read_file(part, file, &read, err);
		if (code != MUSTER_E_CHANGED)
			break;
		if (attempt + 1 < ATTEMPTS)
			code = MUSTER_OK;
	}
	if (code)
		return code;
	kept.place = read.place;
	kept.entry = (struct entry){ .path = path,
				     .algorithm = repository_algorithm(part->repository),
				     .fingerprint = read.fingerprint,
				     .size_bytes = read.found.size_bytes,
				     .has_size = true,
				     .has_checksum = true,
				     .has_identity = repository_has_identity(part->repository) };
	code = part_check_new(part, &kept.entry, overwrite, err);
	if (!code)
		code = part_keep(part, path, &kept, err);
	if (code)
		return code;
	count(part, &read);
	if (out)
		*out = kept.entry;
	return MUSTER_OK;
}
