#include "engine/get/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define COPY_BYTES 65536
#define DIR_FLAGS  (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void get_backup_init(struct get_backup *backup, const struct sys_ops *sys, int from_fd, int to_fd)
{
	*backup = (struct get_backup){ .sys = sys,
				       .from = { .root_fd = from_fd, .fd = -1 },
				       .to = { .root_fd = to_fd, .fd = -1 } };
	pthread_mutex_init(&backup->lock, NULL);
}

static void leave(struct get_backup *backup, struct get_backup_dir *dir)
{
	sys_close(backup->sys, dir->fd);
	dir->fd = -1;
	dir->path.len = 0;
}

void get_backup_release(struct get_backup *backup)
{
	leave(backup, &backup->from);
	leave(backup, &backup->to);
	bytes_release(&backup->from.path);
	bytes_release(&backup->to.path);
	pthread_mutex_destroy(&backup->lock);
}

static int step(struct get_backup *backup, int parent_fd, const char *name, bool makes)
{
	const struct sys_ops *sys = backup->sys;

	if (makes && sys->mkdirat(sys->state, parent_fd, name, 0777) && errno != EEXIST)
		return -1;
	return sys->openat(sys->state, parent_fd, name, DIR_FLAGS, 0);
}

/* Component by component, each from the descriptor of its parent. */
static enum muster_code enter(struct get_backup *backup, struct get_backup_dir *dir,
			      struct view path, bool makes, struct muster_error *err)
{
	enum muster_code code;

	if (dir->fd >= 0 && view_equal(bytes_view(&dir->path), path))
		return MUSTER_OK;
	leave(backup, dir);
	code = bytes_append_view(&dir->path, path, err);
	if (code)
		return code;
	dir->fd = backup->sys->openat(backup->sys->state, dir->root_fd, ".", DIR_FLAGS, 0);
	for (size_t at = 0; dir->fd >= 0 && at < path.len;) {
		char name[NAME_MAX + 1];
		size_t end = at;
		int next;

		while (end < path.len && path.ptr[end] != '/')
			end++;
		if (end - at > NAME_MAX) {
			leave(backup, dir);
			errno = ENAMETOOLONG;
			break;
		}
		memcpy(name, path.ptr + at, end - at);
		name[end - at] = '\0';
		next = step(backup, dir->fd, name, makes);
		sys_close(backup->sys, dir->fd);
		dir->fd = next;
		at = end + 1;
	}
	if (dir->fd >= 0)
		return MUSTER_OK;
	dir->path.len = 0;
	return muster_fail_errno(err, "open directory '%.*s'", VIEW_ARGS(path));
}

static int copy_bytes(const struct sys_ops *sys, int from, int to)
{
	uint8_t buffer[COPY_BYTES];
	ssize_t got;

	while ((got = sys->read(sys->state, from, buffer, sizeof(buffer))) > 0)
		if (sys_write_all(sys, to, view_of(buffer, (size_t)got)))
			return -1;
	return got < 0 ? -1 : 0;
}

static int copy_link(struct get_backup *backup, const char *name)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(backup->from.fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	target[len] = '\0';
	return symlinkat(target, backup->to.fd, name);
}

static int copy_file(struct get_backup *backup, const char *name, mode_t mode)
{
	const struct sys_ops *sys = backup->sys;
	int from, to, failed;

	from = sys->openat(sys->state, backup->from.fd, name,
			   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	if (from < 0)
		return -1;
	to = sys->openat(sys->state, backup->to.fd, name,
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	if (to < 0) {
		sys_close(sys, from);
		return -1;
	}
	failed = copy_bytes(sys, from, to);
	sys_close(sys, from);
	if (!failed)
		failed = sys->close(sys->state, to);
	else
		sys_close(sys, to);
	if (failed) {
		int saved = errno;

		sys->unlinkat(sys->state, backup->to.fd, name, 0);
		errno = saved;
	}
	return failed;
}

/* To another file system. */
static int move_by_copy(struct get_backup *backup, const char *name)
{
	const struct sys_ops *sys = backup->sys;
	struct stat st;
	int failed;

	if (sys->fstatat(sys->state, backup->from.fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	if (S_ISLNK(st.st_mode)) {
		failed = copy_link(backup, name);
	} else if (S_ISREG(st.st_mode)) {
		failed = copy_file(backup, name, st.st_mode);
	} else {
		errno = EXDEV;
		failed = -1;
	}
	return failed ? -1 : sys->unlinkat(sys->state, backup->from.fd, name, 0);
}

static int move(struct get_backup *backup, const char *name)
{
	const struct sys_ops *sys = backup->sys;
	int failed = sys->renameat2(sys->state, backup->from.fd, name, backup->to.fd, name,
				    RENAME_NOREPLACE);

	if (!failed)
		return 0;
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
		if (sys->linkat(sys->state, backup->from.fd, name, backup->to.fd, name, 0))
			return -1;
		return sys->unlinkat(sys->state, backup->from.fd, name, 0);
	}
	return errno == EXDEV ? move_by_copy(backup, name) : -1;
}

static enum muster_code move_locked(struct get_backup *backup, struct view path,
				    struct muster_error *err)
{
	size_t dir_len = path.len;
	char name[NAME_MAX + 1];
	struct view dir;
	enum muster_code code;

	while (dir_len && path.ptr[dir_len - 1] != '/')
		dir_len--;
	if (path.len - dir_len > NAME_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is too long", VIEW_ARGS(path));
	memcpy(name, path.ptr + dir_len, path.len - dir_len);
	name[path.len - dir_len] = '\0';
	dir = view_of(path.ptr, dir_len ? dir_len - 1 : 0);
	code = enter(backup, &backup->from, dir, false, err);
	if (!code)
		code = enter(backup, &backup->to, dir, true, err);
	if (code || !move(backup, name))
		return code;
	if (errno == ENOENT)
		return MUSTER_ABSENT;
	return muster_fail_errno(err, "move '%.*s' into the backup directory", VIEW_ARGS(path));
}

enum muster_code get_backup_move(struct get_backup *backup, struct view path,
				 struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&backup->lock);
	code = move_locked(backup, path, err);
	if (code) { /* a directory may have gone meanwhile: do not hold on to it */
		leave(backup, &backup->from);
		leave(backup, &backup->to);
	}
	pthread_mutex_unlock(&backup->lock);
	return code;
}
