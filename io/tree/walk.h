/**
 * walk - the files below a directory, in byte order of their full paths, with their stat or, to
 * save a system call a file, without.
 *
 * Order:    depth first, siblings sorted by bytes, a directory compared as "name/"; so paths come
 *           exactly as strcmp() on whole paths sorts them. An entry with an error that is a
 *           directory stands where its contents would. Symbolic links are followed and unknown
 *           types resolved before sorting. Devices, FIFOs and sockets are counted and skipped.
 * Threads:  `thread_count` readers list and stat directories ahead; one thread at a time calls
 *           walk_next(), which works itself on what it needs if no reader does. Batches may be
 *           freed by any thread. A walk is opened and closed by one thread.
 * Memory:   at most `ahead_entry_max` entries are held beyond the batch that is awaited. Names of
 *           directories that are used in parts are held up to WALK_SORT_MAX or `names_max_bytes`
 * for each of those being listed and their ancestors; a larger directory is sorted in spilled runs.
 * Files:    at most about a quarter of RLIMIT_NOFILE is open, however deep or wide the tree; the
 *           directories of batches that were given are open beyond that.
 * Failures: an unreadable directory, a link loop, a broken link, a name that is not UTF-8, a path
 *           of more than WALK_PATH_MAX_BYTES are entries with `error` set: data, the walk goes on.
 *           Want of memory or of descriptors ends it. What is gone between being listed and being
 *           opened or stat'ed is counted as vanished.
 */
#ifndef IO_TREE_WALK_H
#define IO_TREE_WALK_H

#include "base/bytes.h"

#define WALK_BATCH_MAX	    256
#define WALK_SORT_MAX	    262144
#define WALK_PATH_MAX_BYTES 4096

struct walk_stat {
	uint64_t size_bytes;
	int64_t mtime_ns, ctime_ns; /* since 1970; ns fit until 2262 */
	uint64_t inode;
	uint32_t device_major, device_minor;
	uint32_t mode; /* permission bits and type, after following links */
};

struct walk_entry {
	struct view path; /* from the root of the walk, NUL behind it; lent as long as the batch */
	const char *name; /* the last component, NUL-terminated, for openat(batch->dir_fd) */
	struct walk_stat stat;	    /* zeroed without has_stat */
	struct muster_error *error; /* NULL, or why this path cannot be read */
	bool has_stat;		    /* every file, unless `types_only` */
	bool is_directory;	    /* only on an entry with an error */
};

/** A run of files of one directory, in order. Owned by the caller until walk_batch_free(). */
struct walk_batch {
	uint64_t sequence; /* 0, 1, 2, … in path order */
	int dir_fd; /* borrowed; open until the batch is left or freed; -1 if it has errors only */
	size_t entry_count;
	struct walk_entry *entries;
};

/** Which paths are wanted. Called from reader threads, must be pure. A directory (path without
 *  the trailing '/') that is not wanted is not entered. */
typedef bool walk_wanted_fn(const void *state, struct view path, bool is_directory);

struct walk_options {
	unsigned thread_count;	  /* 0: 2 */
	size_t ahead_entry_max;	  /* 0: 65,536 */
	size_t names_max_bytes;	  /* of one directory before they are spilled; 0: 16 MiB */
	walk_wanted_fn *wanted;	  /* NULL: all */
	const void *wanted_state; /* borrowed for the life of the walk */
	bool one_file_system;
	/* A file whose directory says that it is one is given without a stat. What is behind a
	 * link, or of a type that the directory does not tell, is stat'ed all the same and
	 * has_stat. That a file without is gone, has become something else or may not be read, is
	 * met by who opens it: as a file it was counted. */
	bool types_only;
	const char *spill_dir; /* for huge directories; NULL: $TMPDIR or /tmp */
};

struct walk_counts {
	uint64_t file_count, directory_count, special_count /* skipped */, error_count;
	uint64_t vanished_count;     /* gone between being listed and being opened or stat'ed */
	uint64_t other_device_count; /* directories skipped by one_file_system */
};

struct walk;

/** Errors: MUSTER_E_NAME if `root` is not a directory, MUSTER_E_IO. */
enum muster_code walk_open(struct walk **out, const char *root, const struct walk_options *options,
			   struct muster_error *err);
/** The next batch (waits for it), or MUSTER_END. Gives the batch. */
enum muster_code walk_next(struct walk *walk, struct walk_batch **out, struct muster_error *err);
void walk_batch_free(struct walk_batch *batch);
/** Nothing of the batch will be opened any more: its directory may be closed. Names and stats stay
 *  until walk_batch_free(). Who keeps many batches must leave them. Once only. */
void walk_batch_leave(struct walk_batch *batch);
struct walk_counts walk_counted(const struct walk *walk);
/** Stops the readers and waits for them; batches still held stay valid until freed. */
void walk_close(struct walk *walk);

#endif
