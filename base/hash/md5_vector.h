/**
 * md5_vector - the body of a kernel of two interleaved sets of lanes, over a vector type.
 *
 * Two sets, because the chain of one step (function, add, rotate, add) leaves the execution units
 * half idle: the second set fills them. Three sets are 12 % faster still with AVX-512 on Zen 4,
 * but 48 lanes are harder to keep busy than 32.
 *
 * The including file defines, before it includes this: VECTOR, the type; SET_LANES, its count of
 * 32-bit lanes; vector_add(x, y), vector_splat(pointer to a word), VECTOR_ROTATE(x, n) with n a
 * constant, VECTOR_F/G/H/I(x, y, z); and, between the two parts, gather(VECTOR words[16], const
 * uint8_t *const *data, size_t offset), which transposes one block of SET_LANES messages.
 *
 * Words lie in memory and are added from there: with 16 registers there is no room for them, and
 * with 32 a load is free beside the arithmetic. Order of additions: word and constant come first,
 * so that only one add waits for the function; compile with -fno-tree-reassoc, gcc undoes it.
 */
#ifndef BASE_HASH_MD5_VECTOR_H
#define BASE_HASH_MD5_VECTOR_H

#include "base/hash/md5_kernel.h"
#include "base/hash/md5_rounds.h"

#define SET_STEP(set, f, a, b, c, d, index, rotation)                                              \
	a##set = vector_add(vector_add(a##set, vector_add(constant, words[set][index])),           \
			    VECTOR_##f(b##set, c##set, d##set));                                   \
	a##set = vector_add(b##set, VECTOR_ROTATE(a##set, rotation));

#define VECTOR_STEP(f, a, b, c, d, index, step, rotation)                                          \
	{                                                                                          \
		const VECTOR constant = vector_splat(constants + (step));                          \
		SET_STEP(0, f, a, b, c, d, index, rotation)                                        \
		SET_STEP(1, f, a, b, c, d, index, rotation)                                        \
	}

static void gather(VECTOR words[16], const uint8_t *const *data, size_t offset);

static void run(uint32_t *state, const uint8_t *const *data, size_t block_count)
{
	VECTOR *saved = (VECTOR *)(void *)state;
	VECTOR a0 = saved[0], b0 = saved[2], c0 = saved[4], d0 = saved[6];
	VECTOR a1 = saved[1], b1 = saved[3], c1 = saved[5], d1 = saved[7];
	VECTOR words[2][16];
	const uint32_t *constants = md5_constants;

	/* Hidden from the compiler: it would make each constant in a general register. */
	__asm__("" : "+r"(constants));
	for (size_t i = 0; i < block_count; i++) {
		gather(words[0], data, i * MD5_BLOCK_BYTES);
		gather(words[1], data + SET_LANES, i * MD5_BLOCK_BYTES);
		MD5_STEPS(VECTOR_STEP)
		saved[0] = a0 = vector_add(a0, saved[0]);
		saved[1] = a1 = vector_add(a1, saved[1]);
		saved[2] = b0 = vector_add(b0, saved[2]);
		saved[3] = b1 = vector_add(b1, saved[3]);
		saved[4] = c0 = vector_add(c0, saved[4]);
		saved[5] = c1 = vector_add(c1, saved[5]);
		saved[6] = d0 = vector_add(d0, saved[6]);
		saved[7] = d1 = vector_add(d1, saved[7]);
	}
}

#endif
