/* Records of drafts: each of them, damaged, lost or of another place, is a finding. */
#include "tests/engine/check/draft_lab.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
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

/* A version, and a draft on top of it. */
static int open_lab(void **state)
{
	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 1100 });
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

enum standing { OPEN, SEALED, FINISHED, SAVED, DROPPED };

static void bring_to(enum standing standing)
{
	if (standing == SEALED)
		lab_draft_seal(&lab, &draft);
	if (standing == FINISHED)
		lab_draft_finish(&lab, &draft, 2);
	if (standing == SAVED)
		lab_draft_save(&lab, &draft);
	if (standing == DROPPED)
		lab_draft_drop(&lab, &draft);
}

/* The text of a record, NUL-terminated, to be changed and put back. */
static struct bytes take_text(const char *key)
{
	struct bytes text = lab_get(&lab, key);

	MUST(bytes_append_byte(&text, 0, err));
	return text;
}

static void put_text(const char *key, struct bytes *text)
{
	lab_set(&lab, key, view_text((const char *)text->ptr));
	bytes_release(text);
}

/* What follows `before` is another digit. */
static void change_behind(const char *key, const char *before)
{
	struct bytes text = take_text(key);
	char *at = strstr((char *)text.ptr, before);

	assert_non_null(at);
	at += strlen(before);
	*at = *at == '1' ? '2' : '1';
	put_text(key, &text);
}

static void cut(const char *key)
{
	struct bytes text = take_text(key);

	text.ptr[text.len / 2] = '\0';
	put_text(key, &text);
}

static void lose(const char *key)
{
	MUST(store_remove(lab.store, key, err));
}

static void be_of_another_draft(const char *key)
{
	change_behind(key, "\"draft\": \"");
}

static void be_of_another_time(const char *key)
{
	change_behind(key, "\"time\": \"20");
}

static void be_another_version(const char *key)
{
	change_behind(key, "\"version_id\": \"");
}

static void be_a_plan(const char *key)
{
	struct bytes plan = lab_get(&lab, draft.plan.text);

	lab_set(&lab, key, bytes_view(&plan));
	bytes_release(&plan);
}

static void be_the_first_part(const char *key)
{
	struct bytes part = lab_get(&lab, draft.parts[0].text);

	lab_set(&lab, key, bytes_view(&part));
	bytes_release(&part);
}

static void name_no_version(const char *key)
{
	struct bytes text = take_text(key);
	char *at = strstr((char *)text.ptr, "\"version_id\"");
	char *next = strstr(at, "\"parts\"");

	memmove(at, next, strlen(next) + 1);
	put_text(key, &text);
}

static void be_out_of_order(const char *key)
{
	struct bytes text = take_text(key);
	char *first = strstr((char *)text.ptr, "000001"), *second = strstr(first, "000002");

	first[5] = '2';
	second[5] = '1';
	put_text(key, &text);
}

static const struct damage_case {
	const char *name;
	enum standing standing;
	void (*damage)(const char *key);
	const char *record, *text;
} damage_cases[] = {
	{ "no plan", OPEN, lose, "plan", "is of this draft" },
	{ "half a plan", OPEN, cut, "plan", "" },
	{ "another's plan", OPEN, be_of_another_draft, "plan", "another place" },
	{ "half a part", OPEN, cut, "parts/000001", "" },
	{ "another's part", OPEN, be_of_another_draft, "parts/000001", "another place" },
	{ "another part", OPEN, be_the_first_part, "parts/000002", "another place" },
	{ "a plan for a part", OPEN, be_a_plan, "parts/000001", "another place" },
	{ "half a seal", SEALED, cut, "seal", "" },
	{ "a plan for a seal", SEALED, be_a_plan, "seal", "another place" },
	{ "no seal, finished", FINISHED, lose, "seal", "comes after it" },
	{ "no seal, dropped", DROPPED, lose, "seal", "comes after it" },
	{ "no first part", FINISHED, lose, "parts/000001", "names it" },
	{ "no last part", FINISHED, lose, "parts/000002", "names it" },
	{ "no part, saved", SAVED, lose, "parts/000002", "names it" },
	{ "a part that changed", FINISHED, be_of_another_time, "parts/000001", "has changed" },
	{ "half a final", FINISHED, cut, "final", "" },
	{ "another's final", FINISHED, be_of_another_draft, "final", "another place" },
	{ "a plan for a final", FINISHED, be_a_plan, "final", "another place" },
	{ "a final of nothing", FINISHED, name_no_version, "final", "names no version" },
	{ "parts in no order", FINISHED, be_out_of_order, "final", "in the order of their keys" },
	{ "no final, saved", SAVED, lose, "final", "has saved the draft" },
	{ "a final of another", SAVED, be_another_version, "final", "names another version" },
};

static void each_record_that_is_damaged_is_found(void **state)
{
	for (size_t i = 0; i < sizeof(damage_cases) / sizeof(damage_cases[0]); i++) {
		const struct damage_case *damage = &damage_cases[i];
		struct key key;

		print_message("  %s\n", damage->name);
		open_lab(state);
		bring_to(damage->standing);
		expect_sound();
		key_draft(&key, draft.id, damage->record);
		damage->damage(key.text);
		expect(1, key.text, damage->text);
		close_lab(state);
	}
}

/* A newer program's: as little is known of what it says as of what it means. */
static void a_kind_that_is_not_known_is_no_finding(void **state)
{
	static const char *const records[] = { "plan", "parts/000001", "parts/000002", "seal",
					       "final" };

	(void)state;
	lab_draft_finish(&lab, &draft, 2);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct bytes before, text;
		struct key key;
		char *at;

		key_draft(&key, draft.id, records[i]);
		before = lab_get(&lab, key.text);
		text = take_text(key.text);
		at = strstr((char *)text.ptr, "\"kind\": \"");
		assert_non_null(at);
		at[strlen("\"kind\": \"")] = 'x';
		put_text(key.text, &text);
		expect_sound();
		lab_set(&lab, key.text, bytes_view(&before));
		bytes_release(&before);
	}
}

static void strange_keys_are_none_of_ours(void **state)
{
	static const char *const keys[] = { "drafts/x", "drafts/zz/plan.json",
					    "drafts/00112233445566778899aabbccddeeff/other.json",
					    "drafts/00112233445566778899aabbccddeeff/plan.txt" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		MUST(store_create(lab.store, keys[i], VIEW_LITERAL("x"), err));
	expect_sound();
	assert_int_equal(findings.report.draft_count, 1);
}

static void every_flipped_byte_is_found_or_harmless(void **state)
{
	const char *const keys[] = { draft.plan.text, draft.parts[0].text, draft.seal.text,
				     draft.final.text };

	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 5 });
	lab_draft_new(&lab, &draft);
	lab_draft_add(&lab, &draft, "a", "text");
	lab_draft_finish(&lab, &draft, 1);
	expect_sound();
	lab_flip_each(&lab, keys, sizeof(keys) / sizeof(keys[0]));
	lab_release(&lab);
}

#define IN_A_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_that_is_damaged_is_found),
		IN_A_LAB(a_kind_that_is_not_known_is_no_finding),
		IN_A_LAB(strange_keys_are_none_of_ours),
		cmocka_unit_test(every_flipped_byte_is_found_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
