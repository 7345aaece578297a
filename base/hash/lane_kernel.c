#include "base/hash/lane_kernel.h"

const struct lane_digest lane_md5 = {
	.word_count = 4,
	.start = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 },
	.alone = &md5_kernel_scalar,
};

const struct lane_kernel *md5_kernel_of(enum hash_cpu cpu)
{
	switch (hash_cpu_resolve(cpu)) {
#ifdef __x86_64__
	case HASH_CPU_SSE2:
		return &md5_kernel_sse2;
	case HASH_CPU_AVX2:
		return &md5_kernel_avx2;
	case HASH_CPU_AVX512:
		return &md5_kernel_avx512;
#endif
#ifdef __aarch64__
	case HASH_CPU_NEON:
		return &md5_kernel_neon;
#endif
	default:
		return &md5_kernel_scalar;
	}
}

#ifdef __x86_64__
const struct lane_digest lane_sha256 = {
	.word_count = 8,
	.is_big_endian = true,
	.start = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		   0x1f83d9ab, 0x5be0cd19 },
	.alone = &sha256_kernel_alone,
};

const struct lane_kernel *sha256_kernel_of(enum hash_cpu cpu)
{
	bool may_use = hash_cpu_resolve(cpu) != HASH_CPU_SCALAR && hash_cpu_has_sha();

	return may_use ? &sha256_kernel_pair : NULL;
}
#else
const struct lane_kernel *sha256_kernel_of(enum hash_cpu cpu)
{
	(void)cpu;
	return NULL;
}
#endif
