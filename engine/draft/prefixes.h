/**
 * prefixes - what was said of paths that the present one begins with. Pure.
 *
 * Paths ascend; "a" and "a/" are text prefixes of "a/b", and between them other paths may come
 * ("a-b"): so those that the present path begins with are kept, each a prefix of the next.
 * Memory: the nested prefixes of one path, at most its own length.
 */
#ifndef ENGINE_DRAFT_PREFIXES_H
#define ENGINE_DRAFT_PREFIXES_H

#include "base/bytes.h"

struct prefix {
	uint32_t len; /* of the path */
	uint32_t what;
};

/** Zeroed is ready. */
struct prefixes {
	struct bytes path;  /* the present one */
	struct bytes items; /* of struct prefix, from the shortest */
};

void prefixes_release(struct prefixes *prefixes);
/** Go on to `path`: those that it does not begin with are forgotten. */
enum muster_code prefixes_step(struct prefixes *prefixes, struct view path,
			       struct muster_error *err);
/** Say something of the present path. */
enum muster_code prefixes_say(struct prefixes *prefixes, uint32_t what, struct muster_error *err);
size_t prefixes_count(const struct prefixes *prefixes);
struct prefix prefixes_at(const struct prefixes *prefixes, size_t index);

#endif
