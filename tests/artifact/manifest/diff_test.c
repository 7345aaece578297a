#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/artifact/manifest/fixture.h"
#include "tests/support/torture.h"

/** Two versions, made of lists, compared. */
struct pair {
	struct entry_list lists[2];
	struct fixture_store store;
	struct fixture_version versions[2];
	struct cursor *cursors[2];
	struct diff *diff;
};

static void pair_begin(struct pair *pair, bool with_base)
{
	pair->store = (struct fixture_store){ 0 };
	fixture_build(&pair->store, &pair->versions[0], 1, &pair->lists[0], NULL);
	fixture_build(&pair->store, &pair->versions[1], 2, &pair->lists[1],
		      with_base ? &pair->versions[0] : NULL);
	pair->store.fetches = 0;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			cursor_new(&pair->cursors[i], &pair->versions[i].footer, true, NULL),
			MUSTER_OK);
	assert_int_equal(diff_new(&pair->diff, pair->cursors[0], pair->cursors[1], NULL),
			 MUSTER_OK);
}

static void pair_end(struct pair *pair)
{
	diff_free(pair->diff);
	for (int i = 0; i < 2; i++) {
		cursor_free(pair->cursors[i]);
		fixture_version_release(&pair->versions[i]);
		entry_list_release(&pair->lists[i]);
	}
	fixture_store_release(&pair->store);
}

/** Compare with a merge of the two lists from `at[0]` and `at[1]`; gives the changes counted. */
static size_t diff_agrees(struct pair *pair, size_t a, size_t b)
{
	const struct entry_list *x = &pair->lists[0], *y = &pair->lists[1];
	struct change change;
	size_t count = 0;

	for (;;) {
		int order = a == x->count   ? 1
			    : b == y->count ? -1
					    : view_compare(x->entries[a].path, y->entries[b].path);

		if (a == x->count && b == y->count)
			break;
		if (order == 0 && entry_content_equal(&x->entries[a], &y->entries[b])) {
			a++;
			b++;
			continue;
		}
		assert_int_equal(fixture_diff_next(&pair->store, pair->diff, &change, NULL),
				 MUSTER_OK);
		assert_int_equal(change.kind, order < 0	  ? CHANGE_REMOVED
					      : order > 0 ? CHANGE_ADDED
							  : CHANGE_MODIFIED);
		if (order <= 0)
			assert_true(fixture_entry_same(&x->entries[a++], &change.a, true));
		if (order >= 0)
			assert_true(fixture_entry_same(&y->entries[b++], &change.b, true));
		count++;
	}
	assert_int_equal(fixture_diff_next(&pair->store, pair->diff, &change, NULL), MUSTER_END);
	assert_int_equal(fixture_diff_next(&pair->store, pair->diff, &change, NULL), MUSTER_END);
	return count;
}

static void list_edit(struct entry_list *list, size_t count, uint64_t *seed)
{
	for (size_t i = 0; i < count && list->count; i++) {
		size_t at = fixture_random(seed) % list->count;
		char path[120];
		struct entry entry;

		switch (fixture_random(seed) % 4) {
		case 0:
			list->entries[at].size_bytes++;
			break;
		case 1:
			entry_list_remove(list, at);
			break;
		case 2: /* placed elsewhere: no change */
			list->entries[at].placement.ordinal += 9;
			break;
		default:
			snprintf(path, sizeof(path), "%.*s+%zu", VIEW_ARGS(list->entries[at].path),
				 i);
			entry = fixture_file(view_text(path), at);
			entry_list_add(list, &entry);
		}
	}
	entry_list_sort(list);
}

static void a_diff_is_what_a_plain_merge_finds(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t trial = 0; trial < 24; trial++) {
		struct pair pair;
		size_t edits = trial < 20 ? trial * trial / 4 : 4000;

		pair.lists[0] = entry_list_dataset(trial * 400, 1);
		pair.lists[1] = entry_list_copy(&pair.lists[0]);
		list_edit(&pair.lists[1], edits, &seed);
		if (trial % 2) {
			struct entry_list swap = pair.lists[0];

			pair.lists[0] = pair.lists[1];
			pair.lists[1] = swap;
		}
		pair_begin(&pair, trial % 3 == 0);
		diff_agrees(&pair, 0, 0);
		pair_end(&pair);
	}
}

static void entries_with_nothing_in_common_are_all_told(void **state)
{
	struct pair pair;
	uint64_t seed = 50;

	(void)state;
	pair.lists[0] = (struct entry_list){ 0 };
	pair.lists[1] = (struct entry_list){ 0 };
	for (int i = 0; i < 1500; i++) {
		entry_list_add_random(&pair.lists[0], &seed);
		entry_list_add_random(&pair.lists[1], &seed);
	}
	entry_list_sort(&pair.lists[0]);
	entry_list_sort(&pair.lists[1]);
	pair_begin(&pair, false);
	assert_true(diff_agrees(&pair, 0, 0) > 2000);
	pair_end(&pair);
}

static void an_empty_version_differs_by_all_the_other_has(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++) {
		struct pair pair;

		pair.lists[side] = entry_list_dataset(1000, 1);
		pair.lists[!side] = (struct entry_list){ 0 };
		pair_begin(&pair, false);
		assert_int_equal(diff_agrees(&pair, 0, 0), 1000);
		pair_end(&pair);
	}
}

static void equal_versions_are_compared_without_reading_a_leaf(void **state)
{
	struct pair pair;

	(void)state;
	for (int with_base = 0; with_base < 2; with_base++) {
		pair.lists[0] = entry_list_dataset(100000, 1);
		pair.lists[1] = entry_list_copy(&pair.lists[0]);
		pair_begin(&pair, with_base);
		assert_int_equal(diff_agrees(&pair, 0, 0), 0);
		assert_int_equal(cursor_leaves_decoded(pair.cursors[0]), 0);
		assert_int_equal(cursor_leaves_decoded(pair.cursors[1]), 0);
		/* Shared leaves in equal blocks: not even a block is read. */
		if (with_base)
			assert_int_equal(pair.store.fetches, 0);
		pair_end(&pair);
	}
}

static void only_leaves_that_changed_are_read(void **state)
{
	struct pair pair;
	uint64_t shared;

	(void)state;
	pair.lists[0] = entry_list_dataset(60000, 1);
	pair.lists[1] = entry_list_copy(&pair.lists[0]);
	pair.lists[1].entries[0].size_bytes++;
	pair.lists[1].entries[20000].fingerprint.digest[1] ^= 1;
	entry_list_remove(&pair.lists[1], 40000);
	pair.lists[1].entries[59998].size_bytes++;
	pair_begin(&pair, true);
	shared = pair.versions[1].leaves_shared;
	assert_int_equal(diff_agrees(&pair, 0, 0), 4);
	assert_int_equal(cursor_leaves_decoded(pair.cursors[0]),
			 pair.versions[0].footer.leaf_count - shared);
	assert_int_equal(cursor_leaves_decoded(pair.cursors[1]), pair.versions[1].leaves_written);
	assert_true(cursor_leaves_decoded(pair.cursors[1]) <= 8);
	pair_end(&pair);
}

static void a_diff_may_begin_at_a_seek(void **state)
{
	struct pair pair;
	uint64_t seed = 8;

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct view path;
		size_t at[2] = { 0, 0 };

		pair.lists[0] = entry_list_dataset(6000, 1);
		pair.lists[1] = entry_list_copy(&pair.lists[0]);
		list_edit(&pair.lists[1], 30, &seed);
		pair_begin(&pair, true);
		path = pair.lists[0].entries[fixture_random(&seed) % 6000].path;
		for (int side = 0; side < 2; side++) {
			cursor_seek(pair.cursors[side], path);
			while (at[side] < pair.lists[side].count &&
			       view_compare(pair.lists[side].entries[at[side]].path, path) < 0)
				at[side]++;
		}
		diff_agrees(&pair, at[0], at[1]);
		pair_end(&pair);
	}
}

static void bytes_that_are_refused_can_be_fed_again(void **state)
{
	struct pair pair;
	struct change change;
	enum muster_code code;
	size_t changes = 0;

	(void)state;
	pair.lists[0] = entry_list_dataset(4000, 1);
	pair.lists[1] = entry_list_dataset(4000, 2);
	pair_begin(&pair, false);
	while ((code = diff_next(pair.diff, &change, NULL)) != MUSTER_END) {
		struct cursor *side = diff_side(pair.diff);
		struct view bytes;

		changes += code == MUSTER_OK;
		if (code == MUSTER_OK)
			continue;
		assert_int_equal(code, MUSTER_FULL);
		assert_int_equal(diff_next(pair.diff, &change, NULL), MUSTER_FULL);
		bytes = fixture_fetch(&pair.store, cursor_wanted(side));
		assert_true(
			muster_failed(cursor_feed(side, view_of(bytes.ptr, bytes.len - 1), NULL)));
		assert_int_equal(cursor_feed(side, bytes, NULL), MUSTER_OK);
	}
	assert_int_equal(changes, 4000);
	pair_end(&pair);
}

static void a_failed_allocation_is_an_error(void **state)
{
	struct diff *diff;

	(void)state;
	torture_allocation(1);
	assert_int_equal(diff_new(&diff, NULL, NULL, NULL), MUSTER_E_MEMORY);
	torture_off();
	diff_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_diff_is_what_a_plain_merge_finds),
		cmocka_unit_test(entries_with_nothing_in_common_are_all_told),
		cmocka_unit_test(an_empty_version_differs_by_all_the_other_has),
		cmocka_unit_test(equal_versions_are_compared_without_reading_a_leaf),
		cmocka_unit_test(only_leaves_that_changed_are_read),
		cmocka_unit_test(a_diff_may_begin_at_a_seek),
		cmocka_unit_test(bytes_that_are_refused_can_be_fed_again),
		cmocka_unit_test(a_failed_allocation_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
