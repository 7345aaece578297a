/**
 * file - reads users' files: small ones whole in three system calls, large ones in chunks.
 *
 * Threads:  everything may be called from any thread; a descriptor belongs to one at a time.
 * Memory:   none.
 * Kernel:   access times are left alone where the kernel lets us; a FIFO that has taken a file's
 *           place is not waited for. Symbolic links are followed: a walk has resolved them.
 * Errors:   MUSTER_E_VANISHED where the file is gone when it is opened, MUSTER_E_CHANGED where its
 *           size is not what it was, else MUSTER_E_IO with sys_errno (EISDIR where a directory is
 *           now, EINVAL where a device or FIFO is). All are data of one item.
 */
#ifndef IO_FILE_READ_H
#define IO_FILE_READ_H

#include "base/bytes.h"
#include "io/store/sys.h"

/** The state of a file that says whether its bytes can have changed. */
struct file_stat {
	uint64_t size_bytes;
	int64_t mtime_ns, ctime_ns; /* since 1970 */
	uint64_t inode;
};

/** One small file to read whole. Borrows all for the call. */
struct file_whole {
	int dir_fd;	     /* or AT_FDCWD */
	const char *name;    /* below dir_fd */
	uint64_t size_bytes; /* what it should have */
	bool is_at_most;     /* or any size up to that: `after`, which it needs, tells which */
	uint8_t *buffer;
	size_t cap_bytes; /* more than size_bytes: so one read sees the end, too */
	struct file_stat
		*after;	 /* NULL, or filled after the last byte was read; also for CHANGED */
	bool drop_cache; /* tell the kernel that the bytes are not needed again */
	const struct sys_ops *sys; /* NULL: the system's */
};

/** Opens, reads, stats if asked, closes. On success the buffer holds size_bytes, or what the file
 *  has with `is_at_most`: for more it is MUSTER_E_CHANGED, and for less than `after` tells. */
enum muster_code file_read(const struct file_whole *whole, struct muster_error *err);

/** What file_read() opens with, for who opens many at once; O_NOATIME until it was refused. */
int file_read_flags(void);
void file_stat_from(const struct stat *st, struct file_stat *out);

/** The same for most callers; `after` may be NULL. */
enum muster_code file_read_whole(int dir_fd, const char *name, uint64_t size_bytes, uint8_t *buffer,
				 size_t cap_bytes, struct file_stat *after,
				 struct muster_error *err);

/** Open a large file, tell the kernel to read ahead. Gives a descriptor; `st` may be NULL. */
enum muster_code file_open(int dir_fd, const char *name, int *out, struct file_stat *st,
			   struct muster_error *err);
/** The next bytes: fewer than `cap` only where the file ends, then 0. */
enum muster_code file_read_at(int fd, uint64_t offset_bytes, void *out, size_t cap, size_t *got,
			      struct muster_error *err);
/** What file_open() would find, without opening it. Errors: as file_open(). */
enum muster_code file_stat_at(int dir_fd, const char *name, struct file_stat *out,
			      struct muster_error *err);
enum muster_code file_stat_fd(int fd, struct file_stat *out, struct muster_error *err);
/** Tell the kernel that these bytes are not needed again; len 0: to the end. */
void file_drop_cache(int fd, uint64_t offset_bytes, uint64_t len);

/** Is it the same state of the same file? */
bool file_stat_equal(const struct file_stat *a, const struct file_stat *b);

#endif
