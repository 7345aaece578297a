/* 2 x 4 lanes with the Advanced SIMD that every AArch64 has. */
#include <arm_neon.h>

#define VECTOR		    uint32x4_t
#define SET_LANES	    4
#define vector_add	    vaddq_u32
#define vector_splat(word)  vld1q_dup_u32(word)
#define VECTOR_ROTATE(x, n) vsriq_n_u32(vshlq_n_u32(x, n), x, 32 - (n))
#define VECTOR_F(x, y, z)   vbslq_u32(x, y, z)
#define VECTOR_G(x, y, z)   vbslq_u32(z, x, y)
#define VECTOR_H(x, y, z)   veorq_u32(x, veorq_u32(y, z))
#define VECTOR_I(x, y, z)   veorq_u32(y, vornq_u32(x, z))

#include "base/hash/md5_vector.inc"

/* Bytes, so that any address will do; words are little endian, as MD5 wants them. */
static inline uint32x4_t load(const uint8_t *ptr)
{
	return vreinterpretq_u32_u8(vld1q_u8(ptr));
}

static inline uint32x4_t join(uint32x2_t low, uint32x2_t high)
{
	return vcombine_u32(low, high);
}

__attribute__((always_inline)) static inline void gather(uint32x4_t words[16],
							 const uint8_t *const *data, size_t offset)
{
	for (size_t i = 0; i < 16; i += 4, offset += 16) {
		uint32x4x2_t r01 = vtrnq_u32(load(data[0] + offset), load(data[1] + offset));
		uint32x4x2_t r23 = vtrnq_u32(load(data[2] + offset), load(data[3] + offset));

		words[i] = join(vget_low_u32(r01.val[0]), vget_low_u32(r23.val[0]));
		words[i + 1] = join(vget_low_u32(r01.val[1]), vget_low_u32(r23.val[1]));
		words[i + 2] = join(vget_high_u32(r01.val[0]), vget_high_u32(r23.val[0]));
		words[i + 3] = join(vget_high_u32(r01.val[1]), vget_high_u32(r23.val[1]));
	}
}

const struct lane_kernel md5_kernel_neon = { &lane_md5, 2 * SET_LANES, 2, 3, run, run_half };
