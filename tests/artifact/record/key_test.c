#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/key.h"
#include "tests/support/torture.h"

static const struct object_id sample_id = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
					      0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff },
					    7 };

static void components_are_escaped(void **state)
{
	static const struct {
		const char *text, *component;
	} cases[] = {
		{ "plain-Name_1.2", "plain-Name_1.2" },
		{ ".", "%2E" },
		{ "..", "%2E." },
		{ ".tmp", "%2Etmp" },
		{ "a.tmp", "a.tmp" },
		{ "", "%" },
		{ "%", "%25" },
		{ "~", "%7E" },
		{ "a/b", "a%2Fb" },
		{ "ä b", "%C3%A4%20b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char component[KEY_COMPONENT_MAX_BYTES + 1];
		struct bytes back = { 0 };

		key_component(component, view_text(cases[i].text));
		assert_string_equal(component, cases[i].component);
		assert_true(key_component_text(view_text(component), &back));
		assert_true(view_equal(bytes_view(&back), view_text(cases[i].text)));
		bytes_release(&back);
	}
}

static void other_spellings_of_a_component_are_refused(void **state)
{
	static const char *const cases[] = { "",    ".",    ".x", "%2",	 "%2e",
					     "%41", "a%2E", "%%", "a~b", "a/b" };
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(key_component_text(view_text(cases[i]), &out));
		assert_int_equal(out.len, 0);
	}
	bytes_release(&out);
}

static void long_components_are_shortened_by_their_hash(void **state)
{
	char text[300], component[KEY_COMPONENT_MAX_BYTES + 1], other[KEY_COMPONENT_MAX_BYTES + 1];
	struct bytes back = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	key_component(component, view_of(text, 200));
	assert_int_equal(strlen(component), 200);
	key_component(component, view_of(text, 201));
	assert_int_equal(strlen(component), 100 + 1 + 64);
	assert_int_equal(component[100], '~');
	assert_false(key_component_text(view_text(component), &back));
	key_component(other, view_of(text, 202));
	assert_memory_equal(component, other, 101);
	assert_string_not_equal(component, other);
	memset(text, '/', sizeof(text)); /* three bytes each */
	key_component(component, view_of(text, 67));
	assert_int_equal(strlen(component), 165);
	bytes_release(&back);
}

static void keys_are_built_and_read_back(void **state)
{
	uint8_t id[16];
	struct object_id object;
	enum object_kind kind;
	struct key key, log;
	uint64_t number;

	(void)state;
	key_object(&key, OBJECT_PACK, &sample_id);
	assert_string_equal(key.text, "packs/00112233445566778899aabbccddeeff-00000007.pack");
	assert_true(key_parse_object(key.text, OBJECT_PACK, &object));
	assert_true(object_id_equal(&object, &sample_id));
	assert_false(key_parse_object(key.text, OBJECT_INDEX, &object));
	key_object(&key, OBJECT_MANIFEST, &sample_id);
	assert_true(key_parse_any_object(key.text, &kind, &object));
	assert_int_equal(kind, OBJECT_MANIFEST);

	key_collection_log(&log, sample_id.session);
	key_event(&key, log.text, 12);
	assert_string_equal(key.text,
			    "collections/00112233445566778899aabbccddeeff/log/0000000012.json");
	assert_true(key_parse_event(key.text, log.text, &number));
	assert_int_equal(number, 12);

	key_checkpoint(&key, sample_id.session, 100);
	assert_string_equal(
		key.text,
		"collections/00112233445566778899aabbccddeeff/checkpoint/9999999899.json");
	assert_true(key_parse_checkpoint(key.text, sample_id.session, &number));
	assert_int_equal(number, 100);

	key_session(&key, sample_id.session, 3);
	assert_string_equal(key.text, "sessions/00112233445566778899aabbccddeeff/0000000003.json");
	assert_true(key_parse_session(key.text, id, &number));
	assert_memory_equal(id, sample_id.session, 16);
	assert_int_equal(number, 3);
}

static void records_of_drafts_are_told_apart(void **state)
{
	static const char *const none[] = { "drafts/", "drafts/0011223344556677/plan.json",
					    "drafts/00112233445566778899aabbccddeeff",
					    "draft/00112233445566778899aabbccddeeff/plan.json",
					    "drafts/00112233445566778899AABBCCDDEEFF/plan.json" };
	struct view rest;
	uint8_t id[16];
	struct key key;

	(void)state;
	key_draft(&key, sample_id.session, "seal");
	assert_string_equal(key.text, "drafts/00112233445566778899aabbccddeeff/seal.json");
	assert_true(key_parse_draft(key.text, id, &rest));
	assert_memory_equal(id, sample_id.session, 16);
	assert_true(view_equal(rest, VIEW_LITERAL("seal.json")));
	key_draft_part(&key, sample_id.session, view_text("node 1"));
	assert_string_equal(key.text,
			    "drafts/00112233445566778899aabbccddeeff/parts/node%201.json");
	assert_true(key_parse_draft(key.text, id, &rest));
	assert_true(view_equal(rest, VIEW_LITERAL("parts/node%201.json")));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(key_parse_draft(none[i], id, &rest));
}

static void names_have_logs(void **state)
{
	struct key log, key, back;

	(void)state;
	key_names_log(&log, view_text("me"), view_text("cats & dogs"), view_text("images"));
	assert_string_equal(log.text, "names/me/cats%20%26%20dogs/images/log");
	key_event(&key, log.text, 2);
	assert_true(key_parse_names_log(key.text, &back));
	assert_string_equal(back.text, log.text);
	key_names_prefix(&key, view_text("me"), view_text(""));
	assert_string_equal(key.text, "names/me/");
	key_names_prefix(&key, view_text("me"), view_text("p"));
	assert_string_equal(key.text, "names/me/p/");
	key_names_prefix(&key, view_text(""), view_text("p"));
	assert_string_equal(key.text, "names/");
}

static void the_longest_name_fits(void **state)
{
	char text[600];
	struct key log, key;

	(void)state;
	memset(text, '-', sizeof(text));
	key_names_log(&log, view_of(text, 200), view_of(text, 200), view_of(text, 200));
	key_event(&key, log.text, LOG_NUMBER_MAX);
	assert_int_equal(strlen(key.text), 6 + 3 * 201 + 3 + 16);
	assert_true(strlen(key.text) < sizeof(key.text));
}

static void foreign_keys_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"packs/",
		"packs/00112233445566778899aabbccddeeff-00000007.pac",
		"packs/00112233445566778899aabbccddeeff-00000007.pack.tmp",
		"packs/00112233445566778899AABBCCDDEEFF-00000007.pack",
		"gc/log/1.json",
		"gc/log/0000000000.json",
		"gc/log/00000000001.json",
		"gc/log/000000000x.json",
		"gc/log/0000000001.jso",
		"names/a/b/log/0000000001.json",
		"names/a/b/c/d/log/0000000001.json",
		"names/a/b/c/lag/0000000001.json",
		"sessions/00112233445566778899aabbccddeeff/0000000000.json",
		"sessions/00112233445566778899aabbccddeef/0000000001.json",
	};
	struct object_id object;
	enum object_kind kind;
	uint64_t number;
	uint8_t id[16];
	struct key log;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(key_parse_any_object(cases[i], &kind, &object));
		assert_false(key_parse_event(cases[i], KEY_GC_LOG, &number));
		assert_false(key_parse_names_log(cases[i], &log));
		assert_false(key_parse_session(cases[i], id, &number));
		assert_false(key_parse_checkpoint(cases[i], sample_id.session, &number));
	}
}

static void a_component_is_no_text_without_memory(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	torture_allocation(1);
	assert_false(key_component_text(VIEW_LITERAL("abc"), &out));
	torture_off();
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(components_are_escaped),
		cmocka_unit_test(records_of_drafts_are_told_apart),
		cmocka_unit_test(other_spellings_of_a_component_are_refused),
		cmocka_unit_test(long_components_are_shortened_by_their_hash),
		cmocka_unit_test(keys_are_built_and_read_back),
		cmocka_unit_test(names_have_logs),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(foreign_keys_are_refused),
		cmocka_unit_test(a_component_is_no_text_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
