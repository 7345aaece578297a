#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/hash/hash_ring.h"
#include "base/poison.h"
#include "tests/support/torture.h"

#define RING_BYTES (64u << 10)
#define LENGTH_MAX (24u << 10)

/* The receiving end: every file must be the next one, with its own bytes and their digests. */
struct receiver {
	uint64_t next, fail_at; /* cookies; fail_at: 0 for never */
	bool has_identity;
};

/* The n-th file's size and bytes follow from n. */
static size_t size_of(uint64_t n)
{
	uint64_t mixed = (n + 1) * 0x9e3779b97f4a7c15u;

	if (n % 7 == 0)
		return 0;
	return (size_t)((mixed >> 40) % (n % 5 ? 700 : LENGTH_MAX));
}

static uint8_t byte_of(uint64_t n, size_t i)
{
	return (uint8_t)(n * 31 + i * 7 + (i >> 8));
}

static enum muster_code receive(void *state, void *cookie, struct view data,
				const struct fingerprint *fingerprint, struct muster_error *err)
{
	struct receiver *receiver = state;
	uint64_t n = (uintptr_t)cookie;
	struct fingerprint expected = { 0 };

	assert_int_equal(n, receiver->next);
	receiver->next++;
	assert_int_equal(data.len, size_of(n));
	for (size_t i = 0; i < data.len; i++)
		assert_int_equal(data.ptr[i], byte_of(n, i));
	md5_of(data, expected.digest);
	xxh128_of(data, expected.checksum);
	if (receiver->has_identity)
		sha256_of(data, expected.identity);
	assert_memory_equal(fingerprint, &expected, sizeof(expected));
	if (receiver->fail_at && n + 1 == receiver->fail_at)
		return muster_fail(err, MUSTER_E_IO, "file %d is not wanted", (int)n);
	return MUSTER_OK;
}

static struct hash_ring *ring_of(struct receiver *receiver, struct hash_ring_options options)
{
	struct hash_ring *ring;

	options.hashing.algorithm = DIGEST_MD5;
	options.hashing.has_identity = receiver->has_identity;
	options.done_fn = receive;
	options.state = receiver;
	if (!options.bytes)
		options.bytes = RING_BYTES;
	assert_int_equal(hash_ring_new(&ring, options, NULL), MUSTER_OK);
	return ring;
}

/* Gives what room or push says. */
static enum muster_code put(struct hash_ring *ring, uint64_t n, struct muster_error *err)
{
	size_t size_bytes = size_of(n);
	uint8_t *room;
	enum muster_code code = hash_ring_room(ring, size_bytes, &room, err);

	if (code)
		return code;
	assert_int_equal((uintptr_t)room % 64, 0);
	for (size_t i = 0; i <= size_bytes; i++) /* the one more byte may be written */
		room[i] = byte_of(n, i);
	return hash_ring_push(ring, size_bytes, (void *)(uintptr_t)n, err);
}

static void files_leave_in_the_order_in_which_they_came(void **state)
{
	(void)state;
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		struct receiver receiver = { .has_identity = cpu % 2 };
		struct hash_ring_options options = { .hashing.cpu = (enum hash_cpu)cpu };
		struct hash_ring_use use;
		struct hash_ring *ring;

		if (!hash_cpu_is_available(options.hashing.cpu))
			continue;
		ring = ring_of(&receiver, options);
		for (int round = 0; round < 2; round++) { /* it goes on after a drain */
			receiver.next = 0;
			for (uint64_t n = 0; n < 1000; n++) /* wraps some 40 times */
				assert_int_equal(put(ring, n, NULL), MUSTER_OK);
			assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
			assert_int_equal(receiver.next, 1000);
		}
		use = hash_ring_use(ring);
		assert_int_equal(use.file_count, 2000);
		assert_true(use.byte_count > 40 * RING_BYTES);
		assert_true(use.busy_blocks > use.byte_count / 64);
		assert_true(use.busy_blocks <= use.total_blocks);
		hash_ring_free(ring);
	}
}

static void few_items_are_enough(void **state)
{
	(void)state;
	for (uint32_t item_max = 1; item_max <= 3; item_max++) {
		struct receiver receiver = { 0 };
		struct hash_ring *ring =
			ring_of(&receiver, (struct hash_ring_options){ .item_max = item_max });

		for (uint64_t n = 0; n < 100; n++) {
			assert_int_equal(put(ring, n, NULL), MUSTER_OK);
			assert_true(receiver.next + item_max >= n + 1);
		}
		assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
		assert_int_equal(receiver.next, 100);
		hash_ring_free(ring);
	}
}

static enum muster_code count_file(void *state, void *cookie, struct view data,
				   const struct fingerprint *fingerprint, struct muster_error *err)
{
	struct fingerprint expected = { 0 };

	(void)cookie;
	(void)err;
	xxh128_of(data, expected.digest);
	xxh128_of(data, expected.checksum);
	assert_memory_equal(fingerprint, &expected, sizeof(expected));
	++*(size_t *)state;
	return MUSTER_OK;
}

static void without_md5_files_leave_at_once(void **state)
{
	size_t count = 0;
	struct hash_ring_options options = { .hashing.algorithm = DIGEST_XXH128,
					     .bytes = RING_BYTES,
					     .done_fn = count_file,
					     .state = &count };
	struct hash_ring *ring;

	(void)state;
	assert_int_equal(hash_ring_new(&ring, options, NULL), MUSTER_OK);
	for (size_t n = 0; n < 100; n++) {
		assert_int_equal(put(ring, n, NULL), MUSTER_OK);
		assert_int_equal(count, n + 1);
	}
	hash_ring_free(ring);
}

static void a_file_that_fits_exactly_fits(void **state)
{
	struct receiver receiver = { 0 };
	struct hash_ring_options options = { .bytes = 4096 };
	struct hash_ring *ring = ring_of(&receiver, options);
	struct muster_error err = { 0 };
	uint8_t *room;

	(void)state;
	assert_int_equal(put(ring, 0, NULL), MUSTER_OK);
	assert_int_equal(put(ring, 1, NULL), MUSTER_OK);
	assert_int_equal(hash_ring_room(ring, 4095, &room, NULL), MUSTER_OK); /* all others left */
	assert_int_equal(receiver.next, 2);
	memset(room, 0, 4096);
	assert_int_equal(hash_ring_size_max(ring), 4095);
	assert_int_equal(hash_ring_room(ring, 0, &room, NULL), MUSTER_FULL);
	hash_ring_drop(ring);
	assert_int_equal(hash_ring_room(ring, 4096, &room, &err), MUSTER_E_LIMIT);
	assert_null(room);
	assert_non_null(strstr(err.message, "4096"));
	assert_int_equal(hash_ring_room(ring, SIZE_MAX, &room, NULL), MUSTER_E_LIMIT);
	assert_int_equal(put(ring, 2, NULL), MUSTER_OK);
	assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
	hash_ring_free(ring);
}

/* A file may turn out shorter than what was asked for, or not come at all. */
static void room_that_is_not_used_is_lent_again(void **state)
{
	struct receiver receiver = { 0 };
	struct hash_ring *ring = ring_of(&receiver, (struct hash_ring_options){ 0 });
	uint8_t *first, *again;

	(void)state;
	assert_int_equal(hash_ring_room(ring, 5000, &first, NULL), MUSTER_OK);
	first[5000] = 1;
	hash_ring_drop(ring);
	assert_int_equal(hash_ring_room(ring, 100, &again, NULL), MUSTER_OK);
	assert_ptr_equal(first, again);
	assert_int_equal(hash_ring_push(ring, 0, (void *)0, NULL), MUSTER_OK); /* file 0 is empty */
	assert_int_equal(hash_ring_room(ring, 100, &again, NULL), MUSTER_OK);
	assert_ptr_equal(first + 64, again);
	hash_ring_drop(ring);
	assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
	assert_int_equal(receiver.next, 1);
	hash_ring_free(ring);
}

/* Small files go round in the lowest 8 MiB; behind a long one that is not done all is used. */
static void small_files_stay_in_the_lowest_pages(void **state)
{
	struct receiver receiver = { 0 };
	struct hash_ring *ring = ring_of(&receiver, (struct hash_ring_options){ .bytes = 32 << 20 });
	uint8_t *first = NULL, *room, *highest = NULL;

	(void)state;
	for (uint64_t n = 0; n < 20000; n++) {
		assert_int_equal(hash_ring_room(ring, size_of(n), &room, NULL), MUSTER_OK);
		for (size_t i = 0; i < size_of(n); i++)
			room[i] = byte_of(n, i);
		first = n ? first : room;
		highest = room > highest ? room : highest;
		assert_int_equal(hash_ring_push(ring, size_of(n), (void *)(uintptr_t)n, NULL),
				 MUSTER_OK);
	}
	assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
	assert_true(hash_ring_use(ring).byte_count > 3 * (8u << 20)); /* round more than once */
	assert_true((size_t)(highest - first) <= 8u << 20);
	for (int n = 0; n < 6; n++) { /* rooms that are lent are on their way, too */
		assert_int_equal(hash_ring_room(ring, 5 << 20, &room, NULL), MUSTER_OK);
		highest = room;
	}
	assert_true((size_t)(highest - first) > 24u << 20);
	hash_ring_free(ring);
}

/* Several rooms at once, as a reader with many files in flight needs them; every `nth` is dropped. */
static void rooms_are_filled_in_the_order_in_which_they_were_lent(void **state)
{
	(void)state;
	for (uint64_t depth = 1; depth <= 64; depth *= 4) {
		for (uint64_t nth = 2; nth <= 5; nth++) {
			struct receiver receiver = { 0 };
			struct hash_ring *ring =
				ring_of(&receiver, (struct hash_ring_options){ .item_max = 100 });
			uint8_t *rooms[64];
			uint64_t lent = 0, filled = 0, pushed = 0;

			while (filled < 2000) {
				enum muster_code code = MUSTER_FULL;
				size_t size_bytes = size_of(pushed);

				if (lent < 2000 && lent - filled < depth)
					code = hash_ring_room(ring, LENGTH_MAX,
							      &rooms[lent % depth], NULL);
				if (code == MUSTER_OK) {
					lent++;
					continue;
				}
				assert_int_equal(code, MUSTER_FULL);
				if (filled % nth == 1) {
					hash_ring_drop(ring);
				} else {
					for (size_t i = 0; i < size_bytes; i++)
						rooms[filled % depth][i] = byte_of(pushed, i);
					assert_int_equal(
						hash_ring_push(ring, size_bytes,
							       (void *)(uintptr_t)pushed, NULL),
						MUSTER_OK);
					pushed++;
				}
				filled++;
			}
			while (hash_ring_finish(ring, NULL) == MUSTER_OK)
				continue;
			assert_int_equal(receiver.next, pushed);
			hash_ring_free(ring);
		}
	}
}

static void a_failed_delivery_is_reported_and_the_ring_goes_on(void **state)
{
	(void)state;
	for (uint64_t fail_at = 1; fail_at <= 60; fail_at++) {
		struct receiver receiver = { .fail_at = fail_at };
		struct hash_ring *ring = ring_of(&receiver, (struct hash_ring_options){ 0 });
		struct muster_error err = { 0 };
		size_t failure_count = 0;

		for (uint64_t n = 0; n < 60;) {
			uint8_t *room;

			if (hash_ring_room(ring, size_of(n), &room, &err)) {
				failure_count++; /* not lent: ask again */
				continue;
			}
			for (size_t i = 0; i < size_of(n); i++)
				room[i] = byte_of(n, i);
			failure_count += hash_ring_push(ring, size_of(n), (void *)(uintptr_t)n,
							&err) != MUSTER_OK;
			n++;
		}
		while (hash_ring_drain(ring, &err))
			failure_count++;
		assert_int_equal(failure_count, 1);
		assert_non_null(strstr(err.message, "is not wanted"));
		assert_int_equal(receiver.next, 60);
		hash_ring_free(ring);
	}
}

static void a_reset_drops_everything(void **state)
{
	struct receiver receiver = { 0 };
	struct hash_ring *ring = ring_of(&receiver, (struct hash_ring_options){ 0 });
	uint64_t delivered;
	uint8_t *room;

	(void)state;
	for (uint64_t n = 0; n < 50; n++)
		assert_int_equal(put(ring, n, NULL), MUSTER_OK);
	assert_int_equal(hash_ring_room(ring, 10, &room, NULL), MUSTER_OK);
	delivered = receiver.next;
	assert_true(delivered < 50);
	hash_ring_reset(ring);
	assert_int_equal(hash_ring_drain(ring, NULL), MUSTER_OK);
	assert_int_equal(receiver.next, delivered);
	receiver.next = 0;
	for (uint64_t n = 0; n < 50; n++)
		assert_int_equal(put(ring, n, NULL), MUSTER_OK);
	hash_ring_free(ring); /* with files in it */
}

static void without_memory_there_is_no_ring(void **state)
{
	bool is_done = false;
	uint64_t n;

	(void)state;
	for (n = 1; !is_done && torture_allocation(n); n++) {
		struct hash_ring_options options = { .hashing.algorithm = DIGEST_MD5,
						     .done_fn = receive };
		struct hash_ring *ring;
		enum muster_code code = hash_ring_new(&ring, options, NULL);

		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		hash_ring_free(ring);
	}
	assert_true(n > 5);
}

#ifdef ADDRESS_IS_POISONED
static void what_is_not_lent_is_poisoned(void **state)
{
	struct receiver receiver = { 0 };
	struct hash_ring *ring = ring_of(&receiver, (struct hash_ring_options){ 0 });
	uint8_t *room, *next;

	(void)state;
	assert_int_equal(hash_ring_room(ring, 200, &room, NULL), MUSTER_OK);
	assert_false(ADDRESS_IS_POISONED(room + 200));
	assert_true(ADDRESS_IS_POISONED(room + 208));
	assert_int_equal(hash_ring_push(ring, 0, (void *)0, NULL), MUSTER_OK);
	assert_true(ADDRESS_IS_POISONED(room));
	assert_int_equal(hash_ring_room(ring, 0, &next, NULL), MUSTER_OK);
	assert_false(ADDRESS_IS_POISONED(next));
	hash_ring_free(ring);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_leave_in_the_order_in_which_they_came),
		cmocka_unit_test(few_items_are_enough),
		cmocka_unit_test(without_md5_files_leave_at_once),
		cmocka_unit_test(a_file_that_fits_exactly_fits),
		cmocka_unit_test(room_that_is_not_used_is_lent_again),
		cmocka_unit_test(small_files_stay_in_the_lowest_pages),
		cmocka_unit_test(rooms_are_filled_in_the_order_in_which_they_were_lent),
		cmocka_unit_test(a_failed_delivery_is_reported_and_the_ring_goes_on),
		cmocka_unit_test(a_reset_drops_everything),
		cmocka_unit_test(without_memory_there_is_no_ring),
#ifdef ADDRESS_IS_POISONED
		cmocka_unit_test(what_is_not_lent_is_poisoned),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
