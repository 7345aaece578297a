#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/intake/intake.h"
#include "io/store/sys.h"
#include "tests/support/torture.h"

#define FILE_MAX 300

/* A directory of files whose sizes and bytes follow from their numbers, and what is told of them. */
struct lab {
	char folder[64];
	int dir_fd;
	struct intake *intake;
	char names[FILE_MAX][8];
	unsigned read_count[FILE_MAX], done_count[FILE_MAX];
	enum muster_code codes[FILE_MAX];
	struct fingerprint prints[FILE_MAX];
	struct file_stat after[FILE_MAX];
	bool was_read[FILE_MAX];
	size_t order[FILE_MAX], order_count; /* of those that were hashed */
	size_t fail_at;			     /* `done` of this file fails; FILE_MAX: none */
};

static size_t size_of(size_t n)
{
	return n % 11 == 0 ? 0 : (n * 2654435761u) % (n % 7 ? 5000 : 70000);
}

static void fill(uint8_t *out, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(n * 37 + i * 5 + (i >> 9));
}

static void write_file(struct lab *lab, size_t n, size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	int fd = openat(lab->dir_fd, lab->names[n], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fill(bytes, n, len);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	free(bytes);
}

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	snprintf(lab->folder, sizeof(lab->folder), "/tmp/muster-intake-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	lab->dir_fd = open(lab->folder, O_RDONLY | O_DIRECTORY);
	lab->fail_at = FILE_MAX;
	for (size_t n = 0; n < FILE_MAX; n++) {
		snprintf(lab->names[n], sizeof(lab->names[n]), "%zu", n);
		write_file(lab, n, size_of(n));
	}
	*state = lab;
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];

	intake_close(lab->intake);
	close(lab->dir_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", lab->folder);
	assert_int_equal(system(command), 0);
	free(lab);
	return 0;
}

static size_t number_of(const struct lab *lab, const void *cookie)
{
	return (size_t)((const char *)cookie - lab->names[0]) / sizeof(lab->names[0]);
}

static void was_read(void *state, void *cookie)
{
	struct lab *lab = state;

	lab->read_count[number_of(lab, cookie)]++;
}

static enum muster_code is_done(void *state, void *cookie, const struct intake_answer *answer,
				struct muster_error *err)
{
	struct lab *lab = state;
	size_t n = number_of(lab, cookie);

	lab->done_count[n]++;
	lab->codes[n] = answer->code;
	lab->after[n] = answer->after;
	lab->was_read[n] = answer->was_read;
	assert_int_equal(lab->read_count[n], answer->was_read);
	if (!answer->code) {
		struct fingerprint expected = { 0 };

		lab->order[lab->order_count++] = n;
		md5_of(answer->data, expected.digest);
		xxh128_of(answer->data, expected.checksum);
		assert_memory_equal(answer->fingerprint, &expected, sizeof(expected));
		lab->prints[n] = expected;
	} else if (answer->code != MUSTER_FULL) {
		assert_int_equal(answer->error->code, answer->code);
	}
	return n == lab->fail_at ? muster_fail(err, MUSTER_E_IO, "no %zu", n) : MUSTER_OK;
}

static void open_exactly(struct lab *lab, struct intake_options options)
{
	options.hashing.algorithm = DIGEST_MD5;
	options.read = was_read;
	options.done = is_done;
	options.state = lab;
	assert_int_equal(intake_open(&lab->intake, &options, NULL), MUSTER_OK);
}

static void open_intake(struct lab *lab, struct intake_options options)
{
	options.reader.wants_stat = true;
	open_exactly(lab, options);
}

/* As a walk would ask for it. */
static struct intake_file file_of(struct lab *lab, size_t n)
{
	struct intake_file file = { .dir_fd = lab->dir_fd,
				    .name = lab->names[n],
				    .has_found = true,
				    .cookie = lab->names[n] };
	struct stat st;

	if (fstatat(lab->dir_fd, lab->names[n], &st, 0) == 0)
		file.found = (struct file_stat){
			.size_bytes = (uint64_t)st.st_size,
			.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
			.ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
			.inode = st.st_ino,
		};
	file.size_bytes = file.found.size_bytes;
	return file;
}

static void put(struct lab *lab, size_t n)
{
	struct intake_file file = file_of(lab, n);

	assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
}

static void assert_has_bytes(const struct lab *lab, size_t n, size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	uint8_t expected[DIGEST_BYTES];

	fill(bytes, n, len);
	md5_of(view_of(bytes, len), expected);
	assert_int_equal(lab->codes[n], MUSTER_OK);
	assert_memory_equal(lab->prints[n].digest, expected, DIGEST_BYTES);
	free(bytes);
}

static const struct intake_options forms[] = {
	{ .reader.kind = READER_PLAIN },
	{ .reader.kind = READER_RING },
	{ .reader.kind = READER_RING, .reader.depth = 3, .ring_bytes = 128 << 10 },
	{ .reader.kind = READER_AUTO, .ring_bytes = 80 << 10, .file_max = 5 },
	{ .reader.kind = READER_RING, .file_max = 1 },
};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static void files_come_out_in_order_with_their_digests(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		open_intake(lab, forms[f]);
		for (size_t n = 0; n < FILE_MAX; n++)
			put(lab, n);
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		assert_int_equal(intake_use(lab->intake).file_count, FILE_MAX);
		assert_int_equal(lab->order_count, FILE_MAX);
		for (size_t n = 0; n < FILE_MAX; n++) {
			assert_int_equal(lab->order[n], n);
			assert_int_equal(lab->done_count[n], 1);
			assert_int_equal(lab->after[n].size_bytes, size_of(n));
			assert_has_bytes(lab, n, size_of(n));
			lab->done_count[n] = lab->read_count[n] = 0;
		}
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

static void a_file_that_failed_disturbs_no_other(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		open_intake(lab, forms[f]);
		for (size_t n = 0; n < FILE_MAX; n++) {
			struct intake_file file = file_of(lab, n);

			if (n % 3 == 0)
				file.name = "nowhere";
			if (n % 10 == 1)
				file.name = "."; /* a directory */
			assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
		}
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		for (size_t n = 0; n < FILE_MAX; n++) {
			assert_int_equal(lab->done_count[n], 1);
			if (n % 10 == 1)
				assert_int_equal(lab->codes[n], MUSTER_E_IO);
			else if (n % 3 == 0)
				assert_int_equal(lab->codes[n], MUSTER_E_VANISHED);
			else
				assert_has_bytes(lab, n, size_of(n));
			lab->done_count[n] = lab->read_count[n] = 0;
		}
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

/* The walk saw something else than what is read: another time, another size. */
static void a_file_that_changed_is_read_once_more(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		size_t max;

		open_intake(lab, forms[f]);
		max = (size_t)intake_size_max(lab->intake);
		for (size_t n = 0; n < FILE_MAX; n++) {
			struct intake_file file = file_of(lab, n);

			if (n % 4 == 1)
				file.found.mtime_ns -= 1;
			if (n % 4 == 2)
				file.found.size_bytes = file.size_bytes = size_of(n) / 2;
			if (n % 4 == 3)
				file.found.size_bytes = file.size_bytes = size_of(n) + 77;
			if (file.size_bytes <= max)
				assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
			else
				lab->done_count[n] = 1;
		}
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		for (size_t n = 0; n < FILE_MAX; n++) {
			assert_int_equal(lab->done_count[n], 1);
			assert_has_bytes(lab, n, size_of(n));
			lab->done_count[n] = lab->read_count[n] = 0;
		}
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

static void a_file_that_outgrew_the_ring_is_handed_back(void **state)
{
	struct lab *lab = *state;
	struct intake_file file = file_of(lab, 5);

	for (size_t f = 0; f < 2; f++) {
		struct intake_options options = forms[f];

		options.ring_bytes = 64 << 10;
		open_intake(lab, options);
		write_file(lab, 5, 64 << 10);
		assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		assert_int_equal(lab->codes[5], MUSTER_FULL);
		assert_int_equal(lab->after[5].size_bytes, 64 << 10);
		assert_false(lab->was_read[5]);
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

/* A file system on which everything is written to all the time. */
static int restless_fstat(void *state, int fd, struct stat *st)
{
	static long ticks;

	(void)state;
	if (fstat(fd, st))
		return -1;
	st->st_mtim.tv_nsec = ++ticks % 1000000000;
	return 0;
}

static void a_file_that_changes_all_the_time_fails(void **state)
{
	struct lab *lab = *state;
	struct sys_ops restless = *sys_system();

	restless.fstat = restless_fstat;
	open_intake(lab, (struct intake_options){ .reader = { .kind = READER_PLAIN,
							      .sys = &restless } });
	for (size_t n = 0; n < 20; n++)
		put(lab, n);
	assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
	for (size_t n = 0; n < 20; n++) {
		assert_int_equal(lab->done_count[n], 1);
		assert_int_equal(lab->codes[n], MUSTER_E_CHANGED);
	}
}

static void every_file_is_told_of_once_when_all_are_given_up(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		for (size_t count = 1; count <= FILE_MAX; count += 37) {
			open_intake(lab, forms[f]);
			for (size_t n = 0; n < count; n++)
				put(lab, n);
			intake_cancel(lab->intake);
			for (size_t n = 0; n < count; n++) {
				assert_int_equal(lab->done_count[n], 1);
				assert_true(lab->codes[n] == MUSTER_OK ||
					    lab->codes[n] == MUSTER_E_CANCELLED);
				lab->done_count[n] = lab->read_count[n] = 0;
			}
			put(lab, 0); /* it can be used again */
			assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
			assert_has_bytes(lab, 0, size_of(0));
			lab->done_count[0] = lab->read_count[0] = 0;
			lab->order_count = 0;
			intake_close(lab->intake);
			lab->intake = NULL;
		}
	}
}

static void what_done_says_is_returned_and_the_rest_can_be_given_up(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		struct muster_error err = { 0 };
		enum muster_code code = MUSTER_OK;
		size_t put_count = 0;

		lab->fail_at = 100;
		open_intake(lab, forms[f]);
		while (put_count < FILE_MAX && !code) {
			struct intake_file file = file_of(lab, put_count);

			code = intake_put(lab->intake, &file, &err);
			put_count += !code;
		}
		if (!code)
			code = intake_drain(lab->intake, &err);
		assert_int_equal(code, MUSTER_E_IO);
		assert_string_equal(err.message, "no 100");
		intake_cancel(lab->intake);
		for (size_t n = 0; n < put_count; n++) {
			assert_int_equal(lab->done_count[n], 1);
			lab->done_count[n] = lab->read_count[n] = 0;
		}
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

static void after_read_all_no_name_is_needed(void **state)
{
	struct lab *lab = *state;

	open_intake(lab, forms[1]);
	for (size_t n = 0; n < 50; n++) {
		char name[8];
		struct intake_file file = file_of(lab, n);

		memcpy(name, lab->names[n], sizeof(name));
		file.name = name;
		if (n % 5 == 0)
			file.found.ctime_ns++; /* it seems to change: read again */
		assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
		assert_int_equal(intake_read_all(lab->intake, NULL), MUSTER_OK);
		memset(name, 'x', sizeof(name));
	}
	assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
	for (size_t n = 0; n < 50; n++)
		assert_has_bytes(lab, n, size_of(n));
}

static void without_memory_there_is_no_intake(void **state)
{
	bool is_enough = false;
	uint64_t n;

	(void)state;
	for (n = 1; !is_enough && torture_allocation(n); n++) {
		struct intake_options options = { .hashing.algorithm = DIGEST_MD5,
						  .done = is_done };
		struct intake *intake;
		enum muster_code code = intake_open(&intake, &options, NULL);

		is_enough = !torture_hit();
		torture_off();
		assert_int_equal(code, is_enough ? MUSTER_OK : MUSTER_E_MEMORY);
		intake_close(intake);
	}
	assert_true(n > 5);
}

static unsigned call_count;

static int counted_openat(void *state, int dir_fd, const char *name, int flags, mode_t mode)
{
	(void)state;
	call_count++;
	return openat(dir_fd, name, flags, mode);
}

static ssize_t counted_read(void *state, int fd, void *out, size_t len)
{
	(void)state;
	call_count++;
	return read(fd, out, len);
}

static int counted_fstat(void *state, int fd, struct stat *st)
{
	(void)state;
	call_count++;
	return fstat(fd, st);
}

static int counted_close(void *state, int fd)
{
	(void)state;
	call_count++;
	return close(fd);
}

static void a_file_takes_three_system_calls_and_one_for_its_stat(void **state)
{
	struct lab *lab = *state;
	struct sys_ops counted = *sys_system();

	counted.openat = counted_openat;
	counted.read = counted_read;
	counted.fstat = counted_fstat;
	counted.close = counted_close;
	for (unsigned stats = 0; stats < 2; stats++) {
		call_count = 0;
		open_exactly(lab, (struct intake_options){ .reader = { .kind = READER_PLAIN,
								       .wants_stat = stats,
								       .sys = &counted } });
		for (size_t n = 0; n < FILE_MAX; n++) {
			struct intake_file file = file_of(lab, n);

			file.has_found = stats;
			assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
		}
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		assert_int_equal(call_count, (3 + stats) * FILE_MAX);
		for (size_t n = 0; n < FILE_MAX; n++)
			lab->done_count[n] = lab->read_count[n] = 0;
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

/* Every other file is read by the test itself; some rooms are given back. */
static void rooms_are_lent_between_files(void **state)
{
	struct lab *lab = *state;

	for (size_t f = 0; f < FORM_COUNT; f++) {
		open_intake(lab, forms[f]);
		for (size_t n = 0; n < FILE_MAX; n++) {
			uint8_t *room;

			if (n % 2) {
				put(lab, n);
				continue;
			}
			assert_int_equal(intake_lend(lab->intake, size_of(n), &room, NULL),
					 MUSTER_OK);
			if (n % 6 == 2) {
				intake_drop(lab->intake);
				continue;
			}
			fill(room, n, size_of(n) + 1);
			assert_int_equal(intake_fill(lab->intake, file_of(lab, n).cookie, NULL),
					 MUSTER_OK);
		}
		assert_int_equal(intake_drain(lab->intake, NULL), MUSTER_OK);
		for (size_t n = 0; n < FILE_MAX; n++) {
			assert_int_equal(lab->done_count[n], n % 6 != 2);
			if (n % 6 != 2)
				assert_has_bytes(lab, n, size_of(n));
			lab->done_count[n] = lab->read_count[n] = 0;
		}
		lab->order_count = 0;
		intake_close(lab->intake);
		lab->intake = NULL;
	}
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(files_come_out_in_order_with_their_digests),
		LAB_TEST(a_file_that_failed_disturbs_no_other),
		LAB_TEST(a_file_that_changed_is_read_once_more),
		LAB_TEST(a_file_that_outgrew_the_ring_is_handed_back),
		LAB_TEST(a_file_that_changes_all_the_time_fails),
		LAB_TEST(every_file_is_told_of_once_when_all_are_given_up),
		LAB_TEST(what_done_says_is_returned_and_the_rest_can_be_given_up),
		LAB_TEST(after_read_all_no_name_is_needed),
		LAB_TEST(a_file_takes_three_system_calls_and_one_for_its_stat),
		LAB_TEST(rooms_are_lent_between_files),
		cmocka_unit_test(without_memory_there_is_no_intake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
