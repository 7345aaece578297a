/* A cloud's store: how many requests there are, what lost replies come to, how objects are written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/io/cloud/store_lab.h"

#define SMALL VIEW_LITERAL("some bytes")

static enum muster_code count_key(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	unsigned *count = state;

	(void)key, (void)size_bytes, (void)modified_ns, (void)err;
	++*count;
	return MUSTER_OK;
}

static unsigned keys_in(struct store_lab *lab)
{
	struct muster_error err = { 0 };
	unsigned count = 0;

	if (store_list(lab->store, "", NULL, count_key, &count, &err))
		fail_msg("%s", err.message);
	return count;
}

static void holds(struct store_lab *lab, const char *key, struct view data)
{
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	if (store_get(lab->store, key, &got, 1 << 20, &err))
		fail_msg("%s", err.message);
	assert_true(view_equal(bytes_view(&got), data));
	bytes_release(&got);
}

/* --- requests -------------------------------------------------------------------------------- */

static void requests_are_counted(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 64 << 10, .page_max = 3 } };
	struct muster_error err = { 0 };
	size_t at = 0;
	char key[16];

	(void)state;
	store_lab_open(&lab);
#define ASKED(count)                                                                               \
	assert_int_equal(store_lab_requests(&lab) - at, (count));                                  \
	at = store_lab_requests(&lab)
	lab_create(&lab, "small", SMALL);
	ASKED(1);
	holds(&lab, "small", SMALL);
	ASKED(1);
	assert_int_equal(store_create(lab.store, "small", SMALL, &err), MUSTER_EXISTS);
	ASKED(2); /* and whose it is */
	assert_int_equal(store_get(lab.store, "none", NULL, 1, &err), MUSTER_ABSENT);
	ASKED(1);
	lab_create(&lab, "empty", (struct view){ 0 });
	ASKED(1);
	holds(&lab, "empty", (struct view){ 0 });
	ASKED(1);
	assert_int_equal(store_remove(lab.store, "empty", &err), MUSTER_OK);
	ASKED(1);
	assert_int_equal(store_lab_write(&lab, "one part", 64 << 10, &err), MUSTER_OK);
	ASKED(1);
	assert_int_equal(store_lab_write(&lab, "two parts", (64 << 10) + 1, &err), MUSTER_OK);
	ASKED(4); /* begin, two parts, complete */
	for (unsigned i = 0; i < 4; i++) {
		snprintf(key, sizeof(key), "%u", i);
		lab_create(&lab, key, SMALL);
	}
	ASKED(4);
	assert_int_equal(keys_in(&lab), 7);
	ASKED(3); /* pages of three */
	assert_int_equal(store_sync(lab.store, &err), MUSTER_OK);
	ASKED(0);
#undef ASKED
	store_lab_close(&lab);
}

static void a_page_has_a_thousand_keys(void **state)
{
	struct store_lab lab = { 0 };
	size_t at;
	char key[16];

	(void)state;
	store_lab_open(&lab);
	for (unsigned i = 0; i < 1001; i++) {
		snprintf(key, sizeof(key), "%u", i);
		lab_create(&lab, key, (struct view){ 0 });
	}
	at = store_lab_requests(&lab);
	assert_int_equal(at, 1001);
	assert_int_equal(keys_in(&lab), 1001);
	assert_int_equal(store_lab_requests(&lab) - at, 2);
	store_lab_close(&lab);
}

/* --- replies that are lost ------------------------------------------------------------------- */

static void a_lost_reply_to_create_is_success(void **state)
{
	struct scripted_rule rules[] = {
		{ .method = "PUT", .count = 1, .reply = { .fault = SCRIPTED_RESET_AFTER } }
	};
	struct store_lab lab = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	lab_create(&lab, "k", SMALL);
	assert_int_equal(store_lab_requests(&lab), 2); /* and whose it is */
	assert_string_equal(scripted_request_at(lab.server, 1)->method, "HEAD");
	holds(&lab, "k", SMALL);
	store_lab_close(&lab);
}

/* It refuses the second body before it has read it, and closes: that resets the connection, and the
 * refusal is lost each time. VersityGW on a busy machine does. */
static void a_server_whose_refusals_are_lost_is_asked_whose_it_is(void **state)
{
	static uint8_t body[300000];
	struct scripted_rule rules[] = {
		{ .method = "PUT", .count = 1, .reply = { .fault = SCRIPTED_RESET_AFTER } },
		{ .method = "PUT", .from = 2, .reply = { .fault = SCRIPTED_RESET_BEFORE } }
	};
	struct store_lab lab = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	lab_create(&lab, "k", view_of(body, sizeof(body)));
	assert_int_equal(store_lab_requests(&lab), 2);
	assert_int_equal(store_create(lab.store, "k", VIEW_LITERAL("other"), NULL), MUSTER_EXISTS);
	store_lab_close(&lab);
}

static void a_create_that_is_always_cut_fails_in_the_end(void **state)
{
	struct scripted_rule rules[] = { { .method = "PUT",
					   .reply = { .fault = SCRIPTED_RESET_BEFORE } } };
	struct store_lab lab = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_create(lab.store, "k", SMALL, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "PUT"));
	assert_in_range(store_lab_requests(&lab), 20, 30); /* ten times, and whose it is */
	store_lab_close(&lab);
}

static void a_create_that_never_came_is_made_again(void **state)
{
	struct scripted_rule rules[] = {
		{ .method = "PUT", .count = 2, .reply = { .fault = SCRIPTED_RESET_BEFORE } }
	};
	struct store_lab lab = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	lab_create(&lab, "k", SMALL);
	assert_in_range(store_lab_requests(&lab), 4, 5); /* libcurl may send it again itself */
	holds(&lab, "k", SMALL);
	store_lab_close(&lab);
}

static void a_lost_reply_does_not_hide_that_another_was_first(void **state)
{
	struct scripted_rule rules[] = { { .method = "PUT",
					   .from = 2,
					   .count = 1,
					   .reply = { .fault = SCRIPTED_RESET_AFTER } } };
	struct store_lab lab = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	lab_create(&lab, "k", SMALL);
	assert_int_equal(store_create(lab.store, "k", VIEW_LITERAL("other"), NULL), MUSTER_EXISTS);
	holds(&lab, "k", SMALL);
	store_lab_close(&lab);
}

static void a_lost_reply_to_complete_is_success(void **state)
{
	struct scripted_rule rules[] = { { .method = "POST",
					   .path = "*uploadId=*",
					   .count = 1,
					   .reply = { .fault = SCRIPTED_RESET_AFTER } } };
	struct store_lab lab = { .options = { .part_bytes = 10000 } };
	struct muster_error err = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	if (store_lab_write(&lab, "k", 25000, &err))
		fail_msg("%s", err.message);
	store_lab_check(&lab, "k", 25000, 7000);
	assert_int_equal(s3_fake_uploads(&lab.fake), 0);
	store_lab_close(&lab);
}

static void an_upload_that_another_completed_first_is_taken_back(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000 } };
	uint8_t data[25000] = { 0 };
	struct store_writer *writer;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_write_begin(lab.store, "k", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, view_of(data, sizeof(data)), NULL), MUSTER_OK);
	lab_create(&lab, "k", SMALL);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_EXISTS);
	holds(&lab, "k", SMALL);
	assert_int_equal(s3_fake_uploads(&lab.fake), 0);
	store_lab_close(&lab);
}

/* --- writing --------------------------------------------------------------------------------- */

static void an_aborted_upload_leaves_nothing(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000 } };
	uint8_t data[45000] = { 0 };
	struct store_writer *writer;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_write_begin(lab.store, "k", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, view_of(data, sizeof(data)), NULL), MUSTER_OK);
	store_write_abort(writer);
	assert_int_equal(s3_fake_uploads(&lab.fake), 0);
	assert_int_equal(s3_fake_objects(&lab.fake), 0);
	store_lab_close(&lab);
}

static void a_part_that_fails_fails_the_writer_and_leaves_nothing(void **state)
{
	struct scripted_rule rules[] = { { .method = "PUT",
					   .path = "*partNumber=2*",
					   .reply = {
						   .status = 403, .body = "no", .body_len = 2 } } };
	struct store_lab lab = { .options = { .part_bytes = 10000 } };
	struct muster_error err = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_lab_write(&lab, "a key", 45000, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "upload a part of s3://" S3_FAKE_BUCKET "/a key: 403"));
	assert_int_equal(s3_fake_uploads(&lab.fake), 0);
	assert_int_equal(s3_fake_objects(&lab.fake), 0);
	store_lab_close(&lab);
}

static void a_server_without_conditions_for_uploads_is_asked_without(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000 },
				 .fake = { .refuses_complete_if = true } };
	struct muster_error err = { 0 };
	size_t before;

	(void)state;
	store_lab_open(&lab);
	if (store_lab_write(&lab, "a", 25000, &err))
		fail_msg("%s", err.message);
	before = store_lab_requests(&lab);
	if (store_lab_write(&lab, "b", 25000, &err))
		fail_msg("%s", err.message);
	assert_int_equal(store_lab_requests(&lab) - before, 5); /* it remembers */
	store_lab_check(&lab, "a", 25000, 25000);
	store_lab_check(&lab, "b", 25000, 25000);
	store_lab_close(&lab);
}

/* So many parts are allowed that only growing ones reach far. */
static void parts_grow_with_their_number(void **state)
{
	enum { SHARE = 1001, SIZE = SHARE * 100 + 500 };
	struct store_lab lab = { .options = { .part_bytes = 100 } };
	struct muster_error err = { 0 };

	(void)state;
	store_lab_open(&lab);
	if (store_lab_write(&lab, "k", SIZE, &err))
		fail_msg("%s", err.message);
	assert_int_equal(store_lab_requests(&lab), 1 + SHARE + 3 + 1);
	store_lab_check(&lab, "k", SIZE, SIZE);
	store_lab_close(&lab);
}

/* As Google's: one part after the other, and the last one is told to be it. */
static void parts_that_must_come_in_order_do(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000 }, .parts_in_order = true };
	char path[64];

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_lab_write(&lab, "k", 55000, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 7); /* begin and six parts */
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(path, sizeof(path), "?partNumber=%u&", i);
		assert_non_null(strstr(scripted_request_at(lab.server, i)->target, path));
	}
	store_lab_close(&lab);
}

/* Each has its part, whatever the others have: nobody waits for somebody else's buffers. */
static void many_writers_of_one_thread_share_a_small_pool(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000, .buffer_max_bytes = 10000 } };
	struct store_writer *writers[8];
	uint8_t data[7000];
	char key[16];

	(void)state;
	store_lab_open(&lab);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(store_write_begin(lab.store, key, &writers[i], NULL), MUSTER_OK);
	}
	for (unsigned n = 0; n < 5; n++) {
		store_lab_fill(data, n * sizeof(data), sizeof(data));
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(
				store_write_append(writers[i], view_of(data, sizeof(data)), NULL),
				MUSTER_OK);
	}
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(store_write_finish(writers[i], NULL), MUSTER_OK);
	store_lab_check(&lab, "0", 35000, 35000);
	store_lab_check(&lab, "7", 35000, 1000);
	store_lab_close(&lab);
}

/* One buffer, and the part that has it does not end: others of its thread go on meanwhile. */
static void a_writer_tells_that_it_would_wait(void **state)
{
	struct scripted_rule rules[] = { { .method = "PUT",
					   .path = "*partNumber=1*",
					   .reply = { .fault = SCRIPTED_HOLD_HEAD } } };
	struct store_lab lab = { .options = { .part_bytes = 10000, .buffer_max_bytes = 10000 } };
	struct store_writer *writer, *other;
	uint8_t data[25000];

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	store_lab_fill(data, 0, sizeof(data));
	assert_int_equal(store_write_begin(lab.store, "k", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_room(writer, false), 10000);
	assert_int_equal(store_write_append(writer, view_of(data, 4000), NULL), MUSTER_OK);
	assert_int_equal(store_write_room(writer, false), 6000);
	assert_int_equal(store_write_append(writer, view_of(data + 4000, 6000), NULL), MUSTER_OK);
	assert_int_equal(store_write_room(writer, false), 0); /* it is sent all the same */
	scripted_await_held(lab.server, 1);
	assert_int_equal(store_write_room(writer, false), 0);
	assert_int_equal(store_write_begin(lab.store, "other", &other, NULL), MUSTER_OK);
	assert_int_equal(store_write_room(other, false), 10000); /* its first in any case */
	assert_int_equal(store_write_append(other, view_of(data, 100), NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(other, NULL), MUSTER_OK);
	scripted_release(lab.server);
	assert_int_equal(store_write_room(writer, true), 10000);
	assert_int_equal(store_write_append(writer, view_of(data + 10000, 15000), NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	store_lab_check(&lab, "k", 25000, 25000);
	store_lab_close(&lab);
}

static void a_writer_that_failed_has_room_and_append_tells_why(void **state)
{
	struct scripted_rule rules[] = { { .method = "PUT",
					   .path = "*partNumber=1*",
					   .reply = {
						   .status = 403, .body = "no", .body_len = 2 } } };
	struct store_lab lab = { .options = { .part_bytes = 10000, .buffer_max_bytes = 10000 } };
	struct muster_error err = { 0 };
	struct store_writer *writer;
	uint8_t data[10000];

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	store_lab_fill(data, 0, sizeof(data));
	assert_int_equal(store_write_begin(lab.store, "k", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, view_of(data, 10000), NULL), MUSTER_OK);
	assert_true(store_write_room(writer, true) > 0);
	assert_int_equal(store_write_append(writer, view_of(data, 1), &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "403"));
	store_write_abort(writer);
	assert_int_equal(s3_fake_uploads(&lab.fake), 0);
	store_lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_counted),
		cmocka_unit_test(a_page_has_a_thousand_keys),
		cmocka_unit_test(a_lost_reply_to_create_is_success),
		cmocka_unit_test(a_create_that_never_came_is_made_again),
		cmocka_unit_test(a_server_whose_refusals_are_lost_is_asked_whose_it_is),
		cmocka_unit_test(a_create_that_is_always_cut_fails_in_the_end),
		cmocka_unit_test(a_lost_reply_does_not_hide_that_another_was_first),
		cmocka_unit_test(a_lost_reply_to_complete_is_success),
		cmocka_unit_test(an_upload_that_another_completed_first_is_taken_back),
		cmocka_unit_test(an_aborted_upload_leaves_nothing),
		cmocka_unit_test(a_part_that_fails_fails_the_writer_and_leaves_nothing),
		cmocka_unit_test(a_server_without_conditions_for_uploads_is_asked_without),
		cmocka_unit_test(parts_grow_with_their_number),
		cmocka_unit_test(parts_that_must_come_in_order_do),
		cmocka_unit_test(many_writers_of_one_thread_share_a_small_pool),
		cmocka_unit_test(a_writer_tells_that_it_would_wait),
		cmocka_unit_test(a_writer_that_failed_has_room_and_append_tells_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
