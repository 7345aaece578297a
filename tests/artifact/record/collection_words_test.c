/* Portfolios, names, and what is said of a collection as a whole: events and checkpoints. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/artifact/record/folding.h"

static const uint8_t some_sha256[32] = { 1, 2, 3 };

static void a_link_is_numbered_and_keeps_its_source(void **state)
{
	struct collection_state s = open_state(), back = { 0 };
	struct bytes text = { 0 };
	uint8_t sha256[32];
	uint64_t number;

	(void)state;
	assert_false(s.is_portfolio);
	assert_int_equal(apply(&s, EVENT_LINK, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_LINK, 1, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_DELETE, 0, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL),
			 MUSTER_OK);
	for (int i = 0; i < 2; i++) {
		const struct collection_state *either = i ? &back : &s;
		const struct version *link = collection_state_latest(either);

		assert_true(either->is_portfolio);
		assert_int_equal(link->number, 1);
		assert_true(link->is_link);
		assert_true(view_equal(link->source.entity, VIEW_LITERAL("you")));
		assert_true(view_equal(link->source.project, VIEW_LITERAL("dogs")));
		assert_true(view_equal(link->source.name, VIEW_LITERAL("pictures")));
		assert_int_equal(link->source.version, 5);
		assert_int_equal(link->tags.count, 1);
		assert_int_equal(collection_state_alias(either, VIEW_LITERAL("prod")), 1);
	}
	assert_int_equal(apply(&back, EVENT_DELETE, 1, NULL), MUSTER_OK);
	assert_true(back.is_portfolio); /* though nothing is left in it */
	bytes_release(&text);
	collection_state_release(&back);
	collection_state_release(&s);
}

static void saved_versions_and_links_do_not_mix(void **state)
{
	static const enum event_kind kinds[][2] = { { EVENT_SAVE, EVENT_LINK },
						    { EVENT_LINK, EVENT_SAVE } };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct collection_state s = open_state();
		struct muster_error err = { 0 };

		assert_int_equal(apply(&s, kinds[i % 2][0], 0, NULL), MUSTER_OK);
		if (i >= 2)
			assert_int_equal(apply(&s, EVENT_DELETE, 0, NULL), MUSTER_OK);
		assert_int_equal(apply(&s, kinds[i % 2][1], 1, &err), MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "link"));
		collection_state_release(&s);
	}
}

static void what_is_said_of_a_collection_outlives_a_checkpoint(void **state)
{
	struct collection_state s = open_state(), back = { 0 };
	struct bytes text = { 0 };
	uint8_t sha256[32];
	uint64_t number;

	(void)state;
	assert_int_equal(apply(&s, EVENT_DESCRIBE_COLLECTION, 0, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_TAG_COLLECTION, 0, NULL), MUSTER_OK);
	assert_int_not_equal(s.description_event, 0);
	assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL),
			 MUSTER_OK);
	assert_int_equal(back.description_event, s.description_event);
	assert_int_equal(back.tags.count, 1);
	assert_true(texts_have(&back.tags, VIEW_LITERAL("good")));
	bytes_release(&text);
	collection_state_release(&back);
	collection_state_release(&s);
}

/* A program that does not know one of them must pass the checkpoint over. */
static void a_checkpoint_names_each_later_feature_in_order(void **state)
{
	static const struct {
		bool has_ttl, has_link, has_words;
		const char *features;
	} cases[] = {
		{ false, true, false, "[\"collection 1\", \"links 1\"]" },
		{ false, false, true, "[\"collection 1\", \"words 1\"]" },
		{ true, false, true, "[\"collection 1\", \"ttl 1\", \"words 1\"]" },
		{ true, true, true, "[\"collection 1\", \"ttl 1\", \"links 1\", \"words 1\"]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collection_state s = open_state(), back = { 0 };
		struct bytes text = { 0 };
		uint8_t sha256[32];
		uint64_t number;

		s.default_ttl_days = cases[i].has_ttl ? 9 : 0;
		if (cases[i].has_link)
			assert_int_equal(apply(&s, EVENT_LINK, 0, NULL), MUSTER_OK);
		if (cases[i].has_words)
			assert_int_equal(apply(&s, EVENT_TAG_COLLECTION, 0, NULL), MUSTER_OK);
		assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
		assert_int_equal(checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL),
				 MUSTER_OK);
		assert_int_equal(bytes_append_byte(&text, '\0', NULL), MUSTER_OK);
		assert_non_null(strstr((const char *)text.ptr, cases[i].features));
		bytes_release(&text);
		collection_state_release(&back);
		collection_state_release(&s);
	}
}

static void a_renamed_collection_is_called_so_behind_a_checkpoint(void **state)
{
	struct collection_state s = open_state(), back = { 0 };
	struct event event = sample_event(EVENT_RENAME, 2);
	struct bytes text = { 0 };
	uint8_t sha256[32];
	uint64_t number;

	(void)state;
	assert_int_equal(s.settled, 1);
	event.is_understood = true;
	event.name = VIEW_LITERAL("pictures");
	event.project = VIEW_LITERAL("dogs");
	assert_int_equal(collection_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_STAY, 1, NULL), MUSTER_OK); /* event 3 */
	assert_int_equal(apply(&s, EVENT_SAVE, 0, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_encode(&s, 7, some_sha256, &text, NULL), MUSTER_OK);
	assert_int_equal(checkpoint_parse(&back, &number, sha256, bytes_view(&text), NULL),
			 MUSTER_OK);
	for (int i = 0; i < 2; i++) {
		const struct collection_state *either = i ? &back : &s;

		assert_int_equal(either->settled, 3);
		assert_true(view_equal(either->entity, VIEW_LITERAL("me")));
		assert_true(view_equal(either->project, VIEW_LITERAL("dogs")));
		assert_true(view_equal(either->name, VIEW_LITERAL("pictures")));
		assert_true(view_equal(either->type, VIEW_LITERAL("dataset")));
	}
	assert_int_equal(bytes_append_byte(&text, '\0', NULL), MUSTER_OK);
	assert_non_null(strstr((const char *)text.ptr, "[\"collection 1\", \"names 1\"]"));
	bytes_release(&text);
	collection_state_release(&back);
	collection_state_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_numbered_and_keeps_its_source),
		cmocka_unit_test(saved_versions_and_links_do_not_mix),
		cmocka_unit_test(what_is_said_of_a_collection_outlives_a_checkpoint),
		cmocka_unit_test(a_checkpoint_names_each_later_feature_in_order),
		cmocka_unit_test(a_renamed_collection_is_called_so_behind_a_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
