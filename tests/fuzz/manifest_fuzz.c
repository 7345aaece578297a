/*
 * Parts of a manifest from hostile bytes; the first byte says which: a block, a footer, or a
 * trailer. What is accepted must be, byte by byte, what is written for what was read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "artifact/format/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void block_try(struct view block)
{
	static struct leaf_record records[MANIFEST_BLOCK_LEAVES];
	struct bytes paths = { 0 }, again = { 0 };
	size_t count = 0;

	if (!manifest_block_parse(block, records, MANIFEST_BLOCK_LEAVES, &count, &paths, NULL)) {
		must(manifest_block_encode(records, count, &again, NULL) == MUSTER_OK);
		must(view_equal(bytes_view(&again), block));
	}
	bytes_release(&paths);
	bytes_release(&again);
}

static void footer_try(struct view encoded)
{
	struct manifest_footer footer;
	struct bytes again = { 0 };

	if (!manifest_footer_parse(&footer, encoded, NULL)) {
		must(manifest_footer_encode(&footer, &again, NULL) == MUSTER_OK);
		must(view_equal(bytes_view(&again), encoded));
	}
	manifest_footer_release(&footer);
	bytes_release(&again);
}

static void trailer_try(struct view trailer)
{
	struct manifest_trailer parsed;
	uint8_t again[MANIFEST_TRAILER_BYTES];
	uint64_t object_bytes;

	if (trailer.len != MANIFEST_TRAILER_BYTES)
		return;
	/* The length that the trailer itself asks for: any other is refused. */
	object_bytes =
		get_u64(trailer.ptr + 32) + get_u32(trailer.ptr + 40) + MANIFEST_TRAILER_BYTES;
	must(manifest_trailer_parse(&parsed, trailer, object_bytes + 1, NULL) != MUSTER_OK);
	if (manifest_trailer_parse(&parsed, trailer, object_bytes, NULL))
		return;
	manifest_trailer_put(again, &parsed);
	must(view_equal(view_of(again, sizeof(again)), trailer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view part;

	if (!size)
		return 0;
	part = view_of(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		block_try(part);
		break;
	case 1:
		footer_try(part);
		break;
	default:
		trailer_try(part);
	}
	return 0;
}
