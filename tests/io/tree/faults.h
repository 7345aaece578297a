/**
 * faults - what the tests of walks share: system calls that count, fail and interfere.
 *
 * A walk that is tuned `with_faults` makes them. `fault` is cleared before each test.
 */
#ifndef TESTS_IO_TREE_FAULTS_H
#define TESTS_IO_TREE_FAULTS_H

#include "tests/io/tree/tree.h"

#include <dirent.h>

#include "tests/support/torture.h"

enum call {
	CALL_OPENAT,
	CALL_GETDENTS,
	CALL_STATX,
	CALL_CLOSE,
	CALL_COUNT,
};

/* One at a time; set before a walk begins. */
static struct {
	atomic_uint counts[CALL_COUNT];
	enum call failing;    /* the call that fails, */
	unsigned fail_from;   /* at its fail_from-th time (0: never) */
	unsigned fail_count;  /* and so many times in all, */
	int cause;	      /* with this errno */
	bool hides_types;     /* every entry is DT_UNKNOWN */
	bool refuses_noatime; /* as for directories of somebody else */
	int fails_by_path;    /* errno of opening by a path of several components; 0: none */
	void (*before_open)(int dir_fd, const char *name);
	void (*before_stat)(int dir_fd, const char *name);
} fault;

static inline bool call_fails(enum call call)
{
	unsigned nth = atomic_fetch_add(&fault.counts[call], 1) + 1;

	if (call != fault.failing || !fault.fail_from || nth < fault.fail_from ||
	    nth - fault.fail_from >= fault.fail_count)
		return false;
	errno = fault.cause;
	return true;
}

static inline int faulty_openat(int dir_fd, const char *path, int flags)
{
	if (fault.before_open)
		fault.before_open(dir_fd, path);
	if (call_fails(CALL_OPENAT))
		return -1;
	if (fault.refuses_noatime && flags & O_NOATIME) {
		errno = EPERM;
		return -1;
	}
	if (fault.fails_by_path && dir_fd != AT_FDCWD && strchr(path, '/')) {
		errno = fault.fails_by_path;
		return -1;
	}
	return walk_calls_system()->openat(dir_fd, path, flags);
}

static inline ssize_t faulty_getdents(int fd, void *buffer, size_t len)
{
	uint8_t *dents = buffer;
	ssize_t got =
		call_fails(CALL_GETDENTS) ? -1 : walk_calls_system()->getdents(fd, buffer, len);

	for (ssize_t at = 0; fault.hides_types && at < got;) {
		uint16_t dent_len;

		memcpy(&dent_len, dents + at + 16, 2);
		dents[at + 18] = DT_UNKNOWN;
		at += dent_len;
	}
	return got;
}

static inline int faulty_statx(int dir_fd, const char *path, int flags, unsigned mask,
			       struct statx *out)
{
	if (fault.before_stat)
		fault.before_stat(dir_fd, path);
	if (call_fails(CALL_STATX))
		return -1;
	return walk_calls_system()->statx(dir_fd, path, flags, mask, out);
}

static inline int faulty_close(int fd)
{
	int result = walk_calls_system()->close(fd);

	return call_fails(CALL_CLOSE) ? -1 : result;
}

static const struct walk_calls faulty = { faulty_openat, faulty_getdents, faulty_statx,
					  faulty_close };
static const struct walk_tuning with_faults = { .calls = &faulty };

static inline int fault_setup(void **state)
{
	memset(&fault, 0, sizeof(fault));
	return tree_setup(state);
}

/* A few directories of a few files, links of both kinds, names that change sort order. */
static inline void make_tree(unsigned dir_count, unsigned file_count)
{
	char path[64];

	for (unsigned i = 0; i < dir_count; i++) {
		snprintf(path, sizeof(path), "d%u", i);
		tree_dir(path);
		for (unsigned k = 0; k < file_count; k++) {
			snprintf(path, sizeof(path), "d%u/f%u", i, k);
			tree_file(path);
		}
	}
	tree_dir("deep");
	tree_dir("deep/er");
	tree_file("deep/er/file");
	tree_file("deep/z");
	tree_file("d0-");
	tree_link("linked", "d0");
	tree_link("alias", "d0-");
	tree_link("deep/loop", "../deep");
}

#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, fault_setup, tree_teardown)

#endif
