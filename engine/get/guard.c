/* What may be a target. The repository is known by its first event, not by a path. */
#include "engine/get/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/record/key.h"

enum muster_code get_absolute(const char *directory, char out[PATH_MAX], struct muster_error *err)
{
	char parent[PATH_MAX], *slash;
	size_t len = strlen(directory), used;
	enum muster_code code;

	if (realpath(directory, out))
		return MUSTER_OK;
	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (errno != ENOENT || len == 0 || len >= sizeof(parent))
		return muster_fail_errno(err, "find '%s'", directory);
	memcpy(parent, directory, len);
	parent[len] = '\0';
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	code = get_absolute(!slash ? "." : slash == parent ? "/" : parent, out, err);
	if (code)
		return code;
	used = strcmp(out, "/") == 0 ? 0 : strlen(out);
	len -= slash ? (size_t)(slash + 1 - parent) : 0;
	if (used + 1 + len >= PATH_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "'%s': the path is too long", directory);
	out[used] = '/';
	memcpy(out + used + 1, slash ? slash + 1 : parent, len);
	out[used + 1 + len] = '\0';
	return MUSTER_OK;
}

/* All bytes of a small file; false if it cannot be had. */
static bool read_file(int dir_fd, const char *path, struct bytes *out, size_t len)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return false;
	if (bytes_reserve(out, len + 1, NULL)) {
		close(fd);
		return false;
	}
	got = sys_read_full(sys_system(), fd, out->ptr, len + 1);
	close(fd);
	out->len = got > 0 ? (size_t)got : 0;
	return got >= 0;
}

enum muster_code get_is_repository(struct get_job *job, int dir_fd, const char *path, bool *out,
				   struct muster_error *err)
{
	struct bytes stored = { 0 }, found = { 0 };
	char full[PATH_MAX + KEY_MAX_BYTES];
	struct key key;
	enum muster_code code;

	*out = false;
	key_event(&key, KEY_REPOSITORY_LOG, 1);
	snprintf(full, sizeof(full), "%s%s%s", path, *path ? "/" : "", key.text);
	if (faccessat(dir_fd, full, F_OK, 0))
		return MUSTER_OK;
	code = store_get(job->store, key.text, &stored, EVENT_MAX_BYTES, err);
	if (!code)
		*out = read_file(dir_fd, full, &found, stored.len) &&
		       view_equal(bytes_view(&stored), bytes_view(&found));
	bytes_release(&stored);
	bytes_release(&found);
	return code;
}

enum muster_code get_guard_not_in_repository(struct get_job *job, const char *absolute,
					     struct muster_error *err)
{
	char at[PATH_MAX];
	bool is_repository = false;
	enum muster_code code = MUSTER_OK;

	get_copy_text(at, sizeof(at), absolute);
	while (!code && !is_repository) {
		char *slash = strrchr(at, '/');

		code = get_is_repository(job, AT_FDCWD, *at ? at : "/", &is_repository, err);
		if (!slash)
			break;
		*slash = '\0';
	}
	if (!code && is_repository)
		code = muster_fail(err, MUSTER_E_REFUSED, "'%s' is in the repository", absolute);
	return code;
}

static bool is_home(const char *absolute)
{
	const struct effects *effects = effects_system();
	const char *home = effects->getenv(effects->state, "HOME");
	char real[PATH_MAX];

	return home && *home && realpath(home, real) && strcmp(real, absolute) == 0;
}

static bool is_mount_point(const char *absolute)
{
	struct statx stx;

	if (statx(AT_FDCWD, absolute, AT_NO_AUTOMOUNT, STATX_TYPE, &stx))
		return false; /* it does not exist */
#ifdef STATX_ATTR_MOUNT_ROOT
	if (stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
#endif
	char parent[PATH_MAX + 4];
	struct stat own, above;

	snprintf(parent, sizeof(parent), "%s/..", absolute);
	return stat(absolute, &own) == 0 && stat(parent, &above) == 0 && own.st_dev != above.st_dev;
}

enum muster_code get_guard_checkout(struct get_job *job, const char *absolute,
				    struct muster_error *err)
{
	if (strcmp(absolute, "/") == 0)
		return muster_fail(err, MUSTER_E_REFUSED, "'/' is no place for a checkout");
	if (is_home(absolute))
		return muster_fail(err, MUSTER_E_REFUSED,
				   "'%s' is the home directory: no place for a checkout", absolute);
	if (is_mount_point(absolute))
		return muster_fail(err, MUSTER_E_REFUSED,
				   "'%s' is a mount point: name a directory in it", absolute);
	return get_guard_not_in_repository(job, absolute, err);
}
