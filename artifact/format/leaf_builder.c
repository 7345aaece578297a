#include "artifact/format/leaf_internal.h"
#include "artifact/format/object_table.h"

#include <stdlib.h>

struct leaf_builder {
	struct bytes columns[LEAF_COLUMNS];
	struct bytes placement_columns[PLACEMENT_COLUMNS];
	struct object_table packs;
	uint32_t last_pack; /* position of the pack used last */
	uint32_t entry_count, placed_count;
	size_t content_bytes; /* not more than this, heads aside, however little paths share */
	size_t path_bytes;
	uint8_t path[ENTRY_PATH_MAX_BYTES]; /* of the entry before */
	struct bytes content, placement;    /* encoded; lent by finish */
};

static size_t text_bytes(struct view text)
{
	return text.len ? varint_bytes(text.len) + text.len : 0;
}

size_t leaf_entry_bytes(const struct entry *entry)
{
	size_t bytes = 1 + varint_bytes(entry->path.len) + entry->path.len + 1;

	if (entry->algorithm != DIGEST_TEXT)
		bytes += DIGEST_BYTES;
	else
		bytes += varint_bytes(entry->digest_text.len) + entry->digest_text.len;
	if (entry->has_size)
		bytes += varint_bytes(entry->size_bytes);
	if (entry->has_checksum)
		bytes += CHECKSUM_BYTES;
	if (entry->has_identity)
		bytes += IDENTITY_BYTES;
	return bytes + text_bytes(entry->ref) + text_bytes(entry->extra) +
	       text_bytes(entry->birth_artifact_id);
}

enum muster_code leaf_builder_new(struct leaf_builder **out, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? MUSTER_OK : muster_fail_memory(err, "a leaf builder");
}

void leaf_builder_free(struct leaf_builder *builder)
{
	if (!builder)
		return;
	for (size_t i = 0; i < LEAF_COLUMNS; i++)
		bytes_release(&builder->columns[i]);
	for (size_t i = 0; i < PLACEMENT_COLUMNS; i++)
		bytes_release(&builder->placement_columns[i]);
	object_table_release(&builder->packs);
	bytes_release(&builder->content);
	bytes_release(&builder->placement);
	free(builder);
}

size_t leaf_builder_entry_count(const struct leaf_builder *builder)
{
	return builder->entry_count;
}

/** Is every part of the entry within its named maximum? */
static enum muster_code entry_check(const struct entry *entry, struct muster_error *err)
{
	int shown = (int)(entry->path.len < 200 ? entry->path.len : 200);

	if (entry->path.len == 0)
		return muster_fail(err, MUSTER_E_FORMAT, "an entry's path is empty");
	if (entry->path.len > ENTRY_PATH_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "path '%.*s...' of %zu bytes (maximum %d)",
				   shown, (const char *)entry->path.ptr, entry->path.len,
				   ENTRY_PATH_MAX_BYTES);
	if (entry->digest_text.len > ENTRY_TEXT_MAX_BYTES ||
	    entry->ref.len > ENTRY_TEXT_MAX_BYTES ||
	    entry->birth_artifact_id.len > ENTRY_TEXT_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "'%.*s' has a digest, reference or birth id over %d bytes",
				   shown, (const char *)entry->path.ptr, ENTRY_TEXT_MAX_BYTES);
	if (entry->extra.len > ENTRY_EXTRA_MAX_BYTES)
		return muster_fail(
			err, MUSTER_E_LIMIT, "'%.*s' has extra of %zu bytes (maximum %d)", shown,
			(const char *)entry->path.ptr, entry->extra.len, ENTRY_EXTRA_MAX_BYTES);
	if (entry->algorithm > DIGEST_XXH128)
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s' has a digest of unknown kind %d",
				   shown, (const char *)entry->path.ptr, (int)entry->algorithm);
	return MUSTER_OK;
}

/** Room in every column for all that one entry may add, so that adding cannot fail half-way. */
static enum muster_code columns_reserve(struct leaf_builder *builder, const struct entry *entry,
					struct muster_error *err)
{
	const size_t room[LEAF_COLUMNS] = {
		[LEAF_SHARED] = VARINT_MAX_BYTES,
		[LEAF_LENGTHS] = VARINT_MAX_BYTES,
		[LEAF_SUFFIXES] = entry->path.len,
		[LEAF_KINDS] = 1,
		[LEAF_DIGESTS] = DIGEST_BYTES,
		[LEAF_TEXTS] = VARINT_MAX_BYTES + entry->digest_text.len,
		[LEAF_SIZES] = VARINT_MAX_BYTES,
		[LEAF_CHECKSUMS] = CHECKSUM_BYTES,
		[LEAF_IDENTITIES] = IDENTITY_BYTES,
		[LEAF_REFS] = VARINT_MAX_BYTES + entry->ref.len,
		[LEAF_EXTRAS] = VARINT_MAX_BYTES + entry->extra.len,
		[LEAF_BIRTHS] = VARINT_MAX_BYTES + entry->birth_artifact_id.len,
	};
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < LEAF_COLUMNS && !code; i++)
		code = column_room(&builder->columns[i], room[i], err);
	return code;
}

/* What one placed entry adds at most to the placement part: its pack, indexes, its bit. */
#define PLACED_MAX_BYTES (20 + 3 * VARINT_MAX_BYTES + 1)

static enum muster_code placement_reserve(struct leaf_builder *builder, struct muster_error *err)
{
	struct bytes *columns = builder->placement_columns;
	size_t bytes = LEAF_HEADS_MAX_BYTES + PLACED_MAX_BYTES;
	enum muster_code code = column_room(&columns[PLACEMENT_PACKS], 20 + VARINT_MAX_BYTES, err);

	for (size_t i = 0; i < PLACEMENT_COLUMNS; i++)
		bytes += columns[i].len;
	if (bytes > LEAF_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a leaf's placement passes %u bytes",
				   LEAF_MAX_BYTES);
	if (!code)
		code = column_room(&columns[PLACEMENT_INDEXES], VARINT_MAX_BYTES, err);
	if (!code)
		code = column_room(&columns[PLACEMENT_ORDINALS], VARINT_MAX_BYTES, err);
	return code;
}

/** Position of the entry's pack, which becomes one of the leaf's packs if it is not yet. */
static enum muster_code builder_pack(struct leaf_builder *builder,
				     const struct placement *placement, struct muster_error *err)
{
	struct object_table *table = &builder->packs;
	struct bytes *column = &builder->placement_columns[PLACEMENT_PACKS];
	uint8_t number[4];
	bool is_new = false;
	enum muster_code code;

	if (!table->count ||
	    !object_id_equal(&table->list[builder->last_pack].id, &placement->pack)) {
		code = object_table_take(table, &placement->pack, placement->pack_bytes,
					 &builder->last_pack, &is_new, err);
		if (code)
			return code;
	}
	if (table->list[builder->last_pack].object_bytes != placement->pack_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "one pack is said to have two lengths");
	if (is_new) {
		put_u32(number, placement->pack.number);
		column_put(column, placement->pack.session, sizeof(placement->pack.session));
		column_put(column, number, sizeof(number));
		column_put_varint(column, placement->pack_bytes);
	}
	return MUSTER_OK;
}

/** The entry's placement, into columns that have room. */
static void placement_put(struct leaf_builder *builder, uint32_t ordinal)
{
	struct bytes *columns = builder->placement_columns;
	struct object_slot *pack = &builder->packs.list[builder->last_pack];

	columns[PLACEMENT_PLACED].ptr[builder->entry_count / 8] |=
		(uint8_t)(1u << builder->entry_count % 8);
	column_put_varint(&columns[PLACEMENT_INDEXES], builder->last_pack);
	column_put_varint(&columns[PLACEMENT_ORDINALS], zigzag_put(ordinal - pack->next));
	pack->next = (uint64_t)ordinal + 1;
	builder->placed_count++;
}

static void text_put(struct bytes *column, struct view text)
{
	column_put_varint(column, text.len);
	column_put(column, text.ptr, text.len);
}

static uint8_t entry_kind(const struct entry *entry)
{
	return (uint8_t)(entry->algorithm | (entry->has_size ? KIND_SIZE : 0) |
			 (entry->has_checksum ? KIND_CHECKSUM : 0) |
			 (entry->has_identity ? KIND_IDENTITY : 0) |
			 (entry->ref.len ? KIND_REF : 0) | (entry->extra.len ? KIND_EXTRA : 0) |
			 (entry->birth_artifact_id.len ? KIND_BIRTH : 0));
}

/** The entry's content, into columns that have room. */
static void content_put(struct leaf_builder *builder, const struct entry *entry, size_t shared)
{
	struct bytes *columns = builder->columns;
	const struct fingerprint *print = &entry->fingerprint;

	column_put_varint(&columns[LEAF_SHARED], shared);
	column_put_varint(&columns[LEAF_LENGTHS], entry->path.len - shared);
	column_put(&columns[LEAF_SUFFIXES], entry->path.ptr + shared, entry->path.len - shared);
	columns[LEAF_KINDS].ptr[columns[LEAF_KINDS].len++] = entry_kind(entry);
	if (entry->algorithm == DIGEST_TEXT)
		text_put(&columns[LEAF_TEXTS], entry->digest_text);
	else
		column_put(&columns[LEAF_DIGESTS], print->digest, DIGEST_BYTES);
	if (entry->has_size)
		column_put_varint(&columns[LEAF_SIZES], entry->size_bytes);
	if (entry->has_checksum)
		column_put(&columns[LEAF_CHECKSUMS], print->checksum, CHECKSUM_BYTES);
	if (entry->has_identity)
		column_put(&columns[LEAF_IDENTITIES], print->identity, IDENTITY_BYTES);
	if (entry->ref.len)
		text_put(&columns[LEAF_REFS], entry->ref);
	if (entry->extra.len)
		text_put(&columns[LEAF_EXTRAS], entry->extra);
	if (entry->birth_artifact_id.len)
		text_put(&columns[LEAF_BIRTHS], entry->birth_artifact_id);
}

/** Only the first of a path that is in order is shown: two full ones would not fit a message. */
static enum muster_code fail_order(struct view before, struct view path, struct muster_error *err)
{
	if (before.len > 200)
		before.len = 200;
	if (path.len > 200)
		path.len = 200;
	return muster_fail(err, MUSTER_E_FORMAT, "path '%.*s' follows '%.*s': not in order",
			   VIEW_ARGS(path), VIEW_ARGS(before));
}

/** All that may fail of an addition; the entry has room afterwards. */
static enum muster_code add_prepare(struct leaf_builder *builder, const struct entry *entry,
				    size_t entry_bytes, struct muster_error *err)
{
	struct bytes *placed = &builder->placement_columns[PLACEMENT_PLACED];
	enum muster_code code;

	if (builder->entry_count == LEAF_MAX_ENTRIES ||
	    builder->content_bytes + entry_bytes > LEAF_MAX_BYTES - LEAF_HEADS_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a leaf passes %d entries or %u bytes",
				   LEAF_MAX_ENTRIES, LEAF_MAX_BYTES);
	code = columns_reserve(builder, entry, err);
	if (!code)
		code = column_room(placed, 1, err);
	if (code || !entry->is_placed)
		return code;
	code = placement_reserve(builder, err);
	if (!code)
		code = builder_pack(builder, &entry->placement, err);
	return code;
}

enum muster_code leaf_builder_add(struct leaf_builder *builder, const struct entry *entry,
				  struct muster_error *err)
{
	struct view before = view_of(builder->path, builder->path_bytes);
	struct bytes *placed = &builder->placement_columns[PLACEMENT_PLACED];
	enum muster_code code = entry_check(entry, err);
	size_t shared, entry_bytes;

	if (code)
		return code;
	shared = front_shared(before, entry->path);
	if (!front_ascends(before, entry->path, shared))
		return fail_order(before, entry->path, err);
	entry_bytes = leaf_entry_bytes(entry);
	code = add_prepare(builder, entry, entry_bytes, err);
	if (code)
		return code;
	content_put(builder, entry, shared);
	if (builder->entry_count % 8 == 0)
		placed->ptr[placed->len++] = 0;
	if (entry->is_placed)
		placement_put(builder, entry->placement.ordinal);
	builder->content_bytes += entry_bytes;
	builder->entry_count++;
	memcpy(builder->path + shared, entry->path.ptr + shared, entry->path.len - shared);
	builder->path_bytes = entry->path.len;
	return MUSTER_OK;
}

static enum muster_code content_encode(struct leaf_builder *builder, struct muster_error *err)
{
	struct column_writer writer = { .out = &builder->content, .err = err };

	builder->content.len = 0;
	column_write_array(&writer, LEAF_ELEMENTS);
	column_write_uint(&writer, LEAF_VERSION);
	column_write_uint(&writer, builder->entry_count);
	for (size_t i = 0; i < LEAF_COLUMNS; i++)
		column_write_bin(&writer, bytes_view(&builder->columns[i]));
	return writer.code;
}

static enum muster_code placement_encode(struct leaf_builder *builder, struct muster_error *err)
{
	struct column_writer writer = { .out = &builder->placement, .err = err };

	builder->placement.len = 0;
	if (!builder->placed_count)
		return MUSTER_OK; /* nothing placed: no bytes at all */
	column_write_array(&writer, PLACEMENT_ELEMENTS);
	column_write_uint(&writer, LEAF_VERSION);
	for (size_t i = 0; i < PLACEMENT_COLUMNS; i++)
		column_write_bin(&writer, bytes_view(&builder->placement_columns[i]));
	return writer.code;
}

/** Begin the next leaf; all memory is kept. */
static void builder_clear(struct leaf_builder *builder)
{
	for (size_t i = 0; i < LEAF_COLUMNS; i++)
		builder->columns[i].len = 0;
	for (size_t i = 0; i < PLACEMENT_COLUMNS; i++)
		builder->placement_columns[i].len = 0;
	object_table_clear(&builder->packs);
	builder->last_pack = 0;
	builder->entry_count = builder->placed_count = 0;
	builder->content_bytes = builder->path_bytes = 0;
}

enum muster_code leaf_builder_finish(struct leaf_builder *builder, struct view *content,
				     struct view *placement, struct muster_error *err)
{
	enum muster_code code;

	if (!builder->entry_count)
		return muster_fail(err, MUSTER_E_USAGE, "a leaf of no entries was finished");
	code = content_encode(builder, err);
	if (!code)
		code = placement_encode(builder, err);
	if (code)
		return code;
	*content = bytes_view(&builder->content);
	*placement = bytes_view(&builder->placement);
	builder_clear(builder);
	return MUSTER_OK;
}
