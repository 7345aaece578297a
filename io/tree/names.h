/**
 * names - the names of one directory, collected in any order and given sorted.
 *
 * Order:   by bytes, a directory as "name/".
 * Memory:  up to the limits in an arena, beyond them through spill. A name that was given twice
 *          (the directory changed while it was read) comes once.
 * Threads: one at a time.
 */
#ifndef IO_TREE_NAMES_H
#define IO_TREE_NAMES_H

#include "io/spill/key_sort.h"
#include "io/tree/walk.h"

struct spill;

#define NAMES_TAKE_MAX WALK_BATCH_MAX /* at once */

enum name_kind {
	NAME_FILE,	 /* by its type, not stat'ed yet */
	NAME_KNOWN_FILE, /* stat'ed while its type was resolved */
	NAME_DIRECTORY,
	NAME_LINKED_DIRECTORY, /* or below one, or of a type that only stat told */
	NAME_FAILED,	       /* why is `sys_errno` */
	NAME_LOOP,
	NAME_NOT_UTF8,
	NAME_TOO_LONG, /* its path is */
};

struct name {
	enum name_kind kind;
	bool is_directory;
	uint8_t sys_errno;	   /* of NAME_FAILED */
	struct view text;	   /* the name */
	const uint8_t *stat_bytes; /* of NAME_KNOWN_FILE: a struct walk_stat, not aligned */
};

struct names_limits {
	size_t count_max, bytes_max; /* in memory */
	size_t spill_memory_bytes;   /* 0: spill's default */
	const char *spill_dir;	     /* borrowed */
};

/** A zeroed one is empty. */
struct names {
	struct bytes arena;
	struct key_slot *slots; /* room for 2 * cap */
	size_t count, cap, next;
	struct spill *spill;
	struct bytes lent; /* of the spilled names that were given last */
	struct bytes last; /* the last key given, if spilled */
};

/** Copies all of `name`. */
enum muster_code names_add(struct names *names, const struct names_limits *limits,
			   const struct name *name, struct muster_error *err);
/** Ends the adding. */
enum muster_code names_sort(struct names *names, struct muster_error *err);
/** Gives up to `max` names, lent until the next call; fewer only at the end. */
enum muster_code names_take(struct names *names, struct name *out, size_t max, size_t *count,
			    struct muster_error *err);
/** How many lie in memory. */
size_t names_held(const struct names *names);
bool names_may_have_more(const struct names *names);
/** Empties, but keeps the memory. */
void names_reset(struct names *names);
void names_release(struct names *names);

#endif
