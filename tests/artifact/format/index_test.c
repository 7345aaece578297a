/* What is added to an index is what is read. */
#include "tests/artifact/format/index_lab.h"

static void what_was_added_is_what_is_read(void **state)
{
	static const size_t counts[] = { 1, 2, 1363, 1364, 1365, 2728, 20000 };

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct index_record *records = random_records(counts[c], 5, c + 1), found;
		struct index_file file;
		struct bytes out = { 0 };

		build(&out, records, counts[c], 5);
		assert_int_equal(prove_index(bytes_view(&out), NULL), MUSTER_OK);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		assert_memory_equal(file.trailer.repository_id, repository_id, 16);
		assert_true(object_id_equal(&file.trailer.id, &index_id));
		assert_int_equal(file.trailer.record_count, counts[c]);
		assert_int_equal(file.trailer.page_count, (counts[c] + 1363) / 1364);
		records_come_back_in_order(&file, records, counts[c]);
		for (size_t i = 0; i < counts[c]; i += 1 + counts[c] / 200) {
			assert_int_equal(file_find(&file, &records[i].key, false, &found),
					 MUSTER_OK);
			assert_same_record(&found, &records[i]);
			assert_int_equal(file_find(&file, &records[i].key, true, &found),
					 MUSTER_OK);
			assert_same_record(&found, &records[i]);
		}
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

static void packs_and_large_sizes_come_back(void **state)
{
	struct index_record *records = random_records(100, 40, 3);
	struct index_pack *packs = some_packs(40);
	struct index_file file;
	struct bytes out = { 0 };

	(void)state;
	build(&out, records, 100, 40);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	assert_int_equal(file.trailer.pack_count, 40);
	for (size_t i = 0; i < 40; i++) {
		assert_true(object_id_equal(&file.tail.packs[i].id, &packs[i].id));
		assert_true(file.tail.packs[i].pack_bytes == packs[i].pack_bytes);
		assert_int_equal(file.tail.packs[i].blob_count, packs[i].blob_count);
		assert_int_equal(file.tail.packs[i].is_single, packs[i].is_single);
		assert_memory_equal(file.tail.packs[i].checksum_sum, packs[i].checksum_sum, 16);
	}
	assert_int_equal(file.trailer.large_size_count, 2); /* many blobs, two distinct sizes */
	assert_int_equal(file.tail.large_sizes[0], PACK_BLOB_MAX_BYTES + 1);
	assert_true(file.tail.large_sizes[1] == UINT64_C(1) << 63);
	index_tail_release(&file.tail);
	bytes_release(&out);
	free(packs);
	free(records);
}

static void equal_digests_with_other_checksums_are_other_blobs(void **state)
{
	enum { COUNT = 5000 };
	struct index_record *records = random_records(COUNT, 1, 5), found;
	struct index_file file;
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 1000; i < 4500; i++) { /* over more than two pages */
		memcpy(records[i].key.digest, records[1000].key.digest, DIGEST_BYTES);
		records[i].key.size_bytes = 77;
	}
	qsort(records, COUNT, sizeof(*records), record_order);
	build(&out, records, COUNT, 1);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	for (size_t i = 900; i < 4600; i += 50) {
		struct blob_key absent = records[i].key;

		assert_int_equal(file_find(&file, &records[i].key, false, &found), MUSTER_OK);
		assert_same_record(&found, &records[i]);
		absent.checksum[15] ^= 1;
		assert_int_equal(file_find(&file, &absent, false, &found), MUSTER_ABSENT);
		assert_int_equal(file_find(&file, &absent, true, &found), MUSTER_OK);
		assert_same_record(&found, &records[i >= 1000 && i < 4500 ? 1000 : i]);
		absent = records[i].key;
		absent.algorithm ^= DIGEST_MD5 ^ DIGEST_XXH128;
		assert_int_equal(file_find(&file, &absent, false, &found), MUSTER_ABSENT);
	}
	index_tail_release(&file.tail);
	bytes_release(&out);
	free(records);
}

static void copies_follow_the_first_that_is_found(void **state)
{
	struct index_record *records = random_records(100, 100, 7), found;
	struct index_file file;
	struct index_page page;
	struct bytes out = { 0 };

	(void)state;
	for (uint32_t i = 50; i < 53; i++) {
		records[i].key = records[50].key;
		records[i].pack = i;
	}
	build(&out, records, 100, 100);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	assert_int_equal(index_page_open(&page, &file.trailer, 0, file_page(&file, 0), NULL),
			 MUSTER_OK);
	assert_int_equal(index_page_find(&page, &records[50].key, &found), MUSTER_OK);
	for (uint32_t i = 50; i < 53; i++) {
		assert_same_record(&found, &records[i]);
		assert_int_equal(index_page_next(&page, &found, NULL), MUSTER_OK);
	}
	assert_same_record(&found, &records[53]);
	index_tail_release(&file.tail);
	bytes_release(&out);
	free(records);
}

static void identities_widen_the_records_that_follow(void **state)
{
	enum { COUNT = 4000 };
	static const size_t firsts[] = { 0, 1, 1364, 1500, COUNT - 1 };

	(void)state;
	for (size_t f = 0; f < sizeof(firsts) / sizeof(firsts[0]); f++) {
		struct index_record *records = random_records(COUNT, 2, 11), found;
		struct index_file file;
		struct bytes out = { 0 };

		for (size_t i = firsts[f]; i < COUNT; i += 2) {
			records[i].key.has_identity = true;
			memcpy(records[i].key.identity, records[i].key.digest, DIGEST_BYTES);
		}
		build(&out, records, COUNT, 2);
		assert_int_equal(prove_index(bytes_view(&out), NULL), MUSTER_OK);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		records_come_back_in_order(&file, records, COUNT);
		for (size_t i = 0; i < COUNT; i += 17) {
			struct blob_key other = records[i].key;

			assert_int_equal(file_find(&file, &records[i].key, false, &found),
					 MUSTER_OK);
			assert_same_record(&found, &records[i]);
			other.has_identity = true;
			other.identity[31] = 1;
			assert_int_equal(file_find(&file, &other, false, &found), MUSTER_ABSENT);
		}
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

static void absent_blobs_are_absent(void **state)
{
	struct index_record *records = random_records(4000, 1, 13);
	struct index_record *others = random_records(4000, 1, 14), found;
	uint8_t last[DIGEST_BYTES];
	struct index_file file;
	struct index_page page;
	struct bytes out = { 0 };

	(void)state;
	memset(last, 0xff, sizeof(last));
	build(&out, records, 4000, 1);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	for (size_t i = 0; i < 4000; i++) {
		uint32_t number = index_page_of(&file.trailer, &file.tail, others[i].key.digest);

		/* Past the filter too. */
		assert_int_equal(index_page_open(&page, &file.trailer, number,
						 file_page(&file, number), NULL),
				 MUSTER_OK);
		assert_int_not_equal(index_page_find(&page, &others[i].key, &found), MUSTER_OK);
		assert_int_not_equal(index_page_find_digest(&page, others[i].key.digest,
							    others[i].key.size_bytes, &found),
				     MUSTER_OK);
	}
	assert_int_equal(index_page_find_digest(&page, last, 0, &found), MUSTER_END);
	assert_int_equal(index_page_of(&file.trailer, &file.tail, last),
			 file.trailer.page_count - 1);
	memset(last, 0, sizeof(last));
	assert_int_equal(index_page_of(&file.trailer, &file.tail, last), 0);
	index_tail_release(&file.tail);
	bytes_release(&out);
	free(records);
	free(others);
}

/* Digests of every kind that people make: random ones, counters, zeros with a size. */
static void digest_make(uint8_t out[DIGEST_BYTES], int kind, uint64_t i, uint64_t *seed)
{
	memset(out, 0, DIGEST_BYTES);
	if (kind == 0)
		stored_fill(seed, out, DIGEST_BYTES);
	else if (kind == 1)
		put_u64(out, __builtin_bswap64(i));
	else
		put_u64(out + 8, __builtin_bswap64(i));
}

static void the_filter_misses_nothing_and_errs_rarely(void **state)
{
	enum { COUNT = 200000 };
	static const char *const kinds[] = { "random", "high counter", "low counter" };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct index_record record = { .key = { .algorithm = DIGEST_MD5,
							.size_bytes = 5 } };
		struct index_record *records = calloc(COUNT, sizeof(*records));
		uint64_t seed = 17, wrong = 0;
		struct index_file file;
		struct bytes out = { 0 };

		assert_non_null(records);
		for (uint64_t i = 0; i < COUNT; i++) {
			records[i] = record;
			digest_make(records[i].key.digest, kind, i, &seed);
		}
		qsort(records, COUNT, sizeof(*records), record_order);
		build(&out, records, COUNT, 1);
		assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
		for (uint64_t i = 0; i < COUNT; i++)
			assert_true(file_maybe(&file, &records[i].key));
		for (uint64_t i = COUNT; i < 2 * COUNT; i++) {
			digest_make(record.key.digest, kind, i, &seed);
			wrong += file_maybe(&file, &record.key);
		}
		print_message("%s: %.3f %% false positives\n", kinds[kind], 100.0 * wrong / COUNT);
		assert_true(wrong < COUNT / 100);
		wrong = 0;
		for (uint64_t i = 0; i < COUNT; i++) { /* the digest of a blob, another size */
			record.key = records[i].key;
			record.key.size_bytes = 6;
			wrong += file_maybe(&file, &record.key);
		}
		assert_true(wrong < COUNT / 100);
		index_tail_release(&file.tail);
		bytes_release(&out);
		free(records);
	}
}

static void what_has_no_meaning_is_refused(void **state)
{
	struct index_record *records = random_records(3, 2, 19), bad;
	struct index_pack *packs = some_packs(2);
	struct index_builder *builder;
	struct bytes out = { 0 };

	(void)state;
	assert_int_equal(index_builder_new(&builder, repository_id, &index_id, 0, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(index_builder_new(&builder, repository_id, &index_id,
					   (uint64_t)INDEX_MAX_BLOBS + 1, NULL),
			 MUSTER_E_LIMIT);
	assert_null(builder);
	assert_int_equal(index_builder_new(&builder, repository_id, &index_id, 2, NULL), MUSTER_OK);
	records[1].pack = 1;
	assert_int_equal(index_builder_add(builder, &records[1], &out, NULL), MUSTER_OK);
	assert_int_equal(index_builder_add(builder, &records[0], &out, NULL), MUSTER_E_FORMAT);
	bad = records[2];
	bad.key.algorithm = DIGEST_TEXT;
	assert_int_equal(index_builder_add(builder, &bad, &out, NULL), MUSTER_E_USAGE);
	bad = records[2];
	bad.ordinal = PACK_MAX_BLOBS;
	assert_int_equal(index_builder_add(builder, &bad, &out, NULL), MUSTER_E_USAGE);
	bad = records[2];
	bad.pack = INDEX_MAX_PACKS;
	assert_int_equal(index_builder_add(builder, &bad, &out, NULL), MUSTER_E_USAGE);
	assert_int_equal(index_builder_finish(builder, packs, 2, &out, NULL), MUSTER_E_USAGE);
	assert_int_equal(index_builder_add(builder, &records[2], &out, NULL), MUSTER_OK);
	assert_int_equal(index_builder_add(builder, &records[2], &out, NULL), MUSTER_E_USAGE);
	assert_int_equal(index_builder_finish(builder, packs, 1, &out, NULL), MUSTER_E_USAGE);
	packs[1].blob_count = 0;
	assert_int_equal(index_builder_finish(builder, packs, 2, &out, NULL), MUSTER_E_USAGE);
	packs[1].blob_count = 1;
	assert_int_equal(out.len, 0);
	assert_int_equal(index_builder_finish(builder, packs, 2, &out, NULL), MUSTER_OK);
	assert_int_equal(prove_index(bytes_view(&out), NULL), MUSTER_OK);
	index_builder_free(builder);
	index_builder_free(NULL);
	bytes_release(&out);
	free(packs);
	free(records);
}

static void bytes_may_be_moved_away_between_calls(void **state)
{
	enum { COUNT = 5000 };
	struct index_record *records = random_records(COUNT, 3, 23);
	struct index_pack *packs = some_packs(3);
	struct index_builder *builder;
	struct bytes whole = { 0 }, moved = { 0 }, part = { 0 };

	(void)state;
	build(&whole, records, COUNT, 3);
	assert_int_equal(index_builder_new(&builder, repository_id, &index_id, COUNT, NULL),
			 MUSTER_OK);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(index_builder_add(builder, &records[i], &part, NULL), MUSTER_OK);
		assert_int_equal(bytes_append_view(&moved, bytes_view(&part), NULL), MUSTER_OK);
		part.len = 0;
	}
	assert_int_equal(index_builder_finish(builder, packs, 3, &moved, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&whole), bytes_view(&moved)));
	index_builder_free(builder);
	bytes_release(&whole);
	bytes_release(&moved);
	bytes_release(&part);
	free(packs);
	free(records);
}

static enum muster_code build_and_open(struct bytes *out, const struct index_record *records,
				       size_t count, struct muster_error *err)
{
	struct index_pack packs[2] = { { .blob_count = 2 }, { .blob_count = 3 } };
	struct index_builder *builder = NULL;
	struct index_file file = { 0 };
	enum muster_code code;

	code = index_builder_new(&builder, repository_id, &index_id, count, err);
	for (size_t i = 0; !code && i < count; i++)
		code = index_builder_add(builder, &records[i], out, err);
	if (!code)
		code = index_builder_finish(builder, packs, 2, out, err);
	if (!code)
		code = file_open(&file, bytes_view(out), err);
	index_tail_release(&file.tail);
	index_builder_free(builder);
	return code;
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
	enum { COUNT = 3000 };
	struct index_record *records = random_records(COUNT, 2, 37);

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct muster_error err = { 0 };
		struct bytes out = { 0 };
		enum muster_code code = build_and_open(&out, records, COUNT, &err);

		torture_off();
		assert_int_equal(code, torture_hit() ? MUSTER_E_MEMORY : MUSTER_OK);
		bytes_release(&out);
		if (!torture_hit())
			break;
	}
	free(records);
}

static void a_failed_call_may_be_made_again(void **state)
{
	enum { COUNT = 3000 };
	struct index_record *records = random_records(COUNT, 2, 41);
	struct index_pack *packs = some_packs(2);
	struct bytes whole = { 0 };

	(void)state;
	build(&whole, records, COUNT, 2);
	for (uint64_t n = 1; n < 40; n++) {
		struct index_builder *builder;
		struct bytes out = { 0 };

		assert_int_equal(index_builder_new(&builder, repository_id, &index_id, COUNT, NULL),
				 MUSTER_OK);
		torture_allocation(n);
		for (size_t i = 0; i < COUNT; i++)
			while (index_builder_add(builder, &records[i], &out, NULL))
				assert_true(torture_hit());
		while (index_builder_finish(builder, packs, 2, &out, NULL))
			assert_true(torture_hit());
		torture_off();
		assert_true(view_equal(bytes_view(&whole), bytes_view(&out)));
		index_builder_free(builder);
		bytes_release(&out);
		if (!torture_hit())
			break;
	}
	bytes_release(&whole);
	free(packs);
	free(records);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_what_is_read),
		cmocka_unit_test(packs_and_large_sizes_come_back),
		cmocka_unit_test(equal_digests_with_other_checksums_are_other_blobs),
		cmocka_unit_test(copies_follow_the_first_that_is_found),
		cmocka_unit_test(identities_widen_the_records_that_follow),
		cmocka_unit_test(absent_blobs_are_absent),
		cmocka_unit_test(the_filter_misses_nothing_and_errs_rarely),
		cmocka_unit_test(what_has_no_meaning_is_refused),
		cmocka_unit_test(bytes_may_be_moved_away_between_calls),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(a_failed_call_may_be_made_again),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
