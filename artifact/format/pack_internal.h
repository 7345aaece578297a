/**
 * pack_internal - what pack directories and index records share: the kind byte, 128-bit sums.
 */
#ifndef ARTIFACT_FORMAT_PACK_INTERNAL_H
#define ARTIFACT_FORMAT_PACK_INTERNAL_H

#include <endian.h>

#include "artifact/format/pack.h"

/* One byte says how a key is made: the digest's algorithm, and whether an identity follows. */
#define BLOB_KIND_IDENTITY 0x80u

static inline bool blob_algorithm_is_known(uint8_t algorithm)
{
	return algorithm == DIGEST_MD5 || algorithm == DIGEST_XXH128;
}

static inline uint8_t blob_kind(const struct blob_key *key)
{
	return (uint8_t)(key->algorithm | (key->has_identity ? BLOB_KIND_IDENTITY : 0));
}

static inline bool blob_kind_is_known(uint8_t kind)
{
	return blob_algorithm_is_known((uint8_t)(kind & ~BLOB_KIND_IDENTITY));
}

static inline uint64_t get_u64_big(const uint8_t *in)
{
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return be64toh(value);
}

static inline void put_u64_big(uint8_t *out, uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
}

/** Byte order of 16 bytes. */
static inline int compare_16(const uint8_t *a, const uint8_t *b)
{
	uint64_t x = get_u64_big(a), y = get_u64_big(b);

	if (x == y) {
		x = get_u64_big(a + 8);
		y = get_u64_big(b + 8);
	}
	return (x > y) - (x < y);
}

static inline int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static inline bool is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any == 0;
}

#endif
