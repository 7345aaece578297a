#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/name_state.h"
#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

static enum muster_code apply(struct name_state *state, enum event_kind kind, uint64_t number,
			      uint64_t collection)
{
	struct event event = sample_event(kind, number);

	event.is_understood = kind != EVENT_UNKNOWN;
	sample_fill(event.collection_id, 16, collection);
	return name_state_apply(state, &event, NULL);
}

static void a_name_is_bound_released_and_bound_anew(void **state)
{
	struct name_state s = { 0 };
	uint8_t id[16];

	(void)state;
	assert_int_equal(apply(&s, EVENT_NAME, 1, 1), MUSTER_OK);
	assert_true(s.is_bound);
	assert_true(view_equal(s.type, VIEW_LITERAL("dataset")));
	assert_int_equal(apply(&s, EVENT_RELEASE, 2, 1), MUSTER_OK);
	assert_false(s.is_bound);
	assert_int_equal(apply(&s, EVENT_NAME, 3, 2), MUSTER_OK);
	sample_fill(id, 16, 2);
	assert_memory_equal(s.collection_id, id, 16);
	name_state_release(&s);
}

static void events_that_cannot_follow_are_refused(void **state)
{
	struct name_state s = { 0 };

	(void)state;
	assert_int_equal(apply(&s, EVENT_RELEASE, 1, 1), MUSTER_E_FORMAT);
	assert_int_equal(apply(&s, EVENT_NAME, 1, 1), MUSTER_OK);
	assert_int_equal(apply(&s, EVENT_NAME, 2, 2), MUSTER_E_FORMAT);
	assert_int_equal(apply(&s, EVENT_RELEASE, 2, 2), MUSTER_E_FORMAT);
	assert_int_equal(apply(&s, EVENT_SAVE, 2, 1), MUSTER_E_FORMAT);
	assert_false(s.is_foreign);
	assert_int_equal(apply(&s, EVENT_UNKNOWN, 2, 1), MUSTER_OK);
	assert_true(s.is_foreign);
	name_state_release(&s);
}

/* --- what a name is bound to ------------------------------------------------------------------ */

/* A collection of this id that is called "images" and has settled event `settled` last. */
static struct collection_state called_images(uint64_t id, uint64_t settled)
{
	struct collection_state c = { .is_open = true,
				      .settled = settled,
				      .entity = VIEW_LITERAL("me"),
				      .project = VIEW_LITERAL("cats"),
				      .name = VIEW_LITERAL("images") };

	sample_fill(c.id, 16, id);
	return c;
}

static void a_binding_is_judged_by_the_collections_own_log(void **state)
{
	static const struct {
		enum event_kind kind;
		uint64_t after, id, settled;
		const char *called; /* NULL: it has no event */
		bool is_closed;
		enum name_binding binding;
	} cases[] = {
		{ EVENT_NAME, 0, 1, 1, "images", false, NAME_VALID },
		{ EVENT_NAME, 0, 1, 0, NULL, false, NAME_VALID }, /* about to be opened */
		{ EVENT_NAME, 0, 1, 1, "images", true, NAME_VOID },
		{ EVENT_NAME, 0, 1, 5, "others", false, NAME_VOID },
		{ EVENT_NAME, 0, 1, 1, "others", false, NAME_WRONG },
		{ EVENT_NAME, 0, 2, 1, "images", false, NAME_WRONG },
		{ EVENT_CLAIM, 1, 1, 7, "images", false, NAME_VALID },
		{ EVENT_CLAIM, 1, 1, 1, "others", false, NAME_PENDING },
		{ EVENT_CLAIM, 3, 1, 3, "others", false, NAME_PENDING },
		{ EVENT_CLAIM, 1, 1, 3, "others", false, NAME_VOID },
		{ EVENT_CLAIM, 3, 1, 3, "others", true, NAME_VOID },
		{ EVENT_CLAIM, 1, 1, 0, NULL, false, NAME_WRONG },
		{ EVENT_CLAIM, 1, 2, 7, "images", false, NAME_WRONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collection_state c = called_images(cases[i].id, cases[i].settled);
		struct event event = sample_event(cases[i].kind, 1);
		struct name_state s = { 0 };

		assert_int_equal(name_state_judge(&s, &c), NAME_FREE);
		sample_fill(event.collection_id, 16, 1);
		event.is_understood = true;
		event.after = cases[i].after;
		assert_int_equal(name_state_apply(&s, &event, NULL), MUSTER_OK);
		c.is_closed = cases[i].is_closed;
		if (cases[i].called)
			c.name = view_text(cases[i].called);
		else
			c = (struct collection_state){ 0 };
		if (name_state_judge(&s, &c) != cases[i].binding)
			fail_msg("case %zu: %d", i, (int)name_state_judge(&s, &c));
		name_state_release(&s);
	}
}

static void a_claim_is_taken_back_and_a_name_released(void **state)
{
	static const enum event_kind ways[][2] = { { EVENT_NAME, EVENT_RELEASE },
						   { EVENT_CLAIM, EVENT_UNCLAIM } };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct name_state s = { 0 };
		bool is_right = i / 2 == i % 2;

		assert_int_equal(apply(&s, ways[i / 2][0], 1, 1), MUSTER_OK);
		assert_int_equal(s.is_claim, i / 2);
		assert_int_equal(apply(&s, EVENT_CLAIM, 2, 2), MUSTER_E_FORMAT);
		assert_int_equal(apply(&s, ways[i % 2][1], 2, 1),
				 is_right ? MUSTER_OK : MUSTER_E_FORMAT);
		assert_int_equal(s.is_bound, !is_right);
		name_state_release(&s);
	}
}

static void everybody_makes_the_same_open_event(void **state)
{
	struct event event = sample_event(EVENT_NAME, 1), opens[2];
	struct bytes text[2] = { { 0 } };

	(void)state;
	event.is_understood = true;
	for (int i = 0; i < 2; i++) {
		struct name_state s = { 0 };

		assert_int_equal(name_state_apply(&s, &event, NULL), MUSTER_OK);
		opens[i] = name_state_open_event(&s);
		assert_int_equal(event_encode(&opens[i], &text[i], NULL), MUSTER_OK);
		name_state_release(&s);
	}
	assert_true(view_equal(bytes_view(&text[0]), bytes_view(&text[1])));
	assert_memory_equal(opens[0].collection_id, event.collection_id, 16);
	bytes_release(&text[0]);
	bytes_release(&text[1]);
}

static void every_failed_allocation_is_reported(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct name_state s = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = apply(&s, EVENT_NAME, 1, 1);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		name_state_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_bound_released_and_bound_anew),
		cmocka_unit_test(events_that_cannot_follow_are_refused),
		cmocka_unit_test(a_binding_is_judged_by_the_collections_own_log),
		cmocka_unit_test(a_claim_is_taken_back_and_a_name_released),
		cmocka_unit_test(everybody_makes_the_same_open_event),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
