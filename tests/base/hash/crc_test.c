#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/hash/crc.h"

#define DATA_BYTES 70000

static uint8_t data[DATA_BYTES];

static const struct {
	uint64_t reflected, mask;
} polynomials[] = {
	[CRC_32C] = { 0x82f63b78, 0xffffffff },
	[CRC_64NVME] = { 0x9a6c9329ac4bc9b5, UINT64_MAX },
};

/* As the definition says, a bit at a time. */
static uint64_t by_bits(enum crc_kind kind, struct view view)
{
	uint64_t crc = polynomials[kind].mask;

	for (size_t i = 0; i < view.len; i++) {
		crc ^= view.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomials[kind].reflected : 0);
	}
	return crc ^ polynomials[kind].mask;
}

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < DATA_BYTES; i++)
		data[i] = (uint8_t)(i * 197 + (i >> 7));
	return 0;
}

static uint64_t by_form(enum crc_kind kind, enum hash_cpu cpu, struct view view, size_t first_len)
{
	struct crc crc;

	crc_begin(&crc, kind, cpu);
	crc_update(&crc, view_of(view.ptr, first_len));
	crc_update(&crc, view_of(view.ptr + first_len, view.len - first_len));
	return crc_value(&crc);
}

/* RFC 3720, B.4; the catalogue of CRC algorithms. */
static void published_values_hold(void **state)
{
	static const uint8_t zeros[32];
	static const struct {
		enum crc_kind kind;
		struct view text;
		uint64_t value;
	} cases[] = {
		{ CRC_32C, { (const uint8_t *)"123456789", 9 }, 0xe3069283 },
		{ CRC_32C, { zeros, 32 }, 0x8a9136aa },
		{ CRC_32C, { zeros, 0 }, 0 },
		{ CRC_64NVME, { (const uint8_t *)"123456789", 9 }, 0xae8b14860a799888 },
		{ CRC_64NVME, { zeros, 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(crc_of(cases[i].kind, cases[i].text) == cases[i].value);
}

static void every_form_gives_what_the_definition_gives(void **state)
{
	(void)state;
	for (int kind = 0; kind < CRC_KIND_COUNT; kind++) {
		for (size_t len = 0; len <= 1100; len += len < 600 ? 1 : 37) {
			struct view view = view_of(data + len % 67, len);
			uint64_t expected = by_bits((enum crc_kind)kind, view);

			for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++)
				if (hash_cpu_is_available((enum hash_cpu)cpu))
					assert_true(by_form((enum crc_kind)kind, (enum hash_cpu)cpu,
							    view, 0) == expected);
		}
	}
}

static void chunks_give_what_the_whole_gives(void **state)
{
	(void)state;
	for (int kind = 0; kind < CRC_KIND_COUNT; kind++) {
		struct view whole = view_of(data, DATA_BYTES);
		uint64_t expected = by_bits((enum crc_kind)kind, whole);

		for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
			if (!hash_cpu_is_available((enum hash_cpu)cpu))
				continue;
			for (size_t first = 0; first < DATA_BYTES; first = 2 * first + 1)
				assert_true(by_form((enum crc_kind)kind, (enum hash_cpu)cpu, whole,
						    first) == expected);
		}
	}
}

static void values_of_pieces_combine(void **state)
{
	(void)state;
	for (int kind = 0; kind < CRC_KIND_COUNT; kind++) {
		uint64_t expected = crc_of((enum crc_kind)kind, view_of(data, DATA_BYTES));

		for (size_t first = 0; first < DATA_BYTES; first = 3 * first + 1) {
			size_t rest = DATA_BYTES - first;
			uint64_t a = crc_of((enum crc_kind)kind, view_of(data, first));
			uint64_t b = crc_of((enum crc_kind)kind, view_of(data + first, rest));

			assert_true(crc_combine((enum crc_kind)kind, a, b, rest) == expected);
		}
		assert_true(crc_combine((enum crc_kind)kind, expected, 0, 0) == expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values_hold),
		cmocka_unit_test(every_form_gives_what_the_definition_gives),
		cmocka_unit_test(chunks_give_what_the_whole_gives),
		cmocka_unit_test(values_of_pieces_combine),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
