/* Blocks: up to MANIFEST_BLOCK_LEAVES leaf records as columns (docs/formats/manifest.md). */
#include "artifact/format/columns.h"
#include "artifact/format/leaf.h"
#include "artifact/format/manifest.h"

#define BLOCK_VERSION 1

/** A block: [BLOCK_VERSION, record count, columns in this order]. */
enum block_column {
	BLOCK_SHARED,	       /* first paths, front-coded: varint */
	BLOCK_LENGTHS,	       /* varint */
	BLOCK_SUFFIXES,	       /* bytes */
	BLOCK_OBJECTS,	       /* session (16), number (4, little endian), 1 for a manifest, 0 */
	BLOCK_INDEXES,	       /* varint: position in the objects, in order of first use */
	BLOCK_OFFSETS,	       /* zigzag varint: offset minus the end of the object's leaf before */
	BLOCK_CONTENT_BYTES,   /* varint */
	BLOCK_PLACEMENT_BYTES, /* varint */
	BLOCK_CONTENT_SHA256S, /* 32 bytes */
	BLOCK_PLACEMENT_CHECKSUMS, /* 16 bytes */
	BLOCK_ENTRY_COUNTS,	   /* varint */
	BLOCK_SIZES,		   /* varint: sum of the entries' sizes */
	BLOCK_COLUMNS,
};

#define BLOCK_ELEMENTS (2 + BLOCK_COLUMNS)

#define OBJECT_ENTRY_BYTES 21 /* of BLOCK_OBJECTS */

/** The distinct objects of one block in the order of their first use. */
struct block_objects {
	struct {
		struct object_id id;
		bool in_manifest;
		uint64_t end_bytes; /* of its leaf before: the next usually follows it */
	} list[MANIFEST_BLOCK_LEAVES];
	uint32_t count;
};

/** What holds for a leaf record by itself; NULL, or why it is refused. */
static const char *record_check(const struct leaf_record *record)
{
	uint64_t length = (uint64_t)record->content_bytes + record->placement_bytes, end;

	if (record->first_path.len == 0 || record->first_path.len > ENTRY_PATH_MAX_BYTES)
		return "a first path is empty or too long";
	if (record->content_bytes == 0 || record->content_bytes > LEAF_MAX_BYTES ||
	    record->placement_bytes > LEAF_MAX_BYTES)
		return "a leaf is empty or larger than a leaf can be";
	if (record->entry_count == 0 || record->entry_count > LEAF_MAX_ENTRIES)
		return "a leaf has no entries or more than it can have";
	if (record->offset_bytes < OBJECT_HEADER_BYTES ||
	    add_overflows(record->offset_bytes, length, &end))
		return "a leaf lies outside of any object";
	return NULL;
}

/** Position of an object, nearly always `guess`; `count` if it is not listed. */
static uint32_t objects_find(const struct block_objects *objects, const struct object_id *id,
			     bool in_manifest, uint32_t guess)
{
	uint32_t i = guess;

	if (i < objects->count && objects->list[i].in_manifest == in_manifest &&
	    object_id_equal(&objects->list[i].id, id))
		return i;
	for (i = 0; i < objects->count; i++)
		if (objects->list[i].in_manifest == in_manifest &&
		    object_id_equal(&objects->list[i].id, id))
			break;
	return i;
}

/** One more object; there is room for one a leaf. */
static void objects_add(struct block_objects *objects, const struct object_id *id, bool in_manifest)
{
	objects->list[objects->count].id = *id;
	objects->list[objects->count].in_manifest = in_manifest;
	objects->list[objects->count++].end_bytes = 0;
}

/** The offset of the next leaf in that object as what is stored, and back (`is_stored`). */
static uint64_t objects_offset(struct block_objects *objects, uint32_t at, uint64_t length_bytes,
			       uint64_t value, bool is_stored)
{
	uint64_t *end = &objects->list[at].end_bytes;
	uint64_t offset = is_stored ? *end + zigzag_get(value) : value;
	uint64_t stored = zigzag_put(offset - *end);

	*end = offset + length_bytes;
	return is_stored ? offset : stored;
}

static enum muster_code put_object(struct bytes *column, const struct leaf_record *record,
				   struct muster_error *err)
{
	uint8_t raw[OBJECT_ENTRY_BYTES];

	memcpy(raw, record->object.session, 16);
	put_u32(raw + 16, record->object.number);
	raw[20] = record->in_manifest;
	return bytes_append(column, raw, sizeof(raw), err);
}

/** Where the leaf lies: object and offset. `*at` is the object of the leaf before. */
static enum muster_code put_place(struct bytes *columns, struct block_objects *objects,
				  uint32_t *at, const struct leaf_record *record,
				  struct muster_error *err)
{
	uint64_t length_bytes = (uint64_t)record->content_bytes + record->placement_bytes, stored;
	enum muster_code code = MUSTER_OK;

	*at = objects_find(objects, &record->object, record->in_manifest, *at);
	if (*at == objects->count) {
		objects_add(objects, &record->object, record->in_manifest);
		code = put_object(&columns[BLOCK_OBJECTS], record, err);
	}
	stored = objects_offset(objects, *at, length_bytes, record->offset_bytes, false);
	if (!code)
		code = bytes_append_varint(&columns[BLOCK_INDEXES], *at, err);
	if (!code)
		code = bytes_append_varint(&columns[BLOCK_OFFSETS], stored, err);
	return code;
}

static enum muster_code put_facts(struct bytes *columns, const struct leaf_record *record,
				  struct muster_error *err)
{
	enum muster_code code;

	code = bytes_append_varint(&columns[BLOCK_CONTENT_BYTES], record->content_bytes, err);
	if (!code)
		code = bytes_append_varint(&columns[BLOCK_PLACEMENT_BYTES], record->placement_bytes,
					   err);
	if (!code)
		code = bytes_append(&columns[BLOCK_CONTENT_SHA256S], record->content_sha256,
				    sizeof(record->content_sha256), err);
	if (!code)
		code = bytes_append(&columns[BLOCK_PLACEMENT_CHECKSUMS], record->placement_checksum,
				    sizeof(record->placement_checksum), err);
	if (!code)
		code = bytes_append_varint(&columns[BLOCK_ENTRY_COUNTS], record->entry_count, err);
	if (!code)
		code = bytes_append_varint(&columns[BLOCK_SIZES], record->size_bytes, err);
	return code;
}

static enum muster_code put_record(struct bytes *columns, struct block_objects *objects,
				   uint32_t *at, struct view before,
				   const struct leaf_record *record, struct muster_error *err)
{
	const char *reason = record_check(record);
	enum muster_code code;

	if (reason)
		return muster_fail(err, MUSTER_E_FORMAT, "%s", reason);
	code = front_put(&columns[BLOCK_SHARED], &columns[BLOCK_LENGTHS], &columns[BLOCK_SUFFIXES],
			 before, record->first_path, err);
	if (!code)
		code = put_place(columns, objects, at, record, err);
	if (!code)
		code = put_facts(columns, record, err);
	return code;
}

/** All columns, filled, become one array behind `out`. */
static enum muster_code block_write(const struct bytes *columns, size_t count, struct bytes *out,
				    struct muster_error *err)
{
	struct column_writer writer = { .out = out, .err = err };

	column_write_array(&writer, BLOCK_ELEMENTS);
	column_write_uint(&writer, BLOCK_VERSION);
	column_write_uint(&writer, count);
	for (size_t i = 0; i < BLOCK_COLUMNS; i++)
		column_write_bin(&writer, bytes_view(&columns[i]));
	return writer.code;
}

enum muster_code manifest_block_encode(const struct leaf_record *records, size_t count,
				       struct bytes *out, struct muster_error *err)
{
	struct bytes columns[BLOCK_COLUMNS] = { 0 };
	struct block_objects objects = { .count = 0 };
	struct view before = { 0 };
	size_t begin = out->len;
	enum muster_code code = MUSTER_OK;
	uint32_t at = 0;

	if (count == 0 || count > MANIFEST_BLOCK_LEAVES)
		return muster_fail(err, MUSTER_E_USAGE, "a block of %zu leaves (1 to %d)", count,
				   MANIFEST_BLOCK_LEAVES);
	for (size_t i = 0; i < count && !code; i++) {
		code = put_record(columns, &objects, &at, before, &records[i], err);
		before = records[i].first_path;
	}
	if (!code)
		code = block_write(columns, count, out, err);
	if (code) {
		out->len = begin;
		muster_context(err, "encode a block");
	}
	for (size_t i = 0; i < BLOCK_COLUMNS; i++)
		bytes_release(&columns[i]);
	return code;
}

/** The facts of a record beside its first path and place. */
static bool take_facts(struct view *columns, struct leaf_record *out)
{
	return column_take_varint32(&columns[BLOCK_CONTENT_BYTES], &out->content_bytes) &&
	       column_take_varint32(&columns[BLOCK_PLACEMENT_BYTES], &out->placement_bytes) &&
	       column_take_raw(&columns[BLOCK_CONTENT_SHA256S], out->content_sha256,
			       sizeof(out->content_sha256)) &&
	       column_take_raw(&columns[BLOCK_PLACEMENT_CHECKSUMS], out->placement_checksum,
			       sizeof(out->placement_checksum)) &&
	       column_take_varint32(&columns[BLOCK_ENTRY_COUNTS], &out->entry_count) &&
	       column_take_varint(&columns[BLOCK_SIZES], &out->size_bytes);
}

static const char *take_objects(struct block_objects *objects, struct view column)
{
	while (column.len) {
		struct object_id id;
		uint8_t in_manifest;

		if (objects->count == MANIFEST_BLOCK_LEAVES)
			return "more objects than leaves are listed";
		if (!column_take_raw(&column, id.session, sizeof(id.session)) ||
		    !take_u32(&column, &id.number) || !take_u8(&column, &in_manifest) ||
		    in_manifest > 1)
			return "the list of objects is malformed";
		if (objects_find(objects, &id, in_manifest, 0) < objects->count)
			return "an object is listed twice";
		objects_add(objects, &id, in_manifest);
	}
	return NULL;
}

/** The next record but for its first path, which `out` has; `*used` counts the objects used. */
static const char *take_record(struct view *columns, struct block_objects *objects, uint32_t *used,
			       struct leaf_record *out)
{
	uint64_t at, stored;

	if (!take_facts(columns, out) || !column_take_varint(&columns[BLOCK_INDEXES], &at) ||
	    !column_take_varint(&columns[BLOCK_OFFSETS], &stored))
		return "a column ends early or has a malformed number";
	if (at >= objects->count || at > *used)
		return "objects are not listed in the order of their first use";
	*used += at == *used;
	out->object = objects->list[at].id;
	out->in_manifest = objects->list[at].in_manifest;
	out->offset_bytes =
		objects_offset(objects, (uint32_t)at,
			       (uint64_t)out->content_bytes + out->placement_bytes, stored, true);
	return record_check(out);
}

static const char *take_records(struct view *columns, struct leaf_record *out, size_t count,
				struct bytes *paths)
{
	struct front front = { columns[BLOCK_SHARED], columns[BLOCK_LENGTHS],
			       columns[BLOCK_SUFFIXES] };
	struct block_objects objects = { .count = 0 };
	struct view path = { 0 };
	uint32_t used = 0;
	size_t left = 0;
	const char *reason = take_objects(&objects, columns[BLOCK_OBJECTS]);

	for (size_t i = 0; i < count && !reason; i++) {
		reason = front_append(&front, ENTRY_PATH_MAX_BYTES, paths, &path);
		out[i].first_path = path;
		if (!reason)
			reason = take_record(columns, &objects, &used, &out[i]);
	}
	if (reason)
		return reason;
	for (size_t i = BLOCK_INDEXES; i < BLOCK_COLUMNS; i++)
		left += columns[i].len;
	if (left || front.suffixes.len)
		return "a column has bytes behind the last leaf's";
	return used == objects.count ? NULL : "an object is listed and not used";
}

static enum muster_code block_refuse(const char *reason, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "block: %s", reason);
}

/** Everything but the records: head, count, columns. */
static enum muster_code block_open(struct view block, size_t out_max, struct view *columns,
				   size_t *count, struct muster_error *err)
{
	uint32_t element_count;
	uint64_t version, record_count;

	if (block.len > MANIFEST_BLOCK_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "block of %zu bytes (maximum %u)",
				   block.len, MANIFEST_BLOCK_MAX_BYTES);
	if (!column_take_array(&block, &element_count) || !column_take_uint(&block, &version))
		return block_refuse("it is not an array of columns", err);
	if (version != BLOCK_VERSION)
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "block: version %llu is not known",
				   (unsigned long long)version);
	if (element_count != BLOCK_ELEMENTS || !column_take_uint(&block, &record_count))
		return block_refuse("it has not the elements of a block", err);
	if (record_count == 0 || record_count > MANIFEST_BLOCK_LEAVES || record_count > out_max)
		return block_refuse("it has no leaves, or more than it can have", err);
	for (size_t i = 0; i < BLOCK_COLUMNS; i++)
		if (!column_take_bin(&block, &columns[i]))
			return block_refuse("a column is malformed", err);
	*count = record_count;
	return block.len ? block_refuse("bytes are left over", err) : MUSTER_OK;
}

enum muster_code manifest_block_parse(struct view block, struct leaf_record *out, size_t out_max,
				      size_t *count, struct bytes *paths, struct muster_error *err)
{
	struct view columns[BLOCK_COLUMNS] = { 0 };
	struct front front;
	size_t path_bytes = 0;
	const char *reason;
	enum muster_code code = block_open(block, out_max, columns, count, err);

	if (code)
		return code;
	front = (struct front){ columns[BLOCK_SHARED], columns[BLOCK_LENGTHS],
				columns[BLOCK_SUFFIXES] };
	reason = front_total(front, *count, ENTRY_PATH_MAX_BYTES, MANIFEST_BLOCK_MAX_BYTES,
			     &path_bytes);
	if (reason)
		return block_refuse(reason, err);
	paths->len = 0;
	code = bytes_reserve(paths, path_bytes, err);
	if (code)
		return code;
	reason = take_records(columns, out, *count, paths);
	return reason ? block_refuse(reason, err) : MUSTER_OK;
}
