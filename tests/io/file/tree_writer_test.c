/* What works. */
#include "tests/io/file/writer_lab.h"

static void files_are_created_with_their_directories(void **state)
{
	static const char *const paths[] = {
		"a",	 "b/c/d/e", "b/c/f", "b/c/d/g", "x/y", "with space/%/\xc3\xbc",
		"b/..c", ".d/.e",
	};
	struct place *place = *state;
	struct stat st;
	mode_t mask = umask(0027);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_put(place, paths[i], paths[i]);
	umask(mask);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "root/%s", paths[i]);
		assert_file(below(place, path), paths[i]);
	}
	assert_int_equal(stat(below(place, "root/a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(stat(below(place, "root/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
}

static void more_directories_than_are_kept_open_work(void **state)
{
	struct place *place = *state;
	size_t fds = scratch_open_descriptors();
	char path[64];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3 * TREE_WRITER_DIRS; i++) {
			snprintf(path, sizeof(path), "d%d/e%d/f%d", i, i, round);
			assert_put(place, path, "x");
		}
	}
	assert_int_equal(count_files(below(place, "root")), 6 * TREE_WRITER_DIRS);
	assert_true(scratch_open_descriptors() <= fds + TREE_WRITER_DIRS);
}

static void paths_of_great_depth_and_length_work(void **state)
{
	struct place *place = *state;
	char path[TREE_PATH_MAX_BYTES + 2];
	struct muster_error err = { 0 };

	memset(path, 'k', sizeof(path));
	for (size_t at = 200; at < sizeof(path); at += 201)
		path[at] = '/';
	path[3000] = '\0'; /* less than PATH_MAX with the root's path, so that it can be removed */
	assert_put(place, path, "deep");
	assert_int_equal(put(place, path, "deep", false, NULL), MUSTER_EXISTS);
	memset(path, 'k', sizeof(path));
	path[TREE_PATH_MAX_BYTES + 1] = '\0';
	assert_int_equal(put(place, path, "x", false, &err), MUSTER_E_USAGE);
	path[256] = '\0';
	assert_int_equal(put(place, path, "x", false, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENAMETOOLONG);
}

static void a_taken_name_is_replaced_only_where_allowed(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct stat before, after;

	assert_put(place, "d/f", "old");
	assert_int_equal(stat(below(place, "root/d/f"), &before), 0);
	assert_int_equal(put(place, "d/f", "new", false, &err), MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_file(below(place, "root/d/f"), "old");
	assert_int_equal(put(place, "d/f", "new", true, &err), MUSTER_OK);
	assert_file(below(place, "root/d/f"), "new");
	assert_int_equal(stat(below(place, "root/d/f"), &after), 0);
	assert_true(before.st_ino != after.st_ino); /* replaced, not written into */
	assert_int_equal(put(place, "d/g", "fresh", true, &err), MUSTER_OK);
	assert_int_equal(count_files(below(place, "root")), 2);
	assert_int_equal(tree_temporaries, 0);
}

static void a_small_file_costs_three_calls(void **state)
{
	struct place *place = *state;
	char path[64];

	assert_put(place, "a/b/0", "x");
	sys_fault_arm(&place->sys, 0, 0);
	for (int i = 1; i <= 10; i++) {
		snprintf(path, sizeof(path), "a/b/%d", i);
		assert_put(place, path, "x");
	}
	assert_int_equal(calls(place, SYS_CALL_OPENAT), 10);
	assert_int_equal(calls(place, SYS_CALL_WRITE), 10);
	assert_int_equal(calls(place, SYS_CALL_CLOSE), 10);
	assert_int_equal(atomic_load(&place->sys.call_count), 20); /* close is not in it */
}

static void a_new_directory_costs_two_calls_and_the_one_it_evicts(void **state)
{
	struct place *place = *state;
	char path[64];

	assert_put(place, "a/0/f", "");
	sys_fault_arm(&place->sys, 0, 0);
	for (int i = 1; i <= 10; i++) {
		snprintf(path, sizeof(path), "a/%d/f", i);
		assert_put(place, path, "");
	}
	assert_int_equal(calls(place, SYS_CALL_MKDIRAT), 10);
	assert_int_equal(calls(place, SYS_CALL_OPENAT), 20);
	assert_int_equal(atomic_load(&place->sys.call_count), 30);
}

static void a_deep_directory_that_stands_costs_one_call(void **state)
{
	struct place *place = *state;
	struct tree_writer *writer;

	assert_put(place, "a/b/c/d/e", "x");
	assert_int_equal(tree_writer_new(&writer, place->root_fd, &place->sys.ops, NULL),
			 MUSTER_OK);
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(tree_writer_remove(writer, VIEW_LITERAL("a/b/c/d/e"), NULL), MUSTER_OK);
	assert_int_equal(calls(place, SYS_CALL_OPENAT_BENEATH), 1);
	assert_int_equal(atomic_load(&place->sys.call_count), 2);
	tree_writer_free(writer);
}

static void a_large_file_appears_when_it_is_whole(void **state)
{
	struct place *place = *state;
	struct tree_file *file;
	char path[64];

	assert_int_equal(
		tree_file_begin(place->writer, VIEW_LITERAL("d/e/large"), false, &file, NULL),
		MUSTER_OK);
	assert_int_equal(tree_file_append(file, VIEW_LITERAL("one "), NULL), MUSTER_OK);
	assert_int_equal(access(below(place, "root/d/e/large"), F_OK), -1);
	/* Many directories later its own is not in the cache any more. */
	for (int i = 0; i < 2 * TREE_WRITER_DIRS; i++) {
		snprintf(path, sizeof(path), "o%d/f", i);
		assert_put(place, path, "x");
	}
	assert_int_equal(tree_file_append(file, VIEW_LITERAL("two"), NULL), MUSTER_OK);
	assert_int_equal(tree_file_finish(file, NULL), MUSTER_OK);
	assert_file(below(place, "root/d/e/large"), "one two");
	count_files(below(place, "root"));
	assert_int_equal(tree_temporaries, 0);
}

/* So a process that dies leaves nothing of it; nor of one that replaces another. */
static void a_large_file_has_no_name_until_it_is_whole(void **state)
{
	struct place *place = *state;
	struct tree_file *files[2];

	assert_put(place, "old", "old");
	assert_int_equal(
		tree_file_begin(place->writer, VIEW_LITERAL("new"), false, &files[0], NULL),
		MUSTER_OK);
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("old"), true, &files[1], NULL),
			 MUSTER_OK);
	assert_int_equal(count_files(below(place, "root")), 1);
	assert_int_equal(tree_temporaries, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tree_file_append(files[i], VIEW_LITERAL("x"), NULL), MUSTER_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tree_file_finish(files[i], NULL), MUSTER_OK);
	assert_int_equal(count_files(below(place, "root")), 2);
	assert_int_equal(tree_temporaries, 0);
	assert_file(below(place, "root/old"), "x");
}

static void an_aborted_file_leaves_nothing(void **state)
{
	struct place *place = *state;
	size_t fds = scratch_open_descriptors();
	struct tree_file *file;

	tree_file_abort(NULL);
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("f"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_append(file, VIEW_LITERAL("half"), NULL), MUSTER_OK);
	tree_file_abort(file);
	assert_int_equal(count_files(below(place, "root")), 0);
	assert_int_equal(scratch_open_descriptors(), fds);
}

static void a_large_file_respects_what_is_there(void **state)
{
	struct place *place = *state;
	struct view path = VIEW_LITERAL("f");
	struct tree_file *file;

	assert_put(place, "f", "old");
	assert_int_equal(tree_file_begin(place->writer, path, false, &file, NULL), MUSTER_EXISTS);
	assert_null(file);
	assert_int_equal(tree_file_begin(place->writer, path, true, &file, NULL), MUSTER_OK);
	assert_int_equal(tree_file_append(file, VIEW_LITERAL("new"), NULL), MUSTER_OK);
	assert_int_equal(tree_file_finish(file, NULL), MUSTER_OK);
	assert_file(below(place, "root/f"), "new");
	for (int by_link = 0; by_link < 2; by_link++) {
		place->sys.always[SYS_CALL_RENAMEAT2] = by_link ? EINVAL : 0;
		path = by_link ? VIEW_LITERAL("h") : VIEW_LITERAL("g");
		assert_int_equal(tree_file_begin(place->writer, path, false, &file, NULL),
				 MUSTER_OK);
		assert_int_equal(tree_writer_put_small(place->writer, path, VIEW_LITERAL("first"),
						       false, NULL),
				 MUSTER_OK);
		assert_int_equal(tree_file_finish(file, NULL), MUSTER_EXISTS);
		assert_file(below(place, by_link ? "root/h" : "root/g"), "first");
	}
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("i"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_finish(file, NULL), MUSTER_OK); /* by a link */
	assert_file(below(place, "root/i"), "");
	assert_int_equal(count_files(below(place, "root")), 4);
}

static void files_are_read_back_and_removed(void **state)
{
	struct place *place = *state;
	char got[16] = "";
	int fd;

	assert_put(place, "a/b/f", "content");
	assert_int_equal(tree_writer_open_read(place->writer, VIEW_LITERAL("a/b/f"), &fd, NULL),
			 MUSTER_OK);
	assert_int_equal(read(fd, got, sizeof(got)), 7);
	assert_string_equal(got, "content");
	close(fd);
	assert_int_equal(tree_writer_open_read(place->writer, VIEW_LITERAL("a/b/g"), &fd, NULL),
			 MUSTER_ABSENT);
	assert_int_equal(fd, -1);
	assert_int_equal(tree_writer_open_read(place->writer, VIEW_LITERAL("a/x/g"), &fd, NULL),
			 MUSTER_ABSENT);
	assert_int_equal(access(below(place, "root/a/x"), F_OK), -1); /* nothing was made */
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("a/b/f"), NULL), MUSTER_OK);
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("a/b/f"), NULL),
			 MUSTER_ABSENT);
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("y/f"), NULL),
			 MUSTER_ABSENT);
}

static void empty_directories_are_pruned_up_to_the_root(void **state)
{
	struct place *place = *state;

	assert_put(place, "a/b/c/f", "");
	assert_put(place, "a/g", "");
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("a/b/c/f"), NULL),
			 MUSTER_OK);
	assert_int_equal(tree_writer_prune(place->writer, VIEW_LITERAL("a/b/c/f"), NULL),
			 MUSTER_OK);
	assert_int_equal(access(below(place, "root/a/b"), F_OK), -1);
	assert_int_equal(access(below(place, "root/a/g"), F_OK), 0);
	assert_put(place, "a/b/c/f", "again");
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("a/b/c/f"), NULL),
			 MUSTER_OK);
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("a/g"), NULL), MUSTER_OK);
	assert_int_equal(tree_writer_prune(place->writer, VIEW_LITERAL("a/b/c/f"), NULL),
			 MUSTER_OK);
	assert_int_equal(access(below(place, "root/a"), F_OK), -1);
	assert_int_equal(access(below(place, "root"), F_OK), 0);
	assert_int_equal(tree_writer_prune(place->writer, VIEW_LITERAL("f"), NULL), MUSTER_OK);
}

static void a_directory_removed_behind_our_back_is_made_again(void **state)
{
	struct place *place = *state;
	struct tree_file *file;

	assert_put(place, "a/b/f", "");
	assert_int_equal(unlink(below(place, "root/a/b/f")), 0);
	assert_int_equal(rmdir(below(place, "root/a/b")), 0);
	assert_put(place, "a/b/g", "second");
	assert_file(below(place, "root/a/b/g"), "second");
	assert_int_equal(unlink(below(place, "root/a/b/g")), 0);
	assert_int_equal(rmdir(below(place, "root/a/b")), 0);
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("a/b/h"), true, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_finish(file, NULL), MUSTER_OK);
	assert_file(below(place, "root/a/b/h"), "");
}

static void a_root_must_be_a_directory(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	int fd;

	assert_int_equal(tree_root_open(&fd, below(place, "none"), false, &err), MUSTER_E_NAME);
	assert_put(place, "file", "x");
	assert_int_equal(tree_root_open(&fd, below(place, "root/file"), true, &err), MUSTER_E_NAME);
	assert_int_equal(tree_root_open(&fd, below(place, "root/file/x"), true, &err),
			 MUSTER_E_NAME);
	assert_int_equal(tree_root_open(&fd, "", true, &err), MUSTER_E_USAGE);
	assert_int_equal(tree_root_open(&fd, below(place, "new/a//b/"), true, &err), MUSTER_OK);
	close(fd);
}

struct sharer {
	int root_fd;
	unsigned id;
	bool failed;
};

static void *write_share(void *arg)
{
	struct sharer *sharer = arg;
	struct tree_writer *writer;
	char path[64];

	if (tree_writer_new(&writer, sharer->root_fd, NULL, NULL)) {
		sharer->failed = true;
		return NULL;
	}
	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "d%u/e%u/f%u", i % 5, i % 3, i * 10 + sharer->id);
		sharer->failed |= tree_writer_put_small(writer, view_text(path), view_text(path),
							false, NULL) != MUSTER_OK;
	}
	tree_writer_free(writer);
	return NULL;
}

static void many_writers_share_a_root(void **state)
{
	struct place *place = *state;
	struct sharer sharers[8];
	pthread_t threads[8];

	for (unsigned i = 0; i < 8; i++) {
		sharers[i] = (struct sharer){ place->root_fd, i, false };
		assert_int_equal(pthread_create(&threads[i], NULL, write_share, &sharers[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_false(sharers[i].failed);
	}
	assert_int_equal(count_files(below(place, "root")), 1600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(files_are_created_with_their_directories),
		BOTH_WAYS(more_directories_than_are_kept_open_work),
		BOTH_WAYS(paths_of_great_depth_and_length_work),
		WITH_PLACE(a_taken_name_is_replaced_only_where_allowed),
		WITH_PLACE(a_small_file_costs_three_calls),
		WITH_PLACE(a_new_directory_costs_two_calls_and_the_one_it_evicts),
		WITH_PLACE(a_deep_directory_that_stands_costs_one_call),
		BOTH_WAYS(a_large_file_appears_when_it_is_whole),
		WITH_AND_WITHOUT_NAMES(an_aborted_file_leaves_nothing),
		WITH_PLACE(a_large_file_has_no_name_until_it_is_whole),
		WITH_AND_WITHOUT_NAMES(a_large_file_respects_what_is_there),
		BOTH_WAYS(files_are_read_back_and_removed),
		BOTH_WAYS(empty_directories_are_pruned_up_to_the_root),
		BOTH_WAYS(a_directory_removed_behind_our_back_is_made_again),
		WITH_PLACE(a_root_must_be_a_directory),
		WITH_PLACE(many_writers_share_a_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
