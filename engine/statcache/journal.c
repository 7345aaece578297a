/* What a put learns, written as it goes: one file of records in path order, one of records that
 * come late (large files). A journal belongs to a live process as long as its lock is held. */
#include "engine/statcache/stat_cache_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text/encode.h"
#include "io/spill/spill.h"

static void journal_name(char out[96], const uint8_t repository_id[16], const uint8_t session[16],
			 const char *kind)
{
	char repository[32], id[32];

	hex_encode(repository, repository_id, 16);
	hex_encode(id, session, 16);
	snprintf(out, 96, "journal-%.32s-%.32s.%s", repository, id, kind);
}

/* False unless `name` is "journal-<repository>-<session>.<kind>". */
static bool parse_journal_name(const char *name, const char *kind, uint8_t repository_id[16],
			       uint8_t session[16])
{
	char expected[96];

	if (strncmp(name, "journal-", 8) != 0 || strlen(name) < 8 + 32 + 1 + 32 ||
	    !hex_decode(repository_id, 16, view_of(name + 8, 32)) ||
	    !hex_decode(session, 16, view_of(name + 41, 32)))
		return false;
	journal_name(expected, repository_id, session, kind);
	return strcmp(name, expected) == 0;
}

static enum muster_code open_file(struct stat_cache *cache, const char *name,
				  struct stat_run_writer *writer, struct muster_error *err)
{
	writer->fd = openat(cache->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (writer->fd < 0)
		return muster_fail_errno(err, "make '%s' in the stat cache", name);
	if (flock(writer->fd, LOCK_EX | LOCK_NB) && errno != ENOLCK && errno != EOPNOTSUPP)
		return muster_fail_errno(err, "lock '%s' in the stat cache", name);
	return stat_run_writer_begin(writer, err);
}

enum muster_code stat_journal_open(struct stat_journal **out, struct stat_cache *cache,
				   const uint8_t repository_id[16], const uint8_t session[16],
				   struct muster_error *err)
{
	struct stat_journal *journal = calloc(1, sizeof(*journal));
	enum muster_code code;

	*out = NULL;
	if (!journal)
		return muster_fail_memory(err, "the stat cache");
	journal->cache = cache;
	journal->ordered.fd = journal->late.fd = -1;
	journal_name(journal->ordered_name, repository_id, session, "ordered");
	journal_name(journal->late_name, repository_id, session, "late");
	code = open_file(cache, journal->ordered_name, &journal->ordered, err);
	if (!code)
		code = open_file(cache, journal->late_name, &journal->late, err);
	if (code) {
		stat_journal_close(journal);
		return code;
	}
	*out = journal;
	return MUSTER_OK;
}

enum muster_code stat_journal_add(struct stat_journal *journal, const struct stat_record *record,
				  struct muster_error *err)
{
	return stat_run_writer_add(&journal->ordered, record, err);
}

enum muster_code stat_journal_flush(struct stat_journal *journal, struct muster_error *err)
{
	uint64_t count = journal->ordered.record_count;

	if (count - journal->flushed_count < STAT_JOURNAL_FLUSH_RECORDS)
		return MUSTER_OK;
	journal->flushed_count = count;
	return stat_run_writer_flush(&journal->ordered, err);
}

/* A block of its own for each: the order of blocks means nothing in this file. */
enum muster_code stat_journal_add_late(struct stat_journal *journal,
				       const struct stat_record *record, struct muster_error *err)
{
	enum muster_code code;

	journal->late.block.last_path.len = 0;
	code = stat_run_writer_add(&journal->late, record, err);
	return code ? code : stat_run_writer_flush(&journal->late, err);
}

static enum muster_code end_ordered(struct stat_journal *journal, struct muster_error *err)
{
	enum muster_code code = stat_run_writer_flush(&journal->ordered, err);

	if (code)
		return code;
	if (journal->ordered.record_count)
		return stat_cache_rename_to_run(journal->cache, journal->ordered_name, err);
	unlinkat(journal->cache->dir_fd, journal->ordered_name, 0);
	return MUSTER_OK;
}

static enum muster_code end_late(struct stat_journal *journal, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (journal->late.record_count)
		code = stat_cache_sort_to_run(journal->cache, journal->late_name, err);
	if (!code)
		unlinkat(journal->cache->dir_fd, journal->late_name, 0);
	return code;
}

enum muster_code stat_journal_finish(struct stat_journal *journal, struct muster_error *err)
{
	enum muster_code code = end_ordered(journal, err);

	if (!code)
		code = end_late(journal, err);
	if (!code)
		code = stat_cache_compact(journal->cache, err);
	journal->is_finished = true;
	return code;
}

void stat_journal_close(struct stat_journal *journal)
{
	if (!journal)
		return;
	if (!journal->is_finished) {
		stat_run_writer_flush(&journal->ordered, NULL);
		stat_run_writer_flush(&journal->late, NULL);
	}
	stat_run_writer_release(&journal->ordered);
	stat_run_writer_release(&journal->late);
	if (journal->ordered.fd >= 0)
		close(journal->ordered.fd);
	if (journal->late.fd >= 0)
		close(journal->late.fd);
	free(journal);
}

static enum muster_code spill_file(struct stat_cache *cache, const char *name, struct spill *spill,
				   struct muster_error *err)
{
	struct stat_run_reader reader;
	struct stat_block block = { 0 };
	struct bytes encoded = { 0 };
	enum muster_code code = MUSTER_OK;
	int fd = openat(cache->dir_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return muster_fail_errno(err, "open '%s' in the stat cache", name);
	if (!stat_run_reader_init(&reader, fd))
		return MUSTER_OK; /* killed before its header */
	for (stat_run_reader_advance(&reader); reader.has_head && !code;
	     stat_run_reader_advance(&reader)) {
		encoded.len = 0;
		block.last_path.len = 0;
		code = stat_block_add(&block, &reader.head, err);
		if (!code)
			code = stat_block_finish(&block, &encoded, err);
		if (!code)
			code = spill_add(spill, reader.head.path, bytes_view(&encoded), err);
	}
	stat_run_reader_release(&reader);
	stat_block_release(&block);
	bytes_release(&encoded);
	return code;
}

/* The value of a spilled record is a block of one. */
static enum muster_code add_block(struct stat_run_writer *writer, struct view block,
				  struct bytes *last, struct muster_error *err)
{
	struct stat_reader reader = { 0 };
	struct stat_record record;
	enum muster_code code;

	code = stat_reader_open(
		&reader, view_of(block.ptr, STAT_BLOCK_HEADER_BYTES),
		view_of(block.ptr + STAT_BLOCK_HEADER_BYTES, block.len - STAT_BLOCK_HEADER_BYTES),
		err);
	if (!code)
		code = stat_reader_next(&reader, &record, err);
	if (!code && !(last->len && view_equal(bytes_view(last), record.path))) {
		last->len = 0;
		code = bytes_append_view(last, record.path, err);
		if (!code)
			code = stat_run_writer_add(writer, &record, err);
	}
	stat_reader_release(&reader);
	return code;
}

static enum muster_code write_sorted(struct stat_run_writer *writer, struct spill *spill,
				     struct muster_error *err)
{
	struct bytes last = { 0 };
	struct view key, value;
	enum muster_code code = stat_run_writer_begin(writer, err);

	while (!code && (code = spill_next(spill, &key, &value, err)) == MUSTER_OK)
		code = add_block(writer, value, &last, err);
	bytes_release(&last);
	if (code != MUSTER_END)
		return code;
	return stat_run_writer_flush(writer, err);
}

enum muster_code stat_cache_sort_to_run(struct stat_cache *cache, const char *name,
					struct muster_error *err)
{
	struct stat_run_writer writer = { .fd = -1 };
	struct spill *spill = NULL;
	char sorted[112];
	enum muster_code code = spill_new(&spill, NULL, err);

	snprintf(sorted, sizeof(sorted), "%s.sorted", name);
	if (!code)
		code = spill_file(cache, name, spill, err);
	if (!code)
		code = spill_sort(spill, err);
	if (!code) {
		writer.fd = openat(cache->dir_fd, sorted, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				   0600);
		code = writer.fd < 0 ? muster_fail_errno(err, "make '%s' in the stat cache", sorted)
				     : write_sorted(&writer, spill, err);
	}
	if (!code)
		code = stat_cache_rename_to_run(cache, sorted, err);
	if (writer.fd >= 0)
		close(writer.fd);
	stat_run_writer_release(&writer);
	spill_free(spill);
	return code;
}

/* The lock of a live writer is held; of a dead one it is free. */
static bool is_dead(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* A mark that outlives the journal: the dead session's packs are not yet adopted. */
static enum muster_code mark_dead(struct stat_cache *cache, const uint8_t repository_id[16],
				  const uint8_t session[16], struct muster_error *err)
{
	char name[96];
	int fd;

	journal_name(name, repository_id, session, "dead");
	fd = openat(cache->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return muster_fail_errno(err, "make '%s' in the stat cache", name);
	close(fd);
	return MUSTER_OK;
}

void stat_cache_forget_dead(struct stat_cache *cache, const uint8_t repository_id[16],
			    const uint8_t session[16])
{
	char name[96];

	journal_name(name, repository_id, session, "dead");
	unlinkat(cache->dir_fd, name, 0);
}

static enum muster_code recover_dead(struct stat_cache *cache, const char *name, bool is_late,
				     struct muster_error *err)
{
	enum muster_code code;

	if (!is_late)
		return stat_cache_rename_to_run(cache, name, err);
	code = stat_cache_sort_to_run(cache, name, err);
	if (!code)
		unlinkat(cache->dir_fd, name, 0);
	return code;
}

static enum muster_code recover_file(struct stat_cache *cache, const char *name, bool is_late,
				     const uint8_t repository_id[16], const uint8_t session[16],
				     struct muster_error *err)
{
	int fd = openat(cache->dir_fd, name, O_RDONLY | O_CLOEXEC);
	enum muster_code code = MUSTER_OK;

	if (fd < 0) /* gone: another process recovers at the same time */
		return errno == ENOENT
			       ? MUSTER_OK
			       : muster_fail_errno(err, "open '%s' in the stat cache", name);
	if (is_dead(fd)) {
		code = mark_dead(cache, repository_id, session, err);
		if (!code)
			code = recover_dead(cache, name, is_late, err);
	}
	close(fd);
	return code;
}

/* What one name in the directory asks for. */
static enum muster_code recover_name(struct stat_cache *cache, const char *name,
				     struct muster_error *err)
{
	uint8_t repository_id[16], session[16];

	if (parse_journal_name(name, "ordered", repository_id, session))
		return recover_file(cache, name, false, repository_id, session, err);
	if (parse_journal_name(name, "late", repository_id, session))
		return recover_file(cache, name, true, repository_id, session, err);
	return MUSTER_OK;
}

static enum muster_code each_name(struct stat_cache *cache, stat_cache_dead_fn *on_dead,
				  void *state, struct muster_error *err)
{
	int fd = openat(cache->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint8_t repository_id[16], session[16];
	enum muster_code code = MUSTER_OK;
	struct dirent *entry;

	if (!dir)
		return muster_fail_errno(err, "list the stat cache");
	while (!code && (entry = readdir(dir))) {
		if (!on_dead)
			code = recover_name(cache, entry->d_name, err);
		else if (parse_journal_name(entry->d_name, "dead", repository_id, session))
			code = on_dead(state, repository_id, session, err);
	}
	closedir(dir);
	return code;
}

enum muster_code stat_cache_recover(struct stat_cache *cache, stat_cache_dead_fn *on_dead,
				    void *state, struct muster_error *err)
{
	enum muster_code code = each_name(cache, NULL, NULL, err);

	if (!code && on_dead)
		code = each_name(cache, on_dead, state, err);
	return code;
}
