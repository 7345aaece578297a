/* A merge of the base and the changes that steps by leaves where it can:
 *
 *	|  block 0  |  block 1  |           block 2             |  block 3  |
 *	 records only, unread    digested    cut anew    digested and taken
 *	                         and taken   ^ change
 *
 * A leaf can be taken only while the writer is between leaves and all of it lies before the next
 * change, which the first path of the leaf behind it tells. The base's last leaf, which no rule
 *cut, can be taken only when no change follows. */
#include "engine/manifest/version_edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct version_edit {
	struct version_reader *base;
	struct version_writer *writer;
	struct version_edit_options options;
	bool has_begun;
	struct entry head; /* of the base: read, and not taken over yet */
	bool has_head, is_ended;
};

enum muster_code version_edit_open(struct version_edit **out, struct version_reader *base,
				   struct version_writer *writer,
				   const struct version_edit_options *options,
				   struct muster_error *err)
{
	struct version_edit *edit = calloc(1, sizeof(*edit));

	*out = NULL;
	if (!edit)
		return muster_fail_memory(err, "an edit of a version");
	edit->base = base;
	edit->writer = writer;
	if (options)
		edit->options = *options;
	*out = edit;
	return MUSTER_OK;
}

void version_edit_close(struct version_edit *edit)
{
	free(edit);
}

/* --- may a leaf be taken as it is? ------------------------------------------------------------ */

static enum muster_code ask_pack(void *state, const struct object_id *pack, uint64_t pack_bytes,
				 struct muster_error *err)
{
	const struct version_edit *edit = state;

	(void)err;
	return edit->options.may_rely_on(edit->options.state, pack, pack_bytes) ? MUSTER_OK
										: MUSTER_ABSENT;
}

/* MUSTER_ABSENT: its entries must be asked for one by one. */
static enum muster_code leaf_is_reliable(struct version_edit *edit,
					 const struct leaf_record *record, struct muster_error *err)
{
	struct view placement;
	enum muster_code code;

	if (!edit->options.may_rely_on || record->placement_bytes == 0)
		return MUSTER_OK;
	code = version_reader_placement(edit->base, record, &placement, err);
	return code ? code : leaf_each_pack(placement, ask_pack, edit, err);
}

/* --- leaves in front of the first change: unread ---------------------------------------------- */

typedef enum muster_code leaf_step(struct version_edit *edit, const struct leaf_record *record,
				   struct muster_error *err);

static enum muster_code take_unread(struct version_edit *edit, const struct leaf_record *record,
				    struct muster_error *err)
{
	return version_writer_take_leaf(edit->writer, record, err);
}

/* Does `step` for each leaf of a block; the base stands behind it then. */
static enum muster_code each_leaf(struct version_edit *edit, const struct manifest_fence *fence,
				  leaf_step *step, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	version_reader_seek(edit->base, fence->first_path);
	for (uint32_t i = 0; i < fence->leaf_count && !code; i++) {
		const struct leaf_record *record = NULL;

		code = version_reader_seam(edit->base, &record, err);
		if (!code)
			code = step(edit, record, err);
		if (!code)
			cursor_skip_leaf(version_reader_cursor(edit->base));
	}
	return code;
}

/* The block where the entry of `path` is or would be; the last one without a path. */
static size_t block_of(const struct manifest_footer *footer, const struct view *path)
{
	size_t low = 0, high = footer->fence_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (!path || view_compare(footer->fences[middle].first_path, *path) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static enum muster_code take_blocks_before(struct version_edit *edit, const struct view *path,
					   struct muster_error *err)
{
	const struct manifest_footer *footer = version_reader_footer(edit->base);
	size_t wanted = block_of(footer, path), block = 0;
	enum muster_code code = MUSTER_OK;

	for (; block < wanted && !code; block++) {
		const struct manifest_fence *fence = &footer->fences[block];

		if (edit->options.may_rely_on)
			code = each_leaf(edit, fence, leaf_is_reliable, err);
		if (!code)
			code = each_leaf(edit, fence, take_unread, err);
		if (code)
			break;
	}
	if (code && code != MUSTER_ABSENT)
		return code;
	version_reader_seek(edit->base, footer->fences[block].first_path);
	return block ? version_writer_resume(edit->writer, footer, block, err) : MUSTER_OK;
}

static enum muster_code begin(struct version_edit *edit, const struct view *path,
			      struct muster_error *err)
{
	const struct manifest_footer *footer = version_reader_footer(edit->base);

	if (edit->has_begun)
		return MUSTER_OK;
	edit->has_begun = true;
	if (edit->options.goes_on || edit->options.each)
		return MUSTER_OK;
	/* Only MD5 keeps a state to go on from. */
	if (footer->algorithm != DIGEST_MD5 || footer->fence_count < 2)
		return MUSTER_OK;
	return take_blocks_before(edit, path, err);
}

/* --- leaves between changes: digested --------------------------------------------------------- */

static bool is_before(const struct version_edit *edit, const struct view *path)
{
	struct view behind;

	if (!path && !edit->options.is_to_go_on)
		return true;
	return cursor_leaf_behind(version_reader_cursor(edit->base), &behind) &&
	       (!path || view_compare(behind, *path) <= 0);
}

static enum muster_code see(struct version_edit *edit, const struct entry *entry,
			    struct muster_error *err)
{
	return edit->options.each ? edit->options.each(edit->options.each_state, entry, err)
				  : MUSTER_OK;
}

static enum muster_code take_leaf(struct version_edit *edit, const struct leaf_record *seam,
				  struct muster_error *err)
{
	struct leaf_record record = *seam; /* its path lasts while its block is held */
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	for (uint32_t i = 0; i < record.entry_count && !code; i++) {
		code = version_reader_next(edit->base, &entry, err);
		if (!code)
			code = see(edit, &entry, err);
		if (!code)
			code = version_writer_digest(edit->writer, &entry, err);
	}
	return code ? code : version_writer_take_leaf(edit->writer, &record, err);
}

/* As many whole leaves as can be. */
static enum muster_code take_leaves(struct version_edit *edit, const struct view *path,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && version_writer_at_seam(edit->writer)) {
		const struct leaf_record *record = NULL;

		code = version_reader_seam(edit->base, &record, err);
		if (code || !record || !is_before(edit, path))
			break;
		code = leaf_is_reliable(edit, record, err);
		if (!code)
			code = take_leaf(edit, record, err);
	}
	return code == MUSTER_END || code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* --- entries ---------------------------------------------------------------------------------- */

static enum muster_code need_head(struct version_edit *edit, const struct view *path,
				  struct muster_error *err)
{
	enum muster_code code;

	if (edit->has_head || edit->is_ended)
		return MUSTER_OK;
	code = take_leaves(edit, path, err);
	if (!code)
		code = version_reader_next(edit->base, &edit->head, err);
	edit->has_head = code == MUSTER_OK;
	edit->is_ended = code == MUSTER_END;
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code take_head(struct version_edit *edit, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (edit->options.take_over)
		code = edit->options.take_over(edit->options.state, &edit->head, err);
	if (!code)
		code = see(edit, &edit->head, err);
	if (!code)
		code = version_writer_add(edit->writer, &edit->head, err);
	if (!code)
		edit->has_head = false;
	return code;
}

/* All of the base before `path`; without one, all. */
static enum muster_code take_until(struct version_edit *edit, const struct view *path,
				   struct muster_error *err)
{
	enum muster_code code = begin(edit, path, err);

	while (!code) {
		code = need_head(edit, path, err);
		if (code || edit->is_ended)
			break;
		if (path && view_compare(edit->head.path, *path) >= 0)
			break;
		code = take_head(edit, err);
	}
	return code;
}

/* An entry of the same path is dropped. */
static enum muster_code take_before(struct version_edit *edit, const struct view *path,
				    struct muster_error *err)
{
	enum muster_code code = take_until(edit, path, err);

	if (!code && path && edit->has_head && view_equal(edit->head.path, *path))
		edit->has_head = false;
	return code;
}

enum muster_code version_edit_put(struct version_edit *edit, const struct entry *entry,
				  struct muster_error *err)
{
	enum muster_code code = take_before(edit, &entry->path, err);

	return code ? code : version_writer_add(edit->writer, entry, err);
}

enum muster_code version_edit_take_before(struct version_edit *edit, struct view path,
					  struct muster_error *err)
{
	return take_before(edit, &path, err);
}

enum muster_code version_edit_remove(struct version_edit *edit, struct view path,
				     struct muster_error *err)
{
	return take_before(edit, &path, err);
}

enum muster_code version_edit_remove_tree(struct version_edit *edit, struct view directory,
					  struct muster_error *err)
{
	uint8_t end[ENTRY_PATH_MAX_BYTES + 1];
	enum muster_code code = take_before(edit, &directory, err);

	assert(directory.len && directory.len <= sizeof(end) &&
	       directory.ptr[directory.len - 1] == '/');
	memcpy(end, directory.ptr, directory.len);
	end[directory.len - 1] = '/' + 1; /* the first path behind all that is beneath it */
	if (code || edit->is_ended ||
	    (edit->has_head && view_compare(edit->head.path, view_of(end, directory.len)) >= 0))
		return code;
	edit->has_head = false;
	version_reader_seek(edit->base, view_of(end, directory.len));
	return MUSTER_OK;
}

enum muster_code version_edit_peek(struct version_edit *edit, struct view path,
				   const struct entry **out, struct muster_error *err)
{
	enum muster_code code = take_until(edit, &path, err);

	*out = &edit->head;
	return !code && edit->is_ended ? MUSTER_END : code;
}

enum muster_code version_edit_finish(struct version_edit *edit, struct muster_error *err)
{
	return take_before(edit, NULL, err);
}
