#define XXH_INLINE_ALL
#define XXH_VECTOR 3 /* XXH_AVX512 */
#include "base/hash/xxh3_form.inc"

const struct xxh3_form xxh3_form_avx512 = XXH3_FORM(HASH_CPU_AVX512);
