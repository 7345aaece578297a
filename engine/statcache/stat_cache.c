#include "engine/statcache/stat_cache_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/encode.h"

static enum muster_code make_dir(int parent_fd, const char *path, int *out,
				 struct muster_error *err)
{
	if (mkdirat(parent_fd, path, 0700) && errno != EEXIST)
		return muster_fail_errno(err, "make the cache directory '%s'", path);
	*out = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0)
		return muster_fail_errno(err, "open the cache directory '%s'", path);
	return MUSTER_OK;
}

/* Like mkdir -p; errors come out when the last one is opened. */
static void make_parents(const char *path)
{
	char part[PATH_MAX];

	for (size_t i = 1; path[i] && i < sizeof(part); i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		mkdir(part, 0700);
	}
}

static enum muster_code open_own_dir(struct stat_cache *cache, const char *cache_dir,
				     struct view whose, struct muster_error *err)
{
	char name[33];
	uint8_t sha256[IDENTITY_BYTES];
	int root_fd = -1, trees_fd = -1;
	enum muster_code code;

	sha256_of(whose, sha256);
	hex_encode(name, sha256, 16);
	name[32] = '\0';
	make_parents(cache_dir);
	code = make_dir(AT_FDCWD, cache_dir, &root_fd, err);
	if (!code)
		code = make_dir(root_fd, "trees", &trees_fd, err);
	if (!code)
		code = make_dir(trees_fd, name, &cache->dir_fd, err);
	if (root_fd >= 0)
		close(root_fd);
	if (trees_fd >= 0)
		close(trees_fd);
	return code;
}

enum muster_code stat_cache_open_named(struct stat_cache **out, const char *cache_dir,
				       struct view name, stat_cache_dead_fn *on_dead, void *state,
				       struct muster_error *err)
{
	struct stat_cache *cache = calloc(1, sizeof(*cache));
	enum muster_code code;

	*out = NULL;
	if (!cache)
		return muster_fail_memory(err, "the stat cache");
	cache->dir_fd = -1;
	code = open_own_dir(cache, cache_dir, name, err);
	if (!code)
		code = stat_cache_load_runs(cache, err);
	if (!code)
		code = stat_cache_recover(cache, on_dead, state, err);
	if (!code)
		code = stat_cache_load_runs(cache, err);
	if (code) {
		stat_cache_close(cache);
		return code;
	}
	*out = cache;
	return MUSTER_OK;
}

enum muster_code stat_cache_open(struct stat_cache **out, const char *cache_dir, const char *tree,
				 stat_cache_dead_fn *on_dead, void *state, struct muster_error *err)
{
	char absolute[PATH_MAX];
	enum muster_code code;

	*out = NULL;
	code = realpath(tree, absolute) ? stat_cache_open_named(out, cache_dir, view_text(absolute),
								on_dead, state, err)
					: muster_fail_errno(err, "find '%s'", tree);
	return code ? muster_context(err, "the stat cache of '%s'", tree) : MUSTER_OK;
}

static void release_runs(struct stat_cache *cache)
{
	for (size_t i = 0; i < cache->run_count; i++)
		stat_run_reader_release(&cache->runs[i].reader);
	free(cache->runs);
	cache->runs = NULL;
	cache->run_count = 0;
}

void stat_cache_close(struct stat_cache *cache)
{
	if (!cache)
		return;
	release_runs(cache);
	if (cache->dir_fd >= 0)
		close(cache->dir_fd);
	free(cache);
}

void stat_run_name(char out[32], uint64_t number)
{
	snprintf(out, 32, "%010llu.stat", (unsigned long long)number);
}

static bool parse_run_name(const char *name, uint64_t *number)
{
	char expected[32], *end;

	errno = 0;
	*number = strtoull(name, &end, 10);
	if (errno || end == name)
		return false;
	stat_run_name(expected, *number);
	return strcmp(name, expected) == 0;
}

static void open_run(struct stat_cache *cache, struct cached_run *run)
{
	char name[32];
	struct stat st;
	int fd;

	stat_run_name(name, run->number);
	fd = openat(cache->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		run->reader = (struct stat_run_reader){ .fd = -1, .is_done = true };
		if (fd >= 0)
			close(fd);
		return;
	}
	run->size_bytes = (uint64_t)st.st_size;
	if (stat_run_reader_init(&run->reader, fd))
		stat_run_reader_advance(&run->reader);
	else
		run->reader.is_done = true;
}

static int compare_runs(const void *a, const void *b)
{
	const struct cached_run *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static enum muster_code list_runs(struct stat_cache *cache, DIR *dir, struct muster_error *err)
{
	struct dirent *entry;
	uint64_t number;

	while ((entry = readdir(dir))) {
		struct cached_run *runs;

		if (!parse_run_name(entry->d_name, &number))
			continue;
		if (cache->run_count == STAT_CACHE_FILES_MAX)
			return muster_fail(err, MUSTER_E_LIMIT, "more than %d runs",
					   STAT_CACHE_FILES_MAX);
		runs = realloc(cache->runs, (cache->run_count + 1) * sizeof(*runs));
		if (!runs)
			return muster_fail_memory(err, "the stat cache");
		cache->runs = runs;
		runs[cache->run_count++] =
			(struct cached_run){ .number = number, .reader = { .fd = -1 } };
	}
	return MUSTER_OK;
}

enum muster_code stat_cache_load_runs(struct stat_cache *cache, struct muster_error *err)
{
	int fd = openat(cache->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	enum muster_code code;

	if (!dir)
		return muster_fail_errno(err, "list it");
	release_runs(cache);
	code = list_runs(cache, dir, err);
	closedir(dir);
	if (code || cache->run_count == 0) {
		cache->next_number = 1;
		return code;
	}
	qsort(cache->runs, cache->run_count, sizeof(*cache->runs), compare_runs);
	cache->next_number = cache->runs[cache->run_count - 1].number + 1;
	for (size_t i = 0; i < cache->run_count; i++)
		open_run(cache, &cache->runs[i]);
	return MUSTER_OK;
}

enum muster_code stat_cache_rename_to_run(struct stat_cache *cache, const char *name,
					  struct muster_error *err)
{
	for (;;) { /* another process may take a number at the same time */
		char run[32];

		stat_run_name(run, cache->next_number++);
		if (renameat2(cache->dir_fd, name, cache->dir_fd, run, RENAME_NOREPLACE) == 0)
			return MUSTER_OK;
		if (errno == EINVAL || errno == ENOSYS) { /* no such flag here: link is as good */
			if (linkat(cache->dir_fd, name, cache->dir_fd, run, 0) == 0) {
				unlinkat(cache->dir_fd, name, 0);
				return MUSTER_OK;
			}
		}
		if (errno != EEXIST)
			return muster_fail_errno(err, "rename '%s' to '%s'", name, run);
	}
}

/* Every run steps to the first record at or behind `path`; of equal ones the newest counts. */
const struct stat_record *stat_cache_find(struct stat_cache *cache, struct view path)
{
	const struct stat_record *found = NULL;

	for (size_t i = 0; i < cache->run_count; i++) {
		struct stat_run_reader *reader = &cache->runs[i].reader;
		int order = 1;

		while (reader->has_head && (order = view_compare(reader->head.path, path)) < 0)
			stat_run_reader_advance(reader);
		if (reader->has_head && order == 0)
			found = &reader->head;
	}
	return found;
}
