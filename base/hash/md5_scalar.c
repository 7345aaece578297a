/* One lane in plain C, for what is left when few lanes are live and for machines without vectors.
 * The chain of a step is what it costs: G is written as a sum, of which only one half waits. */
#include "base/hash/lane_kernel.h"

#include "base/bytes.h"
#include "base/hash/md5_rounds.h"

#define SCALAR_F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define SCALAR_G(x, y, z) (((y) & ~(z)) + ((x) & (z)))
#define SCALAR_H(x, y, z) ((x) ^ ((y) ^ (z)))
#define SCALAR_I(x, y, z) ((y) ^ ((x) | ~(z)))

#define SCALAR_STEP(f, a, b, c, d, index, step, rotation)                                          \
	a += get_u32(block + 4 * (index)) + md5_constants[step];                                   \
	a += SCALAR_##f(b, c, d);                                                                  \
	a = b + (a << (rotation) | a >> (32 - (rotation)));

static void run(uint32_t *state, const uint8_t *const *data, size_t block_count)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	const uint8_t *block = data[0];

	for (size_t i = 0; i < block_count; i++, block += LANE_BLOCK_BYTES) {
		MD5_STEPS(SCALAR_STEP)
		state[0] = a += state[0];
		state[1] = b += state[1];
		state[2] = c += state[2];
		state[3] = d += state[3];
	}
}

const struct lane_kernel md5_kernel_scalar = { &lane_md5, 1, 1, 1, run, NULL };
