/* 2 x 16 lanes with AVX-512F. A step is six operations of a set: one vpternlogd for the function,
 * four adds, one rotation. Zen 4 begins two 512-bit operations a cycle, so 64 steps of 2 sets take
 * at least 384 cycles, and the transposition of 2 blocks (96 inserts, 64 unpacks) another 80: 464
 * for 2 KiB, of which 600 are measured; one set alone takes 420, because it waits for its chain. */
#include <immintrin.h>

#define VECTOR		    __m512i
#define SET_LANES	    16
#define vector_add	    _mm512_add_epi32
#define vector_splat(word)  _mm512_set1_epi32((int)*(word))
#define VECTOR_ROTATE(x, n) _mm512_rol_epi32(x, n)
#define VECTOR_F(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0xca) /* x ? y : z */
#define VECTOR_G(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0xe4) /* z ? x : y */
#define VECTOR_H(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0x96) /* x ^ y ^ z */
#define VECTOR_I(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0x39) /* y ^ (x | ~z) */

#include "base/hash/md5_vector.inc"

static inline __m128i load(const uint8_t *ptr)
{
	return _mm_loadu_si128((const __m128i *)(const void *)ptr);
}

/* Four words of four messages: lanes 0, 4, 8 and 12 of `data` side by side. Two 256-bit halves
 * beat a chain of three 512-bit inserts or masked broadcasts by 4 %. */
static inline __m512i load_four(const uint8_t *const *data, size_t offset)
{
	__m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(load(data[0] + offset)),
					      load(data[4] + offset), 1);
	__m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(load(data[8] + offset)),
					       load(data[12] + offset), 1);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* A 4 x 4 transposition in each 128-bit quarter puts word w of lane l at place l of words[w]. */
__attribute__((always_inline)) static inline void gather(__m512i words[16],
							 const uint8_t *const *data, size_t offset)
{
	for (size_t i = 0; i < 16; i += 4, offset += 16) {
		__m512i r0 = load_four(data, offset), r1 = load_four(data + 1, offset);
		__m512i r2 = load_four(data + 2, offset), r3 = load_four(data + 3, offset);
		__m512i low01 = _mm512_unpacklo_epi32(r0, r1);
		__m512i high01 = _mm512_unpackhi_epi32(r0, r1);
		__m512i low23 = _mm512_unpacklo_epi32(r2, r3);
		__m512i high23 = _mm512_unpackhi_epi32(r2, r3);

		words[i] = _mm512_unpacklo_epi64(low01, low23);
		words[i + 1] = _mm512_unpackhi_epi64(low01, low23);
		words[i + 2] = _mm512_unpacklo_epi64(high01, high23);
		words[i + 3] = _mm512_unpackhi_epi64(high01, high23);
	}
}

const struct lane_kernel md5_kernel_avx512 = { &lane_md5, 2 * SET_LANES, 2, 4, run, run_half };
