/**
 * lane_kernel - a digest of several messages at once, block by block; what lanes.c runs.
 *
 * A kernel knows nothing of lengths or padding. State is word-major: word w of lane l is
 * state[w * lane_count + l], so that one vector load takes a word of many lanes.
 *
 * Threads: kernels keep nothing.
 * Source:  RFC 1321 and FIPS 180-4: both digest blocks of 64 bytes into 32-bit words, and end with
 *          0x80, zeros and the length in bits.
 */
#ifndef BASE_HASH_LANE_KERNEL_H
#define BASE_HASH_LANE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash/hash_cpu.h"

#define LANE_BLOCK_BYTES 64
#define LANE_WORDS_MAX	 8
#define LANES_MAX	 32
#define LANE_STATE_ALIGN 64 /* of `state`: the widest vector */

struct lane_kernel;

/** What all kernels of one digest have in common. */
struct lane_digest {
	uint32_t word_count; /* of the state, and of the digest */
	bool is_big_endian;  /* words of the digest, and the length */
	uint32_t start[LANE_WORDS_MAX];
	const struct lane_kernel *alone; /* one lane, for what is left when few are live */
};

struct lane_kernel {
	const struct lane_digest *digest;
	uint32_t lane_count;
	/* With fewer live lanes than these `alone` is the better one: when all are to end, and when
	 * one is to end so that lanes can be filled again (lanes.c). */
	uint32_t drain_lanes, finish_lanes;
	/** Advance every lane by `block_count` blocks, lane l from data[l]. All lanes read. */
	void (*run)(uint32_t *state, const uint8_t *const *data, size_t block_count);
	/** The same for the first half of the lanes, in less time; NULL: there is none. */
	void (*run_half)(uint32_t *state, const uint8_t *const *data, size_t block_count);
};

extern const struct lane_digest lane_md5;
extern const struct lane_kernel md5_kernel_scalar;
#ifdef __x86_64__
extern const struct lane_kernel md5_kernel_sse2, md5_kernel_avx2, md5_kernel_avx512;
extern const struct lane_digest lane_sha256;
extern const struct lane_kernel sha256_kernel_pair, sha256_kernel_alone;
#endif
#ifdef __aarch64__
extern const struct lane_kernel md5_kernel_neon;
#endif

/** The kernel of an available form. */
const struct lane_kernel *md5_kernel_of(enum hash_cpu cpu);
/** NULL where there is none that beats OpenSSL's SHA-256 of one message after the other. */
const struct lane_kernel *sha256_kernel_of(enum hash_cpu cpu);

#endif
