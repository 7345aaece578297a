/* Which entries of a version a run is about: those under a prefix that the rules want. */
#ifndef ENGINE_GET_SELECT_H
#define ENGINE_GET_SELECT_H

#include "engine/manifest/version_reader.h"
#include "muster/get.h"

struct get_selection {
	struct bytes prefix; /* normalized; empty: all */
	struct muster_wanted_rules rules;
	struct bytes wanted_dir;  /* this directory and those above are wanted */
	struct bytes refused_dir; /* the last one that is not, without '/'; empty: none */
	bool has_begun;
	uint64_t under_prefix; /* entries met under the prefix, wanted or not */
};

/** `prefix` may be NULL. Errors: MUSTER_E_USAGE for one that no path has. */
enum muster_code get_selection_init(struct get_selection *selection, const char *prefix,
				    const struct muster_wanted_rules *rules,
				    struct muster_error *err);
void get_selection_release(struct get_selection *selection); /* takes a zeroed one */
/** Does it take every entry of the version? */
static inline bool get_selection_is_all(const struct get_selection *selection)
{
	return selection->prefix.len == 0 && !selection->rules.wanted;
}

/** The next selected entry, lent until the next call; MUSTER_END. */
enum muster_code get_select_next(struct get_selection *selection, struct version_reader *version,
				 struct entry *out, struct muster_error *err);
/** Do the rules leave this path out? Paths need not ascend. */
enum muster_code get_selection_leaves_out(struct get_selection *selection, struct view path,
					  bool *out, struct muster_error *err);

#endif
