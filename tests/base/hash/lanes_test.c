/* Every kernel that this machine has, against OpenSSL. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/hash/lanes.h"
#include "tests/support/torture.h"

#define DATA_BYTES   (600u << 10)
#define MESSAGE_MAX  1100
#define OFFSET_COUNT 64

static uint8_t data[DATA_BYTES];

struct message {
	struct view data;
	uint8_t digest[IDENTITY_BYTES]; /* of either kind */
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

static struct lanes *lanes_of(const struct lane_kernel *kernel)
{
	struct lanes *lanes;

	assert_int_equal(lanes_new(&lanes, kernel, NULL), MUSTER_OK);
	return lanes;
}

static void push(struct lanes *lanes, struct message *message, struct view view)
{
	message->data = view;
	memset(message->digest, 0, sizeof(message->digest));
	lanes_push(lanes, view, message->digest, &message->is_done);
	assert_false(message->is_done);
}

static void assert_right(const struct lane_kernel *kernel, const struct message *message)
{
	uint8_t expected[IDENTITY_BYTES] = { 0 };

	assert_true(message->is_done);
	if (kernel->digest == &lane_md5)
		md5_of(message->data, expected);
	else
		sha256_of(message->data, expected);
	assert_memory_equal(message->digest, expected, sizeof(expected));
}

/* Calls `test` with every kernel that this machine can run. */
static void with_each_kernel(void (*test)(const struct lane_kernel *kernel))
{
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		const struct lane_kernel *sha256;

		if (!hash_cpu_is_available((enum hash_cpu)cpu))
			continue;
		test(md5_kernel_of((enum hash_cpu)cpu));
		sha256 = sha256_kernel_of((enum hash_cpu)cpu);
		if (!sha256)
			continue;
		test(sha256);
		test(sha256->digest->alone);
	}
}

static void check_short_lengths(const struct lane_kernel *kernel)
{
	struct lanes *lanes = lanes_of(kernel);

	for (size_t len = 0; len <= 1024; len++)
		push(lanes, &messages[len], view_of(data + len, len));
	lanes_drain(lanes);
	for (size_t len = 0; len <= 1024; len++)
		assert_right(kernel, &messages[len]);
	lanes_free(lanes);
}

static void every_length_to_a_kibibyte_is_right(void **state)
{
	(void)state;
	with_each_kernel(check_short_lengths);
}

static void check_mixed_lengths(const struct lane_kernel *kernel)
{
	struct lanes *lanes = lanes_of(kernel);
	struct lanes_use use;
	uint64_t seed = 7;

	for (int round = 0; round < 3; round++) { /* the lanes are used again after a drain */
		for (size_t i = 0; i < 500; i++) {
			size_t max = (size_t)1 << random_u32(&seed) % 19;
			size_t len = random_u32(&seed) % max;

			push(lanes, &messages[i], view_of(data + random_u32(&seed) % 4096, len));
		}
		lanes_drain(lanes);
		for (size_t i = 0; i < 500; i++)
			assert_right(kernel, &messages[i]);
	}
	use = lanes_use(lanes);
	assert_true(use.busy_blocks > 1500 && use.busy_blocks <= use.total_blocks);
	lanes_free(lanes);
}

static void lanes_are_filled_again_as_messages_end(void **state)
{
	(void)state;
	with_each_kernel(check_mixed_lengths);
}

static void check_offsets(const struct lane_kernel *kernel)
{
	struct lanes *lanes = lanes_of(kernel);

	for (size_t offset = 0; offset < OFFSET_COUNT; offset++)
		push(lanes, &messages[offset], view_of(data + offset, 300 + offset));
	lanes_drain(lanes);
	for (size_t offset = 0; offset < OFFSET_COUNT; offset++)
		assert_right(kernel, &messages[offset]);
	lanes_free(lanes);
}

static void a_message_may_lie_at_any_address(void **state)
{
	(void)state;
	with_each_kernel(check_offsets);
}

static void check_finish(const struct lane_kernel *kernel)
{
	struct lanes *lanes = lanes_of(kernel);
	uint32_t live = lanes_count(lanes);

	for (uint32_t count = 1; count <= live; count++) {
		for (uint32_t i = 0; i < count; i++)
			push(lanes, &messages[i], view_of(data, 70 * (i + 1)));
		lanes_finish(lanes, messages[count / 2].digest);
		assert_right(kernel, &messages[count / 2]);
		lanes_finish(lanes, messages[count / 2].digest); /* at once */
		lanes_finish(lanes, data);			 /* never heard of */
		lanes_drain(lanes);
		for (uint32_t i = 0; i < count; i++)
			assert_right(kernel, &messages[i]);
	}
	lanes_free(lanes);
}

static void one_message_can_be_finished_before_the_others(void **state)
{
	(void)state;
	with_each_kernel(check_finish);
}

static void check_reset(const struct lane_kernel *kernel)
{
	static const uint8_t untouched[IDENTITY_BYTES];
	struct lanes *lanes = lanes_of(kernel);

	push(lanes, &messages[0], view_of(data, 1000));
	lanes_reset(lanes);
	push(lanes, &messages[1], view_of(data, 2000));
	lanes_drain(lanes);
	assert_right(kernel, &messages[1]);
	assert_false(messages[0].is_done);
	assert_memory_equal(messages[0].digest, untouched, sizeof(untouched));
	lanes_free(lanes);
}

static void a_reset_forgets_what_is_in_the_lanes(void **state)
{
	(void)state;
	with_each_kernel(check_reset);
}

/* Lanes without a message may not read past the one whose bytes they borrow: the end of each heap
 * block below is guarded by AddressSanitizer. */
static void check_ends(const struct lane_kernel *kernel)
{
	static const size_t lens[] = { 0, 1, 55, 56, 63, 64, 65, 1 << 12 };
	struct lanes *lanes = lanes_of(kernel);
	uint8_t *own[sizeof(lens) / sizeof(lens[0])];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		own[i] = malloc(lens[i] ? lens[i] : 1);
		assert_non_null(own[i]);
		memcpy(own[i], data, lens[i]);
		push(lanes, &messages[i], view_of(own[i], lens[i]));
	}
	lanes_drain(lanes);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_right(kernel, &messages[i]);
		free(own[i]);
	}
	lanes_free(lanes);
}

static void nothing_beside_the_messages_is_read(void **state)
{
	(void)state;
	with_each_kernel(check_ends);
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

static void without_memory_there_are_no_lanes(void **state)
{
	struct lanes *lanes;

	(void)state;
	torture_allocation(1);
	assert_int_equal(lanes_new(&lanes, md5_kernel_of(HASH_CPU_BEST), NULL), MUSTER_E_MEMORY);
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
		cmocka_unit_test(without_memory_there_are_no_lanes),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
