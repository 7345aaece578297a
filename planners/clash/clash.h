/**
 * clash - finds a file that stands where another path needs a directory ("a" and "a/b"). Pure.
 *
 * Paths come in ascending byte order, where "a-b" stands between "a" and "a/b": so the paths that
 * are text prefixes of the present one are kept, each a prefix of the next.
 * Memory: the nested prefixes of one path, at most its own length.
 */
#ifndef PLANNERS_CLASH_CLASH_H
#define PLANNERS_CLASH_CLASH_H

#include "base/bytes.h"

/** Zeroed is ready. */
struct clash {
	struct bytes path; /* the last path */
	struct bytes ends; /* lengths (u32) of those of its prefixes that are files */
};

void clash_release(struct clash *clash);
/** Errors: MUSTER_E_USAGE if some earlier path is a parent of this one, naming both. */
enum muster_code clash_next(struct clash *clash, struct view path, struct muster_error *err);

#endif
