/* Files of stats made of records, and read back: for the tests of the format. */
#ifndef TESTS_ARTIFACT_FORMAT_STAT_LAB_H
#define TESTS_ARTIFACT_FORMAT_STAT_LAB_H

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
static inline void random_record(struct named_record *out, uint64_t i, uint64_t *seed)
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

static inline struct named_record *random_records(size_t count, uint64_t seed)
{
	struct named_record *records = calloc(count, sizeof(*records));

	assert_non_null(records);
	for (size_t i = 0; i < count; i++)
		random_record(&records[i], i, &seed);
	return records;
}

static inline void assert_same_record(const struct stat_record *a, const struct stat_record *b)
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

static inline void header_append(struct bytes *out)
{
	uint8_t header[OBJECT_HEADER_BYTES];

	object_header_put(header, "stat", STAT_VERSION);
	assert_int_equal(bytes_append(out, header, sizeof(header), NULL), MUSTER_OK);
}

static inline void build(struct bytes *out, const struct named_record *records, size_t count)
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
static inline enum muster_code read_file(struct view file, const struct named_record *expected,
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

#endif
