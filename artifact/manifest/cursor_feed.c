/* What a cursor is fed is proved before it is believed. */
#include "artifact/manifest/cursor_internal.h"

static enum muster_code block_refuse(const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "block: %s", reason);
}

/** A leaf in this manifest lies before its blocks. */
static bool record_fits(const struct cursor *cursor, const struct leaf_record *record)
{
	const struct manifest_footer *footer = cursor->footer;
	uint64_t end = record->offset_bytes + record->content_bytes + record->placement_bytes;

	return !record->in_manifest || !object_id_equal(&record->object, &footer->id) ||
	       end <= footer->fences[0].offset_bytes;
}

/** Are the records, just parsed, what the block's fence says? */
static enum muster_code block_check(const struct cursor *cursor, size_t record_count,
				    struct muster_error *err)
{
	const struct manifest_fence *fence = &cursor->footer->fences[cursor->block];
	uint64_t entry_count = 0;

	if (record_count != fence->leaf_count)
		return block_refuse("it has not the leaves that its fence says", err);
	if (!view_equal(cursor->records[0].first_path, fence->first_path))
		return block_refuse("its first path is not the one in its fence", err);
	for (size_t i = 0; i < record_count; i++) {
		if (!record_fits(cursor, &cursor->records[i]))
			return block_refuse("a leaf reaches into the blocks", err);
		entry_count += cursor->records[i].entry_count;
	}
	if (entry_count != fence->entry_count)
		return block_refuse("it has not the entries that its fence says", err);
	if (cursor->block + 1 < cursor->footer->fence_count &&
	    view_compare(cursor->records[record_count - 1].first_path, fence[1].first_path) >= 0)
		return block_refuse("its last leaf is not before the next block", err);
	return MUSTER_OK;
}

static enum muster_code feed_block(struct cursor *cursor, struct view bytes,
				   struct muster_error *err)
{
	const struct manifest_fence *fence = &cursor->footer->fences[cursor->block];
	uint8_t sha256[32];
	size_t record_count = 0;
	enum muster_code code;

	sha256_of(bytes, sha256);
	if (memcmp(sha256, fence->sha256, sizeof(sha256)) != 0)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "block: its SHA-256 is not the one in the footer");
	cursor->block_held = CURSOR_NONE;
	code = manifest_block_parse(bytes, cursor->records, MANIFEST_BLOCK_LEAVES, &record_count,
				    &cursor->record_paths, err);
	if (!code)
		code = block_check(cursor, record_count, err);
	if (code)
		return code;
	cursor->record_count = record_count;
	cursor->block_held = cursor->block;
	return MUSTER_OK;
}

static enum muster_code leaf_check(const struct leaf_record *record, struct view content,
				   struct view placement, bool with_placement,
				   struct muster_error *err)
{
	uint8_t sha256[32], checksum[16];

	sha256_of(content, sha256);
	if (memcmp(sha256, record->content_sha256, sizeof(sha256)) != 0)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "leaf: the SHA-256 of its content is not the one in its record");
	if (!with_placement)
		return MUSTER_OK;
	xxh128_of(placement, checksum);
	if (memcmp(checksum, record->placement_checksum, sizeof(checksum)) != 0)
		return muster_fail(
			err, MUSTER_E_DIGEST,
			"leaf: the checksum of its placement is not the one in its record");
	return MUSTER_OK;
}

static enum muster_code feed_leaf(struct cursor *cursor, struct view bytes,
				  struct muster_error *err)
{
	const struct leaf_record *record = cursor_record(cursor);
	struct view content = view_of(bytes.ptr, record->content_bytes);
	struct view placement = view_of(bytes.ptr + content.len, bytes.len - content.len);
	enum muster_code code = leaf_check(record, content, placement, cursor->with_placement, err);

	if (code)
		return code;
	cursor->leaf_held_block = cursor->leaf_held = CURSOR_NONE;
	cursor->leaf_bytes.len = 0;
	code = bytes_append_view(&cursor->leaf_bytes, bytes, err);
	if (code)
		return code;
	content.ptr = cursor->leaf_bytes.ptr;
	placement.ptr = content.ptr + content.len;
	code = leaf_reader_open(cursor->reader, content, placement, err);
	if (!code && leaf_reader_entry_count(cursor->reader) != record->entry_count)
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "leaf: it has not the entries that its record says");
	if (code)
		return code;
	cursor->leaf_held_block = cursor->block;
	cursor->leaf_held = cursor->leaf;
	cursor->is_leaf_fresh = true;
	cursor->leaves_decoded++;
	return MUSTER_OK;
}

enum muster_code cursor_feed(struct cursor *cursor, struct view bytes, struct muster_error *err)
{
	const struct wanted *wanted = cursor_wanted(cursor);
	char id[OBJECT_ID_TEXT_BYTES];
	enum muster_code code;

	if (!wanted)
		return muster_fail(err, MUSTER_E_USAGE, "a cursor that wants nothing was fed");
	if (bytes.len != wanted->length_bytes)
		code = muster_fail(err, MUSTER_E_FORMAT, "%zu bytes instead of %u", bytes.len,
				   wanted->length_bytes);
	else if (cursor->want == WANT_BLOCK)
		code = feed_block(cursor, bytes, err);
	else
		code = feed_leaf(cursor, bytes, err);
	if (code) {
		object_id_text(&wanted->object, id);
		muster_context(err, "object %s at %llu", id,
			       (unsigned long long)wanted->offset_bytes);
		return code;
	}
	cursor->want = WANT_NOTHING;
	return MUSTER_OK;
}
