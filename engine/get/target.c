#include "engine/get/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/encode.h"
#include "io/file/tree_writer.h"

#define BASE_SHOWN_BYTES 100 /* of its own name, in the temporary one */

static enum muster_code copy_path(struct get_target *target, const char *directory,
				  struct muster_error *err)
{
	size_t len = strlen(directory);

	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (len == 0 || len + 200 >= sizeof(target->directory))
		return muster_fail(err, MUSTER_E_USAGE, "'%s' cannot be a directory", directory);
	memcpy(target->directory, directory, len);
	target->directory[len] = '\0';
	get_copy_text(target->working, sizeof(target->working), target->directory);
	return MUSTER_OK;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- a new one ------------------------------------------------------------------------------ */

static enum muster_code name_temporary(struct get_target *target,
				       const struct get_target_options *options,
				       struct muster_error *err)
{
	const char *base = base_of(target->directory);
	uint8_t sha256[IDENTITY_BYTES];
	char hex[17] = "";
	enum muster_code code = MUSTER_OK;

	if (options->can_continue)
		sha256_of(options->continued_by, sha256);
	else
		code = effects_random(effects_system(), sha256, 8, err);
	if (code)
		return code;
	hex_encode(hex, sha256, 8);
	snprintf(target->working, sizeof(target->working), "%.*s.muster-%.*s-%s.partial",
		 (int)(base - target->directory), target->directory, BASE_SHOWN_BYTES, base, hex);
	return MUSTER_OK;
}

static enum muster_code open_parent(struct get_target *target, struct muster_error *err)
{
	const char *base = base_of(target->directory);
	char parent[PATH_MAX];

	if (base == target->directory)
		return tree_root_open(&target->parent_fd, ".", false, err);
	snprintf(parent, sizeof(parent), "%.*s", (int)(base - target->directory),
		 target->directory);
	return tree_root_open(&target->parent_fd, parent, true, err);
}

/* The lock says that somebody is at it; where a file system has none, nobody is told. */
static enum muster_code lock_working(struct get_target *target, struct muster_error *err)
{
	struct stat own, named;

	if (flock(target->root_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return muster_fail(err, MUSTER_E_REFUSED, "another run is filling '%s'",
				   target->working);
	if (fstat(target->root_fd, &own) ||
	    fstatat(target->parent_fd, base_of(target->working), &named, AT_SYMLINK_NOFOLLOW) ||
	    own.st_ino != named.st_ino || own.st_dev != named.st_dev)
		return muster_fail(err, MUSTER_E_REFUSED, "another run has just filled '%s'",
				   target->directory);
	return MUSTER_OK;
}

static enum muster_code open_new(struct get_target *target,
				 const struct get_target_options *options, struct muster_error *err)
{
	const struct sys_ops *sys = target->job->sys;
	const char *name;
	enum muster_code code = name_temporary(target, options, err);

	if (!code)
		code = open_parent(target, err);
	if (code)
		return code;
	target->is_new = true;
	name = base_of(target->working);
	if (sys->mkdirat(sys->state, target->parent_fd, name, 0777)) {
		if (errno != EEXIST)
			return muster_fail_errno(err, "make directory '%s'", target->working);
		target->is_resumed = true;
	}
	target->root_fd =
		openat(target->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target->root_fd < 0)
		return muster_fail_errno(err, "open directory '%s'", target->working);
	return lock_working(target, err);
}

/* --- any ------------------------------------------------------------------------------------ */

enum muster_code get_target_open(struct get_target *target, struct get_job *job,
				 const struct get_target_options *options, struct muster_error *err)
{
	char absolute[PATH_MAX];
	struct stat st;
	enum muster_code code;

	*target = (struct get_target){ .job = job, .root_fd = -1, .parent_fd = -1 };
	code = copy_path(target, options->directory, err);
	if (!code)
		code = get_absolute(target->directory, absolute, err);
	if (!code)
		code = get_guard_not_in_repository(job, absolute, err);
	if (code)
		return code;
	if (stat(target->directory, &st)) {
		if (errno != ENOENT)
			return muster_fail_errno(err, "look at '%s'", target->directory);
		if (lstat(target->directory, &st) == 0)
			return muster_fail(err, MUSTER_E_REFUSED,
					   "'%s' is a symbolic link to nothing", target->directory);
		return open_new(target, options, err);
	}
	if (!S_ISDIR(st.st_mode))
		return muster_fail(err, MUSTER_E_REFUSED, "'%s' is not a directory",
				   target->directory);
	return tree_root_open(&target->root_fd, target->directory, false, err);
}

enum muster_code get_target_finish(struct get_target *target, struct muster_error *err)
{
	const struct sys_ops *sys = target->job->sys;
	const char *from = base_of(target->working), *to = base_of(target->directory);
	int failed;

	if (!target->is_new)
		return MUSTER_OK;
	failed = sys->renameat2(sys->state, target->parent_fd, from, target->parent_fd, to,
				RENAME_NOREPLACE);
	/* Where the kernel cannot refuse, a directory is at most replaced while it is empty. */
	if (failed && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
		failed = sys->renameat2(sys->state, target->parent_fd, from, target->parent_fd, to,
					0);
	if (!failed) {
		target->is_new = false;
		return MUSTER_OK;
	}
	if (errno == EEXIST || errno == ENOTEMPTY)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "'%s' has appeared meanwhile: the files are in '%s'",
				   target->directory, target->working);
	return muster_fail_errno(err, "rename '%s' to '%s'", target->working, target->directory);
}

void get_target_close(struct get_target *target)
{
	if (!target->job)
		return;
	if (target->root_fd >= 0)
		close(target->root_fd);
	if (target->parent_fd >= 0)
		close(target->parent_fd);
}
