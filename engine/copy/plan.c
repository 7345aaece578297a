/* The plan of a version: each entry with what the target's latest version has under its path. What
 * that one has, or what lies in a pack that the target holds already, is kept without asking any
 * index. One worker at a time does this, for its own batch. */
#include "engine/copy/copy_internal.h"
#include "planners/verification/verification.h"

/* So much that a batch's ranges are worth a worker's while, and no more than a pack. */
#define BATCH_BYTES (32u << 20)

static enum muster_code advance_base(struct copy_version *version, struct muster_error *err)
{
	enum muster_code code = version_reader_next(version->base, &version->plan.base_head, err);

	version->plan.has_base_head = code == MUSTER_OK;
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* The base's entry of this path, or NULL. */
static enum muster_code find_in_base(struct copy_version *version, struct view path,
				     const struct entry **out, struct muster_error *err)
{
	int order = -1;
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (version->base && version->plan.rank == 0)
		code = advance_base(version, err);
	while (!code && version->plan.has_base_head) {
		order = view_compare(version->plan.base_head.path, path);
		if (order >= 0)
			break;
		code = advance_base(version, err);
	}
	if (!code && version->plan.has_base_head && order == 0)
		*out = &version->plan.base_head;
	return code;
}

/* Are these the same bytes, as the target knows them? */
static bool is_same_blob(const struct copy *copy, const struct blob_key *wanted,
			 const struct entry *base)
{
	const struct get_item other = { .entry = *base };
	struct blob_key has;

	return base->is_placed && copy_key(copy, &other, &has) && blob_key_equal(wanted, &has);
}

static enum muster_code keep_if_stored(struct copy_version *version, struct get_item *item,
				       const struct placement *place, struct muster_error *err)
{
	struct blob_set *set;
	enum muster_code code = copy_need_set(version->copy, item->entry.algorithm, &set, err);

	if (!code && copy_is_stored(version->copy, set, place)) {
		item->fate = GET_KEPT;
		item->place = (struct blob_place){ .known = *place };
	}
	return code;
}

/* Ids of packs are never given twice: a copy of a whole repository has them all. */
static bool is_of_target(const struct copy *copy)
{
	return memcmp(repository_id(copy->source), repository_id(copy->target), 16) == 0;
}

static enum muster_code plan_item(struct copy_version *version, struct get_item *item,
				  struct muster_error *err)
{
	struct copy *copy = version->copy;
	struct blob_key key;
	const struct entry *base;
	enum muster_code code = find_in_base(version, item->entry.path, &base, err);

	item->rank = version->plan.rank++;
	if (code)
		return code;
	if (verification_is_reference(&item->entry)) {
		item->fate = GET_SKIPPED;
		return MUSTER_OK;
	}
	if (!copy_key(copy, item, &key))
		return MUSTER_OK;
	if (base && is_same_blob(copy, &key, base))
		code = keep_if_stored(version, item, &base->placement, err);
	if (!code && item->fate == GET_WANTED && item->entry.is_placed && is_of_target(copy))
		code = keep_if_stored(version, item, &item->entry.placement, err);
	return code;
}

enum muster_code copy_fill(void *state, void *filled, struct muster_error *err)
{
	struct copy_version *version = state;
	struct get_batch *batch = filled;
	uint64_t small_bytes = 0;
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	get_batch_reset(batch);
	while (!code && get_batch_has_room(batch) && small_bytes < BATCH_BYTES) {
		struct get_item *item;

		code = version_reader_next(version->source, &entry, err);
		if (code)
			break;
		item = get_batch_add(batch, &entry);
		code = plan_item(version, item, err);
		if (item->fate == GET_WANTED && !get_item_is_large(item))
			small_bytes += entry.size_bytes;
	}
	if (code == MUSTER_END && batch->count)
		return MUSTER_OK; /* the version answers the same once more */
	if (code)
		get_batch_reset(batch);
	return code;
}
