/**
 * tree - what the tests of walks share: trees on disk, and a walk whose every promise is checked.
 *
 * Each test has its own empty directory, `tree_root`, alone in another one; removed after it.
 */
#ifndef TESTS_IO_TREE_TREE_H
#define TESTS_IO_TREE_TREE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/tree/walk_internal.h"

static char tree_base[64], tree_root[72];

static inline int tree_setup(void **state)
{
	/* In memory if it can be: some trees here take a disk a minute to forget. */
	const char *base = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";

	(void)state;
	snprintf(tree_base, sizeof(tree_base), "%s/walk_test-XXXXXX", base);
	if (!mkdtemp(tree_base) || chmod(tree_base, 0755))
		return -1;
	snprintf(tree_root, sizeof(tree_root), "%s/root", tree_base);
	return mkdir(tree_root, 0755);
}

static inline int tree_teardown(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", tree_base, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static inline const char *tree_path(const char *path)
{
	static char full[16384];

	snprintf(full, sizeof(full), "%s/%s", tree_root, path);
	return full;
}

/* The size of a file is the length of its path: so each entry's stat can be checked. */
static inline void tree_file(const char *path)
{
	int fd = open(tree_path(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)strlen(path)), 0);
	close(fd);
}

static inline void tree_dir(const char *path)
{
	assert_int_equal(mkdir(tree_path(path), 0755), 0);
}

static inline void tree_link(const char *path, const char *target)
{
	assert_int_equal(symlink(target, tree_path(path)), 0);
}

/** Paths, NUL-terminated, in an order. */
struct paths {
	char **items;
	size_t count, cap;
};

static inline void paths_add(struct paths *paths, const void *path, size_t len)
{
	char *copy = malloc(len + 1);

	if (paths->count == paths->cap) {
		char **grown;

		paths->cap = paths->cap ? 2 * paths->cap : 64;
		grown = realloc(paths->items, paths->cap * sizeof(*grown));
		assert_non_null(grown);
		paths->items = grown;
	}
	assert_non_null(copy);
	memcpy(copy, path, len);
	copy[len] = '\0';
	paths->items[paths->count++] = copy;
}

static inline void paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct paths){ 0 };
}

static inline int paths_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void paths_sort(struct paths *paths)
{
	if (paths->count)
		qsort(paths->items, paths->count, sizeof(char *), paths_compare);
}

static inline void assert_paths_equal(const struct paths *found, const struct paths *expected)
{
	for (size_t i = 0; i < found->count && i < expected->count; i++)
		assert_string_equal(found->items[i], expected->items[i]);
	assert_int_equal(found->count, expected->count);
}

/** What a walk gave: files, and entries with an error as "path: message" ('/' behind a
 *  directory's path). */
struct found {
	struct paths files, errors;
	struct walk_counts counts;
	size_t batch_count, stat_count; /* stat_count: files that came with their stat */
};

static inline void found_release(struct found *found)
{
	paths_release(&found->files);
	paths_release(&found->errors);
}

static inline void found_add_error(struct found *found, const struct walk_entry *entry)
{
	char text[6000];

	snprintf(text, sizeof(text), "%.*s%s: %s", VIEW_ARGS(entry->path),
		 entry->is_directory ? "/" : "", entry->error->message);
	paths_add(&found->errors, text, strlen(text));
	assert_true(muster_failed(entry->error->code));
}

static inline void found_add_file(struct found *found, const struct walk_batch *batch,
				  const struct walk_entry *entry)
{
	struct stat st;

	if (found->files.count) /* strictly rising */
		assert_true(strcmp(found->files.items[found->files.count - 1],
				   (const char *)entry->path.ptr) < 0);
	paths_add(&found->files, entry->path.ptr, entry->path.len);
	if (!entry->has_stat) {
		assert_memory_equal(&entry->stat, &(struct walk_stat){ 0 }, sizeof(entry->stat));
		return;
	}
	found->stat_count++;
	assert_int_equal(fstatat(batch->dir_fd, entry->name, &st, 0), 0);
	assert_int_equal(entry->stat.inode, st.st_ino);
	assert_int_equal(entry->stat.size_bytes, st.st_size);
	assert_int_equal(entry->stat.mode, st.st_mode);
	assert_int_equal(entry->stat.mtime_ns, st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	assert_int_equal(entry->stat.ctime_ns, st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
}

static inline void found_add_batch(struct found *found, const struct walk_batch *batch)
{
	assert_int_equal(batch->sequence, found->batch_count++);
	assert_in_range(batch->entry_count, 1, WALK_BATCH_MAX);
	for (size_t i = 0; i < batch->entry_count; i++) {
		const struct walk_entry *entry = &batch->entries[i];
		const char *slash = strrchr((const char *)entry->path.ptr, '/');

		assert_int_equal(strlen((const char *)entry->path.ptr), entry->path.len);
		assert_string_equal(entry->name, slash ? slash + 1 : (const char *)entry->path.ptr);
		if (entry->error)
			found_add_error(found, entry);
		else
			found_add_file(found, batch, entry);
	}
}

/** Walks tree_root to the end. Gives the code that ended it (MUSTER_END if all went well). */
static inline enum muster_code tree_walk(struct found *found, const struct walk_options *options,
					 const struct walk_tuning *tuning, struct muster_error *err)
{
	static const struct walk_options default_options;
	static const struct walk_tuning no_tuning;
	struct walk_batch *batch;
	struct walk *walk;
	enum muster_code code;

	*found = (struct found){ 0 };
	code = walk_open_tuned(&walk, tree_root, options ? options : &default_options,
			       tuning ? tuning : &no_tuning, err);
	if (code)
		return code;
	while (!(code = walk_next(walk, &batch, err))) {
		found_add_batch(found, batch);
		walk_batch_free(batch);
	}
	assert_null(batch);
	assert_int_equal(walk_next(walk, &batch, err), code); /* and it stays so */
	found->counts = walk_counted(walk);
	if (!options || !options->types_only)
		assert_int_equal(found->stat_count, found->files.count);
	walk_close(walk);
	return code;
}

static inline void assert_finds(const struct walk_options *options,
				const struct walk_tuning *tuning, const struct paths *files,
				const struct paths *errors)
{
	struct muster_error err = { 0 };
	struct found found;

	assert_int_equal(tree_walk(&found, options, tuning, &err), MUSTER_END);
	assert_paths_equal(&found.files, files);
	if (errors)
		assert_paths_equal(&found.errors, errors);
	assert_int_equal(found.counts.file_count, found.files.count);
	assert_int_equal(found.counts.error_count, found.errors.count);
	found_release(&found);
}

/** As assert_finds(), from literals that end with NULL. */
#define ASSERT_FILES(options, tuning, ...)                                                         \
	assert_finds_texts((options), (tuning), (const char *const[]){ __VA_ARGS__, NULL })

static inline void assert_finds_texts(const struct walk_options *options,
				      const struct walk_tuning *tuning, const char *const *texts)
{
	struct paths files = { 0 };

	for (; *texts; texts++)
		paths_add(&files, *texts, strlen(*texts));
	assert_finds(options, tuning, &files, NULL);
	paths_release(&files);
}

static inline unsigned open_fd_count(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

#endif
