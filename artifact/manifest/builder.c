#include "artifact/manifest/builder_internal.h"

#include <stdlib.h>

/* A cut is possible from here on, and sure from there on (FORMAT §4). */
#define CUT_FROM_BYTES (LEAF_TARGET_BYTES / 4)
#define CUT_AT_BYTES   (LEAF_TARGET_BYTES * 4)

_Static_assert(LEAF_TARGET_BYTES == 1u << 14, "entry_cuts() divides 2^64 by the target");
#define CUT_HASHES_PER_BYTE (UINT64_C(1) << 50)

size_t entry_weight(const struct entry *entry)
{
	return leaf_entry_bytes(entry);
}

/** Does a leaf end behind this entry, which brought it to `leaf_bytes`? */
static bool entry_cuts(const struct entry *entry, size_t weight_bytes, size_t leaf_bytes)
{
	if (leaf_bytes < CUT_FROM_BYTES)
		return false;
	if (leaf_bytes >= CUT_AT_BYTES || weight_bytes >= LEAF_TARGET_BYTES)
		return true;
	return xxh64_of(entry->path) < weight_bytes * CUT_HASHES_PER_BYTE;
}

enum muster_code builder_new(struct manifest_builder **out, const struct builder_options *options,
			     struct muster_error *err)
{
	struct manifest_builder *builder = calloc(1, sizeof(*builder));
	enum muster_code code;

	*out = NULL;
	if (!builder)
		return muster_fail_memory(err, "a manifest builder");
	builder->options = *options;
	code = leaf_builder_new(&builder->leaf_builder, err);
	if (!code)
		code = sha256_new(&builder->root, err);
	if (!code)
		code = artifact_digest_begin(&builder->digest, options->algorithm, err);
	if (code) {
		builder_free(builder);
		return code;
	}
	*out = builder;
	return MUSTER_OK;
}

void builder_free(struct manifest_builder *builder)
{
	if (!builder)
		return;
	leaf_builder_free(builder->leaf_builder);
	sha256_free(builder->root);
	artifact_digest_release(&builder->digest);
	bytes_release(&builder->block.paths);
	bytes_release(&builder->blocks);
	manifest_footer_release(&builder->footer);
	free(builder);
}

static enum muster_code builder_misused(const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_USAGE, "manifest builder: %s", reason);
}

/** What every step but placing needs. */
static enum muster_code builder_ready(const struct manifest_builder *builder,
				      struct muster_error *err)
{
	if (builder->is_broken)
		return builder_misused("it failed before", err);
	if (builder->is_lent)
		return builder_misused("the leaf that is lent was not placed", err);
	return MUSTER_OK;
}

/** May another entry come? `is_reused` tells which way. */
static enum muster_code entry_allowed(const struct manifest_builder *builder,
				      const struct entry *entry, bool is_reused,
				      struct muster_error *err)
{
	struct view last = view_of(builder->last_path, builder->last_path_bytes);
	uint64_t size_bytes = entry->has_size ? entry->size_bytes : 0, sum;
	enum muster_code code = builder_ready(builder, err);

	if (code)
		return code;
	if (builder->is_ended)
		return builder_misused("a leaf that no rule cut can only be the last", err);
	if (builder->is_behind)
		return builder_misused("the digest was not resumed behind reused leaves", err);
	if (builder->leaf.entry_count && builder->leaf.is_reused != is_reused)
		return builder_misused("entries of a reused leaf were mixed with new ones", err);
	if ((is_reused || !builder->leaf.entry_count) && view_compare(last, entry->path) >= 0) {
		last.len = last.len > 200 ? 200 : last.len;
		return muster_fail(err, MUSTER_E_FORMAT, "path '%.*s' follows '%.*s': not in order",
				   (int)(entry->path.len > 200 ? 200 : entry->path.len),
				   (const char *)entry->path.ptr, VIEW_ARGS(last));
	}
	if (builder->leaf.entry_count && add_overflows(builder->leaf.size_bytes, size_bytes, &sum))
		return muster_fail(err, MUSTER_E_LIMIT, "the sizes of a leaf pass 64 bits");
	return MUSTER_OK;
}

/** Count an entry that was allowed into the leaf, the digest and the cut. */
static void entry_count_in(struct manifest_builder *builder, const struct entry *entry)
{
	struct pending_leaf *leaf = &builder->leaf;
	size_t weight = entry_weight(entry);

	if (!leaf->entry_count) {
		leaf->weight_bytes = 0;
		leaf->size_bytes = 0;
		leaf->first_path_bytes = entry->path.len;
		memcpy(leaf->first_path, entry->path.ptr, entry->path.len);
		if (!builder->block.record_count)
			artifact_digest_save(&builder->digest, &builder->block.digest_state);
	}
	leaf->entry_count++;
	leaf->weight_bytes += weight;
	leaf->size_bytes += entry->has_size ? entry->size_bytes : 0;
	leaf->is_cut = entry_cuts(entry, weight, leaf->weight_bytes);
	artifact_digest_add(&builder->digest, entry);
	builder->block.reference_count += entry->ref.len > 0;
	builder->footer.reference_count += entry->ref.len > 0;
	builder->is_digested = true;
}

static void builder_set_last(struct manifest_builder *builder, struct view path)
{
	builder->last_path_bytes = path.len;
	memcpy(builder->last_path, path.ptr, path.len);
}

/** Encode the entries since the last seam and lend them as a leaf. */
static enum muster_code builder_cut(struct manifest_builder *builder,
				    const struct built_leaf **leaf, struct muster_error *err)
{
	struct built_leaf *built = &builder->built;
	struct leaf_record *record = &built->record;
	enum muster_code code =
		leaf_builder_finish(builder->leaf_builder, &built->content, &built->placement, err);

	if (code) {
		builder->is_broken = true;
		return code;
	}
	*record = (struct leaf_record){
		.content_bytes = (uint32_t)built->content.len,
		.placement_bytes = (uint32_t)built->placement.len,
		.first_path = view_of(builder->leaf.first_path, builder->leaf.first_path_bytes),
		.entry_count = builder->leaf.entry_count,
		.size_bytes = builder->leaf.size_bytes,
	};
	sha256_of(built->content, record->content_sha256);
	xxh128_of(built->placement, record->placement_checksum);
	builder->is_lent = true;
	*leaf = built;
	return MUSTER_OK;
}

enum muster_code builder_add(struct manifest_builder *builder, const struct entry *entry,
			     const struct built_leaf **leaf, struct muster_error *err)
{
	enum muster_code code = entry_allowed(builder, entry, false, err);

	*leaf = NULL;
	if (!code)
		code = leaf_builder_add(builder->leaf_builder, entry, err);
	if (code)
		return code;
	builder->leaf.is_reused = false;
	entry_count_in(builder, entry);
	if (!builder->leaf.is_cut)
		return MUSTER_OK;
	builder_set_last(builder, entry->path);
	return builder_cut(builder, leaf, err);
}

enum muster_code builder_digest_entry(struct manifest_builder *builder, const struct entry *entry,
				      struct muster_error *err)
{
	enum muster_code code = entry_allowed(builder, entry, true, err);

	if (code)
		return code;
	if (builder->leaf.entry_count && builder->leaf.is_cut)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "a leaf to be reused goes on where the rule cuts");
	if (entry->path.len > ENTRY_PATH_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a path of %zu bytes (maximum %d)",
				   entry->path.len, ENTRY_PATH_MAX_BYTES);
	builder->leaf.is_reused = true;
	entry_count_in(builder, entry);
	builder_set_last(builder, entry->path);
	return MUSTER_OK;
}

bool builder_at_seam(const struct manifest_builder *builder)
{
	return !builder->is_lent && (!builder->leaf.entry_count || builder->leaf.is_reused);
}

enum muster_code builder_place(struct manifest_builder *builder, const struct leaf_record *record,
			       struct muster_error *err)
{
	const struct leaf_record *own = &builder->built.record;
	enum muster_code code;

	if (builder->is_broken || !builder->is_lent)
		return builder_misused("no leaf waits to be placed", err);
	if (memcmp(own->content_sha256, record->content_sha256, sizeof(own->content_sha256)) != 0 ||
	    own->content_bytes != record->content_bytes ||
	    own->entry_count != record->entry_count || own->size_bytes != record->size_bytes ||
	    !view_equal(own->first_path, record->first_path))
		return builder_misused("a leaf was placed as another one", err);
	code = builder_take_record(builder, record, err);
	if (!code)
		builder->is_lent = false;
	return code;
}

/** Is the record that of the leaf whose entries were given? */
static enum muster_code reuse_matches(const struct pending_leaf *leaf,
				      const struct leaf_record *record, struct muster_error *err)
{
	struct view first = view_of(leaf->first_path, leaf->first_path_bytes);

	if (leaf->entry_count != record->entry_count || leaf->size_bytes != record->size_bytes ||
	    !view_equal(first, record->first_path))
		return builder_misused("the entries given are not those of the leaf reused", err);
	return MUSTER_OK;
}

/** A leaf whose entries nobody gave: only in front of everything else, and in order. */
static enum muster_code reuse_allowed(const struct manifest_builder *builder,
				      const struct leaf_record *record, struct muster_error *err)
{
	struct view last = view_of(builder->last_path, builder->last_path_bytes);

	if (builder->is_digested)
		return builder_misused("the entries of a reused leaf were not given", err);
	if (record->first_path.len > ENTRY_PATH_MAX_BYTES ||
	    view_compare(last, record->first_path) >= 0)
		return muster_fail(err, MUSTER_E_FORMAT, "reused leaves are not in order");
	return MUSTER_OK;
}

enum muster_code builder_reuse(struct manifest_builder *builder, const struct leaf_record *record,
			       struct muster_error *err)
{
	bool is_given = builder->leaf.entry_count > 0;
	enum muster_code code = builder_ready(builder, err);

	if (code)
		return code;
	if (!builder_at_seam(builder) || builder->is_ended)
		return builder_misused("a leaf can be reused at a seam only", err);
	code = is_given ? reuse_matches(&builder->leaf, record, err)
			: reuse_allowed(builder, record, err);
	if (code)
		return code;
	code = builder_take_record(builder, record, err);
	if (code)
		return code;
	builder->is_ended = is_given && !builder->leaf.is_cut;
	if (!is_given) {
		builder->is_behind = true;
		builder_set_last(builder, record->first_path);
	}
	return MUSTER_OK;
}

/** Are the blocks so far the first `block_index` ones of `footer`? */
static bool blocks_match(const struct manifest_builder *builder,
			 const struct manifest_footer *footer, size_t block_index)
{
	size_t path_at = 0;

	if (builder->footer.fence_count != block_index || builder->block.record_count)
		return false;
	for (size_t i = 0; i < block_index; i++) {
		const struct manifest_fence *own = &builder->footer.fences[i];
		const struct manifest_fence *base = &footer->fences[i];
		struct view path =
			view_of(builder->footer.paths.ptr + path_at, own->first_path.len);

		if (own->entry_count != base->entry_count || !view_equal(path, base->first_path))
			return false;
		path_at += path.len;
	}
	return true;
}

enum muster_code builder_resume_digest(struct manifest_builder *builder,
				       const struct manifest_footer *footer, size_t block_index,
				       struct muster_error *err)
{
	enum muster_code code = builder_ready(builder, err);

	if (code)
		return code;
	if (builder->is_digested || builder->leaf.entry_count)
		return builder_misused("a digest is resumed before anything is added", err);
	if (footer->algorithm != DIGEST_MD5 || builder->options.algorithm != DIGEST_MD5)
		return builder_misused("only an MD5 digest can be resumed", err);
	if (block_index >= footer->fence_count || !blocks_match(builder, footer, block_index))
		return builder_misused("the leaves reused are not those in front of the block",
				       err);
	code = artifact_digest_resume(&builder->digest, &footer->fences[block_index].digest_state,
				      err);
	if (code)
		return code;
	for (size_t i = 0; i < block_index; i++) {
		builder->footer.fences[i].digest_state = footer->fences[i].digest_state;
		builder->footer.fences[i].reference_count = footer->fences[i].reference_count;
		builder->footer.reference_count += footer->fences[i].reference_count;
	}
	builder->is_digested = true;
	builder->is_behind = false;
	return MUSTER_OK;
}

enum muster_code builder_finish_entries(struct manifest_builder *builder,
					const struct built_leaf **leaf, struct muster_error *err)
{
	enum muster_code code = builder_ready(builder, err);

	*leaf = NULL;
	if (code)
		return code;
	if (builder->leaf.entry_count && builder->leaf.is_reused)
		return builder_misused("entries were given of a leaf that was not reused", err);
	if (builder->is_behind)
		return builder_misused("the digest was not resumed behind reused leaves", err);
	if (!builder->leaf.entry_count)
		return MUSTER_OK;
	builder->is_ended = true;
	return builder_cut(builder, leaf, err);
}

void builder_set_id(struct manifest_builder *builder, const struct object_id *id)
{
	builder->options.id = *id;
}

struct bytes *builder_blocks(struct manifest_builder *builder)
{
	return &builder->blocks;
}

/** All of the footer but its encoding. */
static void footer_complete(struct manifest_builder *builder, uint64_t blocks_offset_bytes)
{
	struct manifest_footer *footer = &builder->footer;
	size_t path_at = 0;

	footer->id = builder->options.id;
	memcpy(footer->collection_id, builder->options.collection_id, 16);
	memcpy(footer->version_id, builder->options.version_id, 16);
	footer->algorithm = builder->options.algorithm;
	sha256_end(builder->root, footer->content_root);
	artifact_digest_end(&builder->digest, footer->artifact_digest);
	for (size_t i = 0; i < footer->fence_count; i++) {
		footer->fences[i].offset_bytes += blocks_offset_bytes;
		footer->fences[i].first_path.ptr = footer->paths.ptr + path_at;
		path_at += footer->fences[i].first_path.len;
	}
}

static enum muster_code tail_write(const struct manifest_builder *builder,
				   uint64_t footer_offset_bytes, struct bytes *tail,
				   struct muster_error *err)
{
	struct manifest_trailer trailer = { .footer_offset_bytes = footer_offset_bytes };
	uint8_t encoded[MANIFEST_TRAILER_BYTES];
	size_t begin = tail->len;
	enum muster_code code = manifest_footer_encode(&builder->footer, tail, err);
	struct view footer;

	if (code)
		return code;
	footer = view_of(tail->ptr + begin, tail->len - begin);
	trailer.footer_bytes = (uint32_t)footer.len;
	sha256_of(footer, trailer.footer_sha256);
	manifest_trailer_put(encoded, &trailer);
	return bytes_append(tail, encoded, sizeof(encoded), err);
}

enum muster_code builder_finish(struct manifest_builder *builder, uint64_t blocks_offset_bytes,
				struct bytes *tail, struct manifest_footer *footer,
				struct muster_error *err)
{
	uint64_t footer_offset_bytes;
	enum muster_code code = builder_ready(builder, err);

	if (code)
		return code;
	if (builder->leaf.entry_count || builder->is_behind)
		return builder_misused("it is finished before its entries are", err);
	if (builder->embedded_end_bytes > blocks_offset_bytes)
		return builder_misused("the blocks begin before its own leaves end", err);
	if (blocks_offset_bytes < OBJECT_HEADER_BYTES ||
	    add_overflows(blocks_offset_bytes, builder->blocks_bytes + MANIFEST_BLOCK_MAX_BYTES,
			  &footer_offset_bytes))
		return builder_misused("the blocks begin in the header or behind any object", err);
	builder->is_broken = true; /* whatever happens, this was the last call */
	code = builder_close_block(builder, err);
	if (code)
		return code;
	footer_complete(builder, blocks_offset_bytes);
	code = tail_write(builder, blocks_offset_bytes + builder->blocks_bytes, tail, err);
	if (!code && footer) {
		*footer = builder->footer;
		builder->footer = (struct manifest_footer){ 0 };
	}
	return code;
}
