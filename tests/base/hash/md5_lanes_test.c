/* Every kernel that this machine has, against OpenSSL. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/hash/md5_kernel.h"
#include "base/hash/md5_lanes.h"
#include "tests/support/torture.h"

#define DATA_BYTES    (600u << 10)
#define MESSAGE_MAX   1100
#define OFFSET_COUNT  64

static uint8_t data[DATA_BYTES];

struct message {
	struct view data;
	uint8_t digest[DIGEST_BYTES];
	bool is_done;
};
static struct message messages[MESSAGE_MAX];

static uint32_t random_u32(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static int fill(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < DATA_BYTES; i++)
		data[i] = (uint8_t)random_u32(&seed);
	return 0;
}

static struct md5_lanes *lanes_of(enum hash_cpu cpu)
{
	struct md5_lanes *lanes;

	assert_int_equal(md5_lanes_new(&lanes, cpu, NULL), MUSTER_OK);
	return lanes;
}

static void push(struct md5_lanes *lanes, struct message *message, struct view view)
{
	message->data = view;
	memset(message->digest, 0, sizeof(message->digest));
	md5_lanes_push(lanes, view, message->digest, &message->is_done);
	assert_false(message->is_done);
}

static void assert_right(const struct message *message)
{
	uint8_t expected[DIGEST_BYTES];

	assert_true(message->is_done);
	md5_of(message->data, expected);
	assert_memory_equal(message->digest, expected, sizeof(expected));
}

/* Calls `test` with every form that this machine can run. */
static void with_each_form(void (*test)(enum hash_cpu cpu))
{
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++)
		if (hash_cpu_is_available((enum hash_cpu)cpu))
			test((enum hash_cpu)cpu);
}

static void check_short_lengths(enum hash_cpu cpu)
{
	struct md5_lanes *lanes = lanes_of(cpu);

	for (size_t len = 0; len <= 1024; len++)
		push(lanes, &messages[len], view_of(data + len, len));
	md5_lanes_drain(lanes);
	for (size_t len = 0; len <= 1024; len++)
		assert_right(&messages[len]);
	md5_lanes_free(lanes);
}

static void every_length_to_a_kibibyte_is_right(void **state)
{
	(void)state;
	with_each_form(check_short_lengths);
}

static void check_mixed_lengths(enum hash_cpu cpu)
{
	struct md5_lanes *lanes = lanes_of(cpu);
	struct md5_lanes_use use;
	uint64_t seed = 7;

	for (int round = 0; round < 3; round++) { /* the lanes are used again after a drain */
		for (size_t i = 0; i < 500; i++) {
			size_t max = (size_t)1 << random_u32(&seed) % 19;
			size_t len = random_u32(&seed) % max;

			push(lanes, &messages[i], view_of(data + random_u32(&seed) % 4096, len));
		}
		md5_lanes_drain(lanes);
		for (size_t i = 0; i < 500; i++)
			assert_right(&messages[i]);
	}
	use = md5_lanes_use(lanes);
	assert_true(use.busy_blocks > 1500 && use.busy_blocks <= use.total_blocks);
	md5_lanes_free(lanes);
}

static void lanes_are_filled_again_as_messages_end(void **state)
{
	(void)state;
	with_each_form(check_mixed_lengths);
}

static void check_offsets(enum hash_cpu cpu)
{
	struct md5_lanes *lanes = lanes_of(cpu);

	for (size_t offset = 0; offset < OFFSET_COUNT; offset++)
		push(lanes, &messages[offset], view_of(data + offset, 300 + offset));
	md5_lanes_drain(lanes);
	for (size_t offset = 0; offset < OFFSET_COUNT; offset++)
		assert_right(&messages[offset]);
	md5_lanes_free(lanes);
}

static void a_message_may_lie_at_any_address(void **state)
{
	(void)state;
	with_each_form(check_offsets);
}

static void check_finish(enum hash_cpu cpu)
{
	struct md5_lanes *lanes = lanes_of(cpu);
	uint32_t live = md5_lanes_count(lanes);

	for (uint32_t count = 1; count <= live; count++) {
		for (uint32_t i = 0; i < count; i++)
			push(lanes, &messages[i], view_of(data, 70 * (i + 1)));
		md5_lanes_finish(lanes, messages[count / 2].digest);
		assert_right(&messages[count / 2]);
		md5_lanes_finish(lanes, messages[count / 2].digest); /* at once */
		md5_lanes_finish(lanes, data);			     /* never heard of */
		md5_lanes_drain(lanes);
		for (uint32_t i = 0; i < count; i++)
			assert_right(&messages[i]);
	}
	md5_lanes_free(lanes);
}

static void one_message_can_be_finished_before_the_others(void **state)
{
	(void)state;
	with_each_form(check_finish);
}

static void check_reset(enum hash_cpu cpu)
{
	static const uint8_t untouched[DIGEST_BYTES];
	struct md5_lanes *lanes = lanes_of(cpu);

	push(lanes, &messages[0], view_of(data, 1000));
	md5_lanes_reset(lanes);
	push(lanes, &messages[1], view_of(data, 2000));
	md5_lanes_drain(lanes);
	assert_right(&messages[1]);
	assert_false(messages[0].is_done);
	assert_memory_equal(messages[0].digest, untouched, sizeof(untouched));
	md5_lanes_free(lanes);
}

static void a_reset_forgets_what_is_in_the_lanes(void **state)
{
	(void)state;
	with_each_form(check_reset);
}

/* Lanes without a message may not read past the one whose bytes they borrow: the end of each heap
 * block below is guarded by AddressSanitizer. */
static void check_ends(enum hash_cpu cpu)
{
	static const size_t lens[] = { 0, 1, 55, 56, 63, 64, 65, 1 << 12 };
	struct md5_lanes *lanes = lanes_of(cpu);
	uint8_t *own[sizeof(lens) / sizeof(lens[0])];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		own[i] = malloc(lens[i] ? lens[i] : 1);
		assert_non_null(own[i]);
		memcpy(own[i], data, lens[i]);
		push(lanes, &messages[i], view_of(own[i], lens[i]));
	}
	md5_lanes_drain(lanes);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_right(&messages[i]);
		free(own[i]);
	}
	md5_lanes_free(lanes);
}

static void nothing_beside_the_messages_is_read(void **state)
{
	(void)state;
	with_each_form(check_ends);
}

static void names_of_forms_lead_back_to_them(void **state)
{
	enum hash_cpu again;

	(void)state;
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		assert_true(hash_cpu_parse(hash_cpu_name((enum hash_cpu)cpu), &again));
		assert_int_equal(again, cpu);
	}
	assert_false(hash_cpu_parse("", &again));
	assert_false(hash_cpu_parse("avx1024", &again));
	assert_true(hash_cpu_is_available(hash_cpu_resolve(HASH_CPU_BEST)));
}

static void a_form_that_is_not_here_is_refused(void **state)
{
	struct muster_error err = { 0 };
	struct md5_lanes *lanes;

	(void)state;
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		if (hash_cpu_is_available((enum hash_cpu)cpu))
			continue;
		assert_int_equal(md5_lanes_new(&lanes, (enum hash_cpu)cpu, &err),
				 MUSTER_E_UNSUPPORTED);
		assert_null(lanes);
		assert_non_null(strstr(err.message, hash_cpu_name((enum hash_cpu)cpu)));
	}
}

static void without_memory_there_are_no_lanes(void **state)
{
	struct md5_lanes *lanes;

	(void)state;
	torture_allocation(1);
	assert_int_equal(md5_lanes_new(&lanes, HASH_CPU_BEST, NULL), MUSTER_E_MEMORY);
	torture_off();
	assert_null(lanes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_to_a_kibibyte_is_right),
		cmocka_unit_test(lanes_are_filled_again_as_messages_end),
		cmocka_unit_test(a_message_may_lie_at_any_address),
		cmocka_unit_test(one_message_can_be_finished_before_the_others),
		cmocka_unit_test(a_reset_forgets_what_is_in_the_lanes),
		cmocka_unit_test(nothing_beside_the_messages_is_read),
		cmocka_unit_test(names_of_forms_lead_back_to_them),
		cmocka_unit_test(a_form_that_is_not_here_is_refused),
		cmocka_unit_test(without_memory_there_are_no_lanes),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
