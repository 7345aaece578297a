/* A look-up that trusts its page reads only the records where the digest must be.
 *
 *	fence of the page        digest                        fence of the next page
 *	|------------------------[..x..]----------------------------|
 *	record 0                 window                        record_count
 *
 * Of n sorted uniform digests the k-th is off its expected place by sqrt(k (n - k) / n) records at
 * most on the average, which is 18 in the middle of 1,364. Where that fails (chance, or digests
 *that somebody made up) the window says so and the whole page is read. */
#include "artifact/format/index_internal.h"

/* Records of all pages if they have this length throughout; false if the counts contradict. */
static bool is_throughout(const struct index_trailer *trailer, uint32_t record_bytes)
{
	uint64_t page_records = (INDEX_PAGE_BYTES - PAGE_HEAD_BYTES) / record_bytes;
	uint64_t before_last = page_records * (trailer->page_count - 1);

	return trailer->record_count > before_last &&
	       index_page_bytes(trailer, trailer->page_count - 1) ==
		       PAGE_HEAD_BYTES + (trailer->record_count - before_last) * record_bytes;
}

static uint32_t regular_record_bytes(const struct index_trailer *trailer)
{
	return is_throughout(trailer, RECORD_NARROW_BYTES) ? RECORD_NARROW_BYTES
							   : RECORD_WIDE_BYTES;
}

static uint32_t regular_record_count(const struct index_trailer *trailer, uint32_t page_number,
				     uint32_t record_bytes)
{
	return (index_page_bytes(trailer, page_number) - PAGE_HEAD_BYTES) / record_bytes;
}

bool index_page_is_regular(const struct index_trailer *trailer, uint32_t page_number,
			   const struct index_page *page)
{
	return page->record_bytes == regular_record_bytes(trailer) &&
	       page->record_count == regular_record_count(trailer, page_number, page->record_bytes);
}

static uint64_t leading_u64(const uint8_t digest[DIGEST_BYTES])
{
	uint64_t value;

	memcpy(&value, digest, sizeof(value));
	return be64toh(value);
}

/* The place of `digest` among `record_count` between the page's fence and the next. */
static uint32_t expected_place(const struct index_trailer *trailer, const struct index_tail *tail,
			       uint32_t page_number, const uint8_t digest[DIGEST_BYTES],
			       uint32_t record_count)
{
	uint64_t begin = leading_u64(tail->fences[page_number]), at = leading_u64(digest);
	uint64_t end = page_number + 1 < trailer->page_count
			       ? leading_u64(tail->fences[page_number + 1])
			       : UINT64_MAX;

	if (at <= begin)
		return 0;
	if (at >= end)
		return record_count;
	return (uint32_t)((unsigned __int128)(at - begin) * record_count / (end - begin));
}

struct index_window index_window_of(const struct index_trailer *trailer,
				    const struct index_tail *tail, uint32_t page_number,
				    const uint8_t digest[DIGEST_BYTES])
{
	uint32_t record_bytes = regular_record_bytes(trailer);
	uint32_t count = regular_record_count(trailer, page_number, record_bytes);
	uint32_t width = INDEX_WINDOW_BYTES / record_bytes;
	uint32_t place = expected_place(trailer, tail, page_number, digest, count);
	uint32_t first = place > width / 2 ? place - width / 2 : 0;

	if (width > count)
		width = count;
	if (first > count - width)
		first = count - width;
	return (struct index_window){
		.offset_bytes = index_page_offset(page_number) + PAGE_HEAD_BYTES +
				(uint64_t)first * record_bytes,
		.length_bytes = width * record_bytes,
		.record_bytes = record_bytes,
		.is_cut_before = first > 0,
		.is_cut_behind = first + width < count,
	};
}

void index_window_open(struct index_page *out, const struct index_window *window,
		       const uint8_t *bytes)
{
	*out = (struct index_page){
		.records = view_of(bytes, window->length_bytes),
		.record_bytes = window->record_bytes,
		.record_count = window->length_bytes / window->record_bytes,
		.is_cut_before = window->is_cut_before,
		.is_cut_behind = window->is_cut_behind,
	};
}
