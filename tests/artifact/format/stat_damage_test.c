/* The golden file, and what must be refused. */
#include "tests/artifact/format/stat_lab.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_file_is_what_is_written),
		cmocka_unit_test(no_flipped_bit_goes_unseen),
		cmocka_unit_test(a_file_may_end_anywhere),
		cmocka_unit_test(a_cut_block_is_refused_at_every_byte),
		cmocka_unit_test(block_headers_are_checked),
		cmocka_unit_test(golden_files_that_must_be_refused_are),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
