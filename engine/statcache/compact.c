/* Runs are merged so that a look-up never steps through many. If the newer ones together are
 * small, only they are merged: a large tree with small changes is not rewritten each time. */
#include "engine/statcache/stat_cache_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The smallest head of runs[first..]; of equal ones the newest. NULL at the end. */
static struct stat_run_reader *smallest(struct stat_cache *cache, size_t first)
{
	struct stat_run_reader *best = NULL;

	for (size_t i = first; i < cache->run_count; i++) {
		struct stat_run_reader *reader = &cache->runs[i].reader;

		if (reader->has_head &&
		    (!best || view_compare(reader->head.path, best->head.path) <= 0))
			best = reader;
	}
	return best;
}

static void advance_equal(struct stat_cache *cache, size_t first, struct stat_run_reader *best)
{
	for (size_t i = first; i < cache->run_count; i++) {
		struct stat_run_reader *reader = &cache->runs[i].reader;

		if (reader != best && reader->has_head &&
		    view_equal(reader->head.path, best->head.path))
			stat_run_reader_advance(reader);
	}
	stat_run_reader_advance(best);
}

static enum muster_code merge_into(struct stat_cache *cache, size_t first,
				   struct stat_run_writer *writer, struct muster_error *err)
{
	struct stat_run_reader *best;
	enum muster_code code = stat_run_writer_begin(writer, err);

	while (!code && (best = smallest(cache, first))) {
		code = stat_run_writer_add(writer, &best->head, err);
		if (!code)
			advance_equal(cache, first, best);
	}
	return code ? code : stat_run_writer_flush(writer, err);
}

/* From which run on the merge pays. */
static size_t first_to_merge(const struct stat_cache *cache)
{
	uint64_t newer_bytes = 0;

	for (size_t i = 1; i < cache->run_count; i++)
		newer_bytes += cache->runs[i].size_bytes;
	return newer_bytes > cache->runs[0].size_bytes / 4 ? 0 : 1;
}

/* The merged run takes the newest number, so that a crash leaves a correct order. */
static enum muster_code replace_runs(struct stat_cache *cache, size_t first, const char *merged,
				     struct muster_error *err)
{
	char name[32];

	stat_run_name(name, cache->runs[cache->run_count - 1].number);
	if (renameat(cache->dir_fd, merged, cache->dir_fd, name))
		return muster_fail_errno(err, "rename '%s' in the stat cache", merged);
	for (size_t i = first; i + 1 < cache->run_count; i++) {
		stat_run_name(name, cache->runs[i].number);
		unlinkat(cache->dir_fd, name, 0);
	}
	return MUSTER_OK;
}

enum muster_code stat_cache_compact(struct stat_cache *cache, struct muster_error *err)
{
	struct stat_run_writer writer = { .fd = -1 };
	char merged[64];
	size_t first;
	enum muster_code code = stat_cache_load_runs(cache, err);

	if (code || cache->run_count <= STAT_CACHE_RUNS_MAX)
		return code;
	first = first_to_merge(cache);
	snprintf(merged, sizeof(merged), ".merge-%ld", (long)getpid());
	writer.fd = openat(cache->dir_fd, merged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (writer.fd < 0)
		return muster_fail_errno(err, "make '%s' in the stat cache", merged);
	code = merge_into(cache, first, &writer, err);
	if (!code)
		code = replace_runs(cache, first, merged, err);
	if (code)
		unlinkat(cache->dir_fd, merged, 0);
	close(writer.fd);
	stat_run_writer_release(&writer);
	return code;
}
