#include "tests/artifact/format/stored.h"

#include "artifact/format/index.h"
#include "tests/support/torture.h"

static const uint8_t repository_id[16] = "the repository!";
static const struct object_id index_id = { "session of inde", 9 };

/* ---- making ---- */

static int record_order(const void *a, const void *b)
{
	return blob_key_compare(&((const struct index_record *)a)->key,
				&((const struct index_record *)b)->key);
}

static struct index_record *random_records(size_t count, uint32_t pack_count, uint64_t seed)
{
	static const uint64_t sizes[] = {
		0, 1, 4096, PACK_BLOB_MAX_BYTES, PACK_BLOB_MAX_BYTES + 1, UINT64_C(1) << 63
	};
	struct index_record *records = calloc(count, sizeof(*records));

	assert_non_null(records);
	for (size_t i = 0; i < count; i++) {
		records[i].key.algorithm = stored_random(&seed) >> 63 ? DIGEST_MD5 : DIGEST_XXH128;
		records[i].key.size_bytes = sizes[(stored_random(&seed) >> 32) % 6];
		stored_fill(&seed, records[i].key.digest, DIGEST_BYTES);
		stored_fill(&seed, records[i].key.checksum, CHECKSUM_BYTES);
		records[i].pack = (uint32_t)((stored_random(&seed) >> 32) % pack_count);
		records[i].ordinal = (uint32_t)((stored_random(&seed) >> 32) % PACK_MAX_BLOBS);
	}
	qsort(records, count, sizeof(*records), record_order);
	return records;
}

static struct index_pack *some_packs(uint32_t count)
{
	struct index_pack *packs = calloc(count, sizeof(*packs));

	assert_non_null(packs);
	for (uint32_t i = 0; i < count; i++) {
		memcpy(packs[i].id.session, "session of packs", 16);
		packs[i].id.number = i;
		packs[i].pack_bytes = UINT64_C(1) << (i % 64);
		packs[i].is_single = i % 3 == 2;
		packs[i].blob_count = packs[i].is_single ? 1 : i + 1;
		packs[i].checksum_sum[i % 16] = 0xff;
	}
	return packs;
}

static void build(struct bytes *out, const struct index_record *records, size_t count,
		  uint32_t pack_count)
{
	struct index_pack *packs = some_packs(pack_count);
	struct index_builder *builder;

	assert_int_equal(index_builder_new(&builder, repository_id, &index_id, count, NULL),
			 MUSTER_OK);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(index_builder_add(builder, &records[i], out, NULL), MUSTER_OK);
	assert_int_equal(index_builder_finish(builder, packs, pack_count, out, NULL), MUSTER_OK);
	index_builder_free(builder);
	free(packs);
}

/* ---- reading ---- */

struct index_file {
	struct view bytes;
	struct index_trailer trailer;
	struct index_tail tail;
};

static enum muster_code file_open(struct index_file *out, struct view bytes,
				  struct muster_error *err)
{
	enum muster_code code;

	*out = (struct index_file){ .bytes = bytes };
	if (bytes.len < INDEX_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "too short");
	code = index_trailer_parse(
		&out->trailer,
		view_of(bytes.ptr + bytes.len - INDEX_TRAILER_BYTES, INDEX_TRAILER_BYTES),
		bytes.len, err);
	if (!code)
		code = object_header_check(bytes, "index", INDEX_VERSION, err);
	if (!code)
		code = index_tail_parse(&out->tail, &out->trailer,
					view_of(bytes.ptr + out->trailer.packs_offset_bytes,
						index_tail_bytes(&out->trailer)),
					err);
	return code;
}

static struct view file_page(const struct index_file *file, uint32_t number)
{
	return view_of(file->bytes.ptr + index_page_offset(number),
		       index_page_bytes(&file->trailer, number));
}

/* What `check` does with a whole index: every byte is looked at. */
static enum muster_code prove_index(struct view bytes, struct muster_error *err)
{
	struct index_file file;
	struct index_record record;
	uint64_t count = 0;
	enum muster_code code = file_open(&file, bytes, err);

	if (!code)
		code = index_filter_check(&file.trailer,
					  view_of(bytes.ptr + file.trailer.filter_offset_bytes,
						  index_filter_bytes(&file.trailer)),
					  err);
	for (uint32_t i = 0; !code && i < file.trailer.page_count; i++) {
		struct index_page page;

		code = index_page_open(&page, &file.trailer, i, file_page(&file, i), err);
		while (!code && index_page_next(&page, &record, NULL) == MUSTER_OK)
			count++;
	}
	if (!code && count != file.trailer.record_count)
		code = muster_fail(err, MUSTER_E_FORMAT, "%llu records", (unsigned long long)count);
	index_tail_release(&file.tail);
	return code;
}

static bool file_maybe(const struct index_file *file, const struct blob_key *key)
{
	uint64_t offset = index_filter_offset(&file->trailer, key);

	assert_true(offset >= file->trailer.filter_offset_bytes &&
		    offset + INDEX_FILTER_BLOCK_BYTES <= file->trailer.packs_offset_bytes);
	return index_filter_maybe(view_of(file->bytes.ptr + offset, INDEX_FILTER_BLOCK_BYTES), key);
}

/* As engine does it: the filter, then a page, then the next while the page answers MUSTER_END. */
static enum muster_code file_find(const struct index_file *file, const struct blob_key *key,
				  bool by_digest, struct index_record *out)
{
	uint32_t number = index_page_of(&file->trailer, &file->tail, key->digest);

	if (!file_maybe(file, key))
		return MUSTER_ABSENT;
	for (; number < file->trailer.page_count; number++) {
		struct index_page page;
		enum muster_code code;

		assert_int_equal(index_page_open(&page, &file->trailer, number,
						 file_page(file, number), NULL),
				 MUSTER_OK);
		code = by_digest ? index_page_find_digest(&page, key->digest, key->size_bytes, out)
				 : index_page_find(&page, key, out);
		if (code != MUSTER_END)
			return code;
	}
	return MUSTER_ABSENT;
}

static void assert_same_record(const struct index_record *a, const struct index_record *b)
{
	assert_true(blob_key_equal(&a->key, &b->key));
	assert_int_equal(a->pack, b->pack);
	assert_int_equal(a->ordinal, b->ordinal);
}

static void records_come_back_in_order(const struct index_file *file,
				       const struct index_record *records, size_t count)
{
	struct index_record record;
	size_t n = 0;

	for (uint32_t i = 0; i < file->trailer.page_count; i++) {
		struct index_page page;

		assert_int_equal(
			index_page_open(&page, &file->trailer, i, file_page(file, i), NULL),
			MUSTER_OK);
		assert_memory_equal(file->tail.fences[i], records[n].key.digest, DIGEST_BYTES);
		while (index_page_next(&page, &record, NULL) == MUSTER_OK) {
			assert_true(n < count);
			assert_same_record(&record, &records[n++]);
		}
	}
	assert_int_equal(n, count);
}

/* ---- tests ---- */

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

/* ---- golden files and damage ---- */

/* A blob, a copy of it, one that shares its digest and is large, one with an identity. */
static void golden_records(struct index_record records[4])
{
	memset(records, 0, 4 * sizeof(*records));
	for (uint32_t i = 0; i < 4; i++) {
		records[i].key.algorithm = DIGEST_MD5;
		memset(records[i].key.digest, i < 3 ? 0x11 : 0x22, DIGEST_BYTES);
		memset(records[i].key.checksum, i < 2 ? 0x33 : 0x44, CHECKSUM_BYTES);
		records[i].key.size_bytes = i < 2 ? 6 : PACK_BLOB_MAX_BYTES + 1;
		records[i].pack = i % 2;
		records[i].ordinal = i;
	}
	records[3].key.has_identity = true;
	memset(records[3].key.identity, 0x55, IDENTITY_BYTES);
}

/* The first three make one short page; the fourth would begin a second one. */
static void golden_index(struct bytes *out)
{
	struct index_record records[4];

	golden_records(records);
	build(out, records, 3, 2);
}

/* As a repository with identities writes it: wide records from the first on. */
static void golden_wide_index(struct bytes *out)
{
	struct index_record records[4];

	golden_records(records);
	for (unsigned i = 0; i < 3; i++) {
		records[i].key.has_identity = true;
		memset(records[i].key.identity, 0x55, IDENTITY_BYTES);
	}
	build(out, records, 3, 2);
}

static void golden_indexes_are_what_is_written(void **state)
{
	struct index_record records[4], found;
	struct bytes out = { 0 }, wide = { 0 };
	struct index_file file;

	(void)state;
	golden_index(&out);
	stored_is_golden("three-blobs.index", bytes_view(&out));
	golden_wide_index(&wide);
	stored_is_golden("three-identities.index", bytes_view(&wide));
	assert_int_equal(wide.len, out.len + 3 * IDENTITY_BYTES);
	bytes_release(&wide);
	golden_records(records);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	records_come_back_in_order(&file, records, 3);
	assert_int_equal(file_find(&file, &records[2].key, false, &found), MUSTER_OK);
	assert_same_record(&found, &records[2]);
	assert_int_equal(file.trailer.large_size_count, 1);
	index_tail_release(&file.tail);
	bytes_release(&out);
}

static void a_first_identity_begins_a_page(void **state)
{
	struct index_record records[4];
	struct index_file file;
	struct bytes out = { 0 };

	(void)state;
	golden_records(records);
	build(&out, records, 4, 2);
	assert_int_equal(prove_index(bytes_view(&out), NULL), MUSTER_OK);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	assert_int_equal(file.trailer.page_count, 2);
	records_come_back_in_order(&file, records, 4);
	index_tail_release(&file.tail);
	bytes_release(&out);
}

static const char *const sound_names[] = { "three-blobs.index", "three-identities.index" };

static void every_flipped_bit_is_found(void **state)
{
	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct view index = stored_golden(sound_names[n]);
		uint8_t *bytes = (uint8_t *)(uintptr_t)index.ptr;

		for (size_t bit = 0; bit < index.len * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (!muster_failed(prove_index(index, NULL)))
				fail_msg("%s: bit %zu of byte %zu", sound_names[n], bit % 8,
					 bit / 8);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(prove_index(index, NULL), MUSTER_OK);
		stored_free(index);
	}
}

static void a_cut_index_is_refused_at_every_byte(void **state)
{
	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct view index = stored_golden(sound_names[n]);

		for (size_t len = 0; len < index.len; len++) {
			struct view copy = stored_copy(index.ptr, len);

			assert_true(muster_failed(prove_index(copy, NULL)));
			stored_free(copy);
		}
		stored_free(index);
	}
}

static void a_page_from_elsewhere_is_refused(void **state)
{
	struct index_record *records = random_records(3000, 1, 31);
	struct muster_error err = { 0 };
	struct index_file file;
	struct index_page page;
	struct bytes out = { 0 };

	(void)state;
	build(&out, records, 3000, 1);
	assert_int_equal(file_open(&file, bytes_view(&out), NULL), MUSTER_OK);
	assert_int_equal(index_page_open(&page, &file.trailer, 1, file_page(&file, 0), &err),
			 MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "page 1: index page: it belongs elsewhere"));
	assert_int_equal(index_page_open(&page, &file.trailer, 3, file_page(&file, 0), &err),
			 MUSTER_E_FORMAT);
	file.trailer.id.number++;
	assert_int_equal(index_page_open(&page, &file.trailer, 0, file_page(&file, 0), &err),
			 MUSTER_E_FORMAT);
	assert_int_equal(page.record_count, 0);
	index_tail_release(&file.tail);
	bytes_release(&out);
	free(records);
}

enum part {
	PART_WIDE_PAGE, /* of the index with identities */
	PART_PAGE,
	PART_TAIL,
	PART_TRAILER,
	PART_MAGIC,
};

/* Sound checksums around one wrong field each. */
static const struct broken {
	const char *name;
	enum part part;
	int at; /* from the part's begin */
	size_t len;
	uint64_t value;
	enum muster_code code;
	const char *reason;
} broken_indexes[] = {
	{ "refused-huge-count.index", PART_TRAILER, 40, 8, UINT64_MAX, MUSTER_E_LIMIT, "blobs in" },
	{ "refused-no-blobs.index", PART_TRAILER, 40, 8, 0, MUSTER_E_FORMAT, "0 blobs" },
	{ "refused-one-blob-more.index", PART_TRAILER, 40, 8, 4, MUSTER_E_FORMAT, "3 records" },
	{ "refused-huge-pages.index", PART_TRAILER, 48, 4, UINT32_MAX, MUSTER_E_FORMAT, "pages" },
	{ "refused-huge-packs.index", PART_TRAILER, 52, 4, UINT32_MAX, MUSTER_E_LIMIT, "packs" },
	{ "refused-no-packs.index", PART_TRAILER, 52, 4, 0, MUSTER_E_FORMAT, "0 packs" },
	{ "refused-huge-sizes.index", PART_TRAILER, 56, 4, UINT32_MAX, MUSTER_E_FORMAT, "sizes" },
	{ "refused-no-filter.index", PART_TRAILER, 60, 4, 0, MUSTER_E_FORMAT, "filter blocks" },
	{ "refused-filter-in-header.index", PART_TRAILER, 64, 8, 0, MUSTER_E_FORMAT, "offsets" },
	{ "refused-fences-overflow.index", PART_TRAILER, 88, 8, UINT64_MAX, MUSTER_E_FORMAT,
	  "offsets" },
	{ "refused-other-length.index", PART_TRAILER, 96, 8, 1, MUSTER_E_FORMAT, "of 1 bytes" },
	{ "refused-unknown-flag.index", PART_TRAILER, 36, 4, 1, MUSTER_E_UNSUPPORTED, "flags" },
	{ "refused-next-version.index", PART_MAGIC, 7, 1, '2', MUSTER_E_UNSUPPORTED, "version" },
	{ "refused-no-magic.index", PART_MAGIC, 0, 1, 'x', MUSTER_E_FORMAT, "no index ends" },
	{ "refused-pack-of-none.index", PART_TAIL, 20, 4, 0, MUSTER_E_FORMAT, "pack 0 has 0" },
	{ "refused-single-of-two.index", PART_TAIL, 20, 4, 0x80000002, MUSTER_E_FORMAT, "has 2" },
	{ "refused-size-not-large.index", PART_TAIL, 96, 8, 5, MUSTER_E_FORMAT, "large size 0" },
	{ "refused-page-count.index", PART_PAGE, 40, 4, UINT32_MAX, MUSTER_E_FORMAT, "records of" },
	{ "refused-page-short.index", PART_PAGE, 40, 4, 2, MUSTER_E_FORMAT, "left over" },
	{ "refused-record-length.index", PART_PAGE, 44, 4, 0, MUSTER_E_FORMAT, "of 0 bytes" },
	{ "refused-page-number.index", PART_PAGE, 36, 4, 1, MUSTER_E_FORMAT, "elsewhere" },
	{ "refused-order.index", PART_PAGE, 48, 1, 0xff, MUSTER_E_FORMAT, "record 1 is out" },
	{ "refused-pack-beyond.index", PART_PAGE, 88, 4, 2, MUSTER_E_FORMAT, "record 0 is broken" },
	{ "refused-kind-text.index", PART_PAGE, 95, 1, 0, MUSTER_E_FORMAT, "record 0 is broken" },
	{ "refused-identity-in-narrow.index", PART_PAGE, 95, 1, 0x81, MUSTER_E_FORMAT, "broken" },
	{ "refused-identity-unmarked.index", PART_WIDE_PAGE, 95, 1, 1, MUSTER_E_FORMAT, "broken" },
	{ "refused-ordinal.index", PART_PAGE, 92, 3, 0xffffff, MUSTER_E_FORMAT, "broken" },
};

static void break_index(const struct broken *broken)
{
	struct bytes index = { 0 };
	struct index_file file;
	uint8_t *trailer, *tail, *page, *field;
	char path[1024];

	if (broken->part == PART_WIDE_PAGE)
		golden_wide_index(&index);
	else
		golden_index(&index);
	assert_int_equal(file_open(&file, bytes_view(&index), NULL), MUSTER_OK);
	trailer = index.ptr + index.len - INDEX_TRAILER_BYTES;
	tail = index.ptr + file.trailer.packs_offset_bytes;
	page = index.ptr + OBJECT_HEADER_BYTES;
	field = broken->part <= PART_PAGE      ? page
		: broken->part == PART_TAIL    ? tail
		: broken->part == PART_TRAILER ? trailer
					       : trailer + 152;
	for (size_t i = 0; i < broken->len; i++)
		field[broken->at + (int)i] = (uint8_t)(broken->value >> (8 * i));
	xxh128_of(view_of(page + 16, index_page_bytes(&file.trailer, 0) - 16), page);
	xxh128_of(view_of(tail, index_tail_bytes(&file.trailer)), trailer + 120);
	xxh128_of(view_of(trailer, 136), trailer + 136);
	snprintf(path, sizeof(path), "%s/%s", STORED_GOLDEN_DIR, broken->name);
	stored_write(path, bytes_view(&index));
	index_tail_release(&file.tail);
	bytes_release(&index);
}

static void golden_indexes_that_must_be_refused_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken_indexes) / sizeof(broken_indexes[0]); i++) {
		const struct broken *broken = &broken_indexes[i];
		struct muster_error err = { 0 };
		struct view index;
		uint64_t allocations;

		if (stored_update)
			break_index(broken);
		index = stored_golden(broken->name);
		allocations = torture_allocations();
		if (prove_index(index, &err) != broken->code)
			fail_msg("%s: code %d: '%s'", broken->name, err.code, err.message);
		if (!strstr(err.message, broken->reason))
			fail_msg("%s: '%s' does not say '%s'", broken->name, err.message,
				 broken->reason);
		if (broken->part == PART_TRAILER && broken->value >= UINT32_MAX)
			assert_int_equal(torture_allocations(), allocations);
		stored_free(index);
	}
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
		cmocka_unit_test(golden_indexes_are_what_is_written),
		cmocka_unit_test(a_first_identity_begins_a_page),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_cut_index_is_refused_at_every_byte),
		cmocka_unit_test(a_page_from_elsewhere_is_refused),
		cmocka_unit_test(golden_indexes_that_must_be_refused_are),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(a_failed_call_may_be_made_again),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
