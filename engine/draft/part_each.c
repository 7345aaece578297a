/* What a part says, in the order of paths. */
#include "engine/draft/part_internal.h"

enum muster_code part_each_said(struct part *part, part_said_fn *fn, void *state,
				struct muster_error *err)
{
	enum muster_code code = spill_map_seek(part->table, view_of("", 0), err);
	struct view path, value;
	struct kept kept;

	while (!code && !(code = spill_map_next(part->table, &path, &value, err))) {
		kept_decode(&kept, path, value);
		kept_settle(&kept);
		code = fn(state, path, &kept, err);
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* The table's walk goes on, and the sources' entries are given between. */
struct merging {
	struct part *part;
	part_each_fn *fn;
	void *state;
	bool has_head; /* of the sources */
	struct entry head;
};

static enum muster_code next_head(struct merging *merging, struct muster_error *err)
{
	enum muster_code code =
		version_reader_next(merging->part->sources.reader, &merging->head, err);

	merging->has_head = code == MUSTER_OK;
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* All heads before `path` (NULL: all). */
static enum muster_code give_before(struct merging *merging, const struct view *path,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && merging->has_head &&
	       (!path || view_compare(merging->head.path, *path) < 0)) {
		code = merging->fn(merging->state, &merging->head, err);
		if (!code)
			code = next_head(merging, err);
	}
	return code;
}

/* All heads that the table's word hides. */
static enum muster_code drop_hidden(struct merging *merging, struct view path,
				    struct muster_error *err)
{
	bool is_directory = path.ptr[path.len - 1] == '/';
	enum muster_code code = MUSTER_OK;

	while (!code && merging->has_head &&
	       (is_directory ? view_begins_with(merging->head.path, path)
			     : view_equal(merging->head.path, path)))
		code = next_head(merging, err);
	return code;
}

static enum muster_code merge_one(void *state, struct view path, struct kept *kept,
				  struct muster_error *err)
{
	struct merging *merging = state;
	enum muster_code code = give_before(merging, &path, err);

	if (!code)
		code = drop_hidden(merging, path, err);
	if (!code && kept->kind == KEPT_ADDED)
		code = merging->fn(merging->state, &kept->entry, err);
	return code;
}

enum muster_code part_each(struct part *part, part_each_fn *fn, void *state,
			   struct muster_error *err)
{
	struct merging merging = { .part = part, .fn = fn, .state = state };
	enum muster_code code = part_need_sources(part, err);

	if (!code) {
		version_reader_seek(part->sources.reader, view_of("", 0));
		code = next_head(&merging, err);
	} else if (code == MUSTER_ABSENT) {
		code = MUSTER_OK;
	}
	if (!code)
		code = part_each_said(part, merge_one, &merging, err);
	return code ? code : give_before(&merging, NULL, err);
}
