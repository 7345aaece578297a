#include "artifact/format/index_internal.h"

#include <assert.h>
#include <stdlib.h>

/*
 * Records gather in one page; a full page leaves when the next record comes. Filter, fences and
 * large sizes stay in memory until the end, held by INDEX_MAX_BLOBS.
 *
 * The first record with an identity ends its page: from then on records are wide. A repository has
 * identities from its first blob or never, so in practice no page is cut short by it.
 */
struct index_builder {
	uint8_t repository_id[16];
	struct object_id id;
	uint64_t record_count, added_count;
	uint32_t pack_bound; /* every record's pack is below it */
	struct blob_key last;
	uint8_t *page; /* INDEX_PAGE_BYTES */
	uint32_t page_record_count, record_bytes;
	uint32_t page_count; /* pages that have left */
	uint64_t page_bytes; /* of them */
	uint8_t *filter;
	uint32_t filter_block_count;
	struct bytes fences;
	uint64_t *large_sizes;
	size_t large_size_count, large_size_cap;
};

void index_builder_free(struct index_builder *builder)
{
	if (!builder)
		return;
	free(builder->page);
	free(builder->filter);
	bytes_release(&builder->fences);
	free(builder->large_sizes);
	free(builder);
}

enum muster_code index_builder_new(struct index_builder **out, const uint8_t repository_id[16],
				   const struct object_id *id, uint64_t record_count,
				   struct muster_error *err)
{
	struct index_builder *builder;

	*out = NULL;
	if (record_count == 0)
		return muster_fail(err, MUSTER_E_USAGE, "index: an index of no blobs");
	if (record_count > INDEX_MAX_BLOBS)
		return muster_fail(err, MUSTER_E_LIMIT, "index: %llu blobs, at most %u",
				   (unsigned long long)record_count, INDEX_MAX_BLOBS);
	builder = calloc(1, sizeof(*builder));
	if (!builder)
		return muster_fail_memory(err, "an index");
	memcpy(builder->repository_id, repository_id, 16);
	builder->id = *id;
	builder->record_count = record_count;
	builder->record_bytes = RECORD_NARROW_BYTES;
	builder->filter_block_count = filter_blocks_for(record_count);
	builder->page = malloc(INDEX_PAGE_BYTES);
	builder->filter = calloc(builder->filter_block_count, INDEX_FILTER_BLOCK_BYTES);
	if (!builder->page || !builder->filter) {
		index_builder_free(builder);
		return muster_fail_memory(err, "an index");
	}
	*out = builder;
	return MUSTER_OK;
}

/* ---- pages ---- */

static uint32_t page_room(const struct index_builder *builder)
{
	return builder->record_bytes == RECORD_WIDE_BYTES ? PAGE_WIDE_RECORDS : PAGE_NARROW_RECORDS;
}

static void page_seal(struct index_builder *builder, size_t page_bytes)
{
	uint8_t *page = builder->page;
	size_t used = PAGE_HEAD_BYTES + (size_t)builder->page_record_count * builder->record_bytes;

	memset(page + used, 0, page_bytes - used);
	memcpy(page + PAGE_SESSION, builder->id.session, 16);
	put_u32(page + PAGE_ID_NUMBER, builder->id.number);
	put_u32(page + PAGE_NUMBER, builder->page_count);
	put_u32(page + PAGE_RECORD_COUNT, builder->page_record_count);
	put_u32(page + PAGE_RECORD_BYTES, builder->record_bytes);
	xxh128_of(view_of(page + PAGE_SESSION, page_bytes - PAGE_SESSION), page + PAGE_CHECKSUM);
}

/* Moves the page to `out`, the object's header before the first; nothing happens on failure. */
static enum muster_code page_flush(struct index_builder *builder, bool is_last, struct bytes *out,
				   struct muster_error *err)
{
	size_t header_bytes = builder->page_count ? 0 : OBJECT_HEADER_BYTES;
	size_t page_bytes = INDEX_PAGE_BYTES;
	enum muster_code code;

	if (is_last)
		page_bytes = PAGE_HEAD_BYTES +
			     (size_t)builder->page_record_count * builder->record_bytes;
	code = bytes_reserve(out, header_bytes + page_bytes, err);
	if (!code)
		code = bytes_reserve(&builder->fences, DIGEST_BYTES, err);
	if (code)
		return code;
	page_seal(builder, page_bytes);
	if (header_bytes)
		object_header_put(out->ptr + out->len, "index", INDEX_VERSION);
	memcpy(out->ptr + out->len + header_bytes, builder->page, page_bytes);
	out->len += header_bytes + page_bytes;
	memcpy(builder->fences.ptr + builder->fences.len,
	       builder->page + PAGE_HEAD_BYTES + RECORD_DIGEST, DIGEST_BYTES);
	builder->fences.len += DIGEST_BYTES;
	builder->page_count++;
	builder->page_bytes += page_bytes;
	builder->page_record_count = 0;
	return MUSTER_OK;
}

static void record_put(uint8_t *out, size_t record_bytes, const struct index_record *record)
{
	memcpy(out + RECORD_DIGEST, record->key.digest, DIGEST_BYTES);
	put_u64(out + RECORD_SIZE, record->key.size_bytes);
	memcpy(out + RECORD_CHECKSUM, record->key.checksum, CHECKSUM_BYTES);
	put_u32(out + RECORD_PACK, record->pack);
	put_u32(out + RECORD_ORDINAL, record->ordinal | (uint32_t)blob_kind(&record->key) << 24);
	if (record_bytes == RECORD_NARROW_BYTES)
		return;
	if (record->key.has_identity)
		memcpy(out + RECORD_IDENTITY, record->key.identity, IDENTITY_BYTES);
	else
		memset(out + RECORD_IDENTITY, 0, IDENTITY_BYTES);
}

static enum muster_code record_check(const struct index_builder *builder,
				     const struct index_record *record, struct muster_error *err)
{
	if (builder->added_count == builder->record_count)
		return muster_fail(err, MUSTER_E_USAGE, "index: more than the %llu blobs announced",
				   (unsigned long long)builder->record_count);
	if (!blob_algorithm_is_known(record->key.algorithm))
		return muster_fail(err, MUSTER_E_USAGE, "index: no blob has digest algorithm %u",
				   record->key.algorithm);
	if (record->pack >= INDEX_MAX_PACKS || record->ordinal >= PACK_MAX_BLOBS)
		return muster_fail(err, MUSTER_E_USAGE, "index: no blob has ordinal %u of pack %u",
				   record->ordinal, record->pack);
	if (builder->added_count && blob_key_compare(&builder->last, &record->key) > 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index: blob %llu is out of order",
				   (unsigned long long)builder->added_count);
	return MUSTER_OK;
}

/* Room for one more; the list is sorted once, at the end. */
static enum muster_code large_sizes_reserve(struct index_builder *builder, struct muster_error *err)
{
	size_t cap = builder->large_size_cap ? 2 * builder->large_size_cap : 64;
	uint64_t *sizes;

	if (builder->large_size_count < builder->large_size_cap)
		return MUSTER_OK;
	sizes = realloc(builder->large_sizes, cap * sizeof(*sizes));
	if (!sizes)
		return muster_fail_memory(err, "the sizes of large blobs");
	builder->large_sizes = sizes;
	builder->large_size_cap = cap;
	return MUSTER_OK;
}

static void filter_add(struct index_builder *builder, const struct blob_key *key)
{
	struct filter_place place =
		filter_place(key->digest, key->size_bytes, builder->filter_block_count);

	filter_set(builder->filter + place.block * INDEX_FILTER_BLOCK_BYTES, place.bits);
}

enum muster_code index_builder_add(struct index_builder *builder, const struct index_record *record,
				   struct bytes *out, struct muster_error *err)
{
	bool must_widen = record->key.has_identity && builder->record_bytes == RECORD_NARROW_BYTES;
	bool is_large = record->key.size_bytes > PACK_BLOB_MAX_BYTES;
	enum muster_code code = record_check(builder, record, err);

	if (code)
		return code;
	if (is_large) {
		code = large_sizes_reserve(builder, err);
		if (code)
			return code;
	}
	if (builder->page_record_count &&
	    (must_widen || builder->page_record_count == page_room(builder))) {
		code = page_flush(builder, false, out, err);
		if (code)
			return code;
	}
	if (must_widen)
		builder->record_bytes = RECORD_WIDE_BYTES;
	record_put(builder->page + PAGE_HEAD_BYTES +
			   (size_t)builder->page_record_count * builder->record_bytes,
		   builder->record_bytes, record);
	builder->page_record_count++;
	builder->added_count++;
	builder->last = record->key;
	if (record->pack >= builder->pack_bound)
		builder->pack_bound = record->pack + 1;
	if (is_large)
		builder->large_sizes[builder->large_size_count++] = record->key.size_bytes;
	filter_add(builder, &record->key);
	return MUSTER_OK;
}

/* ---- the end ---- */

static int size_order(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

static void large_sizes_settle(struct index_builder *builder)
{
	uint64_t *sizes = builder->large_sizes;
	size_t kept = 0;

	if (builder->large_size_count == 0)
		return;
	qsort(sizes, builder->large_size_count, sizeof(*sizes), size_order);
	for (size_t i = 0; i < builder->large_size_count; i++)
		if (kept == 0 || sizes[kept - 1] != sizes[i])
			sizes[kept++] = sizes[i];
	builder->large_size_count = kept;
}

static enum muster_code packs_check(const struct index_builder *builder,
				    const struct index_pack *packs, size_t pack_count,
				    struct muster_error *err)
{
	if (pack_count > INDEX_MAX_PACKS)
		return muster_fail(err, MUSTER_E_LIMIT, "index: %zu packs, at most %u", pack_count,
				   INDEX_MAX_PACKS);
	if (builder->added_count != builder->record_count)
		return muster_fail(err, MUSTER_E_USAGE, "index: %llu blobs instead of %llu",
				   (unsigned long long)builder->added_count,
				   (unsigned long long)builder->record_count);
	if (builder->pack_bound > pack_count)
		return muster_fail(err, MUSTER_E_USAGE, "index: a blob in pack %u of %zu",
				   builder->pack_bound - 1, pack_count);
	for (size_t i = 0; i < pack_count; i++)
		if (packs[i].blob_count == 0 || packs[i].blob_count > PACK_MAX_BLOBS ||
		    (packs[i].is_single && packs[i].blob_count != 1))
			return muster_fail(err, MUSTER_E_USAGE, "index: pack %zu has %u blobs", i,
					   packs[i].blob_count);
	return MUSTER_OK;
}

static uint8_t *packs_put(uint8_t *out, const struct index_pack *packs, size_t pack_count)
{
	for (size_t i = 0; i < pack_count; i++, out += TAIL_PACK_BYTES) {
		const struct index_pack *pack = &packs[i];

		memcpy(out, pack->id.session, 16);
		put_u32(out + 16, pack->id.number);
		put_u32(out + 20, pack->blob_count | (pack->is_single ? TAIL_PACK_SINGLE : 0));
		put_u64(out + 24, pack->pack_bytes);
		memcpy(out + 32, pack->checksum_sum, CHECKSUM_BYTES);
	}
	return out;
}

static uint8_t *tail_put(uint8_t *out, const struct index_builder *builder,
			 const struct index_pack *packs, size_t pack_count)
{
	out = packs_put(out, packs, pack_count);
	for (size_t i = 0; i < builder->large_size_count; i++, out += 8)
		put_u64(out, builder->large_sizes[i]);
	memcpy(out, builder->fences.ptr, builder->fences.len);
	return out + builder->fences.len;
}

static void trailer_put(uint8_t *out, const struct index_builder *builder, size_t pack_count,
			struct view filter, struct view tail)
{
	uint64_t filter_offset = OBJECT_HEADER_BYTES + builder->page_bytes;
	uint64_t packs_offset = filter_offset + filter.len;
	uint64_t large_sizes_offset = packs_offset + pack_count * TAIL_PACK_BYTES;

	memcpy(out + TRAILER_REPOSITORY, builder->repository_id, 16);
	memcpy(out + TRAILER_SESSION, builder->id.session, 16);
	put_u32(out + TRAILER_ID_NUMBER, builder->id.number);
	put_u32(out + TRAILER_FLAGS, 0);
	put_u64(out + TRAILER_RECORD_COUNT, builder->record_count);
	put_u32(out + TRAILER_PAGE_COUNT, builder->page_count);
	put_u32(out + TRAILER_PACK_COUNT, (uint32_t)pack_count);
	put_u32(out + TRAILER_LARGE_SIZE_COUNT, (uint32_t)builder->large_size_count);
	put_u32(out + TRAILER_FILTER_BLOCK_COUNT, builder->filter_block_count);
	put_u64(out + TRAILER_FILTER_OFFSET, filter_offset);
	put_u64(out + TRAILER_PACKS_OFFSET, packs_offset);
	put_u64(out + TRAILER_LARGE_SIZES_OFFSET, large_sizes_offset);
	put_u64(out + TRAILER_FENCES_OFFSET, large_sizes_offset + builder->large_size_count * 8);
	put_u64(out + TRAILER_INDEX_BYTES, packs_offset + tail.len + INDEX_TRAILER_BYTES);
	xxh128_of(filter, out + TRAILER_FILTER_CHECKSUM);
	xxh128_of(tail, out + TRAILER_TAIL_CHECKSUM);
	xxh128_of(view_of(out, TRAILER_CHECKSUM), out + TRAILER_CHECKSUM);
	memcpy(out + TRAILER_MAGIC, TRAILER_MAGIC_TEXT, TRAILER_MAGIC_BYTES);
}

enum muster_code index_builder_finish(struct index_builder *builder, const struct index_pack *packs,
				      size_t pack_count, struct bytes *out,
				      struct muster_error *err)
{
	size_t filter_bytes = (size_t)builder->filter_block_count * INDEX_FILTER_BLOCK_BYTES;
	size_t tail_bytes;
	uint8_t *at, *end;
	enum muster_code code = packs_check(builder, packs, pack_count, err);

	/* A page that has left already belongs to a finish that ran out of memory behind it. */
	if (!code && builder->page_record_count)
		code = page_flush(builder, true, out, err);
	if (code)
		return code;
	large_sizes_settle(builder);
	tail_bytes =
		pack_count * TAIL_PACK_BYTES + builder->large_size_count * 8 + builder->fences.len;
	code = bytes_reserve(out, filter_bytes + tail_bytes + INDEX_TRAILER_BYTES, err);
	if (code)
		return code;
	at = out->ptr + out->len;
	memcpy(at, builder->filter, filter_bytes);
	end = tail_put(at + filter_bytes, builder, packs, pack_count);
	assert(end == at + filter_bytes + tail_bytes);
	trailer_put(end, builder, pack_count, view_of(at, filter_bytes),
		    view_of(at + filter_bytes, tail_bytes));
	out->len += filter_bytes + tail_bytes + INDEX_TRAILER_BYTES;
	return MUSTER_OK;
}
