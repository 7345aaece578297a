/* A directory to write a tree into, and looks at it. */
#ifndef TESTS_IO_FILE_WRITER_LAB_H
#define TESTS_IO_FILE_WRITER_LAB_H

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

static inline int begin(void **state)
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
static inline int begin_without_openat2(void **state)
{
	int failed = begin(state);
	struct place *place = *state;

	if (!failed)
		place->sys.always[SYS_CALL_OPENAT_BENEATH] = ENOSYS;
	return failed;
}

/* As on a file system where every file has a name. */
static inline int begin_without_unnamed(void **state)
{
	int failed = begin(state);
	struct place *place = *state;

	if (!failed)
		place->sys.has_no_unnamed = true;
	return failed;
}

static inline int end(void **state)
{
	struct place *place = *state;

	tree_writer_free(place->writer);
	close(place->root_fd);
	umount2(below(place, "full"), MNT_DETACH); /* only there when its test has failed */
	scratch_remove(place->path);
	free(place);
	return 0;
}

static inline enum muster_code put(struct place *place, const char *path, const char *text,
				   bool overwrite, struct muster_error *err)
{
	return tree_writer_put_small(place->writer, view_text(path), view_text(text), overwrite,
				     err);
}

static inline void assert_put(struct place *place, const char *path, const char *text)
{
	struct muster_error err = { 0 };
	enum muster_code code = put(place, path, text, false, &err);

	if (code)
		print_error("%s: %s\n", path, err.message);
	assert_int_equal(code, MUSTER_OK);
}

static inline void assert_file(const char *path, const char *text)
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

static inline int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	tree_files += type == FTW_F;
	tree_temporaries += strncmp(path + ftw->base, ".muster", 7) == 0;
	return 0;
}

static inline unsigned long long count_files(const char *path)
{
	tree_files = tree_temporaries = 0;
	nftw(path, count_one, 16, FTW_PHYS);
	return tree_files;
}

static inline uint64_t calls(const struct place *place, enum sys_call call)
{
	return atomic_load(&place->sys.calls[call]);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)
/* Whatever resolves paths is tested with and without openat2. */
#define WITHOUT_UNNAMED(test)                                                                      \
	{                                                                                          \
#test "_without_unnamed_files", test, begin_without_unnamed, end, NULL             \
	}

#define WITH_AND_WITHOUT_NAMES(test) WITH_PLACE(test), WITHOUT_UNNAMED(test)

#define BOTH_WAYS(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, begin, end),                                         \
	{                                                                                          \
#test "_without_openat2", test, begin_without_openat2, end, NULL                   \
	}

#endif
