/* The inside of one component of a pattern. */
#ifndef BASE_FILTER_GLOB_INTERNAL_H
#define BASE_FILTER_GLOB_INTERNAL_H

#include "base/filter/glob.h"

/** How long the set ("[...]") at the front of `pattern` is; 0 and a reason if it is none. */
size_t glob_set_len(struct view pattern, const char **reason);
/** Is `point` in the set, which glob_set_len() has measured? */
bool glob_set_match(struct view set, uint32_t point);

/** Does a component with any wildcards match a name? */
bool glob_name_match(struct view pattern, struct view name);

#endif
