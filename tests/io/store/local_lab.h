/* A local store in a place of its own, and looks at its files. */
#ifndef TESTS_IO_STORE_LOCAL_LAB_H
#define TESTS_IO_STORE_LOCAL_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/store/local.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"
#include "tests/support/torture.h"

#define HOUR_NS (3600ull * 1000000000)

struct place {
	char path[256];
	struct sys_fault sys;
	struct store *store;
};

static inline int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct store_local_options options;

	if (!place || scratch_make(place->path, sizeof(place->path)))
		return -1;
	sys_fault_init(&place->sys);
	options = (struct store_local_options){ .sys = &place->sys.ops };
	*state = place;
	return store_local_open(&place->store, place->path, &options, NULL) ? -1 : 0;
}

static inline int end(void **state)
{
	struct place *place = *state;

	store_free(place->store);
	scratch_remove(place->path);
	free(place);
	return 0;
}

static const char *below(const struct place *place, const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, PATH_MAX, "%s/%s", place->path, name);
	return out;
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline void set_age(const char *path, uint64_t age_ns)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= (time_t)(age_ns / 1000000000);
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline size_t count_temporary(const struct place *place)
{
	DIR *dir = opendir(below(place, "tmp"));
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += strncmp(entry->d_name, ".tmp", 4) == 0;
	if (dir)
		closedir(dir);
	return count;
}

static inline uint64_t calls(const struct place *place, enum sys_call call)
{
	return atomic_load(&place->sys.calls[call]);
}

/* What stands under a key: absent, whole, or (a failed test) something else. */
static inline bool is_whole_or_absent(struct store *store, const char *key, struct view expected,
				      bool *is_there)
{
	struct bytes got = { 0 };
	enum muster_code code = store_get(store, key, &got, 64 << 20, NULL);
	bool good = code == MUSTER_ABSENT ||
		    (code == MUSTER_OK && view_equal(bytes_view(&got), expected));

	*is_there = code == MUSTER_OK;
	bytes_release(&got);
	return good;
}

static inline enum muster_code nothing(void *state, const char *key, uint64_t size_bytes,
				       uint64_t modified_ns, struct muster_error *err)
{
	(void)state, (void)key, (void)size_bytes, (void)modified_ns, (void)err;
	return MUSTER_OK;
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
