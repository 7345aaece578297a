#include "engine/upload/upload_journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash/hash.h"
#include "base/text/encode.h"

#define SUFFIX	   ".upload"
#define NAME_BYTES (32 + sizeof(SUFFIX))
/* All parts that there may be, with names of the usual length. */
#define FILE_MAX_BYTES (16u << 20)
#define OPEN_TRIES     8 /* each time somebody removed it in between */

struct upload_journal {
	int dir_fd, fd;
	char name[NAME_BYTES];
	uint64_t inode;
	struct bytes file, line;
	struct upload_record head; /* its upload: a view into `upload` */
	struct bytes upload;
	bool has_head, was_damaged, is_broken; /* nothing more is written */
	struct store_part *parts;
	size_t part_cap;
	struct store_journal store;
};

/* --- the file -------------------------------------------------------------------------------- */

static enum muster_code open_dir(const char *cache_dir, int *out, struct muster_error *err)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/uploads", cache_dir);

	if (len < 0 || (size_t)len >= sizeof(path))
		return muster_fail(err, MUSTER_E_USAGE, "the path of the cache is too long");
	mkdir(cache_dir, 0700); /* failures come out when it is opened */
	mkdir(path, 0700);
	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out < 0 ? muster_fail_errno(err, "open '%s'", path) : MUSTER_OK;
}

static enum muster_code name_of(char out[NAME_BYTES], const struct upload_place *place,
				struct muster_error *err)
{
	struct bytes text = { 0 };
	uint8_t size[8], sha256[IDENTITY_BYTES];
	enum muster_code code = bytes_append(&text, place->repository_id, 16, err);

	put_u64(size, place->size_bytes);
	if (!code)
		code = bytes_append(&text, size, sizeof(size), err);
	if (!code)
		code = bytes_append_view(&text, place->tree, err);
	if (!code)
		code = bytes_append_byte(&text, 0, err);
	if (!code)
		code = bytes_append_view(&text, place->path, err);
	sha256_of(bytes_view(&text), sha256);
	bytes_release(&text);
	hex_encode(out, sha256, 16);
	memcpy(out + 32, SUFFIX, sizeof(SUFFIX));
	return code;
}

/* MUSTER_EXISTS: locked by another process; MUSTER_FULL: it is no more, try again. A file system
 * without locks says nothing of others, so that nobody goes on there. */
static enum muster_code lock(struct upload_journal *journal, struct stat *st,
			     struct muster_error *err)
{
	if (flock(journal->fd, LOCK_EX | LOCK_NB))
		return MUSTER_EXISTS;
	if (fstat(journal->fd, st))
		return muster_fail_errno(err, "look at the journal of an upload");
	journal->inode = st->st_ino;
	return st->st_nlink ? MUSTER_OK : MUSTER_FULL;
}

static enum muster_code open_locked(struct upload_journal *journal, int flags, struct stat *st,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_FULL;

	for (int i = 0; i < OPEN_TRIES && code == MUSTER_FULL; i++) {
		if (journal->fd >= 0)
			close(journal->fd);
		journal->fd = openat(journal->dir_fd, journal->name,
				     O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
		if (journal->fd < 0)
			return muster_fail_errno(err, "open the journal of an upload, '%s'",
						 journal->name);
		code = lock(journal, st, err);
	}
	return code == MUSTER_FULL ? MUSTER_EXISTS : code;
}

static enum muster_code read_file(struct upload_journal *journal, const struct stat *st,
				  struct muster_error *err)
{
	size_t len = (size_t)st->st_size;
	enum muster_code code;

	if (st->st_size > FILE_MAX_BYTES) {
		journal->was_damaged = true;
		return MUSTER_OK;
	}
	code = bytes_reserve(&journal->file, len + 1, err);
	while (!code && journal->file.len < len) {
		ssize_t got = pread(journal->fd, journal->file.ptr + journal->file.len,
				    len - journal->file.len, (off_t)journal->file.len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return muster_fail_errno(err, "read the journal of an upload");
		if (got == 0)
			break;
		journal->file.len += (size_t)got;
	}
	return code;
}

/* --- what it says ---------------------------------------------------------------------------- */

/* Room for part `number`; those between are not known. */
static enum muster_code need_part(struct upload_journal *journal, uint32_t number,
				  struct muster_error *err)
{
	size_t cap = journal->part_cap ? journal->part_cap : 64;
	struct store_part *parts;

	if (number <= journal->part_cap)
		return MUSTER_OK;
	while (cap < number)
		cap *= 2;
	parts = reallocarray(journal->parts, cap, sizeof(*parts));
	if (!parts)
		return muster_fail_memory(err, "the parts of an upload");
	memset(parts + journal->part_cap, 0, (cap - journal->part_cap) * sizeof(*parts));
	journal->parts = parts;
	journal->part_cap = cap;
	return MUSTER_OK;
}

static enum muster_code take_part(struct upload_journal *journal,
				  const struct upload_record *record, struct muster_error *err)
{
	enum muster_code code = need_part(journal, record->number, err);
	struct store_part *part;

	if (code)
		return code;
	part = &journal->parts[record->number - 1];
	*part = (struct store_part){ .number = record->number, .size_bytes = record->size_bytes };
	memcpy(part->sha256, record->sha256, sizeof(part->sha256));
	if (record->name.len)
		memcpy(part->name, record->name.ptr, record->name.len);
	if (record->number > journal->store.part_count)
		journal->store.part_count = record->number;
	return MUSTER_OK;
}

static enum muster_code take_head(struct upload_journal *journal,
				  const struct upload_record *record, struct muster_error *err)
{
	journal->head = *record;
	journal->has_head = true;
	journal->upload.len = 0;
	return bytes_append_view(&journal->upload, record->upload, err);
}

static void forget(struct upload_journal *journal)
{
	journal->has_head = false;
	journal->upload.len = 0;
	journal->store.part_count = 0;
	free(journal->parts);
	journal->parts = NULL;
	journal->part_cap = 0;
}

/* Whole records up to one that is broken count, and are what further ones come behind; the rest is
 * only sent again. */
static enum muster_code read_records(struct upload_journal *journal, struct muster_error *err)
{
	struct muster_error damage = { 0 };
	struct upload_reader reader;
	struct upload_record record;
	enum muster_code code = upload_reader_open(&reader, bytes_view(&journal->file), &damage);

	while (!code) {
		code = upload_reader_next(&reader, &record, &damage);
		if (!code && record.kind == UPLOAD_BEGIN)
			code = take_head(journal, &record, err);
		else if (!code)
			code = take_part(journal, &record, err);
	}
	journal->was_damaged |= journal->file.len && code != MUSTER_END;
	if (reader.rest.len && ftruncate(journal->fd, (off_t)(journal->file.len - reader.rest.len)))
		journal->is_broken = true;
	return code == MUSTER_E_MEMORY ? code : MUSTER_OK;
}

/* A copy of a journal is of somebody who may go on with it himself. */
static bool is_ours(const struct upload_journal *journal, const uint8_t repository_id[16])
{
	return journal->has_head && journal->head.inode == journal->inode &&
	       memcmp(journal->head.repository_id, repository_id, 16) == 0;
}

static enum muster_code load(struct upload_journal *journal, const struct stat *st,
			     const uint8_t repository_id[16], struct muster_error *err)
{
	enum muster_code code = read_file(journal, st, err);

	if (!code)
		code = read_records(journal, err);
	if (!is_ours(journal, repository_id)) {
		journal->was_damaged |= journal->has_head;
		forget(journal);
	}
	memcpy(journal->head.repository_id, repository_id, 16);
	bytes_release(&journal->file);
	return code;
}

/* --- what is written ------------------------------------------------------------------------- */

/* Whatever fails, the upload goes on; only the next process will know less of it. */
static void write_line(struct upload_journal *journal)
{
	const struct bytes *line = &journal->line;

	for (size_t at = 0; at < line->len && !journal->is_broken;) {
		ssize_t done = write(journal->fd, line->ptr + at, line->len - at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			journal->is_broken = true;
		else
			at += (size_t)done;
	}
}

static void note_begun(void *state, struct view upload)
{
	struct upload_journal *journal = state;
	struct upload_record record = journal->head;

	record.kind = UPLOAD_BEGIN;
	record.inode = journal->inode;
	record.upload = upload;
	journal->line.len = 0;
	if (ftruncate(journal->fd, 0) || upload_begin_append(&journal->line, &record, NULL))
		journal->is_broken = true;
	write_line(journal);
}

static void note_sent(void *state, const struct store_part *part)
{
	struct upload_journal *journal = state;
	struct upload_record record = { .kind = UPLOAD_PART,
					.number = part->number,
					.size_bytes = part->size_bytes,
					.name = view_text(part->name) };

	memcpy(record.sha256, part->sha256, sizeof(record.sha256));
	journal->line.len = 0;
	if (upload_part_append(&journal->line, &record, NULL))
		return; /* one of a number that no journal holds: it is sent again */
	write_line(journal);
}

/* --- its life -------------------------------------------------------------------------------- */

static void journal_free(struct upload_journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->dir_fd >= 0)
		close(journal->dir_fd);
	bytes_release(&journal->file);
	bytes_release(&journal->line);
	bytes_release(&journal->upload);
	free(journal->parts);
	free(journal);
}

static struct upload_journal *journal_new(int dir_fd)
{
	struct upload_journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	journal->dir_fd = dir_fd;
	journal->fd = -1;
	return journal;
}

enum muster_code upload_journal_open(struct upload_journal **out, const struct upload_place *place,
				     struct muster_error *err)
{
	struct upload_journal *journal = journal_new(-1);
	struct stat st;
	enum muster_code code;

	*out = NULL;
	if (!journal)
		return muster_fail_memory(err, "the journal of an upload");
	code = open_dir(place->cache_dir, &journal->dir_fd, err);
	if (!code)
		code = name_of(journal->name, place, err);
	if (!code)
		code = open_locked(journal, O_CREAT, &st, err);
	if (!code)
		code = load(journal, &st, place->repository_id, err);
	journal->head.size_bytes = place->size_bytes;
	if (code)
		journal_free(journal);
	else
		*out = journal;
	return code;
}

void upload_journal_close(struct upload_journal *journal)
{
	if (journal)
		journal_free(journal);
}

void upload_journal_remove(struct upload_journal *journal)
{
	if (!journal)
		return;
	unlinkat(journal->dir_fd, journal->name, 0); /* under its lock */
	journal_free(journal);
}

const struct object_id *upload_journal_pack(const struct upload_journal *journal)
{
	return journal->has_head ? &journal->head.pack : NULL;
}

bool upload_journal_was_damaged(const struct upload_journal *journal)
{
	return journal->was_damaged;
}

struct store_journal *upload_journal_store(struct upload_journal *journal)
{
	struct store_journal *store = &journal->store;

	store->upload = bytes_view(&journal->upload);
	store->parts = journal->parts;
	store->state = journal;
	store->begun = note_begun;
	store->sent = note_sent;
	return store;
}

void upload_journal_restart(struct upload_journal *journal, const struct object_id *pack)
{
	forget(journal);
	journal->head.pack = *pack;
}

/* --- those that nobody continues ------------------------------------------------------------- */

/* NULL: there is nothing to be done about it. */
static struct upload_journal *open_stale(int dir_fd, const char *name,
					 const uint8_t repository_id[16], int64_t before_s)
{
	struct upload_journal *journal = journal_new(fcntl(dir_fd, F_DUPFD_CLOEXEC, 0));
	struct stat st;

	if (!journal)
		return NULL;
	snprintf(journal->name, sizeof(journal->name), "%s", name);
	if (!open_locked(journal, 0, &st, NULL) && st.st_mtime < before_s &&
	    !load(journal, &st, repository_id, NULL) && journal->has_head)
		return journal;
	journal_free(journal);
	return NULL;
}

void upload_journal_each_stale(const char *cache_dir, const uint8_t repository_id[16],
			       int64_t now_s, int64_t age_s, upload_stale_fn *fn, void *state)
{
	struct upload_journal *journal;
	struct dirent *entry;
	int dir_fd, list_fd;
	DIR *dir;

	if (open_dir(cache_dir, &dir_fd, NULL))
		return;
	list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len != NAME_BYTES - 1 || strcmp(entry->d_name + 32, SUFFIX) != 0)
			continue;
		journal = open_stale(dir_fd, entry->d_name, repository_id, now_s - age_s);
		if (journal)
			fn(state, journal);
	}
	if (dir)
		closedir(dir);
	else if (list_fd >= 0)
		close(list_fd);
	close(dir_fd);
}
