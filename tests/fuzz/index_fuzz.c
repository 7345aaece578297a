/* An index that reads gives records that its own look-ups find, and that can be written again. */
#include <stdlib.h>

#include "artifact/format/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct view page_bytes(struct view index, const struct index_trailer *trailer, uint32_t i)
{
	return view_of(index.ptr + index_page_offset(i), index_page_bytes(trailer, i));
}

static void finds_what_it_holds(struct index_page page, const struct index_record *record)
{
	struct index_record found;

	require(!index_page_find(&page, &record->key, &found));
	require(blob_key_equal(&found.key, &record->key));
	require(!index_page_find_digest(&page, record->key.digest, record->key.size_bytes, &found));
	require(found.key.size_bytes == record->key.size_bytes);
}

/* The records of a sound page make an index of their own, and come back. */
static void writes_again(struct index_page page, const struct index_trailer *trailer,
			 const struct index_tail *tail)
{
	struct index_builder *builder;
	struct index_trailer again;
	struct index_record record;
	struct index_page first;
	struct bytes out = { 0 };
	uint32_t count = page.record_count;

	require(!index_builder_new(&builder, trailer->repository_id, &trailer->id, count, NULL));
	while (index_page_next(&page, &record, NULL) == MUSTER_OK)
		require(!index_builder_add(builder, &record, &out, NULL));
	require(!index_builder_finish(builder, tail->packs, trailer->pack_count, &out, NULL));
	require(!index_trailer_parse(
		&again, view_of(out.ptr + out.len - INDEX_TRAILER_BYTES, INDEX_TRAILER_BYTES),
		out.len, NULL));
	require(again.record_count == count);
	require(!index_page_open(&first, &again, 0, page_bytes(bytes_view(&out), &again, 0), NULL));
	page.next = 0;
	require(!index_page_next(&first, &record, NULL));
	require(index_filter_maybe(view_of(out.ptr + index_filter_offset(&again, &record.key),
					   INDEX_FILTER_BLOCK_BYTES),
				   &record.key));
	finds_what_it_holds(page, &record);
	index_builder_free(builder);
	bytes_release(&out);
}

/* A window answers as its page does, or not at all. */
static void window_agrees(struct view index, const struct index_trailer *trailer,
			  const struct index_tail *tail, uint32_t number, struct index_page page,
			  const struct blob_key *key)
{
	struct index_window window = index_window_of(trailer, tail, number, key->digest);
	struct index_record found, expected;
	struct index_page part;
	enum muster_code code;

	require(window.offset_bytes >= index_page_offset(number) &&
		window.length_bytes <= INDEX_WINDOW_BYTES &&
		window.offset_bytes + window.length_bytes <= trailer->filter_offset_bytes);
	index_window_open(&part, &window, index.ptr + window.offset_bytes);
	code = index_page_find(&part, key, &found);
	if (code == MUSTER_FULL)
		return;
	require(code == index_page_find(&page, key, &expected));
	require(code || blob_key_equal(&found.key, &expected.key));
}

static void read_page(struct view index, const struct index_trailer *trailer,
		      const struct index_tail *tail, uint32_t number)
{
	struct muster_error err = { 0 };
	struct index_record record;
	struct index_page page;

	if (index_page_open(&page, trailer, number, page_bytes(index, trailer, number), &err)) {
		require(err.code == MUSTER_E_FORMAT && err.message[0]);
		return;
	}
	for (struct index_page at = page; index_page_next(&at, &record, NULL) == MUSTER_OK;) {
		uint64_t offset = index_filter_offset(trailer, &record.key);

		require(offset + INDEX_FILTER_BLOCK_BYTES <= trailer->packs_offset_bytes);
		require(record.pack < trailer->pack_count);
		require(index_page_of(trailer, tail, record.key.digest) < trailer->page_count);
		finds_what_it_holds(page, &record);
		if (index_page_is_regular(trailer, number, &page))
			window_agrees(index, trailer, tail, number, page, &record.key);
	}
	writes_again(page, trailer, tail);
}

static void read_index(struct view index)
{
	struct view end = view_of(index.ptr + index.len - INDEX_TRAILER_BYTES, INDEX_TRAILER_BYTES);
	struct muster_error err = { 0 };
	struct index_trailer trailer;
	struct index_tail tail;

	if (index_trailer_parse(&trailer, end, index.len, &err) ||
	    index_tail_parse(
		    &tail, &trailer,
		    view_of(index.ptr + trailer.packs_offset_bytes, index_tail_bytes(&trailer)),
		    &err)) {
		require(muster_failed(err.code) && err.message[0]);
		return;
	}
	for (uint32_t i = 0; i < trailer.page_count; i++)
		read_page(index, &trailer, &tail, i);
	index_tail_release(&tail);
}

static void reseal_part(uint8_t *index, size_t len, uint64_t from, uint64_t to, uint8_t *checksum)
{
	if (from <= to && to <= len)
		xxh128_of(view_of(index + from, to - from), checksum);
}

/* Makes the checksums right, or no mutation would ever get past them. */
static void reseal(uint8_t *index, size_t len)
{
	uint8_t *trailer = index + len - INDEX_TRAILER_BYTES;
	uint64_t filter_offset = get_u64(trailer + 64), packs_offset = get_u64(trailer + 72);
	uint64_t page = OBJECT_HEADER_BYTES;

	for (; page + 16 < filter_offset && page + 16 < len; page += INDEX_PAGE_BYTES) {
		uint64_t end = page + INDEX_PAGE_BYTES;

		reseal_part(index, len, page + 16, end < filter_offset ? end : filter_offset,
			    index + page);
	}
	reseal_part(index, len, filter_offset, packs_offset, trailer + 104);
	reseal_part(index, len, packs_offset, len - INDEX_TRAILER_BYTES, trailer + 120);
	xxh128_of(view_of(trailer, 136), trailer + 136);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < INDEX_TRAILER_BYTES)
		return 0;
	read_index(view_of(data, size));
	copy = malloc(size);
	require(copy);
	memcpy(copy, data, size);
	reseal(copy, size);
	read_index(view_of(copy, size));
	free(copy);
	return 0;
}
