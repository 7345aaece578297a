#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

#define COMMON                                                                                     \
	"{\"muster\":\"event 1\",\"n\":1,\"id\":\"000102030405060708090a0b0c0d0e0f\","             \
	"\"time\":\"2026-01-01T00:00:00.123Z\",\"kind\":"
#define CLOSE COMMON "\"close\""

static void every_kind_survives_a_round_trip(void **state)
{
	(void)state;
	for (unsigned kind = EVENT_CREATE; kind < EVENT_KINDS; kind++) {
		for (uint64_t number = 1; number <= 2; number++) {
			struct event event = sample_event(kind, number), back;
			struct bytes first = { 0 }, second = { 0 };
			struct muster_error err = { 0 };

			assert_int_equal(event_encode(&event, &first, &err), MUSTER_OK);
			assert_true(view_starts_with(
				bytes_view(&first),
				VIEW_LITERAL("{\"muster\": \"event 1\", \"n\": ")));
			assert_int_equal(first.ptr[first.len - 1], '\n');
			if (event_parse(&back, bytes_view(&first), &err))
				fail_msg("%s: %s", event_kind_name(kind), err.message);
			assert_int_equal(back.kind.id, kind);
			assert_true(back.is_understood);
			assert_int_equal(event_encode(&back, &second, &err), MUSTER_OK);
			assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
			event_release(&back);
			bytes_release(&first);
			bytes_release(&second);
		}
	}
}

static void a_save_keeps_what_it_was_given(void **state)
{
	struct event event = sample_event(EVENT_SAVE, 2), back;
	struct bytes text = { 0 };

	(void)state;
	event.base.is_named = true;
	sample_fill(event.base.id, 16, 3);
	assert_int_equal(event_encode(&event, &text, NULL), MUSTER_OK);
	assert_int_equal(event_parse(&back, bytes_view(&text), NULL), MUSTER_OK);
	assert_memory_equal(back.id, event.id, 16);
	assert_memory_equal(back.previous, event.previous, 32);
	assert_memory_equal(back.session, event.session, 16);
	assert_int_equal(back.time_ms, event.time_ms);
	assert_memory_equal(&back.manifest, &event.manifest, sizeof(event.manifest));
	assert_true(back.base.is_named);
	assert_memory_equal(back.base.id, event.base.id, 16);
	assert_true(view_equal(back.description, event.description));
	assert_true(view_equal(back.metadata, event.metadata));
	assert_int_equal(back.aliases.count, 2);
	assert_true(view_equal(back.aliases.items[0], VIEW_LITERAL("prod")));
	assert_int_equal(back.ttl_days, 14);
	assert_true(view_equal(back.run, event.run));
	event_release(&back);
	bytes_release(&text);
}

static void who_made_it_is_told_where_it_stops_nobody(void **state)
{
	static const struct {
		enum event_kind kind;
		bool must_understand, may_say, is_kept;
	} cases[] = {
		{ EVENT_ALIAS, false, true, true },    { EVENT_SAVE, false, true, true },
		{ EVENT_LINK, false, true, true },     { EVENT_TTL, true, false, true },
		{ EVENT_CREATE, false, false, false }, { EVENT_NAME, false, false, false },
		{ EVENT_OPEN, false, false, false },   { EVENT_CLAIM, false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event = sample_event(cases[i].kind, 2), back;
		struct bytes text = { 0 };

		event.must_understand = cases[i].must_understand;
		event.by = VIEW_LITERAL("ana@host");
		assert_int_equal(event_may_say_by(&event), cases[i].may_say);
		assert_int_equal(event_encode(&event, &text, NULL), MUSTER_OK);
		assert_int_equal(event_parse(&back, bytes_view(&text), NULL), MUSTER_OK);
		assert_int_equal(back.by.len, cases[i].is_kept ? 8 : 0);
		event_release(&back);
		bytes_release(&text);
	}
}

static void expectations_are_told_apart(void **state)
{
	static const struct expected cases[] = { { EXPECT_ANY, 0 },
						 { EXPECT_NONE, 0 },
						 { EXPECT_VERSION, 0 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct event event = sample_event(EVENT_ALIAS, 2), back;
		struct bytes text = { 0 };

		event.expected = cases[i];
		assert_int_equal(event_encode(&event, &text, NULL), MUSTER_OK);
		assert_int_equal(event_parse(&back, bytes_view(&text), NULL), MUSTER_OK);
		assert_int_equal(back.expected.what, cases[i].what);
		event_release(&back);
		bytes_release(&text);
	}
}

static void what_is_not_known_is_kept_readable(void **state)
{
	static const struct {
		const char *text;
		unsigned kind;
		bool is_understood;
	} cases[] = {
		{ CLOSE "}", EVENT_CLOSE, true },
		{ CLOSE ",\"must_understand\":true}", EVENT_CLOSE, true },
		{ CLOSE ",\"later\":[{\"a\":1},2]}", EVENT_CLOSE, true },
		{ CLOSE ",\"later\":1,\"must_understand\":true}", EVENT_CLOSE, false },
		{ COMMON "\"later\",\"to\":\"x\"}", EVENT_UNKNOWN, false },
		{ COMMON "\"unknown\"}", EVENT_UNKNOWN, false },
		{ COMMON "\"later\",\"must_understand\":true}", EVENT_UNKNOWN, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event;
		struct muster_error err = { 0 };

		if (event_parse(&event, view_text(cases[i].text), &err))
			fail_msg("%s: %s", cases[i].text, err.message);
		assert_int_equal(event.kind.id, cases[i].kind);
		assert_int_equal(event.is_understood, cases[i].is_understood);
		assert_true(event.kind.text.len > 0);
		event_release(&event);
	}
}

static void bad_events_name_the_reason(void **state)
{
	static const struct {
		const char *text;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "", MUSTER_E_FORMAT, "" },
		{ "[]", MUSTER_E_FORMAT, "object" },
		{ "{}", MUSTER_E_FORMAT, "muster" },
		{ "{\"n\":1,\"muster\":\"event 1\"}", MUSTER_E_FORMAT, "muster" },
		{ "{\"muster\":\"session 1\"}", MUSTER_E_FORMAT, "no event" },
		{ "{\"muster\":\"event 2\"}", MUSTER_E_UNSUPPORTED, "event 2" },
		{ "{\"muster\":\"event 11\"}", MUSTER_E_UNSUPPORTED, "event 11" },
		{ "{\"muster\":\"event 1\"}", MUSTER_E_FORMAT, "'n' is missing" },
		{ CLOSE "", MUSTER_E_FORMAT, "" },
		{ CLOSE "}x", MUSTER_E_FORMAT, "" },
		{ CLOSE "}{}", MUSTER_E_FORMAT, "" },
		{ CLOSE ",\"n\":1}", MUSTER_E_FORMAT, "twice" },
		{ CLOSE ",\"session\":\"00\"}", MUSTER_E_FORMAT, "32 hex" },
		{ CLOSE ",\"session\":\"000102030405060708090A0B0C0D0E0F\"}", MUSTER_E_FORMAT,
		  "32 hex" },
		{ CLOSE ",\"must_understand\":1}", MUSTER_E_FORMAT, "true or false" },
		{ CLOSE ",\"previous\":"
			"\"1111111111111111111111111111111111111111111111111111111111111111\"}",
		  MUSTER_E_FORMAT, "previous" },
		{ "{\"muster\":\"event 1\",\"n\":0}", MUSTER_E_FORMAT, "missing" },
		{ "{\"muster\":\"event 1\",\"n\":10000000000}", MUSTER_E_LIMIT, "over 9999999999" },
		{ "{\"muster\":\"event 1\",\"n\":-1}", MUSTER_E_FORMAT, "'n'" },
		{ "{\"muster\":\"event 1\",\"n\":\"1\"}", MUSTER_E_FORMAT, "number" },
		{ "{\"muster\":\"event 1\",\"time\":\"now\"}", MUSTER_E_FORMAT, "a time" },
		{ "{\"muster\":\"event 1\",\"time\":12}", MUSTER_E_FORMAT, "a time" },
		{ COMMON "\"alias\",\"version\":1,\"action\":\"move\"}", MUSTER_E_FORMAT,
		  "known words" },
		{ COMMON "\"alias\",\"version\":1048576}", MUSTER_E_LIMIT, "version" },
		{ COMMON "\"alias\",\"version\":1,\"action\":\"add\"}", MUSTER_E_FORMAT,
		  "'alias' is missing" },
		{ COMMON "\"metadata\",\"version\":1,\"metadata\":[]}", MUSTER_E_FORMAT,
		  "an object" },
		{ COMMON "\"metadata\",\"version\":1,\"metadata\":{\"a\":[}", MUSTER_E_FORMAT, "" },
		{ COMMON "\"condemn\",\"heads\":[1]}", MUSTER_E_FORMAT, "a text" },
		{ COMMON "\"condemn\",\"heads\":{}}", MUSTER_E_FORMAT, "a list" },
		{ COMMON "\"save\",\"manifest\":{\"id\":\"x\"}}", MUSTER_E_FORMAT,
		  "id of an object" },
		{ COMMON "\"save\",\"manifest\":{}}", MUSTER_E_FORMAT,
		  "'manifest': member 'id' is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event;
		struct muster_error err = { 0 };
		enum muster_code code = event_parse(&event, view_text(cases[i].text), &err);

		if (code != cases[i].code || !strstr(err.message, cases[i].reason))
			fail_msg("%s: %d %s", cases[i].text, code, err.message);
	}
}

static void too_long_texts_meet_their_maximum(void **state)
{
	struct event event = sample_event(EVENT_DESCRIBE, 1), back;
	struct muster_error err = { 0 };
	struct bytes text = { 0 };
	char *description = malloc(EVENT_MAX_BYTES);
	struct texts many = { calloc(3000, sizeof(struct view)), 3000 };

	(void)state;
	memset(description, 'd', EVENT_MAX_BYTES);
	event.description = view_of(description, EVENT_DESCRIPTION_MAX_BYTES);
	assert_int_equal(event_encode(&event, &text, &err), MUSTER_OK);
	assert_int_equal(event_parse(&back, bytes_view(&text), &err), MUSTER_OK);
	event_release(&back);
	text.len = 0;
	event.description.len++;
	assert_int_equal(event_encode(&event, &text, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "description"));
	assert_int_equal(text.len, 0);
	event.description.len = 1;
	event.version = COLLECTION_VERSIONS_MAX;
	assert_int_equal(event_encode(&event, &text, &err), MUSTER_E_LIMIT);
	event = sample_event(EVENT_CONDEMN, 1);
	event.objects = many;
	for (size_t i = 0; i < many.count; i++)
		many.items[i] = view_of(description, KEY_MAX_BYTES);
	assert_int_equal(event_encode(&event, &text, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "'event' of"));
	assert_int_equal(text.len, 0);
	free(many.items);
	bytes_release(&text);
	free(description);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct event event = sample_event(EVENT_SAVE, 2);
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct bytes text = { 0 };
		struct event back;
		enum muster_code code;

		torture_allocation(n);
		code = event_encode(&event, &text, NULL);
		if (!code) {
			code = event_parse(&back, bytes_view(&text), NULL);
			if (!code)
				event_release(&back);
		}
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		bytes_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_survives_a_round_trip),
		cmocka_unit_test(a_save_keeps_what_it_was_given),
		cmocka_unit_test(who_made_it_is_told_where_it_stops_nobody),
		cmocka_unit_test(expectations_are_told_apart),
		cmocka_unit_test(what_is_not_known_is_kept_readable),
		cmocka_unit_test(bad_events_name_the_reason),
		cmocka_unit_test(too_long_texts_meet_their_maximum),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
