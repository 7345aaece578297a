#include "io/file/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/effects.h"

struct tree_file {
	struct tree_writer *writer;
	struct tree_temporary temporary;
	bool overwrite, failed;
	size_t path_len;
	uint8_t path[];
};

/* ---- life ---- */

static enum muster_code make_dirs(const char *path, struct muster_error *err)
{
	size_t len = strlen(path);
	char at[PATH_MAX];

	if (len == 0 || len >= sizeof(at))
		return muster_fail(err, MUSTER_E_USAGE, "'%.200s' cannot be a directory", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(at, path, i);
		at[i] = '\0';
		if (mkdir(at, 0777) && errno != EEXIST)
			return muster_fail_errno(err, "make directory '%.200s'", at);
	}
	return MUSTER_OK;
}

enum muster_code tree_root_open(int *out, const char *path, bool make, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0 && errno == ENOENT && make) {
		code = make_dirs(path, err);
		if (code)
			return code;
		*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (*out >= 0)
		return MUSTER_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return muster_fail(err, MUSTER_E_NAME, "'%.200s' is not a directory", path);
	return muster_fail_errno(err, "open directory '%.200s'", path);
}

enum muster_code tree_writer_new(struct tree_writer **out, int root_fd, const struct sys_ops *sys,
				 struct muster_error *err)
{
	struct tree_writer *writer = calloc(1, sizeof(*writer));
	enum muster_code code;

	*out = NULL;
	if (!writer)
		return muster_fail_memory(err, "a writer of a tree");
	writer->sys = sys ? sys : sys_system();
	writer->root_fd = root_fd;
	writer->can_be_unnamed = tree_can_be_unnamed();
	for (size_t i = 0; i < TREE_WRITER_DIRS; i++)
		writer->dirs[i].fd = -1;
	code = effects_random(effects_system(), &writer->temporary_id, sizeof(writer->temporary_id),
			      err);
	if (code) {
		free(writer);
		return code;
	}
	*out = writer;
	return MUSTER_OK;
}

void tree_writer_free(struct tree_writer *writer)
{
	if (!writer)
		return;
	tree_forget(writer);
	for (size_t i = 0; i < TREE_WRITER_DIRS; i++)
		bytes_release(&writer->dirs[i].path);
	free(writer);
}

/* ---- what has a name already ---- */

static enum muster_code is_directory(struct view path, struct muster_error *err)
{
	errno = EISDIR;
	return tree_fail(path, "there is a directory at", err);
}

/* A name that is taken: MUSTER_EXISTS, a directory's failure, or MUSTER_OK to replace it. */
static enum muster_code judge_taken(struct tree_writer *writer, struct view path,
				    const struct tree_place *place, bool overwrite,
				    struct muster_error *err)
{
	const struct sys_ops *sys = writer->sys;
	struct stat st;

	if (sys->fstatat(sys->state, place->dir_fd, place->name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return MUSTER_OK;
		return tree_fail(path, "look at", err);
	}
	if (S_ISDIR(st.st_mode))
		return is_directory(path, err);
	return overwrite ? MUSTER_OK : MUSTER_EXISTS;
}

/* ---- temporary files ---- */

static enum muster_code fail_name(struct tree_writer *writer,
				  const struct tree_temporary *temporary, struct view path,
				  struct muster_error *err)
{
	enum muster_code code;

	if (errno == EEXIST)
		code = judge_taken(writer, path, &temporary->place, false, err);
	else if (errno == EISDIR)
		code = is_directory(path, err);
	else
		code = tree_fail(path, "rename a temporary file to", err);
	if (code)
		return code;
	errno = EEXIST; /* taken, and free again: as good as taken */
	return tree_fail(path, "rename a temporary file to", err);
}

static enum muster_code fail_close(struct tree_writer *writer,
				   const struct tree_temporary *temporary, struct view path,
				   struct muster_error *err)
{
	enum muster_code code = tree_fail(path, "close", err);

	if (temporary->has_own_name)
		writer->sys->unlinkat(writer->sys->state, temporary->dir_fd, temporary->place.name,
				      0);
	return code;
}

/* Close it and give it its name; what failed is dropped. */
static enum muster_code settle(struct tree_writer *writer, struct tree_temporary *temporary,
			       struct view path, bool overwrite, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (tree_end_unnamed(writer, temporary, overwrite))
		code = fail_name(writer, temporary, path, err);
	else if (tree_close_checked(writer, &temporary->fd))
		code = fail_close(writer, temporary, path, err);
	else if (tree_give_name(writer, temporary, overwrite))
		code = fail_name(writer, temporary, path, err);
	tree_temporary_drop(writer, temporary);
	return code;
}

/* ---- small files ---- */

static enum muster_code write_new(struct tree_writer *writer, struct view path,
				  const struct tree_place *place, int fd, struct view data,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (sys_write_all(writer->sys, fd, data)) {
		code = tree_fail(path, "write", err);
		sys_close(writer->sys, fd);
	} else if (tree_close_checked(writer, &fd)) {
		code = tree_fail(path, "close", err);
	}
	if (code)
		writer->sys->unlinkat(writer->sys->state, place->dir_fd, place->name, 0);
	return code;
}

static enum muster_code replace(struct tree_writer *writer, struct view path,
				const struct tree_place *place, struct view data,
				struct muster_error *err)
{
	struct tree_temporary temporary = { .place = *place, .dir_fd = place->dir_fd, .fd = -1 };

	if (tree_open_temporary(writer, &temporary) < 0)
		return tree_fail(path, "make a temporary file beside", err);
	if (sys_write_all(writer->sys, temporary.fd, data)) {
		tree_temporary_drop(writer, &temporary);
		return tree_fail(path, "write", err);
	}
	return settle(writer, &temporary, path, true, err);
}

enum muster_code tree_writer_put_small(struct tree_writer *writer, struct view path,
				       struct view data, bool overwrite, struct muster_error *err)
{
	const struct sys_ops *sys = writer->sys;
	struct tree_place place;
	enum muster_code code;
	bool has_looked = false;
	int fd;

	do {
		code = tree_find(writer, path, TREE_LOOKUP_MAKE, &place, err);
		if (code)
			return code;
		fd = sys->openat(sys->state, place.dir_fd, place.name,
				 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	} while (fd < 0 && errno == ENOENT && tree_look_again(writer, &has_looked));
	if (fd >= 0)
		return write_new(writer, path, &place, fd, data, err);
	if (errno != EEXIST)
		return tree_fail(path, "create", err);
	code = judge_taken(writer, path, &place, overwrite, err);
	return code ? code : replace(writer, path, &place, data, err);
}

/* ---- large files ---- */

static int keep_dir_open(struct tree_writer *writer, int dir_fd)
{
	return writer->sys->openat(writer->sys->state, dir_fd, ".",
				   O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

static enum muster_code begin_at(struct tree_writer *writer, struct view path, bool overwrite,
				 struct tree_temporary *temporary, struct muster_error *err)
{
	enum muster_code code;
	bool has_looked = false;

	do {
		code = tree_find(writer, path, TREE_LOOKUP_MAKE, &temporary->place, err);
		if (code)
			return code;
		temporary->dir_fd = keep_dir_open(writer, temporary->place.dir_fd);
		if (temporary->dir_fd < 0)
			return tree_fail(path, "open the directory of", err);
		temporary->place.dir_fd = temporary->dir_fd;
		code = judge_taken(writer, path, &temporary->place, overwrite, err);
		if (!code && (tree_open_unnamed(writer, temporary) ||
			      tree_open_temporary(writer, temporary) >= 0))
			return MUSTER_OK;
		sys_close(writer->sys, temporary->dir_fd);
	} while (!code && errno == ENOENT && tree_look_again(writer, &has_looked));
	return code ? code : tree_fail(path, "make a temporary file beside", err);
}

enum muster_code tree_file_begin(struct tree_writer *writer, struct view path, bool overwrite,
				 struct tree_file **out, struct muster_error *err)
{
	struct tree_file *file;
	enum muster_code code;

	*out = NULL;
	file = calloc(1, sizeof(*file) + path.len);
	if (!file)
		return muster_fail_memory(err, "a file that is written");
	file->writer = writer;
	file->overwrite = overwrite;
	file->path_len = path.len;
	memcpy(file->path, path.ptr, path.len);
	code = begin_at(writer, path, overwrite, &file->temporary, err);
	if (code) {
		free(file);
		return code;
	}
	*out = file;
	return MUSTER_OK;
}

enum muster_code tree_file_append(struct tree_file *file, struct view data,
				  struct muster_error *err)
{
	if (!sys_write_all(file->writer->sys, file->temporary.fd, data))
		return MUSTER_OK;
	file->failed = true;
	return tree_fail(view_of(file->path, file->path_len), "write", err);
}

int tree_file_fd(const struct tree_file *file)
{
	return file->temporary.fd;
}

void tree_file_abort(struct tree_file *file)
{
	if (!file)
		return;
	tree_temporary_drop(file->writer, &file->temporary);
	sys_close(file->writer->sys, file->temporary.dir_fd);
	free(file);
}

enum muster_code tree_file_finish(struct tree_file *file, struct muster_error *err)
{
	struct view path = view_of(file->path, file->path_len);
	enum muster_code code;

	if (file->failed) {
		errno = EIO;
		code = tree_fail(path, "an earlier write failed: finish", err);
	} else {
		code = settle(file->writer, &file->temporary, path, file->overwrite, err);
	}
	tree_file_abort(file); /* what got its name is not its any more */
	return code;
}

/* ---- reading, removing ---- */

/* `fd` is open and not yet known to be a file. */
static enum muster_code check_regular(struct tree_writer *writer, struct view path, int fd,
				      struct muster_error *err)
{
	struct stat st;

	if (writer->sys->fstat(writer->sys->state, fd, &st))
		return tree_fail(path, "look at", err);
	if (S_ISREG(st.st_mode))
		return MUSTER_OK;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return tree_fail(path, "not a file:", err);
}

enum muster_code tree_writer_open_read(struct tree_writer *writer, struct view path, int *out,
				       struct muster_error *err)
{
	const struct sys_ops *sys = writer->sys;
	struct tree_place place;
	enum muster_code code;
	bool has_looked = false;
	int fd;

	*out = -1;
	do {
		code = tree_find(writer, path, TREE_LOOKUP_ONLY, &place, err);
		if (code)
			return code;
		fd = sys->openat(sys->state, place.dir_fd, place.name,
				 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	} while (fd < 0 && errno == ENOENT && tree_look_again(writer, &has_looked));
	if (fd < 0 && errno == ENOENT)
		return MUSTER_ABSENT;
	if (fd < 0)
		return tree_fail(path, errno == ELOOP ? "links are not followed: open" : "open",
				 err);
	code = check_regular(writer, path, fd, err);
	if (code)
		sys_close(sys, fd);
	else
		*out = fd;
	return code;
}

enum muster_code tree_writer_remove(struct tree_writer *writer, struct view path,
				    struct muster_error *err)
{
	const struct sys_ops *sys = writer->sys;
	struct tree_place place;
	enum muster_code code;
	bool has_looked = false;

	do {
		code = tree_find(writer, path, TREE_LOOKUP_ONLY, &place, err);
		if (code)
			return code;
		if (!sys->unlinkat(sys->state, place.dir_fd, place.name, 0))
			return MUSTER_OK;
	} while (errno == ENOENT && tree_look_again(writer, &has_looked));
	if (errno == ENOENT)
		return MUSTER_ABSENT;
	return errno == EISDIR ? is_directory(path, err) : tree_fail(path, "remove", err);
}

enum muster_code tree_writer_prune(struct tree_writer *writer, struct view path,
				   struct muster_error *err)
{
	const struct sys_ops *sys = writer->sys;

	for (;;) {
		struct tree_place place;
		enum muster_code code;

		while (path.len && path.ptr[path.len - 1] != '/')
			path.len--;
		if (!path.len)
			return MUSTER_OK;
		path.len--;
		tree_forget(writer); /* what is removed must not stay in use */
		code = tree_find(writer, path, TREE_LOOKUP_ONLY, &place, err);
		if (code == MUSTER_ABSENT)
			continue;
		if (code)
			return code;
		if (!sys->unlinkat(sys->state, place.dir_fd, place.name, AT_REMOVEDIR))
			continue;
		if (errno == ENOTEMPTY || errno == EEXIST)
			return MUSTER_OK;
		if (errno != ENOENT)
			return tree_fail(path, "remove directory", err);
	}
}

enum muster_code tree_writer_sync(struct tree_writer *writer, struct muster_error *err)
{
	if (!writer->sys->syncfs(writer->sys->state, writer->root_fd))
		return MUSTER_OK;
	return muster_fail_errno(err, "sync the file system of a tree");
}
