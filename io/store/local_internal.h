/* The parts of store_local: who writes what where. */
#ifndef IO_STORE_LOCAL_INTERNAL_H
#define IO_STORE_LOCAL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/store/local.h"

#define LOCAL_TEMPORARY_DIR "tmp"
/* Every name that begins so is no key: see store.h. */
#define LOCAL_TEMPORARY_PREFIX	   ".tmp"
#define LOCAL_TEMPORARY_NAME_BYTES 64

/* Paths of directories relative to the root, "" being the root itself; bounded. */
struct local_dirs {
	char **paths; /* open addressing; NULL is free */
	size_t count, cap;
};

struct local_store {
	struct store base;
	const struct sys_ops *sys;
	const struct effects *effects;
	char *path;
	int root_fd;
	uint64_t temporary_id;
	atomic_ullong temporary_count;
	atomic_bool no_rename; /* the file system does not know RENAME_NOREPLACE */
	atomic_bool no_clone;  /* it does not share blocks, or not with those that were asked for */

	pthread_mutex_t sync_lock; /* one sync at a time; taken before `lock` */
	pthread_mutex_t lock;
	struct {
		struct local_dirs durable; /* their names, and those of all above, are on disk */
		struct local_dirs touched; /* hold names that are not synced yet */
		bool sync_failed;
	} dirs; /* under `lock` */
};

/* A file under a temporary name. */
struct local_temporary {
	int fd; /* -1: none */
	char name[LOCAL_TEMPORARY_NAME_BYTES];
};

static inline struct local_store *local_of(struct store *store)
{
	return (struct local_store *)store;
}

/* "<verb> in '<root>': <cause>" from errno. */
enum muster_code local_fail(const struct local_store *local, const char *verb,
			    struct muster_error *err);

/* local_dirs.c. Adding to a full set empties it first: who must not forget asks before. */
bool local_dirs_is_full(const struct local_dirs *dirs);
bool local_dirs_has(const struct local_dirs *dirs, const char *path);
enum muster_code local_dirs_add(struct local_dirs *dirs, const char *path,
				struct muster_error *err);
void local_dirs_release(struct local_dirs *dirs);
/* The directory of a key, without the '/' at its end. `out` has room for a key. */
void local_parent(const char *key, char *out);

/* local_place.c: temporary files and how they get their names. */
enum muster_code local_temporary_open(struct local_store *local, struct local_temporary *out,
				      struct muster_error *err);
/* Close and unlink; keeps errno. */
void local_temporary_drop(struct local_store *local, struct local_temporary *temporary);
/* Give a synced file its final name and close it; dropped where that is not possible. */
enum muster_code local_place(struct local_store *local, struct local_temporary *temporary,
			     const char *key, struct muster_error *err);

/* local_sync.c. A key is durable when its directory and those above are synced. */
enum muster_code local_sync_parents(struct local_store *local, const char *key,
				    struct muster_error *err);
/* The directory of a key will be synced by the next local_sync(). */
enum muster_code local_touch_parent(struct local_store *local, const char *key,
				    struct muster_error *err);
enum muster_code local_sync(struct store *store, struct muster_error *err);

/* local_write.c */
enum muster_code local_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err);
enum muster_code local_write_append(struct store_writer *base, struct view data,
				    struct muster_error *err);
enum muster_code local_write_finish(struct store_writer *base, struct muster_error *err);
void local_write_abort(struct store_writer *base);

/* local_list.c */
enum muster_code local_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err);

#endif
