/* What a walk finds, skips and tells. */
#include "tests/io/tree/ways.h"

static void links_are_followed_and_loops_are_errors_with_their_path(void **state)
{
	static const char *const expected[] = {
		"broken: follow link 'broken': No such file or directory",
		"d/back/: a symbolic link loop: 'd/back'",
		"d/e/d/: a symbolic link loop: 'd/e/d'",
		"linked/back/: a symbolic link loop: 'linked/back'",
		"linked/e/d/: a symbolic link loop: 'linked/e/d'",
		"self: a symbolic link loop: 'self'",
	};
	struct paths files = { 0 }, errors = { 0 };

	(void)state;
	tree_dir("d");
	tree_dir("d/e");
	tree_file("d/file");
	tree_link("d/back", "..");
	tree_link("d/e/d", "../../d");
	tree_link("linked", "d");
	tree_link("alias", "d/file");
	tree_link("broken", "nowhere");
	tree_link("self", "self");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		paths_add(&errors, expected[i], strlen(expected[i]));
	paths_add(&files, "alias", 5);
	paths_add(&files, "d/file", 6);
	paths_add(&files, "linked/file", 11);
	assert_all_ways_find(&files, &errors);
	paths_release(&files);
	paths_release(&errors);
}

/* --- what is skipped, and what is an error -------------------------------------------------- */

static void special_files_are_counted_and_skipped(void **state)
{
	struct found found;

	(void)state;
	assert_int_equal(mkfifo(tree_path("fifo"), 0644), 0);
	tree_link("null", "/dev/null");
	tree_link("pipe", "fifo");
	tree_file("file");
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 1);
	assert_int_equal(found.counts.special_count, 3);
	assert_int_equal(found.counts.error_count, 0);
	assert_int_equal(found.counts.directory_count, 1);
	found_release(&found);
}

static void names_that_are_not_utf8_are_errors(void **state)
{
	struct found found;

	(void)state;
	tree_file("bad\xff");
	tree_dir("dir\xc0\xaf");
	tree_file("dir\xc0\xaf/inside");
	tree_link("link\xfe", "nowhere");
	tree_file("good");
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 1);
	assert_int_equal(found.errors.count, 3);
	assert_non_null(strstr(found.errors.items[0], "not valid UTF-8"));
	assert_non_null(strstr(found.errors.items[1], "dir\xc0\xaf/: "));
	found_release(&found);
}

/* Makes a chain of directories of this name; gives the innermost open. */
static int deep_chain(const char *name, unsigned depth, bool has_files)
{
	int fd = open(tree_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; i < depth; i++) {
		int below;

		if (has_files)
			close(openat(fd, "z", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	return fd;
}

static void ten_thousand_levels_end_in_one_error(void **state)
{
	struct found found;

	(void)state;
	close(deep_chain("d", 10000, false));
	for (size_t i = 0; i < WAY_COUNT; i++) {
		assert_int_equal(tree_walk(&found, &ways[i].options, &ways[i].tuning, NULL),
				 MUSTER_END);
		assert_int_equal(found.files.count, 0);
		assert_int_equal(found.errors.count, 1);
		assert_non_null(strstr(found.errors.items[0], "longer than 4096 bytes"));
		found_release(&found);
	}
}

/* Each level has a file behind its subdirectory, so all levels are needed again. */
static void deep_trees_do_with_few_descriptors(void **state)
{
	struct rlimit before, limit;
	struct muster_error err = { 0 };
	struct found found;

	(void)state;
	close(deep_chain("d", 2000, true));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (size_t i = 0; i < WAY_COUNT; i++) {
		assert_int_equal(tree_walk(&found, &ways[i].options, &ways[i].tuning, &err),
				 MUSTER_END);
		assert_int_equal(found.files.count, 2000);
		assert_int_equal(found.errors.count, 0);
		assert_int_equal(found.counts.directory_count, 2001);
		found_release(&found);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void paths_have_4096_bytes_at_most(void **state)
{
	struct found found;
	char name[255];
	int fd;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = deep_chain(name, 16, false);
	/* 16 * 255 = 4080 bytes with their slashes: 16 are left. */
	close(openat(fd, "sixteen_bytes_ok", O_CREAT | O_WRONLY, 0644));
	close(openat(fd, "seventeen_bytes_x", O_CREAT | O_WRONLY, 0644));
	assert_int_equal(mkdirat(fd, "14_bytes_as_dir", 0755), 0);
	assert_int_equal(mkdirat(fd, "fourteen_bytes", 0755), 0);
	close(openat(fd, "fourteen_bytes/x", O_CREAT | O_WRONLY, 0644));
	close(openat(fd, "fourteen_bytes/xy", O_CREAT | O_WRONLY, 0644));
	close(fd);
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 2);
	assert_int_equal(strlen(found.files.items[0]), 4096);
	assert_non_null(strstr(found.files.items[0], "/fourteen_bytes/x"));
	assert_int_equal(strlen(found.files.items[1]), 4096);
	assert_int_equal(found.errors.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(strstr(found.errors.items[i], "longer than 4096 bytes"));
	found_release(&found);
}

static void many_subdirectories_do_with_few_descriptors(void **state)
{
	struct rlimit before, limit;
	struct found found;
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "%u", i);
		tree_dir(path);
		if (i % 3 == 0) {
			snprintf(path, sizeof(path), "%u/f", i);
			tree_file(path);
		}
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (size_t i = 0; i < WAY_COUNT; i++) {
		assert_int_equal(tree_walk(&found, &ways[i].options, &ways[i].tuning, NULL),
				 MUSTER_END);
		assert_int_equal(found.files.count, 1667);
		assert_int_equal(found.errors.count, 0);
		found_release(&found);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* As a user who is not root; in a process of its own, which ends with the count of failures. */
static int walk_as_nobody(void)
{
	struct walk_options options = { .thread_count = 2 };
	struct muster_error err = { 0 };
	struct found found;
	int failures = 0;

	if (geteuid() == 0 && (setegid(65534) || seteuid(65534)))
		return 100;
	failures += tree_walk(&found, &options, NULL, &err) != MUSTER_END;
	failures += found.files.count != 2;
	failures += found.errors.count != 2;
	if (found.errors.count == 2) {
		failures += !strstr(found.errors.items[0],
				    "locked/: open directory 'locked': Permission denied");
		failures += !strstr(found.errors.items[1],
				    "names_only/file: stat 'names_only/file': Permission denied");
	}
	found_release(&found);
	options.types_only = true; /* who opens it is refused */
	failures += tree_walk(&found, &options, NULL, &err) != MUSTER_END;
	failures += found.files.count != 3;
	failures += found.errors.count != 1;
	found_release(&found);
	return failures;
}

static void what_may_not_be_read_is_an_error(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	tree_dir("locked");
	tree_file("locked/file");
	tree_dir("names_only");
	tree_file("names_only/file");
	tree_file("before");
	tree_file("with");
	assert_int_equal(chmod(tree_path("locked"), 0), 0);
	assert_int_equal(chmod(tree_path("names_only"), 0444), 0);
	pid = fork();
	if (pid == 0)
		_exit(walk_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(tree_path("locked"), 0755), 0);
	assert_int_equal(chmod(tree_path("names_only"), 0755), 0);
	assert_int_equal(status, 0);
}

static void a_root_that_is_no_directory_is_refused(void **state)
{
	struct muster_error err = { 0 };
	struct walk *walk;

	(void)state;
	tree_file("file");
	assert_int_equal(walk_open(&walk, tree_path("file"), NULL, &err), MUSTER_E_NAME);
	assert_int_equal(err.code, MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "file': Not a directory"));
	assert_int_equal(walk_open(&walk, tree_path("nothing"), NULL, &err), MUSTER_E_NAME);
	assert_null(walk);
	assert_int_equal(walk_open(&walk, tree_path("nothing"), NULL, NULL), MUSTER_E_NAME);
}

/* --- the filter ------------------------------------------------------------------------------ */

static bool wants(const void *state, struct view path, bool is_directory)
{
	const char *skipped = state;

	if (view_equal(path, view_text("must_be_directory")) && !is_directory)
		return false;
	return !view_equal(path, view_text(skipped)) &&
	       !(path.len > 4 && memcmp(path.ptr + path.len - 4, ".tmp", 4) == 0);
}

static void what_is_not_wanted_is_neither_entered_nor_counted(void **state)
{
	struct walk_options options = { .wanted = wants, .wanted_state = "d/skip" };
	struct found found;

	(void)state;
	tree_dir("d");
	tree_dir("d/skip");
	tree_file("d/skip/inside");
	tree_file("d/a.tmp");
	tree_file("d/b");
	tree_file("d/bad\xff.tmp");
	tree_link("must_be_directory", "d");
	tree_link("loop.tmp", ".");
	tree_link("broken.tmp", "nowhere");
	assert_int_equal(mkfifo(tree_path("fifo.tmp"), 0644), 0);
	assert_int_equal(tree_walk(&found, &options, NULL, NULL), MUSTER_END);
	assert_int_equal(found.errors.count, 0);
	assert_int_equal(found.counts.special_count, 0);
	assert_int_equal(found.counts.directory_count, 4); /* root, d, its link, skip in that */
	found_release(&found);
	tree_dir("z");
	tree_file("z/y");
	options.wanted_state = "must_be_directory";
	ASSERT_FILES(&options, NULL, "d/b", "d/skip/inside", "z/y");
}

static void other_file_systems_are_skipped_if_asked(void **state)
{
	struct walk_options options = { .one_file_system = true };
	struct found found;

	(void)state;
	tree_link("proc", "/proc/self");
	tree_link("version", "/proc/version");
	tree_dir("d");
	tree_file("d/file");
	tree_link("same", "d");
	assert_int_equal(tree_walk(&found, &options, NULL, NULL), MUSTER_END);
	assert_int_equal(found.counts.other_device_count, 1);
	assert_int_equal(found.files.count, 2 + 1); /* a file elsewhere is not a directory */
	found_release(&found);
}

/* --- life -------------------------------------------------------------------------------- */

static void make_some_tree(void)
{
	char path[64];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d%02u", i);
		tree_dir(path);
		for (unsigned k = 0; k < 40; k++) {
			snprintf(path, sizeof(path), "d%02u/f%02u", i, k);
			tree_file(path);
		}
	}
}

static void a_walk_can_be_closed_at_any_time(void **state)
{
	unsigned fd_count = open_fd_count();

	(void)state;
	make_some_tree();
	for (size_t i = 0; i < WAY_COUNT; i++) {
		for (unsigned taken = 0; taken < 70; taken += 1 + taken / 4) {
			struct walk_batch *batch;
			struct walk *walk;
			enum muster_code code = MUSTER_OK;

			assert_int_equal(walk_open_tuned(&walk, tree_root, &ways[i].options,
							 &ways[i].tuning, NULL),
					 MUSTER_OK);
			for (unsigned k = 0; k < taken && !code; k++) {
				code = walk_next(walk, &batch, NULL);
				walk_batch_free(batch);
			}
			walk_close(walk);
		}
	}
	assert_int_equal(open_fd_count(), fd_count);
	walk_close(NULL);
	walk_batch_free(NULL);
}

static void batches_outlive_their_walk(void **state)
{
	unsigned fd_count = open_fd_count();
	struct walk_batch *batches[60];
	struct walk *walk;
	struct stat st;
	size_t count = 0;

	(void)state;
	make_some_tree();
	assert_int_equal(walk_open(&walk, tree_root, NULL, NULL), MUSTER_OK);
	while (count < 60 && !walk_next(walk, &batches[count], NULL))
		count++;
	assert_int_equal(count, 60);
	walk_close(walk);
	for (size_t i = 0; i < 60; i++) {
		const struct walk_entry *last = &batches[i]->entries[39];

		assert_int_equal(batches[i]->entry_count, 40);
		assert_int_equal(fstatat(batches[i]->dir_fd, last->name, &st, 0), 0);
		assert_int_equal(st.st_ino, last->stat.inode);
	}
	for (size_t i = 0; i < 60; i++)
		walk_batch_free(batches[(i * 7) % 60]);
	assert_int_equal(open_fd_count(), fd_count);
}

static void a_batch_that_is_left_keeps_its_entries_and_no_descriptor(void **state)
{
	struct walk_options options = { .thread_count = 1 };
	struct walk_batch *batches[60];
	unsigned fd_count = open_fd_count();
	struct walk *walk;

	(void)state;
	make_some_tree();
	assert_int_equal(walk_open(&walk, tree_root, &options, NULL), MUSTER_OK);
	for (size_t i = 0; i < 60; i++) {
		assert_int_equal(walk_next(walk, &batches[i], NULL), MUSTER_OK);
		walk_batch_leave(batches[i]);
		assert_int_equal(batches[i]->dir_fd, -1);
	}
	walk_close(walk);
	assert_int_equal(open_fd_count(), fd_count);
	for (size_t i = 0; i < 60; i++) {
		char path[16];

		snprintf(path, sizeof(path), "d%02zu/f39", i);
		assert_string_equal((const char *)batches[i]->entries[39].path.ptr, path);
		assert_int_equal(batches[i]->entries[39].stat.size_bytes, 7);
		walk_batch_free(batches[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_are_followed_and_loops_are_errors_with_their_path),
		TEST(special_files_are_counted_and_skipped),
		TEST(names_that_are_not_utf8_are_errors),
		TEST(ten_thousand_levels_end_in_one_error),
		TEST(deep_trees_do_with_few_descriptors),
		TEST(paths_have_4096_bytes_at_most),
		TEST(many_subdirectories_do_with_few_descriptors),
		TEST(what_may_not_be_read_is_an_error),
		TEST(a_root_that_is_no_directory_is_refused),
		TEST(what_is_not_wanted_is_neither_entered_nor_counted),
		TEST(other_file_systems_are_skipped_if_asked),
		TEST(a_walk_can_be_closed_at_any_time),
		TEST(batches_outlive_their_walk),
		TEST(a_batch_that_is_left_keeps_its_entries_and_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
