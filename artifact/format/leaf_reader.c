#include "artifact/format/leaf_internal.h"
#include "artifact/format/object_table.h"

#include <stdlib.h>

struct leaf_reader {
	struct front front;
	struct view columns[LEAF_COLUMNS]; /* those from LEAF_KINDS on; what is not yet read */
	struct view placed, indexes, ordinals;
	struct object_table packs;
	uint32_t packs_used; /* packs are first used in the order in which they stand */
	uint32_t entry_count, next;
	bool has_placement;
	const char *refused; /* why nothing more is believed */
	size_t path_bytes;
	uint8_t path[ENTRY_PATH_MAX_BYTES];
};

enum muster_code leaf_reader_new(struct leaf_reader **out, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? MUSTER_OK : muster_fail_memory(err, "a leaf reader");
}

void leaf_reader_free(struct leaf_reader *reader)
{
	if (!reader)
		return;
	object_table_release(&reader->packs);
	free(reader);
}

uint32_t leaf_reader_entry_count(const struct leaf_reader *reader)
{
	return reader->entry_count;
}

static enum muster_code leaf_refuse(const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "leaf: %s", reason);
}

/** Array head and version, of either part. */
static enum muster_code part_begin(struct view *part, uint32_t elements, const char *name,
				   struct muster_error *err)
{
	uint32_t element_count;
	uint64_t version;

	if (part->len > LEAF_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "leaf: %s of %zu bytes (maximum %u)", name,
				   part->len, LEAF_MAX_BYTES);
	if (!column_take_array(part, &element_count) || !column_take_uint(part, &version))
		return muster_fail(err, MUSTER_E_FORMAT, "leaf: %s is not an array of columns",
				   name);
	if (version != LEAF_VERSION)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "leaf: version %llu of %s is not known",
				   (unsigned long long)version, name);
	if (element_count != elements)
		return muster_fail(err, MUSTER_E_FORMAT, "leaf: %s has %u elements, not %u", name,
				   element_count, elements);
	return MUSTER_OK;
}

static enum muster_code content_open(struct leaf_reader *reader, struct view content,
				     struct muster_error *err)
{
	enum muster_code code = part_begin(&content, LEAF_ELEMENTS, "content", err);
	struct view *columns = reader->columns;
	uint64_t entry_count;

	if (code)
		return code;
	if (!column_take_uint(&content, &entry_count))
		return leaf_refuse("the count of entries is malformed", err);
	if (entry_count == 0 || entry_count > LEAF_MAX_ENTRIES)
		return leaf_refuse("the count of entries is 0 or over its maximum", err);
	for (size_t i = 0; i < LEAF_COLUMNS; i++)
		if (!column_take_bin(&content, &columns[i]))
			return leaf_refuse("a column of the content is malformed", err);
	if (content.len)
		return leaf_refuse("bytes are left over behind the content", err);
	if (columns[LEAF_KINDS].len != entry_count)
		return leaf_refuse("there is not one kind for each entry", err);
	reader->front = (struct front){ .shared = columns[LEAF_SHARED],
					.lengths = columns[LEAF_LENGTHS],
					.suffixes = columns[LEAF_SUFFIXES] };
	reader->entry_count = (uint32_t)entry_count;
	return MUSTER_OK;
}

/** The next pack of the list; it is not empty. */
static enum muster_code pack_take(struct view *column, struct object_id *id, uint64_t *pack_bytes,
				  struct muster_error *err)
{
	if (!column_take_raw(column, id->session, sizeof(id->session)) ||
	    !take_u32(column, &id->number) || !column_take_varint(column, pack_bytes))
		return leaf_refuse("the list of packs ends early", err);
	return MUSTER_OK;
}

static enum muster_code packs_open(struct leaf_reader *reader, struct view column,
				   struct muster_error *err)
{
	struct object_id id;
	uint64_t pack_bytes;
	uint32_t index;
	bool is_new;

	while (column.len) {
		enum muster_code code = pack_take(&column, &id, &pack_bytes, err);

		if (!code)
			code = object_table_take(&reader->packs, &id, pack_bytes, &index, &is_new,
						 err);
		if (code)
			return code;
		if (!is_new)
			return leaf_refuse("a pack is listed twice", err);
	}
	return MUSTER_OK;
}

/** One bit an entry, at least one set, none behind the last entry. */
static bool placed_valid(struct view placed, uint32_t entry_count)
{
	uint8_t any = 0;

	if (placed.len != (entry_count + 7) / 8)
		return false;
	for (size_t i = 0; i < placed.len; i++)
		any |= placed.ptr[i];
	return any && (entry_count % 8 == 0 || placed.ptr[placed.len - 1] >> entry_count % 8 == 0);
}

static enum muster_code placement_open(struct leaf_reader *reader, struct view placement,
				       struct muster_error *err)
{
	enum muster_code code = part_begin(&placement, PLACEMENT_ELEMENTS, "placement", err);
	struct view packs;

	if (code)
		return code;
	if (!column_take_bin(&placement, &packs) || !column_take_bin(&placement, &reader->placed) ||
	    !column_take_bin(&placement, &reader->indexes) ||
	    !column_take_bin(&placement, &reader->ordinals))
		return leaf_refuse("a column of the placement is malformed", err);
	if (placement.len)
		return leaf_refuse("bytes are left over behind the placement", err);
	if (!placed_valid(reader->placed, reader->entry_count))
		return leaf_refuse("the bits of placed entries are not one for each entry", err);
	return packs_open(reader, packs, err);
}

enum muster_code leaf_each_pack(struct view placement, leaf_pack_fn *fn, void *state,
				struct muster_error *err)
{
	struct object_id id;
	struct view packs;
	uint64_t pack_bytes;
	enum muster_code code;

	if (placement.len == 0)
		return MUSTER_OK;
	code = part_begin(&placement, PLACEMENT_ELEMENTS, "placement", err);
	if (!code && !column_take_bin(&placement, &packs))
		code = leaf_refuse("a column of the placement is malformed", err);
	while (!code && packs.len) {
		code = pack_take(&packs, &id, &pack_bytes, err);
		if (!code)
			code = fn(state, &id, pack_bytes, err);
	}
	return code;
}

enum muster_code leaf_reader_open(struct leaf_reader *reader, struct view content,
				  struct view placement, struct muster_error *err)
{
	enum muster_code code;

	object_table_clear(&reader->packs);
	reader->packs_used = reader->next = 0;
	reader->path_bytes = 0;
	reader->refused = NULL;
	reader->has_placement = placement.len > 0;
	code = content_open(reader, content, err);
	if (!code && reader->has_placement)
		code = placement_open(reader, placement, err);
	if (code)
		reader->refused = "it was refused when it was opened";
	return code;
}

/** A text that is there: its length, at most `max_bytes`, and its bytes. */
static bool take_text(struct view *column, size_t max_bytes, struct view *out)
{
	uint64_t len;

	return column_take_varint(column, &len) && len <= max_bytes && take_bytes(column, len, out);
}

/** The texts that few entries have; those that a kind promises are not empty. */
static const char *read_texts(struct view *columns, uint8_t kind, struct entry *out)
{
	if (kind & KIND_REF &&
	    (!take_text(&columns[LEAF_REFS], ENTRY_TEXT_MAX_BYTES, &out->ref) || !out->ref.len))
		return "a reference is malformed";
	if (kind & KIND_EXTRA &&
	    (!take_text(&columns[LEAF_EXTRAS], ENTRY_EXTRA_MAX_BYTES, &out->extra) ||
	     !out->extra.len))
		return "an extra is malformed";
	if (kind & KIND_BIRTH &&
	    (!take_text(&columns[LEAF_BIRTHS], ENTRY_TEXT_MAX_BYTES, &out->birth_artifact_id) ||
	     !out->birth_artifact_id.len))
		return "a birth artifact id is malformed";
	return NULL;
}

/** All but path and placement of the next entry; `out` is zeroed. NULL, or why it is refused. */
static const char *read_content(struct leaf_reader *reader, struct entry *out)
{
	struct view *columns = reader->columns;
	uint8_t kind = columns[LEAF_KINDS].ptr[reader->next];

	out->algorithm = kind & KIND_ALGORITHM;
	if (out->algorithm > DIGEST_XXH128)
		return "a digest is of an unknown kind";
	if (out->algorithm == DIGEST_TEXT) {
		if (!take_text(&columns[LEAF_TEXTS], ENTRY_TEXT_MAX_BYTES, &out->digest_text))
			return "a digest text is malformed";
	} else if (!column_take_raw(&columns[LEAF_DIGESTS], out->fingerprint.digest,
				    DIGEST_BYTES)) {
		return "the digests end early";
	}
	out->has_size = kind & KIND_SIZE;
	if (out->has_size && !column_take_varint(&columns[LEAF_SIZES], &out->size_bytes))
		return "a size is malformed";
	out->has_checksum = kind & KIND_CHECKSUM;
	if (out->has_checksum &&
	    !column_take_raw(&columns[LEAF_CHECKSUMS], out->fingerprint.checksum, CHECKSUM_BYTES))
		return "the checksums end early";
	out->has_identity = kind & KIND_IDENTITY;
	if (out->has_identity &&
	    !column_take_raw(&columns[LEAF_IDENTITIES], out->fingerprint.identity, IDENTITY_BYTES))
		return "the identities end early";
	return kind & (KIND_REF | KIND_EXTRA | KIND_BIRTH) ? read_texts(columns, kind, out) : NULL;
}

static const char *read_placement(struct leaf_reader *reader, struct entry *out)
{
	struct object_slot *pack;
	uint64_t index, difference, ordinal;

	if (!(reader->placed.ptr[reader->next / 8] >> reader->next % 8 & 1))
		return NULL;
	if (!column_take_varint(&reader->indexes, &index) ||
	    !column_take_varint(&reader->ordinals, &difference))
		return "the placement of an entry is malformed";
	if (index >= reader->packs.count || index > reader->packs_used)
		return "packs are not listed in the order of their first use";
	reader->packs_used += index == reader->packs_used;
	pack = &reader->packs.list[index];
	ordinal = pack->next + zigzag_get(difference);
	if (ordinal > UINT32_MAX)
		return "an ordinal has over 32 bits";
	pack->next = ordinal + 1;
	out->is_placed = true;
	out->placement = (struct placement){ .pack = pack->id,
					     .pack_bytes = pack->object_bytes,
					     .ordinal = (uint32_t)ordinal };
	return NULL;
}

/** Behind the last entry nothing may be left in any column, and every pack was used. */
static const char *read_leftovers(const struct leaf_reader *reader)
{
	size_t left =
		reader->front.shared.len + reader->front.lengths.len + reader->front.suffixes.len;

	for (size_t i = LEAF_KINDS + 1; i < LEAF_COLUMNS; i++)
		left += reader->columns[i].len;
	if (left)
		return "a column has bytes behind the last entry's";
	if (!reader->has_placement)
		return NULL;
	if (reader->indexes.len + reader->ordinals.len)
		return "the placement has bytes behind the last entry's";
	return reader->packs_used == reader->packs.count ? NULL : "a pack is listed and not used";
}

/** NULL, or why the next entry is refused. */
static const char *read_entry(struct leaf_reader *reader, struct entry *out)
{
	struct view before = view_of(reader->path, reader->path_bytes), suffix = { 0 };
	size_t shared = 0;
	const char *reason =
		front_next(&reader->front, before, ENTRY_PATH_MAX_BYTES, &shared, &suffix);

	if (reason)
		return reason;
	memcpy(reader->path + shared, suffix.ptr, suffix.len);
	reader->path_bytes = shared + suffix.len;
	memset(out, 0, sizeof(*out));
	out->path = view_of(reader->path, reader->path_bytes);
	reason = read_content(reader, out);
	if (!reason && reader->has_placement)
		reason = read_placement(reader, out);
	if (!reason && ++reader->next == reader->entry_count)
		reason = read_leftovers(reader);
	return reason;
}

enum muster_code leaf_reader_next(struct leaf_reader *reader, struct entry *out,
				  struct muster_error *err)
{
	if (!reader->refused) {
		if (reader->next == reader->entry_count)
			return MUSTER_END;
		reader->refused = read_entry(reader, out);
		if (!reader->refused)
			return MUSTER_OK;
	}
	return muster_fail(err, MUSTER_E_FORMAT, "leaf, entry %u: %s", reader->next,
			   reader->refused);
}
