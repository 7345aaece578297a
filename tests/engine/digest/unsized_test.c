/* Files of which an intake knows only the name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/intake/guess.h"
#include "engine/intake/intake.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"

#define FILE_MAX       3000
#define SIZE_MAX_BYTES (1u << 20)
#define KIB	       1024

struct lab {
	char path[256];
	int dir_fd;
	struct sys_fault sys;
	struct intake_options options;
	char names[FILE_MAX][8];
	uint64_t sizes[FILE_MAX];
	enum muster_code codes[FILE_MAX];
	int causes[FILE_MAX];
	struct intake_answer answers[FILE_MAX];
	struct fingerprint prints[FILE_MAX];
	size_t done_count;
};

static enum muster_code done(void *state, void *cookie, const struct intake_answer *answer,
			     struct muster_error *err)
{
	struct lab *lab = state;
	size_t n = (size_t)((char(*)[8])cookie - lab->names);

	(void)err;
	lab->answers[n] = *answer;
	lab->codes[n] = answer->code;
	lab->causes[n] = answer->error ? answer->error->sys_errno : 0;
	if (!answer->code) {
		assert_int_equal(answer->data.len, lab->sizes[n]);
		lab->prints[n] = *answer->fingerprint;
	}
	lab->done_count++;
	return MUSTER_OK;
}

static int begin(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (!lab || scratch_make(lab->path, sizeof(lab->path)))
		return -1;
	lab->dir_fd = open(lab->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sys_fault_init(&lab->sys);
	lab->options = (struct intake_options){
		.hashing.algorithm = DIGEST_MD5,
		.reader = { .kind = READER_PLAIN, .wants_stat = true, .sys = &lab->sys.ops },
		.size_max = SIZE_MAX_BYTES,
		.begun_ns = INT64_MAX,
		.done = done,
		.state = lab,
	};
	for (size_t n = 0; n < FILE_MAX; n++)
		snprintf(lab->names[n], sizeof(lab->names[n]), "%zu", n);
	*state = lab;
	return 0;
}

static int end(void **state)
{
	struct lab *lab = *state;

	close(lab->dir_fd);
	scratch_remove(lab->path);
	free(lab);
	return 0;
}

static uint8_t *bytes_of(size_t n, size_t size)
{
	uint8_t *bytes = malloc(size + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(n * 37 + i * 5 + (i >> 9));
	return bytes;
}

static void make(struct lab *lab, size_t n, size_t size)
{
	uint8_t *bytes = bytes_of(n, size);
	int fd = openat(lab->dir_fd, lab->names[n], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	free(bytes);
	lab->sizes[n] = size;
}

static void take(struct lab *lab, size_t count)
{
	struct muster_error err = { 0 };
	struct intake *intake;

	lab->done_count = 0;
	assert_int_equal(intake_open(&intake, &lab->options, &err), MUSTER_OK);
	sys_fault_arm(&lab->sys, 0, 0);
	for (size_t n = 0; n < count; n++) {
		struct intake_file file = { .dir_fd = lab->dir_fd,
					    .name = lab->names[n],
					    .has_no_size = true,
					    .cookie = lab->names[n] };

		assert_int_equal(intake_put(intake, &file, &err), MUSTER_OK);
	}
	assert_int_equal(intake_drain(intake, &err), MUSTER_OK);
	intake_close(intake);
	assert_int_equal(lab->done_count, count);
}

static void assert_hashed(const struct lab *lab, size_t n)
{
	uint8_t *bytes = bytes_of(n, lab->sizes[n]), digest[16];

	assert_int_equal(lab->codes[n], MUSTER_OK);
	md5_of(view_of(bytes, lab->sizes[n]), digest);
	assert_memory_equal(lab->prints[n].digest, digest, 16);
	assert_int_equal(lab->answers[n].after.size_bytes, lab->sizes[n]);
	free(bytes);
}

static void files_of_one_kind_cost_four_calls_each(void **state)
{
	struct lab *lab = *state;

	for (size_t n = 0; n < 1000; n++)
		make(lab, n, n % 3 * KIB);
	take(lab, 1000);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_OPENAT]), 1000);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_READ]), 1000);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_FSTAT]), 1000);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_CLOSE]), 1000);
	for (size_t n = 0; n < 1000; n++)
		assert_hashed(lab, n);
}

static void any_size_is_read_and_what_is_too_large_is_told(void **state)
{
	static const size_t sizes[] = { 0,	   1,	    16 * KIB,	    16 * KIB + 1,
					200 * KIB, 3 * KIB, SIZE_MAX_BYTES, SIZE_MAX_BYTES + 1,
					700 * KIB, 5,	    3 * KIB,	    SIZE_MAX_BYTES + 5 };
	static const enum reader_kind kinds[] = { READER_PLAIN, READER_RING, READER_AUTO };
	const size_t size_count = sizeof(sizes) / sizeof(sizes[0]);
	struct lab *lab = *state;

	for (size_t n = 0; n < FILE_MAX; n++)
		make(lab, n, n % 300 < 50 ? sizes[n % size_count] : n % 5000);
	for (size_t i = 0; i < 3; i++) {
		lab->options.reader.kind = kinds[i];
		take(lab, FILE_MAX);
		for (size_t n = 0; n < FILE_MAX; n++) {
			if (lab->sizes[n] <= SIZE_MAX_BYTES) {
				assert_hashed(lab, n);
				continue;
			}
			assert_int_equal(lab->codes[n], MUSTER_FULL);
			assert_int_equal(lab->answers[n].after.size_bytes, lab->sizes[n]);
		}
	}
}

static void what_was_touched_since_is_read_twice(void **state)
{
	struct lab *lab = *state;

	for (size_t n = 0; n < 100; n++)
		make(lab, n, 1000 + n);
	lab->options.begun_ns = 0;
	take(lab, 100);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_OPENAT]), 200);
	for (size_t n = 0; n < 100; n++)
		assert_hashed(lab, n);
}

static void what_is_gone_or_no_file_any_more_is_told(void **state)
{
	struct lab *lab = *state;

	for (int large = 0; large < 2; large++) { /* guessed, and stat'ed */
		make(lab, 0, large ? SIZE_MAX_BYTES : 10);
		unlinkat(lab->dir_fd, lab->names[1], 0);
		unlinkat(lab->dir_fd, lab->names[2], AT_REMOVEDIR);
		unlinkat(lab->dir_fd, lab->names[3], 0);
		assert_int_equal(mkdirat(lab->dir_fd, lab->names[2], 0700), 0);
		assert_int_equal(mkfifoat(lab->dir_fd, lab->names[3], 0600), 0);
		make(lab, 4, 10);
		take(lab, 5);
		assert_hashed(lab, 0);
		assert_int_equal(lab->codes[1], MUSTER_E_VANISHED);
		assert_int_equal(lab->codes[2], MUSTER_E_IO);
		assert_int_equal(lab->causes[2], EISDIR);
		assert_int_equal(lab->codes[3], MUSTER_E_IO);
		assert_int_equal(lab->causes[3], EINVAL);
		assert_hashed(lab, 4);
	}
}

/* --- the guess ------------------------------------------------------------------------------ */

static void the_largest_of_late_is_guessed_and_forgotten_slowly(void **state)
{
	struct guess guess = { 0 };
	uint64_t bytes, before;

	(void)state;
	assert_true(guess_next(&guess, 128 * KIB, &bytes));
	assert_true(bytes > 0);
	guess_observe(&guess, 0);
	assert_true(guess_next(&guess, 128 * KIB, &bytes));
	assert_int_equal(bytes, 4 * KIB);
	for (int i = 0; i < 1000; i++) {
		guess_observe(&guess, i % 100 ? 10 * KIB : 60 * KIB);
		assert_true(guess_next(&guess, 128 * KIB, &before));
		assert_true(before > 10 * KIB);
	}
	assert_true(before > 36 * KIB);
	guess_observe(&guess, UINT64_MAX);
	assert_false(guess_next(&guess, 128 * KIB, &bytes));
	for (int i = 0; i < 600; i++)
		guess_observe(&guess, 10 * KIB);
	assert_true(guess_next(&guess, 128 * KIB, &bytes));
	for (int i = 0; i < 10000; i++)
		guess_observe(&guess, 10 * KIB);
	assert_true(guess_next(&guess, 128 * KIB, &bytes));
	assert_int_equal(bytes, 12 * KIB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_of_one_kind_cost_four_calls_each),
		TEST(any_size_is_read_and_what_is_too_large_is_told),
		TEST(what_was_touched_since_is_read_twice),
		TEST(what_is_gone_or_no_file_any_more_is_told),
		cmocka_unit_test(the_largest_of_late_is_guessed_and_forgotten_slowly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
