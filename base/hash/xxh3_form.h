/* The body of a form: the including file sets XXH_VECTOR and XXH_INLINE_ALL, or neither for the
 * library's own, and then defines its struct xxh3_form from these functions. */
#ifndef BASE_HASH_XXH3_FORM_H
#define BASE_HASH_XXH3_FORM_H

#include <xxhash.h>

#include "base/hash/xxh3.h"

static void canonical(XXH128_hash_t hash, uint8_t out[16])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, hash);
	memcpy(out, bytes.digest, sizeof(bytes.digest));
}

static void hash128(struct view data, uint8_t out[16])
{
	canonical(XXH3_128bits(data.ptr, data.len), out);
}

static uint64_t hash64(struct view data)
{
	return XXH3_64bits(data.ptr, data.len);
}

static void *stream_new(void)
{
	return XXH3_createState();
}

static void stream_free(void *stream)
{
	XXH3_freeState(stream);
}

static void stream_begin(void *stream)
{
	XXH3_128bits_reset(stream);
}

static void stream_update(void *stream, struct view data)
{
	XXH3_128bits_update(stream, data.ptr, data.len);
}

static void stream_end(const void *stream, uint8_t out[16])
{
	canonical(XXH3_128bits_digest(stream), out);
}

#define XXH3_FORM(cpu)                                                                             \
	{                                                                                          \
		cpu, hash128, hash64, stream_new, stream_free, stream_begin, stream_update,        \
			stream_end                                                                 \
	}

#endif
