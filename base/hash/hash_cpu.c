#include "base/hash/hash_cpu.h"

#include <string.h>

static const char *const names[HASH_CPU_COUNT] = {
	[HASH_CPU_BEST] = "best", [HASH_CPU_SCALAR] = "scalar", [HASH_CPU_SSE2] = "sse2",
	[HASH_CPU_AVX2] = "avx2", [HASH_CPU_AVX512] = "avx512", [HASH_CPU_NEON] = "neon",
};

bool hash_cpu_parse(const char *name, enum hash_cpu *out)
{
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		if (strcmp(name, names[cpu]) != 0)
			continue;
		*out = (enum hash_cpu)cpu;
		return true;
	}
	return false;
}

const char *hash_cpu_name(enum hash_cpu cpu)
{
	return names[cpu];
}

/* __builtin_cpu_supports() counts a vector set only if the operating system saves its registers. */
#ifdef __x86_64__
#include <cpuid.h>

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool hash_cpu_is_available(enum hash_cpu cpu)
{
	switch (cpu) {
	case HASH_CPU_BEST:
	case HASH_CPU_SCALAR:
	case HASH_CPU_SSE2:
		return true;
	case HASH_CPU_AVX2:
		return __builtin_cpu_supports("avx2");
	case HASH_CPU_AVX512:
		return has_avx512();
	default:
		return false;
	}
}

bool hash_cpu_has_clmul(void)
{
	return __builtin_cpu_supports("pclmul");
}

bool hash_cpu_has_wide_clmul(void)
{
	return has_avx512() && __builtin_cpu_supports("vpclmulqdq");
}

/* gcc 12 and clang 14 have no name for it: leaf 7, EBX bit 29 (Intel SDM, CPUID). It needs no more
 * of the operating system than SSE2. */
bool hash_cpu_has_sha(void)
{
	unsigned eax, ebx, ecx, edx;

	return __builtin_cpu_supports("sse4.1") &&
	       __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx >> 29 & 1);
}
#else
bool hash_cpu_is_available(enum hash_cpu cpu)
{
#ifdef __aarch64__
	if (cpu == HASH_CPU_NEON)
		return true; /* part of the architecture */
#endif
	return cpu == HASH_CPU_BEST || cpu == HASH_CPU_SCALAR;
}

bool hash_cpu_has_clmul(void)
{
	return false;
}

bool hash_cpu_has_wide_clmul(void)
{
	return false;
}

bool hash_cpu_has_sha(void)
{
	return false;
}
#endif

enum hash_cpu hash_cpu_resolve(enum hash_cpu cpu)
{
	if (cpu != HASH_CPU_BEST)
		return cpu;
	/* The later in the enum, the wider; no machine has forms of two architectures. */
	for (cpu = HASH_CPU_COUNT - 1; !hash_cpu_is_available(cpu); cpu--)
		;
	return cpu;
}
