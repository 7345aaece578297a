/*
 * A file that is not whole yet: without a name where that can be, so that nothing is left of it
 *when its process dies; else under a temporary one beside its own.
 *
 *	unnamed ─(whole: linkat)─► its own name
 *	      └──(that is taken)─► temporary name ─(closed: renameat2)─► its own name
 */
#include "io/file/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define TEMPORARY_TRIES_MAX 100
#define PROC_FDS	    "/proc/self/fd"

bool tree_can_be_unnamed(void)
{
	return access(PROC_FDS, X_OK) == 0;
}

static void next_name(struct tree_writer *writer, struct tree_temporary *temporary)
{
	snprintf(temporary->name, sizeof(temporary->name), ".muster-%016" PRIx64 "-%" PRIx64 ".tmp",
		 writer->temporary_id, writer->temporary_count++);
}

bool tree_open_unnamed(struct tree_writer *writer, struct tree_temporary *temporary)
{
	const struct sys_ops *sys = writer->sys;

	if (!writer->can_be_unnamed)
		return false;
	temporary->fd = sys->openat(sys->state, temporary->dir_fd, ".",
				    O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	temporary->is_unnamed = temporary->fd >= 0;
	return temporary->is_unnamed;
}

static int link_unnamed(struct tree_writer *writer, const struct tree_temporary *temporary,
			const char *name)
{
	const struct sys_ops *sys = writer->sys;
	char from[sizeof(PROC_FDS) + 16];

	snprintf(from, sizeof(from), PROC_FDS "/%d", temporary->fd);
	return sys->linkat(sys->state, AT_FDCWD, from, temporary->dir_fd, name, AT_SYMLINK_FOLLOW);
}

int tree_end_unnamed(struct tree_writer *writer, struct tree_temporary *temporary, bool overwrite)
{
	int failed;

	if (!temporary->is_unnamed)
		return 0;
	failed = link_unnamed(writer, temporary, temporary->place.name);
	temporary->has_own_name = !failed;
	for (int tries = 0; failed && errno == EEXIST && overwrite && tries < TEMPORARY_TRIES_MAX;
	     tries++) {
		next_name(writer, temporary);
		failed = link_unnamed(writer, temporary, temporary->name);
		temporary->is_named = !failed;
	}
	temporary->is_unnamed = failed;
	return failed;
}

int tree_open_temporary(struct tree_writer *writer, struct tree_temporary *temporary)
{
	const struct sys_ops *sys = writer->sys;

	for (int tries = 0; tries < TEMPORARY_TRIES_MAX; tries++) {
		next_name(writer, temporary);
		temporary->fd =
			sys->openat(sys->state, temporary->dir_fd, temporary->name,
				    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (temporary->fd >= 0 || errno != EEXIST)
			break;
	}
	temporary->is_named = temporary->fd >= 0;
	return temporary->fd;
}

void tree_temporary_drop(struct tree_writer *writer, struct tree_temporary *temporary)
{
	int saved = errno;

	sys_close(writer->sys, temporary->fd);
	temporary->fd = -1;
	if (temporary->is_named)
		writer->sys->unlinkat(writer->sys->state, temporary->dir_fd, temporary->name, 0);
	temporary->is_named = false;
	errno = saved;
}

int tree_close_checked(struct tree_writer *writer, int *fd)
{
	int failed = writer->sys->close(writer->sys->state, *fd);

	*fd = -1;
	return failed && errno != EINTR ? -1 : 0;
}

/* Without RENAME_NOREPLACE: a second name, which is refused where there is one. */
static int name_by_link(struct tree_writer *writer, struct tree_temporary *temporary)
{
	const struct sys_ops *sys = writer->sys;

	if (sys->linkat(sys->state, temporary->dir_fd, temporary->name, temporary->dir_fd,
			temporary->place.name, 0))
		return -1;
	sys->unlinkat(sys->state, temporary->dir_fd, temporary->name, 0);
	return 0;
}

int tree_give_name(struct tree_writer *writer, struct tree_temporary *temporary, bool overwrite)
{
	const struct sys_ops *sys = writer->sys;
	int failed;

	if (temporary->has_own_name)
		return 0;
	failed = sys->renameat2(sys->state, temporary->dir_fd, temporary->name, temporary->dir_fd,
				temporary->place.name, overwrite ? 0 : RENAME_NOREPLACE);
	if (failed && !overwrite && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
		failed = name_by_link(writer, temporary);
	if (!failed)
		temporary->is_named = false;
	return failed;
}
