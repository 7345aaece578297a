#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/hash/etag.h"
#include "base/hash/hash.h"
#include "tests/support/torture.h"

#define DATA_BYTES 50000
#define PART_MAX   500

static uint8_t data[DATA_BYTES];

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < DATA_BYTES; i++)
		data[i] = (uint8_t)(i * 59 + (i >> 9));
	return 0;
}

/* The rule, literally. */
static void expected_of(size_t len, size_t part_bytes, char out[ETAG_TEXT_BYTES])
{
	static uint8_t digests[PART_MAX][DIGEST_BYTES];
	uint8_t outer[DIGEST_BYTES];
	size_t count = 0;

	for (size_t at = 0; at < len || count == 0; at += part_bytes) {
		size_t rest = len - at;

		assert_true(count < PART_MAX);
		md5_of(view_of(data + at, rest < part_bytes ? rest : part_bytes), digests[count++]);
	}
	md5_of(view_of(digests, count * DIGEST_BYTES), outer);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", outer[i]);
	snprintf(out + 32, ETAG_TEXT_BYTES - 32, "-%zu", count);
}

static const size_t part_sizes[] = { 101, 1024, 4096, 25000, DATA_BYTES, 60000 };
static const size_t lens[] = { 0, 1, 100, 101, 102, 5000, 25000, DATA_BYTES };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Calls `check` for each form, size of part and length. */
static void with_each_case(void (*check)(struct etag *etag, size_t len, size_t part_bytes))
{
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		struct etag *etag;

		if (!hash_cpu_is_available((enum hash_cpu)cpu)) {
			assert_int_equal(etag_new(&etag, (enum hash_cpu)cpu, NULL),
					 MUSTER_E_UNSUPPORTED);
			continue;
		}
		assert_int_equal(etag_new(&etag, (enum hash_cpu)cpu, NULL), MUSTER_OK);
		for (size_t p = 0; p < COUNT(part_sizes); p++)
			for (size_t l = 0; l < COUNT(lens); l++)
				check(etag, lens[l], part_sizes[p]);
		etag_free(etag);
	}
}

static void assert_etag(struct etag *etag, size_t len, size_t part_bytes)
{
	char text[ETAG_TEXT_BYTES], expected[ETAG_TEXT_BYTES];

	etag_end(etag, text);
	expected_of(len, part_bytes, expected);
	assert_string_equal(text, expected);
}

static void check_chunks(struct etag *etag, size_t len, size_t part_bytes)
{
	static const size_t chunk_sizes[] = { 77, 1024, 4096, 12345, DATA_BYTES };

	for (size_t c = 0; c < COUNT(chunk_sizes); c++) {
		etag_begin(etag, part_bytes);
		for (size_t at = 0; at < len; at += chunk_sizes[c]) {
			size_t rest = len - at;

			etag_update(etag, view_of(data + at,
						  rest < chunk_sizes[c] ? rest : chunk_sizes[c]));
			if (at % 3 == 0)
				etag_drain(etag);
		}
		assert_etag(etag, len, part_bytes);
	}
}

static void views_of_any_length_give_the_etag(void **state)
{
	(void)state;
	with_each_case(check_chunks);
}

static void check_last(struct etag *etag, size_t len, size_t part_bytes)
{
	for (size_t first = 0; first <= len; first = 5 * first + 1) {
		etag_begin(etag, part_bytes);
		etag_update(etag, view_of(data, first));
		etag_update_last(etag, view_of(data + first, len - first));
		assert_etag(etag, len, part_bytes);
	}
}

static void the_last_part_may_be_shorter(void **state)
{
	(void)state;
	with_each_case(check_last);
}

/* printf abc | md5sum -b | cut -c-32 | xxd -r -p | md5sum */
static void one_part_is_not_the_plain_md5(void **state)
{
	struct etag *etag;
	char text[ETAG_TEXT_BYTES];

	(void)state;
	assert_int_equal(etag_new(&etag, HASH_CPU_BEST, NULL), MUSTER_OK);
	etag_begin(etag, 5 << 20);
	etag_update_last(etag, VIEW_LITERAL("abc"));
	etag_end(etag, text);
	assert_string_equal(text, "af5da9f45af7a300e3aded972f8ff687-1");
	etag_free(etag);
}

static void without_memory_there_is_no_etag(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done && torture_allocation(n); n++) {
		struct etag *etag;
		enum muster_code code = etag_new(&etag, HASH_CPU_BEST, NULL);

		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		etag_free(etag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_of_any_length_give_the_etag),
		cmocka_unit_test(the_last_part_may_be_shorter),
		cmocka_unit_test(one_part_is_not_the_plain_md5),
		cmocka_unit_test(without_memory_there_is_no_etag),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
