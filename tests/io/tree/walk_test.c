#include "tests/io/tree/tree.h"

#include <dirent.h>
#include <sys/resource.h>

/* Every way that a walk may go must find the same. */
static const struct {
	struct walk_options options;
	struct walk_tuning tuning;
} ways[] = {
	{ { 0 }, { 0 } },
	{ { .thread_count = 1 }, { 0 } },
	{ { .thread_count = 8 }, { 0 } },
	{ { .thread_count = 3, .ahead_entry_max = 1 }, { 0 } },
	{ { .thread_count = 3, .ahead_entry_max = 600 }, { .fd_max = 4 } },
	{ { .thread_count = 4 }, { .fd_max = 1 } },
	{ { .thread_count = 2 }, { .sort_max = 1, .spill_memory_bytes = 1 } },
	{ { .thread_count = 5 }, { .sort_max = 3, .spill_memory_bytes = 2000, .fd_max = 6 } },
	{ { .thread_count = 300 }, { .names_max_bytes = 100 } },
};

#define WAY_COUNT (sizeof(ways) / sizeof(ways[0]))

static void assert_all_ways_find(const struct paths *files, const struct paths *errors)
{
	unsigned fd_count = open_fd_count();

	for (size_t i = 0; i < WAY_COUNT; i++)
		assert_finds(&ways[i].options, &ways[i].tuning, files, errors);
	assert_int_equal(open_fd_count(), fd_count);
}

/* --- the oracle: the plainest recursion, then one sort of whole paths --------------------- */

struct ancestor {
	const struct ancestor *above;
	dev_t device;
	ino_t inode;
};

static bool is_among(const struct ancestor *ancestor, const struct stat *st)
{
	for (; ancestor; ancestor = ancestor->above)
		if (ancestor->device == st->st_dev && ancestor->inode == st->st_ino)
			return true;
	return false;
}

static void oracle_add(struct paths *files, struct paths *errors, const char *path,
		       const struct ancestor *above);

static void oracle_list(struct paths *files, struct paths *errors, const char *path,
			const struct ancestor *self)
{
	char child[8192];
	const struct dirent *entry;
	DIR *stream = opendir(*path ? tree_path(path) : tree_root);

	assert_non_null(stream);
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", entry->d_name);
		oracle_add(files, errors, child, self);
	}
	closedir(stream);
}

/* "path: message"; the message by muster_fail(), for its escapes. */
static void oracle_error(struct paths *errors, const char *path, const char *slash, int cause)
{
	struct muster_error error;
	char text[10000];

	errno = cause;
	if (cause == ELOOP)
		muster_fail(&error, MUSTER_E_IO, "a symbolic link loop: '%s'", path);
	else
		muster_fail_errno(&error, "follow link '%s'", path);
	snprintf(text, sizeof(text), "%s%s: %s", path, slash, error.message);
	paths_add(errors, text, strlen(text));
}

static void oracle_add(struct paths *files, struct paths *errors, const char *path,
		       const struct ancestor *above)
{
	struct ancestor self = { .above = above };
	struct stat st;

	if (stat(tree_path(path), &st)) {
		oracle_error(errors, path, "", errno);
	} else if (S_ISREG(st.st_mode)) {
		paths_add(files, path, strlen(path));
	} else if (S_ISDIR(st.st_mode) && is_among(above, &st)) {
		oracle_error(errors, path, "/", ELOOP);
	} else if (S_ISDIR(st.st_mode)) {
		self.device = st.st_dev;
		self.inode = st.st_ino;
		oracle_list(files, errors, path, &self);
	}
}

static void assert_walk_agrees_with_the_oracle(void)
{
	struct paths files = { 0 }, errors = { 0 };
	struct ancestor root = { 0 };
	struct stat st;

	assert_int_equal(stat(tree_root, &st), 0);
	root.device = st.st_dev;
	root.inode = st.st_ino;
	oracle_list(&files, &errors, "", &root);
	paths_sort(&files);
	paths_sort(&errors); /* "dir/: …" sorts where its contents would */
	assert_all_ways_find(&files, &errors);
	paths_release(&files);
	paths_release(&errors);
}

/* --- order -------------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static const char *random_name(void)
{
	/* Bytes just below and above '/', prefixes of each other, control and multi-byte ones. */
	/* clang-format off */
	static const char *const names[] = {
		"a", "a-", "a.", "a0", "a!", "A", "ab", "a.b", "a-b", "b", ".", ".a", "..a", "-",
		" ", "~", "\\", "a,b", "a_b", "\x01", "a\nb", "\xc3\xa9", "\xf0\x9f\x98\x80",
		"image_000001.jpg", "image_000002.jpg",
	};
	/* clang-format on */
	static char name[64];
	size_t used = 0;

	for (unsigned part = 0; part <= next_random(3); part++)
		used += (size_t)snprintf(name + used, sizeof(name) - used, "%s",
					 names[next_random(sizeof(names) / sizeof(names[0]))]);
	return name;
}

/* Creates something at a random place; what exists already stays. */
static void random_item(struct paths *dirs, unsigned *link_count)
{
	char path[4096];
	const char *dir = dirs->items[next_random((uint32_t)dirs->count)];
	unsigned kind = next_random(20);
	int fd;

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", random_name());
	if (kind < 5) {
		if (strlen(path) < 200 && !mkdir(tree_path(path), 0755))
			paths_add(dirs, path, strlen(path));
	} else if (kind == 5 && *link_count < 4) {
		const char *target = dirs->items[next_random((uint32_t)dirs->count)];
		char full[4096];

		snprintf(full, sizeof(full), "%s/%s", tree_root, target);
		*link_count += symlink(full, tree_path(path)) == 0;
	} else if (kind == 6) {
		static const char *const targets[] = { "nowhere", "a",	"b",   "/etc/passwd",
						       ".",	  "..", "a/b", "/dev/null" };

		if (*link_count < 4)
			*link_count += symlink(targets[next_random(8)], tree_path(path)) == 0;
	} else if (kind == 7) {
		(void)!mkfifo(tree_path(path), 0644);
	} else {
		fd = open(tree_path(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd >= 0)
			close(fd);
	}
}

static void any_tree_comes_in_the_order_of_whole_paths(void **state)
{
	static const unsigned sizes[] = { 0, 1, 3, 10, 30, 60, 100, 200, 400, 800 };

	for (size_t round = 0; round < sizeof(sizes) / sizeof(sizes[0]); round++) {
		struct paths dirs = { 0 };
		unsigned link_count = 0;

		if (round) {
			assert_int_equal(tree_teardown(state), 0);
			assert_int_equal(tree_setup(state), 0);
		}
		seed = round + 1;
		paths_add(&dirs, "", 0);
		for (unsigned i = 0; i < sizes[round]; i++)
			random_item(&dirs, &link_count);
		assert_walk_agrees_with_the_oracle();
		paths_release(&dirs);
	}
}

static void a_directory_stands_where_its_slash_sorts(void **state)
{
	(void)state;
	tree_dir("a");
	tree_dir("a/b");
	tree_dir("empty");
	tree_file("a/b/c");
	tree_file("a/b-");
	tree_file("a-");
	tree_file("a.");
	tree_file("a0");
	tree_file("A");
	tree_file(".hidden");
	for (size_t i = 0; i < WAY_COUNT; i++)
		ASSERT_FILES(&ways[i].options, &ways[i].tuning, ".hidden", "A", "a-", "a.", "a/b-",
			     "a/b/c", "a0");
}

/* More than a batch, in an order that is not that of creation, with directories among them. */
static void a_large_directory_comes_in_batches(void **state)
{
	struct paths files = { 0 };
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "name_%04u", i * 7919 % 3000);
		if (i % 10 == 0) {
			tree_dir(path);
			snprintf(path, sizeof(path), "name_%04u/x", i * 7919 % 3000);
		}
		if (i % 20 == 0)
			continue; /* empty */
		tree_file(path);
		paths_add(&files, path, strlen(path));
	}
	paths_sort(&files);
	assert_all_ways_find(&files, NULL);
	paths_release(&files);
}

/* --- links -------------------------------------------------------------------------------- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_tree_comes_in_the_order_of_whole_paths),
		TEST(a_directory_stands_where_its_slash_sorts),
		TEST(a_large_directory_comes_in_batches),
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
