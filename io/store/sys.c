#include "io/store/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int real_openat(void *state, int dir_fd, const char *path, int flags, mode_t mode)
{
	(void)state;
	return TEMP_FAILURE_RETRY(openat(dir_fd, path, flags, mode));
}

static int real_openat_beneath(void *state, int dir_fd, const char *path, int flags, mode_t mode,
			       uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)flags,
				.mode = flags & O_CREAT ? mode : 0,
				.resolve = RESOLVE_BENEATH | resolve };

	(void)state;
	return (int)TEMP_FAILURE_RETRY(syscall(SYS_openat2, dir_fd, path, &how, sizeof(how)));
}

static int real_close(void *state, int fd)
{
	(void)state;
	return close(fd); /* on Linux the descriptor is gone, EINTR or not */
}

static ssize_t real_read(void *state, int fd, void *out, size_t len)
{
	(void)state;
	return TEMP_FAILURE_RETRY(read(fd, out, len));
}

static ssize_t real_pread(void *state, int fd, void *out, size_t len, uint64_t offset_bytes)
{
	(void)state;
	return TEMP_FAILURE_RETRY(pread(fd, out, len, (off_t)offset_bytes));
}

static ssize_t real_write(void *state, int fd, const void *data, size_t len)
{
	(void)state;
	return TEMP_FAILURE_RETRY(write(fd, data, len));
}

static ssize_t real_writev(void *state, int fd, const struct iovec *parts, int count)
{
	(void)state;
	return TEMP_FAILURE_RETRY(writev(fd, parts, count));
}

static int real_fstat(void *state, int fd, struct stat *out)
{
	(void)state;
	return fstat(fd, out);
}

static int real_fstatat(void *state, int dir_fd, const char *path, struct stat *out, int flags)
{
	(void)state;
	return fstatat(dir_fd, path, out, flags);
}

static int real_fdatasync(void *state, int fd)
{
	(void)state;
	return TEMP_FAILURE_RETRY(fdatasync(fd));
}

static int real_fsync(void *state, int fd)
{
	(void)state;
	return TEMP_FAILURE_RETRY(fsync(fd));
}

static int real_syncfs(void *state, int fd)
{
	(void)state;
	return TEMP_FAILURE_RETRY(syncfs(fd));
}

static int real_sync_file_range(void *state, int fd, uint64_t offset_bytes, uint64_t len,
				unsigned flags)
{
	(void)state;
	return sync_file_range(fd, (off64_t)offset_bytes, (off64_t)len, flags);
}

static int real_fadvise(void *state, int fd, uint64_t offset_bytes, uint64_t len, int advice)
{
	int failure;

	(void)state;
	failure = posix_fadvise(fd, (off_t)offset_bytes, (off_t)len, advice);
	if (!failure)
		return 0;
	errno = failure;
	return -1;
}

static int real_clone_range(void *state, int to_fd, int from_fd, uint64_t offset_bytes,
			    uint64_t len, uint64_t size_bytes)
{
	struct file_clone_range range = { .src_fd = from_fd,
					  .src_offset = offset_bytes,
					  .src_length = len };
	int failure;

	(void)state;
	if (ioctl(to_fd, FICLONERANGE, &range))
		return -1;
	if (!TEMP_FAILURE_RETRY(ftruncate(to_fd, (off_t)size_bytes)))
		return 0;
	failure = errno;
	(void)!ftruncate(to_fd, 0); /* if that fails, too, its bytes are wrong, and so its digest */
	errno = failure;
	return -1;
}

static int real_renameat2(void *state, int from_dir, const char *from, int to_dir, const char *to,
			  unsigned flags)
{
	(void)state;
	return renameat2(from_dir, from, to_dir, to, flags);
}

static int real_linkat(void *state, int from_dir, const char *from, int to_dir, const char *to,
		       int flags)
{
	(void)state;
	return linkat(from_dir, from, to_dir, to, flags);
}

static int real_unlinkat(void *state, int dir_fd, const char *path, int flags)
{
	(void)state;
	return unlinkat(dir_fd, path, flags);
}

static int real_mkdirat(void *state, int dir_fd, const char *path, mode_t mode)
{
	(void)state;
	return mkdirat(dir_fd, path, mode);
}

static int real_touchat(void *state, int dir_fd, const char *path)
{
	(void)state;
	return utimensat(dir_fd, path, NULL, 0);
}

static void real_sleep_ns(void *state, uint64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000u),
				 .tv_nsec = (long)(ns % 1000000000u) };

	(void)state;
	nanosleep(&left, NULL); /* a signal ends it early: the caller looks again anyway */
}

const struct sys_ops *sys_system(void)
{
	static const struct sys_ops ops = {
		.openat = real_openat,
		.openat_beneath = real_openat_beneath,
		.close = real_close,
		.read = real_read,
		.pread = real_pread,
		.write = real_write,
		.writev = real_writev,
		.fstat = real_fstat,
		.fstatat = real_fstatat,
		.fdatasync = real_fdatasync,
		.fsync = real_fsync,
		.syncfs = real_syncfs,
		.sync_file_range = real_sync_file_range,
		.fadvise = real_fadvise,
		.clone_range = real_clone_range,
		.renameat2 = real_renameat2,
		.linkat = real_linkat,
		.unlinkat = real_unlinkat,
		.mkdirat = real_mkdirat,
		.touchat = real_touchat,
		.sleep_ns = real_sleep_ns,
	};

	return &ops;
}

int sys_write_all(const struct sys_ops *sys, int fd, struct view data)
{
	while (data.len) {
		ssize_t done = sys->write(sys->state, fd, data.ptr, data.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0) { /* no progress and no reason: do not spin */
			errno = EIO;
			return -1;
		}
		data.ptr += done;
		data.len -= (size_t)done;
	}
	return 0;
}

int sys_write_both(const struct sys_ops *sys, int fd, struct view head, struct view data)
{
	while (head.len) {
		struct iovec parts[2];
		ssize_t done;
		size_t of_head;

		/* writev only reads; iovec has no const */
		memcpy(&parts[0].iov_base, &head.ptr, sizeof(head.ptr));
		parts[0].iov_len = head.len;
		memcpy(&parts[1].iov_base, &data.ptr, sizeof(data.ptr));
		parts[1].iov_len = data.len;
		done = sys->writev(sys->state, fd, parts, data.len ? 2 : 1);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0) {
			errno = EIO;
			return -1;
		}
		of_head = (size_t)done < head.len ? (size_t)done : head.len;
		head.ptr += of_head;
		head.len -= of_head;
		data.ptr += (size_t)done - of_head;
		data.len -= (size_t)done - of_head;
	}
	return sys_write_all(sys, fd, data);
}

ssize_t sys_read_full(const struct sys_ops *sys, int fd, void *out, size_t len)
{
	size_t used = 0;

	while (used < len) {
		ssize_t got = sys->read(sys->state, fd, (uint8_t *)out + used, len - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

ssize_t sys_pread_full(const struct sys_ops *sys, int fd, void *out, size_t len,
		       uint64_t offset_bytes)
{
	size_t used = 0;

	while (used < len) {
		ssize_t got = sys->pread(sys->state, fd, (uint8_t *)out + used, len - used,
					 offset_bytes + used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

void sys_close(const struct sys_ops *sys, int fd)
{
	int saved = errno;

	if (fd >= 0)
		sys->close(sys->state, fd);
	errno = saved;
}
