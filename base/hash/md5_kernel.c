#include "base/hash/md5_kernel.h"

const struct md5_kernel *md5_kernel_of(enum hash_cpu cpu)
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
