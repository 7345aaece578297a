#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/gc_state.h"
#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

#define LOG_A "collections/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/log"
#define LOG_B "collections/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/log"

static struct object_id id_of(uint32_t number)
{
	struct object_id id = { .number = number };

	sample_fill(id.session, 16, 4);
	return id;
}

/* The keys of these objects, as an event lists them. */
struct keys {
	struct key keys[8];
	struct view views[8];
};

static struct texts key_list(struct keys *keys, const uint32_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct object_id id = id_of(numbers[i]);

		key_object(&keys->keys[i], OBJECT_PACK, &id);
		keys->views[i] = view_text(keys->keys[i].text);
	}
	return (struct texts){ keys->views, count };
}

static enum muster_code condemn(struct gc_state *state, uint64_t number, const uint32_t *numbers,
				size_t count)
{
	static struct view heads[] = { { (const uint8_t *)LOG_A "/5", sizeof(LOG_A) + 1 },
				       { (const uint8_t *)LOG_B "/12", sizeof(LOG_B) + 2 } };
	struct event event = sample_event(EVENT_CONDEMN, number);
	struct keys keys;

	event.is_understood = true;
	event.heads = (struct texts){ heads, 2 };
	event.objects = key_list(&keys, numbers, count);
	return gc_state_apply(state, &event, NULL);
}

static enum muster_code sweep(struct gc_state *state, uint64_t number, uint64_t condemned,
			      const uint32_t *numbers, size_t count)
{
	struct event event = sample_event(EVENT_SWEEP, number);
	struct keys keys;

	event.is_understood = true;
	event.condemned = condemned;
	event.objects = key_list(&keys, numbers, count);
	return gc_state_apply(state, &event, NULL);
}

static enum gc_standing standing(const struct gc_state *state, uint32_t number)
{
	struct object_id id = id_of(number);

	return gc_state_standing(state, &id);
}

static void the_condemned_are_swept_or_released(void **state)
{
	struct gc_state s = { 0 };

	(void)state;
	assert_int_equal(condemn(&s, 1, (uint32_t[]){ 5, 3, 4, 3 }, 4), MUSTER_OK);
	assert_int_equal(condemn(&s, 2, (uint32_t[]){ 9, 1, 4 }, 3), MUSTER_OK);
	assert_int_equal(s.condemned_count, 5);
	assert_int_equal(standing(&s, 3), GC_CONDEMNED);
	assert_int_equal(standing(&s, 2), GC_LIVE);
	assert_int_equal(sweep(&s, 3, 1, (uint32_t[]){ 4, 3 }, 2), MUSTER_OK);
	assert_int_equal(standing(&s, 3), GC_SWEPT);
	assert_int_equal(standing(&s, 4), GC_SWEPT);
	assert_int_equal(standing(&s, 5), GC_LIVE); /* released */
	assert_int_equal(standing(&s, 9), GC_CONDEMNED);
	assert_int_equal(s.open_count, 1);
	/* A swept id never returns, not even to be condemned. */
	assert_int_equal(condemn(&s, 4, (uint32_t[]){ 3, 6 }, 2), MUSTER_OK);
	assert_int_equal(standing(&s, 3), GC_SWEPT);
	assert_int_equal(standing(&s, 6), GC_CONDEMNED);
	assert_int_equal(s.condemned_count, 3);
	gc_state_release(&s);
}

static void a_sweep_settles_what_its_event_condemned(void **state)
{
	struct gc_state s = { 0 };

	(void)state;
	assert_int_equal(condemn(&s, 1, (uint32_t[]){ 1, 2 }, 2), MUSTER_OK);
	assert_int_equal(condemn(&s, 2, (uint32_t[]){ 3 }, 1), MUSTER_OK);
	assert_int_equal(sweep(&s, 3, 1, (uint32_t[]){ 3 }, 1), MUSTER_E_FORMAT);
	assert_int_equal(sweep(&s, 3, 7, (uint32_t[]){ 1 }, 1), MUSTER_E_FORMAT);
	assert_int_equal(sweep(&s, 3, 1, NULL, 0), MUSTER_OK);
	assert_int_equal(sweep(&s, 4, 1, (uint32_t[]){ 1 }, 1), MUSTER_E_FORMAT);
	gc_state_release(&s);
}

static void a_base_vouches_only_below_every_open_mark(void **state)
{
	struct gc_state s = { 0 };

	(void)state;
	assert_true(gc_state_vouches(&s, LOG_A, 99));
	assert_int_equal(condemn(&s, 1, (uint32_t[]){ 1 }, 1), MUSTER_OK);
	assert_true(gc_state_vouches(&s, LOG_A, 5));
	assert_false(gc_state_vouches(&s, LOG_A, 6));
	assert_true(gc_state_vouches(&s, LOG_B, 12));
	assert_false(gc_state_vouches(&s, "collections/cccccccccccccccccccccccccccccccc/log", 1));
	assert_int_equal(sweep(&s, 2, 1, NULL, 0), MUSTER_OK);
	assert_true(gc_state_vouches(&s, LOG_A, 6));
	gc_state_release(&s);
}

static void bad_copies_are_known_by_pack_and_ordinal(void **state)
{
	struct event event = sample_event(EVENT_BAD, 1);
	struct gc_copy copies[2] = { { id_of(2), 7 }, { id_of(1), UINT32_MAX } };
	char texts[2][GC_COPY_TEXT_BYTES];
	struct view views[2];
	struct gc_state s = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		gc_copy_text(&copies[i], texts[i]);
		views[i] = view_text(texts[i]);
	}
	event.is_understood = true;
	event.copies = (struct texts){ views, 2 };
	assert_int_equal(gc_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_true(gc_state_is_bad(&s, &copies[0].pack, 7));
	assert_false(gc_state_is_bad(&s, &copies[0].pack, 8));
	assert_true(gc_state_is_bad(&s, &copies[1].pack, UINT32_MAX));
	assert_true(gc_state_has_bad(&s, &copies[0].pack));
	assert_true(gc_state_has_bad(&s, &copies[1].pack));
	assert_false(gc_state_has_bad(&s, &(struct object_id){ .number = 4711 }));
	gc_state_release(&s);
}

static void bad_lists_are_refused(void **state)
{
	static const char *const objects[] = { "", "packs/x.pack", "gc/log/0000000001.json",
					       "packs/00112233445566778899aabbccddeeff-00000007" };
	static const char *const copies[] = {
		"",
		"00112233445566778899aabbccddeeff-00000007",
		"00112233445566778899aabbccddeeff-00000007/",
		"00112233445566778899aabbccddeeff-00000007/01",
		"00112233445566778899aabbccddeeff-00000007/4294967296",
		"00112233445566778899aabbccddeeff-00000007/x"
	};
	struct gc_state s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct event event = sample_event(EVENT_CONDEMN, 1);
		struct view view = view_text(objects[i]);

		event.objects = (struct texts){ &view, 1 };
		assert_int_equal(gc_state_apply(&s, &event, NULL), MUSTER_E_FORMAT);
	}
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		struct event event = sample_event(EVENT_BAD, 1);
		struct view view = view_text(copies[i]);

		event.copies = (struct texts){ &view, 1 };
		assert_int_equal(gc_state_apply(&s, &event, NULL), MUSTER_E_FORMAT);
	}
	gc_state_release(&s);
}

static void unknown_events_are_marked(void **state)
{
	struct gc_state s = { 0 };
	struct event event = sample_event(EVENT_UNKNOWN, 1);

	(void)state;
	assert_int_equal(gc_state_apply(&s, &event, NULL), MUSTER_OK);
	assert_true(s.is_foreign);
	event = sample_event(EVENT_SAVE, 2);
	assert_int_equal(gc_state_apply(&s, &event, NULL), MUSTER_E_FORMAT);
	gc_state_release(&s);
}

static void every_failed_allocation_is_reported(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct gc_state s = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = condemn(&s, 1, (uint32_t[]){ 5, 3, 4 }, 3);
		if (!code)
			code = condemn(&s, 2, (uint32_t[]){ 6 }, 1);
		if (!code)
			code = sweep(&s, 3, 1, (uint32_t[]){ 5 }, 1);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		gc_state_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_condemned_are_swept_or_released),
		cmocka_unit_test(a_sweep_settles_what_its_event_condemned),
		cmocka_unit_test(a_base_vouches_only_below_every_open_mark),
		cmocka_unit_test(bad_copies_are_known_by_pack_and_ordinal),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(unknown_events_are_marked),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
