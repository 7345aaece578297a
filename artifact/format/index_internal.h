/**
 * index_internal - the byte layout that the index's writer and readers share.
 *
 * The normative text is docs/formats/index.md.
 */
#ifndef ARTIFACT_FORMAT_INDEX_INTERNAL_H
#define ARTIFACT_FORMAT_INDEX_INTERNAL_H

#include "artifact/format/index.h"
#include "artifact/format/pack_internal.h"

/* A page: its own head, records of one length, zeros up to INDEX_PAGE_BYTES (not in the last). */
enum {
	PAGE_CHECKSUM = 0, /* XXH3-128 of the rest of the page */
	PAGE_SESSION = 16, /* id of the index: a page from elsewhere is none of ours */
	PAGE_ID_NUMBER = 32,
	PAGE_NUMBER = 36,
	PAGE_RECORD_COUNT = 40,
	PAGE_RECORD_BYTES = 44,
	PAGE_HEAD_BYTES = 48,
};

enum {
	RECORD_DIGEST = 0,
	RECORD_SIZE = 16,
	RECORD_CHECKSUM = 24,
	RECORD_PACK = 40,
	RECORD_ORDINAL = 44, /* 24 bits, behind them the kind byte */
	RECORD_KIND = 47,
	RECORD_NARROW_BYTES = 48,
	RECORD_IDENTITY = 48,
	RECORD_WIDE_BYTES = 80,
};

#define PAGE_NARROW_RECORDS ((INDEX_PAGE_BYTES - PAGE_HEAD_BYTES) / RECORD_NARROW_BYTES) /* 1364   \
											  */
#define PAGE_WIDE_RECORDS ((INDEX_PAGE_BYTES - PAGE_HEAD_BYTES) / RECORD_WIDE_BYTES)	 /* 818 */

_Static_assert(PACK_MAX_BLOBS <= 1u << 24, "24 bits hold every ordinal");

/* A pack of the list: session 16, number 4, blob count 4 (top bit: single), bytes 8, sum 16. */
#define TAIL_PACK_BYTES	 48
#define TAIL_PACK_SINGLE 0x80000000u

enum {
	TRAILER_REPOSITORY = 0,
	TRAILER_SESSION = 16,
	TRAILER_ID_NUMBER = 32,
	TRAILER_FLAGS = 36, /* none yet */
	TRAILER_RECORD_COUNT = 40,
	TRAILER_PAGE_COUNT = 48,
	TRAILER_PACK_COUNT = 52,
	TRAILER_LARGE_SIZE_COUNT = 56,
	TRAILER_FILTER_BLOCK_COUNT = 60,
	TRAILER_FILTER_OFFSET = 64,
	TRAILER_PACKS_OFFSET = 72,
	TRAILER_LARGE_SIZES_OFFSET = 80,
	TRAILER_FENCES_OFFSET = 88,
	TRAILER_INDEX_BYTES = 96,
	TRAILER_FILTER_CHECKSUM = 104,
	TRAILER_TAIL_CHECKSUM = 120,
	TRAILER_CHECKSUM = 136, /* XXH3-128 of the bytes before it */
	TRAILER_MAGIC = 152,
};

#define TRAILER_MAGIC_TEXT  "indxend1" /* the last byte is the version */
#define TRAILER_MAGIC_BYTES 8

_Static_assert(TRAILER_MAGIC + TRAILER_MAGIC_BYTES == INDEX_TRAILER_BYTES, "the trailer is full");

/* ---- the filter: one bit in each of the block's eight 64-bit words ---- */

#define FILTER_BITS_PER_BLOB 12
#define FILTER_WORDS	     8
#define FILTER_STEP	     UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio: odd, mixed */
#define FILTER_BLOCK_BITS    (8 * INDEX_FILTER_BLOCK_BYTES)

struct filter_place {
	uint64_t block;
	uint64_t bits; /* six for each word, lowest first */
};

static inline uint32_t filter_blocks_for(uint64_t record_count)
{
	return (uint32_t)((record_count * FILTER_BITS_PER_BLOB + FILTER_BLOCK_BITS - 1) /
			  FILTER_BLOCK_BITS);
}

/* The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit reaches every bit, which
 * a digest made up by somebody (an ETag, zeros) may need. */
static inline uint64_t filter_mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static inline struct filter_place filter_place(const uint8_t digest[DIGEST_BYTES],
					       uint64_t size_bytes, uint32_t block_count)
{
	uint64_t low = filter_mix(get_u64(digest + 8) + size_bytes * FILTER_STEP);
	uint64_t hash = filter_mix(get_u64(digest) + low);

	return (struct filter_place){
		.block = (uint64_t)((unsigned __int128)hash * block_count >> 64),
		.bits = filter_mix(hash + FILTER_STEP),
	};
}

static inline void filter_set(uint8_t *block, uint64_t bits)
{
	for (unsigned word = 0; word < FILTER_WORDS; word++, bits >>= 6)
		block[word * 8 + (bits & 63) / 8] |= (uint8_t)(1u << (bits & 7));
}

static inline bool filter_has(const uint8_t *block, uint64_t bits)
{
	for (unsigned word = 0; word < FILTER_WORDS; word++, bits >>= 6)
		if (!(block[word * 8 + (bits & 63) / 8] >> (bits & 7) & 1))
			return false;
	return true;
}

/* ---- records ---- */

static inline uint32_t record_ordinal(const uint8_t *record)
{
	return get_u32(record + RECORD_ORDINAL) & 0xffffff;
}

/** Order of a stored record and a place: digest, then size. */
static inline int record_compare_place(const uint8_t *record, const uint8_t digest[DIGEST_BYTES],
				       uint64_t size_bytes)
{
	int order = compare_16(record + RECORD_DIGEST, digest);

	return order ? order : compare_u64(get_u64(record + RECORD_SIZE), size_bytes);
}

#endif
