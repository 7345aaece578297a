/**
 * filter - which entry paths are wanted, by gitignore patterns.
 *
 * Exclude patterns mean what they mean in a .gitignore file at the root: the last pattern that
 * matches decides; one with '!' in front wants the path again; one with '/' at the front or within
 * is held against the whole path, any other against the last component; '/' at the end matches
 * directories only. What lies below an excluded directory is not wanted, whatever else matches.
 *
 * Include patterns are written the same. If there is any, a file is wanted only if it is included
 * and not excluded: it or the nearest of its directories that an include pattern matches decides,
 * again by the last pattern that does. Directories are entered unless they are excluded.
 *
 * Source:  gitignore(5).
 * Threads: one thread builds a filter; then any number may ask it.
 * Memory:  a few times the patterns; none while asking.
 */
#ifndef BASE_FILTER_FILTER_H
#define BASE_FILTER_FILTER_H

#include "base/filter/glob.h"

#define FILTER_PATTERNS_MAX 65536

enum filter_kind { FILTER_INCLUDE, FILTER_EXCLUDE };

struct filter;

/** Gives a filter that wants everything. Errors: MUSTER_E_MEMORY. */
enum muster_code filter_new(struct filter **out, struct muster_error *err);
void filter_free(struct filter *filter);

/**
 * Add a pattern behind those of its kind. Here '#' and spaces at the end are part of it.
 *
 * Errors: MUSTER_E_USAGE as glob_new(), MUSTER_E_LIMIT over GLOB_PATTERN_MAX_BYTES or
 * FILTER_PATTERNS_MAX, MUSTER_E_MEMORY; the filter is then as it was.
 */
enum muster_code filter_add(struct filter *filter, struct view pattern, enum filter_kind kind,
			    struct muster_error *err);

/**
 * Add the lines of a file as exclude patterns. Empty lines and those that begin with '#' say
 * nothing; spaces at the end of a line count only behind a backslash; CRLF and a byte order mark
 * are accepted.
 *
 * Errors: as filter_add(), naming the line; the lines before it are added.
 */
enum muster_code filter_add_file_text(struct filter *filter, struct view text,
				      struct muster_error *err);

/** Is `path` (as glob_match() takes it) wanted; if it is a directory, should it be entered? */
bool filter_wants(const struct filter *filter, struct view path, bool is_directory);

/** The same for a walk, which does not enter what it was told not to: the directories above `path`
 *  are taken as wanted. `filter` is a struct filter *, so that this is a predicate of a walk. */
bool filter_wants_in_walk(const void *filter, struct view path, bool is_directory);

#endif
