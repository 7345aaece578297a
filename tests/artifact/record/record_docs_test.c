/* The examples in docs/formats are what this program writes, and their chains hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/collection_state.h"
#include "artifact/record/draft_record.h"
#include "artifact/record/run_record.h"
#include "artifact/record/session_record.h"

static const char *docs_dir;

/* One example: "`<key>`, SHA-256 `<hex>`:", an empty line, "```json", the bytes, "```". */
struct example {
	struct view key, sha256, bytes;
};

static struct bytes read_doc(const char *name)
{
	struct bytes text = { 0 };
	char path[4096];
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "%s/%s", docs_dir, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(bytes_reserve(&text, 1u << 20, NULL), MUSTER_OK);
	got = fread(text.ptr, 1, (1u << 20) - 1, file);
	fclose(file);
	text.ptr[got] = '\0';
	text.len = got;
	return text;
}

static struct view between(const char **at, const char *begin, const char *end)
{
	const char *from = strstr(*at, begin), *to;

	if (!from)
		return (struct view){ 0 };
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	*at = to + strlen(end);
	return view_of(from, (size_t)(to - from));
}

static bool next_example(const char **at, struct example *out)
{
	const char *sha256 = strstr(*at, "`, SHA-256 `"), *key = sha256;

	if (!sha256)
		return false;
	while (key[-1] != '`')
		key--;
	out->key = view_of(key, (size_t)(sha256 - key));
	*at = sha256;
	out->sha256 = between(at, "SHA-256 `", "`:\n\n");
	out->bytes = between(at, "```json\n", "```");
	return true;
}

static void check_sha256(const struct example *example, char hex[65])
{
	uint8_t sha256[32];

	sha256_of(example->bytes, sha256);
	hex_put(hex, sha256, 32);
	assert_true(view_equal(example->sha256, view_text(hex)));
}

static void check_event(const struct example *example, char previous[65])
{
	struct event event;
	struct bytes again = { 0 };
	struct muster_error err = { 0 };
	char hex[65], key[KEY_MAX_BYTES];
	struct key expected;

	if (event_parse(&event, example->bytes, &err))
		fail_msg("%.*s: %s", VIEW_ARGS(example->key), err.message);
	assert_true(event.is_understood);
	assert_int_equal(event_encode(&event, &again, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&again), example->bytes));
	if (event.number > 1) {
		hex_put(hex, event.previous, 32);
		assert_string_equal(hex, previous);
	}
	snprintf(key, sizeof(key), "%.*s", VIEW_ARGS(example->key));
	*strrchr(key, '/') = '\0';
	key_event(&expected, key, event.number);
	assert_true(view_equal(view_text(expected.text), example->key));
	check_sha256(example, previous);
	bytes_release(&again);
	event_release(&event);
}

static void the_documented_events_are_a_chain(void **state)
{
	struct bytes doc = read_doc("events.md");
	const char *at = (const char *)doc.ptr;
	struct example example;
	char previous[65] = "";
	unsigned count = 0;

	(void)state;
	for (; next_example(&at, &example); count++)
		check_event(&example, previous);
	assert_int_equal(count, 9);
	bytes_release(&doc);
}

static void the_documented_checkpoint_is_of_the_documented_events(void **state)
{
	struct bytes doc = read_doc("events.md"), again = { 0 };
	const char *at = (const char *)doc.ptr;
	struct collection_state folded = { 0 }, parsed = { 0 };
	struct example example;
	uint8_t sha256[32], last[32];
	struct view text;
	uint64_t number;

	(void)state;
	while (next_example(&at, &example)) {
		struct event event;

		assert_int_equal(event_parse(&event, example.bytes, NULL), MUSTER_OK);
		if (view_starts_with(example.key, VIEW_LITERAL("collections/"))) {
			assert_int_equal(collection_state_apply(&folded, &event, NULL), MUSTER_OK);
			number = event.number;
			sha256_of(example.bytes, last);
		}
		event_release(&event);
	}
	text = between(&at, "```json\n", "```");
	assert_int_equal(checkpoint_encode(&folded, number, last, &again, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&again), text));
	assert_int_equal(checkpoint_parse(&parsed, &number, sha256, text, NULL), MUSTER_OK);
	assert_memory_equal(sha256, last, 32);
	collection_state_release(&folded);
	collection_state_release(&parsed);
	bytes_release(&again);
	bytes_release(&doc);
}

static void the_documented_draft_is_one(void **state)
{
	struct bytes doc = read_doc("drafts.md");
	const char *at = (const char *)doc.ptr;
	struct example example;
	unsigned kinds = 0;

	(void)state;
	while (next_example(&at, &example)) {
		struct draft_record record;
		struct bytes again = { 0 };
		struct muster_error err = { 0 };
		char hex[65];
		struct key key;

		if (draft_record_parse(&record, example.bytes, &err))
			fail_msg("%.*s: %s", VIEW_ARGS(example.key), err.message);
		kinds |= 1u << record.kind.id;
		if (record.kind.id == DRAFT_PART)
			key_draft_part(&key, record.draft, record.shard);
		else
			key_draft(&key, record.draft,
				  record.kind.id == DRAFT_PLAN	 ? "plan"
				  : record.kind.id == DRAFT_SEAL ? "seal"
								 : "final");
		assert_true(view_equal(view_text(key.text), example.key));
		assert_int_equal(draft_record_encode(&record, &again, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&again), example.bytes));
		check_sha256(&example, hex);
		bytes_release(&again);
		draft_record_release(&record);
	}
	assert_int_equal(kinds, 1u << DRAFT_PLAN | 1u << DRAFT_PART | 1u << DRAFT_SEAL |
					1u << DRAFT_FINAL);
	bytes_release(&doc);
}

static void the_documented_session_is_one(void **state)
{
	struct bytes doc = read_doc("sessions.md");
	const char *at = (const char *)doc.ptr;
	struct example example;
	uint64_t count = 0;

	(void)state;
	while (next_example(&at, &example)) {
		struct session_record record;
		struct bytes again = { 0 };
		char hex[65];
		struct key key;

		assert_int_equal(session_record_parse(&record, example.bytes, NULL), MUSTER_OK);
		assert_int_equal(record.number, ++count);
		assert_int_equal(record.kind.id, count);
		key_session(&key, record.session, record.number);
		assert_true(view_equal(view_text(key.text), example.key));
		assert_int_equal(session_record_encode(&record, &again, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&again), example.bytes));
		check_sha256(&example, hex);
		bytes_release(&again);
		session_record_release(&record);
	}
	assert_int_equal(count, 3);
	bytes_release(&doc);
}

static void check_run_key(const struct run_record *record, const struct example *example)
{
	struct run_id run;
	struct key key;

	assert_true(run_id_parse(record->run, &run));
	if (record->kind.id == RUN_START)
		key_run(&key, &run);
	else if (record->number)
		key_run_note(&key, &run, record->number);
	else if (view_starts_with(example->key, VIEW_LITERAL(KEY_USES_PREFIX)))
		key_use(&key, record->version_id, &run);
	else
		key_run_version(&key, &run,
				record->kind.id == RUN_USE ? LINEAGE_USED : LINEAGE_LOGGED,
				record->version_id);
	assert_true(view_equal(view_text(key.text), example->key));
}

static void the_documented_run_is_one(void **state)
{
	struct bytes doc = read_doc("runs.md");
	const char *at = (const char *)doc.ptr;
	struct example example;
	unsigned count = 0, kinds = 0;

	(void)state;
	for (; next_example(&at, &example); count++) {
		struct run_record record;
		struct bytes again = { 0 };
		struct muster_error err = { 0 };
		char hex[65];

		if (run_record_parse(&record, example.bytes, &err))
			fail_msg("%.*s: %s", VIEW_ARGS(example.key), err.message);
		kinds |= 1u << record.kind.id;
		check_run_key(&record, &example);
		assert_int_equal(run_record_encode(&record, &again, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&again), example.bytes));
		check_sha256(&example, hex);
		bytes_release(&again);
		run_record_release(&record);
	}
	assert_int_equal(count, 6);
	assert_int_equal(kinds, (1u << RUN_KINDS) - 2); /* each but the unknown one */
	bytes_release(&doc);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_events_are_a_chain),
		cmocka_unit_test(the_documented_checkpoint_is_of_the_documented_events),
		cmocka_unit_test(the_documented_session_is_one),
		cmocka_unit_test(the_documented_draft_is_one),
		cmocka_unit_test(the_documented_run_is_one),
	};

	if (argc != 2)
		return 2;
	docs_dir = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
