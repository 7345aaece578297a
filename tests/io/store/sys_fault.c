#include "tests/io/store/sys_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool must_fail(struct sys_fault *fault, enum sys_call call)
{
	unsigned long long now = atomic_fetch_add(&fault->call_count, 1) + 1;

	atomic_fetch_add(&fault->calls[call], 1);
	if (now != atomic_load(&fault->fail_at)) {
		errno = fault->always[call];
		return fault->always[call] != 0;
	}
	if (fault->exits)
		_exit(99);
	atomic_store(&fault->hit, true);
	errno = atomic_load(&fault->fail_errno);
	return true;
}

static size_t at_most(const struct sys_fault *fault, size_t len)
{
	return fault->short_bytes && len > fault->short_bytes ? fault->short_bytes : len;
}

/* A call that passes all its arguments on, or fails. */
#define PASS(name, call, params, args)                                                             \
	static int fault_##name params                                                             \
	{                                                                                          \
		if (must_fail(state, call))                                                        \
			return -1;                                                                 \
		return sys_system()->name args;                                                    \
	}

static int fault_openat(void *state, int dir_fd, const char *path, int flags, mode_t mode)
{
	struct sys_fault *fault = state;

	if (must_fail(state, SYS_CALL_OPENAT))
		return -1;
	if (fault->has_no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return sys_system()->openat(NULL, dir_fd, path, flags, mode);
}

PASS(openat_beneath, SYS_CALL_OPENAT_BENEATH,
     (void *state, int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve),
     (NULL, dir_fd, path, flags, mode, resolve))
PASS(fstat, SYS_CALL_FSTAT, (void *state, int fd, struct stat *out), (NULL, fd, out))
PASS(fstatat, SYS_CALL_FSTATAT,
     (void *state, int dir_fd, const char *path, struct stat *out, int flags),
     (NULL, dir_fd, path, out, flags))
PASS(fdatasync, SYS_CALL_FDATASYNC, (void *state, int fd), (NULL, fd))
PASS(fsync, SYS_CALL_FSYNC, (void *state, int fd), (NULL, fd))
PASS(syncfs, SYS_CALL_SYNCFS, (void *state, int fd), (NULL, fd))
PASS(sync_file_range, SYS_CALL_SYNC_FILE_RANGE,
     (void *state, int fd, uint64_t offset_bytes, uint64_t len, unsigned flags),
     (NULL, fd, offset_bytes, len, flags))
PASS(fadvise, SYS_CALL_FADVISE,
     (void *state, int fd, uint64_t offset_bytes, uint64_t len, int advice),
     (NULL, fd, offset_bytes, len, advice))
PASS(clone_range, SYS_CALL_CLONE_RANGE,
     (void *state, int to_fd, int from_fd, uint64_t offset_bytes, uint64_t len,
      uint64_t size_bytes),
     (NULL, to_fd, from_fd, offset_bytes, len, size_bytes))
PASS(renameat2, SYS_CALL_RENAMEAT2,
     (void *state, int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
     (NULL, from_dir, from, to_dir, to, flags))
PASS(linkat, SYS_CALL_LINKAT,
     (void *state, int from_dir, const char *from, int to_dir, const char *to, int flags),
     (NULL, from_dir, from, to_dir, to, flags))
PASS(unlinkat, SYS_CALL_UNLINKAT, (void *state, int dir_fd, const char *path, int flags),
     (NULL, dir_fd, path, flags))
PASS(touchat, SYS_CALL_TOUCHAT, (void *state, int dir_fd, const char *path), (NULL, dir_fd, path))
PASS(mkdirat, SYS_CALL_MKDIRAT, (void *state, int dir_fd, const char *path, mode_t mode),
     (NULL, dir_fd, path, mode))

static int fault_close(void *state, int fd)
{
	struct sys_fault *fault = state;

	atomic_fetch_add(&fault->calls[SYS_CALL_CLOSE], 1);
	return sys_system()->close(NULL, fd);
}

static void fault_sleep_ns(void *state, uint64_t ns)
{
	struct sys_fault *fault = state;

	(void)ns;
	atomic_fetch_add(&fault->calls[SYS_CALL_SLEEP], 1);
}

static ssize_t fault_read(void *state, int fd, void *out, size_t len)
{
	if (must_fail(state, SYS_CALL_READ))
		return -1;
	return sys_system()->read(NULL, fd, out, at_most(state, len));
}

static ssize_t fault_pread(void *state, int fd, void *out, size_t len, uint64_t offset_bytes)
{
	if (must_fail(state, SYS_CALL_PREAD))
		return -1;
	return sys_system()->pread(NULL, fd, out, at_most(state, len), offset_bytes);
}

static ssize_t fault_write(void *state, int fd, const void *data, size_t len)
{
	if (must_fail(state, SYS_CALL_WRITE))
		return -1;
	return sys_system()->write(NULL, fd, data, at_most(state, len));
}

static ssize_t fault_writev(void *state, int fd, const struct iovec *parts, int count)
{
	struct sys_fault *fault = state;
	struct iovec first;

	if (must_fail(fault, SYS_CALL_WRITEV))
		return -1;
	if (!fault->short_bytes)
		return sys_system()->writev(NULL, fd, parts, count);
	first = parts[0];
	first.iov_len = at_most(fault, first.iov_len);
	return sys_system()->writev(NULL, fd, &first, 1);
}

void sys_fault_init(struct sys_fault *fault)
{
	*fault = (struct sys_fault){
		.ops = {
			.state = fault,
			.openat = fault_openat,
			.openat_beneath = fault_openat_beneath,
			.close = fault_close,
			.read = fault_read,
			.pread = fault_pread,
			.write = fault_write,
			.writev = fault_writev,
			.fstat = fault_fstat,
			.fstatat = fault_fstatat,
			.fdatasync = fault_fdatasync,
			.fsync = fault_fsync,
			.syncfs = fault_syncfs,
			.sync_file_range = fault_sync_file_range,
			.fadvise = fault_fadvise,
			.clone_range = fault_clone_range,
			.renameat2 = fault_renameat2,
			.linkat = fault_linkat,
			.unlinkat = fault_unlinkat,
			.mkdirat = fault_mkdirat,
			.touchat = fault_touchat,
			.sleep_ns = fault_sleep_ns,
		},
	};
}

void sys_fault_arm(struct sys_fault *fault, uint64_t n, int failure)
{
	atomic_store(&fault->hit, false);
	atomic_store(&fault->fail_errno, failure);
	atomic_store(&fault->call_count, 0);
	for (int i = 0; i < SYS_CALL_COUNT; i++)
		atomic_store(&fault->calls[i], 0);
	atomic_store(&fault->fail_at, n);
}
