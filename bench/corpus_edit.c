/*
 * Edits: paths are read and sorted, and a seeded shuffle says which are changed and deleted. New
 * files come next to randomly chosen old ones. They are written before old ones are deleted, so
 * that no fresh inode has to be searched for behind deleted ones.
 */
#include "bench/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PATH_BYTES 4096

struct paths {
	char **items;
	size_t count;
	size_t capacity;
};

/** Takes `path`. */
static bool paths_add(struct paths *paths, char *path)
{
	if (path && paths->count == paths->capacity) {
		size_t capacity = paths->capacity ? paths->capacity * 2 : 1024;
		char **grown = reallocarray(paths->items, capacity, sizeof(*grown));

		if (grown) {
			paths->items = grown;
			paths->capacity = capacity;
		}
	}
	if (!path || paths->count == paths->capacity) {
		fprintf(stderr, "corpus: not enough memory for %zu paths\n", paths->count + 1);
		free(path);
		return false;
	}
	paths->items[paths->count++] = path;
	return true;
}

static void paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void paths_sort(struct paths *paths)
{
	if (paths->count)
		qsort(paths->items, paths->count, sizeof(*paths->items), compare_paths);
}

/** All regular files below root, relative to it and sorted: the order of readdir is no seed. */
static bool paths_read(struct paths *paths, char *root)
{
	char *roots[] = { root, NULL };
	size_t skip = strlen(root) + 1;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	bool done = walk != NULL;

	while (done && (entry = fts_read(walk))) {
		if (entry->fts_info == FTS_F && entry->fts_pathlen > skip)
			done = paths_add(paths, strdup(entry->fts_path + skip));
		else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
			 entry->fts_info == FTS_NS) {
			fprintf(stderr, "corpus: read '%s': %s\n", entry->fts_path,
				strerror(entry->fts_errno));
			done = false;
		}
	}
	if (walk)
		fts_close(walk);
	paths_sort(paths);
	return done;
}

/** Brings `wanted` randomly chosen paths to the front; the rest keeps some order. */
static void paths_shuffle(struct paths *paths, size_t wanted, uint64_t seed)
{
	for (size_t i = 0; i < wanted; i++) {
		size_t other = i + corpus_mix(seed + i) % (paths->count - i);
		char *path = paths->items[i];

		paths->items[i] = paths->items[other];
		paths->items[other] = path;
	}
}

static bool write_list(const char *prefix, const char *kind, struct paths *list)
{
	char path[MAX_PATH_BYTES];
	bool done;
	FILE *file;

	paths_sort(list);
	if (snprintf(path, sizeof(path), "%s.%s", prefix, kind) >= (int)sizeof(path)) {
		fprintf(stderr, "corpus: the path of the lists is too long\n");
		return false;
	}
	file = fopen(path, "w");
	for (size_t i = 0; file && i < list->count; i++)
		fprintf(file, "%s\n", list->items[i]);
	done = file && !ferror(file);
	if (file && fclose(file))
		done = false;
	if (!done)
		fprintf(stderr, "corpus: write '%s': %s\n", path, strerror(errno));
	return done;
}

static bool write_new(struct corpus *corpus, int root_fd, const char *path, uint64_t id,
		      uint64_t size_bytes)
{
	struct corpus_content content = { .id = id, .size_bytes = size_bytes };

	corpus->written_files++;
	corpus->written_bytes += size_bytes;
	return corpus_write_file(root_fd, path, &content);
}

/** Every second change keeps the size: only time and content tell. */
static bool change_file(struct corpus *corpus, int root_fd, const char *path, uint64_t id,
			bool keep_size)
{
	struct stat found;
	uint64_t size_bytes;

	if (fstatat(root_fd, path, &found, 0)) {
		fprintf(stderr, "corpus: stat '%s': %s\n", path, strerror(errno));
		return false;
	}
	size_bytes = (uint64_t)found.st_size;
	if (!keep_size || size_bytes < CORPUS_MIN_BYTES)
		size_bytes = size_bytes / 2 + CORPUS_MIN_BYTES + id % 1024;
	return write_new(corpus, root_fd, path, id, size_bytes);
}

static bool add_file(struct corpus *corpus, int root_fd, struct paths *added, const char *sibling,
		     uint64_t id)
{
	const char *slash = strrchr(sibling, '/');
	int folder_length = slash ? (int)(slash - sibling + 1) : 0;
	char *path = NULL;

	if (asprintf(&path, "%.*snew_%016llx.dat", folder_length, sibling, (unsigned long long)id) <
	    0)
		path = NULL;
	return paths_add(added, path) &&
	       write_new(corpus, root_fd, path, id, corpus_size(corpus, id));
}

static bool delete_file(int root_fd, const char *path)
{
	if (!unlinkat(root_fd, path, 0))
		return true;
	fprintf(stderr, "corpus: delete '%s': %s\n", path, strerror(errno));
	return false;
}

/** `all` begins with the files to change, then those to delete; `added` gets the new paths. */
static bool apply_to(struct corpus *corpus, const struct corpus_edit *edit, int root_fd,
		     struct paths *all, struct paths *added)
{
	uint64_t ids = corpus_mix(corpus->seed ^ 0xed17ULL); /* another row than generation's */
	bool done = true;

	for (uint64_t i = 0; done && i < edit->change_count; i++)
		done = change_file(corpus, root_fd, all->items[i], corpus_mix(ids ^ i), i % 2);
	for (uint64_t i = 0; done && i < edit->add_count; i++) {
		uint64_t id = corpus_mix(ids ^ (edit->change_count + i));

		done = add_file(corpus, root_fd, added, all->items[id % all->count], id);
	}
	for (uint64_t i = 0; done && i < edit->delete_count; i++)
		done = delete_file(root_fd, all->items[edit->change_count + i]);
	return done;
}

static bool write_lists(const char *prefix, const struct corpus_edit *edit, const struct paths *all,
			struct paths *added)
{
	struct paths changed = { .items = all->items, .count = edit->change_count };
	struct paths deleted = { .items = all->items + edit->change_count,
				 .count = edit->delete_count };

	return write_list(prefix, "changed", &changed) && write_list(prefix, "added", added) &&
	       write_list(prefix, "deleted", &deleted);
}

/** The root without slashes at its end, so that lists lie beside it. Gives memory. */
static char *trim_root(const char *root)
{
	char *trimmed = strdup(root);

	for (size_t length = trimmed ? strlen(trimmed) : 0;
	     length > 1 && trimmed[length - 1] == '/'; length--)
		trimmed[length - 1] = '\0';
	return trimmed;
}

bool corpus_apply(struct corpus *corpus, const struct corpus_edit *edit)
{
	struct paths all = { 0 };
	struct paths added = { 0 };
	char *root = trim_root(corpus->root);
	int root_fd = root ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool done = false;

	if (root_fd < 0) {
		fprintf(stderr, "corpus: open '%s': %s\n", corpus->root, strerror(errno));
		goto out;
	}
	if (!paths_read(&all, root))
		goto out;
	if (edit->change_count + edit->delete_count > all.count || !all.count) {
		fprintf(stderr, "corpus: '%s' has only %zu files\n", root, all.count);
		goto out;
	}
	paths_shuffle(&all, edit->change_count + edit->delete_count, corpus_mix(corpus->seed));
	done = apply_to(corpus, edit, root_fd, &all, &added) &&
	       write_lists(edit->lists_prefix ? edit->lists_prefix : root, edit, &all, &added);
out:
	if (root_fd >= 0)
		close(root_fd);
	paths_release(&added);
	paths_release(&all);
	free(root);
	return done;
}
