/* Indexes made of records, and read back: for the tests of the format. */
#ifndef TESTS_ARTIFACT_FORMAT_INDEX_LAB_H
#define TESTS_ARTIFACT_FORMAT_INDEX_LAB_H

#include "tests/artifact/format/stored.h"

#include "artifact/format/index.h"
#include "tests/support/torture.h"

static const uint8_t repository_id[16] = "the repository!";
static const struct object_id index_id = { "session of inde", 9 };

/* ---- making ---- */

static inline int record_order(const void *a, const void *b)
{
	return blob_key_compare(&((const struct index_record *)a)->key,
				&((const struct index_record *)b)->key);
}

static inline struct index_record *random_records(size_t count, uint32_t pack_count, uint64_t seed)
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

static inline struct index_pack *some_packs(uint32_t count)
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

static inline void build(struct bytes *out, const struct index_record *records, size_t count,
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

static inline enum muster_code file_open(struct index_file *out, struct view bytes,
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

static inline struct view file_page(const struct index_file *file, uint32_t number)
{
	return view_of(file->bytes.ptr + index_page_offset(number),
		       index_page_bytes(&file->trailer, number));
}

/* What `check` does with a whole index: every byte is looked at. */
static inline enum muster_code prove_index(struct view bytes, struct muster_error *err)
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

static inline bool file_maybe(const struct index_file *file, const struct blob_key *key)
{
	uint64_t offset = index_filter_offset(&file->trailer, key);

	assert_true(offset >= file->trailer.filter_offset_bytes &&
		    offset + INDEX_FILTER_BLOCK_BYTES <= file->trailer.packs_offset_bytes);
	return index_filter_maybe(view_of(file->bytes.ptr + offset, INDEX_FILTER_BLOCK_BYTES), key);
}

/* As engine does it: the filter, then a page, then the next while the page answers MUSTER_END. */
static inline enum muster_code file_find(const struct index_file *file, const struct blob_key *key,
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

static inline void assert_same_record(const struct index_record *a, const struct index_record *b)
{
	assert_true(blob_key_equal(&a->key, &b->key));
	assert_int_equal(a->pack, b->pack);
	assert_int_equal(a->ordinal, b->ordinal);
}

static inline void records_come_back_in_order(const struct index_file *file,
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

#endif
