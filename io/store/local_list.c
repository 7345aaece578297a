#include "io/store/local_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

/* More names than this in one directory are no repository of ours (5 * 10^7 packs are 1.5 PB). */
#define LIST_NAMES_MAX (50u << 20)

/* One listing: what is wanted and where it is. */
struct listing {
	struct local_store *local;
	struct view prefix;
	struct view after; /* ptr NULL: all */
	store_list_fn *fn;
	void *fn_state;
	char key[STORE_KEY_MAX_BYTES + NAME_MAX + 3]; /* the path that is being looked at */
};

struct name {
	uint64_t offset; /* in the directory's text */
	uint32_t len;	 /* of a directory: with the '/' at its end */
	bool is_dir;
};

/* The names of one directory. */
struct names {
	struct bytes text;
	struct name *entries;
	size_t count, cap;
};

static void names_release(struct names *names)
{
	bytes_release(&names->text);
	free(names->entries);
}

static enum muster_code names_add(struct names *names, const char *text, bool is_dir,
				  struct muster_error *err)
{
	struct name name = { names->text.len, (uint32_t)strlen(text) + is_dir, is_dir };
	enum muster_code code;

	if (names->count == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		struct name *entries;

		if (names->count >= LIST_NAMES_MAX)
			return muster_fail(err, MUSTER_E_LIMIT,
					   "more than %u names in one directory", LIST_NAMES_MAX);
		entries = reallocarray(names->entries, cap, sizeof(*entries));
		if (!entries)
			return muster_fail_memory(err, "the names of a directory");
		names->entries = entries;
		names->cap = cap;
	}
	code = bytes_append_text(&names->text, text, err);
	if (!code && is_dir)
		code = bytes_append_byte(&names->text, '/', err);
	/* The end of a string, so that a name can be a path. */
	if (!code)
		code = bytes_append_byte(&names->text, '\0', err);
	if (!code)
		names->entries[names->count++] = name;
	return code;
}

static struct view name_view(const struct names *names, const struct name *name)
{
	return view_of(names->text.ptr + name->offset, name->len);
}

static int name_compare(const void *a, const void *b, void *names)
{
	return view_compare(name_view(names, a), name_view(names, b));
}

static bool is_wanted_file(const struct listing *listing, struct view key)
{
	return view_starts_with(key, listing->prefix) &&
	       (!listing->after.ptr || view_compare(key, listing->after) > 0);
}

/* `path` ends in '/': can anything below be wanted? */
static bool is_wanted_dir(const struct listing *listing, struct view path)
{
	if (!view_starts_with(path, listing->prefix) && !view_starts_with(listing->prefix, path))
		return false;
	return !listing->after.ptr || view_compare(path, listing->after) > 0 ||
	       view_starts_with(listing->after, path);
}

enum found { FOUND_NOTHING, FOUND_FILE, FOUND_DIR, FOUND_FAILURE };

static enum found found_by_mode(mode_t mode)
{
	return S_ISREG(mode) ? FOUND_FILE : S_ISDIR(mode) ? FOUND_DIR : FOUND_NOTHING;
}

/* Links count as what they lead to: a folder of packs may lie elsewhere. */
static enum found find_type(const struct listing *listing, int dir_fd, const struct dirent *entry)
{
	const struct sys_ops *sys = listing->local->sys;
	struct stat st;

	if (entry->d_type == DT_REG)
		return FOUND_FILE;
	if (entry->d_type == DT_DIR)
		return FOUND_DIR;
	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return FOUND_NOTHING;
	if (!sys->fstatat(sys->state, dir_fd, entry->d_name, &st, 0))
		return found_by_mode(st.st_mode);
	return errno == ENOENT ? FOUND_NOTHING : FOUND_FAILURE;
}

static bool is_hidden(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strncmp(name, LOCAL_TEMPORARY_PREFIX, strlen(LOCAL_TEMPORARY_PREFIX)) == 0;
}

/* Adds an entry if something under its name can be wanted. */
static enum muster_code consider(struct listing *listing, size_t dir_len, int dir_fd,
				 const struct dirent *entry, struct names *names,
				 struct muster_error *err)
{
	size_t name_len = strlen(entry->d_name), len = dir_len + name_len;
	struct view key = view_of(listing->key, len);
	enum found found;
	bool wanted;

	if (is_hidden(entry->d_name))
		return MUSTER_OK;
	memcpy(listing->key + dir_len, entry->d_name, name_len);
	if (!view_starts_with(key, listing->prefix) && !view_starts_with(listing->prefix, key))
		return MUSTER_OK;
	found = find_type(listing, dir_fd, entry);
	if (found == FOUND_FAILURE)
		return local_fail(listing->local, "look at a name", err);
	if (found == FOUND_NOTHING)
		return MUSTER_OK;
	if (found == FOUND_DIR)
		listing->key[len++] = '/';
	if (len > STORE_KEY_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "in '%.200s': a path is longer than a key may be",
				   listing->local->path);
	key.len = len;
	wanted = found == FOUND_DIR ? is_wanted_dir(listing, key) : is_wanted_file(listing, key);
	return wanted ? names_add(names, entry->d_name, found == FOUND_DIR, err) : MUSTER_OK;
}

/* Reads a directory whole: only then can it be sorted. */
static enum muster_code read_names(struct listing *listing, size_t dir_len, DIR *dir,
				   struct names *names, struct muster_error *err)
{
	for (;;) {
		struct dirent *entry;
		enum muster_code code;

		errno = 0;
		entry = readdir(dir);
		if (!entry && errno)
			return local_fail(listing->local, "read a directory", err);
		if (!entry)
			break;
		code = consider(listing, dir_len, dirfd(dir), entry, names, err);
		if (code)
			return code;
	}
	if (names->count)
		qsort_r(names->entries, names->count, sizeof(*names->entries), name_compare, names);
	return MUSTER_OK;
}

static enum muster_code list_dir(struct listing *listing, size_t dir_len, int fd,
				 struct muster_error *err);

static enum muster_code give_file(struct listing *listing, int dir_fd, const char *name,
				  struct muster_error *err)
{
	const struct sys_ops *sys = listing->local->sys;
	struct stat st;

	if (sys->fstatat(sys->state, dir_fd, name, &st, 0)) {
		if (errno == ENOENT)
			return MUSTER_OK; /* removed since */
		return local_fail(listing->local, "look at a file", err);
	}
	return listing->fn(listing->fn_state, listing->key, (uint64_t)st.st_size,
			   sys_modified_ns(&st), err);
}

static enum muster_code give_dir(struct listing *listing, size_t len, int dir_fd, const char *name,
				 struct muster_error *err)
{
	const struct sys_ops *sys = listing->local->sys;
	int fd = sys->openat(sys->state, dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0)
		return list_dir(listing, len, fd, err);
	if (errno == ENOENT)
		return MUSTER_OK;
	return local_fail(listing->local, "open a directory", err);
}

static enum muster_code give_names(struct listing *listing, size_t dir_len, int dir_fd,
				   const struct names *names, struct muster_error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct name *name = &names->entries[i];
		const char *text = (const char *)names->text.ptr + name->offset;
		enum muster_code code;

		memcpy(listing->key + dir_len, text, name->len + 1);
		if (name->is_dir)
			code = give_dir(listing, dir_len + name->len, dir_fd, text, err);
		else
			code = give_file(listing, dir_fd, text, err);
		if (code)
			return code;
	}
	return MUSTER_OK;
}

/* Takes `fd`; the first `dir_len` bytes of the key are its path. Depth is bounded by the key. */
static enum muster_code list_dir(struct listing *listing, size_t dir_len, int fd,
				 struct muster_error *err)
{
	struct names names = { 0 };
	enum muster_code code;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		code = local_fail(listing->local, "read a directory", err);
		sys_close(listing->local->sys, fd);
		return code;
	}
	code = read_names(listing, dir_len, dir, &names, err);
	if (!code)
		code = give_names(listing, dir_len, dirfd(dir), &names, err);
	names_release(&names);
	closedir(dir);
	return code;
}

enum muster_code local_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err)
{
	struct local_store *local = local_of(store);
	const char *slash = strrchr(prefix, '/');
	size_t dir_len = slash ? (size_t)(slash - prefix) + 1 : 0;
	struct listing listing = { .local = local, .fn = fn, .fn_state = state };
	int fd;

	listing.prefix = view_text(prefix);
	if (after)
		listing.after = view_text(after);
	memcpy(listing.key, prefix, dir_len);
	listing.key[dir_len] = '\0';
	fd = local->sys->openat(local->sys->state, local->root_fd, dir_len ? listing.key : ".",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd >= 0)
		return list_dir(&listing, dir_len, fd, err);
	if (errno == ENOENT || errno == ENOTDIR)
		return MUSTER_OK; /* no key begins so */
	return local_fail(local, "open a directory", err);
}
