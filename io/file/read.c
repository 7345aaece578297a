#include "io/file/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>

/*
 * Only the owner of a file may leave its access time alone. Who has met one file of somebody else
 * will meet more: the refused call is not tried for each. A hint; any value is right.
 */
static atomic_bool noatime_was_refused;

/* The parent may have become a file, or a server may have forgotten the file: it is gone. */
static bool is_gone(int failure)
{
	return failure == ENOENT || failure == ENOTDIR || failure == ESTALE;
}

int file_read_flags(void)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	bool plain = atomic_load_explicit(&noatime_was_refused, memory_order_relaxed);

	return plain ? flags : flags | O_NOATIME;
}

static enum muster_code fail_gone(const char *name, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_VANISHED, "'%.200s' is gone", name);
}

static enum muster_code fail_no_file(const struct stat *st, const char *name,
				     struct muster_error *err)
{
	errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return muster_fail_errno(err, "'%.200s' is not a file any more", name);
}

static enum muster_code open_to_read(const struct sys_ops *sys, int dir_fd, const char *name,
				     int *out, struct muster_error *err)
{
	int flags = file_read_flags();
	int fd = sys->openat(sys->state, dir_fd, name, flags, 0);

	if (fd < 0 && errno == EPERM && flags & O_NOATIME) {
		fd = sys->openat(sys->state, dir_fd, name, flags & ~O_NOATIME, 0);
		if (fd >= 0)
			atomic_store_explicit(&noatime_was_refused, true, memory_order_relaxed);
	}
	*out = fd;
	if (fd >= 0)
		return MUSTER_OK;
	if (is_gone(errno))
		return fail_gone(name, err);
	return muster_fail_errno(err, "open '%.200s'", name);
}

static int64_t time_ns(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void file_stat_from(const struct stat *st, struct file_stat *out)
{
	*out = (struct file_stat){
		.size_bytes = (uint64_t)st->st_size,
		.mtime_ns = time_ns(st->st_mtim),
		.ctime_ns = time_ns(st->st_ctim),
		.inode = st->st_ino,
	};
}

/*
 * One read normally: a regular file gives less than asked only at its end. Where a network file
 * system gives less before, reading goes on until the size or an end is met.
 */
static enum muster_code fill(const struct sys_ops *sys, int fd, const struct file_whole *whole,
			     struct muster_error *err)
{
	size_t size = (size_t)whole->size_bytes, used = 0;

	do {
		ssize_t got = sys->read(sys->state, fd, whole->buffer + used, size + 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return muster_fail_errno(err, "read '%.200s'", whole->name);
		if (got == 0)
			break;
		used += (size_t)got;
	} while (used < size);
	if (used == size)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_CHANGED,
			   "'%.200s' changed: it had %" PRIu64 " bytes, now it has %s", whole->name,
			   whole->size_bytes, used > size ? "more" : "less");
}

/* A read that gives less than the file has (on a network file system) is no reason to go on here:
 * who asks again knows the size. */
static enum muster_code read_at_most(const struct sys_ops *sys, int fd,
				     const struct file_whole *whole, struct muster_error *err)
{
	size_t size = (size_t)whole->size_bytes;
	struct stat st;
	ssize_t got;

	do
		got = sys->read(sys->state, fd, whole->buffer, size + 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return muster_fail_errno(err, "read '%.200s'", whole->name);
	if (sys->fstat(sys->state, fd, &st))
		return muster_fail_errno(err, "stat '%.200s'", whole->name);
	if (!S_ISREG(st.st_mode))
		return fail_no_file(&st, whole->name, err);
	file_stat_from(&st, whole->after);
	if ((size_t)got <= size && (uint64_t)got == whole->after->size_bytes)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_CHANGED,
			   "'%.200s' has %" PRIu64 " bytes: %zd were read, of %zu at most",
			   whole->name, whole->after->size_bytes, got, size);
}

static enum muster_code stat_after(const struct sys_ops *sys, int fd,
				   const struct file_whole *whole, struct muster_error *err)
{
	struct stat st;

	if (sys->fstat(sys->state, fd, &st))
		return muster_fail_errno(err, "stat '%.200s'", whole->name);
	file_stat_from(&st, whole->after);
	return MUSTER_OK;
}

static enum muster_code read_all(const struct sys_ops *sys, int fd, const struct file_whole *whole,
				 struct muster_error *err)
{
	enum muster_code code = fill(sys, fd, whole, err), failed;

	if (!whole->after || (code && code != MUSTER_E_CHANGED))
		return code;
	failed = stat_after(sys, fd, whole, err);
	return failed ? failed : code;
}

enum muster_code file_read(const struct file_whole *whole, struct muster_error *err)
{
	const struct sys_ops *sys = whole->sys ? whole->sys : sys_system();
	enum muster_code code;
	int fd;

	if (whole->size_bytes >= whole->cap_bytes)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "'%.200s': %" PRIu64 " bytes and one more do not fit into %zu",
				   whole->name, whole->size_bytes, whole->cap_bytes);
	code = open_to_read(sys, whole->dir_fd, whole->name, &fd, err);
	if (code)
		return code;
	code = whole->is_at_most ? read_at_most(sys, fd, whole, err)
				 : read_all(sys, fd, whole, err);
	if (whole->drop_cache)
		sys->fadvise(sys->state, fd, 0, 0, POSIX_FADV_DONTNEED);
	sys_close(sys, fd);
	return code;
}

enum muster_code file_read_whole(int dir_fd, const char *name, uint64_t size_bytes, uint8_t *buffer,
				 size_t cap_bytes, struct file_stat *after,
				 struct muster_error *err)
{
	struct file_whole whole = { .dir_fd = dir_fd,
				    .name = name,
				    .size_bytes = size_bytes,
				    .buffer = buffer,
				    .cap_bytes = cap_bytes,
				    .after = after };

	return file_read(&whole, err);
}

enum muster_code file_open(int dir_fd, const char *name, int *out, struct file_stat *st,
			   struct muster_error *err)
{
	const struct sys_ops *sys = sys_system();
	enum muster_code code;
	struct stat found;
	int fd;

	*out = -1;
	code = open_to_read(sys, dir_fd, name, &fd, err);
	if (code)
		return code;
	if (sys->fstat(sys->state, fd, &found)) {
		code = muster_fail_errno(err, "stat '%.200s'", name);
	} else if (!S_ISREG(found.st_mode)) {
		code = fail_no_file(&found, name, err);
	}
	if (code) {
		sys_close(sys, fd);
		return code;
	}
	if (st)
		file_stat_from(&found, st);
	sys->fadvise(sys->state, fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: may fail */
	*out = fd;
	return MUSTER_OK;
}

enum muster_code file_read_at(int fd, uint64_t offset_bytes, void *out, size_t cap, size_t *got,
			      struct muster_error *err)
{
	ssize_t done = sys_pread_full(sys_system(), fd, out, cap, offset_bytes);

	*got = done < 0 ? 0 : (size_t)done;
	return done < 0 ? muster_fail_errno(err, "read at %" PRIu64, offset_bytes) : MUSTER_OK;
}

enum muster_code file_stat_at(int dir_fd, const char *name, struct file_stat *out,
			      struct muster_error *err)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_NO_AUTOMOUNT))
		return is_gone(errno) ? fail_gone(name, err)
				      : muster_fail_errno(err, "stat '%.200s'", name);
	if (!S_ISREG(st.st_mode))
		return fail_no_file(&st, name, err);
	file_stat_from(&st, out);
	return MUSTER_OK;
}

enum muster_code file_stat_fd(int fd, struct file_stat *out, struct muster_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return muster_fail_errno(err, "stat an open file");
	file_stat_from(&st, out);
	return MUSTER_OK;
}

void file_drop_cache(int fd, uint64_t offset_bytes, uint64_t len)
{
	posix_fadvise(fd, (off_t)offset_bytes, (off_t)len, POSIX_FADV_DONTNEED);
}

bool file_stat_equal(const struct file_stat *a, const struct file_stat *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}
