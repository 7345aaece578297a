#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/file/read.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"

struct place {
	char path[256];
	int dir_fd;
	struct sys_fault sys;
};

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place || scratch_make(place->path, sizeof(place->path)))
		return -1;
	place->dir_fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sys_fault_init(&place->sys);
	*state = place;
	return place->dir_fd < 0 ? -1 : 0;
}

static int end(void **state)
{
	struct place *place = *state;

	close(place->dir_fd);
	scratch_remove(place->path);
	free(place);
	return 0;
}

static void write_file(const struct place *place, const char *name, const void *data, size_t len)
{
	int fd = openat(place->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static struct file_whole whole_of(struct place *place, const char *name, uint64_t size_bytes,
				  uint8_t *buffer, size_t cap_bytes)
{
	return (struct file_whole){ .dir_fd = place->dir_fd,
				    .name = name,
				    .size_bytes = size_bytes,
				    .buffer = buffer,
				    .cap_bytes = cap_bytes,
				    .sys = &place->sys.ops };
}

static void a_file_of_the_expected_size_is_read(void **state)
{
	struct place *place = *state;
	struct file_stat after = { 0 };
	uint8_t buffer[16];

	write_file(place, "f", "0123456789", 10);
	assert_int_equal(file_read_whole(place->dir_fd, "f", 10, buffer, 11, &after, NULL),
			 MUSTER_OK);
	assert_memory_equal(buffer, "0123456789", 10);
	assert_int_equal(after.size_bytes, 10);
	assert_true(after.mtime_ns > 0 && after.ctime_ns >= after.mtime_ns && after.inode > 0);
	write_file(place, "empty", "", 0);
	assert_int_equal(file_read_whole(place->dir_fd, "empty", 0, buffer, 1, NULL, NULL),
			 MUSTER_OK);
}

static void any_other_size_is_a_change(void **state)
{
	static const struct {
		uint64_t size_bytes;
		const char *reason;
	} cases[] = { { 9, "more" }, { 11, "less" }, { 0, "more" }, { 1000, "less" } };
	struct place *place = *state;
	uint8_t buffer[1001];

	write_file(place, "f", "0123456789", 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct file_stat after = { 0 };

		assert_int_equal(file_read_whole(place->dir_fd, "f", cases[i].size_bytes, buffer,
						 sizeof(buffer), &after, &err),
				 MUSTER_E_CHANGED);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_int_equal(after.size_bytes, 10); /* so that the next attempt knows */
	}
}

static void what_is_gone_has_vanished(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	uint8_t buffer[16];
	int fd;

	write_file(place, "f", "x", 1);
	assert_int_equal(file_read_whole(place->dir_fd, "g", 1, buffer, 16, NULL, &err),
			 MUSTER_E_VANISHED);
	assert_non_null(strstr(err.message, "'g'"));
	assert_int_equal(file_read_whole(place->dir_fd, "f/g", 1, buffer, 16, NULL, &err),
			 MUSTER_E_VANISHED);
	assert_int_equal(file_open(place->dir_fd, "g", &fd, NULL, &err), MUSTER_E_VANISHED);
	assert_int_equal(fd, -1);
}

static void what_is_no_file_any_more_is_told_and_not_waited_for(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	uint8_t buffer[16];
	int fd;

	assert_int_equal(mkdirat(place->dir_fd, "dir", 0777), 0);
	assert_int_equal(mkfifoat(place->dir_fd, "fifo", 0666), 0);
	assert_int_equal(symlinkat("loop", place->dir_fd, "loop"), 0);
	assert_int_equal(file_read_whole(place->dir_fd, "dir", 1, buffer, 16, NULL, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EISDIR);
	assert_int_equal(file_open(place->dir_fd, "dir", &fd, NULL, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EISDIR);
	assert_int_equal(file_read_whole(place->dir_fd, "fifo", 1, buffer, 16, NULL, &err),
			 MUSTER_E_CHANGED);
	assert_int_equal(file_open(place->dir_fd, "fifo", &fd, NULL, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EINVAL);
	assert_int_equal(file_read_whole(place->dir_fd, "loop", 1, buffer, 16, NULL, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ELOOP);
}

static void a_buffer_that_is_too_small_is_refused_before_reading(void **state)
{
	struct place *place = *state;
	struct file_whole whole;
	uint8_t buffer[10];

	whole = whole_of(place, "f", 10, buffer, sizeof(buffer));
	assert_int_equal(file_read(&whole, NULL), MUSTER_E_LIMIT);
	whole.size_bytes = UINT64_MAX;
	assert_int_equal(file_read(&whole, NULL), MUSTER_E_LIMIT);
	assert_int_equal(atomic_load(&place->sys.call_count), 0);
}

static void a_small_file_costs_three_calls_and_a_stat_one_more(void **state)
{
	struct place *place = *state;
	struct file_stat after;
	struct file_whole whole;
	uint8_t buffer[4097];

	memset(buffer, 'x', sizeof(buffer));
	write_file(place, "f", buffer, 4096);
	whole = whole_of(place, "f", 4096, buffer, sizeof(buffer));
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(file_read(&whole, NULL), MUSTER_OK);
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_OPENAT]), 1);
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_READ]), 1);
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_CLOSE]), 1);
	assert_int_equal(atomic_load(&place->sys.call_count), 2); /* close is not in it */
	whole.after = &after;
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(file_read(&whole, NULL), MUSTER_OK);
	assert_int_equal(atomic_load(&place->sys.call_count), 3);
	whole.drop_cache = true;
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(file_read(&whole, NULL), MUSTER_OK);
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_FADVISE]), 1);
}

static void reads_that_give_less_go_on(void **state)
{
	struct place *place = *state;
	struct file_whole whole;
	uint8_t buffer[100];

	write_file(place, "f", "0123456789", 10);
	whole = whole_of(place, "f", 10, buffer, sizeof(buffer));
	place->sys.short_bytes = 3;
	sys_fault_arm(&place->sys, 3, EINTR);
	assert_int_equal(file_read(&whole, NULL), MUSTER_OK);
	assert_true(atomic_load(&place->sys.hit));
	assert_memory_equal(buffer, "0123456789", 10);
	whole.size_bytes = 11;
	assert_int_equal(file_read(&whole, NULL), MUSTER_E_CHANGED);
}

static void every_failing_call_is_told_and_leaks_nothing(void **state)
{
	struct place *place = *state;
	struct file_stat after;
	struct file_whole whole;
	uint8_t buffer[100];

	write_file(place, "f", "0123456789", 10);
	whole = whole_of(place, "f", 10, buffer, sizeof(buffer));
	whole.after = &after;
	for (uint64_t n = 1;; n++) {
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		enum muster_code code;

		sys_fault_arm(&place->sys, n, EIO);
		code = file_read(&whole, &err);
		assert_int_equal(scratch_open_descriptors(), fds);
		if (!atomic_load(&place->sys.hit)) {
			assert_int_equal(code, MUSTER_OK);
			assert_int_equal(n, 4); /* open, read, stat */
			break;
		}
		assert_int_equal(code, MUSTER_E_IO);
		assert_int_equal(err.sys_errno, EIO);
		assert_non_null(strstr(err.message, "'f'"));
	}
}

static void a_large_file_is_read_in_chunks(void **state)
{
	static const size_t size = 1000003, step = 65536;
	struct place *place = *state;
	uint8_t *data = malloc(size), *got = malloc(step);
	struct file_stat before, after;
	uint64_t at = 0;
	size_t len;
	int fd;

	assert_non_null(data);
	assert_non_null(got);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 16);
	write_file(place, "f", data, size);
	assert_int_equal(file_open(place->dir_fd, "f", &fd, &before, NULL), MUSTER_OK);
	assert_int_equal(before.size_bytes, size);
	do {
		assert_int_equal(file_read_at(fd, at, got, step, &len, NULL), MUSTER_OK);
		assert_memory_equal(got, data + at, len);
		at += len;
		assert_true(len == step || at == size);
	} while (len);
	file_drop_cache(fd, 0, 0);
	assert_int_equal(file_stat_fd(fd, &after, NULL), MUSTER_OK);
	assert_true(file_stat_equal(&before, &after));
	write_file(place, "f", "other", 5);
	assert_int_equal(file_stat_fd(fd, &after, NULL), MUSTER_OK);
	assert_false(file_stat_equal(&before, &after));
	close(fd);
	assert_int_equal(file_read_at(-1, 0, got, 1, &len, NULL), MUSTER_E_IO);
	assert_int_equal(file_stat_fd(-1, &after, NULL), MUSTER_E_IO);
	free(data);
	free(got);
}

/* The last test: what it finds out is remembered by the process. */
static void files_of_others_are_opened_without_asking_twice_each_time(void **state)
{
	struct place *place = *state;
	struct file_whole whole;
	uint8_t buffer[100];

	write_file(place, "f", "0123456789", 10);
	whole = whole_of(place, "f", 10, buffer, sizeof(buffer));
	sys_fault_arm(&place->sys, 1, EPERM);
	assert_int_equal(file_read(&whole, NULL), MUSTER_OK);
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_OPENAT]), 2);
	sys_fault_arm(&place->sys, 1, EPERM);
	assert_int_equal(file_read(&whole, NULL), MUSTER_E_IO); /* asked once, without the flag */
	assert_int_equal(atomic_load(&place->sys.calls[SYS_CALL_OPENAT]), 1);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(a_file_of_the_expected_size_is_read),
		WITH_PLACE(any_other_size_is_a_change),
		WITH_PLACE(what_is_gone_has_vanished),
		WITH_PLACE(what_is_no_file_any_more_is_told_and_not_waited_for),
		WITH_PLACE(a_buffer_that_is_too_small_is_refused_before_reading),
		WITH_PLACE(a_small_file_costs_three_calls_and_a_stat_one_more),
		WITH_PLACE(reads_that_give_less_go_on),
		WITH_PLACE(every_failing_call_is_told_and_leaks_nothing),
		WITH_PLACE(a_large_file_is_read_in_chunks),
		WITH_PLACE(files_of_others_are_opened_without_asking_twice_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
