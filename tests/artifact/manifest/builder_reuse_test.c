/* Versions that take leaves and digests of others. */
#include "tests/artifact/manifest/leaves.h"

/** Edit `count` entries at random. */
static void list_edit(struct entry_list *list, size_t from, size_t count, uint64_t *seed)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = from + fixture_random(seed) % (list->count - from);
		char path[100];
		struct entry entry;

		switch (fixture_random(seed) % 3) {
		case 0:
			list->entries[at].fingerprint.digest[0] ^= 1;
			break;
		case 1:
			entry_list_remove(list, at);
			break;
		default:
			snprintf(path, sizeof(path), "%.*s-%zu", VIEW_ARGS(list->entries[at].path),
				 i);
			entry = fixture_file(view_text(path), at);
			entry.ref = view_text("s3://bucket/key");
			entry_list_add(list, &entry);
			entry_list_sort(list);
		}
	}
}

/** Copy whole leaves of the base as long as its entries are those of the list; `from`: where the
 *  list goes on after entries that were resumed. Adds entries until seams meet again. */
static void reuse_and_add(struct fixture_store *store, struct fixture_writer *writer,
			  const struct fixture_version *base, const struct entry_list *list,
			  size_t from)
{
	struct cursor *seams, *entries;
	size_t i = from;

	assert_int_equal(cursor_new(&seams, &base->footer, false, NULL), MUSTER_OK);
	assert_int_equal(cursor_new(&entries, &base->footer, true, NULL), MUSTER_OK);
	while (i < list->count) {
		const struct leaf_record *record = NULL;
		struct entry entry;
		size_t same = 0;

		cursor_seek(seams, list->entries[i].path);
		if (builder_at_seam(writer->builder) &&
		    fixture_cursor_leaf(store, seams, &record, NULL) == MUSTER_OK && record) {
			cursor_seek(entries, record->first_path);
			while (same < record->entry_count && i + same < list->count &&
			       fixture_cursor_next(store, entries, &entry, NULL) == MUSTER_OK &&
			       fixture_entry_same(&entry, &list->entries[i + same], true))
				same++;
			/* The base's last leaf, cut by its end, can be reused as the last only. */
			if (same != record->entry_count ||
			    (record->first_path.len && i + same != list->count &&
			     fixture_cursor_next(store, entries, &entry, NULL) == MUSTER_END))
				record = NULL;
		}
		if (!record) {
			fixture_writer_add(writer, &list->entries[i++]);
			continue;
		}
		for (size_t j = 0; j < same; j++)
			assert_int_equal(
				builder_digest_entry(writer->builder, &list->entries[i + j], NULL),
				MUSTER_OK);
		assert_true(builder_at_seam(writer->builder));
		assert_int_equal(builder_reuse(writer->builder, record, NULL), MUSTER_OK);
		writer->version->leaves_shared++;
		i += same;
	}
	cursor_free(seams);
	cursor_free(entries);
}

static void a_version_with_reused_leaves_is_the_one_built_from_nothing(void **state)
{
	uint64_t seed = 77;

	(void)state;
	for (uint32_t trial = 0; trial < 4; trial++) {
		struct entry_list list = entry_list_dataset(20000, trial);
		struct fixture_store store = { 0 };
		struct fixture_version base, plain, reused;
		struct fixture_writer writer;

		if (trial == 3)
			list.entries[list.count - 1].ref = VIEW_LITERAL("s3://b/k");
		fixture_build(&store, &base, 1, &list, NULL);
		list_edit(&list, 0, trial * 4, &seed);
		fixture_build(&store, &plain, 2, &list, NULL);
		fixture_writer_begin(&writer, &store, &reused, 3, DIGEST_MD5, NULL);
		reuse_and_add(&store, &writer, &base, &list, 0);
		fixture_writer_end(&writer);
		assert_true(reused.leaves_shared > 50);
		footers_agree(&store, &plain, &reused);
		fixture_version_release(&base);
		fixture_version_release(&plain);
		fixture_version_release(&reused);
		fixture_store_release(&store);
		entry_list_release(&list);
	}
}

/** Reuse all leaves before block `index` unread. */
static size_t reuse_blocks(struct fixture_store *store, struct fixture_writer *writer,
			   const struct fixture_version *base, size_t index)
{
	const struct leaf_record *record;
	struct cursor *cursor;
	uint64_t entry_count = 0;

	assert_int_equal(cursor_new(&cursor, &base->footer, false, NULL), MUSTER_OK);
	for (size_t i = 0; i < index * MANIFEST_BLOCK_LEAVES; i++) {
		assert_int_equal(fixture_cursor_leaf(store, cursor, &record, NULL), MUSTER_OK);
		assert_int_equal(builder_reuse(writer->builder, record, NULL), MUSTER_OK);
		entry_count += record->entry_count;
		cursor_skip_leaf(cursor);
	}
	assert_int_equal(cursor_leaves_decoded(cursor), 0);
	cursor_free(cursor);
	return entry_count;
}

static void a_resumed_digest_gives_the_version_built_from_nothing(void **state)
{
	struct entry_list list = entry_list_dataset(200000, 9);
	struct fixture_store store = { 0 };
	struct fixture_version base, plain, resumed;
	struct fixture_writer writer;
	uint64_t seed = 78;

	(void)state;
	for (size_t i = 0; i < list.count; i += 7)
		list.entries[i].ref = VIEW_LITERAL("s3://b/k");
	fixture_build(&store, &base, 1, &list, NULL);
	assert_true(base.footer.fence_count >= 3);
	list_edit(&list, 150000, 5, &seed);
	fixture_build(&store, &plain, 2, &list, NULL);
	for (size_t block = 0; block < base.footer.fence_count; block++) {
		size_t from;

		if (view_compare(base.footer.fences[block].first_path, list.entries[149000].path) >
		    0)
			break;
		fixture_writer_begin(&writer, &store, &resumed, 3 + (uint32_t)block, DIGEST_MD5,
				     NULL);
		from = reuse_blocks(&store, &writer, &base, block);
		assert_int_equal(builder_resume_digest(writer.builder, &base.footer, block, NULL),
				 MUSTER_OK);
		reuse_and_add(&store, &writer, &base, &list, from);
		fixture_writer_end(&writer);
		footers_agree(&store, &plain, &resumed);
		fixture_version_release(&resumed);
	}
	fixture_version_release(&base);
	fixture_version_release(&plain);
	fixture_store_release(&store);
	entry_list_release(&list);
}

static void only_leaves_near_a_change_are_written(void **state)
{
	struct entry_list list = entry_list_dataset(50000, 3);
	struct fixture_store store = { 0 };
	struct fixture_version base, next;

	(void)state;
	fixture_build(&store, &base, 1, &list, NULL);
	list.entries[30000].fingerprint.digest[3] ^= 1;
	fixture_build(&store, &next, 2, &list, &base);
	assert_int_equal(next.leaves_written, 1);
	assert_int_equal(next.leaves_shared, base.footer.leaf_count - 1);
	fixture_version_release(&base);
	fixture_version_release(&next);
	fixture_store_release(&store);
	entry_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_with_reused_leaves_is_the_one_built_from_nothing),
		cmocka_unit_test(a_resumed_digest_gives_the_version_built_from_nothing),
		cmocka_unit_test(only_leaves_near_a_change_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
