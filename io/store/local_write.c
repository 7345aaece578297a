#include "io/store/local_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

/* Small appends are put together; a view of half of this or more is written as it is. */
#define WRITER_BUFFER_BYTES (64u << 10)
/* FORMAT §7: writeback starts every 8 MiB, so that the sync at the end finds little to do. */
#define WRITER_WRITEBACK_BYTES (8u << 20)

struct local_writer {
	struct store_writer base;
	struct local_temporary temporary;
	uint64_t size_bytes;	/* written to the file */
	uint64_t started_bytes; /* whose writeback was started */
	bool failed;
	uint8_t *buffer; /* NULL until a small append comes */
	size_t buffered;
	char key[];
};

enum muster_code local_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err)
{
	size_t key_bytes = strlen(key) + 1;
	struct local_writer *writer = calloc(1, sizeof(*writer) + key_bytes);
	enum muster_code code;

	if (!writer)
		return muster_fail_memory(err, "a writer");
	writer->base.store = store;
	memcpy(writer->key, key, key_bytes);
	code = local_temporary_open(local_of(store), &writer->temporary, err);
	if (code) {
		free(writer);
		return code;
	}
	*out = &writer->base;
	return MUSTER_OK;
}

static void start_writeback(struct local_writer *writer)
{
	const struct sys_ops *sys = local_of(writer->base.store)->sys;
	uint64_t len = writer->size_bytes - writer->started_bytes;

	if (len < WRITER_WRITEBACK_BYTES)
		return;
	/* A hint: the sync at finish is what counts, and it reports what went wrong. */
	sys->sync_file_range(sys->state, writer->temporary.fd, writer->started_bytes, len,
			     SYNC_FILE_RANGE_WRITE);
	writer->started_bytes = writer->size_bytes;
}

/* Write what is buffered and then `data`. */
static enum muster_code write_through(struct local_writer *writer, struct view data,
				      struct muster_error *err)
{
	struct local_store *local = local_of(writer->base.store);
	struct view head = { writer->buffer, writer->buffered };

	if (sys_write_both(local->sys, writer->temporary.fd, head, data)) {
		writer->failed = true;
		local_fail(local, "write", err);
		muster_context(err, "write '%s'", writer->key);
		return MUSTER_E_IO;
	}
	writer->size_bytes += head.len + data.len;
	writer->buffered = 0;
	start_writeback(writer);
	return MUSTER_OK;
}

enum muster_code local_write_append(struct store_writer *base, struct view data,
				    struct muster_error *err)
{
	struct local_writer *writer = (struct local_writer *)base;

	if (data.len >= WRITER_BUFFER_BYTES / 2 ||
	    data.len > WRITER_BUFFER_BYTES - writer->buffered)
		return write_through(writer, data, err);
	if (data.len == 0)
		return MUSTER_OK;
	if (!writer->buffer) {
		writer->buffer = malloc(WRITER_BUFFER_BYTES);
		if (!writer->buffer) {
			writer->failed = true;
			return muster_fail_memory(err, "the buffer of a writer");
		}
	}
	memcpy(writer->buffer + writer->buffered, data.ptr, data.len);
	writer->buffered += data.len;
	return MUSTER_OK;
}

static enum muster_code settle(struct local_writer *writer, struct muster_error *err)
{
	struct local_store *local = local_of(writer->base.store);
	enum muster_code code;

	if (writer->failed)
		return muster_fail(err, MUSTER_E_IO, "an earlier write failed");
	code = write_through(writer, (struct view){ 0 }, err);
	if (code)
		return code;
	if (local->sys->fdatasync(local->sys->state, writer->temporary.fd))
		return local_fail(local, "sync a file", err);
	code = local_place(local, &writer->temporary, writer->key, err);
	/* Behind the name: a mark set before could be taken by a sync that misses the name. */
	return code ? code : local_touch_parent(local, writer->key, err);
}

enum muster_code local_write_finish(struct store_writer *base, struct muster_error *err)
{
	struct local_writer *writer = (struct local_writer *)base;
	enum muster_code code = settle(writer, err);

	if (muster_failed(code))
		muster_context(err, "finish '%s'", writer->key);
	local_write_abort(base); /* what was placed has left the writer */
	return code;
}

void local_write_abort(struct store_writer *base)
{
	struct local_writer *writer = (struct local_writer *)base;

	local_temporary_drop(local_of(base->store), &writer->temporary);
	free(writer->buffer);
	free(writer);
}
