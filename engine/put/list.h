/**
 * list - files that are named instead of found: one file, or `--files-from`.
 *
 * Names are sorted (in fixed memory, io/spill), doubles count once, each is stat-ed.
 */
#ifndef ENGINE_PUT_LIST_H
#define ENGINE_PUT_LIST_H

#include "base/bytes.h"
#include "planners/ingest/ingest.h"

#define LIST_BATCH_MAX 256

struct list_entry {
	struct view path; /* in the version, without a prefix */
	const char *name; /* for openat(dir_fd) */
	struct found_file found;
	bool is_vanished;
	struct muster_error error; /* code 0: none */
};

struct list_batch {
	int dir_fd;
	size_t count;
	struct list_entry *entries; /* lent until the next call */
};

struct file_list;

/** The file `name` (from the working directory), which becomes `path`. */
enum muster_code file_list_single(struct file_list **out, const char *name, struct view path,
				  struct muster_error *err);
/** The files below `root` that `text` names, one a line, or ended by `separator` 0 if that is not
 *  '\n'. Errors: MUSTER_E_USAGE for a name that leaves the root. */
enum muster_code file_list_open(struct file_list **out, const char *root, struct view text,
				char separator, struct muster_error *err);
void file_list_close(struct file_list *list); /* takes NULL */
/** MUSTER_END behind the last. */
enum muster_code file_list_next(struct file_list *list, struct list_batch *out,
				struct muster_error *err);

#endif
