/* Hostile paths and trees. */
#include "tests/io/file/writer_lab.h"

static void paths_that_leave_the_root_or_name_no_file_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "", 0 },	{ "/", 1 },    { "/etc/x", 6 }, { "a/", 2 },	 { "a//b", 4 },
		{ ".", 1 },	{ "..", 2 },   { "../x", 4 },	{ "a/../b", 6 }, { "a/..", 4 },
		{ "a/./b", 5 }, { "a\0b", 3 }, { "a/b\0", 4 },	{ "./a", 3 },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view path = view_of(cases[i].text, cases[i].len);
		struct muster_error err = { 0 };
		struct tree_file *file;
		int fd;

		assert_int_equal(
			tree_writer_put_small(place->writer, path, view_text("x"), true, &err),
			MUSTER_E_USAGE);
		assert_int_equal(err.code, MUSTER_E_USAGE);
		assert_int_equal(tree_file_begin(place->writer, path, true, &file, NULL),
				 MUSTER_E_USAGE);
		assert_int_equal(tree_writer_open_read(place->writer, path, &fd, NULL),
				 MUSTER_E_USAGE);
		assert_int_equal(tree_writer_remove(place->writer, path, NULL), MUSTER_E_USAGE);
	}
	assert_int_equal(count_files(place->path), 0);
}

static void assert_in_the_way(struct place *place, const char *path, int sys_errno,
			      const char *reason)
{
	struct muster_error err = { 0 };
	struct tree_file *file;
	int fd;

	for (int overwrite = 0; overwrite < 2; overwrite++) {
		assert_int_equal(put(place, path, "x", overwrite, &err), MUSTER_E_IO);
		assert_int_equal(err.sys_errno, sys_errno);
		assert_non_null(strstr(err.message, reason));
		assert_int_equal(
			tree_file_begin(place->writer, view_text(path), overwrite, &file, NULL),
			MUSTER_E_IO);
	}
	assert_int_equal(tree_writer_open_read(place->writer, view_text(path), &fd, NULL),
			 MUSTER_E_IO);
	assert_int_equal(tree_writer_remove(place->writer, view_text(path), NULL), MUSTER_E_IO);
}

static void links_in_the_way_are_not_followed(void **state)
{
	struct place *place = *state;

	assert_put(place, "inside/sub/f", "inside");
	assert_int_equal(symlink("../outside", below(place, "root/out")), 0);
	assert_int_equal(symlink(below(place, "outside"), below(place, "root/absolute")), 0);
	assert_int_equal(symlink("inside", below(place, "root/in")), 0);
	assert_int_equal(symlink("nowhere", below(place, "root/broken")), 0);
	assert_int_equal(symlink("..", below(place, "root/inside/up")), 0);
	assert_in_the_way(place, "out/x", ENOTDIR, "'out' is a symbolic link");
	assert_in_the_way(place, "out/sub/x", ENOTDIR, "'out' is a symbolic link");
	assert_in_the_way(place, "absolute/sub/x", ENOTDIR, "'absolute' is a symbolic link");
	assert_in_the_way(place, "in/f", ENOTDIR, "'in' is a symbolic link");
	assert_in_the_way(place, "in/sub/f", ENOTDIR, "'in' is a symbolic link");
	assert_in_the_way(place, "broken/x/y", ENOTDIR, "'broken' is a symbolic link");
	assert_in_the_way(place, "inside/up/up/x", ENOTDIR, "'inside/up' is a symbolic link");
	assert_int_equal(count_files(below(place, "outside")), 0);
	assert_file(below(place, "root/inside/sub/f"), "inside");
}

static void a_link_under_the_name_of_a_file_is_replaced_itself(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct stat st;
	int fd;

	assert_put(place, "target", "untouched");
	assert_int_equal(symlink("target", below(place, "root/link")), 0);
	assert_int_equal(symlink("../outside/new", below(place, "root/dangling")), 0);
	assert_int_equal(put(place, "link", "x", false, NULL), MUSTER_EXISTS);
	assert_int_equal(put(place, "dangling", "x", false, NULL), MUSTER_EXISTS);
	assert_int_equal(tree_writer_open_read(place->writer, VIEW_LITERAL("link"), &fd, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ELOOP);
	assert_int_equal(put(place, "link", "x", true, NULL), MUSTER_OK);
	assert_int_equal(put(place, "dangling", "x", true, NULL), MUSTER_OK);
	assert_int_equal(lstat(below(place, "root/link"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_file(below(place, "root/target"), "untouched");
	assert_int_equal(count_files(below(place, "outside")), 0);
	assert_int_equal(symlink("target", below(place, "root/again")), 0);
	assert_int_equal(tree_writer_remove(place->writer, VIEW_LITERAL("again"), NULL), MUSTER_OK);
	assert_file(below(place, "root/target"), "untouched");
}

static void files_and_directories_in_the_way_are_told(void **state)
{
	struct place *place = *state;

	assert_put(place, "d/file", "x");
	assert_in_the_way(place, "d/file/x", ENOTDIR, "'d/file' is where a directory should be");
	assert_in_the_way(place, "d/file/x/y/z", ENOTDIR,
			  "'d/file' is where a directory should be");
	assert_in_the_way(place, "d", EISDIR, "'d'");
	assert_file(below(place, "root/d/file"), "x");
}

static void only_files_can_be_read_back(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	int fd;

	assert_int_equal(mkfifo(below(place, "root/fifo"), 0666), 0);
	assert_int_equal(tree_writer_open_read(place->writer, VIEW_LITERAL("fifo"), &fd, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EINVAL);
	assert_int_equal(fd, -1);
}

struct swapper {
	int root_fd;
	atomic_bool stop;
};

/* Exchanges a directory for a link to the outside, as fast as it can. */
static void *swap(void *arg)
{
	struct swapper *swapper = arg;

	while (!atomic_load(&swapper->stop))
		renameat2(swapper->root_fd, "d", swapper->root_fd, "link", RENAME_EXCHANGE);
	return NULL;
}

static void a_race_with_links_leads_nowhere(void **state)
{
	struct place *place = *state;
	struct swapper swapper = { .root_fd = place->root_fd };
	struct tree_file *file;
	pthread_t thread;
	char path[64];

	assert_put(place, "d/sub/first", "x");
	assert_int_equal(symlink("../outside", below(place, "root/link")), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap, &swapper), 0);
	for (int i = 0; i < 2000; i++) {
		struct tree_writer *writer; /* a new one has no directory open yet */
		enum muster_code code;

		snprintf(path, sizeof(path), "d/sub/f%d", i);
		assert_int_equal(tree_writer_new(&writer, place->root_fd, &place->sys.ops, NULL),
				 MUSTER_OK);
		code = tree_writer_put_small(writer, view_text(path), view_text("x"), true, NULL);
		assert_true(code == MUSTER_OK || code == MUSTER_E_IO);
		code = tree_file_begin(writer, view_text(path), true, &file, NULL);
		assert_true(code == MUSTER_OK || code == MUSTER_E_IO);
		if (!code)
			tree_file_finish(file, NULL);
		code = tree_writer_remove(writer, view_text(path), NULL);
		assert_true(code == MUSTER_OK || code == MUSTER_E_IO || code == MUSTER_ABSENT);
		tree_writer_free(writer);
	}
	atomic_store(&swapper.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(count_files(below(place, "outside")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(paths_that_leave_the_root_or_name_no_file_are_refused),
		BOTH_WAYS(links_in_the_way_are_not_followed),
		BOTH_WAYS(a_link_under_the_name_of_a_file_is_replaced_itself),
		BOTH_WAYS(files_and_directories_in_the_way_are_told),
		WITH_PLACE(only_files_can_be_read_back),
		BOTH_WAYS(a_race_with_links_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
