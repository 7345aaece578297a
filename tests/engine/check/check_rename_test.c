/* What a check says of collections that were renamed, or are about to be, and of portfolios. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact/record/name_state.h"
#include "tests/engine/check/lab.h"

#define NEW_LOG "names/me/lab/new/log"

static struct lab lab;
static struct lab_findings findings;

static struct collection *open_named(const char *text, const char *type)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"), view_text(text) };
	struct collection *c = NULL;
	struct muster_error err = { 0 };

	if (collection_open(&c, lab.repository, &name, type, &err))
		fail_msg("%s", err.message);
	return c;
}

static void rename_data(const char *from, const char *to)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"), view_text(to) };
	struct collection *c = open_named(from, NULL);

	assert_int_equal(collection_rename(c, &name, NULL), MUSTER_OK);
	collection_close(c);
}

static int fill(void **state)
{
	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 10 });
	return 0;
}

static int empty(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

static void expect_clean(void)
{
	lab_check(&lab, false, &findings);
	if (findings.count)
		lab_findings_print(&findings);
	assert_int_equal(findings.count, 0);
}

static void renamed_collections_are_sound_and_their_ends_proved(void **state)
{
	uint64_t unproved;

	(void)state;
	expect_clean();
	unproved = findings.report.unproved_events;
	rename_data("data", "new");
	expect_clean();
	/* The old name's log ends with a release, which nothing proves; claim and rename prove each
	 * other. */
	assert_int_equal(findings.report.unproved_events, unproved + 1);
	rename_data("new", "data");
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 11 });
	lab_move_alias(&lab, "data", 103);
	expect_clean();
}

static void any_changed_byte_of_a_claim_is_found(void **state)
{
	struct bytes whole;
	struct key key;
	size_t kind;

	(void)state;
	rename_data("data", "new");
	key_event(&key, NEW_LOG, 1);
	whole = lab_get(&lab, key.text);
	kind = (size_t)((uint8_t *)memmem(whole.ptr, whole.len, "\"claim\"", 7) - whole.ptr) + 1;
	for (size_t at = 0; at < whole.len; at++) {
		if (at >= kind && at < kind + 5)
			continue; /* an event of a kind that a later version may know */
		lab_flip(&lab, key.text, at);
		lab_check(&lab, true, &findings);
		if (!findings.count)
			fail_msg("byte %zu was changed", at);
		lab_set(&lab, key.text, bytes_view(&whole));
	}
	bytes_release(&whole);
}

static void the_log_of_a_new_name_that_is_lost_is_told(void **state)
{
	struct key key;

	(void)state;
	rename_data("data", "new");
	key_event(&key, NEW_LOG, 1);
	assert_int_equal(store_remove(lab.store, key.text, NULL), MUSTER_OK);
	lab_check(&lab, true, &findings);
	assert_true(lab_findings_has(&findings, key.text, "it is missing"));
	assert_int_equal(findings.count, 1);
}

/* --- what a renamer that died leaves ---------------------------------------------------------- */

static void forget(void *state)
{
	name_state_release(state);
}

static enum muster_code fold(void *state, const struct event *event, struct muster_error *err)
{
	return name_state_apply(state, event, err);
}

static void append(const char *name, struct event *event)
{
	struct name_state state = { 0 };
	struct log_options options = { .store = lab.store,
				       .effects = &lab.effects,
				       .name = name,
				       .fold = { &state, forget, fold, NULL, NULL } };
	struct log *log = NULL;

	assert_int_equal(log_open(&log, &options, NULL), MUSTER_OK);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	assert_int_equal(log_append(log, event, NULL, NULL), MUSTER_OK);
	log_close(log);
	name_state_release(&state);
}

static void a_claim_without_its_commit_is_no_damage(void **state)
{
	struct collection *c = open_named("data", NULL);
	struct event claim = { .kind.id = EVENT_CLAIM,
			       .entity = VIEW_LITERAL("me"),
			       .project = VIEW_LITERAL("lab"),
			       .name = VIEW_LITERAL("new"),
			       .type = VIEW_LITERAL("dataset"),
			       .after = 1 };

	(void)state;
	memcpy(claim.collection_id, collection_id(c), 16);
	append(NEW_LOG, &claim);
	collection_close(c);
	expect_clean();
	/* Whoever wants the name makes it void, and takes it. */
	c = open_named("new", "model");
	assert_null(collection_latest(c));
	collection_close(c);
	c = open_named("data", NULL);
	assert_int_equal(collection_versions(c)->settled, collection_head(c));
	collection_close(c);
	expect_clean();
}

static void an_old_name_that_was_not_released_is_no_damage(void **state)
{
	struct collection *c;
	struct key key;

	(void)state;
	rename_data("data", "new");
	key_event(&key, "names/me/lab/data/log", 2);
	assert_int_equal(store_remove(lab.store, key.text, NULL), MUSTER_OK);
	expect_clean();
	c = open_named("data", "model");
	assert_null(collection_latest(c));
	collection_close(c);
	expect_clean();
}

/* --- portfolios ------------------------------------------------------------------------------- */

static void make_link(uint64_t version)
{
	struct collection *from = open_named("data", NULL), *to = open_named("chosen", "dataset");
	struct link_request request = { .from = from, .version = version };
	struct link_result result;

	assert_int_equal(collection_link(to, &request, &result, NULL), MUSTER_OK);
	collection_close(from);
	collection_close(to);
}

static void a_link_needs_what_it_links(void **state)
{
	struct collection *c;
	char pack[512], manifest[512];

	(void)state;
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 11 });
	make_link(1);
	make_link(0);
	lab_move_alias(&lab, "chosen", 103); /* and its checkpoint is right */
	expect_clean();
	c = open_named("data", NULL);
	assert_int_equal(collection_delete(c, NULL), MUSTER_OK);
	collection_close(c);
	expect_clean();
	lab_key(&lab, "packs/", 0, pack);
	lab_key(&lab, "manifests/", 0, manifest);
	assert_int_equal(store_remove(lab.store, pack, NULL), MUSTER_OK);
	lab_check(&lab, false, &findings);
	assert_true(lab_findings_has(&findings, pack, ""));
	assert_int_equal(store_remove(lab.store, manifest, NULL), MUSTER_OK);
	lab_check(&lab, false, &findings);
	assert_true(lab_findings_has(&findings, manifest, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(renamed_collections_are_sound_and_their_ends_proved,
						fill, empty),
		cmocka_unit_test_setup_teardown(any_changed_byte_of_a_claim_is_found, fill, empty),
		cmocka_unit_test_setup_teardown(the_log_of_a_new_name_that_is_lost_is_told, fill,
						empty),
		cmocka_unit_test_setup_teardown(a_claim_without_its_commit_is_no_damage, fill,
						empty),
		cmocka_unit_test_setup_teardown(an_old_name_that_was_not_released_is_no_damage,
						fill, empty),
		cmocka_unit_test_setup_teardown(a_link_needs_what_it_links, fill, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
