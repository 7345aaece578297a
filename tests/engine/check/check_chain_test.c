/* Events: whichever of a chain is changed or lost, it is the one that is named. */
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
static struct key data_log; /* of "data" */
static unsigned last;	    /* its last event */

/* Versions 0 to 4 with aliases moved between them; the last event is a save. */
static int fill(void **state)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"),
					VIEW_LITERAL("data") };
	struct collection *collection = NULL;

	(void)state;
	lab_make(&lab, NULL);
	for (unsigned i = 0; i < 5; i++) {
		lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 10 + i });
		if (i == 1)
			lab_move_alias(&lab, "data", 3);
	}
	assert_int_equal(collection_open(&collection, lab.repository, &name, NULL, NULL),
			 MUSTER_OK);
	snprintf(data_log.text, sizeof(data_log.text), "%s", collection_log_name(collection));
	last = (unsigned)collection_head(collection);
	collection_close(collection);
	assert_int_equal(last, 1 + 5 + 3);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

static struct bytes take(unsigned number, struct key *key)
{
	key_event(key, data_log.text, number);
	return lab_get(&lab, key->text);
}

/* At least one finding, all of one event. */
static void expect_only(const char *key, const char *what)
{
	bool is_right = findings.count > 0;

	for (size_t i = 0; i < findings.count && i < LAB_FINDINGS; i++)
		is_right &= strcmp(findings.list[i].object, key) == 0;
	if (is_right)
		return;
	lab_findings_print(&findings);
	fail_msg("%s: '%s' was changed", what, key);
}

static void any_changed_byte_names_its_event(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= last; number++) {
		struct key key;
		struct bytes whole = take(number, &key);

		for (size_t at = 0; at < whole.len; at += 11) {
			char what[64];

			snprintf(what, sizeof(what), "event %u byte %zu", number, at);
			lab_flip(&lab, key.text, at);
			lab_check(&lab, true, &findings);
			expect_only(key.text, what);
			lab_set(&lab, key.text, bytes_view(&whole));
		}
		bytes_release(&whole);
	}
}

/* A name's log has one event, and none behind it: what was made of it proves it. */
static void any_changed_byte_of_a_name_is_found(void **state)
{
	char key[512];
	struct bytes whole;
	size_t kind;

	(void)state;
	lab_key(&lab, "names/", 0, key);
	whole = lab_get(&lab, key);
	kind = (size_t)((uint8_t *)memmem(whole.ptr, whole.len, "\"name\"", 6) - whole.ptr) + 1;
	for (size_t at = 0; at < whole.len; at++) {
		char what[64];

		if (at >= kind && at < kind + 4)
			continue; /* an event of a kind that a later version may know */
		snprintf(what, sizeof(what), "byte %zu", at);
		lab_flip(&lab, key, at);
		lab_check(&lab, true, &findings);
		if (!findings.count)
			fail_msg("%s of '%s' was changed", what, key);
		lab_set(&lab, key, bytes_view(&whole));
	}
	bytes_release(&whole);
}

static void what_nothing_proves_is_counted(void **state)
{
	struct lab own;

	(void)state;
	lab_make(&own, NULL);
	lab_save(&own, &(struct lab_version){ .name = "data", .entry_count = 9 });
	lab_save(&own, &(struct lab_version){ .name = "data", .entry_count = 8 });
	lab_check(&own, true, &findings);
	assert_int_equal(findings.count, 0);
	assert_int_equal(findings.report.unproved_events, 1); /* 'create' */
	lab_move_alias(&own, "data", 1);
	lab_check(&own, true, &findings);
	assert_int_equal(findings.report.unproved_events, 2);
	lab_move_alias(&own, "data",
		       1 + 100 - 4); /* the first is no move; a checkpoint names event 100 */
	lab_check(&own, true, &findings);
	assert_int_equal(findings.report.checkpoint_count, 1);
	assert_int_equal(findings.report.unproved_events, 1);
	lab_move_alias(&own, "data", 1);
	lab_save(&own, &(struct lab_version){ .name = "data", .entry_count = 99 });
	lab_check(&own, true, &findings);
	assert_int_equal(findings.report.unproved_events, 1);
	lab_release(&own);
}

static void a_missing_event_is_named(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= last; number++) {
		struct key key;
		struct bytes whole = take(number, &key);

		assert_int_equal(store_remove(lab.store, key.text, NULL), MUSTER_OK);
		lab_check(&lab, true, &findings);
		expect_only(key.text, "missing");
		assert_true(lab_findings_has(&findings, key.text, "it is missing"));
		assert_int_equal(store_create(lab.store, key.text, bytes_view(&whole), NULL),
				 MUSTER_OK);
		bytes_release(&whole);
	}
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.count, 0);
}

static void two_swapped_events_are_both_named(void **state)
{
	struct key a, b;
	struct bytes first = take(3, &a), second = take(6, &b);

	(void)state;
	lab_set(&lab, a.text, bytes_view(&second));
	lab_set(&lab, b.text, bytes_view(&first));
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.count,
			 2 + 1); /* number 3 is a save, its session misses it, too */
	assert_true(lab_findings_has(&findings, a.text, "it calls itself event 6"));
	assert_true(lab_findings_has(&findings, b.text, "it calls itself event 3"));
	lab_set(&lab, a.text, bytes_view(&first));
	lab_set(&lab, b.text, bytes_view(&second));
	bytes_release(&first);
	bytes_release(&second);
}

static void a_lost_commit_at_the_end_is_told_by_its_session(void **state)
{
	struct key key;
	struct bytes whole = take(last, &key);

	(void)state;
	assert_int_equal(store_remove(lab.store, key.text, NULL), MUSTER_OK);
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.count, 1);
	assert_true(lab_findings_has(&findings, key.text, "a commit is lost"));
	assert_int_equal(findings.report.manifest_count, 4);
	assert_int_equal(store_create(lab.store, key.text, bytes_view(&whole), NULL), MUSTER_OK);
	bytes_release(&whole);
}

static void a_lost_event_does_not_hide_the_versions_behind_it(void **state)
{
	struct key key;
	struct bytes whole = take(2, &key); /* v0 */

	(void)state;
	assert_int_equal(store_remove(lab.store, key.text, NULL), MUSTER_OK);
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.report.manifest_count, 4); /* v1 to v4 */
	assert_int_equal(store_create(lab.store, key.text, bytes_view(&whole), NULL), MUSTER_OK);
	bytes_release(&whole);
}

static void a_name_that_leads_elsewhere_is_told(void **state)
{
	struct lab other;
	struct bytes event;
	char key[512];

	(void)state;
	/* The event of another repository's "data": a sound chain of its own. */
	lab_make(&other, NULL);
	other.random_count = 100000;
	lab_save(&other, &(struct lab_version){ .name = "data", .entry_count = 1 });
	lab_key(&lab, "names/me/lab/data/", 0, key);
	event = lab_get(&other, key);
	lab_set(&lab, key, bytes_view(&event));
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.count, 1);
	assert_true(lab_findings_has(&findings, data_log.text, "no name leads here"));
	bytes_release(&event);
	lab_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_changed_byte_names_its_event),
		cmocka_unit_test(any_changed_byte_of_a_name_is_found),
		cmocka_unit_test(a_missing_event_is_named),
		cmocka_unit_test(two_swapped_events_are_both_named),
		cmocka_unit_test(a_lost_commit_at_the_end_is_told_by_its_session),
		cmocka_unit_test(a_lost_event_does_not_hide_the_versions_behind_it),
		cmocka_unit_test(a_name_that_leads_elsewhere_is_told),
		cmocka_unit_test(what_nothing_proves_is_counted),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
