#define XXH_INLINE_ALL
#define XXH_VECTOR 2 /* XXH_AVX2 */
#include "base/hash/xxh3_form.inc"

const struct xxh3_form xxh3_form_avx2 = XXH3_FORM(HASH_CPU_AVX2);
