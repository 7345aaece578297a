/* 2 x 8 lanes with AVX2. It has neither rotation nor three-operand logic: a step is about ten
 * operations of a set. */
#include <immintrin.h>

#define VECTOR		    __m256i
#define SET_LANES	    8
#define vector_add	    _mm256_add_epi32
#define vector_splat(word)  _mm256_set1_epi32((int)*(word))
#define VECTOR_ROTATE(x, n) _mm256_or_si256(_mm256_slli_epi32(x, n), _mm256_srli_epi32(x, 32 - (n)))
#define VECTOR_F(x, y, z)   _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
#define VECTOR_G(x, y, z)   _mm256_or_si256(_mm256_andnot_si256(z, y), _mm256_and_si256(x, z))
#define VECTOR_H(x, y, z)   _mm256_xor_si256(x, _mm256_xor_si256(y, z))
#define VECTOR_I(x, y, z)                                                                          \
	_mm256_xor_si256(y, _mm256_or_si256(x, _mm256_xor_si256(z, _mm256_set1_epi32(-1))))

#include "base/hash/md5_vector.inc"

static inline __m256i load_two(const uint8_t *const *data, size_t offset)
{
	const __m128i *low = (const void *)(data[0] + offset);
	const __m128i *high = (const void *)(data[4] + offset);

	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)),
				       _mm_loadu_si128(high), 1);
}

/* A 4 x 4 transposition in each 128-bit half puts word w of lane l at place l of words[w]. */
__attribute__((always_inline)) static inline void gather(__m256i words[16],
							 const uint8_t *const *data, size_t offset)
{
	for (size_t i = 0; i < 16; i += 4, offset += 16) {
		__m256i r0 = load_two(data, offset), r1 = load_two(data + 1, offset);
		__m256i r2 = load_two(data + 2, offset), r3 = load_two(data + 3, offset);
		__m256i low01 = _mm256_unpacklo_epi32(r0, r1);
		__m256i high01 = _mm256_unpackhi_epi32(r0, r1);
		__m256i low23 = _mm256_unpacklo_epi32(r2, r3);
		__m256i high23 = _mm256_unpackhi_epi32(r2, r3);

		words[i] = _mm256_unpacklo_epi64(low01, low23);
		words[i + 1] = _mm256_unpackhi_epi64(low01, low23);
		words[i + 2] = _mm256_unpacklo_epi64(high01, high23);
		words[i + 3] = _mm256_unpackhi_epi64(high01, high23);
	}
}

const struct lane_kernel md5_kernel_avx2 = { &lane_md5, 2 * SET_LANES, 2, 4, run, run_half };
