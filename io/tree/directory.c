#include "io/tree/walk_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EVICT_COUNT WALK_CLOSING_MAX /* at once, so that the search for them is shared */
#define FD_MIN	    4		     /* kept even when the process is out of descriptors */

enum muster_code dir_new(struct walk_dir **out, struct walk *walk, struct walk_dir *parent,
			 struct view name, bool is_link, struct muster_error *err)
{
	size_t start = parent && parent->path_len ? parent->path_len + 1 : 0;
	struct walk_dir *dir = malloc(sizeof(*dir) + start + name.len + 1);

	*out = dir;
	if (!dir)
		return muster_fail_memory(err, "a directory of a walk");
	memset(dir, 0, sizeof(*dir));
	dir->item.kind = ITEM_DIR;
	dir->item.state = ITEM_WAITING;
	dir->walk = walk;
	dir->parent = parent;
	dir->is_link = is_link;
	dir->ref_count = 1;
	dir->fd = -1;
	if (start) {
		memcpy(dir->path, parent->path, parent->path_len);
		dir->path[parent->path_len] = '/';
	}
	if (name.len)
		memcpy(dir->path + start, name.ptr, name.len);
	dir->path[start + name.len] = '\0';
	dir->name_offset = (uint32_t)start;
	dir->path_len = (uint32_t)(start + name.len);
	return MUSTER_OK;
}

void closing_flush(struct walk *walk, struct walk_closing *closing)
{
	while (closing->count) {
		walk->calls->close(closing->fds[--closing->count]); /* opened read-only */
		atomic_fetch_sub(&walk->open_fd_count, 1);
	}
}

static void close_later(struct walk *walk, struct walk_closing *closing, int fd)
{
	if (closing->count == WALK_CLOSING_MAX)
		closing_flush(walk, closing);
	closing->fds[closing->count++] = fd;
}

static void dir_close_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	close_later(dir->walk, closing, dir->fd);
	dir->fd = -1;
}

void dir_settle_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	if (dir->fd >= 0 && !dir->use_count && !dir->ready_count && !dir->unopened_count &&
	    dir->item.state != ITEM_OPEN)
		dir_close_locked(dir, closing);
}

void dir_put_fd_locked(struct walk_dir *dir, int fd, struct walk_closing *closing)
{
	if (dir->fd < 0) {
		dir->fd = fd;
		return;
	}
	close_later(dir->walk, closing, fd); /* another thread was faster */
}

void dir_unref_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	while (dir && --dir->ref_count == 0) {
		struct walk_dir *parent = dir->parent;

		if (dir->fd >= 0)
			dir_close_locked(dir, closing);
		names_release(&dir->names);
		free(dir);
		dir = parent;
	}
}

/* The directory whose descriptor an item keeps open. */
static struct walk_dir *item_keeps(struct walk_item *item)
{
	struct walk_dir *dir = (struct walk_dir *)(void *)item;

	if (item->kind == ITEM_CHUNK)
		return ((struct walk_chunk *)(void *)item)->dir;
	return item->state == ITEM_WAITING ? dir->parent : dir;
}

/* Closes up to `count` descriptors that are needed last. */
static void evict_locked(struct walk *walk, unsigned count, struct walk_closing *closing)
{
	struct walk_item *item;

	TAILQ_FOREACH_REVERSE(item, &walk->shared.order, walk_items, order)
	{
		struct walk_dir *dir = item_keeps(item);

		if (!dir || dir->fd < 0 || dir->use_count)
			continue;
		dir_close_locked(dir, closing);
		if (--count == 0)
			return;
	}
}

void fd_reserve_locked(struct walk *walk, struct walk_closing *closing)
{
	if (atomic_load(&walk->open_fd_count) >= walk->shared.fd_max)
		evict_locked(walk, EVICT_COUNT, closing);
	atomic_fetch_add(&walk->open_fd_count, 1);
}

/* The process is out of descriptors: give back what the walk can, and keep fewer from now on. */
static void fd_shortage(struct walk_reader *reader)
{
	struct walk *walk = reader->walk;

	pthread_mutex_lock(&walk->shared.lock);
	if (walk->shared.fd_max > atomic_load(&walk->open_fd_count) / 2)
		walk->shared.fd_max = atomic_load(&walk->open_fd_count) / 2;
	if (walk->shared.fd_max < FD_MIN)
		walk->shared.fd_max = FD_MIN;
	evict_locked(walk, atomic_load(&walk->open_fd_count), &reader->closing);
	walk_unlock(walk);
	closing_flush(walk, &reader->closing);
}

static int open_directory(struct walk_reader *reader, int at_fd, const char *path, int flags)
{
	struct walk *walk = reader->walk;
	int fd = -1;

	flags |= O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	if (!atomic_load_explicit(&walk->is_noatime_refused, memory_order_relaxed)) {
		fd = walk->calls->openat(at_fd, path, flags | O_NOATIME);
		if (fd >= 0 || errno != EPERM)
			return fd;
		/* Somebody else's: do not ask again for each directory. */
		atomic_store_explicit(&walk->is_noatime_refused, true, memory_order_relaxed);
	}
	return walk->calls->openat(at_fd, path, flags);
}

int dir_open(struct walk_reader *reader, const struct walk_dir *dir, int parent_fd)
{
	int flags = dir->is_link ? 0 : O_NOFOLLOW;
	int at_fd = parent_fd >= 0 ? parent_fd : reader->walk->root_fd;
	const char *path = parent_fd >= 0 ? dir->path + dir->name_offset : dir->path;
	int fd = open_directory(reader, at_fd, path, flags);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return fd;
	fd_shortage(reader);
	return open_directory(reader, at_fd, path, flags);
}

/* Finds out device and inode, if that is not known; false if it cannot. */
static bool dir_identify(struct walk *walk, struct walk_dir *dir)
{
	struct statx stx;

	if (atomic_load_explicit(&dir->has_identity, memory_order_acquire))
		return true;
	if (walk->calls->statx(walk->root_fd, dir->path, AT_NO_AUTOMOUNT | AT_EMPTY_PATH, STATX_INO,
			       &stx))
		return false;
	atomic_store_explicit(&dir->device, makedev(stx.stx_dev_major, stx.stx_dev_minor),
			      memory_order_relaxed);
	atomic_store_explicit(&dir->inode, stx.stx_ino, memory_order_relaxed);
	atomic_store_explicit(&dir->has_identity, true, memory_order_release);
	return true;
}

bool dir_is_below(struct walk_reader *reader, struct walk_dir *dir, uint64_t device, uint64_t inode,
		  bool *is_below)
{
	*is_below = false;
	for (; dir && !*is_below; dir = dir->parent) {
		if (!dir_identify(reader->walk, dir))
			return false;
		*is_below = atomic_load_explicit(&dir->device, memory_order_relaxed) == device &&
			    atomic_load_explicit(&dir->inode, memory_order_relaxed) == inode;
	}
	return true;
}
