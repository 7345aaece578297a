/* A large file of an import: hashed while it is packed, and dropped if it is another than the
 * manifest says. Where a stored blob has exactly its size it is hashed first. */
#include "engine/transfer/import_internal.h"

#include <unistd.h>

#include "base/text/text.h"
#include "io/file/read.h"

struct large {
	struct import_worker *worker;
	struct import_item *item;
	struct hasher *hasher;
	struct blob_set *set;
	int fd;
	uint64_t size_bytes;
	struct muster_error *error; /* what is wrong with the file */
};

/* One pass over the file: hash, and pack if `stream`. */
static enum muster_code pass(struct large *large, struct blob_stream *stream,
			     struct muster_error *err)
{
	struct import_run *run = large->worker->run;
	struct fingerprint found;
	uint64_t done = 0;
	size_t got;
	enum muster_code code;

	hash_begin(large->hasher);
	while (!(code = file_read_at(large->fd, done, large->worker->buffer, IMPORT_PIECE_BYTES,
				     &got, large->error)) &&
	       got) {
		struct view piece = view_of(large->worker->buffer, got);

		if (import_is_stopping(run))
			return muster_fail(large->error, MUSTER_E_CANCELLED, "interrupted");
		hash_update(large->hasher, piece);
		if (stream && (code = blob_stream_append(stream, piece, err)))
			return code;
		done += got;
		atomic_fetch_add_explicit(&run->progress->read_bytes, got, memory_order_relaxed);
	}
	hash_end(large->hasher, &found);
	if (!code && done != large->size_bytes)
		code = muster_fail(large->error, MUSTER_E_CHANGED, "it changed while it was read");
	if (code)
		return code;
	return import_accept(large->item, &found, done, repository_has_identity(run->repository),
			     large->error);
}

static enum muster_code pack(struct large *large, struct muster_error *err)
{
	struct blob_stream *stream;
	struct blob_key key;
	enum muster_code code = blob_stream_begin(&stream, large->set, err);

	if (code)
		return code;
	code = pass(large, stream, err);
	if (code) {
		blob_stream_abort(stream);
		return code;
	}
	key = import_key(large->item);
	return blob_stream_finish(stream, &key, &large->item->place, err);
}

static enum muster_code pack_unless_stored(struct large *large, struct muster_error *err)
{
	struct blob_key key;
	enum muster_code code;

	if (!blob_set_has_large_size(large->set, large->size_bytes))
		return pack(large, err);
	code = pass(large, NULL, err);
	if (code)
		return code;
	key = import_key(large->item);
	code = blob_set_find(large->set, &key, &large->item->place, err);
	if (!code)
		blob_set_count_shared(large->set, key.size_bytes);
	return code == MUSTER_ABSENT ? pack(large, err) : code;
}

static enum muster_code open_file(struct large *large)
{
	struct import_item *item = large->item;
	struct file_stat stat;
	enum muster_code code =
		file_open(large->worker->run->from_fd, item->name, &large->fd, &stat, large->error);

	if (code)
		return code;
	large->size_bytes = stat.size_bytes;
	if (!item->entry.has_size || item->entry.size_bytes == stat.size_bytes)
		return MUSTER_OK;
	return muster_fail(
		large->error, MUSTER_E_DIGEST, "the file has %llu %s, the manifest says %llu",
		(unsigned long long)stat.size_bytes, text_plural(stat.size_bytes, "byte", "bytes"),
		(unsigned long long)item->entry.size_bytes);
}

enum muster_code import_large(struct import_worker *worker, struct import_item *item,
			      struct muster_error *error, struct muster_error *err)
{
	struct large large = { .worker = worker, .item = item, .fd = -1, .error = error };
	enum muster_code code =
		import_need(worker, item->entry.algorithm, &large.hasher, &large.set, err);

	if (!code)
		code = open_file(&large);
	if (!code)
		code = pack_unless_stored(&large, err);
	if (large.fd >= 0)
		close(large.fd); /* opened read-only: nothing can be lost here */
	if (!code)
		atomic_fetch_add_explicit(&worker->run->progress->read_files, 1,
					  memory_order_relaxed);
	return code;
}
