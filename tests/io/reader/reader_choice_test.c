#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/reader/choice.h"

#define WARM_NS 3000
#define COLD_NS 90000

/* Reads `count` files of `size_bytes`, each taking `ns` where it is read plainly. How many were. */
static unsigned read_files(struct choice_state *state, unsigned count, uint64_t ns,
			   uint64_t size_bytes)
{
	unsigned plain = 0;

	for (unsigned i = 0; i < count; i++) {
		enum choice how = choice_next(state);

		plain += how != CHOICE_RING;
		if (how == CHOICE_TIMED)
			choice_observe(state, ns, size_bytes);
	}
	return plain;
}

static void warm_files_are_read_plainly(void **unused)
{
	struct choice_state state = { 0 };

	(void)unused;
	assert_int_equal(read_files(&state, 100000, WARM_NS, 4096), 100000);
}

static void cold_files_go_to_the_ring_after_a_dozen(void **unused)
{
	struct choice_state state = { 0 };

	(void)unused;
	read_files(&state, 1000, WARM_NS, 4096);
	assert_int_equal(read_files(&state, 12, COLD_NS, 4096), 12);
	assert_true(state.is_ring);
	/* and from then on one in 128 is not */
	assert_int_equal(read_files(&state, 12800, COLD_NS, 4096), 100);
}

static void warm_again_is_plain_again_after_32_looks(void **unused)
{
	struct choice_state state = { 0 };

	(void)unused;
	read_files(&state, 100, COLD_NS, 4096);
	assert_true(state.is_ring);
	read_files(&state, 30 * 128, WARM_NS, 4096);
	assert_true(state.is_ring);
	read_files(&state, 128, WARM_NS, 4096);
	assert_false(state.is_ring);
	assert_int_equal(read_files(&state, 1000, WARM_NS, 4096), 1000);
}

static void a_slow_one_now_and_then_changes_nothing(void **unused)
{
	struct choice_state state = { 0 };

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		read_files(&state, 4 * 15, WARM_NS, 4096);
		read_files(&state, 4, COLD_NS, 4096); /* one of 16 timed ones */
	}
	assert_false(state.is_ring);
}

static void a_mixture_stays_with_what_it_has(void **unused)
{
	struct choice_state plain = { 0 }, ring = { .window = UINT32_MAX, .is_ring = true };

	(void)unused;
	for (int i = 0; i < 1000; i++) { /* two of 32: between the thresholds */
		read_files(&plain, 4 * 15, WARM_NS, 4096);
		read_files(&plain, 4, COLD_NS, 4096);
		read_files(&ring, 128 * 15, WARM_NS, 4096);
		read_files(&ring, 128, COLD_NS, 4096);
	}
	assert_false(plain.is_ring);
	assert_true(ring.is_ring);
}

static void large_files_may_take_their_time(void **unused)
{
	static const struct {
		uint64_t ns, size_bytes;
		bool is_slow;
	} cases[] = {
		{ 20000, 0, false },	 { 20001, 0, true },	      { 21000, 1000, false },
		{ 21001, 1000, true },	 { 2000000, 4 << 20, false }, { 9000000, 4 << 20, true },
		{ UINT64_MAX, 1, true }, { 1, UINT64_MAX, false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct choice_state state = { 0 };

		choice_observe(&state, cases[i].ns, cases[i].size_bytes);
		assert_int_equal(state.window, cases[i].is_slow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warm_files_are_read_plainly),
		cmocka_unit_test(cold_files_go_to_the_ring_after_a_dozen),
		cmocka_unit_test(warm_again_is_plain_again_after_32_looks),
		cmocka_unit_test(a_slow_one_now_and_then_changes_nothing),
		cmocka_unit_test(a_mixture_stays_with_what_it_has),
		cmocka_unit_test(large_files_may_take_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
