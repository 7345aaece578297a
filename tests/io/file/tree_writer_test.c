#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "io/file/tree_writer.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"
#include "tests/support/torture.h"

struct place {
	char path[200]; /* holds the root and, beside it, what must not be touched */
	int root_fd;
	struct sys_fault sys;
	struct tree_writer *writer;
};

static const char *below(const struct place *place, const char *name)
{
	static char path[4][2 * PATH_MAX];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", place->path, name);
	return out;
}

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place || scratch_make(place->path, sizeof(place->path)))
		return -1;
	*state = place;
	sys_fault_init(&place->sys);
	if (mkdir(below(place, "outside"), 0777) || mkdir(below(place, "outside/sub"), 0777))
		return -1;
	if (tree_root_open(&place->root_fd, below(place, "root"), true, NULL))
		return -1;
	return tree_writer_new(&place->writer, place->root_fd, &place->sys.ops, NULL) ? -1 : 0;
}

/* As on a kernel before 5.6. */
static int begin_without_openat2(void **state)
{
	int failed = begin(state);
	struct place *place = *state;

	if (!failed)
		place->sys.always[SYS_CALL_OPENAT_BENEATH] = ENOSYS;
	return failed;
}

static int end(void **state)
{
	struct place *place = *state;

	tree_writer_free(place->writer);
	close(place->root_fd);
	umount2(below(place, "full"), MNT_DETACH); /* only there when its test has failed */
	scratch_remove(place->path);
	free(place);
	return 0;
}

static enum muster_code put(struct place *place, const char *path, const char *text, bool overwrite,
			    struct muster_error *err)
{
	return tree_writer_put_small(place->writer, view_text(path), view_text(text), overwrite,
				     err);
}

static void assert_put(struct place *place, const char *path, const char *text)
{
	struct muster_error err = { 0 };
	enum muster_code code = put(place, path, text, false, &err);

	if (code)
		print_error("%s: %s\n", path, err.message);
	assert_int_equal(code, MUSTER_OK);
}

static void assert_file(const char *path, const char *text)
{
	char got[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
	close(fd);
}

static unsigned long long tree_files; /* of the last count; nftw has no argument to pass */
static unsigned long long tree_temporaries;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	tree_files += type == FTW_F;
	tree_temporaries += strncmp(path + ftw->base, ".muster", 7) == 0;
	return 0;
}

static unsigned long long count_files(const char *path)
{
	tree_files = tree_temporaries = 0;
	nftw(path, count_one, 16, FTW_PHYS);
	return tree_files;
}

static uint64_t calls(const struct place *place, enum sys_call call)
{
	return atomic_load(&place->sys.calls[call]);
}

/* ---- what works ---- */

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

/* ---- hostile paths and trees ---- */

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

/* ---- failures ---- */

static enum muster_code write_three(struct place *place, unsigned n, struct muster_error *err)
{
	struct tree_writer *writer;
	struct tree_file *file;
	enum muster_code code = tree_writer_new(&writer, place->root_fd, &place->sys.ops, err);
	char path[64];

	if (code)
		return code;
	snprintf(path, sizeof(path), "n%u/d/small", n);
	code = tree_writer_put_small(writer, view_text(path), view_text("small"), false, err);
	if (!code)
		code = tree_writer_put_small(writer, view_text(path), view_text("again"), true,
					     err);
	if (code)
		goto out;
	snprintf(path, sizeof(path), "n%u/e/large", n);
	code = tree_file_begin(writer, view_text(path), false, &file, err);
	if (code)
		goto out;
	code = tree_file_append(file, view_text("large"), err);
	if (code && n % 2)
		tree_file_abort(file);
	else if (code)
		assert_true(muster_failed(tree_file_finish(file, NULL)));
	else
		code = tree_file_finish(file, err);
	if (!code)
		code = tree_writer_sync(writer, err);
out:
	tree_writer_free(writer);
	return code;
}

/* No half file under a name that counts, and no temporary one. */
static void assert_whole(struct place *place, unsigned n)
{
	static const struct {
		const char *name, *first, *second;
	} cases[] = { { "root/n%u/d/small", "small", "again" },
		      { "root/n%u/e/large", "large", "" } };

	for (size_t i = 0; i < 2; i++) {
		char name[64], got[16] = "";
		int fd;

		if (i == 0)
			snprintf(name, sizeof(name), "root/n%u/d/small", n);
		else
			snprintf(name, sizeof(name), "root/n%u/e/large", n);
		fd = open(below(place, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		assert_true(read(fd, got, sizeof(got) - 1) > 0);
		close(fd);
		assert_true(strcmp(got, cases[i].first) == 0 || strcmp(got, cases[i].second) == 0);
	}
	count_files(below(place, "root"));
	assert_int_equal(tree_temporaries, 0);
}

static void it_survives_the_failure_of_any_call(void **state)
{
	static const int failures[] = { ENOSPC, EDQUOT, EROFS, EACCES, EIO };
	struct place *place = *state;
	unsigned failed_count = 0;

	for (unsigned n = 1;; n++) {
		int failure = failures[n % 5];
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		enum muster_code code;
		bool hit;

		sys_fault_arm(&place->sys, n, failure);
		code = write_three(place, n, &err);
		hit = atomic_load(&place->sys.hit);
		sys_fault_arm(&place->sys, 0, 0);
		assert_int_equal(scratch_open_descriptors(), fds);
		assert_whole(place, n);
		if (!hit) {
			assert_int_equal(code, MUSTER_OK);
			break;
		}
		if (!code)
			continue; /* a way around was found */
		assert_int_equal(code, MUSTER_E_IO);
		assert_int_equal(err.sys_errno, failure);
		failed_count++;
	}
	assert_true(failed_count >= 12);
}

static enum muster_code live_once(struct place *place, unsigned n)
{
	return write_three(place, n, NULL);
}

static void it_survives_the_failure_of_any_allocation(void **state)
{
	struct place *place = *state;
	unsigned failed_count = 0;
	bool hit = true;

	for (unsigned n = 1; hit; n++) {
		size_t fds = scratch_open_descriptors();
		enum muster_code code;

		torture_allocation(n);
		code = live_once(place, n);
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(scratch_open_descriptors(), fds);
		assert_whole(place, n);
		failed_count += hit;
	}
	assert_true(failed_count >= 4);
}

static int close_says_quota(void *state, int fd)
{
	(void)state;
	close(fd);
	errno = EDQUOT;
	return -1;
}

static void a_failure_at_close_counts(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct tree_file *file;

	assert_put(place, "d/first", "");
	place->sys.ops.close = close_says_quota;
	assert_int_equal(put(place, "d/f", "x", false, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EDQUOT);
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("d/g"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_finish(file, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EDQUOT);
	assert_int_equal(count_files(below(place, "root")), 1);
}

static void a_full_disk_leaves_no_half_file(void **state)
{
	struct place *place = *state;
	const char *mount_path = below(place, "full");
	struct muster_error err = { 0 };
	struct tree_writer *writer;
	struct tree_file *file;
	uint8_t *data;
	int root_fd;

	assert_int_equal(mkdir(mount_path, 0777), 0);
	if (mount("none", mount_path, "tmpfs", 0, "size=256k")) {
		print_message("skipped: a file system in memory cannot be mounted here\n");
		skip();
	}
	data = calloc(1, 1 << 20);
	assert_non_null(data);
	assert_int_equal(tree_root_open(&root_fd, mount_path, false, NULL), MUSTER_OK);
	assert_int_equal(tree_writer_new(&writer, root_fd, NULL, NULL), MUSTER_OK);
	assert_int_equal(tree_writer_put_small(writer, VIEW_LITERAL("d/f"), view_of(data, 1 << 20),
					       false, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_non_null(strstr(err.message, "'d/f'"));
	assert_int_equal(tree_file_begin(writer, VIEW_LITERAL("d/g"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_append(file, view_of(data, 1 << 20), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOSPC);
	tree_file_abort(file);
	assert_int_equal(count_files(mount_path), 0);
	assert_int_equal(tree_writer_put_small(writer, VIEW_LITERAL("d/h"), view_of(data, 4096),
					       false, &err),
			 MUSTER_OK); /* the room is free again */
	tree_writer_free(writer);
	close(root_fd);
	free(data);
	assert_int_equal(umount2(mount_path, MNT_DETACH), 0);
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

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)
/* Whatever resolves paths is tested with and without openat2. */
#define BOTH_WAYS(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, begin, end),                                         \
	{                                                                                          \
#test "_without_openat2", test, begin_without_openat2, end, NULL                   \
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
		WITH_PLACE(an_aborted_file_leaves_nothing),
		WITH_PLACE(a_large_file_respects_what_is_there),
		BOTH_WAYS(files_are_read_back_and_removed),
		BOTH_WAYS(empty_directories_are_pruned_up_to_the_root),
		BOTH_WAYS(a_directory_removed_behind_our_back_is_made_again),
		WITH_PLACE(paths_that_leave_the_root_or_name_no_file_are_refused),
		BOTH_WAYS(links_in_the_way_are_not_followed),
		BOTH_WAYS(a_link_under_the_name_of_a_file_is_replaced_itself),
		BOTH_WAYS(files_and_directories_in_the_way_are_told),
		WITH_PLACE(only_files_can_be_read_back),
		BOTH_WAYS(a_race_with_links_leads_nowhere),
		BOTH_WAYS(it_survives_the_failure_of_any_call),
		WITH_PLACE(it_survives_the_failure_of_any_allocation),
		WITH_PLACE(a_failure_at_close_counts),
		WITH_PLACE(a_full_disk_leaves_no_half_file),
		WITH_PLACE(a_root_must_be_a_directory),
		WITH_PLACE(many_writers_share_a_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
