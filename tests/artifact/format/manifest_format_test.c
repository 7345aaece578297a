#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/format/leaf.h"
#include "artifact/format/manifest.h"
#include "tests/artifact/manifest/fixture.h"
#include "tests/support/torture.h"

/** Records as a version has them: several objects, runs of leaves that follow each other. */
static void records_make(struct leaf_record *records, size_t count, struct bytes *paths,
			 uint64_t seed)
{
	bytes_reserve(paths, count * 64, NULL); /* so that views stay */
	for (size_t i = 0; i < count; i++) {
		struct leaf_record *record = &records[i];
		uint64_t bits = fixture_random(&seed);

		*record = (struct leaf_record){
			.object = { .number = (uint32_t)(i / 7 % 3) },
			.in_manifest = i / 7 % 4 == 1,
			.offset_bytes = 16 + i * 20000,
			.content_bytes = 1 + (uint32_t)(bits % LEAF_MAX_BYTES),
			.placement_bytes = i % 5 ? (uint32_t)(bits >> 32) % LEAF_MAX_BYTES : 0,
			.entry_count = 1 + (uint32_t)(bits >> 20) % LEAF_MAX_ENTRIES,
			.size_bytes = bits >> bits % 60,
		};
		if (i)
			record->offset_bytes = records[i - 1].offset_bytes +
					       records[i - 1].content_bytes +
					       records[i - 1].placement_bytes;
		memset(record->content_sha256, (int)bits & 255, 32);
		memset(record->placement_checksum, (int)(bits >> 8) & 255, 16);
		record->first_path.ptr = paths->ptr + paths->len;
		bytes_printf(paths, NULL, "dir-%03zu/%llu", i, (unsigned long long)(bits >> 40));
		record->first_path.len = (size_t)(paths->ptr + paths->len - record->first_path.ptr);
	}
}

static void record_same(const struct leaf_record *a, const struct leaf_record *b)
{
	assert_true(object_id_equal(&a->object, &b->object));
	assert_int_equal(a->in_manifest, b->in_manifest);
	assert_int_equal(a->offset_bytes, b->offset_bytes);
	assert_int_equal(a->content_bytes, b->content_bytes);
	assert_int_equal(a->placement_bytes, b->placement_bytes);
	assert_memory_equal(a->content_sha256, b->content_sha256, 32);
	assert_memory_equal(a->placement_checksum, b->placement_checksum, 16);
	assert_true(view_equal(a->first_path, b->first_path));
	assert_int_equal(a->entry_count, b->entry_count);
	assert_int_equal(a->size_bytes, b->size_bytes);
}

static void any_block_comes_back_as_it_was(void **state)
{
	static struct leaf_record records[MANIFEST_BLOCK_LEAVES], back[MANIFEST_BLOCK_LEAVES];
	static const size_t counts[] = { 1, 2, 7, 100, MANIFEST_BLOCK_LEAVES };
	struct bytes paths = { 0 }, block = { 0 }, back_paths = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t count;

		paths.len = block.len = 0;
		records_make(records, counts[i], &paths, i);
		assert_int_equal(manifest_block_encode(records, counts[i], &block, NULL),
				 MUSTER_OK);
		assert_int_equal(manifest_block_parse(bytes_view(&block), back,
						      MANIFEST_BLOCK_LEAVES, &count, &back_paths,
						      NULL),
				 MUSTER_OK);
		assert_int_equal(count, counts[i]);
		for (size_t j = 0; j < count; j++)
			record_same(&records[j], &back[j]);
		assert_int_equal(manifest_block_parse(bytes_view(&block), back, counts[i] - 1,
						      &count, &back_paths, NULL),
				 MUSTER_E_FORMAT);
	}
	bytes_release(&paths);
	bytes_release(&block);
	bytes_release(&back_paths);
}

static void a_record_that_no_leaf_can_have_is_not_encoded(void **state)
{
	static struct leaf_record records[3];
	struct leaf_record good;
	struct bytes paths = { 0 }, block = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	records_make(records, 3, &paths, 1);
	good = records[1];
	bytes_append_byte(&block, 7, NULL);
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		records[1] = good;                                                                 \
		records[1].change;                                                                 \
		assert_int_equal(manifest_block_encode(records, 3, &block, &err),                  \
				 MUSTER_E_FORMAT);                                                 \
		assert_int_equal(block.len, 1);                                                    \
	} while (0)
	REFUSED(first_path = records[0].first_path);
	REFUSED(first_path = records[2].first_path);
	REFUSED(first_path.len = 0);
	REFUSED(content_bytes = 0);
	REFUSED(content_bytes = LEAF_MAX_BYTES + 1);
	REFUSED(placement_bytes = LEAF_MAX_BYTES + 1);
	REFUSED(entry_count = 0);
	REFUSED(entry_count = LEAF_MAX_ENTRIES + 1);
	REFUSED(offset_bytes = 15);
	REFUSED(offset_bytes = UINT64_MAX);
#undef REFUSED
	assert_int_equal(manifest_block_encode(records, 0, &block, NULL), MUSTER_E_USAGE);
	assert_int_equal(manifest_block_encode(records, MANIFEST_BLOCK_LEAVES + 1, &block, NULL),
			 MUSTER_E_USAGE);
	bytes_release(&paths);
	bytes_release(&block);
}

/** What is accepted at all must be what is written for the records that it gives. */
static enum muster_code block_canonical(struct view block)
{
	static struct leaf_record back[MANIFEST_BLOCK_LEAVES];
	struct bytes paths = { 0 }, again = { 0 };
	size_t count;
	enum muster_code code =
		manifest_block_parse(block, back, MANIFEST_BLOCK_LEAVES, &count, &paths, NULL);

	if (!code) {
		assert_int_equal(manifest_block_encode(back, count, &again, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&again), block));
	}
	bytes_release(&paths);
	bytes_release(&again);
	return code;
}

static void every_flipped_bit_of_a_block_is_refused_or_another_proper_block(void **state)
{
	static struct leaf_record records[20];
	struct bytes paths = { 0 }, block = { 0 };

	(void)state;
	records_make(records, 20, &paths, 3);
	assert_int_equal(manifest_block_encode(records, 20, &block, NULL), MUSTER_OK);
	for (size_t bit = 0; bit < 8 * block.len; bit++) {
		block.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
		block_canonical(bytes_view(&block));
		block.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < block.len; len++)
		assert_int_equal(block_canonical(view_of(block.ptr, len)), MUSTER_E_FORMAT);
	bytes_append_byte(&block, 0, NULL);
	assert_int_equal(block_canonical(bytes_view(&block)), MUSTER_E_FORMAT);
	block.ptr[1] = 2;
	assert_int_equal(block_canonical(bytes_view(&block)), MUSTER_E_UNSUPPORTED);
	bytes_release(&paths);
	bytes_release(&block);
}

/** A footer over `leaf_count` leaves. Its first paths lie in `paths`. */
static void footer_make(struct manifest_footer *footer, uint64_t leaf_count,
			enum digest_algorithm algorithm, struct bytes *paths)
{
	size_t count = (size_t)((leaf_count + MANIFEST_BLOCK_LEAVES - 1) / MANIFEST_BLOCK_LEAVES);
	uint64_t offset = 5000, left = leaf_count, seed = leaf_count;

	*footer = (struct manifest_footer){ .id = { .number = 77 },
					    .algorithm = algorithm,
					    .leaf_count = leaf_count,
					    .size_bytes = leaf_count * 12345,
					    .fence_count = count };
	memset(footer->id.session, 1, 16);
	memset(footer->collection_id, 2, 16);
	memset(footer->version_id, 3, 16);
	memset(footer->content_root, 4, 32);
	memset(footer->artifact_digest, 5, 16);
	footer->fences = calloc(count + 1, sizeof(*footer->fences));
	assert_non_null(footer->fences);
	bytes_reserve(paths, count * 40 + 1, NULL);
	for (size_t i = 0; i < count; i++) {
		struct manifest_fence *fence = &footer->fences[i];
		size_t at = paths->len;

		fence->offset_bytes = offset;
		fence->length_bytes = 100 + (uint32_t)(fixture_random(&seed) % 100000);
		offset += fence->length_bytes;
		fence->leaf_count =
			(uint32_t)(left < MANIFEST_BLOCK_LEAVES ? left : MANIFEST_BLOCK_LEAVES);
		left -= fence->leaf_count;
		fence->entry_count = fence->leaf_count + fixture_random(&seed) % 9999;
		fence->reference_count = fence->entry_count / 3;
		footer->entry_count += fence->entry_count;
		footer->reference_count += fence->reference_count;
		memset(fence->sha256, (int)i & 255, 32);
		bytes_printf(paths, NULL, "block-%08zu", i);
		fence->first_path = view_of(paths->ptr + at, paths->len - at);
		if (algorithm != DIGEST_MD5)
			continue;
		fence->digest_state.length_bytes = 27 + i * 77777;
		for (size_t j = 0; j < 4; j++)
			fence->digest_state.word[j] = (uint32_t)fixture_random(&seed);
		memset(fence->digest_state.tail, 9, fence->digest_state.length_bytes % 64);
	}
}

static void footer_same(const struct manifest_footer *a, const struct manifest_footer *b)
{
	assert_true(object_id_equal(&a->id, &b->id));
	assert_memory_equal(a->collection_id, b->collection_id, 16);
	assert_memory_equal(a->version_id, b->version_id, 16);
	assert_int_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->leaf_count, b->leaf_count);
	assert_int_equal(a->entry_count, b->entry_count);
	assert_int_equal(a->reference_count, b->reference_count);
	assert_int_equal(a->size_bytes, b->size_bytes);
	assert_memory_equal(a->content_root, b->content_root, 32);
	assert_memory_equal(a->artifact_digest, b->artifact_digest, 16);
	assert_int_equal(a->fence_count, b->fence_count);
	for (size_t i = 0; i < a->fence_count; i++) {
		const struct manifest_fence *x = &a->fences[i], *y = &b->fences[i];

		assert_int_equal(x->offset_bytes, y->offset_bytes);
		assert_int_equal(x->length_bytes, y->length_bytes);
		assert_int_equal(x->leaf_count, y->leaf_count);
		assert_int_equal(x->entry_count, y->entry_count);
		assert_int_equal(x->reference_count, y->reference_count);
		assert_memory_equal(x->sha256, y->sha256, 32);
		assert_true(view_equal(x->first_path, y->first_path));
		assert_memory_equal(&x->digest_state, &y->digest_state, sizeof(x->digest_state));
	}
}

static void any_footer_comes_back_as_it_was(void **state)
{
	static const uint64_t counts[] = { 0, 1, 256, 257, 100000 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(counts) / sizeof(counts[0]); i++) {
		struct manifest_footer footer, back;
		struct bytes paths = { 0 }, encoded = { 0 };

		footer_make(&footer, counts[i / 2], i % 2 ? DIGEST_MD5 : DIGEST_XXH128, &paths);
		assert_int_equal(manifest_footer_encode(&footer, &encoded, NULL), MUSTER_OK);
		assert_int_equal(manifest_footer_parse(&back, bytes_view(&encoded), NULL),
				 MUSTER_OK);
		footer_same(&footer, &back);
		manifest_footer_release(&back);
		free(footer.fences);
		bytes_release(&paths);
		bytes_release(&encoded);
	}
}

static void a_footer_that_does_not_add_up_is_not_encoded(void **state)
{
	struct manifest_footer good, bad;
	struct bytes paths = { 0 }, encoded = { 0 };
	struct manifest_fence fences[2];

	(void)state;
	footer_make(&good, 300, DIGEST_MD5, &paths);
#define REFUSED(change, reason)                                                                    \
	do {                                                                                       \
		struct muster_error err = { 0 };                                                   \
		bad = good;                                                                        \
		memcpy(fences, good.fences, sizeof(fences));                                       \
		bad.fences = fences;                                                               \
		bad.change;                                                                        \
		assert_int_not_equal(manifest_footer_encode(&bad, &encoded, &err), MUSTER_OK);     \
		assert_non_null(strstr(err.message, reason));                                      \
		assert_int_equal(encoded.len, 0);                                                  \
	} while (0)
	REFUSED(algorithm = DIGEST_TEXT, "unknown kind");
	REFUSED(leaf_count = 256, "count of blocks");
	REFUSED(leaf_count = 600, "count of blocks");
	REFUSED(leaf_count++, "not full");
	REFUSED(fences[0].leaf_count--, "not full");
	REFUSED(fences[1].offset_bytes++, "follow each other");
	REFUSED(fences[0].offset_bytes = 3, "header");
	REFUSED(fences[1].length_bytes = 0, "empty or larger");
	REFUSED(fences[1].length_bytes = MANIFEST_BLOCK_MAX_BYTES + 1, "empty or larger");
	REFUSED(fences[1].entry_count = 2, "less entries");
	REFUSED(fences[1].entry_count++, "totals");
	REFUSED(fences[1].reference_count = UINT64_MAX, "more references");
	REFUSED(reference_count++, "totals");
	REFUSED(fences[1].first_path.len = 0, "first path");
	REFUSED(fences[1].first_path = good.fences[0].first_path, "ascend");
#undef REFUSED
	free(good.fences);
	bytes_release(&paths);
	bytes_release(&encoded);
}

static enum muster_code footer_canonical(struct view footer)
{
	struct manifest_footer back;
	struct bytes again = { 0 };
	enum muster_code code = manifest_footer_parse(&back, footer, NULL);

	if (!code) {
		assert_int_equal(manifest_footer_encode(&back, &again, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&again), footer));
	}
	manifest_footer_release(&back);
	bytes_release(&again);
	return code;
}

static void every_flipped_bit_of_a_footer_is_refused_or_another_proper_footer(void **state)
{
	struct manifest_footer footer;
	struct bytes paths = { 0 }, encoded = { 0 };

	(void)state;
	footer_make(&footer, 600, DIGEST_MD5, &paths);
	assert_int_equal(manifest_footer_encode(&footer, &encoded, NULL), MUSTER_OK);
	for (size_t bit = 0; bit < 8 * encoded.len; bit++) {
		encoded.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
		footer_canonical(bytes_view(&encoded));
		encoded.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < encoded.len; len++)
		assert_int_equal(footer_canonical(view_of(encoded.ptr, len)), MUSTER_E_FORMAT);
	encoded.ptr[3] = 2;
	assert_int_equal(footer_canonical(bytes_view(&encoded)), MUSTER_E_UNSUPPORTED);
	free(footer.fences);
	bytes_release(&paths);
	bytes_release(&encoded);
}

static void huge_counts_take_no_memory(void **state)
{
	struct manifest_footer footer, back;
	struct bytes paths = { 0 }, encoded = { 0 };
	uint64_t before;
	size_t at;

	(void)state;
	footer_make(&footer, 0, DIGEST_MD5, &paths);
	assert_int_equal(manifest_footer_encode(&footer, &encoded, NULL), MUSTER_OK);
	/* array head (3), version, three ids and the algorithm: then the count of leaves */
	at = 3 + 1 + (2 + 20) + (2 + 16) + (2 + 16) + 1;
	assert_int_equal(encoded.ptr[at], 0);
	encoded.ptr[at] = 100;
	before = torture_allocations();
	assert_int_equal(manifest_footer_parse(&back, bytes_view(&encoded), NULL), MUSTER_E_FORMAT);
	assert_int_equal(torture_allocations(), before);
	free(footer.fences);
	bytes_release(&paths);
	bytes_release(&encoded);
}

static void a_trailer_comes_back_and_must_fit_its_object(void **state)
{
	struct manifest_trailer trailer = { .footer_offset_bytes = 1000, .footer_bytes = 500 },
				back;
	uint8_t raw[MANIFEST_TRAILER_BYTES];
	struct view view = view_of(raw, sizeof(raw));

	(void)state;
	memset(trailer.footer_sha256, 8, 32);
	manifest_trailer_put(raw, &trailer);
	assert_memory_equal(raw + 48, "muster mani 1\n\0\0", 16);
	assert_int_equal(manifest_trailer_parse(&back, view, 1564, NULL), MUSTER_OK);
	assert_int_equal(back.footer_offset_bytes, 1000);
	assert_int_equal(back.footer_bytes, 500);
	assert_memory_equal(back.footer_sha256, trailer.footer_sha256, 32);
	assert_int_equal(manifest_trailer_parse(&back, view, 1565, NULL), MUSTER_E_FORMAT);
	assert_int_equal(manifest_trailer_parse(&back, view, 0, NULL), MUSTER_E_FORMAT);
	assert_int_equal(manifest_trailer_parse(&back, view_of(raw, 63), 1564, NULL),
			 MUSTER_E_FORMAT);
	for (size_t bit = 32 * 8; bit < 64 * 8; bit++) {
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(muster_failed(manifest_trailer_parse(&back, view, 1564, NULL)));
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	trailer.footer_offset_bytes = UINT64_MAX - 100;
	manifest_trailer_put(raw, &trailer);
	assert_int_equal(manifest_trailer_parse(&back, view, 463, NULL), MUSTER_E_FORMAT);
	trailer.footer_bytes = MANIFEST_FOOTER_MAX_BYTES + 1;
	manifest_trailer_put(raw, &trailer);
	assert_int_equal(manifest_trailer_parse(&back, view, 1564, NULL), MUSTER_E_LIMIT);
}

/** Encode and parse a block and a footer. */
static enum muster_code both_ways(const struct leaf_record *records,
				  const struct manifest_footer *footer)
{
	static struct leaf_record back[MANIFEST_BLOCK_LEAVES];
	struct manifest_footer parsed = { 0 };
	struct bytes block = { 0 }, encoded = { 0 }, paths = { 0 };
	size_t count;
	enum muster_code code = manifest_block_encode(records, 50, &block, NULL);

	if (!code)
		code = manifest_block_parse(bytes_view(&block), back, MANIFEST_BLOCK_LEAVES, &count,
					    &paths, NULL);
	if (!code)
		code = manifest_footer_encode(footer, &encoded, NULL);
	if (!code)
		code = manifest_footer_parse(&parsed, bytes_view(&encoded), NULL);
	manifest_footer_release(&parsed);
	bytes_release(&block);
	bytes_release(&encoded);
	bytes_release(&paths);
	return code;
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
	static struct leaf_record records[50];
	struct bytes record_paths = { 0 }, paths = { 0 };
	struct manifest_footer footer;
	bool is_done = false;

	(void)state;
	records_make(records, 50, &record_paths, 2);
	footer_make(&footer, 3000, DIGEST_MD5, &paths);
	for (uint64_t n = 1; !is_done; n++) {
		enum muster_code code;

		torture_allocation(n);
		code = both_ways(records, &footer);
		torture_off();
		is_done = !torture_hit();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
	}
	free(footer.fences);
	bytes_release(&paths);
	bytes_release(&record_paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_block_comes_back_as_it_was),
		cmocka_unit_test(a_record_that_no_leaf_can_have_is_not_encoded),
		cmocka_unit_test(every_flipped_bit_of_a_block_is_refused_or_another_proper_block),
		cmocka_unit_test(any_footer_comes_back_as_it_was),
		cmocka_unit_test(a_footer_that_does_not_add_up_is_not_encoded),
		cmocka_unit_test(every_flipped_bit_of_a_footer_is_refused_or_another_proper_footer),
		cmocka_unit_test(huge_counts_take_no_memory),
		cmocka_unit_test(a_trailer_comes_back_and_must_fit_its_object),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
