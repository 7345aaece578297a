/**
 * store_local - a store in a directory of a file system.
 *
 * Writes:  data gets a temporary name ("tmp/.tmp-…" in the root), is synced, then gets its final
 *          name by renameat2(RENAME_NOREPLACE), or linkat + unlinkat where that is unknown; so a
 *          final name holds all bytes or does not exist. Directories are made when needed and
 *          never removed.
 * Durable: store_create() syncs the directories on its way; a writer's name becomes durable in
 *          store_sync(), which syncs the directories that this store has touched and then, once,
 *          the whole file system: names made by other processes count too. After a failed sync
 *          every later one fails: nobody can know what the first one lost.
 * Time:    store_now() is the time that the file system gives to a new file.
 * Network: an "exists" that is contradicted by "no such file" is retried for a minute.
 */
#ifndef IO_STORE_LOCAL_H
#define IO_STORE_LOCAL_H

#include "io/store/store.h"
#include "io/store/sys.h"

/* A temporary file that nobody has written to for so long belongs to a dead process. */
#define STORE_LOCAL_TEMPORARY_AGE_NS (24ull * 3600 * 1000000000)

struct store_local_options {
	const struct sys_ops *sys;     /* borrowed for life; NULL: the system's */
	const struct effects *effects; /* borrowed for life; NULL: the system's */
	bool keep_temporary;	       /* do not remove stale temporary files at open */
};

/**
 * Open the store in the directory `path`; `options` may be NULL.
 * Errors: MUSTER_E_NAME where there is no directory, MUSTER_E_IO.
 */
enum muster_code store_local_open(struct store **out, const char *path,
				  const struct store_local_options *options,
				  struct muster_error *err);

/**
 * Make the directory `path` (and what is missing above it) for a new store, durably.
 * Errors: MUSTER_E_REFUSED where the place holds anything, MUSTER_E_IO.
 */
enum muster_code store_local_create(const char *path, struct muster_error *err);

/** May a store be made here? A place where a store's first write was cut off is empty too. */
enum muster_code store_local_is_empty_or_absent(const char *path, bool *out,
						struct muster_error *err);

struct store_local_temporaries {
	uint64_t count, size_bytes;
};

/**
 * Remove temporary files that were last written at least `age_ns` ago, by the store's time.
 * `removed` may be NULL. Only for a store of store_local_open().
 */
enum muster_code store_local_clean_temporary(struct store *store, uint64_t age_ns,
					     struct store_local_temporaries *removed,
					     struct muster_error *err);
/** All that are there, of whatever age. Only for a store of store_local_open(). */
enum muster_code store_local_count_temporary(struct store *store,
					     struct store_local_temporaries *out,
					     struct muster_error *err);

/**
 * Set the time that store_list() gives for a key to now: for who keeps there when it was used
 * last. MUSTER_ABSENT. Only for a store of store_local_open(). Errors: MUSTER_E_IO.
 */
enum muster_code store_local_touch(struct store *store, const char *key, struct muster_error *err);

#endif
