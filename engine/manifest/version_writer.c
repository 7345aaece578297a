#include "engine/manifest/version_writer.h"

#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/manifest/scratch.h"

struct version_writer {
	struct store *store;
	struct version_writer_options options;
	struct object_id id; /* of the manifest, from when it is needed */
	bool has_id;
	struct manifest_builder *builder;
	struct bytes embedded; /* header and the first leaves of the manifest object */
	bool is_embedding;
	struct { /* the leaves object in progress */
		struct object_id id;
		struct store_writer *writer; /* NULL: none */
		uint64_t bytes;
	} leaves;
	struct scratch blocks;
	struct manifest_footer footer; /* from version_writer_complete() on */
	struct version_counts counts;
};

static enum muster_code next_id(struct version_writer *writer, struct object_id *out,
				struct muster_error *err)
{
	return writer->options.next_id(writer->options.next_id_state, out, err);
}

/* An id is taken when something is stored under it: a save that changes nothing takes none. */
static enum muster_code need_id(struct version_writer *writer, struct muster_error *err)
{
	enum muster_code code;

	if (writer->has_id)
		return MUSTER_OK;
	code = next_id(writer, &writer->id, err);
	if (code)
		return code;
	builder_set_id(writer->builder, &writer->id);
	writer->has_id = true;
	return MUSTER_OK;
}

static enum muster_code begin_manifest(struct version_writer *writer, struct muster_error *err)
{
	uint8_t header[OBJECT_HEADER_BYTES];
	struct builder_options options = { .algorithm = writer->options.algorithm };
	enum muster_code code;

	object_header_put(header, "mani", 1);
	writer->is_embedding = true;
	code = bytes_append(&writer->embedded, header, sizeof(header), err);
	return code ? code : builder_new(&writer->builder, &options, err);
}

enum muster_code version_writer_open(struct version_writer **out, struct store *store,
				     const struct version_writer_options *options,
				     struct muster_error *err)
{
	struct version_writer *writer = calloc(1, sizeof(*writer));
	enum muster_code code;

	*out = NULL;
	if (!writer)
		return muster_fail_memory(err, "a writer of versions");
	writer->store = store;
	writer->options = *options;
	code = begin_manifest(writer, err);
	if (code) {
		version_writer_close(writer);
		return code;
	}
	*out = writer;
	return MUSTER_OK;
}

void version_writer_close(struct version_writer *writer)
{
	if (!writer)
		return;
	store_write_abort(writer->leaves.writer);
	manifest_footer_release(&writer->footer);
	builder_free(writer->builder);
	bytes_release(&writer->embedded);
	scratch_release(&writer->blocks);
	free(writer);
}

static enum muster_code end_leaves(struct version_writer *writer, struct muster_error *err)
{
	struct store_writer *whole = writer->leaves.writer;

	writer->leaves.writer = NULL;
	return whole ? store_write_finish(whole, err) : MUSTER_OK;
}

static enum muster_code begin_leaves(struct version_writer *writer, struct muster_error *err)
{
	uint8_t header[OBJECT_HEADER_BYTES];
	struct key key;
	enum muster_code code = next_id(writer, &writer->leaves.id, err);

	if (code)
		return code;
	key_object(&key, OBJECT_LEAVES, &writer->leaves.id);
	code = store_write_begin(writer->store, key.text, &writer->leaves.writer, err);
	if (code)
		return code;
	object_header_put(header, "leaf", 1);
	writer->leaves.bytes = sizeof(header);
	return store_write_append(writer->leaves.writer, view_of(header, sizeof(header)), err);
}

static enum muster_code embed_leaf(struct version_writer *writer, const struct built_leaf *leaf,
				   struct leaf_record *record, struct muster_error *err)
{
	enum muster_code code = need_id(writer, err);

	if (code)
		return code;
	record->object = writer->id;
	record->in_manifest = true;
	record->offset_bytes = writer->embedded.len;
	code = bytes_append_view(&writer->embedded, leaf->content, err);
	return code ? code : bytes_append_view(&writer->embedded, leaf->placement, err);
}

static enum muster_code append_leaf(struct version_writer *writer, const struct built_leaf *leaf,
				    struct leaf_record *record, struct muster_error *err)
{
	uint64_t len = leaf->content.len + leaf->placement.len;
	enum muster_code code = MUSTER_OK;

	if (writer->leaves.writer && writer->leaves.bytes + len > OBJECT_SHARED_BYTES_MAX)
		code = end_leaves(writer, err);
	if (!code && !writer->leaves.writer)
		code = begin_leaves(writer, err);
	if (code)
		return code;
	record->object = writer->leaves.id;
	record->in_manifest = false;
	record->offset_bytes = writer->leaves.bytes;
	writer->leaves.bytes += len;
	code = store_write_append(writer->leaves.writer, leaf->content, err);
	return code ? code : store_write_append(writer->leaves.writer, leaf->placement, err);
}

static enum muster_code store_leaf(struct version_writer *writer, const struct built_leaf *leaf,
				   struct leaf_record *record, struct muster_error *err)
{
	uint64_t len = leaf->content.len + leaf->placement.len;

	*record = leaf->record;
	writer->counts.new_leaf_count++;
	writer->counts.written_bytes += len;
	if (writer->is_embedding && writer->embedded.len + len > VERSION_EMBEDDED_BYTES)
		writer->is_embedding = false;
	return writer->is_embedding ? embed_leaf(writer, leaf, record, err)
				    : append_leaf(writer, leaf, record, err);
}

/* Finished blocks leave memory. */
static enum muster_code drain_blocks(struct version_writer *writer, struct muster_error *err)
{
	struct bytes *blocks = builder_blocks(writer->builder);
	enum muster_code code = MUSTER_OK;

	if (blocks->len)
		code = scratch_append(&writer->blocks, bytes_view(blocks), err);
	blocks->len = 0;
	return code;
}

static enum muster_code place_leaf(struct version_writer *writer, const struct built_leaf *leaf,
				   struct muster_error *err)
{
	const struct leaf_record *shared = NULL;
	struct leaf_record record;
	enum muster_code code = MUSTER_ABSENT;

	if (writer->options.base)
		code = version_reader_leaf(writer->options.base, leaf->record.first_path, &shared,
					   err);
	if (code == MUSTER_OK &&
	    memcmp(shared->content_sha256, leaf->record.content_sha256, 32) == 0) {
		writer->counts.shared_leaf_count++;
		record = *shared;
	} else if (code == MUSTER_OK || code == MUSTER_ABSENT) {
		code = store_leaf(writer, leaf, &record, err);
		if (code)
			return code;
	} else {
		return code;
	}
	code = builder_place(writer->builder, &record, err);
	return code ? code : drain_blocks(writer, err);
}

enum muster_code version_writer_add(struct version_writer *writer, const struct entry *entry,
				    struct muster_error *err)
{
	const struct built_leaf *leaf = NULL;
	enum muster_code code = builder_add(writer->builder, entry, &leaf, err);

	return code || !leaf ? code : place_leaf(writer, leaf, err);
}

bool version_writer_at_seam(const struct version_writer *writer)
{
	return builder_at_seam(writer->builder);
}

enum muster_code version_writer_digest(struct version_writer *writer, const struct entry *entry,
				       struct muster_error *err)
{
	return builder_digest_entry(writer->builder, entry, err);
}

enum muster_code version_writer_take_leaf(struct version_writer *writer,
					  const struct leaf_record *record,
					  struct muster_error *err)
{
	enum muster_code code = builder_reuse(writer->builder, record, err);

	writer->counts.shared_leaf_count += code == MUSTER_OK;
	return code ? code : drain_blocks(writer, err);
}

enum muster_code version_writer_resume(struct version_writer *writer,
				       const struct manifest_footer *footer, size_t block_index,
				       struct muster_error *err)
{
	return builder_resume_digest(writer->builder, footer, block_index, err);
}

struct piece_sink {
	struct store_writer *out;
	uint64_t bytes;
};

static enum muster_code put_piece(void *state, struct view piece, struct muster_error *err)
{
	struct piece_sink *sink = state;

	sink->bytes += piece.len;
	return store_write_append(sink->out, piece, err);
}

/* Footer and trailer, behind the blocks. */
static enum muster_code encode_tail(struct version_writer *writer, uint64_t footer_offset_bytes,
				    struct bytes *tail, struct manifest_pointer *pointer,
				    struct muster_error *err)
{
	struct manifest_trailer trailer = { .footer_offset_bytes = footer_offset_bytes };
	uint8_t encoded[MANIFEST_TRAILER_BYTES];
	enum muster_code code = manifest_footer_encode(&writer->footer, tail, err);

	if (code)
		return code;
	trailer.footer_bytes = (uint32_t)tail->len;
	sha256_of(bytes_view(tail), trailer.footer_sha256);
	pointer->footer_bytes = tail->len;
	memcpy(pointer->footer_sha256, trailer.footer_sha256, sizeof(pointer->footer_sha256));
	manifest_trailer_put(encoded, &trailer);
	return bytes_append(tail, encoded, sizeof(encoded), err);
}

static enum muster_code put_manifest(struct version_writer *writer, struct piece_sink *sink,
				     struct manifest_pointer *pointer, struct muster_error *err)
{
	struct bytes tail = { 0 };
	enum muster_code code = put_piece(sink, bytes_view(&writer->embedded), err);

	if (!code)
		code = scratch_each(&writer->blocks, put_piece, sink, err);
	if (!code)
		code = encode_tail(writer, sink->bytes, &tail, pointer, err);
	if (!code)
		code = put_piece(sink, bytes_view(&tail), err);
	bytes_release(&tail);
	return code;
}

enum muster_code version_writer_complete(struct version_writer *writer,
					 const struct manifest_footer **footer,
					 struct muster_error *err)
{
	const struct built_leaf *leaf = NULL;
	struct bytes tail = { 0 }; /* without an id yet: encoded anew when it is written */
	enum muster_code code = builder_finish_entries(writer->builder, &leaf, err);

	if (!code && leaf)
		code = place_leaf(writer, leaf, err);
	if (!code)
		code = end_leaves(writer, err);
	if (!code)
		code = builder_finish(writer->builder, writer->embedded.len, &tail, &writer->footer,
				      err);
	if (!code)
		code = drain_blocks(writer, err);
	bytes_release(&tail);
	*footer = &writer->footer;
	return code;
}

enum muster_code version_writer_write(struct version_writer *writer, const uint8_t *collection_id,
				      const uint8_t *version_id, struct manifest_pointer *pointer,
				      struct muster_error *err)
{
	struct piece_sink sink = { 0 };
	struct key key;
	enum muster_code code = need_id(writer, err);

	if (code)
		return code;
	writer->footer.id = writer->id;
	if (collection_id) {
		memcpy(writer->footer.collection_id, collection_id, 16);
		memcpy(writer->footer.version_id, version_id, 16);
	}
	key_object(&key, OBJECT_MANIFEST, &writer->id);
	code = store_write_begin(writer->store, key.text, &sink.out, err);
	if (code)
		return code;
	code = put_manifest(writer, &sink, pointer, err);
	if (code) {
		store_write_abort(sink.out);
		return code;
	}
	pointer->id = writer->id;
	pointer->object_bytes = sink.bytes;
	writer->counts.written_bytes += sink.bytes;
	return store_write_finish(sink.out, err);
}

struct version_counts version_writer_counts(const struct version_writer *writer)
{
	return writer->counts;
}
