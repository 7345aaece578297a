/**
 * tree_writer - creates, replaces, reads and removes files below one directory.
 *
 * Beneath:  a path never leaves the root, and no symbolic link below the root is followed, whoever
 *           puts it there and when: one in the way is an error of the item that meets it. A link
 *           under a file's own name is replaced, where replacing is allowed.
 * Whole:    a small file is created under its own name and unlinked if its bytes do not get
 *           there; a large one, and one that replaces another, has a temporary name
 *           (".muster-…" beside it) until it is whole; a large one none at all, where the file
 *           system can do that: a process that is killed leaves nothing of it. Nothing is synced
 *           but by tree_writer_sync().
 * Threads:  one writer belongs to one thread; many writers may share a root descriptor.
 * Memory:   up to TREE_WRITER_DIRS directories stay open; nothing is allocated per file.
 * Errors:   all are data of one item and name its path: MUSTER_E_IO with sys_errno (ENOTDIR: a
 *           file or a link is where a directory should be; EISDIR: a directory has the file's
 *           name; ENOSPC, EDQUOT, EACCES, …), MUSTER_E_USAGE for a path that may not be.
 */
#ifndef IO_FILE_TREE_WRITER_H
#define IO_FILE_TREE_WRITER_H

#include "base/bytes.h"
#include "io/store/sys.h"

#define TREE_WRITER_DIRS    16
#define TREE_PATH_MAX_BYTES 4096

/** Open the root of a tree; `make` makes it, and what is above it, if missing. Links to the root
 *  itself are followed. Gives a descriptor. MUSTER_E_NAME where it is not a directory. */
enum muster_code tree_root_open(int *out, const char *path, bool make, struct muster_error *err);

struct tree_writer;

/** Borrows `root_fd`, and `sys` (NULL: the system's), for life. */
enum muster_code tree_writer_new(struct tree_writer **out, int root_fd, const struct sys_ops *sys,
				 struct muster_error *err);
void tree_writer_free(struct tree_writer *writer); /* takes NULL */

/** Create a file; MUSTER_EXISTS if `path` is taken and `overwrite` does not allow to replace it. */
enum muster_code tree_writer_put_small(struct tree_writer *writer, struct view path,
				       struct view data, bool overwrite, struct muster_error *err);

/** A large file on its way. */
struct tree_file;

/** Gives a file; MUSTER_EXISTS as above (asked here, and once more at the end). */
enum muster_code tree_file_begin(struct tree_writer *writer, struct view path, bool overwrite,
				 struct tree_file **out, struct muster_error *err);
/** Lends the descriptor of a file that nothing was appended to: for who can fill it without moving
 *  its bytes. */
int tree_file_fd(const struct tree_file *file);
enum muster_code tree_file_append(struct tree_file *file, struct view data,
				  struct muster_error *err);
/** Takes the file, whatever the answer; MUSTER_EXISTS if somebody was faster. */
enum muster_code tree_file_finish(struct tree_file *file, struct muster_error *err);
void tree_file_abort(struct tree_file *file); /* takes the file, or NULL; nothing is left of it */

/** Open a file for reading. Gives a descriptor. MUSTER_ABSENT where there is nothing; what is not
 *  a regular file is MUSTER_E_IO (ELOOP: a symbolic link). */
enum muster_code tree_writer_open_read(struct tree_writer *writer, struct view path, int *out,
				       struct muster_error *err);
/** Remove a file, or the link under its name. MUSTER_ABSENT where there is nothing. */
enum muster_code tree_writer_remove(struct tree_writer *writer, struct view path,
				    struct muster_error *err);
/** Remove the directories above `path` that are empty, the nearest first; never the root. */
enum muster_code tree_writer_prune(struct tree_writer *writer, struct view path,
				   struct muster_error *err);
/** One syncfs of the root's file system. */
enum muster_code tree_writer_sync(struct tree_writer *writer, struct muster_error *err);

#endif
