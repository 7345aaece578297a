/* Parts of pages: what a window tells is what the page tells, and else it says that it does not. */
#include "tests/artifact/format/index_lab.h"

static enum muster_code window_find(const struct index_file *file, uint32_t number,
				    const struct blob_key *key, bool by_digest,
				    struct index_record *out)
{
	struct index_window window =
		index_window_of(&file->trailer, &file->tail, number, key->digest);
	uint64_t page_begin = index_page_offset(number);
	struct index_page page;

	assert_in_range(window.length_bytes, window.record_bytes, INDEX_WINDOW_BYTES);
	assert_true(window.offset_bytes > page_begin);
	assert_true(window.offset_bytes + window.length_bytes <=
		    page_begin + index_page_bytes(&file->trailer, number));
	index_window_open(&page, &window, file->bytes.ptr + window.offset_bytes);
	return by_digest ? index_page_find_digest(&page, key->digest, key->size_bytes, out)
			 : index_page_find(&page, key, out);
}

static enum muster_code page_find(const struct index_file *file, uint32_t number,
				  const struct blob_key *key, bool by_digest,
				  struct index_record *out)
{
	struct index_page page;

	assert_int_equal(
		index_page_open(&page, &file->trailer, number, file_page(file, number), NULL),
		MUSTER_OK);
	return by_digest ? index_page_find_digest(&page, key->digest, key->size_bytes, out)
			 : index_page_find(&page, key, out);
}

/* Whatever the key: FULL, or the page's own answer. Tells whether it was an answer. */
static bool page_agrees(const struct index_file *file, uint32_t number, const struct blob_key *key,
			bool by_digest)
{
	struct index_record expected, found;
	enum muster_code code = window_find(file, number, key, by_digest, &found);

	if (code == MUSTER_FULL)
		return false;
	assert_int_equal(code, page_find(file, number, key, by_digest, &expected));
	if (code == MUSTER_OK)
		assert_same_record(&found, &expected);
	return true;
}

static bool window_agrees(const struct index_file *file, const struct blob_key *key, bool by_digest)
{
	return page_agrees(file, index_page_of(&file->trailer, &file->tail, key->digest), key,
			   by_digest);
}

static void a_window_tells_what_its_page_tells(void **state)
{
	static const size_t counts[] = { 1, 2, 127, 129, 1364, 1365, 30000 };
	uint64_t seed = 5;

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct index_record *records = random_records(counts[c], 9, c);
		struct bytes out = { 0 };
		struct index_file file;
		size_t told_count = 0;

		build(&out, records, counts[c], 9);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		for (size_t i = 0; i < counts[c]; i++) {
			struct blob_key other = records[i].key;

			told_count += window_agrees(&file, &records[i].key, false);
			window_agrees(&file, &records[i].key, true);
			other.size_bytes++;
			window_agrees(&file, &other, false);
			stored_fill(&seed, other.digest, DIGEST_BYTES);
			window_agrees(&file, &other, true);
		}
		assert_true(told_count * 1000 >= counts[c] * 995);
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

/* Digests that somebody made up: all in one corner, or all equal. */
static void uneven_digests_are_told_or_left_to_the_page(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct index_record *records = random_records(5000, 9, 70);
		struct bytes out = { 0 };
		struct index_file file;

		for (size_t i = 0; i < 5000; i++) {
			if (kind == 0)
				memset(records[i].key.digest, 0, 14);
			else if (kind == 1)
				memset(records[i].key.digest, 0xff, DIGEST_BYTES);
			else if (i % 50)
				memset(records[i].key.digest + 1, 0, 15);
		}
		qsort(records, 5000, sizeof(*records), record_order);
		build(&out, records, 5000, 9);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		for (size_t i = 0; i < 5000; i++) {
			window_agrees(&file, &records[i].key, false);
			window_agrees(&file, &records[i].key, true);
		}
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

static void only_pages_of_the_expected_shape_have_windows(void **state)
{
	/* 818 narrow records before the first wide one: the counts are those of a wide index. */
	static const size_t narrow_counts[] = { 0, 1, 818, 1364, 2000 };

	(void)state;
	for (size_t n = 0; n < sizeof(narrow_counts) / sizeof(narrow_counts[0]); n++) {
		struct index_record *records = random_records(5000, 9, n);
		struct bytes out = { 0 };
		struct index_file file;

		for (size_t i = narrow_counts[n]; i < 5000; i++) {
			records[i].key.has_identity = true;
			records[i].key.identity[0] = 1;
		}
		build(&out, records, 5000, 9);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		for (uint32_t i = 0; i < file.trailer.page_count; i++) {
			struct index_page page;
			struct index_record record;

			assert_int_equal(
				index_page_open(&page, &file.trailer, i, file_page(&file, i), NULL),
				MUSTER_OK);
			if (!narrow_counts[n])
				assert_true(index_page_is_regular(&file.trailer, i, &page));
			if (!index_page_is_regular(&file.trailer, i, &page))
				continue;
			for (struct index_page at = page; !index_page_next(&at, &record, NULL);)
				page_agrees(&file, i, &record.key, false);
		}
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_tells_what_its_page_tells),
		cmocka_unit_test(uneven_digests_are_told_or_left_to_the_page),
		cmocka_unit_test(only_pages_of_the_expected_shape_have_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
