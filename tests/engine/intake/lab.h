/**
 * lab - a directory of files, an intake, and what it tells of them.
 */
#ifndef TESTS_ENGINE_INTAKE_LAB_H
#define TESTS_ENGINE_INTAKE_LAB_H

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

#define FILE_MAX 300

/* A directory of files whose sizes and bytes follow from their numbers, and what is told of them.
 */
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

static inline size_t size_of(size_t n)
{
	return n % 11 == 0 ? 0 : (n * 2654435761u) % (n % 7 ? 5000 : 70000);
}

static inline void fill(uint8_t *out, size_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(n * 37 + i * 5 + (i >> 9));
}

static inline void write_file(struct lab *lab, size_t n, size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	int fd = openat(lab->dir_fd, lab->names[n], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fill(bytes, n, len);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	free(bytes);
}

static inline int open_lab(void **state)
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

static inline int close_lab(void **state)
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

static inline size_t number_of(const struct lab *lab, const void *cookie)
{
	return (size_t)((const char *)cookie - lab->names[0]) / sizeof(lab->names[0]);
}

static inline void was_read(void *state, void *cookie)
{
	struct lab *lab = state;

	lab->read_count[number_of(lab, cookie)]++;
}

static inline enum muster_code is_done(void *state, void *cookie,
				       const struct intake_answer *answer, struct muster_error *err)
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

static inline void open_exactly(struct lab *lab, struct intake_options options)
{
	options.hashing.algorithm = DIGEST_MD5;
	options.read = was_read;
	options.done = is_done;
	options.state = lab;
	assert_int_equal(intake_open(&lab->intake, &options, NULL), MUSTER_OK);
}

static inline void open_intake(struct lab *lab, struct intake_options options)
{
	options.reader.wants_stat = true;
	open_exactly(lab, options);
}

/* As a walk would ask for it. */
static inline struct intake_file file_of(struct lab *lab, size_t n)
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

static inline void put(struct lab *lab, size_t n)
{
	struct intake_file file = file_of(lab, n);

	assert_int_equal(intake_put(lab->intake, &file, NULL), MUSTER_OK);
}

static inline void assert_has_bytes(const struct lab *lab, size_t n, size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	uint8_t expected[DIGEST_BYTES];

	fill(bytes, n, len);
	md5_of(view_of(bytes, len), expected);
	assert_int_equal(lab->codes[n], MUSTER_OK);
	assert_memory_equal(lab->prints[n].digest, expected, DIGEST_BYTES);
	free(bytes);
}

/* Another form of intake must give the same. */
static const struct intake_options forms[] = {
	{ .reader.kind = READER_PLAIN },
	{ .reader.kind = READER_RING },
	{ .reader.kind = READER_RING, .reader.depth = 3, .ring_bytes = 128 << 10 },
	{ .reader.kind = READER_AUTO, .ring_bytes = 80 << 10, .file_max = 5 },
	{ .reader.kind = READER_RING, .file_max = 1 },
};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

/* Ready for another intake. */
static inline void close_intake(struct lab *lab)
{
	memset(lab->done_count, 0, sizeof(lab->done_count));
	memset(lab->read_count, 0, sizeof(lab->read_count));
	lab->order_count = 0;
	intake_close(lab->intake);
	lab->intake = NULL;
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

#endif
