#include "artifact/manifest/cursor_internal.h"

#include <stdlib.h>

enum muster_code cursor_new(struct cursor **out, const struct manifest_footer *footer,
			    bool with_placement, struct muster_error *err)
{
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	enum muster_code code;

	*out = NULL;
	if (!cursor)
		return muster_fail_memory(err, "a cursor");
	code = leaf_reader_new(&cursor->reader, err);
	if (code) {
		cursor_free(cursor);
		return code;
	}
	cursor->footer = footer;
	cursor->with_placement = with_placement;
	cursor->state = CURSOR_SEAM;
	cursor->block_held = cursor->leaf_held_block = cursor->leaf_held = CURSOR_NONE;
	*out = cursor;
	return MUSTER_OK;
}

void cursor_free(struct cursor *cursor)
{
	if (!cursor)
		return;
	leaf_reader_free(cursor->reader);
	bytes_release(&cursor->record_paths);
	bytes_release(&cursor->leaf_bytes);
	free(cursor);
}

void cursor_seek(struct cursor *cursor, struct view path)
{
	cursor->is_target_cut = path.len > sizeof(cursor->target);
	cursor->target_bytes = cursor->is_target_cut ? sizeof(cursor->target) : path.len;
	if (cursor->target_bytes)
		memcpy(cursor->target, path.ptr, cursor->target_bytes);
	cursor->state = CURSOR_SEEKING;
	cursor->want = WANT_NOTHING;
	cursor->is_broken = false;
}

/** Does `path` come before what is looked for? */
static bool path_before_target(const struct cursor *cursor, struct view path)
{
	int order = view_compare(path, view_of(cursor->target, cursor->target_bytes));

	return order < 0 || (order == 0 && cursor->is_target_cut);
}

void cursor_advance(struct cursor *cursor)
{
	cursor->state = CURSOR_SEAM;
	cursor->want = WANT_NOTHING;
	if (++cursor->leaf < cursor->footer->fences[cursor->block].leaf_count)
		return;
	cursor->block++;
	cursor->leaf = 0;
}

/** MUSTER_OK once the records of the block where the cursor stands are there. */
static enum muster_code cursor_need_block(struct cursor *cursor)
{
	const struct manifest_fence *fence = &cursor->footer->fences[cursor->block];

	if (cursor->block_held == cursor->block)
		return MUSTER_OK;
	cursor->want = WANT_BLOCK;
	cursor->wanted = (struct wanted){ .object = cursor->footer->id,
					  .in_manifest = true,
					  .offset_bytes = fence->offset_bytes,
					  .length_bytes = fence->length_bytes };
	return MUSTER_FULL;
}

/** MUSTER_OK once the reader stands before the first entry of that leaf. */
static enum muster_code cursor_need_leaf(struct cursor *cursor, struct muster_error *err)
{
	const struct leaf_record *record = cursor_record(cursor);
	struct view content = view_of(cursor->leaf_bytes.ptr, record->content_bytes);
	struct view placement = { 0 };

	if (cursor->leaf_held_block != cursor->block || cursor->leaf_held != cursor->leaf) {
		cursor->want = WANT_LEAF;
		cursor->wanted = (struct wanted){ .object = record->object,
						  .in_manifest = record->in_manifest,
						  .offset_bytes = record->offset_bytes,
						  .length_bytes = record->content_bytes };
		if (cursor->with_placement)
			cursor->wanted.length_bytes += record->placement_bytes;
		return MUSTER_FULL;
	}
	if (cursor->is_leaf_fresh)
		return MUSTER_OK;
	if (cursor->with_placement)
		placement = view_of(content.ptr + content.len, record->placement_bytes);
	return leaf_reader_open(cursor->reader, content, placement, err);
}

const struct wanted *cursor_wanted(const struct cursor *cursor)
{
	return cursor->want == WANT_NOTHING ? NULL : &cursor->wanted;
}

/** The last block whose first path is not behind the target, or the first of all. */
static size_t target_block(const struct cursor *cursor)
{
	const struct manifest_footer *footer = cursor->footer;
	struct view target = view_of(cursor->target, cursor->target_bytes);
	size_t low = 0, high = footer->fence_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view_compare(footer->fences[middle].first_path, target) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/** The same among the leaves of the block that is held. */
static size_t target_leaf(const struct cursor *cursor)
{
	struct view target = view_of(cursor->target, cursor->target_bytes);
	size_t low = 0, high = cursor->record_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view_compare(cursor->records[middle].first_path, target) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/** Out of SEEKING: find the leaf where the target lies, or would lie. */
static enum muster_code cursor_settle(struct cursor *cursor)
{
	enum muster_code code;

	if (cursor->state != CURSOR_SEEKING)
		return MUSTER_OK;
	cursor->block = target_block(cursor);
	cursor->leaf = 0;
	if (cursor->block < cursor->footer->fence_count) {
		code = cursor_need_block(cursor);
		if (code)
			return code;
		cursor->leaf = target_leaf(cursor);
		if (path_before_target(cursor, cursor_record(cursor)->first_path)) {
			cursor->state = CURSOR_SKIPPING;
			return MUSTER_OK;
		}
	}
	cursor->state = CURSOR_SEAM;
	return MUSTER_OK;
}

bool cursor_leaf_behind(const struct cursor *cursor, struct view *first_path)
{
	if (cursor->leaf + 1 < cursor->record_count)
		*first_path = cursor->records[cursor->leaf + 1].first_path;
	else if (cursor->block + 1 < cursor->footer->fence_count)
		*first_path = cursor->footer->fences[cursor->block + 1].first_path;
	else
		return false;
	return true;
}

/** Is the leaf what its record says? Looked at with its first and with its last entry. */
static const char *entry_mismatch(const struct cursor *cursor, const struct entry *entry)
{
	const struct leaf_record *record = cursor_record(cursor);
	struct view behind;

	if (cursor->left == record->entry_count && !view_equal(entry->path, record->first_path))
		return "its first path is not the one in its record";
	if (cursor->left > 1)
		return NULL;
	if (cursor->size_bytes != record->size_bytes)
		return "its size is not the one in its record";
	if (cursor_leaf_behind(cursor, &behind) && view_compare(entry->path, behind) >= 0)
		return "its last path is not before the next leaf";
	return NULL;
}

/** The next entry of the leaf; behind the last the cursor stands at the next seam. */
static enum muster_code cursor_read(struct cursor *cursor, struct entry *out,
				    struct muster_error *err)
{
	enum muster_code code = leaf_reader_next(cursor->reader, out, err);
	const char *reason = NULL;

	cursor->is_leaf_fresh = false;
	if (!code) {
		cursor->size_bytes += out->has_size ? out->size_bytes : 0;
		if (cursor->left == 1 || cursor->left == cursor_record(cursor)->entry_count)
			reason = entry_mismatch(cursor, out);
		if (reason)
			code = muster_fail(err, MUSTER_E_FORMAT, "leaf: %s", reason);
	}
	if (code) {
		const struct leaf_record *record = cursor_record(cursor);
		char id[OBJECT_ID_TEXT_BYTES];

		object_id_text(&record->object, id);
		muster_context(err, "object %s at %llu", id,
			       (unsigned long long)record->offset_bytes);
		cursor->is_broken = true;
		return code;
	}
	if (--cursor->left == 0)
		cursor_advance(cursor);
	return MUSTER_OK;
}

/** From SEAM or SKIPPING to INSIDE. */
static enum muster_code cursor_enter(struct cursor *cursor, struct muster_error *err)
{
	enum muster_code code;

	if (cursor->block == cursor->footer->fence_count)
		return MUSTER_END;
	code = cursor_need_block(cursor);
	if (!code)
		code = cursor_need_leaf(cursor, err);
	if (code)
		return code;
	cursor->left = cursor_record(cursor)->entry_count;
	cursor->size_bytes = 0;
	cursor->state = CURSOR_INSIDE;
	return MUSTER_OK;
}

/** The first entry of the leaf that is not before the target; MUSTER_ABSENT if all are. */
static enum muster_code cursor_skip_to_target(struct cursor *cursor, struct entry *out,
					      struct muster_error *err)
{
	enum muster_code code = cursor_enter(cursor, err);

	while (!code && cursor->state == CURSOR_INSIDE) {
		code = cursor_read(cursor, out, err);
		if (!code && !path_before_target(cursor, out->path))
			return MUSTER_OK;
	}
	return code ? code : MUSTER_ABSENT;
}

enum muster_code cursor_next(struct cursor *cursor, struct entry *out, struct muster_error *err)
{
	enum muster_code code;

	if (__builtin_expect(cursor->state == CURSOR_INSIDE && !cursor->is_broken, 1))
		return cursor_read(cursor, out, err);
	if (cursor->is_broken)
		return muster_fail(err, MUSTER_E_FORMAT, "the manifest was refused before");
	code = cursor_settle(cursor);
	if (!code && cursor->state == CURSOR_SKIPPING) {
		code = cursor_skip_to_target(cursor, out, err);
		if (code != MUSTER_ABSENT)
			return code;
		code = MUSTER_OK; /* the next leaf begins with what is looked for */
	}
	if (!code)
		code = cursor_enter(cursor, err);
	return code ? code : cursor_read(cursor, out, err);
}

enum muster_code cursor_leaf(struct cursor *cursor, const struct leaf_record **out,
			     struct muster_error *err)
{
	enum muster_code code;

	*out = NULL;
	if (cursor->is_broken)
		return muster_fail(err, MUSTER_E_FORMAT, "the manifest was refused before");
	code = cursor_settle(cursor);
	if (code || cursor->state != CURSOR_SEAM)
		return code;
	if (cursor->block == cursor->footer->fence_count)
		return MUSTER_END;
	code = cursor_need_block(cursor);
	if (!code)
		*out = cursor_record(cursor);
	return code;
}

void cursor_skip_leaf(struct cursor *cursor)
{
	if (cursor->state == CURSOR_SEAM && cursor->block < cursor->footer->fence_count)
		cursor_advance(cursor);
}

bool cursor_skip_equal_blocks(struct cursor *a, struct cursor *b)
{
	if (a->state != CURSOR_SEAM || b->state != CURSOR_SEAM || a->leaf || b->leaf ||
	    a->block == a->footer->fence_count || b->block == b->footer->fence_count ||
	    memcmp(a->footer->fences[a->block].sha256, b->footer->fences[b->block].sha256,
		   sizeof(a->footer->fences->sha256)) != 0)
		return false;
	a->block++;
	b->block++;
	a->want = b->want = WANT_NOTHING;
	return true;
}

uint64_t cursor_leaves_decoded(const struct cursor *cursor)
{
	return cursor->leaves_decoded;
}
