/**
 * calls - the system calls of a walk as a table, so that tests can count them and fail them.
 *
 * Each answers as the system call does: -1 and errno.
 */
#ifndef IO_TREE_CALLS_H
#define IO_TREE_CALLS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct walk_calls {
	int (*openat)(int dir_fd, const char *path, int flags);
	ssize_t (*getdents)(int fd, void *buffer, size_t len);
	int (*statx)(int dir_fd, const char *path, int flags, unsigned mask, struct statx *out);
	int (*close)(int fd);
};

const struct walk_calls *walk_calls_system(void);

#endif
