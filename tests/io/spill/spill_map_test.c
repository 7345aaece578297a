/* A map in fixed memory is what a map in plain memory is: found, walked, replaced; and a call that
 * fails changes nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/spill/spill_map.h"
#include "tests/support/torture.h"

#define MEMORY	    (1u << 20)
#define KEYS	    20000u
#define VALUE_BYTES 120u

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/spill_map_test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir); /* fails if a file was left behind */
}

static uint64_t seed = 11;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* Key n has ten digits, so that keys sort as numbers do; its value tells when it was put. */
struct text {
	char key[16], value[VALUE_BYTES + 1];
};

static struct text text_of(uint32_t n, uint32_t when)
{
	struct text text;

	snprintf(text.key, sizeof(text.key), "%010u", n);
	memset(text.value, 'a' + (int)(when % 26), VALUE_BYTES);
	snprintf(text.value, VALUE_BYTES, "%u/%u", n, when);
	text.value[strlen(text.value)] = ' ';
	text.value[VALUE_BYTES] = '\0';
	return text;
}

static void put(struct spill_map *map, uint32_t n, uint32_t when)
{
	struct text text = text_of(n, when);
	struct muster_error err = { 0 };

	if (spill_map_put(map, view_text(text.key), view_text(text.value), &err))
		fail_msg("%s", err.message);
}

static void assert_found(struct spill_map *map, uint32_t n, uint32_t when)
{
	struct text text = text_of(n, when);
	struct view value;
	enum muster_code code = spill_map_find(map, view_text(text.key), &value, NULL);

	assert_int_equal(code, when ? MUSTER_OK : MUSTER_ABSENT);
	if (when)
		assert_true(view_equal(value, view_text(text.value)));
}

/* From key `first` on, all that the model has, once each and in order. */
static void assert_walk(struct spill_map *map, const uint32_t *model, uint32_t first)
{
	struct text text = text_of(first, 0);
	struct view key, value;

	assert_int_equal(spill_map_seek(map, view_text(text.key), NULL), MUSTER_OK);
	for (uint32_t n = first; n < KEYS; n++) {
		if (!model[n])
			continue;
		text = text_of(n, model[n]);
		assert_int_equal(spill_map_next(map, &key, &value, NULL), MUSTER_OK);
		assert_true(view_equal(key, view_text(text.key)));
		assert_true(view_equal(value, view_text(text.value)));
	}
	assert_int_equal(spill_map_next(map, &key, &value, NULL), MUSTER_END);
}

/* Some twenty times what the memory holds, so that runs are written and merged. */
static void it_is_what_a_plain_map_is(void **state)
{
	static uint32_t model[KEYS];
	struct spill_map *map;

	(void)state;
	assert_int_equal(spill_map_new(&map, dir, MEMORY, NULL), MUSTER_OK);
	assert_true(spill_map_is_empty(map));
	for (uint32_t when = 1; when <= 8 * KEYS; when++) {
		uint32_t n = next_random(KEYS);

		put(map, n, when);
		model[n] = when;
		n = next_random(KEYS);
		if (when % 16 == 0)
			assert_found(map, n, model[n]);
	}
	assert_false(spill_map_is_empty(map));
	for (uint32_t n = 0; n < KEYS; n++)
		assert_found(map, n, model[n]);
	assert_walk(map, model, 0);
	assert_walk(map, model, KEYS / 3);
	assert_walk(map, model, KEYS - 1);
	spill_map_free(map);
}

static void keys_in_order_and_in_reverse_are_found(void **state)
{
	static uint32_t up[KEYS], down[KEYS];
	struct spill_map *map;

	(void)state;
	assert_int_equal(spill_map_new(&map, dir, MEMORY, NULL), MUSTER_OK);
	for (uint32_t n = 0; n < KEYS; n++)
		put(map, n, up[n] = 1);
	assert_walk(map, up, 0);
	spill_map_free(map);
	assert_int_equal(spill_map_new(&map, dir, MEMORY, NULL), MUSTER_OK);
	for (uint32_t n = KEYS; n-- > 0;)
		put(map, n, down[n] = 2);
	assert_walk(map, down, 0);
	spill_map_free(map);
}

static void the_largest_record_is_kept_and_a_larger_one_refused(void **state)
{
	static uint8_t bytes[SPILL_MAP_RECORD_MAX_BYTES + 1];
	struct muster_error err = { 0 };
	struct spill_map *map;
	struct view value;

	(void)state;
	assert_int_equal(spill_map_new(&map, dir, MEMORY, NULL), MUSTER_OK);
	for (uint8_t n = 0; n < 40; n++) /* more than the table holds */
		assert_int_equal(spill_map_put(map, view_of(&n, 1),
					       view_of(bytes, SPILL_MAP_RECORD_MAX_BYTES - 1),
					       NULL),
				 MUSTER_OK);
	for (uint8_t n = 0; n < 40; n++) {
		assert_int_equal(spill_map_find(map, view_of(&n, 1), &value, NULL), MUSTER_OK);
		assert_int_equal(value.len, SPILL_MAP_RECORD_MAX_BYTES - 1);
	}
	assert_int_equal(spill_map_put(map, view_of(bytes, 1),
				       view_of(bytes, SPILL_MAP_RECORD_MAX_BYTES), &err),
			 MUSTER_E_LIMIT);
	assert_int_equal(spill_map_put(map, view_of(bytes, SPILL_MAP_KEY_MAX_BYTES + 1),
				       view_of(bytes, 0), &err),
			 MUSTER_E_LIMIT);
	spill_map_free(map);
}

/* Fills a map whose n-th allocation fails; whatever was taken is there. */
static void a_failed_call_changes_nothing(void **state)
{
	(void)state;
	for (uint64_t n = 1;; n++) {
		static uint32_t model[KEYS];
		struct spill_map *map = NULL;
		struct muster_error err = { 0 };
		bool has_failed;

		memset(model, 0, sizeof(model));
		torture_allocation(n);
		for (uint32_t i = 0; i < KEYS; i++) {
			struct text text = text_of(i, i + 1);

			if (!map && spill_map_new(&map, dir, MEMORY, &err))
				continue;
			if (!spill_map_put(map, view_text(text.key), view_text(text.value), &err))
				model[i] = i + 1;
		}
		has_failed = torture_hit();
		torture_off();
		assert_non_null(map);
		assert_walk(map, model, 0);
		spill_map_free(map);
		if (!has_failed)
			return;
		assert_int_equal(err.code, MUSTER_E_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_a_plain_map_is),
		cmocka_unit_test(keys_in_order_and_in_reverse_are_found),
		cmocka_unit_test(the_largest_record_is_kept_and_a_larger_one_refused),
		cmocka_unit_test(a_failed_call_changes_nothing),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
