/* A worker's way into the target: what becomes of proven bytes. */
#ifndef ENGINE_GET_TREE_H
#define ENGINE_GET_TREE_H

#include "engine/get/backup.h"
#include "engine/get/fetch.h"
#include "io/file/tree_writer.h"

struct get_tree {
	struct get_job *job;
	int root_fd;	  /* borrowed */
	bool notes_stats; /* an item that was written gets its stat: one system call more */
	bool may_prune;	  /* empty directories that have a file's name are removed */
	struct get_backup *backup; /* borrowed; NULL: what is replaced is gone */
	struct tree_writer *writer;
};

/** `tree` is filled but for the writer. */
enum muster_code get_tree_open(struct get_tree *tree, struct muster_error *err);
void get_tree_close(struct get_tree *tree); /* takes a zeroed one */
struct get_sink get_tree_sink(struct get_tree *tree);

enum get_kind { GET_KIND_FILE, GET_KIND_DIRECTORY, GET_KIND_OTHER }; /* a link is another */

/** What is under a path now, links not followed. MUSTER_ABSENT; failures name the path. */
enum muster_code get_tree_look(struct get_tree *tree, struct view path, enum get_kind *kind,
			       struct file_stat *out, struct muster_error *err);

#endif
