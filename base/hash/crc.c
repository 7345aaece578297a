/* A long message is folded to 16 bytes, which the table form finishes. */
#include "base/hash/crc.h"

#include "base/hash/crc_table.h"

/* The remainder is kept as it stands in the register; a value is its complement. */
void crc_begin(struct crc *crc, enum crc_kind kind, enum hash_cpu cpu)
{
	*crc = (struct crc){ kind, hash_cpu_resolve(cpu), crc_polynomials[kind].mask };
}

uint64_t crc_value(const struct crc *crc)
{
	return crc->remainder ^ crc_polynomials[crc->kind].mask;
}

#ifdef __x86_64__
/* Folds the part of `data` that can be folded, takes it off, and gives the new remainder. */
static uint64_t fold_front(const struct crc *crc, struct view *data)
{
	const struct crc_fold_constants *constants = &crc_polynomials[crc->kind].fold;
	size_t len = data->len & ~(size_t)(CRC_FOLD_BYTES - 1);
	uint8_t folded[CRC_FOLD_BYTES];

	if (len >= CRC_FOLD_WIDE_LEAST && crc->cpu == HASH_CPU_AVX512 && hash_cpu_has_wide_clmul())
		crc_fold_wide(constants, crc->remainder, data->ptr, len, folded);
	else if (len >= CRC_FOLD_LEAST && crc->cpu >= HASH_CPU_AVX2 && hash_cpu_has_clmul())
		crc_fold_clmul(constants, crc->remainder, data->ptr, len, folded);
	else
		return crc->remainder;
	*data = view_of(data->ptr + len, data->len - len);
	return crc_by_table(crc->kind, 0, view_of(folded, sizeof(folded)));
}
#else
static uint64_t fold_front(const struct crc *crc, struct view *data)
{
	(void)data;
	return crc->remainder;
}
#endif

void crc_update(struct crc *crc, struct view data)
{
	uint64_t remainder = fold_front(crc, &data);

	crc->remainder = crc_by_table(crc->kind, remainder, data);
}

uint64_t crc_of(enum crc_kind kind, struct view data)
{
	struct crc crc;

	crc_begin(&crc, kind, HASH_CPU_BEST);
	crc_update(&crc, data);
	return crc_value(&crc);
}

/* --- putting together ------------------------------------------------------------------- */

/* The polynomial 1, reflected. */
static uint64_t one(const struct crc_polynomial *polynomial)
{
	return polynomial->mask ^ polynomial->mask >> 1;
}

static uint64_t times_x(const struct crc_polynomial *polynomial, uint64_t value)
{
	return value >> 1 ^ (value & 1 ? polynomial->reflected : 0);
}

static uint64_t multiply(const struct crc_polynomial *polynomial, uint64_t a, uint64_t b)
{
	uint64_t product = 0;

	for (uint64_t bit = one(polynomial); bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = times_x(polynomial, b);
	}
	return product;
}

uint64_t crc_combine(enum crc_kind kind, uint64_t first, uint64_t second, uint64_t second_bytes)
{
	const struct crc_polynomial *polynomial = &crc_polynomials[kind];
	uint64_t power = one(polynomial); /* x^8 squared again and again */

	for (int i = 0; i < 8; i++)
		power = times_x(polynomial, power);
	for (; second_bytes; second_bytes >>= 1) {
		if (second_bytes & 1)
			first = multiply(polynomial, first, power);
		power = multiply(polynomial, power, power);
	}
	return first ^ second;
}
