/* The parts of tree_writer. */
#ifndef IO_FILE_TREE_INTERNAL_H
#define IO_FILE_TREE_INTERNAL_H

#include "io/file/tree_writer.h"

#define TREE_NAME_MAX_BYTES	  255
#define TREE_TEMPORARY_NAME_BYTES 64

/* An open directory below the root. */
struct tree_dir {
	struct bytes path; /* without a '/' at its end */
	int fd;		   /* -1: a free slot */
	uint64_t used_at;  /* by the writer's own count; the lowest is closed first */
};

struct tree_writer {
	const struct sys_ops *sys;
	int root_fd;
	struct tree_dir dirs[TREE_WRITER_DIRS];
	size_t last; /* the slot used last: files come directory by directory */
	uint64_t use_count;
	bool makes_dirs; /* the last directory had to be made: the next one probably, too */
	bool no_beneath; /* the kernel has no openat2, or does not let us use it */
	uint64_t temporary_id, temporary_count;
	bool can_be_unnamed; /* what has no name can be given one */
};

/* Where a path leads: a name in an open directory, which stays open until the next lookup. */
struct tree_place {
	int dir_fd;
	char name[TREE_NAME_MAX_BYTES + 1];
};

enum tree_lookup { TREE_LOOKUP_ONLY, TREE_LOOKUP_MAKE };

/* "<verb> '<path>': <cause>" from errno. */
enum muster_code tree_fail(struct view path, const char *verb, struct muster_error *err);

/* Find (or make) the directory of `path`. MUSTER_ABSENT: it is not there, and not to be made. */
enum muster_code tree_find(struct tree_writer *writer, struct view path, enum tree_lookup lookup,
			   struct tree_place *out, struct muster_error *err);
/* The directories found so far may be gone. */
void tree_forget(struct tree_writer *writer);
/* An open directory was gone: is it worth to look again? Forgets, and says yes once. */
bool tree_look_again(struct tree_writer *writer, bool *has_looked);

#endif
