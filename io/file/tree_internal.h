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

/* A file that is not whole yet. */
struct tree_temporary {
	struct tree_place place; /* `name` is the final one */
	int dir_fd;		 /* a descriptor of its own: the cache may close its one */
	int fd;			 /* -1: closed */
	bool is_unnamed;   /* it has none until it is whole: a process that dies leaves nothing */
	bool is_named;	   /* the temporary name stands */
	bool has_own_name; /* it is whole, but may not be closed */
	char name[TREE_TEMPORARY_NAME_BYTES];
};

/* Can a file get its first name here, through /proc? */
bool tree_can_be_unnamed(void);
/* In `dir_fd`. False where file system or kernel have no files without names. */
bool tree_open_unnamed(struct tree_writer *writer, struct tree_temporary *temporary);
/* In `dir_fd`, with a temporary name. The descriptor; -1 with errno. */
int tree_open_temporary(struct tree_writer *writer, struct tree_temporary *temporary);
/* It is whole: one without a name gets its own, or, to replace what has that, a temporary one. -1
 * with errno. */
int tree_end_unnamed(struct tree_writer *writer, struct tree_temporary *temporary, bool overwrite);
/* Its own name, for a temporary one. -1 with errno. */
int tree_give_name(struct tree_writer *writer, struct tree_temporary *temporary, bool overwrite);
/* Close it, and remove what is left of it; errno stays. */
void tree_temporary_drop(struct tree_writer *writer, struct tree_temporary *temporary);
/* Closing can be where a server says that there is no room. -1 with errno. */
int tree_close_checked(struct tree_writer *writer, int *fd);

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
