#include "artifact/format/index_internal.h"

static const uint8_t *record_at(const struct index_page *page, uint32_t i)
{
	return page->records.ptr + (size_t)i * page->record_bytes;
}

static void record_get(const uint8_t *in, uint32_t record_bytes, struct index_record *out)
{
	uint8_t kind = in[RECORD_KIND];

	memcpy(out->key.digest, in + RECORD_DIGEST, DIGEST_BYTES);
	out->key.size_bytes = get_u64(in + RECORD_SIZE);
	memcpy(out->key.checksum, in + RECORD_CHECKSUM, CHECKSUM_BYTES);
	out->key.algorithm = (uint8_t)(kind & ~BLOB_KIND_IDENTITY);
	out->key.has_identity = kind & BLOB_KIND_IDENTITY;
	if (record_bytes == RECORD_WIDE_BYTES)
		memcpy(out->key.identity, in + RECORD_IDENTITY, IDENTITY_BYTES);
	else
		memset(out->key.identity, 0, IDENTITY_BYTES);
	out->pack = get_u32(in + RECORD_PACK);
	out->ordinal = record_ordinal(in);
}

/* ---- opening ---- */

static bool record_is_sound(const uint8_t *in, uint32_t record_bytes, uint32_t pack_count)
{
	uint8_t kind = in[RECORD_KIND];

	if (!blob_kind_is_known(kind) || get_u32(in + RECORD_PACK) >= pack_count ||
	    record_ordinal(in) >= PACK_MAX_BLOBS)
		return false;
	if (kind & BLOB_KIND_IDENTITY)
		return record_bytes == RECORD_WIDE_BYTES;
	return record_bytes == RECORD_NARROW_BYTES || is_zero(in + RECORD_IDENTITY, IDENTITY_BYTES);
}

static bool records_ascend(const uint8_t *a, const uint8_t *b, uint32_t record_bytes)
{
	struct index_record x, y;
	int order = compare_16(a + RECORD_DIGEST, b + RECORD_DIGEST);

	if (order)
		return order < 0;
	record_get(a, record_bytes, &x);
	record_get(b, record_bytes, &y);
	return blob_key_compare(&x.key, &y.key) <= 0;
}

static enum muster_code records_check(const struct index_page *page, uint32_t pack_count,
				      struct muster_error *err)
{
	for (uint32_t i = 0; i < page->record_count; i++) {
		const uint8_t *record = record_at(page, i);

		if (!record_is_sound(record, page->record_bytes, pack_count))
			return muster_fail(err, MUSTER_E_FORMAT, "index page: record %u is broken",
					   i);
		if (i && !records_ascend(record - page->record_bytes, record, page->record_bytes))
			return muster_fail(err, MUSTER_E_FORMAT,
					   "index page: record %u is out of order", i);
	}
	return MUSTER_OK;
}

static enum muster_code head_check(const struct index_trailer *trailer, uint32_t page_number,
				   struct view page, struct muster_error *err)
{
	uint8_t checksum[CHECKSUM_BYTES];

	if (page_number >= trailer->page_count ||
	    page.len != index_page_bytes(trailer, page_number))
		return muster_fail(err, MUSTER_E_FORMAT, "index page: %zu bytes", page.len);
	xxh128_of(view_of(page.ptr + PAGE_SESSION, page.len - PAGE_SESSION), checksum);
	if (memcmp(checksum, page.ptr + PAGE_CHECKSUM, CHECKSUM_BYTES) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index page: wrong checksum");
	if (get_u32(page.ptr + PAGE_NUMBER) != page_number ||
	    get_u32(page.ptr + PAGE_ID_NUMBER) != trailer->id.number ||
	    memcmp(page.ptr + PAGE_SESSION, trailer->id.session, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "index page: it belongs elsewhere");
	return MUSTER_OK;
}

/* How many records, how long, and nothing but zeros behind them. */
static enum muster_code page_shape(struct index_page *out, bool is_last, struct view page,
				   struct muster_error *err)
{
	uint32_t count = get_u32(page.ptr + PAGE_RECORD_COUNT);
	uint32_t record_bytes = get_u32(page.ptr + PAGE_RECORD_BYTES);
	size_t room = page.len - PAGE_HEAD_BYTES, used;

	if ((record_bytes != RECORD_NARROW_BYTES && record_bytes != RECORD_WIDE_BYTES) ||
	    count == 0 || count > room / record_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "index page: %u records of %u bytes",
				   count, record_bytes);
	used = (size_t)count * record_bytes;
	if ((is_last && used != room) || !is_zero(page.ptr + PAGE_HEAD_BYTES + used, room - used))
		return muster_fail(err, MUSTER_E_FORMAT, "index page: %zu bytes left over",
				   room - used);
	*out = (struct index_page){
		.records = view_of(page.ptr + PAGE_HEAD_BYTES, used),
		.record_bytes = record_bytes,
		.record_count = count,
	};
	return MUSTER_OK;
}

enum muster_code index_page_open(struct index_page *out, const struct index_trailer *trailer,
				 uint32_t page_number, struct view page, struct muster_error *err)
{
	struct index_page opened = { 0 };
	enum muster_code code;

	*out = opened;
	code = head_check(trailer, page_number, page, err);
	if (!code)
		code = page_shape(&opened, page_number + 1 == trailer->page_count, page, err);
	if (!code)
		code = records_check(&opened, trailer->pack_count, err);
	if (code) {
		muster_context(err, "page %u", page_number);
		return code;
	}
	*out = opened;
	return MUSTER_OK;
}

/* ---- reading ---- */

static enum muster_code page_end(const struct index_page *page)
{
	return page->is_cut_behind ? MUSTER_FULL : MUSTER_END;
}

enum muster_code index_page_next(struct index_page *page, struct index_record *out,
				 struct muster_error *err)
{
	(void)err; /* opening has seen every record */
	if (page->next >= page->record_count)
		return page_end(page);
	record_get(record_at(page, page->next++), page->record_bytes, out);
	return MUSTER_OK;
}

/* The first record that is not before (digest, size). */
static uint32_t lower_bound(const struct index_page *page, const uint8_t digest[DIGEST_BYTES],
			    uint64_t size_bytes)
{
	uint32_t low = 0, high = page->record_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (record_compare_place(record_at(page, middle), digest, size_bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum muster_code index_page_find(struct index_page *page, const struct blob_key *key,
				 struct index_record *out)
{
	struct index_record record;

	/* Equal digest and size with another checksum is rare: from there on one by one. */
	page->next = lower_bound(page, key->digest, key->size_bytes);
	if (page->next == 0 && page->is_cut_before)
		return MUSTER_FULL;
	while (page->next < page->record_count) {
		int order;

		record_get(record_at(page, page->next), page->record_bytes, &record);
		order = blob_key_compare(&record.key, key);
		if (order > 0)
			return MUSTER_ABSENT;
		page->next++;
		if (order == 0) {
			*out = record;
			return MUSTER_OK;
		}
	}
	return page_end(page);
}

enum muster_code index_page_find_digest(struct index_page *page, const uint8_t digest[DIGEST_BYTES],
					uint64_t size_bytes, struct index_record *out)
{
	page->next = lower_bound(page, digest, size_bytes);
	if (page->next == 0 && page->is_cut_before)
		return MUSTER_FULL;
	if (page->next == page->record_count)
		return page_end(page);
	if (record_compare_place(record_at(page, page->next), digest, size_bytes) != 0)
		return MUSTER_ABSENT;
	return index_page_next(page, out, NULL);
}
