/* A pack that reads is, written again from what was read, the same pack. */
#include <stdlib.h>

#include "artifact/format/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The same bytes behind the blobs: there is one way only to write a directory. */
static void writes_the_same(const struct pack_trailer *trailer, const struct pack_blob *blobs,
			    struct view directory_and_trailer)
{
	struct pack_directory directory = { 0 };
	struct bytes out = { 0 };

	for (uint32_t i = 0; i < trailer->blob_count; i++) {
		require(blobs[i].offset_bytes + blobs[i].key.size_bytes <=
			trailer->directory_offset_bytes);
		require(!pack_directory_add(&directory, &blobs[i].key, NULL));
	}
	require(!pack_finish(&directory, trailer->is_single, trailer->repository_id, &trailer->id,
			     &out, NULL));
	require(out.len >= directory_and_trailer.len);
	require(view_equal(
		view_of(out.ptr + out.len - directory_and_trailer.len, directory_and_trailer.len),
		directory_and_trailer));
	bytes_release(&out);
	pack_directory_release(&directory);
}

static void read_pack(struct view pack)
{
	struct view end = view_of(pack.ptr + pack.len - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES);
	struct muster_error err = { 0 };
	struct pack_trailer trailer;
	struct pack_blob *blobs;
	struct view directory;

	if (pack_trailer_parse(&trailer, end, pack.len, &err)) {
		require(muster_failed(err.code) && err.message[0]);
		return;
	}
	directory = view_of(pack.ptr + trailer.directory_offset_bytes, trailer.directory_bytes);
	if (pack_directory_parse(&blobs, &trailer, directory, &err)) {
		require(muster_failed(err.code) && err.message[0] && !blobs);
		return;
	}
	writes_the_same(&trailer, blobs,
			view_of(directory.ptr, directory.len + PACK_TRAILER_BYTES));
	free(blobs);
}

/* Makes the checksums right, or no mutation would ever get past them. */
static void reseal(uint8_t *pack, size_t len)
{
	uint8_t *trailer = pack + len - PACK_TRAILER_BYTES;
	uint32_t directory_bytes = get_u32(trailer + 44);

	if (directory_bytes <= len - PACK_TRAILER_BYTES)
		xxh128_of(view_of(trailer - directory_bytes, directory_bytes), trailer + 56);
	xxh128_of(view_of(trailer, 72), trailer + 72);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < PACK_TRAILER_BYTES)
		return 0;
	read_pack(view_of(data, size));
	copy = malloc(size);
	require(copy);
	memcpy(copy, data, size);
	reseal(copy, size);
	read_pack(view_of(copy, size));
	free(copy);
	return 0;
}
