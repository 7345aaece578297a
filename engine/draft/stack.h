/**
 * stack - looks into a version and the parts over it, without merging them.
 *
 * Threads: one at a time. Memory: a reader of the version; while a call looks into a part, one of
 * that, too: parts may be many.
 */
#ifndef ENGINE_DRAFT_STACK_H
#define ENGINE_DRAFT_STACK_H

#include "engine/draft/part.h"
#include "engine/manifest/version_reader.h"

struct stack {
	struct store *store;		/* borrowed */
	const struct part_stack *parts; /* borrowed */
	struct version_reader *version; /* NULL until it is needed */
	struct version_reader *part;	/* the one that was looked into last */
};

/** Nothing is read yet. */
void stack_init(struct stack *stack, struct store *store, const struct part_stack *parts);
void stack_release(struct stack *stack);
/** The entry of `path`, lent until the next call. MUSTER_ABSENT. */
enum muster_code stack_find(struct stack *stack, struct view path, struct entry *out,
			    struct muster_error *err);
/** Is there an entry beneath `directory`, which ends with '/'? */
enum muster_code stack_has_beneath(struct stack *stack, struct view directory, bool *out,
				   struct muster_error *err);

/** Calls `fn` for each directory above the path, from the top: "a/", "a/b/". Anything but
 *  MUSTER_ABSENT ends it and is returned. */
typedef enum muster_code path_above_fn(void *state, struct view directory,
				       struct muster_error *err);
enum muster_code path_each_above(struct view path, path_above_fn *fn, void *state,
				 struct muster_error *err);

#endif
