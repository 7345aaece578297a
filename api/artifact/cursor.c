#include "api/artifact/cursor.h"

#include "engine/draft/kept.h"

enum { BASE, ADDED };

/* --- what a draft adds, written down ---------------------------------------------------------- */

struct writing {
	struct artifact_cursor *cursor;
	struct bytes value;
};

static enum muster_code write_down(void *state, const struct entry *entry, struct muster_error *err)
{
	struct writing *writing = state;
	struct kept kept = { .kind = KEPT_ADDED, .entry = *entry };
	enum muster_code code = kept_encode(&kept, &writing->value, err);

	return code ? code
		    : spill_map_put(writing->cursor->added, entry->path,
				    bytes_view(&writing->value), err);
}

static enum muster_code open_draft(struct artifact_cursor *cursor,
				   const struct artifact_draft *draft, struct muster_error *err)
{
	struct writing writing = { .cursor = cursor };
	enum muster_code code;

	if (draft->is_finished)
		return muster_fail(err, MUSTER_E_NOT_LOGGED,
				   "artifact '%s' is finalized, but not logged: save it once more",
				   draft->name);
	code = spill_map_new(&cursor->added, NULL, CURSOR_ADDED_BYTES, err);

	cursor->part = draft->part;
	if (!code)
		code = part_each(draft->part, write_down, &writing, err);
	if (!code && draft->base.version)
		code = named_version_read(&draft->base, false, &cursor->version, err);
	bytes_release(&writing.value);
	return code;
}

enum muster_code artifact_cursor_open(struct artifact_cursor *cursor,
				      const struct muster_artifact *artifact,
				      struct muster_error *err)
{
	enum muster_code code;

	*cursor = (struct artifact_cursor){ 0 };
	if (artifact->draft)
		code = open_draft(cursor, artifact->draft, err);
	else
		code = artifact_read(artifact, &cursor->version, err);
	if (code)
		artifact_cursor_close(cursor);
	return code;
}

void artifact_cursor_close(struct artifact_cursor *cursor)
{
	version_reader_close(cursor->version);
	spill_map_free(cursor->added);
	*cursor = (struct artifact_cursor){ 0 };
}

/* --- stepping --------------------------------------------------------------------------------- */

/* The base's next entry that the draft has left there. */
static enum muster_code step_base(struct artifact_cursor *cursor, struct muster_error *err)
{
	struct entry found;
	enum muster_code code = MUSTER_ABSENT;

	cursor->has_head[BASE] = false;
	while (cursor->version && code == MUSTER_ABSENT) {
		code = version_reader_next(cursor->version, &cursor->heads[BASE], err);
		if (!code && cursor->part)
			code = part_find(cursor->part, cursor->heads[BASE].path, &found, err);
	}
	cursor->has_head[BASE] = code == MUSTER_OK;
	return code == MUSTER_END || code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* The map lends for one call, and is not asked between: its bytes stay until the next step. */
static enum muster_code step_added(struct artifact_cursor *cursor, struct muster_error *err)
{
	struct view path, value;
	struct kept kept;
	enum muster_code code;

	cursor->has_head[ADDED] = false;
	if (!cursor->added)
		return MUSTER_OK;
	code = spill_map_next(cursor->added, &path, &value, err);
	if (code)
		return code == MUSTER_END ? MUSTER_OK : code;
	kept_decode(&kept, path, value);
	cursor->heads[ADDED] = kept.entry;
	cursor->has_head[ADDED] = true;
	return MUSTER_OK;
}

enum muster_code artifact_cursor_seek(struct artifact_cursor *cursor, struct view path,
				      struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (cursor->version)
		version_reader_seek(cursor->version, path);
	if (cursor->added)
		code = spill_map_seek(cursor->added, path, err);
	cursor->has_begun = false;
	return code;
}

/* Which head is given next, or -1; where both have one path, what was added hides the base's. */
static int choose(const struct artifact_cursor *cursor, bool *hides)
{
	int order;

	*hides = false;
	if (!cursor->has_head[BASE] || !cursor->has_head[ADDED])
		return cursor->has_head[BASE] ? BASE : cursor->has_head[ADDED] ? ADDED : -1;
	order = view_compare(cursor->heads[BASE].path, cursor->heads[ADDED].path);
	*hides = order == 0;
	return order < 0 ? BASE : ADDED;
}

/* Heads that were given stay until they are asked for again: `out` is lent from them. */
static enum muster_code leave(struct artifact_cursor *cursor, struct muster_error *err)
{
	bool hides;
	int given = choose(cursor, &hides);
	enum muster_code code = MUSTER_OK;

	if (!cursor->has_begun || given == BASE || hides)
		code = step_base(cursor, err);
	if (!code && (!cursor->has_begun || given == ADDED))
		code = step_added(cursor, err);
	cursor->has_begun = true;
	return code;
}

enum muster_code artifact_cursor_next(struct artifact_cursor *cursor, struct entry *out,
				      struct muster_error *err)
{
	bool hides;
	enum muster_code code = leave(cursor, err);
	int next;

	if (code)
		return code;
	next = choose(cursor, &hides);
	if (next < 0)
		return MUSTER_END;
	*out = cursor->heads[next];
	return MUSTER_OK;
}
