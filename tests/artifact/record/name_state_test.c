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
		cmocka_unit_test(everybody_makes_the_same_open_event),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
