#include "engine/statcache/stat_run.h"

#include <errno.h>
#include <unistd.h>

static bool read_exactly(int fd, uint64_t offset_bytes, uint8_t *out, size_t len)
{
	while (len) {
		ssize_t got = pread(fd, out, len, (off_t)offset_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		out += got;
		offset_bytes += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

bool stat_run_reader_init(struct stat_run_reader *reader, int fd)
{
	uint8_t header[OBJECT_HEADER_BYTES];

	*reader = (struct stat_run_reader){ .fd = fd, .offset_bytes = sizeof(header) };
	if (read_exactly(fd, 0, header, sizeof(header)) &&
	    object_header_check(view_of(header, sizeof(header)), "stat", 1, NULL) == MUSTER_OK)
		return true;
	close(fd);
	reader->fd = -1;
	return false;
}

void stat_run_reader_release(struct stat_run_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	bytes_release(&reader->block);
	stat_reader_release(&reader->reader);
	reader->fd = -1;
}

static bool load_block(struct stat_run_reader *reader)
{
	uint8_t header[STAT_BLOCK_HEADER_BYTES];
	uint32_t len;

	if (!read_exactly(reader->fd, reader->offset_bytes, header, sizeof(header)))
		return false;
	if (stat_block_length(view_of(header, sizeof(header)), &len, NULL))
		return false;
	reader->block.len = 0;
	if (bytes_reserve(&reader->block, len, NULL))
		return false;
	if (!read_exactly(reader->fd, reader->offset_bytes + sizeof(header), reader->block.ptr,
			  len))
		return false;
	reader->offset_bytes += sizeof(header) + len;
	return stat_reader_open(&reader->reader, view_of(header, sizeof(header)),
				view_of(reader->block.ptr, len), NULL) == MUSTER_OK;
}

void stat_run_reader_advance(struct stat_run_reader *reader)
{
	reader->has_head = false;
	while (!reader->is_done) {
		if (reader->has_block) {
			enum muster_code code =
				stat_reader_next(&reader->reader, &reader->head, NULL);

			if (code == MUSTER_OK) {
				reader->has_head = true;
				return;
			}
			if (code != MUSTER_END)
				break;
		}
		reader->has_block = load_block(reader);
		reader->is_done = !reader->has_block;
	}
	reader->is_done = true;
}

void stat_run_writer_release(struct stat_run_writer *writer)
{
	stat_block_release(&writer->block);
	bytes_release(&writer->out);
}

static enum muster_code write_out(struct stat_run_writer *writer, struct muster_error *err)
{
	size_t done = 0;

	while (done < writer->out.len) {
		ssize_t put = write(writer->fd, writer->out.ptr + done, writer->out.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return muster_fail_errno(err, "write the stat cache");
		done += (size_t)put;
	}
	writer->out.len = 0;
	return MUSTER_OK;
}

enum muster_code stat_run_writer_begin(struct stat_run_writer *writer, struct muster_error *err)
{
	uint8_t header[OBJECT_HEADER_BYTES];
	enum muster_code code;

	object_header_put(header, "stat", 1);
	code = bytes_append(&writer->out, header, sizeof(header), err);
	return code ? code : write_out(writer, err);
}

enum muster_code stat_run_writer_add(struct stat_run_writer *writer,
				     const struct stat_record *record, struct muster_error *err)
{
	enum muster_code code = stat_block_add(&writer->block, record, err);

	if (code)
		return code;
	writer->record_count++;
	return stat_block_is_full(&writer->block) ? stat_run_writer_flush(writer, err) : MUSTER_OK;
}

enum muster_code stat_run_writer_flush(struct stat_run_writer *writer, struct muster_error *err)
{
	enum muster_code code = stat_block_finish(&writer->block, &writer->out, err);

	return code ? code : write_out(writer, err);
}
