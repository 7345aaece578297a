/* Four folds in flight, 16 bytes each, with PCLMULQDQ: its latency is four times its throughput. */
#include <emmintrin.h>
#include <wmmintrin.h>

#include "base/hash/crc_fold.h"

static inline __m128i load(const void *ptr)
{
	return _mm_loadu_si128((const __m128i *)ptr);
}

static inline __m128i fold(__m128i sum, __m128i constants, __m128i next)
{
	__m128i first = _mm_clmulepi64_si128(sum, constants, 0x00);
	__m128i second = _mm_clmulepi64_si128(sum, constants, 0x11);

	return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

void crc_fold_clmul(const struct crc_fold_constants *constants, uint64_t remainder,
		    const uint8_t *data, size_t len, uint8_t out[CRC_FOLD_BYTES])
{
	__m128i by_512 = load(constants->by_512), by_128 = load(constants->by_128);
	__m128i s0 = _mm_xor_si128(load(data), _mm_cvtsi64_si128((long long)remainder));
	__m128i s1 = load(data + 16), s2 = load(data + 32), s3 = load(data + 48);

	for (data += 64, len -= 64; len >= 64; data += 64, len -= 64) {
		s0 = fold(s0, by_512, load(data));
		s1 = fold(s1, by_512, load(data + 16));
		s2 = fold(s2, by_512, load(data + 32));
		s3 = fold(s3, by_512, load(data + 48));
	}
	s0 = fold(fold(fold(s0, by_128, s1), by_128, s2), by_128, s3);
	for (; len; data += 16, len -= 16)
		s0 = fold(s0, by_128, load(data));
	_mm_storeu_si128((__m128i *)(void *)out, s0);
}
