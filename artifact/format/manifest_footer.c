/* Footer and trailer: what a version is, and where its blocks lie (docs/formats/manifest.md). */
#include "artifact/format/columns.h"
#include "artifact/format/leaf.h"
#include "artifact/format/manifest.h"

#include <stdlib.h>

#define FOOTER_VERSION 1

/** Of a footer: [FOOTER_VERSION, id, collection id, version id, algorithm, leaf count, entry count,
 *  reference count, size, content root, artifact digest, offset of the first block, columns]. */
enum footer_column {
	FOOTER_SHARED,	      /* first paths, front-coded: varint */
	FOOTER_LENGTHS,	      /* varint */
	FOOTER_SUFFIXES,      /* bytes */
	FOOTER_BLOCK_BYTES,   /* varint; blocks follow each other */
	FOOTER_ENTRY_COUNTS,  /* varint */
	FOOTER_REFERENCES,    /* varint */
	FOOTER_SHA256S,	      /* 32 bytes */
	FOOTER_STATE_WORDS,   /* MD5 only: four words, little endian */
	FOOTER_STATE_LENGTHS, /* MD5 only: varint */
	FOOTER_STATE_TAILS,   /* MD5 only: length % 64 bytes */
	FOOTER_COLUMNS,
};

#define FOOTER_ELEMENTS (12 + FOOTER_COLUMNS)

#define OBJECT_ID_BYTES 20 /* session, number */

void manifest_footer_release(struct manifest_footer *footer)
{
	free(footer->fences);
	bytes_release(&footer->paths);
	*footer = (struct manifest_footer){ 0 };
}

static uint64_t fences_needed(uint64_t leaf_count)
{
	return leaf_count / MANIFEST_BLOCK_LEAVES + (leaf_count % MANIFEST_BLOCK_LEAVES != 0);
}

/** Leaves of a block: all blocks but the last are full. */
static uint32_t fence_leaves(const struct manifest_footer *footer, size_t i)
{
	if (i + 1 < footer->fence_count)
		return MANIFEST_BLOCK_LEAVES;
	return (uint32_t)(footer->leaf_count - i * MANIFEST_BLOCK_LEAVES);
}

/** What holds for one fence behind others; `end_bytes` is where the block before ends. */
static const char *fence_check(const struct manifest_footer *footer, size_t i, uint64_t end_bytes)
{
	const struct manifest_fence *fence = &footer->fences[i];

	if (fence->leaf_count != fence_leaves(footer, i))
		return "a block other than the last is not full";
	if (fence->offset_bytes != end_bytes)
		return "blocks do not follow each other";
	if (fence->length_bytes == 0 || fence->length_bytes > MANIFEST_BLOCK_MAX_BYTES)
		return "a block is empty or larger than a block can be";
	if (fence->entry_count < fence->leaf_count ||
	    fence->entry_count > (uint64_t)fence->leaf_count * LEAF_MAX_ENTRIES)
		return "a block has less entries than leaves, or more than they can have";
	if (fence->reference_count > fence->entry_count)
		return "a block has more references than entries";
	if (fence->first_path.len == 0 || fence->first_path.len > ENTRY_PATH_MAX_BYTES)
		return "a first path is empty or too long";
	return NULL;
}

/** What holds for every footer; NULL, or why it is refused. */
static const char *footer_check(const struct manifest_footer *footer)
{
	uint64_t entries = 0, references = 0, end;
	const char *reason;

	if (footer->algorithm != DIGEST_MD5 && footer->algorithm != DIGEST_XXH128)
		return "the artifact digest is of an unknown kind";
	if (footer->fence_count > MANIFEST_MAX_FENCES ||
	    footer->fence_count != fences_needed(footer->leaf_count))
		return "the count of blocks is not what the count of leaves needs";
	end = footer->fence_count ? footer->fences[0].offset_bytes : 0;
	if (footer->fence_count && end < OBJECT_HEADER_BYTES)
		return "the blocks begin in the header";
	for (size_t i = 0; i < footer->fence_count; i++) {
		reason = fence_check(footer, i, end);
		if (reason)
			return reason;
		if (add_overflows(end, footer->fences[i].length_bytes, &end))
			return "blocks lie outside of any object";
		entries += footer->fences[i].entry_count; /* 2^16 blocks of 2^24: no overflow */
		references += footer->fences[i].reference_count;
	}
	if (entries != footer->entry_count || references != footer->reference_count)
		return "totals are not the sums of the blocks'";
	if (!footer->entry_count && footer->size_bytes)
		return "a version without entries has a size";
	return NULL;
}

static enum muster_code put_state(struct bytes *columns, const struct md5_state *state,
				  struct muster_error *err)
{
	uint8_t words[16];
	enum muster_code code;

	for (int i = 0; i < 4; i++)
		put_u32(words + 4 * i, state->word[i]);
	code = bytes_append(&columns[FOOTER_STATE_WORDS], words, sizeof(words), err);
	if (!code)
		code = bytes_append_varint(&columns[FOOTER_STATE_LENGTHS], state->length_bytes,
					   err);
	if (!code)
		code = bytes_append(&columns[FOOTER_STATE_TAILS], state->tail,
				    state->length_bytes % 64, err);
	return code;
}

static enum muster_code put_fence(struct bytes *columns, const struct manifest_footer *footer,
				  size_t i, struct muster_error *err)
{
	const struct manifest_fence *fence = &footer->fences[i];
	struct view before = i ? footer->fences[i - 1].first_path : (struct view){ 0 };
	enum muster_code code;

	code = front_put(&columns[FOOTER_SHARED], &columns[FOOTER_LENGTHS],
			 &columns[FOOTER_SUFFIXES], before, fence->first_path, err);
	if (!code)
		code = bytes_append_varint(&columns[FOOTER_BLOCK_BYTES], fence->length_bytes, err);
	if (!code)
		code = bytes_append_varint(&columns[FOOTER_ENTRY_COUNTS], fence->entry_count, err);
	if (!code)
		code = bytes_append_varint(&columns[FOOTER_REFERENCES], fence->reference_count,
					   err);
	if (!code)
		code = bytes_append(&columns[FOOTER_SHA256S], fence->sha256, sizeof(fence->sha256),
				    err);
	if (!code && footer->algorithm == DIGEST_MD5)
		code = put_state(columns, &fence->digest_state, err);
	return code;
}

static void id_put(uint8_t out[OBJECT_ID_BYTES], const struct object_id *id)
{
	memcpy(out, id->session, 16);
	put_u32(out + 16, id->number);
}

static struct object_id id_get(const uint8_t in[OBJECT_ID_BYTES])
{
	struct object_id id = { .number = get_u32(in + 16) };

	memcpy(id.session, in, 16);
	return id;
}

static enum muster_code footer_write(const struct manifest_footer *footer,
				     const struct bytes *columns, struct bytes *out,
				     struct muster_error *err)
{
	struct column_writer writer = { .out = out, .err = err };
	uint8_t id[OBJECT_ID_BYTES];

	id_put(id, &footer->id);
	column_write_array(&writer, FOOTER_ELEMENTS);
	column_write_uint(&writer, FOOTER_VERSION);
	column_write_bin(&writer, view_of(id, sizeof(id)));
	column_write_bin(&writer, view_of(footer->collection_id, sizeof(footer->collection_id)));
	column_write_bin(&writer, view_of(footer->version_id, sizeof(footer->version_id)));
	column_write_uint(&writer, (uint64_t)footer->algorithm);
	column_write_uint(&writer, footer->leaf_count);
	column_write_uint(&writer, footer->entry_count);
	column_write_uint(&writer, footer->reference_count);
	column_write_uint(&writer, footer->size_bytes);
	column_write_bin(&writer, view_of(footer->content_root, sizeof(footer->content_root)));
	column_write_bin(&writer,
			 view_of(footer->artifact_digest, sizeof(footer->artifact_digest)));
	column_write_uint(&writer, footer->fence_count ? footer->fences[0].offset_bytes : 0);
	for (size_t i = 0; i < FOOTER_COLUMNS; i++)
		column_write_bin(&writer, bytes_view(&columns[i]));
	return writer.code;
}

enum muster_code manifest_footer_encode(const struct manifest_footer *footer, struct bytes *out,
					struct muster_error *err)
{
	struct bytes columns[FOOTER_COLUMNS] = { 0 };
	size_t begin = out->len, path_bytes = 0;
	const char *reason = footer_check(footer);
	enum muster_code code = MUSTER_OK;

	if (reason)
		return muster_fail(err, MUSTER_E_USAGE, "encode a footer: %s", reason);
	for (size_t i = 0; i < footer->fence_count && !code; i++) {
		path_bytes += footer->fences[i].first_path.len;
		code = put_fence(columns, footer, i, err);
	}
	if (!code)
		code = footer_write(footer, columns, out, err);
	if (!code && (out->len - begin > MANIFEST_FOOTER_MAX_BYTES ||
		      path_bytes > MANIFEST_FOOTER_MAX_BYTES))
		code = muster_fail(err, MUSTER_E_LIMIT, "a footer passes %u bytes",
				   MANIFEST_FOOTER_MAX_BYTES);
	if (code)
		out->len = begin;
	for (size_t i = 0; i < FOOTER_COLUMNS; i++)
		bytes_release(&columns[i]);
	return code;
}

static bool take_state(struct view *columns, struct md5_state *out)
{
	uint8_t words[16];

	if (!column_take_raw(&columns[FOOTER_STATE_WORDS], words, sizeof(words)) ||
	    !column_take_varint(&columns[FOOTER_STATE_LENGTHS], &out->length_bytes))
		return false;
	for (int i = 0; i < 4; i++)
		out->word[i] = get_u32(words + 4 * i);
	return column_take_raw(&columns[FOOTER_STATE_TAILS], out->tail, out->length_bytes % 64);
}

static const char *take_fence(struct view *columns, const struct manifest_footer *footer,
			      struct manifest_fence *out)
{
	if (!column_take_varint32(&columns[FOOTER_BLOCK_BYTES], &out->length_bytes) ||
	    !column_take_varint(&columns[FOOTER_ENTRY_COUNTS], &out->entry_count) ||
	    !column_take_varint(&columns[FOOTER_REFERENCES], &out->reference_count) ||
	    !column_take_raw(&columns[FOOTER_SHA256S], out->sha256, sizeof(out->sha256)))
		return "a column of blocks ends early or has a malformed number";
	if (footer->algorithm == DIGEST_MD5 && !take_state(columns, &out->digest_state))
		return "the digest states end early";
	return NULL;
}

/** Fill the fences; `end_bytes` is where the first block begins. */
static const char *take_fences(struct view *columns, struct manifest_footer *footer,
			       uint64_t end_bytes)
{
	struct front front = { columns[FOOTER_SHARED], columns[FOOTER_LENGTHS],
			       columns[FOOTER_SUFFIXES] };
	struct view path = { 0 };
	size_t left = 0;

	for (size_t i = 0; i < footer->fence_count; i++) {
		struct manifest_fence *fence = &footer->fences[i];
		const char *reason =
			front_append(&front, ENTRY_PATH_MAX_BYTES, &footer->paths, &path);

		if (!reason)
			reason = take_fence(columns, footer, fence);
		if (reason)
			return reason;
		fence->first_path = path;
		fence->leaf_count = fence_leaves(footer, i);
		fence->offset_bytes = end_bytes;
		end_bytes += fence->length_bytes; /* footer_check() sees if it wraps */
	}
	for (size_t i = FOOTER_BLOCK_BYTES; i < FOOTER_COLUMNS; i++)
		left += columns[i].len;
	return left || front.suffixes.len ? "a column has bytes behind the last block's" : NULL;
}

static enum muster_code footer_refuse(const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "footer: %s", reason);
}

/** Head and the elements before the columns. */
static enum muster_code footer_open(struct manifest_footer *out, struct view *footer,
				    uint64_t *offset_bytes, struct muster_error *err)
{
	uint32_t element_count;
	uint64_t version, algorithm;
	uint8_t id[OBJECT_ID_BYTES];

	if (footer->len > MANIFEST_FOOTER_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "footer of %zu bytes (maximum %u)",
				   footer->len, MANIFEST_FOOTER_MAX_BYTES);
	if (!column_take_array(footer, &element_count) || !column_take_uint(footer, &version))
		return footer_refuse("it is not an array of columns", err);
	if (version != FOOTER_VERSION)
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "footer: version %llu is not known",
				   (unsigned long long)version);
	if (element_count != FOOTER_ELEMENTS || !column_take_fixed(footer, id, sizeof(id)) ||
	    !column_take_fixed(footer, out->collection_id, sizeof(out->collection_id)) ||
	    !column_take_fixed(footer, out->version_id, sizeof(out->version_id)) ||
	    !column_take_uint(footer, &algorithm) || !column_take_uint(footer, &out->leaf_count) ||
	    !column_take_uint(footer, &out->entry_count) ||
	    !column_take_uint(footer, &out->reference_count) ||
	    !column_take_uint(footer, &out->size_bytes) ||
	    !column_take_fixed(footer, out->content_root, sizeof(out->content_root)) ||
	    !column_take_fixed(footer, out->artifact_digest, sizeof(out->artifact_digest)) ||
	    !column_take_uint(footer, offset_bytes))
		return footer_refuse("it has not the elements of a footer", err);
	if (algorithm != DIGEST_MD5 && algorithm != DIGEST_XXH128)
		return footer_refuse("the artifact digest is of an unknown kind", err);
	out->algorithm = (enum digest_algorithm)algorithm;
	out->id = id_get(id);
	return MUSTER_OK;
}

/** Memory for fences and their paths, once the columns prove that they are there. */
static enum muster_code footer_allocate(struct manifest_footer *out, const struct view *columns,
					struct muster_error *err)
{
	struct front front = { columns[FOOTER_SHARED], columns[FOOTER_LENGTHS],
			       columns[FOOTER_SUFFIXES] };
	uint64_t fence_count = fences_needed(out->leaf_count);
	size_t path_bytes = 0;
	const char *reason;

	if (fence_count > MANIFEST_MAX_FENCES)
		return muster_fail(err, MUSTER_E_LIMIT, "footer: more than %d blocks",
				   MANIFEST_MAX_FENCES);
	if (columns[FOOTER_SHA256S].len != fence_count * 32)
		return footer_refuse("the count of blocks is not what the count of leaves needs",
				     err);
	reason = front_total(front, fence_count, ENTRY_PATH_MAX_BYTES, MANIFEST_FOOTER_MAX_BYTES,
			     &path_bytes);
	if (reason)
		return footer_refuse(reason, err);
	if (!fence_count)
		return MUSTER_OK;
	out->fences = calloc(fence_count, sizeof(*out->fences));
	if (!out->fences)
		return muster_fail_memory(err, "the fences of a manifest");
	out->fence_count = fence_count;
	return bytes_reserve(&out->paths, path_bytes, err);
}

static enum muster_code footer_read(struct manifest_footer *out, struct view footer,
				    struct muster_error *err)
{
	struct view columns[FOOTER_COLUMNS] = { 0 };
	uint64_t offset_bytes;
	const char *reason;
	enum muster_code code = footer_open(out, &footer, &offset_bytes, err);

	if (code)
		return code;
	for (size_t i = 0; i < FOOTER_COLUMNS; i++)
		if (!column_take_bin(&footer, &columns[i]))
			return footer_refuse("a column is malformed", err);
	if (footer.len)
		return footer_refuse("bytes are left over", err);
	code = footer_allocate(out, columns, err);
	if (code)
		return code;
	if (!out->fence_count && offset_bytes)
		return footer_refuse("a manifest without blocks says where they begin", err);
	reason = take_fences(columns, out, offset_bytes);
	if (!reason)
		reason = footer_check(out);
	return reason ? footer_refuse(reason, err) : MUSTER_OK;
}

enum muster_code manifest_footer_parse(struct manifest_footer *out, struct view footer,
				       struct muster_error *err)
{
	enum muster_code code;

	*out = (struct manifest_footer){ 0 };
	code = footer_read(out, footer, err);
	if (code)
		manifest_footer_release(out);
	return code;
}
