/* Golden indexes, and what must be refused. */
#include "tests/artifact/format/index_lab.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_indexes_are_what_is_written),
		cmocka_unit_test(a_first_identity_begins_a_page),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_cut_index_is_refused_at_every_byte),
		cmocka_unit_test(a_page_from_elsewhere_is_refused),
		cmocka_unit_test(golden_indexes_that_must_be_refused_are),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
