/* A cloud's store: how objects are read, in ranges and ahead. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/io/cloud/store_lab.h"

static void what_comes_with_open_is_not_asked_for_again(void **state)
{
	struct store_lab lab = { .options = { .tail_bytes = 1000 } };
	struct store_object *object;
	uint8_t got[1500], expected[1500];

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", 5000, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, 5000);
	assert_int_equal(store_read(object, 4990, got, 10, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, 4000, got, 1000, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 2);
	assert_int_equal(store_read(object, 3500, got, 1500, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 3);
	assert_string_equal(lab_sent(&lab, 2, "range"), "bytes=3500-3999");
	assert_string_not_equal(lab_sent(&lab, 2, "if-match"), "");
	store_lab_fill(expected, 3500, 1500);
	assert_memory_equal(got, expected, 1500);
	store_close(object);
	store_lab_close(&lab);
}

static void a_large_read_goes_in_ranges_side_by_side(void **state)
{
	struct store_lab lab = {
		.options = { .tail_bytes = 1000, .range_bytes = 10000, .ranges_in_flight = 3 }
	};

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", 101000, NULL), MUSTER_OK);
	store_lab_check(&lab, "k", 101000, 101000);
	assert_int_equal(store_lab_requests(&lab), 1 + 1 + 10);
	store_lab_close(&lab);
}

static void what_is_read_in_order_is_read_ahead(void **state)
{
	enum { SIZE = 8 << 20, STEP = 64 << 10 };
	struct store_lab lab = { .options = { .range_bytes = 1 << 20 } };
	size_t asked;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", SIZE, NULL), MUSTER_OK);
	asked = store_lab_requests(&lab);
	store_lab_check(&lab, "k", SIZE, STEP);
	/* 128 reads: four by themselves, windows of 256 KiB and more for the others */
	assert_in_range(store_lab_requests(&lab) - asked, 8, 24);
	store_lab_close(&lab);
}

static void who_says_that_it_will_read_on_need_not_show_it(void **state)
{
	enum { SIZE = 8 << 20, STEP = 64 << 10, FROM = 4096 };
	struct store_lab lab = { .options = { .range_bytes = 1 << 20, .tail_bytes = 1000 } };
	static uint8_t got[STEP], expected[STEP];
	struct store_object *object;
	size_t asked;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", SIZE, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
	asked = store_lab_requests(&lab);
	store_will_read(object, FROM, SIZE - FROM);
	scripted_await_requests(lab.server, asked + 2); /* nobody has read */
	for (uint64_t at = FROM; at + STEP <= SIZE; at += STEP) {
		assert_int_equal(store_read(object, at, got, STEP, NULL), MUSTER_OK);
		store_lab_fill(expected, at, STEP);
		assert_memory_equal(got, expected, STEP);
	}
	assert_int_equal(store_lab_requests(&lab) - asked, 8);
	store_close(object);
	store_lab_close(&lab);
}

/* All go on in windows, though there is room for few: none falls back to a request a read. */
static void objects_that_are_read_side_by_side_have_equal_shares(void **state)
{
	enum { SIZE = 4 << 20, STEP = 64 << 10, COUNT = 6 };
	struct store_lab lab = { .options = { .buffer_max_bytes = 4 << 20, .tail_bytes = 1000 } };
	static uint8_t got[STEP], expected[STEP];
	struct store_object *objects[COUNT];
	size_t asked;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", SIZE, NULL), MUSTER_OK);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(store_open(lab.store, "k", &objects[i], NULL), MUSTER_OK);
	asked = store_lab_requests(&lab);
	for (unsigned i = 0; i < COUNT; i++)
		store_will_read(objects[i], 0, SIZE);
	for (uint64_t at = 0; at < SIZE; at += STEP) {
		store_lab_fill(expected, at, STEP);
		for (unsigned i = 0; i < COUNT; i++) {
			assert_int_equal(store_read(objects[i], at, got, STEP, NULL), MUSTER_OK);
			assert_memory_equal(got, expected, STEP);
		}
	}
	/* windows of 1 MiB and more, where there would be 64 reads of each */
	assert_in_range(store_lab_requests(&lab) - asked, COUNT, COUNT * 5);
	for (unsigned i = 0; i < COUNT; i++)
		store_close(objects[i]);
	store_lab_close(&lab);
}

/* A protocol that cannot ask for the end asks for the beginning. */
static void what_came_with_open_is_not_read_ahead(void **state)
{
	enum { SIZE = 2 << 20, STEP = 64 << 10 };
	static const size_t sizes[] = { 0, 1, STEP, STEP + 1, SIZE };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct store_lab lab = { .has_no_tail = true,
					 .options = { .tail_bytes = 1 << 20 } };
		size_t asked;

		store_lab_open(&lab);
		assert_int_equal(store_lab_write(&lab, "k", sizes[i], NULL), MUSTER_OK);
		asked = store_lab_requests(&lab);
		store_lab_check(&lab, "k", sizes[i], STEP);
		asked = store_lab_requests(&lab) - asked;
		assert_in_range(asked, 1, sizes[i] < SIZE ? 1 : 6);
		store_lab_close(&lab);
	}
}

static void what_is_read_here_and_there_is_not_read_ahead(void **state)
{
	enum { SIZE = 4 << 20, STEP = 64 << 10, COUNT = 30 };
	struct store_lab lab = { .options = { .tail_bytes = 1000 } };
	struct store_object *object;
	static uint8_t got[STEP], expected[STEP];
	size_t asked;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", SIZE, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
	asked = store_lab_requests(&lab);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t at = (i / 2 * 37 % 60 + i % 2) * STEP; /* two side by side */

		assert_int_equal(store_read(object, at, got, STEP, NULL), MUSTER_OK);
		store_lab_fill(expected, at, STEP);
		assert_memory_equal(got, expected, STEP);
	}
	assert_int_equal(store_lab_requests(&lab) - asked, COUNT);
	store_close(object);
	store_lab_close(&lab);
}

/* The third read waits for the first window, and asks for a second one, which does not come. */
static void read_until_held(struct store_lab *lab, struct store_object *object, size_t step)
{
	static uint8_t got[256 << 10];

	assert_int_equal(store_read(object, 0, got, step, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, step, got, step, NULL), MUSTER_OK);
	scripted_await_requests(lab->server, 5);
	assert_int_equal(store_read(object, 2 * step, got, step, NULL), MUSTER_OK);
	scripted_await_held(lab->server, 1);
}

static void a_jump_or_a_close_lets_what_was_read_ahead_go(void **state)
{
	enum { SIZE = 8 << 20, STEP = 256 << 10 };
	struct scripted_rule rules[] = { { .method = "GET",
					   .from = 5,
					   .count = 1,
					   .reply = { .fault = SCRIPTED_HOLD_BODY, .at = 100 } } };

	(void)state;
	for (unsigned jumps = 0; jumps < 2; jumps++) {
		struct store_lab lab = { 0 };
		struct store_object *object;
		uint8_t got[10], expected[10];

		STORE_LAB_OPEN(&lab, rules);
		assert_int_equal(store_lab_write(&lab, "k", SIZE, NULL), MUSTER_OK);
		assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
		read_until_held(&lab, object, STEP);
		if (jumps) {
			assert_int_equal(store_read(object, 4 << 20, got, 10, NULL), MUSTER_OK);
			store_lab_fill(expected, 4 << 20, 10);
			assert_memory_equal(got, expected, 10);
		}
		store_close(object);
		store_lab_close(&lab);
	}
}

static void a_reply_that_breaks_off_goes_on_where_it_ended(void **state)
{
	struct scripted_rule rules[] = {
		{ .method = "GET",
		  .from = 2,
		  .count = 1,
		  .reply = { .fault = SCRIPTED_CUT_BODY, .at = 1000 } },
		{ .method = "GET",
		  .from = 3,
		  .count = 1,
		  .reply = { .fault = SCRIPTED_RESET_BODY, .at = 500 } },
	};
	struct store_lab lab = { .options = { .tail_bytes = 1000 } };
	struct store_object *object;
	static uint8_t got[20000], expected[20000];
	struct muster_error err = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_lab_write(&lab, "k", 50000, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
	if (store_read(object, 100, got, sizeof(got), &err))
		fail_msg("%s", err.message);
	store_lab_fill(expected, 100, sizeof(expected));
	assert_memory_equal(got, expected, sizeof(got));
	assert_string_equal(lab_sent(&lab, 2, "range"), "bytes=100-20099");
	assert_string_equal(lab_sent(&lab, 3, "range"), "bytes=1100-20099");
	assert_int_equal(strncmp(lab_sent(&lab, 4, "range"), "bytes=1", 7), 0);
	store_close(object);
	store_lab_close(&lab);
}

static void an_object_that_is_another_one_now_is_refused(void **state)
{
	struct store_lab lab = { .options = { .tail_bytes = 10 } };
	struct store_object *object;
	struct muster_error err = { 0 };
	uint8_t byte;

	(void)state;
	store_lab_open(&lab);
	lab_create(&lab, "k", VIEW_LITERAL("one of a few bytes"));
	assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(store_remove(lab.store, "k", NULL), MUSTER_OK);
	assert_int_equal(store_read(object, 0, &byte, 1, &err), MUSTER_E_CHANGED);
	assert_non_null(strstr(err.message, "removed"));
	lab_create(&lab, "k", VIEW_LITERAL("another of the same"));
	assert_int_equal(store_read(object, 0, &byte, 1, &err), MUSTER_E_CHANGED);
	assert_non_null(strstr(err.message, "another object"));
	store_close(object);
	store_lab_close(&lab);
}

/* --- open again ------------------------------------------------------------------------------ */

static void what_is_open_is_opened_again_without_a_request(void **state)
{
	struct store_lab lab = { .options = { .tail_bytes = 1000 } };
	struct store_object *first, *second;
	uint8_t got[1500], expected[1500];

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", 5000, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &first, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &second, NULL), MUSTER_OK);
	store_close(first); /* the second keeps what it brought */
	assert_int_equal(second->size_bytes, 5000);
	assert_int_equal(store_lab_requests(&lab), 2);
	assert_int_equal(store_read(second, 3500, got, 1500, NULL), MUSTER_OK);
	store_lab_fill(expected, 3500, 1500);
	assert_memory_equal(got, expected, 1500);
	assert_int_equal(store_lab_requests(&lab), 3);
	assert_string_not_equal(lab_sent(&lab, 2, "if-match"), "");
	store_close(second);
	assert_int_equal(store_open(lab.store, "k", &first, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 4);
	store_close(first);
	store_lab_close(&lab);
}

static void what_was_removed_is_asked_for_though_it_is_open(void **state)
{
	struct store_lab lab = { 0 };
	struct store_object *before, *after;
	uint8_t byte;

	(void)state;
	store_lab_open(&lab);
	lab_create(&lab, "k", VIEW_LITERAL("a"));
	assert_int_equal(store_open(lab.store, "k", &before, NULL), MUSTER_OK);
	assert_int_equal(store_remove(lab.store, "k", NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &after, NULL), MUSTER_ABSENT);
	lab_create(&lab, "k", VIEW_LITERAL("b"));
	assert_int_equal(store_open(lab.store, "k", &after, NULL), MUSTER_OK);
	assert_int_equal(store_read(after, 0, &byte, 1, NULL), MUSTER_OK);
	assert_int_equal(byte, 'b');
	assert_int_equal(store_read(before, 0, &byte, 1, NULL), MUSTER_OK);
	assert_int_equal(byte, 'a');
	store_close(after);
	store_close(before);
	store_lab_close(&lab);
}

static void what_another_removed_is_asked_for_as_soon_as_that_is_known(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .method = "GET", .from = 2, .count = 1, .reply = { .status = 412 } },
	};
	struct store_lab lab = { .options = { .tail_bytes = 10 } };
	struct store_object *before, *after;
	uint8_t byte;

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_lab_write(&lab, "k", 50, NULL), MUSTER_OK);
	assert_int_equal(store_open(lab.store, "k", &before, NULL), MUSTER_OK);
	assert_int_equal(store_read(before, 0, &byte, 1, NULL), MUSTER_E_CHANGED);
	assert_int_equal(store_lab_requests(&lab), 3);
	assert_int_equal(store_open(lab.store, "k", &after, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 4);
	store_close(after);
	store_close(before);
	store_lab_close(&lab);
}

#define READERS 4
#define TIMES	100

/* NULL: all was well. */
static void *open_and_read(void *state)
{
	static const char *const keys[] = { "a", "b" };
	struct store_lab *lab = state;
	uint8_t got[300], expected[300];

	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t at = i * 7 % 1000;
		struct store_object *object;

		if (store_open(lab->store, keys[i / 3 % 2], &object, NULL) ||
		    store_read(object, at, got, sizeof(got), NULL))
			return state;
		store_lab_fill(expected, at, sizeof(expected));
		if (memcmp(got, expected, sizeof(got)) != 0)
			return state;
		store_close(object);
	}
	return NULL;
}

static void threads_open_and_close_the_same(void **state)
{
	struct store_lab lab = { .options = { .tail_bytes = 1000 } };
	pthread_t readers[READERS];

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "a", 1300, NULL), MUSTER_OK);
	assert_int_equal(store_lab_write(&lab, "b", 2000, NULL), MUSTER_OK);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, open_and_read, &lab), 0);
	for (unsigned i = 0; i < READERS; i++) {
		void *failure;

		assert_int_equal(pthread_join(readers[i], &failure), 0);
		assert_null(failure);
	}
	store_lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_with_open_is_not_asked_for_again),
		cmocka_unit_test(a_large_read_goes_in_ranges_side_by_side),
		cmocka_unit_test(what_is_read_in_order_is_read_ahead),
		cmocka_unit_test(who_says_that_it_will_read_on_need_not_show_it),
		cmocka_unit_test(objects_that_are_read_side_by_side_have_equal_shares),
		cmocka_unit_test(what_came_with_open_is_not_read_ahead),
		cmocka_unit_test(what_is_read_here_and_there_is_not_read_ahead),
		cmocka_unit_test(a_jump_or_a_close_lets_what_was_read_ahead_go),
		cmocka_unit_test(a_reply_that_breaks_off_goes_on_where_it_ended),
		cmocka_unit_test(an_object_that_is_another_one_now_is_refused),
		cmocka_unit_test(what_is_open_is_opened_again_without_a_request),
		cmocka_unit_test(what_was_removed_is_asked_for_though_it_is_open),
		cmocka_unit_test(what_another_removed_is_asked_for_as_soon_as_that_is_known),
		cmocka_unit_test(threads_open_and_close_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
