/* Google and Azure in memory: whatever request fails, and however, what was asked for is done. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/cloud/clouds_lab.h"

#define LARGE_BYTES (3 * CLOUDS_LAB_PART_BYTES + 12345)

static struct clouds_lab lab;

static void open_lab(enum clouds_kind kind, const struct scripted_rule *rules, size_t rule_count)
{
	lab.kind = kind;
	lab.rules = rules;
	lab.rule_count = rule_count;
	lab.options.part_bytes = CLOUDS_LAB_PART_BYTES;
	lab.options.range_bytes = 256u << 10;
	lab.options.tail_bytes = 64u << 10;
	clouds_lab_open(&lab);
}

/* Each step must succeed; what failed is told with `when`. */
static void live(const char *when)
{
	struct muster_error err = { 0 };
	enum muster_code code;

	code = store_create(lab.store, "small", VIEW_LITERAL("some bytes"), &err);
	if (!code)
		code = clouds_write(lab.store, "large", LARGE_BYTES, &err);
	if (code)
		fail_msg("%s: code %d: %s", when, (int)code, err.message);
	clouds_check(lab.store, "large", LARGE_BYTES);
	assert_string_equal(clouds_list(lab.store, "", NULL), "large\nsmall\n");
	if (store_remove(lab.store, "small", &err))
		fail_msg("%s: %s", when, err.message);
	assert_string_equal(clouds_list(lab.store, "", NULL), "large\n");
}

static const struct {
	const char *name;
	struct scripted_reply reply;
} faults[] = {
	{ "busy", { .status = 503, .headers = "Retry-After: 0\r\n" } },
	{ "failed", { .status = 500 } },
	{ "not heard", { .fault = SCRIPTED_RESET_BEFORE } },
	{ "not answered", { .fault = SCRIPTED_RESET_AFTER } },
};

static void whatever_request_fails_all_is_done(void **state)
{
	(void)state;
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			unsigned count = 1;

			for (unsigned n = 1; n <= count; n++) {
				struct scripted_rule rule = { .from = n,
							      .count = 1,
							      .reply = faults[i].reply };
				char when[64];

				snprintf(when, sizeof(when), "%s: request %u is %s",
					 clouds_name((enum clouds_kind)kind), n, faults[i].name);
				open_lab((enum clouds_kind)kind, &rule, 1);
				live(when);
				count = (unsigned)scripted_request_count(lab.server);
				clouds_lab_close(&lab);
			}
		}
	}
}

static void bytes_that_were_not_kept_are_sent_again(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	for (unsigned every = 2; every <= 4; every++) {
		lab.gcs.cut_every = every;
		open_lab(CLOUDS_GCS, NULL, 0);
		if (clouds_write(lab.store, "large", LARGE_BYTES, &err))
			fail_msg("%s", err.message);
		clouds_check(lab.store, "large", LARGE_BYTES);
		clouds_lab_close(&lab);
	}
}

/* A server that takes a part twice ends with another object than was written. That one is ours, by
 * its nonce, but must not be taken for it: the write fails, and nothing stays. */
static void a_part_that_came_twice_is_no_success(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 8; n++) {
		const struct scripted_rule rule = { .method = "PUT",
						    .from = 1 + n / 2,
						    .count = 1,
						    .reply = { .fault = SCRIPTED_RESET_AFTER } };
		struct muster_error err = { 0 };
		enum muster_code code;

		lab.gcs.appends_twice = true;
		lab.gcs.forgets_sessions = n % 2;
		open_lab(CLOUDS_GCS, &rule, 1);
		code = clouds_write(lab.store, "large", LARGE_BYTES, &err);
		if (n / 2 < LARGE_BYTES / CLOUDS_LAB_PART_BYTES) {
			assert_int_equal(code, MUSTER_E_DIGEST);
			assert_string_equal(clouds_list(lab.store, "", NULL), "");
		} else { /* the last one, or none: it has not come twice, or is over */
			assert_int_equal(code, MUSTER_OK);
			clouds_check(lab.store, "large", LARGE_BYTES);
		}
		clouds_lab_close(&lab);
	}
}

static void a_reply_that_breaks_off_is_gone_on_with(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .method = "GET",
		  .from = 1,
		  .count = 2,
		  .reply = { .fault = SCRIPTED_CUT_BODY, .at = 1000 } },
		{ .method = "GET",
		  .from = 2,
		  .count = 2,
		  .reply = { .fault = SCRIPTED_RESET_BODY, .at = 70000 } },
	};
	struct muster_error err = { 0 };

	(void)state;
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		open_lab((enum clouds_kind)kind, rules, 2);
		if (clouds_write(lab.store, "large", LARGE_BYTES, &err))
			fail_msg("%s", err.message);
		clouds_check(lab.store, "large", LARGE_BYTES);
		clouds_lab_close(&lab);
	}
}

static void who_comes_second_is_told(void **state)
{
	(void)state;
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		for (size_t len = 10; len <= LARGE_BYTES; len += LARGE_BYTES - 10) {
			struct muster_error err = { 0 };

			open_lab((enum clouds_kind)kind, NULL, 0);
			assert_int_equal(store_create(lab.store, "k", VIEW_LITERAL("first"), &err),
					 MUSTER_OK);
			assert_int_equal(clouds_write(lab.store, "k", len, &err), MUSTER_EXISTS);
			assert_int_equal(err.code, MUSTER_OK);
			clouds_lab_close(&lab);
		}
	}
}

/* The last part was taken, its reply lost, and the session is over. */
static void a_session_may_be_forgotten_with_its_last_reply(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .method = "PUT",
		  .from = 4,
		  .count = 1,
		  .reply = { .fault = SCRIPTED_RESET_AFTER } },
	};
	struct muster_error err = { 0 };

	(void)state;
	lab.gcs.forgets_sessions = true;
	open_lab(CLOUDS_GCS, rules, 1);
	if (clouds_write(lab.store, "large", LARGE_BYTES, &err))
		fail_msg("%s", err.message);
	clouds_check(lab.store, "large", LARGE_BYTES);
	clouds_lab_close(&lab);
}

static void what_is_there_is_told_at_the_end_though_it_was_seen_at_the_beginning(void **state)
{
	static uint8_t bytes[2 * CLOUDS_LAB_PART_BYTES + 1];
	struct muster_error err = { 0 };
	struct store_writer *writer;

	(void)state;
	lab.gcs.looks_first = true;
	open_lab(CLOUDS_GCS, NULL, 0);
	assert_int_equal(store_create(lab.store, "k", VIEW_LITERAL("first"), &err), MUSTER_OK);
	assert_int_equal(store_write_begin(lab.store, "k", &writer, &err), MUSTER_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store_write_append(writer, view_of(bytes, sizeof(bytes)), &err),
				 MUSTER_OK);
	assert_int_equal(store_write_finish(writer, &err), MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_int_equal(lab.gcs.session_count, 0);
	clouds_lab_close(&lab);
}

static void an_upload_that_is_given_up_leaves_nothing(void **state)
{
	(void)state;
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		static uint8_t bytes[2 * CLOUDS_LAB_PART_BYTES + 1];
		struct store_writer *writer;

		open_lab((enum clouds_kind)kind, NULL, 0);
		assert_int_equal(store_write_begin(lab.store, "k", &writer, NULL), MUSTER_OK);
		assert_int_equal(store_write_append(writer, view_of(bytes, sizeof(bytes)), NULL),
				 MUSTER_OK);
		store_write_abort(writer);
		assert_string_equal(clouds_list(lab.store, "", NULL), "");
		if (kind == CLOUDS_GCS)
			assert_true(lab.gcs.sessions[0].is_cancelled);
		clouds_lab_close(&lab);
	}
}

/* Two uploads of one key, in turn: whose blocks are whose? */
static void uploads_of_one_key_do_not_mix(void **state)
{
	static uint8_t ones[2 * CLOUDS_LAB_PART_BYTES + 1], twos[sizeof(ones)];
	uint8_t *got = malloc(sizeof(ones));

	(void)state;
	memset(ones, 1, sizeof(ones));
	memset(twos, 2, sizeof(twos));
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		struct store_writer *one, *two;
		struct store_object *object;

		open_lab((enum clouds_kind)kind, NULL, 0);
		assert_int_equal(store_write_begin(lab.store, "k", &one, NULL), MUSTER_OK);
		assert_int_equal(store_write_begin(lab.store, "k", &two, NULL), MUSTER_OK);
		assert_int_equal(store_write_append(one, view_of(ones, sizeof(ones)), NULL),
				 MUSTER_OK);
		assert_int_equal(store_write_append(two, view_of(twos, sizeof(twos)), NULL),
				 MUSTER_OK);
		assert_int_equal(store_write_finish(one, NULL), MUSTER_OK);
		assert_int_equal(store_write_finish(two, NULL), MUSTER_EXISTS);
		assert_int_equal(store_open(lab.store, "k", &object, NULL), MUSTER_OK);
		assert_int_equal(object->size_bytes, sizeof(ones));
		assert_int_equal(store_read(object, 0, got, sizeof(ones), NULL), MUSTER_OK);
		assert_memory_equal(got, ones, sizeof(ones));
		store_close(object);
		clouds_lab_close(&lab);
	}
	free(got);
}

static void a_clock_that_is_off_is_set_right(void **state)
{
	static const int64_t offs[] = { 3600, -3600 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		lab.azure.clock_s = offs[i];
		open_lab(CLOUDS_AZURE, NULL, 0);
		live("a clock is off");
		clouds_lab_close(&lab);
	}
}

static void a_list_begins_behind_a_key_whoever_ignores_it(void **state)
{
	(void)state;
	for (int kind = 0; kind < CLOUDS_COUNT; kind++) {
		for (int ignores = 0; ignores < 2; ignores++) {
			static const char *const keys[] = { "a", "b", "b/c", "b0", "c" };

			lab.azure.ignores_start = ignores;
			lab.options.page_max = 2;
			open_lab((enum clouds_kind)kind, NULL, 0);
			for (size_t i = 0; i < 5; i++)
				assert_int_equal(
					store_create(lab.store, keys[i], VIEW_LITERAL("x"), NULL),
					MUSTER_OK);
			assert_string_equal(clouds_list(lab.store, "", "b"), "b/c\nb0\nc\n");
			assert_string_equal(clouds_list(lab.store, "b", "b/c"), "b0\n");
			clouds_lab_close(&lab);
		}
	}
}

static void sums_are_checked_where_they_arrive(void **state)
{
	(void)state;
	open_lab(CLOUDS_AZURE, NULL, 0);
	live("nothing fails");
	assert_true(lab.azure.checked_sums >= 1 + LARGE_BYTES / CLOUDS_LAB_PART_BYTES);
	clouds_lab_close(&lab);
	open_lab(CLOUDS_GCS, NULL, 0);
	live("nothing fails");
	assert_int_equal(lab.gcs.checked_sums, 1); /* of all parts, with the last */
	clouds_lab_close(&lab);
}

/* fake-gcs-server does not look at the sum of all parts. */
static void what_arrived_damaged_is_noticed_and_removed(void **state)
{
	struct muster_error err = { 0 };

	(void)state;
	lab.gcs.damages_parts = true;
	open_lab(CLOUDS_GCS, NULL, 0);
	assert_int_equal(clouds_write(lab.store, "large", LARGE_BYTES, &err), MUSTER_E_DIGEST);
	assert_string_equal(clouds_list(lab.store, "", NULL), "");
	clouds_lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_request_fails_all_is_done),
		cmocka_unit_test(bytes_that_were_not_kept_are_sent_again),
		cmocka_unit_test(a_part_that_came_twice_is_no_success),
		cmocka_unit_test(a_reply_that_breaks_off_is_gone_on_with),
		cmocka_unit_test(who_comes_second_is_told),
		cmocka_unit_test(a_session_may_be_forgotten_with_its_last_reply),
		cmocka_unit_test(
			what_is_there_is_told_at_the_end_though_it_was_seen_at_the_beginning),
		cmocka_unit_test(an_upload_that_is_given_up_leaves_nothing),
		cmocka_unit_test(uploads_of_one_key_do_not_mix),
		cmocka_unit_test(a_clock_that_is_off_is_set_right),
		cmocka_unit_test(a_list_begins_behind_a_key_whoever_ignores_it),
		cmocka_unit_test(sums_are_checked_where_they_arrive),
		cmocka_unit_test(what_arrived_damaged_is_noticed_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
