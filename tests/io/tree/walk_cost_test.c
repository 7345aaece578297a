#include "tests/io/tree/faults.h"

/* --- what is counted -------------------------------------------------------------------------- */

static void a_file_costs_one_stat_and_a_share_of_reading_its_directory(void **state)
{
	struct found found;
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "file_%05u", i);
		tree_file(path);
	}
	tree_dir("d");
	tree_dir("d/e");
	tree_file("d/e/f");
	assert_int_equal(tree_walk(&found, NULL, &with_faults, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 5001);
	assert_int_equal(atomic_load(&fault.counts[CALL_STATX]), 5001);
	assert_in_range(atomic_load(&fault.counts[CALL_GETDENTS]), 3 + 2, 3 * 2 + 2);
	assert_int_equal(atomic_load(&fault.counts[CALL_OPENAT]), 3);
	assert_int_equal(atomic_load(&fault.counts[CALL_CLOSE]), 3);
	found_release(&found);
}

static void where_types_suffice_only_links_are_stat_ed(void **state)
{
	const struct walk_options options = { .types_only = true };
	struct found found, whole;

	(void)state;
	make_tree(3, 5);
	assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	for (const char *const *link =
		     (const char *const[]){ "alias", "deep/loop", "linked", NULL };
	     *link; link++)
		assert_int_equal(unlink(tree_path(*link)), 0);
	assert_int_equal(tree_walk(&found, &options, &with_faults, NULL), MUSTER_END);
	assert_int_equal(atomic_load(&fault.counts[CALL_STATX]), 0);
	assert_int_equal(found.stat_count, 0);
	assert_int_equal(found.files.count, 3 * 5 + 3);
	assert_int_equal(found.counts.file_count, 3 * 5 + 3);
	assert_int_equal(found.counts.special_count, 1);
	found_release(&found);

	tree_link("alias", "d0-");
	tree_link("linked", "d0");
	tree_link("deep/loop", "../deep");
	assert_finds(&options, &with_faults, &whole.files, &whole.errors);
	fault.hides_types = true;
	assert_int_equal(tree_walk(&found, &options, &with_faults, NULL), MUSTER_END);
	assert_paths_equal(&found.files, &whole.files);
	assert_int_equal(found.stat_count, whole.files.count);
	found_release(&found);
	found_release(&whole);
}

/* Nobody looks at it again: whoever opens it will. */
static void where_types_suffice_what_has_gone_is_given(void **state)
{
	const struct walk_options options = { .types_only = true };
	struct walk_batch *batch;
	struct walk *walk;

	(void)state;
	tree_file("gone");
	tree_link("link", "gone");
	assert_int_equal(walk_open(&walk, tree_root, &options, NULL), MUSTER_OK);
	assert_int_equal(walk_next(walk, &batch, NULL), MUSTER_OK);
	assert_int_equal(unlink(tree_path("gone")), 0);
	assert_int_equal(batch->entry_count, 2);
	assert_false(batch->entries[0].has_stat);
	assert_int_equal(openat(batch->dir_fd, batch->entries[0].name, O_RDONLY), -1);
	assert_true(batch->entries[1].has_stat);
	assert_int_equal(batch->entries[1].stat.size_bytes, strlen("gone"));
	walk_batch_free(batch);
	walk_close(walk);
}

static void no_allocation_is_made_for_each_file(void **state)
{
	struct walk_batch *batch;
	struct walk *walk;
	uint64_t before;
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "file_%05u", i);
		tree_file(path);
	}
	before = torture_allocations();
	assert_int_equal(walk_open(&walk, tree_root, NULL, NULL), MUSTER_OK);
	while (!walk_next(walk, &batch, NULL))
		walk_batch_free(batch);
	walk_close(walk);
	assert_in_range(torture_allocations() - before, 5000 / WALK_BATCH_MAX, 100);
}

/* --- other file systems' habits ---------------------------------------------------------- */

static void file_systems_without_types_give_the_same(void **state)
{
	struct walk_tuning spilled = with_faults;
	struct found found;

	(void)state;
	make_tree(3, 5);
	assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	fault.hides_types = true;
	assert_finds(NULL, &with_faults, &found.files, &found.errors);
	spilled.sort_max = 1;
	assert_finds(NULL, &spilled, &found.files, &found.errors);
	found_release(&found);
}

static void noatime_that_is_refused_is_tried_once(void **state)
{
	struct walk_options options = { .thread_count = 1 };
	struct found found, again;

	(void)state;
	make_tree(20, 1);
	fault.refuses_noatime = true;
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	assert_int_equal(tree_walk(&again, &options, &with_faults, NULL), MUSTER_END);
	assert_paths_equal(&again.files, &found.files);
	/* Each thread, and the consumer is one, may try before it hears of the refusal. */
	assert_in_range(atomic_load(&fault.counts[CALL_OPENAT]), again.counts.directory_count + 1,
			again.counts.directory_count + 2);
	found_release(&found);
	found_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(a_file_costs_one_stat_and_a_share_of_reading_its_directory),
		FAULT_TEST(where_types_suffice_only_links_are_stat_ed),
		FAULT_TEST(where_types_suffice_what_has_gone_is_given),
		FAULT_TEST(no_allocation_is_made_for_each_file),
		FAULT_TEST(file_systems_without_types_give_the_same),
		FAULT_TEST(noatime_that_is_refused_is_tried_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
