/* Where a store may begin, and what killed writers left in it. */
#include "io/store/local_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* What a look into a directory answers. */
enum content { CONTENT_NONE, CONTENT_TEMPORARY_DIR, CONTENT_ANYTHING, CONTENT_FAILURE };

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Nothing; nothing but what a store makes before its first object; or anything else. */
static enum content look_into(int fd, char *example, size_t example_cap)
{
	enum content content = CONTENT_NONE;
	struct dirent *entry;
	bool is_temporary = false;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return CONTENT_FAILURE;
	}
	errno = 0;
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (is_dot(entry->d_name))
			continue;
		if (strcmp(entry->d_name, LOCAL_TEMPORARY_DIR) == 0)
			is_temporary = true;
		content = CONTENT_ANYTHING;
		len = len < example_cap ? len : example_cap - 1;
		memcpy(example, entry->d_name, len);
		example[len] = '\0';
	}
	if (errno)
		content = CONTENT_FAILURE;
	closedir(dir);
	return content == CONTENT_ANYTHING && is_temporary ? CONTENT_TEMPORARY_DIR : content;
}

static enum muster_code first_key(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	(void)size_bytes, (void)modified_ns, (void)err;
	*(bool *)state = true;
	(void)key;
	return MUSTER_END;
}

/*
 * A place with our folder of temporary files and no other file is one where the first write of a
 * store was cut off (its directories may stand already): a store may begin there again.
 */
static enum muster_code has_objects(const char *path, bool *out, struct muster_error *err)
{
	struct store_local_options options = { .keep_temporary = true };
	struct store *store;
	enum muster_code code = store_local_open(&store, path, &options, err);

	*out = false;
	if (code)
		return code;
	code = store_list(store, "", NULL, first_key, out, err);
	store_free(store);
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* `example` names something that lies there, for the message. */
static enum muster_code look_at_place(const char *path, bool *is_free, char *example,
				      size_t example_cap, struct muster_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum muster_code code = MUSTER_OK;
	bool has_object = true;

	example[0] = '\0';
	*is_free = fd < 0 && errno == ENOENT;
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return muster_fail_errno(err, "open '%.200s'", path);
	if (fd < 0)
		return MUSTER_OK;
	switch (look_into(fd, example, example_cap)) {
	case CONTENT_NONE:
		*is_free = true;
		break;
	case CONTENT_TEMPORARY_DIR:
		code = has_objects(path, &has_object, err);
		*is_free = !code && !has_object;
		break;
	case CONTENT_ANYTHING:
		break;
	case CONTENT_FAILURE:
		return muster_fail_errno(err, "read '%.200s'", path);
	}
	return code;
}

enum muster_code store_local_is_empty_or_absent(const char *path, bool *out,
						struct muster_error *err)
{
	char example[NAME_MAX + 1];

	return look_at_place(path, out, example, sizeof(example), err);
}

static enum muster_code sync_path(const char *path, struct muster_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed;

	if (fd < 0)
		return muster_fail_errno(err, "open '%.200s' to sync it", path);
	failed = fsync(fd) && errno != EINVAL && errno != EOPNOTSUPP;
	sys_close(sys_system(), fd);
	return failed ? muster_fail_errno(err, "sync '%.200s'", path) : MUSTER_OK;
}

/* Make `path`, whose first `len` bytes are the directory above it, if it is missing. */
static enum muster_code make_one(char *path, const char *parent, struct muster_error *err)
{
	if (mkdir(path, 0777)) {
		struct stat st;

		if (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode))
			return MUSTER_OK;
		return muster_fail_errno(err, "make directory '%.200s'", path);
	}
	return sync_path(parent, err);
}

static enum muster_code make_with_parents(const char *path, struct muster_error *err)
{
	char at[PATH_MAX], parent[PATH_MAX] = ".";
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(at))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%.200s' cannot be the path of a repository", path);
	for (size_t i = 0; i <= len; i++) {
		enum muster_code code;

		at[i] = '\0';
		if (i && path[i - 1] != '/' && (path[i] == '/' || path[i] == '\0')) {
			code = make_one(at, parent, err);
			if (code)
				return code;
			memcpy(parent, at, i + 1);
		} else if (i == 1) {
			memcpy(parent, "/", 2);
		}
		at[i] = path[i];
	}
	return MUSTER_OK;
}

enum muster_code store_local_create(const char *path, struct muster_error *err)
{
	char example[NAME_MAX + 1];
	bool is_free;
	enum muster_code code = look_at_place(path, &is_free, example, sizeof(example), err);

	if (code)
		return code;
	if (!is_free && example[0])
		return muster_fail(
			err, MUSTER_E_REFUSED,
			"a repository begins in an empty place, but '%.200s' holds '%.100s'", path,
			example);
	if (!is_free)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "a repository is a directory, but '%.200s' is something else",
				   path);
	return make_with_parents(path, err);
}

/* Which temporary files, and what of them. */
struct cleaning {
	struct local_store *local;
	bool only_counts;
	uint64_t now_ns; /* 0: not asked for yet */
	uint64_t age_ns;
	struct store_local_temporaries *found;
};

static bool is_stale(const struct cleaning *cleaning, const struct stat *st)
{
	uint64_t modified_ns = sys_modified_ns(st);

	if (!S_ISREG(st->st_mode))
		return false;
	return cleaning->only_counts || (modified_ns <= cleaning->now_ns &&
					 cleaning->now_ns - modified_ns >= cleaning->age_ns);
}

static enum muster_code clean_one(const struct cleaning *cleaning, int dir_fd, const char *name,
				  struct muster_error *err)
{
	const struct sys_ops *sys = cleaning->local->sys;
	struct stat st;

	if (sys->fstatat(sys->state, dir_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return MUSTER_OK;
		return local_fail(cleaning->local, "look at a temporary file", err);
	}
	if (!is_stale(cleaning, &st))
		return MUSTER_OK;
	if (!cleaning->only_counts && sys->unlinkat(sys->state, dir_fd, name, 0)) {
		if (errno == ENOENT)
			return MUSTER_OK;
		return local_fail(cleaning->local, "remove a temporary file", err);
	}
	cleaning->found->count++;
	cleaning->found->size_bytes += (uint64_t)st.st_size;
	return MUSTER_OK;
}

static bool is_temporary(const char *name)
{
	return strncmp(name, LOCAL_TEMPORARY_PREFIX, strlen(LOCAL_TEMPORARY_PREFIX)) == 0;
}

static enum muster_code clean_dir(struct cleaning *cleaning, DIR *dir, struct muster_error *err)
{
	struct store *store = &cleaning->local->base;
	enum muster_code code = MUSTER_OK;
	struct dirent *entry;

	while (!code && (entry = readdir(dir))) {
		if (!is_temporary(entry->d_name))
			continue;
		/* Asked for only when there is something to judge. */
		if (!cleaning->only_counts && !cleaning->now_ns)
			code = store->ops->now(store, &cleaning->now_ns, err);
		if (!code)
			code = clean_one(cleaning, dirfd(dir), entry->d_name, err);
	}
	return code;
}

static enum muster_code clean(struct cleaning *cleaning, struct muster_error *err)
{
	struct local_store *local = cleaning->local;
	const struct sys_ops *sys = local->sys;
	enum muster_code code;
	DIR *dir;
	int fd;

	fd = sys->openat(sys->state, local->root_fd, LOCAL_TEMPORARY_DIR,
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return MUSTER_OK;
	if (fd < 0)
		return local_fail(local, "open '" LOCAL_TEMPORARY_DIR "'", err);
	dir = fdopendir(fd);
	if (!dir) {
		code = local_fail(local, "read '" LOCAL_TEMPORARY_DIR "'", err);
		sys_close(sys, fd);
		return code;
	}
	code = clean_dir(cleaning, dir, err);
	closedir(dir);
	return code;
}

enum muster_code store_local_clean_temporary(struct store *store, uint64_t age_ns,
					     struct store_local_temporaries *removed,
					     struct muster_error *err)
{
	struct store_local_temporaries ignored;
	struct cleaning cleaning = { .local = local_of(store),
				     .age_ns = age_ns,
				     .found = removed ? removed : &ignored };

	*cleaning.found = (struct store_local_temporaries){ 0 };
	return clean(&cleaning, err);
}

enum muster_code store_local_count_temporary(struct store *store,
					     struct store_local_temporaries *out,
					     struct muster_error *err)
{
	struct cleaning cleaning = { .local = local_of(store), .only_counts = true, .found = out };

	*out = (struct store_local_temporaries){ 0 };
	return clean(&cleaning, err);
}
