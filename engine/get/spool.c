#include "engine/get/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/effects.h"
#include "io/spill/run.h"

static const char *directory_or_default(const char *dir)
{
	const struct effects *effects = effects_system();

	if (!dir)
		dir = effects->getenv(effects->state, "TMPDIR");
	return dir && *dir ? dir : "/tmp";
}

enum muster_code get_spool_open(struct get_spool *spool, const char *dir, struct muster_error *err)
{
	enum muster_code code;

	*spool = (struct get_spool){ .writer = { .fd = -1 } };
	code = run_file_open(&spool->writer.fd, directory_or_default(dir), false, err);
	if (!code)
		code = stat_run_writer_begin(&spool->writer, err);
	return code;
}

void get_spool_release(struct get_spool *spool)
{
	stat_run_writer_release(&spool->writer);
	if (spool->writer.fd >= 0)
		close(spool->writer.fd); /* a file without a name: nothing in it is kept */
	spill_free(spool->late);
	bytes_release(&spool->late_record);
	*spool = (struct get_spool){ .writer = { .fd = -1 } };
}

static void note_time(struct get_spool *spool, const struct stat_record *record)
{
	if (record->mtime_ns > spool->newest_ns)
		spool->newest_ns = record->mtime_ns;
	if (record->ctime_ns > spool->newest_ns)
		spool->newest_ns = record->ctime_ns;
}

enum muster_code get_spool_add(struct get_spool *spool, const struct stat_record *record,
			       struct muster_error *err)
{
	note_time(spool, record);
	return stat_run_writer_add(&spool->writer, record, err);
}

/* The value is a block of one record. */
enum muster_code get_spool_add_late(struct get_spool *spool, const struct stat_record *record,
				    struct muster_error *err)
{
	struct spill_options options = { .memory_max_bytes = SPOOL_LATE_BYTES };
	struct stat_block block = { 0 };
	enum muster_code code = MUSTER_OK;

	note_time(spool, record);
	spool->late_record.len = 0;
	if (!spool->late)
		code = spill_new(&spool->late, &options, err);
	if (!code)
		code = stat_block_add(&block, record, err);
	if (!code)
		code = stat_block_finish(&block, &spool->late_record, err);
	if (!code)
		code = spill_add(spool->late, record->path, bytes_view(&spool->late_record), err);
	stat_block_release(&block);
	return code;
}

uint64_t get_spool_count(const struct get_spool *spool)
{
	return spool->writer.record_count + (spool->late ? spill_count(spool->late) : 0);
}

enum muster_code get_spool_finish(struct get_spool *spool, struct muster_error *err)
{
	enum muster_code code = stat_run_writer_flush(&spool->writer, err);

	if (!code && spool->late)
		code = spill_sort(spool->late, err);
	return code;
}

static enum muster_code advance_late(struct get_spool_reader *reader, struct muster_error *err)
{
	struct view path, value;
	enum muster_code code;

	reader->has_late = false;
	if (!reader->spool->late)
		return MUSTER_OK;
	code = spill_next(reader->spool->late, &path, &value, err);
	if (code)
		return code == MUSTER_END ? MUSTER_OK : code;
	code = stat_reader_open(
		&reader->late_reader, view_of(value.ptr, STAT_BLOCK_HEADER_BYTES),
		view_of(value.ptr + STAT_BLOCK_HEADER_BYTES, value.len - STAT_BLOCK_HEADER_BYTES),
		err);
	if (!code)
		code = stat_reader_next(&reader->late_reader, &reader->late, err);
	reader->has_late = !code;
	return code;
}

/* A run of the stat cache may end anywhere; this one may not. */
static enum muster_code advance_ordered(struct get_spool_reader *reader, struct muster_error *err)
{
	stat_run_reader_advance(&reader->ordered);
	if (reader->ordered.has_head)
		reader->ordered_count++;
	else if (reader->ordered_count != reader->spool->writer.record_count)
		return muster_fail(err, MUSTER_E_IO,
				   "a temporary file does not give back what was written to it");
	return MUSTER_OK;
}

enum muster_code get_spool_reader_open(struct get_spool_reader *reader, struct get_spool *spool,
				       struct muster_error *err)
{
	int fd = fcntl(spool->writer.fd, F_DUPFD_CLOEXEC, 0);
	enum muster_code code;

	*reader = (struct get_spool_reader){ .spool = spool, .ordered = { .fd = -1 } };
	if (fd < 0)
		return muster_fail_errno(err, "read a temporary file");
	if (!stat_run_reader_init(&reader->ordered, fd))
		return muster_fail(err, MUSTER_E_IO, "a temporary file has lost its beginning");
	code = advance_ordered(reader, err);
	return code ? code : advance_late(reader, err);
}

void get_spool_reader_release(struct get_spool_reader *reader)
{
	if (!reader->spool)
		return;
	stat_run_reader_release(&reader->ordered);
	stat_reader_release(&reader->late_reader);
}

/* The head that was lent is passed by now. */
static enum muster_code pass_head(struct get_spool_reader *reader, struct muster_error *err)
{
	if (!reader->has_head)
		return MUSTER_OK;
	reader->has_head = false;
	return reader->head_is_late ? advance_late(reader, err) : advance_ordered(reader, err);
}

enum muster_code get_spool_next(struct get_spool_reader *reader, const struct stat_record **out,
				struct muster_error *err)
{
	enum muster_code code = pass_head(reader, err);

	*out = NULL;
	if (code)
		return code;
	if (!reader->ordered.has_head && !reader->has_late)
		return MUSTER_END;
	reader->head_is_late = !reader->ordered.has_head ||
			       (reader->has_late &&
				view_compare(reader->late.path, reader->ordered.head.path) < 0);
	reader->has_head = true;
	*out = reader->head_is_late ? &reader->late : &reader->ordered.head;
	return MUSTER_OK;
}
