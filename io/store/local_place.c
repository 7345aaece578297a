/*
 * How a file gets its final name, once and whole:
 *
 *	tmp/.tmp-X   written, synced          by the caller
 *	   |  renameat2(RENAME_NOREPLACE)     or linkat, then unlinkat of the temporary name
 *	   v
 *	final name                            EEXIST: somebody was first
 *
 * Known weakness: a network file system may answer EEXIST from a stale cache, or for our own
 * request that was sent twice. So an EEXIST counts only if the name is there, and after linkat a
 * second link on our own file says that it was we.
 */
#include "io/store/local_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define PLACE_RETRY_FIRST_NS (1000000ull) /* 1 ms, doubled up to 1 s */
#define PLACE_RETRY_MAX_NS   (1000000000ull)
#define PLACE_RETRY_TOTAL_NS (60 * 1000000000ull) /* the longest attribute cache of NFS */
#define PLACE_MKDIR_MAX	     3			  /* somebody may remove what we make */
#define TEMPORARY_TRIES_MAX  100

static int open_temporary(struct local_store *local, struct local_temporary *out)
{
	unsigned long long count = atomic_fetch_add(&local->temporary_count, 1);

	snprintf(out->name, sizeof(out->name),
		 LOCAL_TEMPORARY_DIR "/" LOCAL_TEMPORARY_PREFIX "-%016" PRIx64 "-%llx",
		 local->temporary_id, count);
	return local->sys->openat(local->sys->state, local->root_fd, out->name,
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

enum muster_code local_temporary_open(struct local_store *local, struct local_temporary *out,
				      struct muster_error *err)
{
	const struct sys_ops *sys = local->sys;

	for (int tries = 0; tries < TEMPORARY_TRIES_MAX; tries++) {
		out->fd = open_temporary(local, out);
		if (out->fd >= 0)
			return MUSTER_OK;
		if (errno == ENOENT) {
			if (sys->mkdirat(sys->state, local->root_fd, LOCAL_TEMPORARY_DIR, 0777) &&
			    errno != EEXIST)
				return local_fail(local, "make '" LOCAL_TEMPORARY_DIR "'", err);
		} else if (errno != EEXIST) {
			return local_fail(local, "make a temporary file", err);
		}
	}
	return local_fail(local, "make a temporary file", err);
}

void local_temporary_drop(struct local_store *local, struct local_temporary *temporary)
{
	int saved = errno;

	if (temporary->fd >= 0) {
		sys_close(local->sys, temporary->fd);
		/* What stays is removed as stale by a later open. */
		local->sys->unlinkat(local->sys->state, local->root_fd, temporary->name, 0);
		temporary->fd = -1;
	}
	errno = saved;
}

static int make_parents(struct local_store *local, const char *key)
{
	char path[STORE_KEY_MAX_BYTES + 1];
	const char *slash = key;

	while ((slash = strchr(slash, '/'))) {
		memcpy(path, key, (size_t)(slash - key));
		path[slash - key] = '\0';
		if (local->sys->mkdirat(local->sys->state, local->root_fd, path, 0777) &&
		    errno != EEXIST)
			return -1;
		slash++;
	}
	return 0;
}

static bool is_unknown_flag(int failure)
{
	return failure == EINVAL || failure == ENOSYS || failure == EOPNOTSUPP;
}

static int link_into_place(struct local_store *local, struct local_temporary *temporary,
			   const char *key)
{
	const struct sys_ops *sys = local->sys;
	struct stat st;

	if (sys->linkat(sys->state, local->root_fd, temporary->name, local->root_fd, key, 0)) {
		if (errno != EEXIST)
			return -1;
		if (sys->fstat(sys->state, temporary->fd, &st) || st.st_nlink < 2) {
			errno = EEXIST;
			return -1;
		}
	}
	/* The object stands; a temporary name that stays is only garbage. */
	sys->unlinkat(sys->state, local->root_fd, temporary->name, 0);
	return 0;
}

static int move_into_place(struct local_store *local, struct local_temporary *temporary,
			   const char *key)
{
	const struct sys_ops *sys = local->sys;

	if (!atomic_load_explicit(&local->no_rename, memory_order_relaxed)) {
		if (!sys->renameat2(sys->state, local->root_fd, temporary->name, local->root_fd,
				    key, RENAME_NOREPLACE))
			return 0;
		if (!is_unknown_flag(errno))
			return -1;
		atomic_store(&local->no_rename, true);
	}
	return link_into_place(local, temporary, key);
}

enum occupant { OCCUPANT_NONE, OCCUPANT_OBJECT, OCCUPANT_OTHER, OCCUPANT_UNKNOWN };

/* What stands under a name that is said to exist. */
static enum occupant look_at(struct local_store *local, const char *key)
{
	struct stat st;

	if (local->sys->fstatat(local->sys->state, local->root_fd, key, &st, 0))
		return errno == ENOENT ? OCCUPANT_NONE : OCCUPANT_UNKNOWN;
	return S_ISREG(st.st_mode) ? OCCUPANT_OBJECT : OCCUPANT_OTHER;
}

/* May we try again after "exists" that "no such file" contradicts? Waits, longer each time. */
static bool wait_for_cache(struct local_store *local, uint64_t *next_ns, uint64_t *waited_ns)
{
	if (*waited_ns >= PLACE_RETRY_TOTAL_NS)
		return false;
	local->sys->sleep_ns(local->sys->state, *next_ns);
	*waited_ns += *next_ns;
	*next_ns = *next_ns * 2 < PLACE_RETRY_MAX_NS ? *next_ns * 2 : PLACE_RETRY_MAX_NS;
	return true;
}

static enum muster_code settle_existing(struct local_store *local, const char *key, bool *again,
					uint64_t *next_ns, uint64_t *waited_ns,
					struct muster_error *err)
{
	*again = false;
	switch (look_at(local, key)) {
	case OCCUPANT_OBJECT:
		return MUSTER_EXISTS;
	case OCCUPANT_OTHER:
		return muster_fail(err, MUSTER_E_IO,
				   "in '%.200s': something that is not a file has this name",
				   local->path);
	case OCCUPANT_UNKNOWN:
		return local_fail(local, "look at what has this name", err);
	case OCCUPANT_NONE:
		break;
	}
	*again = wait_for_cache(local, next_ns, waited_ns);
	errno = EEXIST;
	return *again ? MUSTER_OK
		      : local_fail(local, "the name is taken, but no file has it: rename", err);
}

enum muster_code local_place(struct local_store *local, struct local_temporary *temporary,
			     const char *key, struct muster_error *err)
{
	uint64_t next_ns = PLACE_RETRY_FIRST_NS, waited_ns = 0;
	enum muster_code code = MUSTER_OK;
	int mkdir_count = 0;
	bool again = true;

	while (!code && again) {
		if (!move_into_place(local, temporary, key)) {
			sys_close(local->sys, temporary->fd); /* synced: nothing can be lost */
			temporary->fd = -1;
			return MUSTER_OK;
		}
		if (errno == EEXIST)
			code = settle_existing(local, key, &again, &next_ns, &waited_ns, err);
		else if (errno != ENOENT || mkdir_count++ == PLACE_MKDIR_MAX)
			code = local_fail(local, "rename a temporary file", err);
		else if (make_parents(local, key))
			code = local_fail(local, "make a directory", err);
	}
	local_temporary_drop(local, temporary);
	return code;
}
