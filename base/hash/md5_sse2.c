/* 2 x 4 lanes with SSE2, which every x86-64 has. */
#include <emmintrin.h>

#define VECTOR		    __m128i
#define SET_LANES	    4
#define vector_add	    _mm_add_epi32
#define vector_splat(word)  _mm_set1_epi32((int)*(word))
#define VECTOR_ROTATE(x, n) _mm_or_si128(_mm_slli_epi32(x, n), _mm_srli_epi32(x, 32 - (n)))
#define VECTOR_F(x, y, z)   _mm_xor_si128(z, _mm_and_si128(x, _mm_xor_si128(y, z)))
#define VECTOR_G(x, y, z)   _mm_or_si128(_mm_andnot_si128(z, y), _mm_and_si128(x, z))
#define VECTOR_H(x, y, z)   _mm_xor_si128(x, _mm_xor_si128(y, z))
#define VECTOR_I(x, y, z)   _mm_xor_si128(y, _mm_or_si128(x, _mm_xor_si128(z, _mm_set1_epi32(-1))))

#include "base/hash/md5_vector.inc"

static inline __m128i load(const uint8_t *ptr)
{
	return _mm_loadu_si128((const __m128i *)(const void *)ptr);
}

__attribute__((always_inline)) static inline void gather(__m128i words[16],
							 const uint8_t *const *data, size_t offset)
{
	for (size_t i = 0; i < 16; i += 4, offset += 16) {
		__m128i r0 = load(data[0] + offset), r1 = load(data[1] + offset);
		__m128i r2 = load(data[2] + offset), r3 = load(data[3] + offset);
		__m128i low01 = _mm_unpacklo_epi32(r0, r1), high01 = _mm_unpackhi_epi32(r0, r1);
		__m128i low23 = _mm_unpacklo_epi32(r2, r3), high23 = _mm_unpackhi_epi32(r2, r3);

		words[i] = _mm_unpacklo_epi64(low01, low23);
		words[i + 1] = _mm_unpackhi_epi64(low01, low23);
		words[i + 2] = _mm_unpacklo_epi64(high01, high23);
		words[i + 3] = _mm_unpackhi_epi64(high01, high23);
	}
}

const struct lane_kernel md5_kernel_sse2 = { &lane_md5, 2 * SET_LANES, 2, 3, run, run_half };
