#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/collection_state.h"
#include "tests/artifact/record/folding.h"
#include "tests/support/torture.h"

#define HISTORY_EVENTS 300

static const uint8_t some_sha256[32] = { 1, 2, 3 };

/* A log whose every event can follow the one before, made from a seed. */
struct history {
	struct event events[HISTORY_EVENTS];
	struct view lists[HISTORY_EVENTS][2];
	char names[HISTORY_EVENTS][16];
	size_t count;
	uint64_t next;
	bool is_portfolio;
	bool is_live[HISTORY_EVENTS];
};

static uint64_t pick(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

static uint64_t pick_live(const struct history *h, uint64_t *seed)
{
	uint64_t at = h->next ? pick(seed, h->next) : 0;

	for (uint64_t i = 0; i < h->next; i++, at = (at + 1) % h->next)
		if (h->is_live[at])
			return at;
	return VERSION_NONE;
}

static void history_add_save(struct history *h, struct event *event, uint64_t *seed)
{
	struct view *list = h->lists[h->count];
	char *name = h->names[h->count];

	snprintf(name, sizeof(h->names[0]), "a%u", (unsigned)pick(seed, 12));
	list[0] = view_text(name);
	list[1] = VIEW_LITERAL("latest");
	event->aliases = (struct texts){ list, pick(seed, 3) };
	event->tags = (struct texts){ list, pick(seed, 2) };
	if (pick(seed, 2))
		event->metadata = (struct view){ 0 };
	if (pick(seed, 2))
		event->description = (struct view){ 0 };
	event->version = h->next;
	h->is_live[h->next++] = true;
}

static void history_add(struct history *h, uint64_t *seed)
{
	static const enum event_kind kinds[] = { EVENT_SAVE,
						 EVENT_SAVE,
						 EVENT_SAVE,
						 EVENT_ALIAS,
						 EVENT_TAG,
						 EVENT_DESCRIBE,
						 EVENT_TTL,
						 EVENT_METADATA,
						 EVENT_DELETE,
						 EVENT_DESCRIBE_COLLECTION,
						 EVENT_TAG_COLLECTION,
						 EVENT_RENAME,
						 EVENT_STAY };
	uint64_t number = h->count + 1, version = pick_live(h, seed);
	enum event_kind kind = kinds[pick(seed, sizeof(kinds) / sizeof(kinds[0]))];
	struct event event;

	if (version == VERSION_NONE)
		kind = EVENT_SAVE;
	if (kind == EVENT_SAVE && h->is_portfolio)
		kind = EVENT_LINK;
	if (number == 1)
		kind = EVENT_OPEN;
	event = sample_event(kind, number);
	event.is_understood = true;
	event.version = version;
	event.action = (unsigned)pick(seed, 2);
	event.ttl_days = pick(seed, 3);
	event.ttl_disabled = !event.ttl_days && !pick(seed, 8);
	event.sets_default = !pick(seed, 8);
	event.default_ttl_days = pick(seed, 3);
	snprintf(h->names[h->count], sizeof(h->names[0]), "a%u", (unsigned)pick(seed, 12));
	event.alias = event.tag = event.name = view_text(h->names[h->count]);
	if (kind == EVENT_SAVE || kind == EVENT_LINK)
		history_add_save(h, &event, seed);
	if (kind == EVENT_DELETE)
		h->is_live[version] = false;
	h->events[h->count++] = event;
}

static struct history *history_new(uint64_t seed)
{
	struct history *h = calloc(1, sizeof(*h));

	h->is_portfolio = seed % 2;
	while (h->count < HISTORY_EVENTS)
		history_add(h, &seed);
	return h;
}

static void fold(struct collection_state *state, const struct history *h, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct muster_error err = { 0 };

		if (collection_state_apply(state, &h->events[i], &err))
			fail_msg("event %zu: %s", i + 1, err.message);
	}
}

static void a_checkpoint_is_its_fold(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct history *h = history_new(seed);
		struct collection_state whole = { 0 };
		struct bytes expected = { 0 };

		fold(&whole, h, 0, h->count);
		assert_int_equal(checkpoint_encode(&whole, h->count, some_sha256, &expected, NULL),
				 MUSTER_OK);
		for (size_t k = 1; k <= h->count; k += 1 + k / 4) {
			struct collection_state part = { 0 }, rest = { 0 };
			struct bytes middle = { 0 }, end = { 0 };
			struct muster_error err = { 0 };
			uint8_t sha256[32];
			uint64_t number;

			fold(&part, h, 0, k);
			assert_int_equal(checkpoint_encode(&part, k, some_sha256, &middle, NULL),
					 MUSTER_OK);
			if (checkpoint_parse(&rest, &number, sha256, bytes_view(&middle), &err))
				fail_msg("seed %d, checkpoint %zu: %s", (int)seed, k, err.message);
			assert_int_equal(number, k);
			assert_memory_equal(sha256, some_sha256, 32);
			fold(&rest, h, k, h->count);
			assert_int_equal(
				checkpoint_encode(&rest, h->count, some_sha256, &end, NULL),
				MUSTER_OK);
			assert_true(view_equal(bytes_view(&end), bytes_view(&expected)));
			bytes_release(&middle);
			bytes_release(&end);
			collection_state_release(&part);
			collection_state_release(&rest);
		}
		bytes_release(&expected);
		collection_state_release(&whole);
		free(h);
	}
}

static void latest_moves_by_itself(void **state)
{
	struct collection_state s = open_state();

	(void)state;
	assert_null(collection_state_latest(&s));
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_SAVE, 1, NULL), MUSTER_OK);
	assert_int_equal(collection_state_resolve(&s, VIEW_LITERAL("latest"))->number, 1);
	assert_int_equal(collection_state_resolve(&s, VIEW_LITERAL("prod"))->number, 1);
	assert_int_equal(apply(&s, EVENT_DELETE, 1, NULL), MUSTER_OK);
	assert_int_equal(collection_state_resolve(&s, VIEW_LITERAL("latest"))->number, 0);
	assert_null(collection_state_resolve(&s, VIEW_LITERAL("prod")));
	assert_null(collection_state_resolve(&s, VIEW_LITERAL("v1")));
	assert_null(collection_state_resolve(&s, VIEW_LITERAL("v2")));
	assert_int_equal(collection_state_resolve(&s, VIEW_LITERAL("v0"))->number, 0);
	assert_int_equal(s.alias_count, 0); /* `latest` is never stored */
	collection_state_release(&s);
}

static void a_number_is_never_given_twice(void **state)
{
	struct collection_state s = open_state();

	(void)state;
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_DELETE, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_E_FORMAT);
	assert_int_equal(apply(&s, EVENT_SAVE, 1, NULL), MUSTER_OK);
	collection_state_release(&s);
}

static void aliases_and_tags_come_and_go(void **state)
{
	struct collection_state s = open_state();
	struct event event = sample_event(EVENT_ALIAS, 4);

	(void)state;
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_SAVE, 1, NULL), MUSTER_OK);
	assert_int_equal(collection_state_alias(&s, VIEW_LITERAL("prod")), 1);
	assert_false(collection_state_has_alias(&s, 0));
	event.is_understood = true;
	event.version = 0;
	assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_int_equal(collection_state_alias(&s, VIEW_LITERAL("prod")), 0);
	event.action = ACTION_REMOVE;
	event.version = 1; /* is not there: nothing happens */
	assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_int_equal(collection_state_alias(&s, VIEW_LITERAL("prod")), 0);
	event.version = 0;
	assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_int_equal(collection_state_alias(&s, VIEW_LITERAL("prod")), VERSION_NONE);

	assert_true(version_has_tag(&s.versions[0], VIEW_LITERAL("prod")));
	assert_int_equal(apply(&s, EVENT_TAG, 0, NULL), MUSTER_OK);
	assert_true(version_has_tag(&s.versions[0], VIEW_LITERAL("good")));
	assert_int_equal(s.versions[0].tags.count, 2);
	assert_int_equal(apply(&s, EVENT_TAG, 0, NULL), MUSTER_OK); /* again: nothing happens */
	assert_int_equal(s.versions[0].tags.count, 2);
	event = sample_event(EVENT_TAG, 9);
	event.is_understood = true;
	event.version = 0;
	event.action = ACTION_REMOVE;
	assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_false(version_has_tag(&s.versions[0], VIEW_LITERAL("good")));
	collection_state_release(&s);
}

static void events_that_cannot_follow_are_refused(void **state)
{
	static const struct {
		enum event_kind kind;
		uint64_t version;
		const char *reason;
	} cases[] = {
		{ EVENT_OPEN, 0, "first event" }, { EVENT_SAVE, 2, "v1 follows" },
		{ EVENT_ALIAS, 1, "not there" },  { EVENT_TAG, 7, "not there" },
		{ EVENT_DELETE, 9, "not there" }, { EVENT_NAME, 0, "no place" },
		{ EVENT_SWEEP, 0, "no place" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collection_state s = open_state();
		struct muster_error err = { 0 };

		assert_int_equal(apply(&s, EVENT_SAVE, 0, &err), MUSTER_OK);
		assert_int_equal(apply(&s, cases[i].kind, cases[i].version, &err), MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s", err.message);
		collection_state_release(&s);
	}
}

static void nothing_follows_the_end_or_precedes_the_beginning(void **state)
{
	struct collection_state s = open_state(), empty = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(apply(&s, EVENT_CLOSE, 0, &err), MUSTER_OK);
	assert_true(s.is_closed);
	assert_int_equal(apply(&s, EVENT_SAVE, 0, &err), MUSTER_E_FORMAT);
	assert_int_equal(apply(&empty, EVENT_SAVE, 0, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "'open'"));
	collection_state_release(&s);
	collection_state_release(&empty);
}

static void unknown_events_are_marked(void **state)
{
	struct collection_state s = open_state();
	struct muster_error err = { 0 };
	struct event event = sample_event(EVENT_UNKNOWN, 2);

	(void)state;
	assert_int_equal(collection_state_apply(&s, &event, &err), MUSTER_OK);
	assert_true(s.is_foreign);
	assert_int_equal(apply(&s, EVENT_SAVE, 0, &err), MUSTER_OK); /* still read */
	/* What does not fit any more is the unknown event's doing, not damage. */
	assert_int_equal(apply(&s, EVENT_SAVE, 5, &err), MUSTER_E_UNSUPPORTED);
	collection_state_release(&s);
}

/* What an older program would lose names a feature, so that it passes the checkpoint over. */
static void a_checkpoint_names_what_it_has_of_ttl(void **state)
{
	static const struct {
		uint64_t ttl_days, default_days;
		bool is_disabled, is_deleted;
		const char *features;
	} cases[] = {
		{ 0, 0, false, false, "\"features\": [\"collection 1\"]," },
		{ 7, 0, false, false, "\"features\": [\"collection 1\"]," },
		{ 0, 0, true, false, "\"features\": [\"collection 1\", \"ttl 1\"]," },
		{ 0, 9, false, false, "\"features\": [\"collection 1\", \"ttl 1\"]," },
		{ 7, 9, false, true, "\"features\": [\"collection 1\", \"ttl 1\"]," },
		{ 0, 0, true, true, "\"features\": [\"collection 1\"]," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collection_state s = open_state(), back = { 0 };
		struct event event = sample_event(EVENT_TTL, 3);
		struct bytes text = { 0 };
		uint8_t sha256[32];
		uint64_t number;

		assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
		event.version = 0;
		event.is_understood = event.sets_default = true;
		event.ttl_days = cases[i].ttl_days;
		event.default_ttl_days = cases[i].default_days;
		event.ttl_disabled = cases[i].is_disabled;
		assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
		if (cases[i].is_deleted)
			assert_int_equal(apply(&s, EVENT_DELETE, 0, NULL), MUSTER_OK);
		assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
		assert_int_equal(checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL),
				 MUSTER_OK);
		assert_int_equal(bytes_append_byte(&text, '\0', NULL), MUSTER_OK);
		assert_non_null(strstr((const char *)text.ptr, cases[i].features));
		assert_int_equal(back.default_ttl_days, cases[i].default_days);
		assert_int_equal(back.versions[0].ttl_disabled,
				 cases[i].is_disabled && !cases[i].is_deleted);
		bytes_release(&text);
		collection_state_release(&back);
		collection_state_release(&s);
	}
}

static char *replaced(const struct bytes *text, const char *from, const char *to)
{
	char *copy = calloc(1, text->len + 64), *at;
	char tail[4096];

	memcpy(copy, text->ptr, text->len);
	at = strstr(copy, from);
	assert_non_null(at);
	snprintf(tail, sizeof(tail), "%s", at + strlen(from));
	snprintf(at, text->len + 64 - (size_t)(at - copy), "%s%s", to, tail);
	return copy;
}

static void bad_checkpoints_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
		enum muster_code code;
	} cases[] = {
		{ "collection 1", "collection 2", MUSTER_ABSENT },
		{ "[\"collection 1\"]", "[]", MUSTER_ABSENT },
		{ "[\"collection 1\"]", "[\"ttl 1\"]", MUSTER_ABSENT },
		{ "[\"collection 1\"]", "[\"collection 1\", \"ttl 2\"]", MUSTER_ABSENT },
		{ "[\"collection 1\"]", "[\"collection 1\", \"ttl 1\", \"x\"]", MUSTER_ABSENT },
		{ "[\"collection 1\"]", "[\"collection 1\", \"words 1\", \"links 1\"]",
		  MUSTER_ABSENT },
		{ "\"next\": 2", "\"portfolio\": true, \"next\": 2", MUSTER_E_FORMAT },
		{ "checkpoint 1", "checkpoint 2", MUSTER_E_UNSUPPORTED },
		{ "checkpoint 1", "event 1", MUSTER_E_FORMAT },
		{ "\"n\": 7", "\"n\": 0", MUSTER_E_FORMAT },
		{ "\"next\": 2", "\"next\": 1", MUSTER_E_FORMAT },
		{ "\"next\": 2", "\"next\": 1048577", MUSTER_E_LIMIT },
		{ "{\"version\": 1,", "{\"version\": 0,", MUSTER_E_FORMAT },
		{ "\"prod\", \"version\": 1", "\"prod\", \"version\": 5", MUSTER_E_FORMAT },
		{ "\"aliases\"", "\"alias\"", MUSTER_E_FORMAT },
	};
	struct collection_state s = open_state();
	struct bytes text = { 0 };

	(void)state;
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_SAVE, 1, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *bad = replaced(&text, cases[i].from, cases[i].to);
		struct collection_state back = { 0 };
		uint8_t sha256[32];
		uint64_t number;

		assert_int_equal(checkpoint_parse(&back, &number, sha256, view_text(bad), NULL),
				 cases[i].code);
		assert_int_equal(back.version_count, 0);
		free(bad);
	}
	bytes_release(&text);
	collection_state_release(&s);
}

static void a_checkpoint_has_a_line_for_each_version(void **state)
{
	struct collection_state s = open_state();
	struct bytes text = { 0 };
	size_t lines = 0;

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(apply(&s, EVENT_SAVE, i, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_DELETE, 3, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_encode(&s, 12, some_sha256, &text, NULL), MUSTER_OK);
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	assert_int_equal(lines, 9 + 1 + 1); /* versions, one alias, the end */
	bytes_release(&text);
	collection_state_release(&s);
}

static enum muster_code fold_and_checkpoint(const struct history *h)
{
	struct collection_state s = { 0 }, back = { 0 };
	struct bytes text = { 0 };
	uint8_t sha256[32];
	uint64_t number;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < 60 && !code; i++)
		code = collection_state_apply(&s, &h->events[i], NULL);
	if (!code)
		code = checkpoint_encode(&s, 60, some_sha256, &text, NULL);
	if (!code)
		code = checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL);
	collection_state_release(&s);
	collection_state_release(&back);
	bytes_release(&text);
	return code;
}

static void every_failed_allocation_is_reported(void **state)
{
	struct history *h = history_new(3);
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		enum muster_code code;

		torture_allocation(n);
		code = fold_and_checkpoint(h);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
	}
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_is_its_fold),
		cmocka_unit_test(latest_moves_by_itself),
		cmocka_unit_test(a_number_is_never_given_twice),
		cmocka_unit_test(aliases_and_tags_come_and_go),
		cmocka_unit_test(events_that_cannot_follow_are_refused),
		cmocka_unit_test(nothing_follows_the_end_or_precedes_the_beginning),
		cmocka_unit_test(unknown_events_are_marked),
		cmocka_unit_test(a_checkpoint_names_what_it_has_of_ttl),
		cmocka_unit_test(bad_checkpoints_are_refused),
		cmocka_unit_test(a_checkpoint_has_a_line_for_each_version),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
