/**
 * glob - one pattern on a '/'-separated path, as gitignore writes them.
 *
 *	*        any characters but '/', also none
 *	?        one character but '/' (a UTF-8 character counts as one, as does a byte that is
 *none) [a-z]    one of these; [!a-z] and [^a-z] one but these; [:alpha:] and so on, of ASCII
 *	**       as a whole component: any number of components, also none; at the end at least one
 *	\c       the character c itself
 *
 * A pattern matches a whole path, from the first component to the last. A leading dot is nothing
 * special, letters are compared as they are.
 *
 * Source:  gitignore(5), "PATTERN FORMAT".
 * Threads: a glob does not change once made; any number of threads may match with it.
 * Memory:  one allocation of a few times the pattern; none while matching.
 * Time:    at most pattern length times path length, whatever the pattern.
 */
#ifndef BASE_FILTER_GLOB_H
#define BASE_FILTER_GLOB_H

#include "base/bytes.h"

#define GLOB_PATTERN_MAX_BYTES 4096

struct glob;

/**
 * Gives a glob. `pattern` is borrowed for the call.
 *
 * Errors: MUSTER_E_USAGE naming the pattern, if it could never match a path: it is empty, has an
 * empty component, a component "." or "..", a '[' without its ']', an unknown [:class:], or ends
 * in a bare backslash. MUSTER_E_LIMIT over GLOB_PATTERN_MAX_BYTES. MUSTER_E_MEMORY.
 */
enum muster_code glob_new(struct glob **out, struct view pattern, struct muster_error *err);
void glob_free(struct glob *glob);

/** `path` has no leading, trailing or double '/'. */
bool glob_match(const struct glob *glob, struct view path);

/** Is the pattern a single component? */
bool glob_is_name(const struct glob *glob);

#endif
