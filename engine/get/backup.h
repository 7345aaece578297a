/**
 * backup - moves files out of a tree, under the same relative path, never over anything.
 *
 * Beneath: no link is followed on either side. Across file systems a file is copied, then removed.
 * Threads: one at a time (`lock`). Memory: two open directories.
 */
#ifndef ENGINE_GET_BACKUP_H
#define ENGINE_GET_BACKUP_H

#include <pthread.h>

#include "base/bytes.h"
#include "io/store/sys.h"

/** A directory below a root that is open. */
struct get_backup_dir {
	int root_fd, fd; /* fd -1: none */
	struct bytes path;
};

struct get_backup {
	const struct sys_ops *sys;
	pthread_mutex_t lock;
	struct get_backup_dir from, to;
};

/** Borrows both descriptors and `sys`. */
void get_backup_init(struct get_backup *backup, const struct sys_ops *sys, int from_fd, int to_fd);
void get_backup_release(struct get_backup *backup);
/** MUSTER_ABSENT: there is nothing to move. Failures are of the item: EEXIST where the backup has
 *  that path already. */
enum muster_code get_backup_move(struct get_backup *backup, struct view path,
				 struct muster_error *err);

#endif
