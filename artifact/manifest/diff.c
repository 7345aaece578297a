/*
 * Two cursors walk side by side. Each side has
 *
 *	a head   the next entry was read and waits
 *	a seam   nothing was read; a leaf begins next, known by its record
 *	an end
 *
 * At two seams of equal leaves both are skipped. Otherwise the side that comes first is read; a
 * leaf is not read before the other side reaches its first path, so that a leaf behind a change
 * is still at its seam, to be skipped, when the other side gets there.
 */
#include "artifact/manifest/diff.h"

#include <stdlib.h>

#include "artifact/manifest/cursor_internal.h"

struct diff_side {
	struct cursor *cursor;
	bool has_head, is_ended;
	const struct leaf_record *seam; /* NULL unless the side is at one */
	struct entry head;
};

struct diff {
	struct diff_side a, b;
	struct cursor *hungry;
};

enum muster_code diff_new(struct diff **out, struct cursor *a, struct cursor *b,
			  struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "a diff");
	(*out)->a.cursor = a;
	(*out)->b.cursor = b;
	return MUSTER_OK;
}

void diff_free(struct diff *diff)
{
	free(diff);
}

struct cursor *diff_side(const struct diff *diff)
{
	return diff->hungry;
}

/** Read the side's next entry as its head. */
static enum muster_code side_read(struct diff *diff, struct diff_side *side,
				  struct muster_error *err)
{
	enum muster_code code = cursor_next(side->cursor, &side->head, err);

	side->seam = NULL;
	if (code == MUSTER_OK)
		side->has_head = true;
	else if (code == MUSTER_END)
		side->is_ended = true;
	else if (code == MUSTER_FULL)
		diff->hungry = side->cursor;
	return code == MUSTER_END ? MUSTER_OK : code;
}

/** Give the side a head, a seam or an end. */
static enum muster_code side_look(struct diff *diff, struct diff_side *side,
				  struct muster_error *err)
{
	enum muster_code code;

	if (side->has_head || side->is_ended)
		return MUSTER_OK;
	code = cursor_leaf(side->cursor, &side->seam, err);
	if (code == MUSTER_END) {
		side->is_ended = true;
		return MUSTER_OK;
	}
	if (code == MUSTER_FULL)
		diff->hungry = side->cursor;
	if (code || side->seam)
		return code;
	return side_read(diff, side, err);
}

static struct view side_path(const struct diff_side *side)
{
	return side->has_head ? side->head.path : side->seam->first_path;
}

/** Both at seams of leaves with equal content: over them. */
static bool skip_equal_leaves(struct diff *diff)
{
	const struct leaf_record *a = diff->a.seam, *b = diff->b.seam;

	if (!a || !b ||
	    memcmp(a->content_sha256, b->content_sha256, sizeof(a->content_sha256)) != 0)
		return false;
	cursor_skip_leaf(diff->a.cursor);
	cursor_skip_leaf(diff->b.cursor);
	diff->a.seam = diff->b.seam = NULL;
	return true;
}

/** <0, 0, >0: which side comes first; a side that ended comes last. */
static int side_order(const struct diff *diff)
{
	if (diff->a.is_ended || diff->b.is_ended)
		return (int)diff->a.is_ended - (int)diff->b.is_ended;
	return view_compare(side_path(&diff->a), side_path(&diff->b));
}

/** Read what comes first and is only known by its seam. MUSTER_OK with `*has_read` false: all that
 *  comes first is there. */
static enum muster_code read_first(struct diff *diff, int order, bool *has_read,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	*has_read = false;
	if (order <= 0 && diff->a.seam) {
		*has_read = true;
		code = side_read(diff, &diff->a, err);
	}
	if (!code && order >= 0 && diff->b.seam) {
		*has_read = true;
		code = side_read(diff, &diff->b, err);
	}
	return code;
}

/** Take the heads that come first; true if they are a change, which `out` then tells. */
static bool heads_take(struct diff *diff, int order, struct change *out)
{
	struct diff_side *a = &diff->a, *b = &diff->b;

	a->has_head = a->has_head && order > 0;
	b->has_head = b->has_head && order < 0;
	if (order == 0 && entry_content_equal(&a->head, &b->head))
		return false;
	memset(out, 0, sizeof(*out));
	out->kind = order == 0 ? CHANGE_MODIFIED : order < 0 ? CHANGE_REMOVED : CHANGE_ADDED;
	if (order <= 0)
		out->a = a->head;
	if (order >= 0)
		out->b = b->head;
	return true;
}

static void skip_equal_blocks(struct diff *diff)
{
	if (diff->a.has_head || diff->b.has_head)
		return;
	while (cursor_skip_equal_blocks(diff->a.cursor, diff->b.cursor))
		diff->a.seam = diff->b.seam = NULL;
}

enum muster_code diff_next(struct diff *diff, struct change *out, struct muster_error *err)
{
	for (;;) {
		enum muster_code code;
		bool has_read;
		int order;

		skip_equal_blocks(diff);
		code = side_look(diff, &diff->a, err);
		if (!code)
			code = side_look(diff, &diff->b, err);
		if (code)
			return code;
		if (diff->a.is_ended && diff->b.is_ended)
			return MUSTER_END;
		if (skip_equal_leaves(diff))
			continue;
		order = side_order(diff);
		code = read_first(diff, order, &has_read, err);
		if (code)
			return code;
		if (!has_read && heads_take(diff, order, out))
			return MUSTER_OK;
	}
}
