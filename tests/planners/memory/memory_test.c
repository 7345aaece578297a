#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/memory/memory.h"

#define MIB ((uint64_t)1 << 20)

static uint64_t sum_of(const struct put_memory *memory)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < MEMORY_PARTS; i++) {
		assert_non_null(memory->parts[i].name);
		assert_true(memory->parts[i].bytes > 0);
		sum += memory->parts[i].bytes;
	}
	return sum;
}

static void the_parts_never_take_more_than_there_is(void **state)
{
	(void)state;
	for (uint64_t mib = 64; mib <= 65536; mib += 1 + mib / 7) {
		for (unsigned workers = 1; workers <= 1024; workers += 1 + workers / 3) {
			struct put_memory memory = put_memory_divide(mib * MIB, workers);

			assert_true(sum_of(&memory) <= mib * MIB);
			assert_true(memory.worker_count >= 1);
			assert_true(memory.worker_count <= workers);
			assert_true(memory.ring_bytes > 4 * MIB); /* the largest small file fits */
			assert_true(memory.pack_max_blobs > 1000);
			assert_true(memory.window_item_count > 4096);
			assert_true(memory.walk_entry_count > 4096);
			assert_true(memory.sort_bytes >= MIB);
		}
	}
}

static void more_memory_is_never_less_of_anything(void **state)
{
	struct put_memory before = put_memory_divide(64 * MIB, 16);

	(void)state;
	for (uint64_t mib = 65; mib <= 4096; mib++) {
		struct put_memory now = put_memory_divide(mib * MIB, 16);

		assert_true(now.worker_count >= before.worker_count);
		assert_true(now.table_bytes >= before.table_bytes);
		assert_true(now.window_item_count >= before.window_item_count);
		before = now;
	}
}

static void what_is_usual_gets_all_its_workers_and_whole_rings(void **state)
{
	static const struct {
		uint64_t mib;
		unsigned workers;
	} cases[] = { { 64, 2 }, { 256, 2 }, { 384, 4 }, { 1152, 16 }, { 4224, 64 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct put_memory memory = put_memory_divide(cases[i].mib * MIB, cases[i].workers);

		assert_int_equal(memory.worker_count, cases[i].workers);
		if (cases[i].mib > 64)
			assert_int_equal(memory.ring_bytes, 32 * MIB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_never_take_more_than_there_is),
		cmocka_unit_test(more_memory_is_never_less_of_anything),
		cmocka_unit_test(what_is_usual_gets_all_its_workers_and_whole_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
