/* Drafts: what those that are not over need is no waste, and what they lose is told. */
#include "tests/engine/check/draft_lab.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

static struct lab lab;
static struct lab_draft draft;
static struct lab_findings findings;
static size_t object_count; /* without the draft's */

static size_t count(const char *prefix)
{
	struct lab_keys keys = lab_list(&lab, prefix);
	size_t n = keys.count;

	lab_keys_release(&keys);
	return n;
}

static size_t count_objects(void)
{
	return count("packs/") + count("leaves/") + count("manifests/");
}

/* A version, and a draft on top of it. */
static int open_lab(void **state)
{
	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 1100 });
	object_count = count_objects();
	lab_draft_fill(&lab, &draft);
	return 0;
}

static int close_lab(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

static void expect(size_t finding_count, const char *object, const char *text)
{
	lab_expect(&lab, finding_count, object, text, &findings);
}

static void expect_sound(void)
{
	expect(0, NULL, NULL);
}

/* What the draft alone has: a pack, three manifests, and leaves that did not fit into one. */
static size_t own_objects(void)
{
	size_t own = count_objects() - object_count;

	assert_true(own >= 5);
	return own;
}

/* --- what is needed -------------------------------------------------------------------------- */

static void the_parts_of_an_open_draft_are_needed(void **state)
{
	(void)state;
	own_objects();
	expect_sound();
	assert_int_equal(findings.report.draft_count, 1);
	assert_int_equal(findings.report.manifest_count, 1 + 3);
	assert_int_equal(findings.report.entry_count, 1100 + 2 + 2 + LAB_DRAFT_MANY);
	assert_int_equal(findings.report.unreferenced_objects, 0);
}

static void so_are_those_of_one_that_is_sealed(void **state)
{
	(void)state;
	lab_draft_seal(&lab, &draft);
	expect_sound();
	assert_int_equal(findings.report.unreferenced_objects, 0);
}

static void of_one_that_is_finished_those_are_that_it_names(void **state)
{
	(void)state;
	lab_draft_finish(&lab, &draft, 2);
	expect_sound();
	assert_int_equal(findings.report.unreferenced_objects, 0);
}

static void a_part_that_came_late_is_not(void **state)
{
	(void)state;
	lab_draft_finish(&lab, &draft, 1);
	expect_sound();
	assert_int_equal(findings.report.manifest_count, 1 + 2);
	assert_int_equal(findings.report.unreferenced_objects, own_objects() - 3);
}

static void nothing_is_of_one_that_was_dropped(void **state)
{
	(void)state;
	lab_draft_drop(&lab, &draft);
	expect_sound();
	assert_int_equal(findings.report.draft_count, 1);
	assert_int_equal(findings.report.unreferenced_objects, own_objects());
}

static uint64_t in_fifteen_days(void *state)
{
	(void)state;
	return effects_wall_ns(effects_system()) + (DRAFT_LIFE_MS + 24 * 3600 * 1000) * 1000000;
}

static void nothing_is_of_one_that_nobody_renewed(void **state)
{
	struct lab_keys manifests = lab_list(&lab, "manifests/");

	(void)state;
	lab.effects.wall_ns = in_fifteen_days;
	expect_sound();
	assert_int_equal(findings.report.unreferenced_objects, own_objects());
	for (size_t i = 0; i < manifests.count; i++) /* gc may have them: all but the version's */
		store_remove(lab.store, manifests.keys[i], NULL);
	lab_check(&lab, true, &findings);
	assert_int_equal(findings.count, 1);
	lab_keys_release(&manifests);
}

static void of_one_that_was_saved_what_the_version_took_over_is(void **state)
{
	size_t before = own_objects();

	(void)state;
	lab_draft_save(&lab, &draft);
	expect_sound();
	assert_int_equal(findings.report.draft_count, 1);
	assert_int_equal(findings.report.manifest_count, 2);
	assert_in_range(findings.report.unreferenced_objects, 3, before - 1); /* not its pack */
}

/* Who saved it died before the sessions ended. */
static void its_version_tells_that_it_was_saved(void **state)
{
	struct lab_keys sessions;
	uint64_t unreferenced;
	size_t removed = 0;

	(void)state;
	lab_draft_save(&lab, &draft);
	expect_sound();
	unreferenced = findings.report.unreferenced_objects;
	sessions = lab_list(&lab, "sessions/");
	for (size_t i = 0; i < sessions.count; i++) {
		struct bytes record = lab_get(&lab, sessions.keys[i]);
		struct session_record parsed;

		MUST(session_record_parse(&parsed, bytes_view(&record), err));
		if (parsed.kind.id == SESSION_END) {
			MUST(store_remove(lab.store, sessions.keys[i], err));
			removed++;
		}
		session_record_release(&parsed);
		bytes_release(&record);
	}
	lab_keys_release(&sessions);
	assert_true(removed >= 4); /* of two puts, the plan and two parts; one had no objects */
	expect_sound();
	assert_int_equal(findings.report.unreferenced_objects, unreferenced);
}

/* --- what is lost ---------------------------------------------------------------------------- */

static struct draft_record read_part(size_t n)
{
	struct bytes bytes = lab_get(&lab, draft.parts[n].text);
	struct draft_record part;

	MUST(draft_record_parse(&part, bytes_view(&bytes), err));
	bytes_release(&bytes);
	return part;
}

/* "part 000001 of draft 3b5a949a" and what follows it. */
static const char *with_part(size_t n, const char *rest)
{
	static char text[256];

	snprintf(text, sizeof(text), "part 00000%zu of draft %.8s%s", n + 1,
		 draft.plan.text + strlen(KEY_DRAFTS_PREFIX), rest);
	return text;
}

static void a_manifest_that_is_lost_names_draft_and_part(void **state)
{
	struct draft_record part = read_part(0);
	struct key added, removed;
	struct bytes bytes;

	(void)state;
	key_object(&added, OBJECT_MANIFEST, &part.added.id);
	key_object(&removed, OBJECT_MANIFEST, &part.removed.id);
	draft_record_release(&part);
	MUST(store_remove(lab.store, removed.text, err));
	expect(1, removed.text, with_part(0, " needs it: it is missing"));
	bytes = lab_get(&lab, added.text);
	lab_flip(&lab, added.text, bytes.len - 64 - 8); /* in its footer */
	bytes_release(&bytes);
	expect(2, added.text, with_part(0, " needs it: its footer has another SHA-256"));
}

/* Those of its second part are in an object of their own. */
static void the_key_of_its_leaves(char key[512])
{
	struct lab_keys leaves = lab_list(&lab, "leaves/");
	struct draft_record part = read_part(1);
	struct object_id id;
	size_t found = 0;

	for (size_t i = 0; i < leaves.count; i++) {
		assert_true(key_parse_object(leaves.keys[i], OBJECT_LEAVES, &id));
		if (memcmp(id.session, part.session, 16) == 0 && ++found)
			memcpy(key, leaves.keys[i], 512);
	}
	assert_int_equal(found, 1);
	draft_record_release(&part);
	lab_keys_release(&leaves);
}

static void leaves_that_are_lost_or_damaged_name_draft_and_part(void **state)
{
	char leaves[512];

	(void)state;
	the_key_of_its_leaves(leaves);
	lab_flip(&lab, leaves, 40);
	expect(1, leaves, with_part(1, " needs it: the leaf at 16"));
	MUST(store_remove(lab.store, leaves, err));
	expect(1, leaves, with_part(1, " needs it: it is missing"));
}

static void blobs_that_are_lost_name_draft_and_part(void **state)
{
	struct lab_keys packs = lab_list(&lab, "packs/");
	struct draft_record part = read_part(0);
	struct object_id id;

	(void)state;
	for (size_t i = 0; i < packs.count; i++) {
		assert_true(key_parse_object(packs.keys[i], OBJECT_PACK, &id));
		if (memcmp(id.session, part.session, 16) != 0)
			continue;
		MUST(store_remove(lab.store, packs.keys[i], err));
		expect(2, packs.keys[i], with_part(0, " needs some of them")); /* and its index */
	}
	assert_int_equal(count("packs/"), packs.count - 1);
	draft_record_release(&part);
	lab_keys_release(&packs);
}

#define IN_A_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_LAB(the_parts_of_an_open_draft_are_needed),
		IN_A_LAB(so_are_those_of_one_that_is_sealed),
		IN_A_LAB(of_one_that_is_finished_those_are_that_it_names),
		IN_A_LAB(a_part_that_came_late_is_not),
		IN_A_LAB(nothing_is_of_one_that_was_dropped),
		IN_A_LAB(nothing_is_of_one_that_nobody_renewed),
		IN_A_LAB(of_one_that_was_saved_what_the_version_took_over_is),
		IN_A_LAB(its_version_tells_that_it_was_saved),
		IN_A_LAB(a_manifest_that_is_lost_names_draft_and_part),
		IN_A_LAB(leaves_that_are_lost_or_damaged_name_draft_and_part),
		IN_A_LAB(blobs_that_are_lost_name_draft_and_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
