/* Leaf records become blocks. */
#include "artifact/manifest/builder_internal.h"

#include <assert.h>
#include <stdlib.h>

/** One more fence, zeroed. */
static enum muster_code fence_new(struct manifest_builder *builder, struct manifest_fence **out,
				  struct muster_error *err)
{
	struct manifest_footer *footer = &builder->footer;

	if (footer->fence_count == MANIFEST_MAX_FENCES)
		return muster_fail(err, MUSTER_E_LIMIT, "a manifest passes %d blocks",
				   MANIFEST_MAX_FENCES);
	if (footer->fence_count == builder->fence_cap) {
		size_t cap = builder->fence_cap ? 2 * builder->fence_cap : 16;
		struct manifest_fence *fences = realloc(footer->fences, cap * sizeof(*fences));

		if (!fences)
			return muster_fail_memory(err, "the fences of a manifest");
		footer->fences = fences;
		builder->fence_cap = cap;
	}
	*out = &footer->fences[footer->fence_count++];
	**out = (struct manifest_fence){ 0 };
	return MUSTER_OK;
}

/** The records' first paths lie behind each other; now that no more come, say where. */
static void block_point(struct pending_block *block)
{
	size_t at = 0;

	for (size_t i = 0; i < block->record_count; i++) {
		block->records[i].first_path.ptr = block->paths.ptr + at;
		at += block->records[i].first_path.len;
	}
}

static void block_clear(struct pending_block *block)
{
	block->record_count = 0;
	block->paths.len = 0;
	block->entry_count = block->reference_count = 0;
}

enum muster_code builder_close_block(struct manifest_builder *builder, struct muster_error *err)
{
	struct pending_block *block = &builder->block;
	struct manifest_fence *fence = NULL;
	size_t begin = builder->blocks.len;
	enum muster_code code;

	if (!block->record_count)
		return MUSTER_OK;
	block_point(block);
	code = manifest_block_encode(block->records, block->record_count, &builder->blocks, err);
	if (!code)
		code = bytes_append_view(&builder->footer.paths, block->records[0].first_path, err);
	if (!code)
		code = fence_new(builder, &fence, err);
	if (code)
		return code;
	assert(fence);
	fence->offset_bytes = builder->blocks_bytes;
	fence->length_bytes = (uint32_t)(builder->blocks.len - begin);
	fence->leaf_count = (uint32_t)block->record_count;
	fence->entry_count = block->entry_count;
	fence->reference_count = block->reference_count;
	fence->first_path.len = block->records[0].first_path.len;
	fence->digest_state = block->digest_state;
	sha256_of(view_of(builder->blocks.ptr + begin, fence->length_bytes), fence->sha256);
	builder->blocks_bytes += fence->length_bytes;
	block_clear(block);
	return MUSTER_OK;
}

/** Does the record say where a leaf lies, as far as that can be seen here? */
static enum muster_code record_check(const struct manifest_builder *builder,
				     const struct leaf_record *record, uint64_t *end_bytes,
				     struct muster_error *err)
{
	uint64_t length = (uint64_t)record->content_bytes + record->placement_bytes, sum;

	if (record->offset_bytes < OBJECT_HEADER_BYTES ||
	    add_overflows(record->offset_bytes, length, end_bytes))
		return muster_fail(err, MUSTER_E_USAGE, "a leaf is placed outside of any object");
	if (add_overflows(builder->footer.size_bytes, record->size_bytes, &sum))
		return muster_fail(err, MUSTER_E_LIMIT, "the sizes of a manifest pass 64 bits");
	return MUSTER_OK;
}

/** Count the record, whose path the block has, into everything. */
static void record_count_in(struct manifest_builder *builder, const struct leaf_record *record,
			    uint64_t end_bytes)
{
	struct manifest_footer *footer = &builder->footer;
	struct pending_block *block = &builder->block;

	block->records[block->record_count++] = *record;
	block->entry_count += record->entry_count;
	footer->size_bytes += record->size_bytes;
	footer->leaf_count++;
	footer->entry_count += record->entry_count;
	sha256_update(builder->root,
		      view_of(record->content_sha256, sizeof(record->content_sha256)));
	if (record->in_manifest && object_id_equal(&record->object, &builder->options.id) &&
	    end_bytes > builder->embedded_end_bytes)
		builder->embedded_end_bytes = end_bytes;
	builder->leaf.entry_count = 0;
}

enum muster_code builder_take_record(struct manifest_builder *builder,
				     const struct leaf_record *record, struct muster_error *err)
{
	uint64_t end_bytes = 0;
	enum muster_code code = record_check(builder, record, &end_bytes, err);

	if (code)
		return code;
	code = bytes_append_view(&builder->block.paths, record->first_path, err);
	if (code) {
		builder->is_broken = true;
		return code;
	}
	record_count_in(builder, record, end_bytes);
	if (builder->block.record_count < MANIFEST_BLOCK_LEAVES)
		return MUSTER_OK;
	code = builder_close_block(builder, err);
	builder->is_broken = code != MUSTER_OK;
	return code;
}
