#include "io/store/local_internal.h"

#include <errno.h>
#include <fcntl.h>

static bool is_durable(struct local_store *local, const char *dir)
{
	bool found;

	pthread_mutex_lock(&local->lock);
	found = local_dirs_has(&local->dirs.durable, dir);
	pthread_mutex_unlock(&local->lock);
	return found;
}

static enum muster_code remember_durable(struct local_store *local, const char *dir,
					 struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&local->lock);
	code = local_dirs_add(&local->dirs.durable, dir, err);
	pthread_mutex_unlock(&local->lock);
	return code;
}

static enum muster_code sync_dir(struct local_store *local, const char *dir,
				 struct muster_error *err)
{
	const struct sys_ops *sys = local->sys;
	int fd = sys->openat(sys->state, local->root_fd, *dir ? dir : ".",
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	int failed;

	if (fd < 0)
		return local_fail(local, "open a directory to sync", err);
	failed = sys->fsync(sys->state, fd);
	/* Some network file systems cannot sync a directory: their servers do it themselves. */
	if (failed && (errno == EINVAL || errno == EOPNOTSUPP))
		failed = 0;
	sys_close(sys, fd);
	return failed ? local_fail(local, "sync a directory", err) : MUSTER_OK;
}

/*
 * Sync `dir`, then what is above it until a directory whose own name is known to be durable.
 * The names are remembered only when all are: else another thread would stop too early.
 */
static enum muster_code sync_dir_and_above(struct local_store *local, const char *dir,
					   struct muster_error *err)
{
	char at[STORE_KEY_MAX_BYTES + 1], made[STORE_KEY_MAX_BYTES + 1];
	enum muster_code code = sync_dir(local, dir, err);

	memcpy(at, dir, strlen(dir) + 1);
	while (!code && *at && !is_durable(local, at)) {
		local_parent(at, at);
		code = sync_dir(local, at, err);
	}
	memcpy(made, dir, strlen(dir) + 1);
	while (!code && strlen(made) > strlen(at)) {
		code = remember_durable(local, made, err);
		local_parent(made, made);
	}
	return code;
}

enum muster_code local_sync_parents(struct local_store *local, const char *key,
				    struct muster_error *err)
{
	char dir[STORE_KEY_MAX_BYTES + 1];

	local_parent(key, dir);
	return sync_dir_and_above(local, dir, err);
}

enum muster_code local_touch_parent(struct local_store *local, const char *key,
				    struct muster_error *err)
{
	char dir[STORE_KEY_MAX_BYTES + 1];
	enum muster_code code = MUSTER_OK;
	bool is_full;

	local_parent(key, dir);
	pthread_mutex_lock(&local->lock);
	is_full = local_dirs_is_full(&local->dirs.touched);
	if (!is_full)
		code = local_dirs_add(&local->dirs.touched, dir, err);
	pthread_mutex_unlock(&local->lock);
	return is_full ? sync_dir_and_above(local, dir, err) : code;
}

static enum muster_code sync_touched(struct local_store *local, const struct local_dirs *touched,
				     struct muster_error *err)
{
	for (size_t i = 0; i < touched->cap; i++) {
		enum muster_code code;

		if (!touched->paths[i])
			continue;
		code = sync_dir_and_above(local, touched->paths[i], err);
		if (code)
			return code;
	}
	return MUSTER_OK;
}

static enum muster_code sync_locked(struct local_store *local, struct muster_error *err)
{
	struct local_dirs touched;
	enum muster_code code;
	bool failed;

	pthread_mutex_lock(&local->lock);
	touched = local->dirs.touched;
	local->dirs.touched = (struct local_dirs){ 0 };
	failed = local->dirs.sync_failed;
	pthread_mutex_unlock(&local->lock);
	if (failed) {
		errno = EIO;
		code = local_fail(local, "an earlier sync failed, what it lost is unknown: sync",
				  err);
		goto out;
	}
	code = sync_touched(local, &touched, err);
	if (!code && local->sys->syncfs(local->sys->state, local->root_fd))
		code = local_fail(local, "sync the file system", err);
	if (code) {
		pthread_mutex_lock(&local->lock);
		local->dirs.sync_failed = true;
		pthread_mutex_unlock(&local->lock);
	}
out:
	local_dirs_release(&touched);
	return code;
}

enum muster_code local_sync(struct store *store, struct muster_error *err)
{
	struct local_store *local = local_of(store);
	enum muster_code code;

	pthread_mutex_lock(&local->sync_lock);
	code = sync_locked(local, err);
	pthread_mutex_unlock(&local->sync_lock);
	return code;
}
