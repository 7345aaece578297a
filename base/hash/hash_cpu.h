/**
 * hash_cpu - which form of the digests runs: the best that this machine has, or a forced one.
 *
 * Threads: any; nothing is kept here. What the processor and the operating system support is
 *          found once, by the compiler's runtime, before main().
 */
#ifndef BASE_HASH_HASH_CPU_H
#define BASE_HASH_HASH_CPU_H

#include <stdbool.h>

enum hash_cpu {
	HASH_CPU_BEST = 0, /* the best that this machine has */
	HASH_CPU_SCALAR,   /* plain C */
	HASH_CPU_SSE2,
	HASH_CPU_AVX2,
	HASH_CPU_AVX512, /* F, BW, DQ and VL */
	HASH_CPU_NEON,
	HASH_CPU_COUNT,
};

/** The form of this name ("best", "scalar", "sse2", ...); false for any other text. */
bool hash_cpu_parse(const char *name, enum hash_cpu *out);
/** Static text. */
const char *hash_cpu_name(enum hash_cpu cpu);
/** Can this machine run it? BEST and SCALAR always. */
bool hash_cpu_is_available(enum hash_cpu cpu);
/** What BEST stands for here; any other value is given back. */
enum hash_cpu hash_cpu_resolve(enum hash_cpu cpu);
/** Does this machine multiply without carries, in 16 bytes and in 64? Beside the enum, because
 *  neither AVX2 nor AVX-512 implies it. */
bool hash_cpu_has_clmul(void);
bool hash_cpu_has_wide_clmul(void);
/** The SHA extensions of x86. */
bool hash_cpu_has_sha(void);

#endif
