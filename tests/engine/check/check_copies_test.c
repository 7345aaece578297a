/* Blobs that lie in two packs, copies that gc knows to be bad, packs that gc swept. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/engine/check/lab.h"

static struct lab lab;
static struct lab_findings findings;
static char first_pack[512], second_pack[512]; /* of "data", of "twin": the same blobs */

/* "twin" is saved while the index of "data" is away: as if both were saved at once. */
static int fill(void **state)
{
	struct lab_keys keys;
	struct bytes index;
	char key[512];

	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 200 });
	lab_key(&lab, "packs/", 0, first_pack);
	lab_key(&lab, "index/", 0, key);
	index = lab_get(&lab, key);
	assert_int_equal(store_remove(lab.store, key, NULL), MUSTER_OK);
	lab_save(&lab,
		 &(struct lab_version){ .name = "twin", .content = "data", .entry_count = 200 });
	assert_int_equal(store_create(lab.store, key, bytes_view(&index), NULL), MUSTER_OK);
	bytes_release(&index);
	keys = lab_list(&lab, "packs/");
	assert_int_equal(keys.count, 2);
	memcpy(second_pack, keys.keys[strcmp(keys.keys[0], first_pack) == 0], 512);
	lab_keys_release(&keys);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

/* --- the gc log ------------------------------------------------------------------------------ */

static void forget(void *state)
{
	(void)state;
}

static enum muster_code ignore(void *state, const struct event *event, struct muster_error *err)
{
	(void)state;
	(void)event;
	(void)err;
	return MUSTER_OK;
}

static void append_to_gc_log(struct event *event)
{
	struct log_options options = { .store = lab.store,
				       .effects = &lab.effects,
				       .name = KEY_GC_LOG,
				       .fold = { NULL, forget, ignore, NULL, NULL } };
	struct muster_error err = { 0 };
	struct log *log = NULL;

	assert_int_equal(log_open(&log, &options, &err), MUSTER_OK);
	assert_int_equal(log_read(log, &err), MUSTER_OK);
	if (log_append(log, event, NULL, &err))
		fail_msg("%s", err.message);
	log_close(log);
}

static void say_bad(const char *pack, unsigned ordinal)
{
	char text[128];
	struct view copy;
	struct event event = { .kind.id = EVENT_BAD, .copies = { &copy, 1 } };

	snprintf(text, sizeof(text), "%.41s/%u", pack + strlen("packs/"), ordinal);
	copy = view_text(text);
	append_to_gc_log(&event);
}

static void sweep(const char *key)
{
	struct view object = view_text(key);
	struct event condemn = { .kind.id = EVENT_CONDEMN, .objects = { &object, 1 } };
	struct event swept = { .kind.id = EVENT_SWEEP, .objects = { &object, 1 } };

	append_to_gc_log(&condemn);
	swept.condemned = condemn.number;
	append_to_gc_log(&swept);
}

static void expect_count(size_t count)
{
	lab_check(&lab, false, &findings);
	if (findings.count == count)
		return;
	lab_findings_print(&findings);
	fail_msg("%zu findings, not %zu", findings.count, count);
}

/* --- the tests ------------------------------------------------------------------------------- */

static void two_copies_are_clean(void **state)
{
	(void)state;
	expect_count(0);
	assert_int_equal(findings.report.pack_count, 2);
}

static void a_lost_pack_is_told_but_its_blobs_have_copies(void **state)
{
	(void)state;
	assert_int_equal(store_remove(lab.store, first_pack, NULL), MUSTER_OK);
	expect_count(1);
	assert_true(lab_findings_has(&findings, first_pack, "it is missing"));
}

static void with_both_packs_lost_the_blobs_are(void **state)
{
	(void)state;
	assert_int_equal(store_remove(lab.store, first_pack, NULL), MUSTER_OK);
	assert_int_equal(store_remove(lab.store, second_pack, NULL), MUSTER_OK);
	expect_count(3);
	assert_true(lab_findings_has(&findings, first_pack, "it is missing"));
	assert_true(lab_findings_has(&findings, second_pack, "it is missing"));
	assert_true(lab_findings_has(&findings, first_pack,
				     "196 blobs that 400 entries need are not in it and have no "
				     "other copy") ||
		    lab_findings_has(&findings, second_pack,
				     "196 blobs that 400 entries need are not in it and have no "
				     "other copy"));
}

static void a_copy_in_a_broken_pack_is_none(void **state)
{
	struct bytes bytes = lab_get(&lab, second_pack);

	(void)state;
	assert_int_equal(store_remove(lab.store, first_pack, NULL), MUSTER_OK);
	lab_flip(&lab, second_pack, bytes.len - 10);
	expect_count(3);
	assert_true(lab_findings_has(&findings, first_pack, "it is missing"));
	bytes_release(&bytes);
}

static void a_copy_that_is_known_to_be_bad_is_no_finding_while_there_is_another(void **state)
{
	struct bytes bytes = lab_get(&lab, first_pack);

	(void)state;
	lab_flip(&lab, first_pack, 16); /* blob 0 */
	expect_count(1);
	say_bad(first_pack, 0);
	expect_count(0);
	say_bad(second_pack, 0);
	expect_count(1);
	assert_non_null(strstr(findings.list[0].error.message,
			       "1 blob that 2 entries need is not in it and has no other copy"));
	bytes_release(&bytes);
}

static void what_gc_swept_is_no_copy_and_is_not_missed(void **state)
{
	(void)state;
	sweep(first_pack);
	expect_count(0);
	assert_int_equal(findings.report.pack_count, 1);
	assert_int_equal(store_remove(lab.store, first_pack, NULL), MUSTER_OK);
	expect_count(0);
	sweep(second_pack);
	expect_count(1);
	assert_non_null(strstr(findings.list[0].error.message, "have no other copy"));
}

#define COPIES_TEST(name) cmocka_unit_test_setup_teardown(name, fill, empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COPIES_TEST(two_copies_are_clean),
		COPIES_TEST(a_lost_pack_is_told_but_its_blobs_have_copies),
		COPIES_TEST(with_both_packs_lost_the_blobs_are),
		COPIES_TEST(a_copy_in_a_broken_pack_is_none),
		COPIES_TEST(a_copy_that_is_known_to_be_bad_is_no_finding_while_there_is_another),
		COPIES_TEST(what_gc_swept_is_no_copy_and_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
