#include "artifact/format/index_internal.h"

#include <stdlib.h>

/* ---- where things lie ---- */

uint64_t index_page_offset(uint32_t page_number)
{
	return OBJECT_HEADER_BYTES + (uint64_t)page_number * INDEX_PAGE_BYTES;
}

uint32_t index_page_bytes(const struct index_trailer *trailer, uint32_t page_number)
{
	if (page_number + 1 < trailer->page_count)
		return INDEX_PAGE_BYTES;
	return (uint32_t)(trailer->filter_offset_bytes - index_page_offset(page_number));
}

uint64_t index_filter_bytes(const struct index_trailer *trailer)
{
	return trailer->packs_offset_bytes - trailer->filter_offset_bytes;
}

uint64_t index_tail_bytes(const struct index_trailer *trailer)
{
	return trailer->index_bytes - INDEX_TRAILER_BYTES - trailer->packs_offset_bytes;
}

/* ---- trailer ---- */

static enum muster_code trailer_check(const uint8_t *in, struct muster_error *err)
{
	uint8_t checksum[CHECKSUM_BYTES];

	if (memcmp(in + TRAILER_MAGIC, TRAILER_MAGIC_TEXT, TRAILER_MAGIC_BYTES - 1) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index trailer: no index ends here");
	xxh128_of(view_of(in, TRAILER_CHECKSUM), checksum);
	if (memcmp(checksum, in + TRAILER_CHECKSUM, CHECKSUM_BYTES) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index trailer: wrong checksum");
	if (in[TRAILER_MAGIC + 7] != TRAILER_MAGIC_TEXT[7])
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "index trailer: unknown version 0x%02x", in[TRAILER_MAGIC + 7]);
	if (get_u32(in + TRAILER_FLAGS))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "index trailer: unknown flags 0x%x",
				   get_u32(in + TRAILER_FLAGS));
	return MUSTER_OK;
}

static enum muster_code trailer_counts(const struct index_trailer *t, struct muster_error *err)
{
	if (t->record_count > INDEX_MAX_BLOBS || t->pack_count > INDEX_MAX_PACKS)
		return muster_fail(err, MUSTER_E_LIMIT, "index trailer: %llu blobs in %u packs",
				   (unsigned long long)t->record_count, t->pack_count);
	/* One page may be cut short where records become wide. */
	if (t->record_count == 0 || t->pack_count == 0 || t->large_size_count > t->record_count ||
	    t->page_count < (t->record_count + PAGE_NARROW_RECORDS - 1) / PAGE_NARROW_RECORDS ||
	    t->page_count > (t->record_count + PAGE_WIDE_RECORDS - 1) / PAGE_WIDE_RECORDS + 1 ||
	    t->filter_block_count != filter_blocks_for(t->record_count))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "index trailer: %llu blobs, %u packs, %u large sizes, %u pages "
				   "and %u filter blocks do not fit together",
				   (unsigned long long)t->record_count, t->pack_count,
				   t->large_size_count, t->page_count, t->filter_block_count);
	return MUSTER_OK;
}

/* Counts are within their maxima here, so nothing can overflow. */
static enum muster_code trailer_offsets(const struct index_trailer *t, uint64_t index_bytes,
					struct muster_error *err)
{
	uint64_t last_page = index_page_offset(t->page_count - 1);
	uint64_t filter_bytes = (uint64_t)t->filter_block_count * INDEX_FILTER_BLOCK_BYTES;
	uint64_t packs_bytes = (uint64_t)t->pack_count * TAIL_PACK_BYTES;
	uint64_t large_sizes_bytes = (uint64_t)t->large_size_count * 8;
	uint64_t fences_bytes = (uint64_t)t->page_count * DIGEST_BYTES;

	if (t->index_bytes != index_bytes)
		return muster_fail(
			err, MUSTER_E_FORMAT, "index trailer: an index of %llu bytes has %llu",
			(unsigned long long)t->index_bytes, (unsigned long long)index_bytes);
	if (t->filter_offset_bytes < last_page + PAGE_HEAD_BYTES + RECORD_NARROW_BYTES ||
	    t->filter_offset_bytes > last_page + INDEX_PAGE_BYTES ||
	    t->packs_offset_bytes != t->filter_offset_bytes + filter_bytes ||
	    t->large_sizes_offset_bytes != t->packs_offset_bytes + packs_bytes ||
	    t->fences_offset_bytes != t->large_sizes_offset_bytes + large_sizes_bytes ||
	    index_bytes != t->fences_offset_bytes + fences_bytes + INDEX_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "index trailer: its offsets do not follow from its counts");
	return MUSTER_OK;
}

enum muster_code index_trailer_parse(struct index_trailer *out, struct view trailer,
				     uint64_t index_bytes, struct muster_error *err)
{
	const uint8_t *in = trailer.ptr;
	enum muster_code code;

	*out = (struct index_trailer){ 0 };
	if (trailer.len != INDEX_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "index trailer: %zu bytes instead of %d",
				   trailer.len, INDEX_TRAILER_BYTES);
	code = trailer_check(in, err);
	if (code)
		return code;
	memcpy(out->repository_id, in + TRAILER_REPOSITORY, 16);
	memcpy(out->id.session, in + TRAILER_SESSION, 16);
	out->id.number = get_u32(in + TRAILER_ID_NUMBER);
	out->record_count = get_u64(in + TRAILER_RECORD_COUNT);
	out->page_count = get_u32(in + TRAILER_PAGE_COUNT);
	out->pack_count = get_u32(in + TRAILER_PACK_COUNT);
	out->large_size_count = get_u32(in + TRAILER_LARGE_SIZE_COUNT);
	out->filter_block_count = get_u32(in + TRAILER_FILTER_BLOCK_COUNT);
	out->filter_offset_bytes = get_u64(in + TRAILER_FILTER_OFFSET);
	out->packs_offset_bytes = get_u64(in + TRAILER_PACKS_OFFSET);
	out->large_sizes_offset_bytes = get_u64(in + TRAILER_LARGE_SIZES_OFFSET);
	out->fences_offset_bytes = get_u64(in + TRAILER_FENCES_OFFSET);
	out->index_bytes = get_u64(in + TRAILER_INDEX_BYTES);
	memcpy(out->filter_checksum, in + TRAILER_FILTER_CHECKSUM, CHECKSUM_BYTES);
	memcpy(out->tail_checksum, in + TRAILER_TAIL_CHECKSUM, CHECKSUM_BYTES);
	code = trailer_counts(out, err);
	return code ? code : trailer_offsets(out, index_bytes, err);
}

/* ---- filter ---- */

uint64_t index_filter_offset(const struct index_trailer *trailer, const struct blob_key *key)
{
	struct filter_place place =
		filter_place(key->digest, key->size_bytes, trailer->filter_block_count);

	return trailer->filter_offset_bytes + place.block * INDEX_FILTER_BLOCK_BYTES;
}

bool index_filter_maybe(struct view block, const struct blob_key *key)
{
	/* The bits do not depend on how many blocks there are. */
	return block.len != INDEX_FILTER_BLOCK_BYTES ||
	       filter_has(block.ptr, filter_place(key->digest, key->size_bytes, 1).bits);
}

static enum muster_code checksum_check(struct view part, uint64_t expected_bytes,
				       const uint8_t expected[CHECKSUM_BYTES], const char *what,
				       struct muster_error *err)
{
	uint8_t checksum[CHECKSUM_BYTES];

	if (part.len != expected_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "index %s: %zu bytes instead of %llu",
				   what, part.len, (unsigned long long)expected_bytes);
	xxh128_of(part, checksum);
	if (memcmp(checksum, expected, CHECKSUM_BYTES) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index %s: wrong checksum", what);
	return MUSTER_OK;
}

enum muster_code index_filter_check(const struct index_trailer *trailer, struct view filter,
				    struct muster_error *err)
{
	return checksum_check(filter, index_filter_bytes(trailer), trailer->filter_checksum,
			      "filter", err);
}

/* ---- tail ---- */

void index_tail_release(struct index_tail *tail)
{
	free(tail->packs);
	free(tail->large_sizes);
	free(tail->fences);
	*tail = (struct index_tail){ 0 };
}

/* Counts were held to the tail's own length; one more so that none asks for nothing. */
static bool tail_allocate(struct index_tail *tail, const struct index_trailer *trailer)
{
	tail->packs = malloc((trailer->pack_count + (size_t)1) * sizeof(*tail->packs));
	tail->large_sizes =
		malloc((trailer->large_size_count + (size_t)1) * sizeof(*tail->large_sizes));
	tail->fences = malloc((trailer->page_count + (size_t)1) * sizeof(*tail->fences));
	return tail->packs && tail->large_sizes && tail->fences;
}

static enum muster_code packs_take(struct index_pack *packs, uint32_t count, const uint8_t *in,
				   struct muster_error *err)
{
	for (uint32_t i = 0; i < count; i++, in += TAIL_PACK_BYTES) {
		struct index_pack *pack = &packs[i];

		memcpy(pack->id.session, in, 16);
		pack->id.number = get_u32(in + 16);
		pack->blob_count = get_u32(in + 20) & ~TAIL_PACK_SINGLE;
		pack->is_single = get_u32(in + 20) & TAIL_PACK_SINGLE;
		pack->pack_bytes = get_u64(in + 24);
		memcpy(pack->checksum_sum, in + 32, CHECKSUM_BYTES);
		if (pack->blob_count == 0 || pack->blob_count > PACK_MAX_BLOBS ||
		    (pack->is_single && pack->blob_count != 1))
			return muster_fail(err, MUSTER_E_FORMAT, "index tail: pack %u has %u blobs",
					   i, pack->blob_count);
	}
	return MUSTER_OK;
}

static enum muster_code large_sizes_take(uint64_t *sizes, uint32_t count, const uint8_t *in,
					 struct muster_error *err)
{
	uint64_t last = PACK_BLOB_MAX_BYTES;

	for (uint32_t i = 0; i < count; i++, in += 8) {
		sizes[i] = get_u64(in);
		if (sizes[i] <= last)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "index tail: large size %u does not ascend", i);
		last = sizes[i];
	}
	return MUSTER_OK;
}

static enum muster_code fences_take(uint8_t (*fences)[DIGEST_BYTES], uint32_t count,
				    const uint8_t *in, struct muster_error *err)
{
	memcpy(fences, in, (size_t)count * DIGEST_BYTES);
	for (uint32_t i = 1; i < count; i++)
		if (compare_16(fences[i - 1], fences[i]) > 0)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "index tail: fence %u does not ascend", i);
	return MUSTER_OK;
}

enum muster_code index_tail_parse(struct index_tail *out, const struct index_trailer *trailer,
				  struct view tail, struct muster_error *err)
{
	const uint8_t *packs = tail.ptr, *large_sizes, *fences;
	enum muster_code code;

	*out = (struct index_tail){ 0 };
	code = checksum_check(tail, index_tail_bytes(trailer), trailer->tail_checksum, "tail", err);
	if (code)
		return code;
	large_sizes = packs + (size_t)trailer->pack_count * TAIL_PACK_BYTES;
	fences = large_sizes + (size_t)trailer->large_size_count * 8;
	if (tail_allocate(out, trailer))
		code = packs_take(out->packs, trailer->pack_count, packs, err);
	else
		code = muster_fail_memory(err, "the tail of an index");
	if (!code)
		code = large_sizes_take(out->large_sizes, trailer->large_size_count, large_sizes,
					err);
	if (!code)
		code = fences_take(out->fences, trailer->page_count, fences, err);
	if (code)
		index_tail_release(out);
	return code;
}

uint32_t index_page_of(const struct index_trailer *trailer, const struct index_tail *tail,
		       const uint8_t digest[DIGEST_BYTES])
{
	uint32_t low = 0, high = trailer->page_count;

	while (low < high) { /* the first page that begins at or behind `digest` */
		uint32_t middle = low + (high - low) / 2;

		if (compare_16(tail->fences[middle], digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0; /* the page before it may end with it */
}
