/*
 * From a path to an open directory beneath the root, with few system calls and no link followed.
 *
 *	cached already           no call: the normal case, files come directory by directory
 *	one level below a cached openat(O_NOFOLLOW)
 *	deeper                   openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), where there is one
 *	anything in the way      component by component: makes what is missing, names what is wrong
 *
 * A component is opened from the descriptor of its parent and never through a link, so a path
 * cannot leave the root even while somebody exchanges directories for links.
 * Known weakness: a directory that somebody moves elsewhere while it is open takes with it what is
 * written until the writer opens it anew.
 */
#include "io/file/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>

#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

enum muster_code tree_fail(struct view path, const char *verb, struct muster_error *err)
{
	int shown = path.len < 200 ? (int)path.len : 200;

	return muster_fail_errno(err, "%s '%.*s'", verb, shown, (const char *)path.ptr);
}

static void close_slot(struct tree_writer *writer, struct tree_dir *dir)
{
	sys_close(writer->sys, dir->fd);
	dir->fd = -1;
	dir->path.len = 0; /* its room is used again */
}

void tree_forget(struct tree_writer *writer)
{
	for (size_t i = 0; i < TREE_WRITER_DIRS; i++)
		close_slot(writer, &writer->dirs[i]);
}

bool tree_look_again(struct tree_writer *writer, bool *has_looked)
{
	bool again = !*has_looked;

	*has_looked = true;
	if (again)
		tree_forget(writer);
	return again;
}

static bool is_cached(const struct tree_dir *dir, struct view path)
{
	return dir->fd >= 0 && view_equal(bytes_view(&dir->path), path);
}

/* The descriptor of a directory that is open, or -1. */
static int find_cached(struct tree_writer *writer, struct view path)
{
	if (path.len == 0)
		return writer->root_fd;
	for (size_t i = 0; i < TREE_WRITER_DIRS; i++) {
		size_t at = (writer->last + i) % TREE_WRITER_DIRS;

		if (!is_cached(&writer->dirs[at], path))
			continue;
		writer->last = at;
		writer->dirs[at].used_at = ++writer->use_count;
		return writer->dirs[at].fd;
	}
	return -1;
}

/* Takes `fd`. Replaces the directory that was not used for the longest time. */
static enum muster_code keep(struct tree_writer *writer, struct view path, int fd,
			     struct muster_error *err)
{
	size_t oldest = 0;
	struct tree_dir *dir;
	enum muster_code code;

	for (size_t i = 0; i < TREE_WRITER_DIRS; i++) {
		if (writer->dirs[i].fd < 0) {
			oldest = i;
			break;
		}
		if (writer->dirs[i].used_at < writer->dirs[oldest].used_at)
			oldest = i;
	}
	dir = &writer->dirs[oldest];
	close_slot(writer, dir);
	code = bytes_append_view(&dir->path, path, err);
	if (code) {
		dir->path.len = 0;
		sys_close(writer->sys, fd);
		return code;
	}
	dir->fd = fd;
	dir->used_at = ++writer->use_count;
	writer->last = oldest;
	return MUSTER_OK;
}

static struct view parent_of(struct view path)
{
	while (path.len && path.ptr[path.len - 1] != '/')
		path.len--;
	if (path.len)
		path.len--;
	return path;
}

/* What stands in the way where a directory should be. */
static enum muster_code explain(struct tree_writer *writer, int parent_fd, const char *name,
				struct view path, int failure, struct muster_error *err)
{
	int shown = path.len < 200 ? (int)path.len : 200;
	struct stat st;

	if ((failure != ENOTDIR && failure != ELOOP) ||
	    writer->sys->fstatat(writer->sys->state, parent_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		errno = failure;
		return tree_fail(path, "open directory", err);
	}
	errno = ENOTDIR;
	if (S_ISLNK(st.st_mode))
		return muster_fail_errno(err, "'%.*s' is a symbolic link and is not followed",
					 shown, (const char *)path.ptr);
	return muster_fail_errno(err, "'%.*s' is where a directory should be", shown,
				 (const char *)path.ptr);
}

/* Opens one directory from its parent, making it where asked. -1 and errno. */
static int step(struct tree_writer *writer, int parent_fd, const char *name,
		enum tree_lookup lookup)
{
	const struct sys_ops *sys = writer->sys;
	bool may_make = lookup == TREE_LOOKUP_MAKE;
	int fd = -1;

	if (!may_make || !writer->makes_dirs) {
		fd = sys->openat(sys->state, parent_fd, name, DIR_FLAGS, 0);
		if (fd >= 0 || errno != ENOENT || !may_make)
			return fd;
	}
	writer->makes_dirs = !sys->mkdirat(sys->state, parent_fd, name, 0777);
	if (!writer->makes_dirs && errno != EEXIST)
		return -1;
	return sys->openat(sys->state, parent_fd, name, DIR_FLAGS, 0);
}

/* The directory `path` from its open parent. */
static enum muster_code enter(struct tree_writer *writer, int parent_fd, struct view path,
			      enum tree_lookup lookup, int *out, struct muster_error *err)
{
	size_t parent_len = parent_of(path).len;
	size_t start = parent_len ? parent_len + 1 : 0;
	char name[TREE_NAME_MAX_BYTES + 1];

	memcpy(name, path.ptr + start, path.len - start);
	name[path.len - start] = '\0';
	*out = step(writer, parent_fd, name, lookup);
	if (*out >= 0)
		return keep(writer, path, *out, err);
	if (errno == ENOENT && lookup == TREE_LOOKUP_ONLY)
		return MUSTER_ABSENT;
	return explain(writer, parent_fd, name, path, errno, err);
}

/* Component by component, from the nearest directory above that is open. */
static enum muster_code walk_down(struct tree_writer *writer, struct view path,
				  enum tree_lookup lookup, int *out, struct muster_error *err)
{
	struct view at = path;

	*out = find_cached(writer, at);
	while (*out < 0) {
		at = parent_of(at);
		*out = find_cached(writer, at);
	}
	while (at.len < path.len) {
		enum muster_code code;

		at.len += at.len > 0; /* the '/' */
		while (at.len < path.len && path.ptr[at.len] != '/')
			at.len++;
		code = enter(writer, *out, at, lookup, out, err);
		if (code)
			return code;
	}
	return MUSTER_OK;
}

/* Several levels at once; -1 where that does not work, whatever the reason. */
static int jump(struct tree_writer *writer, struct view path)
{
	const struct sys_ops *sys = writer->sys;
	char text[TREE_PATH_MAX_BYTES + 1];
	int fd;

	if (writer->no_beneath || writer->makes_dirs)
		return -1;
	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	fd = sys->openat_beneath(sys->state, writer->root_fd, text, DIR_FLAGS, 0,
				 RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	/* EPERM: what a sandbox answers that does not know the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
		writer->no_beneath = true;
	return fd;
}

static enum muster_code open_dir(struct tree_writer *writer, struct view path,
				 enum tree_lookup lookup, int *out, struct muster_error *err)
{
	*out = find_cached(writer, path);
	if (*out >= 0)
		return MUSTER_OK;
	if (find_cached(writer, parent_of(path)) < 0) {
		*out = jump(writer, path);
		if (*out >= 0)
			return keep(writer, path, *out, err);
	}
	return walk_down(writer, path, lookup, out, err);
}

static bool is_good_component(const uint8_t *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	return !memchr(name, '\0', len);
}

static enum muster_code refuse(struct view path, const char *rule, struct muster_error *err)
{
	int shown = path.len < 200 ? (int)path.len : 200;

	return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is no path of a file: %s", shown,
			   (const char *)path.ptr, rule);
}

/* Paths were judged where they were read; here nothing may depend on that. */
static enum muster_code check_path(struct view path, struct muster_error *err)
{
	size_t start = 0;

	if (path.len > TREE_PATH_MAX_BYTES)
		return refuse(path, "it is longer than 4096 bytes", err);
	for (size_t i = 0; i <= path.len; i++) {
		if (i < path.len && path.ptr[i] != '/')
			continue;
		if (!is_good_component(path.ptr + start, i - start))
			return refuse(path, "a part of it is empty, '.', '..' or has a NUL", err);
		if (i - start > TREE_NAME_MAX_BYTES) {
			errno = ENAMETOOLONG;
			return tree_fail(path, "a part is too long for a file system:", err);
		}
		start = i + 1;
	}
	return MUSTER_OK;
}

enum muster_code tree_find(struct tree_writer *writer, struct view path, enum tree_lookup lookup,
			   struct tree_place *out, struct muster_error *err)
{
	enum muster_code code = check_path(path, err);
	struct view dir = parent_of(path);
	size_t start = dir.len ? dir.len + 1 : 0;

	if (code)
		return code;
	memcpy(out->name, path.ptr + start, path.len - start);
	out->name[path.len - start] = '\0';
	return open_dir(writer, dir, lookup, &out->dir_fd, err);
}
