/* Entries of other versions: what a put takes over, what it relies on, and what it does where that
 * is gone. */
#include "tests/engine/put/place.h"

#include "engine/put/version_list.h"

/* "data:v0": a, d/b, d/c, and the large. */
static void make_source(struct place *place)
{
	run_shell("cd '%s' && mkdir d && echo a > a && echo b > d/b && echo c > d/c && "
		  "head -c 5000000 /dev/zero > large",
		  place->tree);
	put_tree(place);
}

static struct muster_put_options carried_options(const struct muster_source *sources, size_t count)
{
	struct muster_put_options options = put_options(sources);

	options.source_count = count;
	options.name = "carried";
	return options;
}

static struct version_reader *open_latest(struct place *place, const char *name)
{
	struct version_reader_options options = { .with_placement = true };
	struct collection_name names = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					 view_text(name) };
	struct collection *collection;
	struct version_reader *reader;

	assert_int_equal(collection_open(&collection, place->repository, &names, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(version_reader_open(&reader, place->store,
					     &collection_latest(collection)->manifest, &options,
					     NULL),
			 MUSTER_OK);
	collection_close(collection);
	return reader;
}

static void entries_have_the_bytes_of_their_source(void **state)
{
	static const struct {
		const char *path, *source;
	} expected[] = { { "a", "a" }, { "big", "large" }, { "dir/b", "d/b" }, { "dir/c", "d/c" } };
	struct place *place = *state;
	struct muster_source sources[] = { { "muster://me/tests/data:v0/a", NULL },
					   { "muster://me/tests/data:v0/d", "dir" },
					   { "muster://me/tests/data:latest/large", "big" } };
	struct muster_put_options options = carried_options(sources, 3);
	struct muster_put_report report;
	struct version_reader *carried, *source;
	struct entry entry, original;
	size_t count = 0;

	make_source(place);
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.carried_entries, 4);
	assert_int_equal(report.read_files + report.packed_blobs + report.kept_files, 0);
	carried = open_latest(place, "carried");
	source = open_latest(place, "data");
	assert_int_equal(version_reader_footer(carried)->reference_count, 4);
	assert_int_equal(version_reader_footer(carried)->size_bytes, 3 * 2 + 5000000);
	for (; !version_reader_next(carried, &entry, NULL); count++) {
		assert_true(view_equal(entry.path, view_text(expected[count].path)));
		assert_int_equal(version_reader_find(source, view_text(expected[count].source),
						     &original, NULL),
				 MUSTER_OK);
		assert_true(entry.is_placed && entry.has_checksum && entry.has_size);
		assert_int_equal(entry.size_bytes, original.size_bytes);
		assert_memory_equal(&entry.fingerprint, &original.fingerprint,
				    sizeof(entry.fingerprint));
		assert_true(object_id_equal(&entry.placement.pack, &original.placement.pack));
		assert_int_equal(entry.placement.ordinal, original.placement.ordinal);
		assert_true(view_starts_with(entry.ref, VIEW_LITERAL("muster://")));
	}
	assert_int_equal(count, 4);
	version_reader_close(carried);
	version_reader_close(source);
	report = put(place, &options, MUSTER_OK);
	assert_false(report.is_new);
}

static enum muster_code note_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	(void)size_bytes, (void)modified_ns, (void)err;
	snprintf(state, 128, "%s", key);
	return MUSTER_END;
}

/* The pack that the source names is gone, but its bytes are stored once more. */
static void another_copy_serves_where_the_source_s_is_gone(void **state)
{
	struct place *place = *state;
	struct muster_source source = { "muster://me/tests/data:v0/d", NULL };
	struct muster_put_options options = carried_options(&source, 1);
	struct muster_put_report report;
	struct version_reader *carried;
	struct entry entry;
	char first[128] = "", path[128];

	run_shell("cd '%s' && mkdir d && echo b > d/b", place->tree);
	put_tree(place);
	store_list(place->store, "packs/", NULL, note_key, first, NULL);
	snprintf(path, sizeof(path), "%s/d", place->tree);
	assert_int_equal(store_remove(place->store, first, NULL), MUSTER_OK);
	assert_int_equal(put(place, &options, MUSTER_E_ITEMS).failed_items, 1);
	run_shell("cd '%s' && echo b > again", place->tree);
	{
		struct muster_source again = { .path = place->tree };
		struct muster_put_options rehash = put_options(&again);

		rehash.name = "again";
		rehash.rehash = true;
		put(place, &rehash, MUSTER_OK);
	}
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.carried_entries, 1);
	carried = open_latest(place, "carried");
	assert_int_equal(version_reader_next(carried, &entry, NULL), MUSTER_OK);
	assert_true(entry.is_placed);
	version_reader_close(carried);
}

static void many_entries_come_in_batches_between_others(void **state)
{
	struct place *place = *state;
	struct muster_source sources[] = { { "muster://me/tests/data:v0", NULL },
					   { "muster://me/tests/data:v0", "x" },
					   { place->tree, "y" } };
	struct muster_put_options options = carried_options(sources, 3);
	struct muster_put_report report;

	run_shell("cd '%s' && seq 10000 11500 | xargs touch && mkdir n && echo 1 > n/1",
		  place->tree);
	put_tree(place);
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3 * 1502);
	assert_int_equal(report.carried_entries, 2 * 1502);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place *place = *state;
	bool is_done = false;

	make_source(place);
	for (uint64_t n = 1; !is_done; n++) {
		struct version_list *list = NULL;
		const struct entry *entries;
		size_t count, all = 0;
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = version_list_open(&list, place->repository, "muster://me/tests/data:v0/d",
					 NULL, &err);
		while (!code && !(code = version_list_next(list, &entries, &count, &err)))
			all += count;
		is_done = !torture_hit();
		torture_off();
		version_list_close(list);
		if (code != (is_done ? MUSTER_END : MUSTER_E_MEMORY))
			fail_msg("code %d: %s", code, err.message);
		if (is_done)
			assert_int_equal(all, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(entries_have_the_bytes_of_their_source),
		PUT_TEST(another_copy_serves_where_the_source_s_is_gone),
		PUT_TEST(many_entries_come_in_batches_between_others),
		PUT_TEST(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
