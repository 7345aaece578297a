/* The order of a walk, held against the plainest recursion. */
#include "tests/io/tree/ways.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_tree_comes_in_the_order_of_whole_paths),
		TEST(a_directory_stands_where_its_slash_sorts),
		TEST(a_large_directory_comes_in_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
