/**
 * sys - the system calls that stores and files make, as a table, so that a test can fail the n-th.
 *
 * Each function answers as its system call does (-1 and errno); none adds a policy of its own but
 * the retry of EINTR in calls that have moved nothing.
 * Threads: the system table may be used from any thread.
 */
#ifndef IO_STORE_SYS_H
#define IO_STORE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/bytes.h"

struct sys_ops {
	void *state;
	int (*openat)(void *state, int dir_fd, const char *path, int flags, mode_t mode);
	/* openat2(2) with RESOLVE_BENEATH and `resolve` more; ENOSYS where the kernel has none. */
	int (*openat_beneath)(void *state, int dir_fd, const char *path, int flags, mode_t mode,
			      uint64_t resolve);
	int (*close)(void *state, int fd);
	ssize_t (*read)(void *state, int fd, void *out, size_t len);
	ssize_t (*pread)(void *state, int fd, void *out, size_t len, uint64_t offset_bytes);
	ssize_t (*write)(void *state, int fd, const void *data, size_t len);
	ssize_t (*writev)(void *state, int fd, const struct iovec *parts, int count);
	int (*fstat)(void *state, int fd, struct stat *out);
	int (*fstatat)(void *state, int dir_fd, const char *path, struct stat *out, int flags);
	int (*fdatasync)(void *state, int fd);
	int (*fsync)(void *state, int fd);
	int (*syncfs)(void *state, int fd);
	int (*sync_file_range)(void *state, int fd, uint64_t offset_bytes, uint64_t len,
			       unsigned flags);
	int (*fadvise)(void *state, int fd, uint64_t offset_bytes, uint64_t len, int advice);
	/* Make the empty file `to_fd` share these blocks, then cut it to `size_bytes`. On failure
	 * it is empty. */
	int (*clone_range)(void *state, int to_fd, int from_fd, uint64_t offset_bytes, uint64_t len,
			   uint64_t size_bytes);
	int (*renameat2)(void *state, int from_dir, const char *from, int to_dir, const char *to,
			 unsigned flags);
	int (*linkat)(void *state, int from_dir, const char *from, int to_dir, const char *to,
		      int flags);
	int (*unlinkat)(void *state, int dir_fd, const char *path, int flags);
	int (*mkdirat)(void *state, int dir_fd, const char *path, mode_t mode);
	/* utimensat(2): it was read and modified now. */
	int (*touchat)(void *state, int dir_fd, const char *path);
	void (*sleep_ns)(void *state, uint64_t ns);
};

const struct sys_ops *sys_system(void);

/** Write all of `data`, whatever it takes. -1 and errno. */
int sys_write_all(const struct sys_ops *sys, int fd, struct view data);
/** Write `head`, then `data`, together in as few calls as the kernel allows. */
int sys_write_both(const struct sys_ops *sys, int fd, struct view head, struct view data);
/** Read until `len` bytes or the end of the file. How many; -1 and errno. */
ssize_t sys_read_full(const struct sys_ops *sys, int fd, void *out, size_t len);
ssize_t sys_pread_full(const struct sys_ops *sys, int fd, void *out, size_t len,
		       uint64_t offset_bytes);
/** Close, keeping errno: for descriptors whose writes are synced or given up. */
void sys_close(const struct sys_ops *sys, int fd);
/** When a file was modified last, since 1970 UTC. */
static inline uint64_t sys_modified_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

#endif
