/* The records of a manifest's leaves, each block proved by the SHA-256 in the footer. */
#include "engine/check/check_internal.h"

#include <string.h>

void leaf_list_release(struct leaf_list *list)
{
	bytes_release(&list->paths);
	bytes_release(&list->raw);
}

static enum muster_code refuse(size_t block, const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "block %zu: %s", block, reason);
}

/* A leaf in this manifest lies before its blocks. */
static bool lies_well(const struct leaf_list *list, const struct leaf_record *record)
{
	const struct manifest_footer *footer = &list->file->footer;
	uint64_t end;

	if (!record->in_manifest || !object_id_equal(&record->object, &footer->id))
		return true;
	return !add_overflows(record->offset_bytes,
			      (uint64_t)record->content_bytes + record->placement_bytes, &end) &&
	       end <= footer->fences[0].offset_bytes;
}

static enum muster_code compare_with_fence(const struct leaf_list *list, size_t count,
					   struct muster_error *err)
{
	const struct manifest_footer *footer = &list->file->footer;
	const struct manifest_fence *fence = &footer->fences[list->block];
	uint64_t entry_count = 0;

	if (count != fence->leaf_count)
		return refuse(list->block, "it has not the leaves that its fence says", err);
	if (!view_equal(list->records[0].first_path, fence->first_path))
		return refuse(list->block, "its first path is not the one in its fence", err);
	for (size_t i = 0; i < count; i++) {
		if (!lies_well(list, &list->records[i]))
			return refuse(list->block, "a leaf reaches into the blocks", err);
		entry_count += list->records[i].entry_count;
	}
	if (entry_count != fence->entry_count)
		return refuse(list->block, "it has not the entries that its fence says", err);
	if (list->block + 1 < footer->fence_count &&
	    view_compare(list->records[count - 1].first_path, fence[1].first_path) >= 0)
		return refuse(list->block, "its last leaf is not before the next block", err);
	return MUSTER_OK;
}

static enum muster_code read_block(struct leaf_list *list, struct muster_error *err)
{
	const struct manifest_fence *fence = &list->file->footer.fences[list->block];
	uint8_t sha256[32];
	enum muster_code code;

	list->raw.len = 0;
	code = bytes_reserve(&list->raw, fence->length_bytes, err);
	if (!code)
		code = store_read(list->file->object, fence->offset_bytes, list->raw.ptr,
				  fence->length_bytes, err);
	if (code)
		return code;
	list->raw.len = fence->length_bytes;
	sha256_of(bytes_view(&list->raw), sha256);
	if (memcmp(sha256, fence->sha256, sizeof(sha256)) != 0)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "block %zu: its SHA-256 is not the one in the footer",
				   list->block);
	return MUSTER_OK;
}

enum muster_code leaf_list_need(struct leaf_list *list, struct muster_error *err)
{
	size_t count = 0;
	enum muster_code code;

	if (list->count && list->at < list->count)
		return MUSTER_OK;
	if (list->count)
		leaf_list_skip_block(list);
	if (list->block == list->file->footer.fence_count)
		return MUSTER_END;
	code = read_block(list, err);
	if (!code)
		code = manifest_block_parse(bytes_view(&list->raw), list->records,
					    MANIFEST_BLOCK_LEAVES, &count, &list->paths, err);
	if (!code)
		code = compare_with_fence(list, count, err);
	list->count = code ? 0 : count;
	list->at = 0;
	return code;
}

void leaf_list_skip_block(struct leaf_list *list)
{
	list->block++;
	list->at = list->count = 0;
}

bool leaf_list_behind(const struct leaf_list *list, struct view *out)
{
	const struct manifest_footer *footer = &list->file->footer;

	if (list->at + 1 < list->count)
		*out = list->records[list->at + 1].first_path;
	else if (list->block + 1 < footer->fence_count)
		*out = footer->fences[list->block + 1].first_path;
	else
		return false;
	return true;
}
