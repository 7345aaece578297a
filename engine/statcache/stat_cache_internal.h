/* What stat_cache.c, journal.c and compact.c share. */
#ifndef ENGINE_STATCACHE_STAT_CACHE_INTERNAL_H
#define ENGINE_STATCACHE_STAT_CACHE_INTERNAL_H

#include "engine/statcache/stat_cache.h"
#include "engine/statcache/stat_run.h"

#define STAT_CACHE_FILES_MAX 4096

/* One run that is open. Newer numbers count more. */
struct cached_run {
	uint64_t number;
	uint64_t size_bytes;
	struct stat_run_reader reader;
};

struct stat_cache {
	int dir_fd; /* of this tree */
	struct cached_run *runs;
	size_t run_count;
	uint64_t next_number;
};

struct stat_journal {
	struct stat_cache *cache;
	char ordered_name[96], late_name[96];
	struct stat_run_writer ordered, late;
	uint64_t flushed_count; /* records of `ordered` that are in its file */
	bool is_finished;
};

/** "<ten digits>.stat" */
void stat_run_name(char out[32], uint64_t number);
/** Give `name` the next free run number. */
enum muster_code stat_cache_rename_to_run(struct stat_cache *cache, const char *name,
					  struct muster_error *err);
/** Sort the records of a journal that took them in any order, and write them as a run. */
enum muster_code stat_cache_sort_to_run(struct stat_cache *cache, const char *name,
					struct muster_error *err);
/** Open the numbered runs that are there now, in order of their numbers. */
enum muster_code stat_cache_load_runs(struct stat_cache *cache, struct muster_error *err);
/** Journals whose writer is dead become runs. */
enum muster_code stat_cache_recover(struct stat_cache *cache, stat_cache_dead_fn *on_dead,
				    void *state, struct muster_error *err);
/** Merge runs if they are too many. */
enum muster_code stat_cache_compact(struct stat_cache *cache, struct muster_error *err);

#endif
