#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/digest/hash_tree.h"
#include "tests/support/torture.h"

struct tree {
	char root[64];
};

static int make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	snprintf(tree->root, sizeof(tree->root), "/tmp/muster-hash-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	*state = tree;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	struct tree *tree = *state;

	nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(tree);
	return 0;
}

/* A file of `size` bytes that all depend on its path. */
static void write_file(const struct tree *tree, const char *path, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	for (char *at = full + strlen(tree->root) + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		assert_true(!mkdir(full, 0777) || errno == EEXIST);
		*at = '/';
	}
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 31 + strlen(path) + (uint8_t)path[i % strlen(path)]);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	free(bytes);
}

static struct view read_file(const char *root, struct view path, uint8_t **out)
{
	char full[4200];
	struct stat st;
	int fd;

	snprintf(full, sizeof(full), "%s/%.*s", root, VIEW_ARGS(path));
	fd = open(full, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*out = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, *out, (size_t)st.st_size), st.st_size);
	close(fd);
	return view_of(*out, (size_t)st.st_size);
}

static void check_file(const char *root, const struct hashed_file *file)
{
	uint8_t *bytes, digest[16], checksum[16];
	struct view data = read_file(root, file->path, &bytes);

	assert_int_equal(file->size_bytes, data.len);
	md5_of(data, digest);
	xxh128_of(data, checksum);
	assert_memory_equal(file->fingerprint.digest, digest, 16);
	assert_memory_equal(file->fingerprint.checksum, checksum, 16);
	free(bytes);
}

static struct hash_tree *open_tree(const struct muster_source *sources, size_t count,
				   unsigned workers, uint64_t memory_bytes)
{
	struct hash_tree_options options = { .sources = sources,
					     .source_count = count,
					     .algorithm = DIGEST_MD5,
					     .worker_count = workers,
					     .memory_bytes = memory_bytes };
	struct hash_tree *tree;
	struct muster_error err = { 0 };

	if (hash_tree_open(&tree, &options, &err))
		fail_msg("%s", err.message);
	return tree;
}

/* Many small files, directories of one file, and large ones among them. */
static size_t write_files(const struct tree *tree)
{
	size_t count = 0;
	char path[64];

	for (int i = 0; i < 700; i++, count++) {
		snprintf(path, sizeof(path), "many/f%04d", i);
		write_file(tree, path, (size_t)(i * 37 % 9000));
	}
	for (int i = 0; i < 300; i++, count++) {
		snprintf(path, sizeof(path), "single/d%03d/f", i);
		write_file(tree, path, (size_t)i);
	}
	for (int i = 0; i < 5; i++, count++) {
		snprintf(path, sizeof(path), "many/large-%d", i);
		write_file(tree, path, (size_t)(700000 + i * 900000));
	}
	return count;
}

static void files_come_in_path_order_with_their_digests(void **state)
{
	static const struct {
		unsigned workers;
		uint64_t memory_bytes;
	} cases[] = { { 1, 0 }, { 3, 64 << 20 }, { 4, 1 << 20 } }; /* the last: small buffers */
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	size_t expected = write_files(files);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hash_tree *tree =
			open_tree(&source, 1, cases[i].workers, cases[i].memory_bytes);
		struct bytes last = { 0 };
		struct hashed_file file;
		struct muster_error err = { 0 };
		size_t count = 0;
		enum muster_code code;

		while (!(code = hash_tree_next(tree, &file, &err))) {
			assert_null(file.error);
			assert_true(!count || view_compare(bytes_view(&last), file.path) < 0);
			last.len = 0;
			assert_false(bytes_append_view(&last, file.path, NULL));
			check_file(files->root, &file);
			count++;
		}
		assert_int_equal(code, MUSTER_END);
		assert_int_equal(count, expected);
		assert_int_equal(hash_tree_next(tree, &file, &err), MUSTER_END);
		bytes_release(&last);
		hash_tree_close(tree);
	}
}

static void a_tree_may_be_left_at_any_point(void **state)
{
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };

	write_files(files);
	for (size_t stop = 0; stop < 900; stop += 90) {
		struct hash_tree *tree = open_tree(&source, 1, 3, 64 << 20);
		struct hashed_file file;

		for (size_t i = 0; i < stop; i++)
			assert_int_equal(hash_tree_next(tree, &file, NULL), MUSTER_OK);
		hash_tree_close(tree);
	}
}

static void the_order_to_stop_is_obeyed(void **state)
{
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	struct muster_progress progress = { 0 };
	struct hash_tree_options options = { .sources = &source,
					     .source_count = 1,
					     .algorithm = DIGEST_MD5,
					     .worker_count = 2,
					     .progress = &progress };
	struct hash_tree *tree;
	struct hashed_file file;
	enum muster_code code;
	size_t count = 0;

	write_files(files);
	assert_int_equal(hash_tree_open(&tree, &options, NULL), MUSTER_OK);
	while (!(code = hash_tree_next(tree, &file, NULL))) {
		check_file(files->root, &file); /* nothing unfinished is given */
		if (++count == 10)
			atomic_store(&progress.cancel, true);
	}
	assert_int_equal(code, MUSTER_E_CANCELLED);
	assert_true(count < 1005);
	hash_tree_close(tree);
}

static void progress_counts_all(void **state)
{
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	struct muster_progress progress = { 0 };
	struct hash_tree_options options = { .sources = &source,
					     .source_count = 1,
					     .algorithm = DIGEST_XXH128,
					     .worker_count = 2,
					     .progress = &progress };
	struct hash_tree *tree;
	struct hashed_file file;
	uint64_t bytes = 0;
	size_t expected = write_files(files);

	assert_int_equal(hash_tree_open(&tree, &options, NULL), MUSTER_OK);
	while (!hash_tree_next(tree, &file, NULL)) {
		assert_memory_equal(file.fingerprint.digest, file.fingerprint.checksum, 16);
		bytes += file.size_bytes;
	}
	hash_tree_close(tree);
	assert_true(atomic_load(&progress.total_is_known));
	assert_int_equal(atomic_load(&progress.total_files), expected);
	assert_int_equal(atomic_load(&progress.done_files), expected);
	assert_int_equal(atomic_load(&progress.read_files), expected);
	assert_int_equal(atomic_load(&progress.total_bytes), bytes);
	assert_int_equal(atomic_load(&progress.done_bytes), bytes);
	assert_int_equal(atomic_load(&progress.read_bytes), bytes);
}

/* A walk has stat'ed what links lead to; nobody the others. */
static void links_are_hashed_beside_files_of_any_size(void **state)
{
	static const char *const links[] = { "b-small", "c-large", "d-small" };
	static const char *const targets[] = { "small", "z-large", "a" };
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	struct hashed_file file;
	struct hash_tree *tree;
	size_t count = 0;
	char path[128];

	write_file(files, "a", 0);
	write_file(files, "small", 5000);
	write_file(files, "y-large", 5 << 20);
	write_file(files, "z-large", 6 << 20);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", files->root, links[i]);
		assert_int_equal(symlink(targets[i], path), 0);
	}
	tree = open_tree(&source, 1, 2, 0);
	for (; !hash_tree_next(tree, &file, NULL); count++) {
		assert_null(file.error);
		check_file(files->root, &file);
	}
	assert_int_equal(count, 7);
	hash_tree_close(tree);
}

static void a_bad_file_is_data(void **state)
{
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	struct hash_tree *tree;
	struct hashed_file file;
	char path[128];
	size_t good = 0, bad = 0;

	write_file(files, "good", 10);
	snprintf(path, sizeof(path), "%s/C:drive", files->root); /* no path of an entry */
	close(open(path, O_WRONLY | O_CREAT, 0666));
	snprintf(path, sizeof(path), "%s/loop", files->root);
	assert_int_equal(symlink("loop", path), 0);
	snprintf(path, sizeof(path), "%s/pipe", files->root);
	assert_int_equal(mkfifo(path, 0666), 0);
	tree = open_tree(&source, 1, 2, 0);
	while (!hash_tree_next(tree, &file, NULL)) {
		good += !file.error;
		bad += file.error != NULL;
		if (file.error)
			assert_true(strlen(file.error->message) > 0);
	}
	assert_int_equal(good, 1);
	assert_int_equal(bad, 2);
	assert_int_equal(hash_tree_counted(tree).special_files, 1);
	hash_tree_close(tree);
}

static void sources_are_merged_or_refused(void **state)
{
	struct tree *files = *state;
	char one[128], two[128], both[128];
	struct muster_source sources[3] = { { .path = one }, { .path = two }, { .path = both } };
	static const char *const expected[] = { "a", "b", "x" };
	struct hash_tree *tree;
	struct hashed_file file;
	struct muster_error err = { 0 };
	enum muster_code code;

	write_file(files, "one/a", 1);
	write_file(files, "one/x", 1);
	write_file(files, "two/b", 1);
	write_file(files, "three/x", 1);
	snprintf(one, sizeof(one), "%s/one", files->root);
	snprintf(two, sizeof(two), "%s/two", files->root);
	snprintf(both, sizeof(both), "%s/three/x", files->root);
	tree = open_tree(sources, 2, 2, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(hash_tree_next(tree, &file, NULL), MUSTER_OK);
		assert_true(view_equal(file.path, view_text(expected[i])));
	}
	assert_int_equal(hash_tree_next(tree, &file, NULL), MUSTER_END);
	hash_tree_close(tree);
	tree = open_tree(sources, 3, 2, 0);
	while (!(code = hash_tree_next(tree, &file, &err)))
		;
	assert_int_equal(code, MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "'x'"));
	hash_tree_close(tree);
}

static void a_missing_source_is_named(void **state)
{
	struct muster_source source = { .path = "/nonexistent/tree" };
	struct hash_tree_options options = {
		.sources = &source, .source_count = 1, .algorithm = DIGEST_MD5, .worker_count = 1
	};
	struct hash_tree *tree;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(hash_tree_open(&tree, &options, &err), MUSTER_E_NAME);
	assert_null(tree);
	assert_non_null(strstr(err.message, "/nonexistent/tree"));
}

static enum muster_code hash_all(const struct muster_source *source, size_t *failed,
				 struct muster_error *err)
{
	struct hash_tree_options options = { .sources = source,
					     .source_count = 1,
					     .algorithm = DIGEST_MD5,
					     .worker_count = 1,
					     .memory_bytes = 2 << 20 };
	struct hash_tree *tree;
	struct hashed_file file;
	enum muster_code code = hash_tree_open(&tree, &options, err);

	while (!code && !(code = hash_tree_next(tree, &file, err)))
		*failed += file.error != NULL;
	hash_tree_close(tree);
	return code;
}

static void every_failed_allocation_is_reported(void **state)
{
	struct tree *files = *state;
	struct muster_source source = { .path = files->root };
	bool is_done = false;

	write_file(files, "a", 10);
	write_file(files, "b/c", 1200000);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		size_t failed = 0;
		enum muster_code code;

		torture_allocation(n);
		code = hash_all(&source, &failed, &err);
		is_done = !torture_hit();
		torture_off();
		if (is_done) {
			assert_int_equal(code, MUSTER_END);
			assert_int_equal(failed, 0);
		} else if (code != MUSTER_END) {
			assert_int_equal(code, MUSTER_E_MEMORY);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_come_in_path_order_with_their_digests),
		TEST(a_tree_may_be_left_at_any_point),
		TEST(the_order_to_stop_is_obeyed),
		TEST(progress_counts_all),
		TEST(links_are_hashed_beside_files_of_any_size),
		TEST(a_bad_file_is_data),
		TEST(sources_are_merged_or_refused),
		TEST(a_missing_source_is_named),
		TEST(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
