#include "tests/artifact/format/stored.h"

#include "artifact/format/stat.h"
#include "tests/support/torture.h"

#define EDGE_COUNT 7

static const uint64_t edges[EDGE_COUNT] = {
	0, 1, 127, 128, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, UINT64_MAX,
};

struct named_record {
	char path[256];
	struct stat_record record;
};

/* Paths in order, with long and short shared parts; every field at its edges now and then. */
static void random_record(struct named_record *out, uint64_t i, uint64_t *seed)
{
	struct stat_record *record = &out->record;
	uint64_t choice = stored_random(seed) >> 16;

	*out = (struct named_record){ 0 };
	snprintf(out->path, sizeof(out->path), "directory%03u/%s%08u.jpg", (unsigned)(i / 100),
		 i % 1000 < 500 ? "a long part of a name that all of these share " : "y",
		 (unsigned)i);
	record->path = view_text(out->path);
	record->size_bytes = choice & 1 ? edges[choice / 64 % EDGE_COUNT] : choice % 100000;
	record->mtime_ns = choice & 2 ? (int64_t)edges[choice / 512 % EDGE_COUNT]
				      : 1700000000000000000 + (int64_t)(choice % 1000000000);
	record->ctime_ns = choice & 4 ? record->mtime_ns : record->mtime_ns ^ 0x123456;
	record->inode = choice & 8 ? edges[choice / 4096 % EDGE_COUNT] : i;
	record->is_trusted = choice & 16;
	record->algorithm = choice & 32 ? DIGEST_MD5 : DIGEST_XXH128;
	stored_fill(seed, record->fingerprint.digest, DIGEST_BYTES);
	stored_fill(seed, record->fingerprint.checksum, CHECKSUM_BYTES);
	choice = stored_random(seed) >> 16;
	if (choice & 1) {
		record->has_identity = true;
		stored_fill(seed, record->fingerprint.identity, IDENTITY_BYTES);
	}
	if (choice & 6) {
		record->is_placed = true;
		memset(record->pack.session, (int)(choice / 4096 % 2), 16);
		record->pack.number = choice & 8 ? 5 : UINT32_MAX;
		record->pack_bytes = choice & 16 ? 0 : edges[choice / 64 % 2 + 4];
		record->ordinal = choice & 32 ? (uint32_t)i : UINT32_MAX;
	}
}

static struct named_record *random_records(size_t count, uint64_t seed)
{
	struct named_record *records = calloc(count, sizeof(*records));

	assert_non_null(records);
	for (size_t i = 0; i < count; i++)
		random_record(&records[i], i, &seed);
	return records;
}

static void assert_same_record(const struct stat_record *a, const struct stat_record *b)
{
	assert_true(view_equal(a->path, b->path));
	assert_true(a->size_bytes == b->size_bytes);
	assert_true(a->mtime_ns == b->mtime_ns);
	assert_true(a->ctime_ns == b->ctime_ns);
	assert_true(a->inode == b->inode);
	assert_int_equal(a->is_trusted, b->is_trusted);
	assert_int_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->has_identity, b->has_identity);
	assert_memory_equal(&a->fingerprint, &b->fingerprint, sizeof(a->fingerprint));
	assert_int_equal(a->is_placed, b->is_placed);
	assert_true(object_id_equal(&a->pack, &b->pack));
	assert_int_equal(a->ordinal, b->ordinal);
	assert_true(a->pack_bytes == b->pack_bytes);
}

static void header_append(struct bytes *out)
{
	uint8_t header[OBJECT_HEADER_BYTES];

	object_header_put(header, "stat", STAT_VERSION);
	assert_int_equal(bytes_append(out, header, sizeof(header), NULL), MUSTER_OK);
}

static void build(struct bytes *out, const struct named_record *records, size_t count)
{
	struct stat_block block = { 0 };

	header_append(out);
	for (size_t i = 0; i < count; i++) {
		struct stat_record copy = records[i].record;

		copy.path = view_text(records[i].path); /* records may have been moved */
		assert_int_equal(stat_block_add(&block, &copy, NULL), MUSTER_OK);
		if (stat_block_is_full(&block))
			assert_int_equal(stat_block_finish(&block, out, NULL), MUSTER_OK);
	}
	assert_int_equal(stat_block_finish(&block, out, NULL), MUSTER_OK);
	stat_block_release(&block);
}

/*
 * Reads a file as the cache does: whole blocks count, a cut one ends it. What it gives must be
 * `expected` up to where it ends; gives how many records it saw.
 */
static enum muster_code read_file(struct view file, const struct named_record *expected,
				  size_t *count, struct muster_error *err)
{
	struct stat_reader reader = { 0 };
	struct stat_record record;
	enum muster_code code = object_header_check(file, "stat", STAT_VERSION, err);
	struct view rest = file, header, records;
	uint32_t length_bytes;

	*count = 0;
	if (!code)
		take_bytes(&rest, OBJECT_HEADER_BYTES, &header);
	while (!code && take_bytes(&rest, STAT_BLOCK_HEADER_BYTES, &header)) {
		code = stat_block_length(header, &length_bytes, err);
		if (code || !take_bytes(&rest, length_bytes, &records))
			break;
		code = stat_reader_open(&reader, header, records, err);
		while (!code && (code = stat_reader_next(&reader, &record, err)) == MUSTER_OK)
			if (expected)
				assert_same_record(&record, &expected[(*count)++].record);
		if (code == MUSTER_END)
			code = MUSTER_OK;
	}
	stat_reader_release(&reader);
	return code;
}

/* ---- tests ---- */

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

/* ---- golden files and damage ---- */

/* What the cache holds of a small directory: each flag is used. */
static void golden_records(struct named_record records[4])
{
	static const char *const paths[] = { "data/a.txt", "data/ab.txt", "data/b.txt", "z" };

	memset(records, 0, 4 * sizeof(*records));
	for (unsigned i = 0; i < 4; i++) {
		struct stat_record *record = &records[i].record;

		strncpy(records[i].path, paths[i], sizeof(records[i].path) - 1);
		record->path = view_text(records[i].path);
		record->size_bytes = i * 1000;
		record->mtime_ns = 1700000000000000000 + (int)i;
		record->ctime_ns = record->mtime_ns + (i == 2 ? 5 : 0);
		record->inode = i == 3 ? 0 : 100 + i;
		record->is_trusted = i != 1;
		record->algorithm = i == 3 ? DIGEST_XXH128 : DIGEST_MD5;
		record->has_identity = i == 3;
		memset(record->fingerprint.digest, 0x10 + (int)i, DIGEST_BYTES);
		memset(record->fingerprint.checksum, 0x20 + (int)i, CHECKSUM_BYTES);
		if (i == 3)
			memset(record->fingerprint.identity, 0x30, IDENTITY_BYTES);
		if (i == 3)
			continue;
		record->is_placed = true;
		memset(record->pack.session, 0x77, 16);
		record->pack.number = 2;
		record->pack_bytes = 5000;
		record->ordinal = i == 2 ? 9 : i;
	}
}

static void golden_file(struct bytes *out)
{
	struct named_record records[4];

	golden_records(records);
	build(out, records, 4);
}

static void the_golden_file_is_what_is_written(void **state)
{
	struct named_record records[4];
	struct bytes out = { 0 };
	size_t count;

	(void)state;
	golden_records(records);
	golden_file(&out);
	stored_is_golden("four-files.stat", bytes_view(&out));
	assert_int_equal(read_file(bytes_view(&out), records, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 4);
	bytes_release(&out);
}

static void no_flipped_bit_goes_unseen(void **state)
{
	struct view file = stored_golden("four-files.stat");
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.ptr;
	struct named_record records[4];
	size_t count;

	(void)state;
	golden_records(records);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A length that leads past the end looks like a killed writer: then nothing counts.
		 */
		if (!read_file(file, records, &count, NULL) && count)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	stored_free(file);
}

static void a_file_may_end_anywhere(void **state)
{
	struct named_record *records = random_records(6, 11);
	struct bytes out = { 0 }, second = { 0 };
	size_t count, first_len, last = 0;

	(void)state;
	build(&out, records, 3);
	first_len = out.len;
	build(&second, records + 3, 3);
	bytes_append(&out, second.ptr + OBJECT_HEADER_BYTES, second.len - OBJECT_HEADER_BYTES,
		     NULL);
	for (size_t len = OBJECT_HEADER_BYTES; len <= out.len; len++) {
		struct view copy = stored_copy(out.ptr, len);

		assert_int_equal(read_file(copy, records, &count, NULL), MUSTER_OK);
		assert_int_equal(count, len == out.len ? 6 : len >= first_len ? 3 : 0);
		assert_true(count >= last);
		last = count;
		stored_free(copy);
	}
	bytes_release(&out);
	bytes_release(&second);
	free(records);
}

static void a_cut_block_is_refused_at_every_byte(void **state)
{
	struct view file = stored_golden("four-files.stat");
	struct view block = view_of(file.ptr + OBJECT_HEADER_BYTES + STAT_BLOCK_HEADER_BYTES,
				    file.len - OBJECT_HEADER_BYTES - STAT_BLOCK_HEADER_BYTES);
	struct stat_reader reader = { 0 };
	uint32_t whole = 0;

	(void)state;
	/* With a length and a checksum that fit, only the records themselves can say no. */
	for (size_t len = 1; len < block.len; len++) {
		struct view copy = stored_copy(block.ptr, len);
		uint8_t header[STAT_BLOCK_HEADER_BYTES];
		struct stat_record record;
		enum muster_code code;

		put_u32(header, (uint32_t)len);
		put_u64(header + 4, xxh64_of(copy));
		assert_int_equal(stat_reader_open(&reader, view_of(header, 12), copy, NULL),
				 MUSTER_OK);
		while ((code = stat_reader_next(&reader, &record, NULL)) == MUSTER_OK)
			;
		whole += code == MUSTER_END; /* cut between two records */
		if (code != MUSTER_END) {
			assert_int_equal(code, MUSTER_E_FORMAT);
			assert_int_equal(stat_reader_next(&reader, &record, NULL), MUSTER_E_FORMAT);
		}
		stored_free(copy);
	}
	assert_int_equal(whole, 3);
	stat_reader_release(&reader);
	stored_free(file);
}

static void block_headers_are_checked(void **state)
{
	static const struct {
		uint32_t length_bytes;
		size_t header_bytes;
		const char *reason;
	} cases[] = {
		{ 0, 12, "a block of 0 bytes" },
		{ STAT_BLOCK_MAX_BYTES + 1, 12, "a block of 1048577 bytes" },
		{ UINT32_MAX, 12, "a block of 4294967295 bytes" },
		{ 1, 11, "a block header of 11 bytes" },
		{ 1, 12, "a block of 0 bytes, not 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stat_reader reader = { 0 };
		struct stat_record record;
		struct muster_error err = { 0 };
		uint8_t header[STAT_BLOCK_HEADER_BYTES] = { 0 };

		put_u32(header, cases[i].length_bytes);
		assert_int_equal(stat_reader_open(&reader, view_of(header, cases[i].header_bytes),
						  view_of(header, 0), &err),
				 MUSTER_E_FORMAT);
		assert_string_equal(err.message + strlen("stat cache: "), cases[i].reason);
		assert_int_equal(stat_reader_next(&reader, &record, NULL), MUSTER_END);
		stat_reader_release(&reader);
	}
}

/* Blocks with sound headers whose records no writer makes: a prefix, then `fill` zeros. */
static const struct broken {
	const char *name;
	const char *prefix;
	size_t prefix_len, zeros;
} broken_files[] = {
#define BROKEN(name, text, zeros)                                                                  \
	{                                                                                          \
		name, text, sizeof(text) - 1, zeros                                                \
	}
	BROKEN("refused-empty-path.stat", "\x00\x00\x00", 35),
	BROKEN("refused-shared-of-nothing.stat",
	       "\x00\x01\x01"
	       "a",
	       35),
	BROKEN("refused-path-too-long.stat", "\x00\x00\x81\x20", 4200),
	BROKEN("refused-huge-path.stat", "\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 40),
	BROKEN("refused-unknown-flag.stat",
	       "\x80\x00\x01"
	       "a",
	       35),
	BROKEN("refused-times-not-joined.stat",
	       "\x00\x00\x01"
	       "a",
	       36),
	BROKEN("refused-same-pack-of-none.stat",
	       "\x2c\x00\x01"
	       "a",
	       36),
	BROKEN("refused-same-pack-unplaced.stat",
	       "\x28\x00\x01"
	       "a",
	       36),
	BROKEN("refused-next-ordinal-of-none.stat",
	       "\x34\x00\x01"
	       "a",
	       53),
	BROKEN("refused-long-varint.stat",
	       "\x20\x00\x01"
	       "a\x80\x00",
	       34),
	BROKEN("refused-left-over.stat",
	       "\x20\x00\x01"
	       "a",
	       36),
	BROKEN("refused-cut-checksum.stat",
	       "\x20\x00\x01"
	       "a",
	       34),
	BROKEN("refused-equal-paths.stat",
	       "\x20\x00\x01"
	       "a"
	       "\0\0\0"
	       "0123456789abcdef"
	       "0123456789abcdef"
	       "\x20\x00\x01"
	       "a",
	       35),
	BROKEN("refused-shared-too-short.stat",
	       "\x20\x00\x01"
	       "a"
	       "\0\0\0"
	       "0123456789abcdef"
	       "0123456789abcdef"
	       "\x20\x00\x02"
	       "ab",
	       35),
#undef BROKEN
};

static void break_file(const struct broken *broken)
{
	uint8_t header[STAT_BLOCK_HEADER_BYTES], zeros[8192] = { 0 };
	struct bytes out = { 0 }, records = { 0 };
	char path[1024];

	header_append(&out);
	bytes_append(&records, broken->prefix, broken->prefix_len, NULL);
	bytes_append(&records, zeros, broken->zeros, NULL);
	put_u32(header, (uint32_t)records.len);
	put_u64(header + 4, xxh64_of(bytes_view(&records)));
	bytes_append(&out, header, sizeof(header), NULL);
	bytes_append_view(&out, bytes_view(&records), NULL);
	snprintf(path, sizeof(path), "%s/%s", STORED_GOLDEN_DIR, broken->name);
	stored_write(path, bytes_view(&out));
	bytes_release(&out);
	bytes_release(&records);
}

static void golden_files_that_must_be_refused_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken_files) / sizeof(broken_files[0]); i++) {
		struct muster_error err = { 0 };
		struct view file;
		size_t count;

		if (stored_update)
			break_file(&broken_files[i]);
		file = stored_golden(broken_files[i].name);
		if (read_file(file, NULL, &count, &err) != MUSTER_E_FORMAT ||
		    !strstr(err.message, "a record is broken"))
			fail_msg("%s: code %d: '%s'", broken_files[i].name, err.code, err.message);
		stored_free(file);
	}
}

/* ---- memory ---- */

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
		cmocka_unit_test(the_golden_file_is_what_is_written),
		cmocka_unit_test(no_flipped_bit_goes_unseen),
		cmocka_unit_test(a_file_may_end_anywhere),
		cmocka_unit_test(a_cut_block_is_refused_at_every_byte),
		cmocka_unit_test(block_headers_are_checked),
		cmocka_unit_test(golden_files_that_must_be_refused_are),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(a_record_costs_no_allocation),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
