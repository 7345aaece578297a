/* Four folds in flight, 64 bytes each, with VPCLMULQDQ and AVX-512F. */
#include <immintrin.h>

#include "base/hash/crc_fold.h"

static inline __m512i load(const uint8_t *ptr)
{
	return _mm512_loadu_si512(ptr);
}

static inline __m512i splat(const uint64_t constants[2])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)constants));
}

static inline __m512i fold(__m512i sum, __m512i constants, __m512i next)
{
	__m512i first = _mm512_clmulepi64_epi128(sum, constants, 0x00);
	__m512i second = _mm512_clmulepi64_epi128(sum, constants, 0x11);

	return _mm512_ternarylogic_epi64(first, second, next, 0x96);
}

static inline __m128i fold_128(__m128i sum, __m128i constants, __m128i next)
{
	__m128i first = _mm_clmulepi64_si128(sum, constants, 0x00);
	__m128i second = _mm_clmulepi64_si128(sum, constants, 0x11);

	return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

void crc_fold_wide(const struct crc_fold_constants *constants, uint64_t remainder,
		   const uint8_t *data, size_t len, uint8_t out[CRC_FOLD_BYTES])
{
	__m512i by_2048 = splat(constants->by_2048), by_512 = splat(constants->by_512);
	__m128i by_128 = _mm512_castsi512_si128(splat(constants->by_128)), sum;
	__m512i begin = _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)remainder));
	__m512i s0 = _mm512_xor_si512(load(data), begin);
	__m512i s1 = load(data + 64), s2 = load(data + 128), s3 = load(data + 192);

	for (data += 256, len -= 256; len >= 256; data += 256, len -= 256) {
		s0 = fold(s0, by_2048, load(data));
		s1 = fold(s1, by_2048, load(data + 64));
		s2 = fold(s2, by_2048, load(data + 128));
		s3 = fold(s3, by_2048, load(data + 192));
	}
	s0 = fold(fold(fold(s0, by_512, s1), by_512, s2), by_512, s3);
	for (; len >= 64; data += 64, len -= 64)
		s0 = fold(s0, by_512, load(data));
	sum = _mm512_castsi512_si128(s0);
	sum = fold_128(sum, by_128, _mm512_extracti32x4_epi32(s0, 1));
	sum = fold_128(sum, by_128, _mm512_extracti32x4_epi32(s0, 2));
	sum = fold_128(sum, by_128, _mm512_extracti32x4_epi32(s0, 3));
	for (; len; data += 16, len -= 16)
		sum = fold_128(sum, by_128, _mm_loadu_si128((const __m128i *)(const void *)data));
	_mm_storeu_si128((__m128i *)(void *)out, sum);
}
