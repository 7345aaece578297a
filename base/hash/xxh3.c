#include "base/hash/xxh3_form.inc"

const struct xxh3_form xxh3_form_library = XXH3_FORM(HASH_CPU_SCALAR);

const struct xxh3_form *xxh3_form_of(enum hash_cpu cpu)
{
#ifdef __x86_64__
	switch (hash_cpu_resolve(cpu)) {
	case HASH_CPU_AVX2:
		return &xxh3_form_avx2;
	case HASH_CPU_AVX512:
		return &xxh3_form_avx512;
	default:
		break;
	}
#else
	(void)cpu;
#endif
	return &xxh3_form_library;
}
