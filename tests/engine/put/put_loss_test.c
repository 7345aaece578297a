/* A put into a repository that has lost what its index and its versions name. */
#include "tests/engine/put/place.h"

struct doomed {
	struct store *store;
	char keys[64][128];
	size_t count;
};

static enum muster_code note_pack(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct doomed *doomed = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	assert_true(doomed->count < 64);
	snprintf(doomed->keys[doomed->count++], sizeof(doomed->keys[0]), "%s", key);
	return MUSTER_OK;
}

/* Somebody removes every pack, or leaves only its beginning. */
static void damage_packs(struct place *place, bool removes)
{
	struct doomed doomed = { .store = place->store };

	assert_int_equal(store_list(place->store, "packs/", NULL, note_pack, &doomed, NULL),
			 MUSTER_OK);
	assert_true(doomed.count > 0);
	for (size_t i = 0; i < doomed.count; i++) {
		assert_int_equal(store_remove(place->store, doomed.keys[i], NULL), MUSTER_OK);
		if (!removes)
			assert_int_equal(store_create(place->store, doomed.keys[i],
						      VIEW_LITERAL("pack"), NULL),
					 MUSTER_OK);
	}
}

static void lost_packs_are_stored_anew_by_the_next_put(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	for (int removes = 0; removes < 2; removes++) {
		for (int rehash = 0; rehash < 2; rehash++) {
			put_tree(place);
			damage_packs(place, removes);
			options.rehash = rehash;
			report = put(place, &options, MUSTER_OK);
			assert_false(report.is_new); /* the version names what it named */
			/* Equal files behind the first one are known to be stored by then. */
			assert_int_equal(report.read_files + report.kept_files, report.entry_count);
			assert_true(report.packed_blobs > 0);
			assert_int_equal(compare_with_tree_by_index(place), report.entry_count);
		}
		options.rehash = false;
		damage_packs(place, removes);
		options.name = removes ? "other" : "another"; /* nothing but the index knows it */
		report = put(place, &options, MUSTER_OK);
		assert_true(report.is_new);
		assert_true(report.packed_blobs > 0);
		options.name = "data";
		assert_int_equal(compare_with_tree_by_index(place), report.entry_count);
	}
}

/* What the tree does not have cannot be stored anew: no version may name it as if it were there. */
static void a_base_that_lost_its_bytes_is_not_put_onto(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct muster_error err;

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	put_tree(place);
	damage_packs(place, true);
	run_shell("cd '%s' && rm a && echo 3 > b", place->tree);
	options.onto = "latest";
	assert_int_equal(put_run(place->repository, place->cache, &options, &report, &err),
			 MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "'a'"));
	assert_false(report.is_committed);
	run_shell("cd '%s' && echo 1 > copy-of-a", place->tree); /* the same bytes again */
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	run_shell("cd '%s' && echo 1 > a", place->tree);
	assert_int_equal(compare_with_tree(place), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(lost_packs_are_stored_anew_by_the_next_put),
		PUT_TEST(a_base_that_lost_its_bytes_is_not_put_onto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
