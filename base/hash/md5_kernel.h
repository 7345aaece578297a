/**
 * md5_kernel - MD5 of several messages at once: one lane of a vector register is one message.
 *
 * A kernel knows nothing of lengths or padding: md5_lanes feeds it. State is word-major: word w
 * of lane l is state[w * lane_count + l], so that one vector load takes a word of many lanes.
 *
 * Threads: kernels keep nothing.
 * Source:  RFC 1321.
 */
#ifndef BASE_HASH_MD5_KERNEL_H
#define BASE_HASH_MD5_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash/hash_cpu.h"

#define MD5_BLOCK_BYTES 64
#define MD5_LANES_MAX	32
#define MD5_STATE_ALIGN 64 /* of `state`: the widest vector */

struct md5_kernel {
	enum hash_cpu cpu;
	uint32_t lane_count;
	/* With fewer live lanes than these the scalar kernel is the better one: when all are to end,
	 * and when one is to end so that lanes can be filled again (md5_lanes.c). */
	uint32_t drain_lanes, finish_lanes;
	/** Advance every lane by `block_count` blocks, lane l from data[l]. All lanes read. */
	void (*run)(uint32_t *state, const uint8_t *const *data, size_t block_count);
};

extern const struct md5_kernel md5_kernel_scalar;
#ifdef __x86_64__
extern const struct md5_kernel md5_kernel_sse2, md5_kernel_avx2, md5_kernel_avx512;
#endif
#ifdef __aarch64__
extern const struct md5_kernel md5_kernel_neon;
#endif

/** The kernel of an available form. */
const struct md5_kernel *md5_kernel_of(enum hash_cpu cpu);

#endif
