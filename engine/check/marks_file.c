#include "engine/check/marks_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- reading --------------------------------------------------------------------------------- */

static enum muster_code read_full(const struct marks_reader *reader, void *out, size_t len,
				  struct muster_error *err)
{
	ssize_t got = sys_read_full(sys_system(), reader->fd, out, len);

	if (got < 0)
		return muster_fail_errno(err, "read it");
	return (size_t)got == len ? MUSTER_OK
				  : muster_fail(err, MUSTER_E_FORMAT, "it ends too early");
}

static enum muster_code read_head(struct marks_reader *reader, const uint8_t repository_id[16],
				  uint8_t head[MARKS_HEAD_BYTES], struct muster_error *err)
{
	struct stat found;
	enum muster_code code;

	if (fstat(reader->fd, &found))
		return muster_fail_errno(err, "stat it");
	code = read_full(reader, head, MARKS_HEAD_BYTES, err);
	return code ? code
		    : marks_head_parse(view_of(head, MARKS_HEAD_BYTES), (uint64_t)found.st_size,
				       repository_id, &reader->left, err);
}

static enum muster_code fill(struct marks_reader *reader, struct muster_error *err)
{
	struct marks_buffer *buffer = reader->buffer;

	buffer->count =
		reader->left < MARKS_BUFFER_MARKS ? (size_t)reader->left : MARKS_BUFFER_MARKS;
	buffer->next = 0;
	reader->left -= buffer->count;
	return read_full(reader, buffer->bytes, buffer->count * MARK_BYTES, err);
}

/* What is buffered, as marks: are they what a writer leaves? */
static enum muster_code judge(struct marks_reader *reader, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < reader->buffer->count && !code; i++) {
		struct pack_mark mark;

		code = pack_mark_parse(reader->buffer->bytes + i * MARK_BYTES,
				       reader->has_last ? &reader->last : NULL, &mark, err);
		reader->last = mark;
		reader->has_last = true;
	}
	return code;
}

/* All bytes before the sum, which then comes. */
static enum muster_code prove(struct marks_reader *reader, const uint8_t head[MARKS_HEAD_BYTES],
			      struct muster_error *err)
{
	const struct xxh3_form *form = xxh3_form_of(HASH_CPU_SCALAR);
	void *sum = form->stream_new();
	uint8_t found[MARKS_SUM_BYTES], expected[MARKS_SUM_BYTES];
	enum muster_code code = MUSTER_OK;

	if (!sum)
		return muster_fail_memory(err, "its checksum");
	form->stream_begin(sum);
	form->stream_update(sum, view_of(head, MARKS_HEAD_BYTES));
	while (!code && reader->left) {
		code = fill(reader, err);
		if (!code)
			form->stream_update(sum, view_of(reader->buffer->bytes,
							 reader->buffer->count * MARK_BYTES));
		if (!code)
			code = judge(reader, err);
	}
	form->stream_end(sum, found);
	form->stream_free(sum);
	if (!code)
		code = read_full(reader, expected, sizeof(expected), err);
	if (!code && memcmp(found, expected, sizeof(found)) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT, "its bytes have another checksum");
	return code;
}

enum muster_code marks_reader_open(struct marks_reader *out, const char *path,
				   const uint8_t repository_id[16], struct muster_error *err)
{
	uint8_t head[MARKS_HEAD_BYTES];
	uint64_t count;
	enum muster_code code;

	*out = (struct marks_reader){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (out->fd < 0)
		return errno == ENOENT ? MUSTER_ABSENT : muster_fail_errno(err, "open it");
	out->buffer = calloc(1, sizeof(*out->buffer));
	if (!out->buffer)
		return muster_fail_memory(err, "its marks");
	code = read_head(out, repository_id, head, err);
	count = out->left;
	if (!code)
		code = prove(out, head, err);
	if (!code && lseek(out->fd, MARKS_HEAD_BYTES, SEEK_SET) < 0)
		code = muster_fail_errno(err, "read it");
	out->left = count;
	out->has_last = false;
	out->buffer->count = out->buffer->next = 0;
	return code;
}

enum muster_code marks_reader_next(struct marks_reader *reader, struct pack_mark *out,
				   struct muster_error *err)
{
	struct marks_buffer *buffer = reader->buffer;
	enum muster_code code = MUSTER_OK;

	if (reader->fd < 0 || (buffer->next == buffer->count && !reader->left))
		return MUSTER_END;
	if (buffer->next == buffer->count)
		code = fill(reader, err);
	if (!code)
		code = pack_mark_parse(buffer->bytes + buffer->next * MARK_BYTES,
				       reader->has_last ? &reader->last : NULL, out, err);
	buffer->next++;
	reader->last = *out;
	reader->has_last = true;
	return code;
}

void marks_reader_close(struct marks_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->buffer);
	*reader = (struct marks_reader){ .fd = -1 };
}

/* --- writing --------------------------------------------------------------------------------- */

static enum muster_code write_summed(struct marks_writer *writer, struct view bytes,
				     struct muster_error *err)
{
	writer->form->stream_update(writer->sum, bytes);
	return sys_write_all(sys_system(), writer->fd, bytes)
		       ? muster_fail_errno(err, "write '%s'", writer->path)
		       : MUSTER_OK;
}

static enum muster_code begin(struct marks_writer *writer, struct muster_error *err)
{
	enum muster_code code = bytes_printf(&writer->temporary, err, "%s.XXXXXX", writer->path);

	if (!code)
		code = bytes_append_byte(&writer->temporary, '\0', err);
	if (code)
		return code;
	writer->form = xxh3_form_of(HASH_CPU_SCALAR);
	writer->sum = writer->form->stream_new();
	writer->buffer = calloc(1, sizeof(*writer->buffer));
	if (!writer->sum || !writer->buffer)
		return muster_fail_memory(err, "marks of packs");
	writer->form->stream_begin(writer->sum);
	writer->fd = mkostemp((char *)writer->temporary.ptr, O_CLOEXEC);
	return writer->fd < 0 ? muster_fail_errno(err, "make '%s'", writer->path) : MUSTER_OK;
}

enum muster_code marks_writer_open(struct marks_writer *out, const char *path,
				   const uint8_t repository_id[16], uint64_t mark_count,
				   struct muster_error *err)
{
	uint8_t head[MARKS_HEAD_BYTES];
	enum muster_code code;

	*out = (struct marks_writer){ .fd = -1, .path = path };
	code = begin(out, err);
	if (code)
		return code;
	marks_head_put(head, repository_id, mark_count);
	return write_summed(out, view_of(head, sizeof(head)), err);
}

static enum muster_code flush(struct marks_writer *writer, struct muster_error *err)
{
	size_t len = writer->buffer->count * MARK_BYTES;

	writer->buffer->count = 0;
	return write_summed(writer, view_of(writer->buffer->bytes, len), err);
}

enum muster_code marks_writer_add(struct marks_writer *writer, const struct pack_mark *mark,
				  struct muster_error *err)
{
	pack_mark_put(writer->buffer->bytes + writer->buffer->count * MARK_BYTES, mark);
	return ++writer->buffer->count < MARKS_BUFFER_MARKS ? MUSTER_OK : flush(writer, err);
}

enum muster_code marks_writer_finish(struct marks_writer *writer, struct muster_error *err)
{
	uint8_t sum[MARKS_SUM_BYTES];
	int fd = writer->fd;
	enum muster_code code = flush(writer, err);

	if (code)
		return code;
	writer->form->stream_end(writer->sum, sum);
	if (sys_write_all(sys_system(), fd, view_of(sum, sizeof(sum))) || fdatasync(fd))
		return muster_fail_errno(err, "write '%s'", writer->path);
	writer->fd = -1;
	if (close(fd) || rename((const char *)writer->temporary.ptr, writer->path)) {
		code = muster_fail_errno(err, "write '%s'", writer->path);
		unlink((const char *)writer->temporary.ptr);
	}
	return code;
}

void marks_writer_close(struct marks_writer *writer)
{
	if (writer->fd >= 0) {
		close(writer->fd);
		unlink((const char *)writer->temporary.ptr);
	}
	if (writer->sum)
		writer->form->stream_free(writer->sum);
	free(writer->buffer);
	bytes_release(&writer->temporary);
	*writer = (struct marks_writer){ .fd = -1 };
}
