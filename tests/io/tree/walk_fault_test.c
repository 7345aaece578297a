#include "tests/io/tree/faults.h"

/* --- what changes while it is read ------------------------------------------------------- */

static void remove_gone_directory(int dir_fd, const char *name)
{
	if (strcmp(name, "gone") == 0)
		unlinkat(dir_fd, name, AT_REMOVEDIR);
	if (strcmp(name, "file_now") == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		close(openat(dir_fd, name, O_CREAT | O_WRONLY, 0600));
	if (strcmp(name, "link_now") == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		(void)!symlinkat(".", dir_fd, name);
}

static void remove_gone_file(int dir_fd, const char *name)
{
	if (strcmp(name, "gone_file") == 0)
		unlinkat(dir_fd, name, 0);
	if (strcmp(name, "dir_now") == 0 && unlinkat(dir_fd, name, 0) == 0)
		mkdirat(dir_fd, name, 0700);
	if (strcmp(name, "fifo_now") == 0 && unlinkat(dir_fd, name, 0) == 0)
		mknodat(dir_fd, name, S_IFIFO | 0600, 0);
	if (strcmp(name, "gone_link") == 0)
		unlinkat(dir_fd, name, 0);
}

static void what_vanishes_is_counted_and_no_error(void **state)
{
	struct found found;

	(void)state;
	tree_dir("d");
	tree_dir("d/gone");
	tree_dir("d/file_now");
	tree_dir("d/link_now");
	tree_dir("e");
	tree_file("e/gone_file"); /* all of its batch */
	tree_file("gone_file");
	tree_file("dir_now");
	tree_file("fifo_now");
	tree_file("kept");
	tree_link("gone_link", "nowhere");
	fault.before_open = remove_gone_directory;
	fault.before_stat = remove_gone_file;
	assert_int_equal(tree_walk(&found, NULL, &with_faults, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 1);
	assert_int_equal(found.counts.file_count, 1);
	assert_int_equal(found.counts.vanished_count, 7);
	assert_int_equal(found.counts.special_count, 1);
	assert_int_equal(found.errors.count, 0);
	found_release(&found);
}

/* With one descriptor to keep, all others are closed and opened again by their path, but for the
 * two that are in use when the deepest is opened: its parent, and what the other thread is at. */
static void what_cannot_be_opened_again_is_told(void **state)
{
	struct walk_tuning tuning = { .calls = &faulty, .fd_max = 1 };
	struct walk_options options = { .thread_count = 1 };
	struct found found;

	(void)state;
	tree_dir("a");
	tree_dir("a/b");
	tree_dir("a/b/c");
	tree_dir("a/b/c/d");
	tree_dir("a/b/c/d/e");
	tree_file("a/b/c/d/e/file");
	tree_file("a/b/c/d/z");
	tree_file("a/b/c/z");
	tree_file("a/b/z");
	tree_file("a/z");
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 5);
	found_release(&found);

	fault.fails_by_path = EACCES;
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_true(found.errors.count > 0);
	assert_int_equal(found.errors.count + found.files.count, 5);
	assert_non_null(strstr(found.errors.items[0], "Permission denied"));
	found_release(&found);

	fault.fails_by_path = ENOENT;
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.errors.count, 0);
	assert_true(found.counts.vanished_count > 0);
	assert_int_equal(found.counts.vanished_count + found.files.count, 5);
	found_release(&found);
}

/* --- what fails ----------------------------------------------------------------------------- */

/* Is each of `some` among `all` (both sorted)? */
static bool is_among(const struct paths *some, const struct paths *all)
{
	size_t at = 0;

	for (size_t i = 0; i < some->count; i++, at++) {
		while (at < all->count && strcmp(some->items[i], all->items[at]) != 0)
			at++;
		if (at == all->count)
			return false;
	}
	return true;
}

/* One call fails: what is missing then has an error, or is counted as vanished, or stops all. */
static void assert_is_told(const struct found *found, enum muster_code code,
			   const struct muster_error *err, const struct found *whole)
{
	if (code != MUSTER_END) {
		assert_int_equal(code, err->code);
		assert_int_equal(err->sys_errno, fault.cause);
		return;
	}
	assert_true(is_among(&found->files, &whole->files));
	if (found->files.count < whole->files.count)
		assert_true(!is_among(&found->errors, &whole->errors) ||
			    (fault.cause == ENOENT && found->counts.vanished_count > 0));
}

static void each_failing_call_is_told_and_nothing_leaks(void **state)
{
	static const int causes[] = { EIO, EACCES, ENOENT, ENOMEM, EMFILE };
	struct walk_tuning tuning = { .calls = &faulty, .fd_max = 3 };
	struct walk_options options = { .thread_count = 2, .one_file_system = true };
	struct found whole;
	unsigned fd_count;

	(void)state;
	make_tree(3, 2);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	fd_count = open_fd_count();
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		for (enum call call = 0; call < CALL_COUNT; call++) {
			bool is_done = false;

			for (unsigned n = 1; !is_done; n++) {
				struct muster_error err = { 0 };
				enum muster_code code;
				struct found found;

				memset(&fault, 0, sizeof(fault));
				fault.failing = call;
				fault.fail_from = n;
				fault.fail_count = 1;
				fault.cause = causes[i];
				code = tree_walk(&found, &options, &tuning, &err);
				is_done = atomic_load(&fault.counts[call]) < n;
				assert_is_told(&found, code, &err, &whole);
				if (is_done)
					assert_paths_equal(&found.files, &whole.files);
				found_release(&found);
				assert_int_equal(open_fd_count(), fd_count);
			}
		}
	}
	found_release(&whole);
}

static void one_shortage_of_descriptors_is_overcome_and_a_lasting_one_stops_the_walk(void **state)
{
	struct muster_error err = { 0 };
	struct found found, whole;

	(void)state;
	make_tree(30, 2);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	fault.failing = CALL_OPENAT;
	fault.fail_from = 12;
	fault.fail_count = 1;
	fault.cause = EMFILE;
	assert_finds(NULL, &with_faults, &whole.files, &whole.errors);

	atomic_store(&fault.counts[CALL_OPENAT], 0);
	fault.fail_count = 1000000;
	assert_int_equal(tree_walk(&found, NULL, &with_faults, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EMFILE);
	assert_non_null(strstr(err.message, "Too many open files"));
	found_release(&found);
	found_release(&whole);
}

static void a_spill_that_cannot_write_is_an_error_of_its_directory(void **state)
{
	struct walk_options options = { .spill_dir = "/nowhere/at/all" };
	struct walk_tuning tuning = { .sort_max = 3, .spill_memory_bytes = 1 };
	struct found found;

	(void)state;
	make_tree(1, 10);
	tree_dir("small");
	tree_file("small/file");
	assert_int_equal(unlink(tree_path("linked")), 0);
	assert_int_equal(unlink(tree_path("alias")), 0);
	assert_int_equal(unlink(tree_path("d0-")), 0);
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.errors.count, 2); /* d0 and the loop */
	assert_non_null(strstr(found.errors.items[0], "d0/: "));
	assert_non_null(strstr(found.errors.items[0], "'d0'"));
	assert_non_null(strstr(found.errors.items[0], "/nowhere/at/all"));
	assert_int_equal(found.files.count, 3);
	found_release(&found);
}

static void each_failed_allocation_stops_the_walk(void **state)
{
	struct walk_tuning tuning = { .sort_max = 4, .spill_memory_bytes = 100, .fd_max = 3 };
	struct walk_options options = { .thread_count = 2, .spill_dir = "/tmp" };
	unsigned fd_count = open_fd_count();
	bool is_done = false;
	uint64_t n;

	(void)state;
	make_tree(4, 6);
	tree_link("broken", "nowhere");
	for (n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		struct walk_batch *batch;
		struct walk *walk;
		enum muster_code code;

		torture_allocation(n);
		code = walk_open_tuned(&walk, tree_root, &options, &tuning, &err);
		while (!code) {
			code = walk_next(walk, &batch, &err);
			walk_batch_free(batch);
		}
		is_done = !torture_hit();
		torture_off();
		if (is_done)
			assert_int_equal(code, MUSTER_END);
		else
			assert_int_equal(code, MUSTER_E_MEMORY);
		walk_close(walk);
		assert_int_equal(open_fd_count(), fd_count);
	}
	assert_true(n > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(what_vanishes_is_counted_and_no_error),
		FAULT_TEST(what_cannot_be_opened_again_is_told),
		FAULT_TEST(each_failing_call_is_told_and_nothing_leaks),
		FAULT_TEST(
			one_shortage_of_descriptors_is_overcome_and_a_lasting_one_stops_the_walk),
		FAULT_TEST(a_spill_that_cannot_write_is_an_error_of_its_directory),
		FAULT_TEST(each_failed_allocation_stops_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
