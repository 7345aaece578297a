/**
 * crc_fold - shortening a message by carry-less multiplication, for crc.c.
 *
 * A fold gives 16 bytes that have the same remainder as the message: the first 16 bytes of it, as a
 * polynomial A(x), stand D bits before the next ones; A(x) * x^D is replaced by
 * first_half * (x^(D+64) mod P) + second_half * (x^D mod P), which is added to the bytes there.
 * Both CRCs are reflected, bit 0 first; a product of two reflected halves comes out one bit too
 * low, so the constants are of x^(D+63) and x^(D-1).
 *
 * Source: V. Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ, Intel
 * 2009.
 */
#ifndef BASE_HASH_CRC_FOLD_H
#define BASE_HASH_CRC_FOLD_H

#include <stddef.h>
#include <stdint.h>

/** Reflected in 64 bits: x^(D+63) mod P, x^(D-1) mod P. */
struct crc_fold_constants {
	uint64_t by_128[2], by_512[2], by_2048[2];
};

#define CRC_FOLD_BYTES	    16
#define CRC_FOLD_LEAST	    64	/* crc_fold_clmul() takes no less */
#define CRC_FOLD_WIDE_LEAST 256 /* crc_fold_wide() takes no less */

/** Folds `len` bytes, a multiple of 16, with `remainder` added to the first ones. */
void crc_fold_clmul(const struct crc_fold_constants *constants, uint64_t remainder,
		    const uint8_t *data, size_t len, uint8_t out[CRC_FOLD_BYTES]);
void crc_fold_wide(const struct crc_fold_constants *constants, uint64_t remainder,
		   const uint8_t *data, size_t len, uint8_t out[CRC_FOLD_BYTES]);

#endif
