#include "io/store/local_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "artifact/record/key.h"

struct local_object {
	struct store_object base;
	int fd;
};

enum muster_code local_fail(const struct local_store *local, const char *verb,
			    struct muster_error *err)
{
	return muster_fail_errno(err, "%s in '%.200s'", verb, local->path);
}

/* A probe (FORMAT §2) asks who wins a name, a thousand times. Nobody reads it later. */
static bool must_last(const char *key)
{
	return strncmp(key, KEY_PROBE_PREFIX, strlen(KEY_PROBE_PREFIX)) != 0;
}

static enum muster_code local_create(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	struct local_store *local = local_of(store);
	struct local_temporary temporary;
	bool is_synced = must_last(key);
	enum muster_code code = local_temporary_open(local, &temporary, err);

	if (code)
		return code;
	if (sys_write_all(local->sys, temporary.fd, data))
		code = local_fail(local, "write", err);
	else if (is_synced && local->sys->fdatasync(local->sys->state, temporary.fd))
		code = local_fail(local, "sync a file", err);
	if (code) {
		local_temporary_drop(local, &temporary);
		return code;
	}
	code = local_place(local, &temporary, key, err);
	return code || !is_synced ? code : local_sync_parents(local, key, err);
}

static int open_object(struct local_store *local, const char *key)
{
	/* O_NONBLOCK: whatever stands there, opening must not wait for it. */
	return local->sys->openat(local->sys->state, local->root_fd, key,
				  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}

static enum muster_code local_open(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err)
{
	struct local_store *local = local_of(store);
	struct local_object *object;
	enum muster_code code;
	struct stat st;
	int fd = open_object(local, key);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return MUSTER_ABSENT;
	if (fd < 0)
		return local_fail(local, "open", err);
	if (local->sys->fstat(local->sys->state, fd, &st)) {
		code = local_fail(local, "look at a file", err);
		goto fail;
	}
	code = MUSTER_ABSENT; /* a directory is no object */
	if (!S_ISREG(st.st_mode))
		goto fail;
	object = malloc(sizeof(*object));
	if (!object) {
		code = muster_fail_memory(err, "an open object");
		goto fail;
	}
	object->base = (struct store_object){ store, (uint64_t)st.st_size };
	object->fd = fd;
	*out = &object->base;
	return MUSTER_OK;
fail:
	sys_close(local->sys, fd);
	return code;
}

static enum muster_code local_read(struct store_object *base, uint64_t offset_bytes, void *out,
				   size_t len, struct muster_error *err)
{
	struct local_object *object = (struct local_object *)base;
	struct local_store *local = local_of(base->store);
	ssize_t got = sys_pread_full(local->sys, object->fd, out, len, offset_bytes);

	if (got < 0)
		return local_fail(local, "read", err);
	if ((size_t)got < len)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "in '%.200s': the object ends at %" PRIu64 ", it had %" PRIu64
				   " bytes when it was opened",
				   local->path, offset_bytes + (uint64_t)got, base->size_bytes);
	return MUSTER_OK;
}

static void local_close(struct store_object *base)
{
	sys_close(local_of(base->store)->sys, ((struct local_object *)base)->fd);
	free(base);
}

static bool local_clone(struct store_object *base, uint64_t offset_bytes, uint64_t len, int to_fd)
{
	struct local_store *local = local_of(base->store);
	uint64_t rounded = len + STORE_CLONE_ALIGN_BYTES - 1;

	if (atomic_load_explicit(&local->no_clone, memory_order_relaxed))
		return false;
	rounded -= rounded % STORE_CLONE_ALIGN_BYTES;
	if (!local->sys->clone_range(local->sys->state, to_fd, ((struct local_object *)base)->fd,
				     offset_bytes, rounded, len))
		return true;
	/* Another file system, or one that cannot: it will not be asked for each file. */
	if (errno != ENOSPC && errno != EDQUOT && errno != EINTR)
		atomic_store(&local->no_clone, true);
	return false;
}

static enum muster_code local_remove(struct store *store, const char *key, struct muster_error *err)
{
	struct local_store *local = local_of(store);

	if (!local->sys->unlinkat(local->sys->state, local->root_fd, key, 0))
		return MUSTER_OK;
	/* A directory is no object, so the object is absent. */
	if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
		return MUSTER_OK;
	return local_fail(local, "unlink", err);
}

enum muster_code store_local_touch(struct store *store, const char *key, struct muster_error *err)
{
	struct local_store *local = local_of(store);

	if (!local->sys->touchat(local->sys->state, local->root_fd, key))
		return MUSTER_OK;
	return errno == ENOENT ? MUSTER_ABSENT : local_fail(local, "touch a file", err);
}

/* The file system's clock is what it writes on a new file, which needs no name if it knows how. */
static enum muster_code local_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	struct local_store *local = local_of(store);
	const struct sys_ops *sys = local->sys;
	struct local_temporary named = { .fd = -1 };
	struct stat st;
	int fd = sys->openat(sys->state, local->root_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
			     0600);
	int failed;

	if (fd < 0) {
		enum muster_code code = local_temporary_open(local, &named, err);

		if (code)
			return code;
	}
	failed = sys->fstat(sys->state, fd < 0 ? named.fd : fd, &st);
	sys_close(sys, fd);
	local_temporary_drop(local, &named);
	if (failed)
		return local_fail(local, "ask for the time", err);
	*wall_ns = sys_modified_ns(&st);
	return MUSTER_OK;
}

static void local_free(struct store *store)
{
	struct local_store *local = local_of(store);

	local_dirs_release(&local->dirs.durable);
	local_dirs_release(&local->dirs.touched);
	pthread_mutex_destroy(&local->lock);
	pthread_mutex_destroy(&local->sync_lock);
	sys_close(local->sys, local->root_fd);
	free(local->path);
	free(local);
}

static const struct store_ops local_ops = {
	.kind = "local",
	.create = local_create,
	.open = local_open,
	.read = local_read,
	.close = local_close,
	.clone = local_clone,
	.list = local_list,
	.remove = local_remove,
	.write_begin = local_write_begin,
	.write_append = local_write_append,
	.write_finish = local_write_finish,
	.write_abort = local_write_abort,
	.sync = local_sync,
	.now = local_now,
	.free = local_free,
};

static enum muster_code open_root(struct local_store *local, const char *path,
				  struct muster_error *err)
{
	local->root_fd = local->sys->openat(local->sys->state, AT_FDCWD, path,
					    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (local->root_fd >= 0)
		return MUSTER_OK;
	if (errno == ENOENT)
		return muster_fail(err, MUSTER_E_NAME,
				   "no repository at '%.200s': no such directory", path);
	if (errno == ENOTDIR)
		return muster_fail(err, MUSTER_E_NAME,
				   "no repository at '%.200s': it is not a directory", path);
	return local_fail(local, "open the repository", err);
}

enum muster_code store_local_open(struct store **out, const char *path,
				  const struct store_local_options *options,
				  struct muster_error *err)
{
	struct local_store *local = calloc(1, sizeof(*local));
	enum muster_code code;

	*out = NULL;
	if (!local)
		return muster_fail_memory(err, "a store");
	local->base.ops = &local_ops;
	local->sys = options && options->sys ? options->sys : sys_system();
	local->effects = options && options->effects ? options->effects : effects_system();
	local->root_fd = -1;
	pthread_mutex_init(&local->lock, NULL);
	pthread_mutex_init(&local->sync_lock, NULL);
	local->path = malloc(strlen(path) + 1);
	code = local->path ? MUSTER_OK : muster_fail_memory(err, "a path");
	if (code)
		goto fail;
	memcpy(local->path, path, strlen(path) + 1);
	code = effects_random(local->effects, &local->temporary_id, sizeof(local->temporary_id),
			      err);
	if (!code)
		code = open_root(local, path, err);
	if (code)
		goto fail;
	/* Housekeeping only: a store that cannot be written can still be read. */
	if (!options || !options->keep_temporary)
		store_local_clean_temporary(&local->base, STORE_LOCAL_TEMPORARY_AGE_NS, NULL, NULL);
	*out = &local->base;
	return MUSTER_OK;
fail:
	local_free(&local->base);
	return code;
}
