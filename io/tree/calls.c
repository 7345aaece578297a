#include "io/tree/calls.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int system_openat(int dir_fd, const char *path, int flags)
{
	return openat(dir_fd, path, flags);
}

static ssize_t system_getdents(int fd, void *buffer, size_t len)
{
	return syscall(SYS_getdents64, fd, buffer, len);
}

const struct walk_calls *walk_calls_system(void)
{
	static const struct walk_calls table = { system_openat, system_getdents, statx, close };

	return &table;
}
