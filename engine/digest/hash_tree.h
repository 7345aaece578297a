/**
 * hash_tree - the files of some directories, read and hashed by workers, given in path order.
 *
 *	source (walks and single files, merged in path order)
 *	  -> workers (small files through an intake; large ones side by side, by whoever is free)
 *	  -> a window of batches, given in order
 *
 * Threads:  `worker_count` workers and as many readers of directories. One thread opens, drives
 *           and closes a tree.
 * Memory:   an intake a worker, HASH_TREE_WINDOW batches of at most 256 files.
 * Pressure: workers stop at HASH_TREE_WINDOW batches ahead of what was given.
 * Failures: those of a file are its `error`: data, the tree goes on. A file that is gone when it
 *           is opened is counted and not given.
 */
#ifndef ENGINE_DIGEST_HASH_TREE_H
#define ENGINE_DIGEST_HASH_TREE_H

#include "base/hash/hash.h"
#include "engine/intake/form.h"
#include "muster/put.h"

#define HASH_TREE_WINDOW 64
#define HASH_TREE_FILES	 1024 /* on their way in a worker: they come out before the window ends */

/** All pointers are borrowed until hash_tree_close(). */
struct hash_tree_options {
	const struct muster_source *sources;
	size_t source_count;
	enum digest_algorithm algorithm; /* DIGEST_MD5 or DIGEST_XXH128 */
	unsigned worker_count;		 /* at least 1 */
	struct intake_form form;
	uint64_t memory_bytes;
	struct muster_progress *progress; /* NULL: nobody looks, nobody cancels */
	muster_wanted_fn *wanted;	  /* NULL: all */
	const void *wanted_state;
	bool one_file_system;
};

/** One file, lent until the next call. */
struct hashed_file {
	struct view path; /* as an entry of a version would have it */
	uint64_t size_bytes;
	struct fingerprint fingerprint;	  /* digest and checksum */
	const struct muster_error *error; /* NULL, or why it could not be read: then all but `path`
					     is without meaning */
};

struct hash_tree;

/** Errors: MUSTER_E_NAME where a source does not exist, MUSTER_E_USAGE where it is of no use. */
enum muster_code hash_tree_open(struct hash_tree **out, const struct hash_tree_options *options,
				struct muster_error *err);
void hash_tree_close(struct hash_tree *tree); /* takes NULL; stops the workers and waits */

/** The next file, or MUSTER_END. Errors: MUSTER_E_USAGE for a path that comes from two sources,
 *  MUSTER_E_CANCELLED, failures of the walk itself. */
enum muster_code hash_tree_next(struct hash_tree *tree, struct hashed_file *out,
				struct muster_error *err);

struct hash_tree_counts {
	uint64_t vanished_files, special_files;
};
/** Complete behind MUSTER_END. */
struct hash_tree_counts hash_tree_counted(const struct hash_tree *tree);

#endif
