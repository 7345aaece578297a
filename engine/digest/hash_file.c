#include "engine/digest/hash_file.h"

#include <stdlib.h>
#include <unistd.h>

#define CHUNK_BYTES (1u << 20)
#define ATTEMPTS    2

enum muster_code file_hasher_init(struct file_hasher *files, enum digest_algorithm algorithm,
				  size_t buffer_bytes, struct muster_progress *progress,
				  struct muster_error *err)
{
	struct hash_options options = { .algorithm = algorithm };

	files->progress = progress;
	files->buffer_bytes = buffer_bytes;
	files->buffer = malloc(buffer_bytes);
	if (!files->buffer)
		return muster_fail_memory(err, "a worker's buffer");
	return hasher_new(&files->hasher, options, err);
}

void file_hasher_release(struct file_hasher *files)
{
	hasher_free(files->hasher);
	free(files->buffer);
}

static void count(atomic_ullong *counter, uint64_t more)
{
	atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static bool is_cancelled(const struct file_hasher *files)
{
	return atomic_load_explicit(&files->progress->cancel, memory_order_relaxed);
}

static void hash_group(struct file_hasher *files)
{
	hash_batch(files->hasher, files->group.requests, files->group.count);
	for (size_t i = 0; i < files->group.count; i++) {
		struct put_item *item = files->group.items[i];

		item->fingerprint = files->group.requests[i].fingerprint;
		count(&files->progress->done_files, 1);
		count(&files->progress->done_bytes, item->found.size_bytes);
	}
	files->group.count = 0;
	files->group.used_bytes = 0;
}

static struct found_file found_as(const struct file_stat *stat)
{
	return (struct found_file){ stat->size_bytes, stat->mtime_ns, stat->ctime_ns, stat->inode };
}

static bool is_same_state(const struct found_file *found, const struct file_stat *after)
{
	return found->size_bytes == after->size_bytes && found->mtime_ns == after->mtime_ns &&
	       found->ctime_ns == after->ctime_ns;
}

static void set_fate(struct put_item *item, enum muster_code code, const struct muster_error *error)
{
	if (code == MUSTER_E_VANISHED)
		item->fate = ITEM_VANISHED;
	else if (code)
		put_item_fail(item, error);
}

/* --- large files ---------------------------------------------------------------------------- */

static enum muster_code hash_chunks(struct file_hasher *files, int fd, uint64_t *done,
				    struct muster_error *error)
{
	size_t chunk = files->buffer_bytes < CHUNK_BYTES ? files->buffer_bytes : CHUNK_BYTES, got;
	enum muster_code code;

	*done = 0;
	while (!(code = file_read_at(fd, *done, files->buffer, chunk, &got, error)) && got) {
		if (is_cancelled(files))
			return muster_fail(error, MUSTER_E_CANCELLED, "interrupted");
		hash_update(files->hasher, view_of(files->buffer, got));
		*done += got;
		count(&files->progress->read_bytes, got);
		count(&files->progress->done_bytes, got);
	}
	return code;
}

static enum muster_code hash_once(struct file_hasher *files, int dir_fd, struct put_item *item,
				  struct muster_error *error)
{
	struct file_stat before, after;
	uint64_t done = 0;
	enum muster_code code;
	int fd;

	code = file_open(dir_fd, item->name, &fd, &before, error);
	if (code)
		return code;
	item->found = found_as(&before);
	hash_begin(files->hasher);
	code = hash_chunks(files, fd, &done, error);
	hash_end(files->hasher, &item->fingerprint);
	if (!code)
		code = file_stat_fd(fd, &after, error);
	close(fd); /* opened read-only: nothing can be lost here */
	if (!code && (done != item->found.size_bytes || !is_same_state(&item->found, &after)))
		code = muster_fail(error, MUSTER_E_CHANGED, "it changed while it was read, twice");
	return code;
}

void file_hasher_large(struct file_hasher *files, int dir_fd, struct put_item *item)
{
	struct muster_error error = { 0 };
	enum muster_code code = MUSTER_E_CHANGED;

	hash_group(files); /* the buffer is needed */
	for (int n = 0; n < ATTEMPTS && code == MUSTER_E_CHANGED; n++)
		code = hash_once(files, dir_fd, item, &error);
	set_fate(item, code, &error);
	if (code)
		return;
	count(&files->progress->read_files, 1);
	count(&files->progress->done_files, 1);
}

/* --- small files ---------------------------------------------------------------------------- */

/* MUSTER_FULL: it needs more room than there is now. */
static enum muster_code read_whole(struct file_hasher *files, int dir_fd, struct put_item *item,
				   struct muster_error *error)
{
	size_t room = files->buffer_bytes - files->group.used_bytes;

	for (int n = 0; n < ATTEMPTS; n++) {
		struct file_stat after;
		enum muster_code code;

		if (item->found.size_bytes >= room)
			return MUSTER_FULL;
		code = file_read_whole(dir_fd, item->name, item->found.size_bytes,
				       files->buffer + files->group.used_bytes, room, &after,
				       error);
		if (code && code != MUSTER_E_CHANGED)
			return code;
		if (!code && is_same_state(&item->found, &after))
			return MUSTER_OK;
		item->found = found_as(&after);
	}
	return muster_fail(error, MUSTER_E_CHANGED, "it changed while it was read, twice");
}

static void read_small(struct file_hasher *files, int dir_fd, struct put_item *item)
{
	struct muster_error error = { 0 };
	size_t at;
	enum muster_code code = read_whole(files, dir_fd, item, &error);

	if (code == MUSTER_FULL) {
		hash_group(files);
		code = read_whole(files, dir_fd, item, &error);
	}
	if (code == MUSTER_FULL) { /* it has become a large one */
		file_hasher_large(files, dir_fd, item);
		return;
	}
	set_fate(item, code, &error);
	if (code)
		return;
	count(&files->progress->read_files, 1);
	count(&files->progress->read_bytes, item->found.size_bytes);
	at = files->group.count++;
	files->group.items[at] = item;
	files->group.requests[at].data =
		view_of(files->buffer + files->group.used_bytes, item->found.size_bytes);
	files->group.used_bytes += item->found.size_bytes;
}

void file_hasher_batch(struct file_hasher *files, struct put_batch *batch,
		       const bool is_large[PUT_BATCH_MAX])
{
	for (size_t i = 0; i < batch->item_count && !is_cancelled(files); i++)
		if (!is_large[i] && batch->items[i].fate == ITEM_READ)
			read_small(files, batch->dir_fd, &batch->items[i]);
	hash_group(files);
}
