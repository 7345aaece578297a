/*
 * A leaf from hostile bytes: length of the content (2, little endian), content, placement. What is
 * accepted must be, byte by byte, what the builder writes for the entries that were read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "artifact/format/leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static enum muster_code count_pack(void *state, const struct object_id *pack, uint64_t pack_bytes,
				   struct muster_error *err)
{
	size_t *count = state;

	(void)pack;
	(void)pack_bytes;
	(void)err;
	return ++*count > LEAF_MAX_BYTES ? MUSTER_END : MUSTER_OK;
}

/** The list of packs by itself, of anything: a failure says why. */
static void list_packs(struct view placement, bool is_accepted)
{
	struct muster_error err = { 0 };
	size_t count = 0;
	enum muster_code code = leaf_each_pack(placement, count_pack, &count, &err);

	must(code == MUSTER_OK || (!is_accepted && muster_failed(code) && err.message[0]));
	must(!is_accepted || (count > 0) == (placement.len > 0));
}

/** Read all, writing what is read to `builder`; MUSTER_END if the leaf is accepted. */
static enum muster_code leaf_copy(struct leaf_reader *reader, struct leaf_builder *builder)
{
	struct muster_error err = { 0 };
	struct entry entry;
	enum muster_code code;
	uint32_t count = 0;

	while (!(code = leaf_reader_next(reader, &entry, &err))) {
		must(entry.path.len > 0 && entry.path.len <= ENTRY_PATH_MAX_BYTES);
		must(leaf_builder_add(builder, &entry, &err) == MUSTER_OK);
		count++;
	}
	must(code == MUSTER_END || (code == MUSTER_E_FORMAT && err.message[0]));
	must(code != MUSTER_END || count == leaf_reader_entry_count(reader));
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leaf_reader *reader;
	struct leaf_builder *builder;
	struct view content, placement, again[2];
	size_t content_bytes;
	bool is_accepted = false;

	if (size < 2)
		return 0;
	content_bytes = data[0] | (size_t)data[1] << 8;
	if (content_bytes > size - 2)
		content_bytes = size - 2;
	content = view_of(data + 2, content_bytes);
	placement = view_of(data + 2 + content_bytes, size - 2 - content_bytes);
	must(leaf_reader_new(&reader, NULL) == MUSTER_OK);
	must(leaf_builder_new(&builder, NULL) == MUSTER_OK);
	if (leaf_reader_open(reader, content, placement, NULL) == MUSTER_OK &&
	    leaf_copy(reader, builder) == MUSTER_END) {
		must(leaf_builder_finish(builder, &again[0], &again[1], NULL) == MUSTER_OK);
		must(view_equal(again[0], content) && view_equal(again[1], placement));
		is_accepted = true;
	}
	list_packs(placement, is_accepted);
	leaf_builder_free(builder);
	leaf_reader_free(reader);
	return 0;
}
