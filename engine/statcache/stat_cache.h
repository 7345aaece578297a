/**
 * stat_cache - what this machine knows of the files of one tree: path -> stat and digests.
 *
 * It lives in `<cache>/trees/<32 hex of the SHA-256 of the tree's absolute path>/` as numbered runs, each sorted
 * by path; of one path the newest run counts. A put writes a journal as it goes; when it ends, or
 * when a later put finds that its writer died, the journal becomes a run. More than
 * STAT_CACHE_RUNS_MAX runs are merged. The cache proves what a file's digest is, never that its
 * bytes are stored. Losing it costs time only: anything unreadable in it is ignored.
 *
 * Threads: a cache for look-ups and a journal belong to one thread at a time each; several
 *          processes may use one tree's cache at once.
 * Memory:  one block (64 KiB) a run.
 */
#ifndef ENGINE_STATCACHE_STAT_CACHE_H
#define ENGINE_STATCACHE_STAT_CACHE_H

#include "artifact/format/stat.h"

#define STAT_CACHE_RUNS_MAX 8

struct stat_cache;

/** Whose unfinished journal was found: its session's finished packs can be adopted. Said again
 *  by every open until stat_cache_forget_dead(). */
typedef enum muster_code stat_cache_dead_fn(void *state, const uint8_t repository_id[16],
					    const uint8_t session[16], struct muster_error *err);

/** `cache_dir` is made if missing; `tree` is any name of the tree's root directory. Journals of
 *  dead writers become runs first, each named to `on_dead` (may be NULL). */
enum muster_code stat_cache_open(struct stat_cache **out, const char *cache_dir, const char *tree,
				 stat_cache_dead_fn *on_dead, void *state,
				 struct muster_error *err);
/** The same by any name (of several trees that are one version, say) instead of an absolute path. */
enum muster_code stat_cache_open_named(struct stat_cache **out, const char *cache_dir,
				       struct view name, stat_cache_dead_fn *on_dead, void *state,
				       struct muster_error *err);
void stat_cache_close(struct stat_cache *cache); /* takes NULL */
/** The packs of this dead session are in an index now. */
void stat_cache_forget_dead(struct stat_cache *cache, const uint8_t repository_id[16],
			    const uint8_t session[16]);

/** What is known of `path`, lent until the next call; NULL: nothing. Paths must ascend from call
 *  to call. */
const struct stat_record *stat_cache_find(struct stat_cache *cache, struct view path);

/** What a put learns. Paths of stat_journal_add() ascend; stat_journal_add_late() takes any. */
struct stat_journal;
enum muster_code stat_journal_open(struct stat_journal **out, struct stat_cache *cache,
				   const uint8_t repository_id[16], const uint8_t session[16],
				   struct muster_error *err);
enum muster_code stat_journal_add(struct stat_journal *journal, const struct stat_record *record,
				  struct muster_error *err);
/** What was added reaches the file, if it is STAT_JOURNAL_FLUSH_RECORDS or more: a killed put has
 *  learnt it. To be called now and then. */
#define STAT_JOURNAL_FLUSH_RECORDS 256
enum muster_code stat_journal_flush(struct stat_journal *journal, struct muster_error *err);
enum muster_code stat_journal_add_late(struct stat_journal *journal,
				       const struct stat_record *record, struct muster_error *err);
/** Makes it a run (nothing if nothing was added) and merges runs if they are too many. */
enum muster_code stat_journal_finish(struct stat_journal *journal, struct muster_error *err);
/** Leaves the journal for the next stat_cache_open(), as a killed process does. Takes NULL; to be
 *  called after stat_journal_finish(), too. */
void stat_journal_close(struct stat_journal *journal);

#endif
