#include "engine/manifest/version_reader.h"

#include <stdlib.h>

#include "artifact/record/key.h"

struct version_reader {
	struct store *store;
	struct manifest_pointer pointer;
	struct manifest_footer footer;
	struct cursor *cursor;
	struct bytes buffer;
	struct { /* most recent first; object NULL: free */
		struct object_id id;
		struct store_object *object;
	} objects[VERSION_READER_OBJECTS];
	bool reads_on;
	struct { /* what was read of an object beyond what was asked for; no bytes: nothing */
		struct object_id id;
		bool in_manifest;
		uint64_t offset_bytes;
		struct bytes bytes;
	} ahead;
};

static enum muster_code open_object(struct version_reader *reader, const struct object_id *id,
				    bool in_manifest, struct store_object **out,
				    struct muster_error *err)
{
	struct key key;
	enum muster_code code;

	key_object(&key, in_manifest ? OBJECT_MANIFEST : OBJECT_LEAVES, id);
	code = store_open(reader->store, key.text, out, err);
	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_FORMAT, "object '%s' is missing", key.text);
	return code;
}

static enum muster_code need_object(struct version_reader *reader, const struct object_id *id,
				    bool in_manifest, struct store_object **out,
				    struct muster_error *err)
{
	const size_t last = VERSION_READER_OBJECTS - 1;
	size_t at = 0;
	enum muster_code code;

	while (at < last && reader->objects[at].object &&
	       !object_id_equal(&reader->objects[at].id, id))
		at++;
	if (!reader->objects[at].object || !object_id_equal(&reader->objects[at].id, id)) {
		store_close(reader->objects[at].object);
		reader->objects[at].object = NULL;
		code = open_object(reader, id, in_manifest, &reader->objects[at].object, err);
		if (code)
			return code;
		reader->objects[at].id = *id;
	}
	*out = reader->objects[at].object;
	if (at) {
		memmove(&reader->objects[1], &reader->objects[0], at * sizeof(reader->objects[0]));
		reader->objects[0].object = *out;
		reader->objects[0].id = *id;
	}
	return MUSTER_OK;
}

static enum muster_code read_exactly(struct bytes *out, struct store_object *object,
				     uint64_t offset_bytes, size_t len, struct muster_error *err)
{
	enum muster_code code;

	out->len = 0;
	code = bytes_reserve(out, len, err);
	if (!code)
		code = store_read(object, offset_bytes, out->ptr, len, err);
	if (!code)
		out->len = len;
	return code;
}

/* --- reading on ------------------------------------------------------------------------------ */

/* Twice as much as the last time where this goes on behind it. From a bucket a leaf is as slow as a
 * hundred of them; who jumps has read twice what it wanted at most. */
static size_t how_much(const struct version_reader *reader, const struct store_object *object,
		       bool goes_on, uint64_t offset_bytes, size_t len)
{
	uint64_t most = object->size_bytes > offset_bytes ? object->size_bytes - offset_bytes : 0;
	size_t wanted = goes_on ? 2 * reader->ahead.bytes.len : len;

	if (wanted > VERSION_READ_ON_BYTES)
		wanted = VERSION_READ_ON_BYTES;
	if (wanted > most)
		wanted = (size_t)most;
	return wanted > len ? wanted : len;
}

/* The range in `ahead`. */
static enum muster_code read_on(struct version_reader *reader, struct store_object *object,
				const struct object_id *id, bool in_manifest, uint64_t offset_bytes,
				size_t len, struct muster_error *err)
{
	uint64_t begin = reader->ahead.offset_bytes, end = begin + reader->ahead.bytes.len;
	bool goes_on = reader->ahead.bytes.len && object_id_equal(&reader->ahead.id, id) &&
		       reader->ahead.in_manifest == in_manifest && offset_bytes >= begin &&
		       offset_bytes <= end;
	size_t more;
	enum muster_code code;

	if (goes_on && len <= end - offset_bytes)
		return MUSTER_OK;
	more = how_much(reader, object, goes_on, offset_bytes, len);
	reader->ahead.id = *id;
	reader->ahead.in_manifest = in_manifest;
	reader->ahead.offset_bytes = offset_bytes;
	code = read_exactly(&reader->ahead.bytes, object, offset_bytes, more, NULL);
	if (code) /* what nobody asked for is no failure; and the cause is told for what is */
		code = read_exactly(&reader->ahead.bytes, object, offset_bytes, len, err);
	return code;
}

static enum muster_code read_range(struct version_reader *reader, const struct object_id *id,
				   bool in_manifest, uint64_t offset_bytes, size_t len,
				   struct muster_error *err)
{
	struct store_object *object;
	enum muster_code code = need_object(reader, id, in_manifest, &object, err);

	if (code)
		return code;
	if (!reader->reads_on)
		return read_exactly(&reader->buffer, object, offset_bytes, len, err);
	code = read_on(reader, object, id, in_manifest, offset_bytes, len, err);
	reader->buffer.len = 0;
	if (!code)
		code = bytes_append(&reader->buffer,
				    reader->ahead.bytes.ptr +
					    (offset_bytes - reader->ahead.offset_bytes),
				    len, err);
	return code;
}

static enum muster_code read_footer(struct version_reader *reader, struct muster_error *err)
{
	const struct manifest_pointer *pointer = &reader->pointer;
	uint8_t sha256[IDENTITY_BYTES];
	enum muster_code code;

	if (pointer->footer_bytes > MANIFEST_FOOTER_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "its footer has %llu bytes, more than %u",
				   (unsigned long long)pointer->footer_bytes,
				   MANIFEST_FOOTER_MAX_BYTES);
	if (pointer->object_bytes <
	    OBJECT_HEADER_BYTES + MANIFEST_TRAILER_BYTES + pointer->footer_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its footer");
	code = read_range(reader, &pointer->id, true,
			  pointer->object_bytes - MANIFEST_TRAILER_BYTES - pointer->footer_bytes,
			  pointer->footer_bytes, err);
	if (code)
		return code;
	sha256_of(bytes_view(&reader->buffer), sha256);
	if (memcmp(sha256, pointer->footer_sha256, sizeof(sha256)) != 0)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "its footer is not the one that the event names");
	return manifest_footer_parse(&reader->footer, bytes_view(&reader->buffer), err);
}

enum muster_code version_reader_open(struct version_reader **out, struct store *store,
				     const struct manifest_pointer *pointer,
				     const struct version_reader_options *options,
				     struct muster_error *err)
{
	struct version_reader *reader = calloc(1, sizeof(*reader));
	char id[OBJECT_ID_TEXT_BYTES];
	enum muster_code code;

	*out = NULL;
	if (!reader)
		return muster_fail_memory(err, "a reader of versions");
	reader->store = store;
	reader->pointer = *pointer;
	code = read_footer(reader, err);
	reader->reads_on = options && options->reads_on;
	if (!code)
		code = cursor_new(&reader->cursor, &reader->footer,
				  options && options->with_placement, err);
	if (code) {
		object_id_text(&pointer->id, id);
		muster_context(err, "manifest '%s'", id);
		version_reader_close(reader);
		return code;
	}
	*out = reader;
	return MUSTER_OK;
}

void version_reader_close(struct version_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < VERSION_READER_OBJECTS; i++)
		store_close(reader->objects[i].object);
	cursor_free(reader->cursor);
	manifest_footer_release(&reader->footer);
	bytes_release(&reader->ahead.bytes);
	bytes_release(&reader->buffer);
	free(reader);
}

const struct manifest_footer *version_reader_footer(const struct version_reader *reader)
{
	return &reader->footer;
}

struct cursor *version_reader_cursor(struct version_reader *reader)
{
	return reader->cursor;
}

void version_reader_seek(struct version_reader *reader, struct view path)
{
	cursor_seek(reader->cursor, path);
}

enum muster_code version_reader_fetch(struct version_reader *reader, struct muster_error *err)
{
	const struct wanted *wanted = cursor_wanted(reader->cursor);
	char text[OBJECT_ID_TEXT_BYTES];
	enum muster_code code;

	code = read_range(reader, &wanted->object, wanted->in_manifest, wanted->offset_bytes,
			  wanted->length_bytes, err);
	if (!code)
		code = cursor_feed(reader->cursor, bytes_view(&reader->buffer), err);
	if (code) {
		object_id_text(&wanted->object, text);
		muster_context(err, "read %u bytes at %llu of '%s'", wanted->length_bytes,
			       (unsigned long long)wanted->offset_bytes, text);
	}
	return code;
}

enum muster_code version_reader_next(struct version_reader *reader, struct entry *out,
				     struct muster_error *err)
{
	enum muster_code code;

	while ((code = cursor_next(reader->cursor, out, err)) == MUSTER_FULL) {
		code = version_reader_fetch(reader, err);
		if (code)
			return code;
	}
	return code;
}

enum muster_code version_reader_find(struct version_reader *reader, struct view path,
				     struct entry *out, struct muster_error *err)
{
	enum muster_code code;

	version_reader_seek(reader, path);
	code = version_reader_next(reader, out, err);
	if (code == MUSTER_END || (code == MUSTER_OK && !view_equal(out->path, path)))
		return MUSTER_ABSENT;
	return code;
}

enum muster_code version_reader_seam(struct version_reader *reader, const struct leaf_record **out,
				     struct muster_error *err)
{
	enum muster_code code;

	while ((code = cursor_leaf(reader->cursor, out, err)) == MUSTER_FULL) {
		code = version_reader_fetch(reader, err);
		if (code)
			return code;
	}
	return code;
}

enum muster_code version_reader_leaf(struct version_reader *reader, struct view path,
				     const struct leaf_record **out, struct muster_error *err)
{
	const struct leaf_record *leaf = NULL;
	enum muster_code code;

	cursor_seek(reader->cursor, path);
	code = version_reader_seam(reader, &leaf, err);
	if (code == MUSTER_END ||
	    (code == MUSTER_OK && (!leaf || !view_equal(leaf->first_path, path))))
		return MUSTER_ABSENT;
	if (code)
		return code;
	*out = leaf;
	return MUSTER_OK;
}

enum muster_code version_reader_placement(struct version_reader *reader,
					  const struct leaf_record *record, struct view *out,
					  struct muster_error *err)
{
	uint64_t offset_bytes = record->offset_bytes + record->content_bytes;
	uint8_t checksum[CHECKSUM_BYTES];
	char text[OBJECT_ID_TEXT_BYTES];
	enum muster_code code = read_range(reader, &record->object, record->in_manifest,
					   offset_bytes, record->placement_bytes, err);

	if (code)
		return code;
	*out = bytes_view(&reader->buffer);
	xxh128_of(*out, checksum);
	if (memcmp(checksum, record->placement_checksum, sizeof(checksum)) == 0)
		return MUSTER_OK;
	object_id_text(&record->object, text);
	return muster_fail(err, MUSTER_E_DIGEST,
			   "read %u bytes at %llu of '%s': the checksum of a placement is not the "
			   "one in its record",
			   record->placement_bytes, (unsigned long long)offset_bytes, text);
}
