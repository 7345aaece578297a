#include "io/spill/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_by_name(const char *dir)
{
	size_t cap = strlen(dir) + sizeof("/muster-spill-XXXXXX");
	char *name = malloc(cap);
	int fd, saved;

	if (!name) {
		errno = ENOMEM;
		return -1;
	}
	snprintf(name, cap, "%s/muster-spill-XXXXXX", dir);
	fd = mkostemp(name, O_CLOEXEC);
	saved = errno;
	if (fd >= 0)
		unlink(name);
	free(name);
	errno = saved;
	return fd;
}

enum muster_code run_file_open(int *fd, const char *dir, bool by_name, struct muster_error *err)
{
	if (!by_name) {
		*fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		/* EISDIR: a kernel, ENOENT and EOPNOTSUPP: a file system without O_TMPFILE. */
		if (*fd >= 0)
			return MUSTER_OK;
		if (errno != EISDIR && errno != ENOENT && errno != EOPNOTSUPP)
			return muster_fail_errno(err, "create a temporary file in '%s'", dir);
	}
	*fd = open_by_name(dir);
	if (*fd < 0)
		return muster_fail_errno(err, "create a temporary file in '%s'", dir);
	return MUSTER_OK;
}

void run_level_clear(struct run_level *level)
{
	level->count = 0;
	level->len_bytes = 0;
	/* If this fails the room is used again by the next runs, or given back at the close. */
	if (level->is_open && ftruncate(level->fd, 0))
		return;
}

void run_level_release(struct run_level *level)
{
	if (level->is_open)
		close(level->fd); /* a file without a name: nothing in it is kept */
	*level = (struct run_level){ 0 };
}

enum muster_code run_writer_begin(struct run_writer *writer, struct run_level *level,
				  const char *dir, struct muster_error *err)
{
	*writer = (struct run_writer){ .level = level, .dir = dir };
	writer->offset_bytes = level->len_bytes;
	if (!level->is_open) {
		enum muster_code code = run_file_open(&level->fd, dir, false, err);

		if (code)
			return code;
		level->is_open = true;
	}
	writer->buffer = malloc(RUN_BUFFER_BYTES);
	return writer->buffer ? MUSTER_OK : muster_fail_memory(err, "writing a sorted run");
}

static enum muster_code write_all(struct run_writer *writer, struct view bytes,
				  struct muster_error *err)
{
	while (bytes.len) {
		ssize_t wrote = pwrite(writer->level->fd, bytes.ptr, bytes.len,
				       (off_t)writer->offset_bytes);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			if (wrote == 0)
				errno = ENOSPC;
			return muster_fail_errno(err, "write a sorted run in '%s'", writer->dir);
		}
		bytes = view_of(bytes.ptr + wrote, bytes.len - (size_t)wrote);
		writer->offset_bytes += (uint64_t)wrote;
	}
	return MUSTER_OK;
}

static enum muster_code writer_flush(struct run_writer *writer, struct muster_error *err)
{
	enum muster_code code = write_all(writer, view_of(writer->buffer, writer->used), err);

	writer->used = 0;
	return code;
}

enum muster_code run_writer_add(struct run_writer *writer, struct view record,
				struct muster_error *err)
{
	if (record.len > RUN_BUFFER_BYTES - writer->used) {
		enum muster_code code = writer_flush(writer, err);

		if (code)
			return code;
	}
	if (record.len > RUN_BUFFER_BYTES)
		return write_all(writer, record, err);
	memcpy(writer->buffer + writer->used, record.ptr, record.len);
	writer->used += record.len;
	return MUSTER_OK;
}

enum muster_code run_writer_end(struct run_writer *writer, struct muster_error *err)
{
	struct run_level *level = writer->level;
	enum muster_code code = writer_flush(writer, err);

	if (code)
		return code;
	level->runs[level->count++] =
		(struct run){ level->len_bytes, writer->offset_bytes - level->len_bytes };
	level->len_bytes = writer->offset_bytes;
	return MUSTER_OK;
}

void run_writer_release(struct run_writer *writer)
{
	free(writer->buffer);
	writer->buffer = NULL;
}

enum muster_code run_reader_open(struct run_reader *reader, const struct run_level *level,
				 unsigned index, const char *dir, struct muster_error *err)
{
	*reader = (struct run_reader){ .dir = dir, .fd = level->fd, .cap = RUN_BUFFER_BYTES };
	reader->offset_bytes = level->runs[index].offset_bytes;
	reader->left_bytes = level->runs[index].len_bytes;
	reader->buffer = malloc(reader->cap);
	return reader->buffer ? MUSTER_OK : muster_fail_memory(err, "reading a sorted run");
}

void run_reader_release(struct run_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

/* Moves what is left to the front of a buffer that holds `need` bytes. */
static enum muster_code reader_make_room(struct run_reader *reader, size_t need,
					 struct muster_error *err)
{
	size_t left = reader->end - reader->start;
	uint8_t *bigger;

	if (need > reader->cap) {
		bigger = malloc(need);
		if (!bigger)
			return muster_fail_memory(err, "a large record of a sorted run");
		memcpy(bigger, reader->buffer + reader->start, left);
		free(reader->buffer);
		reader->buffer = bigger;
		reader->cap = need;
	} else {
		memmove(reader->buffer, reader->buffer + reader->start, left);
	}
	reader->start = 0;
	reader->end = left;
	return MUSTER_OK;
}

/* Has `need` bytes from `start` on in the buffer. */
static enum muster_code reader_fill(struct run_reader *reader, size_t need,
				    struct muster_error *err)
{
	enum muster_code code;

	if (reader->end - reader->start >= need)
		return MUSTER_OK;
	code = reader_make_room(reader, need, err);
	if (code)
		return code;
	while (reader->end < need) {
		size_t room = reader->cap - reader->end;
		size_t want = room < reader->left_bytes ? room : (size_t)reader->left_bytes;
		ssize_t got = pread(reader->fd, reader->buffer + reader->end, want,
				    (off_t)reader->offset_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return muster_fail_errno(err, "read a sorted run in '%s'", reader->dir);
		if (got == 0)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "a sorted run in '%s' is cut short", reader->dir);
		reader->end += (size_t)got;
		reader->offset_bytes += (uint64_t)got;
		reader->left_bytes -= (uint64_t)got;
	}
	return MUSTER_OK;
}

enum muster_code run_reader_next(struct run_reader *reader, struct view *record,
				 struct muster_error *err)
{
	uint32_t lens[2];
	size_t len;
	enum muster_code code;

	if (reader->start == reader->end && !reader->left_bytes)
		return MUSTER_END;
	code = reader_fill(reader, RUN_HEAD_BYTES, err);
	if (code)
		return code;
	memcpy(lens, reader->buffer + reader->start, sizeof(lens));
	len = RUN_HEAD_BYTES + (size_t)lens[0] + lens[1];
	if (len > RUN_HEAD_BYTES + SPILL_RECORD_MAX_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "a sorted run in '%s' is damaged",
				   reader->dir);
	code = reader_fill(reader, len, err);
	if (code)
		return code;
	*record = view_of(reader->buffer + reader->start, len);
	reader->start += len;
	return MUSTER_OK;
}
