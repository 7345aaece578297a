/* What is added is what is read. */
#include "tests/artifact/format/stat_lab.h"

static void what_was_added_is_what_is_read(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 1000, 20000 };

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct named_record *records = random_records(counts[c] + 1, c + 1);
		struct bytes out = { 0 };
		size_t count;

		build(&out, records, counts[c]);
		assert_int_equal(read_file(bytes_view(&out), records, &count, NULL), MUSTER_OK);
		assert_int_equal(count, counts[c]);
		bytes_release(&out);
		free(records);
	}
}

static void blocks_are_of_the_target_size(void **state)
{
	struct named_record *records = random_records(5000, 7);
	struct bytes out = { 0 };
	struct view rest;
	uint32_t length_bytes, block_count = 0;

	(void)state;
	build(&out, records, 5000);
	rest = view_of(out.ptr + OBJECT_HEADER_BYTES, out.len - OBJECT_HEADER_BYTES);
	while (rest.len) {
		struct view header, block;

		assert_true(take_bytes(&rest, STAT_BLOCK_HEADER_BYTES, &header));
		assert_int_equal(stat_block_length(header, &length_bytes, NULL), MUSTER_OK);
		assert_true(take_bytes(&rest, length_bytes, &block));
		assert_true(length_bytes < STAT_BLOCK_TARGET_BYTES + 512);
		assert_true(rest.len == 0 || length_bytes >= STAT_BLOCK_TARGET_BYTES);
		block_count++;
	}
	assert_true(block_count > 2);
	bytes_release(&out);
	free(records);
}

static void paths_ascend_strictly_over_all_blocks(void **state)
{
	static const struct {
		const char *first, *second;
		enum muster_code code;
	} cases[] = {
		{ "a", "a", MUSTER_E_FORMAT },
		{ "b", "a", MUSTER_E_FORMAT },
		{ "ab", "a", MUSTER_E_FORMAT },
		{ "directory/b", "directory/a", MUSTER_E_FORMAT },
		{ "directory/long name 2", "directory/long name 10", MUSTER_E_FORMAT },
		{ "\xff", "a", MUSTER_E_FORMAT }, /* bytes, not signed characters */
		{ "a", "ab", MUSTER_OK },
		{ "a", "\xff", MUSTER_OK },
		{ "a/b", "a0", MUSTER_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int other_block = 0; other_block < 2; other_block++) {
			struct stat_record record = { .algorithm = DIGEST_MD5 };
			struct stat_block block = { 0 };
			struct muster_error err = { 0 };
			struct bytes out = { 0 };

			record.path = view_text(cases[i].first);
			assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_OK);
			if (other_block)
				assert_int_equal(stat_block_finish(&block, &out, NULL), MUSTER_OK);
			record.path = view_text(cases[i].second);
			assert_int_equal(stat_block_add(&block, &record, &err), cases[i].code);
			if (cases[i].code)
				assert_non_null(strstr(err.message, "follows"));
			stat_block_release(&block);
			bytes_release(&out);
		}
}

static void what_has_no_meaning_is_refused(void **state)
{
	static uint8_t path[ENTRY_PATH_MAX_BYTES + 1];
	struct stat_record record = { .algorithm = DIGEST_MD5 };
	struct stat_block block = { 0 };
	struct bytes out = { 0 };

	(void)state;
	memset(path, 'p', sizeof(path));
	assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_E_FORMAT);
	record.path = view_of(path, sizeof(path));
	assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_E_FORMAT);
	record.path.len--;
	record.algorithm = DIGEST_TEXT;
	assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_E_USAGE);
	assert_int_equal(stat_block_finish(&block, &out, NULL), MUSTER_OK);
	assert_int_equal(out.len, 0);
	record.algorithm = DIGEST_MD5;
	assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_OK);
	stat_block_release(&block);
}

static void a_block_never_outgrows_its_maximum(void **state)
{
	struct stat_block block = { 0 };
	struct stat_record record = { .algorithm = DIGEST_MD5 };
	struct stat_reader reader = { 0 };
	struct bytes out = { 0 };
	enum muster_code code;
	uint32_t count = 0, length_bytes;
	char path[32];

	(void)state;
	do {
		snprintf(path, sizeof(path), "%08u", count++);
		record.path = view_text(path);
		code = stat_block_add(&block, &record, NULL);
	} while (!code);
	assert_int_equal(code, MUSTER_FULL);
	assert_int_equal(stat_block_finish(&block, &out, NULL), MUSTER_OK);
	assert_int_equal(stat_block_add(&block, &record, NULL), MUSTER_OK);
	assert_int_equal(stat_block_length(view_of(out.ptr, 12), &length_bytes, NULL), MUSTER_OK);
	assert_true(length_bytes > STAT_BLOCK_MAX_BYTES - 8192);
	assert_int_equal(stat_reader_open(&reader, view_of(out.ptr, 12),
					  view_of(out.ptr + 12, length_bytes), NULL),
			 MUSTER_OK);
	stat_reader_release(&reader);
	stat_block_release(&block);
	bytes_release(&out);
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
	enum { COUNT = 300 };
	struct named_record *records = random_records(COUNT, 13);

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct stat_block block = { 0 };
		struct stat_reader reader = { 0 };
		struct stat_record record;
		struct bytes out = { 0 };
		enum muster_code code = MUSTER_OK;

		for (size_t i = 0; !code && i < COUNT; i++)
			code = stat_block_add(&block, &records[i].record, NULL);
		if (!code)
			code = stat_block_finish(&block, &out, NULL);
		if (!code)
			code = stat_reader_open(&reader, view_of(out.ptr, 12),
						view_of(out.ptr + 12, out.len - 12), NULL);
		for (size_t i = 0; !code && i < COUNT; i++) {
			code = stat_reader_next(&reader, &record, NULL);
			if (!code)
				assert_same_record(&record, &records[i].record);
		}
		torture_off();
		assert_int_equal(code, torture_hit() ? MUSTER_E_MEMORY : MUSTER_OK);
		stat_block_release(&block);
		stat_reader_release(&reader);
		bytes_release(&out);
		if (!torture_hit())
			break;
	}
	free(records);
}

static void a_record_costs_no_allocation(void **state)
{
	enum { COUNT = 20000 };
	struct named_record *records = random_records(COUNT, 17);
	struct stat_block block = { 0 };
	struct stat_reader reader = { 0 };
	struct stat_record record;
	struct bytes out = { 0 };
	uint64_t before;

	(void)state;
	assert_int_equal(bytes_reserve(&out, 1 << 20, NULL), MUSTER_OK);
	before = torture_allocations();
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(stat_block_add(&block, &records[i].record, NULL), MUSTER_OK);
		if (!stat_block_is_full(&block))
			continue;
		out.len = 0;
		assert_int_equal(stat_block_finish(&block, &out, NULL), MUSTER_OK);
		assert_int_equal(stat_reader_open(&reader, view_of(out.ptr, 12),
						  view_of(out.ptr + 12, out.len - 12), NULL),
				 MUSTER_OK);
		while (stat_reader_next(&reader, &record, NULL) == MUSTER_OK)
			;
	}
	/* Two buffers that grow to their size by doubling, and the reader's path. */
	assert_true(torture_allocations() - before <= 16);
	stat_reader_release(&reader);
	stat_block_release(&block);
	bytes_release(&out);
	free(records);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_what_is_read),
		cmocka_unit_test(blocks_are_of_the_target_size),
		cmocka_unit_test(paths_ascend_strictly_over_all_blocks),
		cmocka_unit_test(what_has_no_meaning_is_refused),
		cmocka_unit_test(a_block_never_outgrows_its_maximum),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(a_record_costs_no_allocation),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
