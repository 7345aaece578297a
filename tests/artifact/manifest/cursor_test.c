#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/artifact/manifest/fixture.h"
#include "tests/support/torture.h"

/** A version, its store and its entries: most tests here begin with one. */
struct scene {
	struct entry_list list;
	struct fixture_store store;
	struct fixture_version version;
	struct cursor *cursor;
};

static void scene_begin(struct scene *scene, size_t count, bool with_placement)
{
	*scene = (struct scene){ .list = entry_list_dataset(count, 1) };
	fixture_build(&scene->store, &scene->version, 1, &scene->list, NULL);
	assert_int_equal(cursor_new(&scene->cursor, &scene->version.footer, with_placement, NULL),
			 MUSTER_OK);
}

static void scene_end(struct scene *scene)
{
	cursor_free(scene->cursor);
	fixture_version_release(&scene->version);
	fixture_store_release(&scene->store);
	entry_list_release(&scene->list);
}

static enum muster_code scene_next(struct scene *scene, struct entry *out)
{
	return fixture_cursor_next(&scene->store, scene->cursor, out, NULL);
}

static void all_entries_come_in_order_and_each_range_is_fetched_once(void **state)
{
	struct scene scene;
	struct entry entry;

	(void)state;
	for (int with_placement = 0; with_placement < 2; with_placement++) {
		scene_begin(&scene, 100000, with_placement);
		for (size_t i = 0; i < scene.list.count; i++) {
			assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
			assert_true(
				fixture_entry_same(&scene.list.entries[i], &entry, with_placement));
		}
		assert_int_equal(scene_next(&scene, &entry), MUSTER_END);
		assert_int_equal(scene_next(&scene, &entry), MUSTER_END);
		assert_int_equal(scene.store.fetches, scene.version.footer.leaf_count +
							      scene.version.footer.fence_count);
		assert_true(scene.version.footer.fence_count >= 2);
		assert_int_equal(cursor_leaves_decoded(scene.cursor),
				 scene.version.footer.leaf_count);
		scene_end(&scene);
	}
}

static void an_empty_version_ends_at_once(void **state)
{
	const struct leaf_record *record;
	struct scene scene;
	struct entry entry;

	(void)state;
	scene_begin(&scene, 0, true);
	assert_int_equal(scene_next(&scene, &entry), MUSTER_END);
	cursor_seek(scene.cursor, VIEW_LITERAL("x"));
	assert_int_equal(cursor_leaf(scene.cursor, &record, NULL), MUSTER_END);
	assert_int_equal(scene_next(&scene, &entry), MUSTER_END);
	cursor_skip_leaf(scene.cursor);
	assert_null(cursor_wanted(scene.cursor));
	assert_int_equal(cursor_feed(scene.cursor, (struct view){ 0 }, NULL), MUSTER_E_USAGE);
	scene_end(&scene);
}

/** Where a sorted list goes on from `path`. */
static size_t lower_bound(const struct entry_list *list, struct view path)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view_compare(list->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/** After a seek to `path` the cursor goes on as the list does, for some entries. */
static void seek_agrees(struct scene *scene, struct view path, size_t steps)
{
	size_t at = lower_bound(&scene->list, path);
	struct entry entry;

	cursor_seek(scene->cursor, path);
	for (size_t i = at; i < at + steps && i < scene->list.count; i++) {
		assert_int_equal(scene_next(scene, &entry), MUSTER_OK);
		assert_true(view_equal(entry.path, scene->list.entries[i].path));
	}
	if (at + steps > scene->list.count)
		assert_int_equal(scene_next(scene, &entry), MUSTER_END);
}

static void a_seek_finds_the_first_path_not_before_its_own(void **state)
{
	struct scene scene;
	uint64_t seed = 11;

	(void)state;
	scene_begin(&scene, 100000, true);
	seek_agrees(&scene, (struct view){ 0 }, 3);
	seek_agrees(&scene, VIEW_LITERAL("a"), 3);
	seek_agrees(&scene, VIEW_LITERAL("z"), 3);
	seek_agrees(&scene, scene.list.entries[scene.list.count - 1].path, 2);
	for (int i = 0; i < 3000; i++) {
		struct view path =
			scene.list.entries[fixture_random(&seed) % scene.list.count].path;
		char text[120];
		int kind = (int)(fixture_random(&seed) % 4);

		/* itself, just behind it, just before it, and its directory */
		snprintf(text, sizeof(text), "%.*s%s", VIEW_ARGS(path), kind == 1 ? "+" : "");
		if (kind == 2)
			text[strlen(text) - 5]--;
		if (kind == 3)
			text[16] = '\0';
		seek_agrees(&scene, view_text(text), fixture_random(&seed) % 400);
	}
	scene_end(&scene);
}

static void a_seek_to_any_seam_or_beside_it_is_exact(void **state)
{
	const struct leaf_record *record;
	struct scene scene;
	struct cursor *seams;

	(void)state;
	scene_begin(&scene, 100000, false);
	assert_int_equal(cursor_new(&seams, &scene.version.footer, false, NULL), MUSTER_OK);
	while (fixture_cursor_leaf(&scene.store, seams, &record, NULL) == MUSTER_OK) {
		struct view first = record->first_path;
		char text[120];

		seek_agrees(&scene, first, 1);
		/* behind the last entry of the leaf before, in no leaf */
		snprintf(text, sizeof(text), "%.*s~", VIEW_ARGS(first));
		text[strlen(text) - 6]--;
		seek_agrees(&scene, view_text(text), 2);
		snprintf(text, sizeof(text), "%.*s+", VIEW_ARGS(first));
		seek_agrees(&scene, view_text(text), 2);
		cursor_skip_leaf(seams);
	}
	cursor_free(seams);
	scene_end(&scene);
}

static void a_seek_to_a_path_longer_than_any_is_behind_its_beginning(void **state)
{
	static char text[ENTRY_PATH_MAX_BYTES + 2];
	struct scene scene = { 0 };
	struct entry entry;

	(void)state;
	memset(text, 'm', sizeof(text));
	for (size_t len = ENTRY_PATH_MAX_BYTES - 1; len <= ENTRY_PATH_MAX_BYTES; len++) {
		entry = fixture_file(view_of(text, len), len);
		entry_list_add(&scene.list, &entry);
	}
	entry = fixture_file(view_text("n"), 1);
	entry_list_add(&scene.list, &entry);
	fixture_build(&scene.store, &scene.version, 1, &scene.list, NULL);
	assert_int_equal(cursor_new(&scene.cursor, &scene.version.footer, true, NULL), MUSTER_OK);
	cursor_seek(scene.cursor, view_of(text, ENTRY_PATH_MAX_BYTES));
	assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
	assert_int_equal(entry.path.len, ENTRY_PATH_MAX_BYTES);
	cursor_seek(scene.cursor, view_of(text, ENTRY_PATH_MAX_BYTES + 1));
	assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
	assert_true(view_equal(entry.path, VIEW_LITERAL("n")));
	scene_end(&scene);
}

static void one_entry_is_found_with_a_block_and_a_leaf(void **state)
{
	struct scene scene;
	struct entry entry;

	(void)state;
	scene_begin(&scene, 100000, true);
	cursor_seek(scene.cursor, scene.list.entries[77777].path);
	assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
	assert_int_equal(scene.store.fetches, 2);
	cursor_seek(scene.cursor, scene.list.entries[77776].path);
	assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
	assert_true(scene.store.fetches <= 3);
	assert_int_equal(cursor_leaves_decoded(scene.cursor), scene.store.fetches - 1);
	scene_end(&scene);
}

static void leaves_are_told_at_seams_only_and_can_be_skipped(void **state)
{
	const struct leaf_record *record;
	struct scene scene;
	struct entry entry = { 0 };
	size_t at = 0;

	(void)state;
	scene_begin(&scene, 30000, false);
	for (size_t leaf = 0; at < scene.list.count; leaf++) {
		assert_int_equal(fixture_cursor_leaf(&scene.store, scene.cursor, &record, NULL),
				 MUSTER_OK);
		assert_non_null(record);
		assert_true(view_equal(record->first_path, scene.list.entries[at].path));
		at += record->entry_count;
		if (leaf % 3) {
			cursor_skip_leaf(scene.cursor);
			continue;
		}
		for (uint32_t i = record->entry_count; i > 0; i--) {
			assert_int_equal(scene_next(&scene, &entry), MUSTER_OK);
			if (i == 1)
				break;
			assert_int_equal(
				fixture_cursor_leaf(&scene.store, scene.cursor, &record, NULL),
				MUSTER_OK);
			assert_null(record);
		}
		assert_true(view_equal(entry.path, scene.list.entries[at - 1].path));
	}
	assert_int_equal(cursor_leaf(scene.cursor, &record, NULL), MUSTER_END);
	assert_int_equal(cursor_leaves_decoded(scene.cursor),
			 (scene.version.footer.leaf_count + 2) / 3);
	scene_end(&scene);
}

static void what_is_fed_wrong_is_refused_and_the_right_bytes_still_serve(void **state)
{
	struct scene scene;
	struct entry entry;
	uint64_t seed = 6;
	size_t at = 0, refused = 0;
	enum muster_code code;

	(void)state;
	scene_begin(&scene, 3000, true);
	while ((code = cursor_next(scene.cursor, &entry, NULL)) != MUSTER_END) {
		struct view right;
		uint8_t *wrong;

		if (code == MUSTER_OK) {
			assert_true(fixture_entry_same(&scene.list.entries[at++], &entry, true));
			continue;
		}
		assert_int_equal(code, MUSTER_FULL);
		right = fixture_fetch(&scene.store, cursor_wanted(scene.cursor));
		wrong = malloc(right.len + 1);
		assert_non_null(wrong);
		memcpy(wrong, right.ptr, right.len);
		for (int i = 0; i < 60; i++) {
			struct muster_error err = { 0 };
			size_t bit = fixture_random(&seed) % (8 * right.len);

			wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(cursor_feed(scene.cursor, view_of(wrong, right.len), &err),
					 MUSTER_E_DIGEST);
			assert_non_null(strstr(err.message, "object 76767676"));
			wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
			refused++;
		}
		assert_int_equal(cursor_feed(scene.cursor, view_of(wrong, right.len - 1), NULL),
				 MUSTER_E_FORMAT);
		assert_int_equal(cursor_feed(scene.cursor, view_of(wrong, right.len + 1), NULL),
				 MUSTER_E_FORMAT);
		free(wrong);
		assert_int_equal(cursor_feed(scene.cursor, right, NULL), MUSTER_OK);
		assert_int_equal(cursor_feed(scene.cursor, right, NULL), MUSTER_E_USAGE);
	}
	assert_int_equal(at, scene.list.count);
	assert_true(refused > 300);
	scene_end(&scene);
}

/**
 * Build a version of one leaf whose record was tampered with, with a SHA-256 that fits: what a
 * broken or hostile writer could store. The cursor must see that record and leaf disagree.
 */
static enum muster_code read_tampered(struct scene *scene, void (*tamper)(struct leaf_record *),
				      struct muster_error *err)
{
	struct leaf_record record;
	const struct leaf_record *shown;
	struct manifest_fence *fence = fixture_fence(&scene->version, 0);
	struct bytes *object = fixture_store_last(&scene->store), block = { 0 };
	struct cursor *cursor;
	struct entry entry;
	enum muster_code code;

	assert_int_equal(fixture_cursor_leaf(&scene->store, scene->cursor, &shown, NULL),
			 MUSTER_OK);
	record = *shown;
	tamper(&record);
	assert_int_equal(manifest_block_encode(&record, 1, &block, NULL), MUSTER_OK);
	fence->offset_bytes = object->len; /* behind all that was there */
	fence->length_bytes = (uint32_t)block.len;
	fence->entry_count = record.entry_count;
	fence->first_path = record.first_path;
	sha256_of(bytes_view(&block), fence->sha256);
	bytes_append_view(object, bytes_view(&block), NULL);
	assert_int_equal(cursor_new(&cursor, &scene->version.footer, true, NULL), MUSTER_OK);
	do
		code = fixture_cursor_next(&scene->store, cursor, &entry, err);
	while (code == MUSTER_OK);
	if (muster_failed(code) && !cursor_wanted(cursor)) /* and it stays refused */
		assert_true(muster_failed(cursor_next(cursor, &entry, NULL)));
	cursor_free(cursor);
	bytes_release(&block);
	return code;
}

static void tamper_not(struct leaf_record *record)
{
	(void)record;
}

static void tamper_path(struct leaf_record *record)
{
	record->first_path = VIEW_LITERAL("other");
}

static void tamper_size(struct leaf_record *record)
{
	record->size_bytes++;
}

static void tamper_more(struct leaf_record *record)
{
	record->entry_count++;
}

static void tamper_less(struct leaf_record *record)
{
	record->entry_count--;
}

static void tamper_parts(struct leaf_record *record)
{
	record->content_bytes--;
	record->placement_bytes++;
}

static void a_leaf_that_is_not_as_its_record_says_is_refused(void **state)
{
	static const struct {
		void (*tamper)(struct leaf_record *);
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ tamper_not, MUSTER_END, "" },
		{ tamper_path, MUSTER_E_FORMAT, "first path" },
		{ tamper_size, MUSTER_E_FORMAT, "size" },
		{ tamper_more, MUSTER_E_FORMAT, "entries" },
		{ tamper_less, MUSTER_E_FORMAT, "entries" },
		{ tamper_parts, MUSTER_E_DIGEST, "SHA-256" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct scene scene;

		scene_begin(&scene, 20, true);
		assert_int_equal(read_tampered(&scene, cases[i].tamper, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		scene_end(&scene);
	}
}

static void a_block_that_is_not_as_its_fence_says_is_refused(void **state)
{
	static const char *const reasons[] = { "entries", "first path", "before the next block" };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct muster_error err = { 0 };
		struct scene scene;
		struct manifest_fence *fence;
		struct entry entry;

		scene_begin(&scene, 100000, true);
		fence = fixture_fence(&scene.version, 1);
		if (kind == 0)
			fence->entry_count++;
		else if (kind == 1)
			fence->first_path.len--;
		else
			fence->first_path = VIEW_LITERAL("train/class-00");
		cursor_seek(scene.cursor,
			    kind == 2 ? (struct view){ 0 } : scene.list.entries[99000].path);
		assert_int_equal(fixture_cursor_next(&scene.store, scene.cursor, &entry, &err),
				 MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, reasons[kind]));
		scene_end(&scene);
	}
}

/** Read all; without fixture functions, which would not survive a failed allocation. */
static enum muster_code read_plainly(struct scene *scene)
{
	struct cursor *cursor = NULL;
	struct entry entry;
	enum muster_code code = cursor_new(&cursor, &scene->version.footer, true, NULL);

	while (!code) {
		code = cursor_next(cursor, &entry, NULL);
		if (code == MUSTER_FULL)
			code = cursor_feed(
				cursor, fixture_fetch(&scene->store, cursor_wanted(cursor)), NULL);
	}
	cursor_free(cursor);
	return code;
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
	enum muster_code code = MUSTER_E_MEMORY;
	struct scene scene;

	(void)state;
	scene_begin(&scene, 4000, true);
	for (uint64_t n = 1; code != MUSTER_END; n++) {
		torture_allocation(n);
		code = read_plainly(&scene);
		torture_off();
		assert_int_equal(code, torture_hit() ? MUSTER_E_MEMORY : MUSTER_END);
	}
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_entries_come_in_order_and_each_range_is_fetched_once),
		cmocka_unit_test(an_empty_version_ends_at_once),
		cmocka_unit_test(a_seek_finds_the_first_path_not_before_its_own),
		cmocka_unit_test(a_seek_to_any_seam_or_beside_it_is_exact),
		cmocka_unit_test(a_seek_to_a_path_longer_than_any_is_behind_its_beginning),
		cmocka_unit_test(one_entry_is_found_with_a_block_and_a_leaf),
		cmocka_unit_test(leaves_are_told_at_seams_only_and_can_be_skipped),
		cmocka_unit_test(what_is_fed_wrong_is_refused_and_the_right_bytes_still_serve),
		cmocka_unit_test(a_leaf_that_is_not_as_its_record_says_is_refused),
		cmocka_unit_test(a_block_that_is_not_as_its_fence_says_is_refused),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
