#include "io/tree/walk_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* An error of an entry; lives as long as the chunk. */
static enum muster_code failure_new(struct walk_chunk *chunk, struct muster_error **out,
				    struct muster_error *err)
{
	struct walk_failure *failure = calloc(1, sizeof(*failure));

	if (!failure)
		return muster_fail_memory(err, "an error of a walk");
	failure->next = chunk->failures;
	chunk->failures = failure;
	*out = &failure->error;
	return MUSTER_OK;
}

static void explain(struct muster_error *error, const struct name *name, const char *path)
{
	switch (name->kind) {
	case NAME_LOOP:
		muster_fail(error, MUSTER_E_IO, "a symbolic link loop: '%s'", path);
		error->sys_errno = ELOOP;
		return;
	case NAME_NOT_UTF8:
		muster_fail(error, MUSTER_E_NAME, "a name that is not valid UTF-8: '%s'", path);
		return;
	case NAME_TOO_LONG:
		muster_fail(error, MUSTER_E_LIMIT, "a path longer than %d bytes: '%s'",
			    WALK_PATH_MAX_BYTES, path);
		return;
	default:
		errno = name->sys_errno;
		muster_fail_errno(error, "follow link '" PATH_SHOWN "'", path);
	}
}

static enum muster_code entry_fill(struct walk_chunk *chunk, struct walk_entry *entry,
				   const struct name *name, struct muster_error *err)
{
	enum muster_code code;

	switch (name->kind) {
	case NAME_FILE:
		return MUSTER_OK;
	case NAME_KNOWN_FILE:
		memcpy(&entry->stat, name->stat_bytes, sizeof(entry->stat));
		entry->has_stat = true;
		return MUSTER_OK;
	default:
		entry->is_directory = name->is_directory;
		code = failure_new(chunk, &entry->error, err);
		if (!code)
			explain(entry->error, name, (const char *)entry->path.ptr);
		return code;
	}
}

static size_t path_start(const struct walk_dir *dir)
{
	return dir->path_len ? dir->path_len + 1 : 0;
}

/* Writes "<dir>/<name>" and gives where it ends. */
static char *entry_place(struct walk_entry *entry, char *text, const struct walk_dir *dir,
			 struct view name)
{
	size_t start = path_start(dir);

	if (start) {
		memcpy(text, dir->path, dir->path_len);
		text[start - 1] = '/';
	}
	memcpy(text + start, name.ptr, name.len);
	text[start + name.len] = '\0';
	*entry = (struct walk_entry){
		.path = view_of(text, start + name.len),
		.name = text + start,
	};
	return text + start + name.len + 1;
}

static struct walk_chunk *chunk_alloc(struct walk *walk, size_t count, size_t text_bytes)
{
	struct walk_chunk *chunk =
		malloc(sizeof(*chunk) + count * sizeof(chunk->entries[0]) + text_bytes);

	if (!chunk)
		return NULL;
	memset(chunk, 0, sizeof(*chunk));
	chunk->item.kind = ITEM_CHUNK;
	chunk->item.state = ITEM_BUSY;
	chunk->walk = walk;
	chunk->charge = count;
	chunk->batch.dir_fd = -1;
	chunk->batch.entry_count = count;
	chunk->batch.entries = chunk->entries;
	return chunk;
}

enum muster_code chunk_new(struct walk_chunk **out, struct walk_dir *dir, const struct name *names,
			   size_t count, struct muster_error *err)
{
	size_t text_bytes = count * (path_start(dir) + 1);
	enum muster_code code = MUSTER_OK;
	struct walk_chunk *chunk;
	char *text;

	for (size_t i = 0; i < count; i++)
		text_bytes += names[i].text.len;
	*out = chunk = chunk_alloc(dir->walk, count, text_bytes);
	if (!chunk)
		return muster_fail_memory(err, "a batch of a walk");
	chunk->dir = dir;
	text = (char *)(chunk->entries + count);
	for (size_t i = 0; i < count && !code; i++) {
		text = entry_place(&chunk->entries[i], text, dir, names[i].text);
		code = entry_fill(chunk, &chunk->entries[i], &names[i], err);
	}
	if (code) {
		chunk_free(chunk);
		*out = NULL;
	}
	return code;
}

enum muster_code chunk_new_failed(struct walk_chunk **out, const struct walk_dir *dir,
				  const struct muster_error *error, struct muster_error *err)
{
	struct walk_chunk *chunk = chunk_alloc(dir->walk, 1, dir->path_len + 1);
	enum muster_code code;
	char *text;

	*out = chunk;
	if (!chunk)
		return muster_fail_memory(err, "a batch of a walk");
	text = (char *)(chunk->entries + 1);
	memcpy(text, dir->path, dir->path_len + 1);
	chunk->entries[0] = (struct walk_entry){
		.path = view_of(text, dir->path_len),
		.name = text + dir->name_offset,
		.is_directory = true,
	};
	code = chunk_fail(chunk, error, err);
	if (code) {
		chunk_free(chunk);
		*out = NULL;
	}
	return code;
}

enum muster_code chunk_fail(struct walk_chunk *chunk, const struct muster_error *error,
			    struct muster_error *err)
{
	struct muster_error *shared = NULL;
	enum muster_code code = failure_new(chunk, &shared, err);

	if (code)
		return code;
	*shared = *error;
	for (size_t i = 0; i < chunk->batch.entry_count; i++) {
		if (!chunk->entries[i].error)
			chunk->entries[i].error = shared;
	}
	return MUSTER_OK;
}

/* A file that was there when its directory was listed. */
enum presence {
	IS_FILE,
	IS_SPECIAL,
	IS_GONE,
	IS_FAILED,
};

static enum presence entry_stat(const struct walk *walk, struct walk_entry *entry, int fd)
{
	struct statx stx;

	if (walk->calls->statx(fd, entry->name, AT_NO_AUTOMOUNT, WALK_STATX_MASK, &stx))
		return errno == ENOENT ? IS_GONE : IS_FAILED;
	if (S_ISDIR(stx.stx_mode))
		return IS_GONE;
	if (!S_ISREG(stx.stx_mode))
		return IS_SPECIAL;
	stat_convert(&entry->stat, &stx);
	entry->has_stat = true;
	return IS_FILE;
}

static void count_add(atomic_uint_least64_t *counter, uint64_t more)
{
	if (more)
		atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

enum muster_code chunk_stat(struct walk_chunk *chunk, int fd, struct muster_error *err)
{
	struct walk *walk = chunk->walk;
	uint64_t counts[IS_FAILED + 1] = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < chunk->batch.entry_count; i++) {
		struct walk_entry *entry = &chunk->entries[i];
		enum presence presence = entry->error ? IS_FAILED : IS_FILE;

		if (atomic_load_explicit(&walk->is_stopped, memory_order_relaxed))
			break;
		if (!entry->error && !entry->has_stat && !walk->types_only)
			presence = entry_stat(walk, entry, fd);
		if (presence == IS_FAILED && !entry->error) {
			int cause = errno;
			enum muster_code code = failure_new(chunk, &entry->error, err);

			if (code)
				return code;
			errno = cause;
			muster_fail_errno(entry->error, "stat '" PATH_SHOWN "'",
					  (const char *)entry->path.ptr);
		}
		counts[presence]++;
		if (presence == IS_FILE || presence == IS_FAILED) {
			if (kept != i)
				chunk->entries[kept] = *entry;
			kept++;
		}
	}
	chunk->batch.entry_count = kept;
	count_add(&walk->counts.files, counts[IS_FILE]);
	count_add(&walk->counts.errors, counts[IS_FAILED]);
	count_add(&walk->counts.specials, counts[IS_SPECIAL]);
	count_add(&walk->counts.vanished, counts[IS_GONE]);
	return MUSTER_OK;
}

void chunk_free(struct walk_chunk *chunk)
{
	if (!chunk)
		return;
	while (chunk->failures) {
		struct walk_failure *failure = chunk->failures;

		chunk->failures = failure->next;
		free(failure);
	}
	free(chunk);
}
