#include "io/tree/walk_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/text/utf8.h"

/*
 * All statx() here is AT_STATX_SYNC_AS_STAT, by saying nothing else: with AT_STATX_DONT_SYNC a
 * network file system may answer from a cache without end, and a changed file would look the same.
 */
#define DENT_NAME_OFFSET                                                                           \
	19 /* of struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type */

/* The directory that is being listed. */
struct listing {
	struct walk_reader *reader;
	struct walk *walk;
	struct walk_dir *dir;
	int fd;
};

/* Seconds and nanoseconds as one number, as near as it fits. */
static int64_t time_ns(const struct statx_timestamp *time)
{
	int64_t ns;

	if (__builtin_mul_overflow(time->tv_sec, (int64_t)1000000000, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)time->tv_nsec, &ns))
		return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

void stat_convert(struct walk_stat *out, const struct statx *in)
{
	*out = (struct walk_stat){
		.size_bytes = in->stx_size,
		.mtime_ns = time_ns(&in->stx_mtime),
		.ctime_ns = time_ns(&in->stx_ctime),
		.inode = in->stx_ino,
		.device_major = in->stx_dev_major,
		.device_minor = in->stx_dev_minor,
		.mode = in->stx_mode,
	};
}

/* Is `name` in the listed directory wanted? */
static enum muster_code ask_wanted(struct listing *listing, struct view name, bool is_directory,
				   bool *is_wanted, struct muster_error *err)
{
	const struct walk *walk = listing->walk;
	struct bytes *path = &listing->reader->path;
	size_t dir_len = listing->dir->path_len;
	enum muster_code code;

	*is_wanted = true;
	if (!walk->wanted)
		return MUSTER_OK;
	path->len = 0;
	code = bytes_append(path, listing->dir->path, dir_len, err);
	if (!code && dir_len)
		code = bytes_append_byte(path, '/', err);
	if (!code)
		code = bytes_append_view(path, name, err);
	if (!code)
		*is_wanted = walk->wanted(walk->wanted_state, bytes_view(path), is_directory);
	return code;
}

static enum muster_code add_name(struct listing *listing, const struct name *name,
				 struct muster_error *err)
{
	return names_add(&listing->reader->names, &listing->walk->names_limits, name, err);
}

static void count_one(atomic_uint_least64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* What no path can have, whatever it is. A directory also needs room for a name in it. */
static bool name_is_bad(const struct listing *listing, struct name *name)
{
	size_t path_len = listing->dir->path_len + !!listing->dir->path_len + name->text.len;

	if (path_len > WALK_PATH_MAX_BYTES - (name->is_directory ? 2 : 0))
		name->kind = NAME_TOO_LONG;
	else if (!utf8_valid(name->text))
		name->kind = NAME_NOT_UTF8;
	else
		return false;
	return true;
}

static enum muster_code add_if_wanted(struct listing *listing, struct name *name,
				      struct muster_error *err)
{
	bool is_wanted;
	enum muster_code code =
		ask_wanted(listing, name->text, name->is_directory, &is_wanted, err);

	if (code || !is_wanted)
		return code;
	name_is_bad(listing, name);
	return add_name(listing, name, err);
}

static enum muster_code count_special(struct listing *listing, struct view text,
				      struct muster_error *err)
{
	bool is_wanted;
	enum muster_code code = ask_wanted(listing, text, false, &is_wanted, err);

	if (!code && is_wanted)
		count_one(&listing->walk->counts.specials);
	return code;
}

/* The target of a link, or a file of a type that only stat tells, could not be had. */
static enum muster_code add_unresolved(struct listing *listing, struct name *name,
				       struct muster_error *err)
{
	struct statx stx;
	int cause = errno;

	if (cause == ENOENT &&
	    listing->walk->calls->statx(listing->fd, (const char *)name->text.ptr,
					AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) &&
	    errno == ENOENT) {
		count_one(&listing->walk->counts.vanished);
		return MUSTER_OK;
	}
	name->kind = cause == ELOOP ? NAME_LOOP : NAME_FAILED;
	name->sys_errno = (uint8_t)cause;
	return add_if_wanted(listing, name, err);
}

static enum muster_code add_resolved_directory(struct listing *listing, struct name *name,
					       const struct statx *stx, struct muster_error *err)
{
	uint64_t device = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	bool is_loop;

	name->is_directory = true;
	name->kind = NAME_LINKED_DIRECTORY;
	if (listing->walk->one_file_system && device != listing->walk->root_device) {
		count_one(&listing->walk->counts.foreign);
		return MUSTER_OK;
	}
	if (!dir_is_below(listing->reader, listing->dir, device, stx->stx_ino, &is_loop)) {
		name->kind = NAME_FAILED;
		name->sys_errno = (uint8_t)errno;
	} else if (is_loop) {
		name->kind = NAME_LOOP;
	}
	return add_if_wanted(listing, name, err);
}

/* A symbolic link, or a type that the directory does not tell. `text` is NUL-terminated. */
static enum muster_code add_by_stat(struct listing *listing, struct view text,
				    struct muster_error *err)
{
	struct name name = { .kind = NAME_FAILED, .text = text };
	struct walk_stat stat;
	struct statx stx;
	bool is_wanted, is_wanted_directory;
	enum muster_code code = ask_wanted(listing, text, false, &is_wanted, err);

	if (!code)
		code = ask_wanted(listing, text, true, &is_wanted_directory, err);
	if (code || (!is_wanted && !is_wanted_directory))
		return code;
	if (listing->walk->calls->statx(listing->fd, (const char *)text.ptr, AT_NO_AUTOMOUNT,
					WALK_STATX_MASK, &stx))
		return add_unresolved(listing, &name, err);
	if (S_ISDIR(stx.stx_mode))
		return is_wanted_directory ? add_resolved_directory(listing, &name, &stx, err)
					   : MUSTER_OK;
	if (!S_ISREG(stx.stx_mode))
		return count_special(listing, text, err);
	stat_convert(&stat, &stx);
	name.kind = NAME_KNOWN_FILE;
	name.stat_bytes = (const uint8_t *)&stat;
	return add_if_wanted(listing, &name, err);
}

static enum muster_code add_dent(struct listing *listing, struct view text, unsigned char type,
				 struct muster_error *err)
{
	struct name name = { .text = text };

	switch (type) {
	case DT_REG:
		name.kind = NAME_FILE;
		return add_if_wanted(listing, &name, err);
	case DT_DIR:
		/* Below a link that led upwards any directory may be one that it started from. */
		if (listing->dir->is_link)
			return add_by_stat(listing, text, err);
		name.kind = NAME_DIRECTORY;
		name.is_directory = true;
		return add_if_wanted(listing, &name, err);
	case DT_LNK:
	case DT_UNKNOWN:
		return add_by_stat(listing, text, err);
	default:
		return count_special(listing, text, err);
	}
}

static bool is_self_or_parent(struct view text)
{
	return text.len <= 2 && text.ptr[0] == '.' && (text.len == 1 || text.ptr[1] == '.');
}

static enum muster_code add_dents(struct listing *listing, const uint8_t *dents, size_t len,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (len > DENT_NAME_OFFSET && !code) {
		struct view text = { dents + DENT_NAME_OFFSET, 0 };
		uint16_t dent_len;

		memcpy(&dent_len, dents + 16, 2);
		if (dent_len <= DENT_NAME_OFFSET || dent_len > len)
			break;
		text.len = strnlen((const char *)text.ptr, dent_len - DENT_NAME_OFFSET);
		if (text.len && !is_self_or_parent(text))
			code = add_dent(listing, text, dents[DENT_NAME_OFFSET - 1], err);
		dents += dent_len;
		len -= dent_len;
	}
	return code;
}

/* With one_file_system: may `fd` be entered? */
static bool is_on_root_device(const struct listing *listing)
{
	struct statx stx;

	if (!listing->walk->one_file_system || !listing->dir->parent)
		return true;
	if (listing->walk->calls->statx(listing->fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		return true; /* it could be opened: reading it will tell what is wrong */
	return makedev(stx.stx_dev_major, stx.stx_dev_minor) == listing->walk->root_device;
}

enum muster_code dir_list(struct walk_reader *reader, struct walk_dir *dir, int fd,
			  struct muster_error *err)
{
	struct listing listing = { reader, reader->walk, dir, fd };
	enum muster_code code = MUSTER_OK;
	ssize_t got = 0;

	names_reset(&reader->names);
	if (!is_on_root_device(&listing)) {
		count_one(&reader->walk->counts.foreign);
		return MUSTER_ABSENT;
	}
	while (!code) {
		if (atomic_load_explicit(&reader->walk->is_stopped, memory_order_relaxed))
			return MUSTER_ABSENT;
		got = reader->walk->calls->getdents(fd, reader->dents, WALK_DENTS_BYTES);
		if (got <= 0)
			break;
		code = add_dents(&listing, reader->dents, (size_t)got, err);
	}
	if (got < 0)
		return errno == ENOENT ? MUSTER_E_VANISHED
				       : muster_fail_errno(err, "read directory '" PATH_SHOWN "'",
							   dir_shown(dir));
	if (!code)
		code = names_sort(&reader->names, err);
	if (code)
		muster_context(err, "sort the names in '" PATH_SHOWN "'", dir_shown(dir));
	return code;
}
