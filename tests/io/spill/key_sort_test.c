#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/spill/key_sort.h"

#define KEY_COUNT_MAX 5000

/* The keys of one case; offsets rise in the order of adding, so they tell whether it was kept. */
struct keys {
	struct bytes arena;
	struct key_slot slots[KEY_COUNT_MAX], scratch[KEY_COUNT_MAX], expected[KEY_COUNT_MAX];
	size_t count;
};

static uint64_t seed = 1;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void key_add(struct keys *keys, const void *key, size_t len)
{
	keys->slots[keys->count++] =
		(struct key_slot){ .offset = (uint32_t)keys->arena.len, .len = (uint32_t)len };
	assert_int_equal(bytes_append(&keys->arena, key, len, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(&keys->arena, 0xff, NULL), MUSTER_OK);
}

static const uint8_t *compared_arena;

static int by_bytes_then_age(const void *a, const void *b)
{
	const struct key_slot *left = a, *right = b;
	int order = view_compare(view_of(compared_arena + left->offset, left->len),
				 view_of(compared_arena + right->offset, right->len));

	return order ? order : left->offset < right->offset ? -1 : 1;
}

static void assert_sorts(struct keys *keys)
{
	memcpy(keys->expected, keys->slots, sizeof(keys->slots));
	compared_arena = keys->arena.ptr;
	qsort(keys->expected, keys->count, sizeof(*keys->expected), by_bytes_then_age);
	key_sort(keys->slots, keys->scratch, keys->count, keys->arena.ptr);
	for (size_t i = 0; i < keys->count; i++)
		assert_int_equal(keys->slots[i].offset, keys->expected[i].offset);
}

static struct keys *keys_new(void **state)
{
	struct keys *keys = *state;

	keys->count = 0;
	keys->arena.len = 0;
	return keys;
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct keys));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct keys *keys = *state;

	bytes_release(&keys->arena);
	free(keys);
	return 0;
}

/* Shapes of keys: how long, over how many byte values, behind what they share. */
static void any_keys_sort_as_qsort_does_and_equal_ones_keep_their_order(void **state)
{
	static const struct {
		size_t count, shared;
		uint32_t len_max, alphabet;
	} shapes[] = {
		{ 0, 0, 1, 1 },	     { 1, 0, 1, 1 },	   { 2, 0, 1, 2 },     { 12, 0, 4, 3 },
		{ 13, 0, 4, 3 },     { 192, 0, 20, 4 },	   { 193, 0, 20, 4 },  { 5000, 0, 3, 256 },
		{ 5000, 0, 30, 2 },  { 5000, 11, 30, 2 },  { 5000, 0, 9, 1 },  { 5000, 8, 40, 1 },
		{ 5000, 7, 17, 10 }, { 5000, 60, 12, 10 }, { 300, 3, 600, 1 }, { 5000, 0, 1, 1 },
	};
	uint8_t key[1024];

	for (size_t shape = 0; shape < sizeof(shapes) / sizeof(shapes[0]); shape++) {
		struct keys *keys = keys_new(state);

		memset(key, 'p', shapes[shape].shared);
		for (size_t i = 0; i < shapes[shape].count; i++) {
			size_t len = shapes[shape].shared + next_random(shapes[shape].len_max + 1);

			for (size_t at = shapes[shape].shared; at < len; at++)
				key[at] = (uint8_t)next_random(shapes[shape].alphabet);
			key_add(keys, key, len);
		}
		assert_sorts(keys);
	}
}

/* Each key is a prefix of all later ones: the deepest recursion there is. */
static void nested_keys_do_not_exhaust_the_stack(void **state)
{
	struct keys *keys = keys_new(state);
	static uint8_t key[8 * 1200];

	for (size_t i = 1200; i > 0; i--) {
		key_add(keys, key, 8 * i);
		if (i % 2)
			key_add(keys, key, 8 * i - 3);
	}
	assert_sorts(keys);
}

static void numbered_names_sort(void **state)
{
	struct keys *keys = keys_new(state);
	char name[32];

	for (uint32_t i = 0; i < KEY_COUNT_MAX; i++) {
		int len = snprintf(name, sizeof(name), "image_%08u.jpg", i * 2654435761u % 5003);

		key_add(keys, name, (size_t)len);
	}
	assert_sorts(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_keys_sort_as_qsort_does_and_equal_ones_keep_their_order),
		cmocka_unit_test(nested_keys_do_not_exhaust_the_stack),
		cmocka_unit_test(numbered_names_sort),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
