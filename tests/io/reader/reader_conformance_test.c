/* What every kind of reader does alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/io/reader/lab.h"
#include "tests/io/store/scratch.h"

#define MANY 300

/* Small files f0 .. f299; file i has i % 7 * 100 bytes of seed i. */
static size_t size_of(unsigned i)
{
	return i % 7 * 100;
}

static void name_of(char *out, size_t cap, unsigned i)
{
	snprintf(out, cap, "f%u", i);
}

static void write_many(const struct lab *lab, unsigned count)
{
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		name_of(name, sizeof(name), i);
		lab_write_filled(lab, name, size_of(i), i);
	}
}

struct many {
	char names[MANY][16];
	uint8_t *buffer; /* all of them, back to back */
	size_t offsets[MANY + 1];
	size_t slack_bytes; /* between two */
};

static struct many *many_new(size_t slack_bytes)
{
	struct many *many = calloc(1, sizeof(*many));

	assert_non_null(many);
	many->slack_bytes = slack_bytes;
	for (unsigned i = 0; i < MANY; i++) {
		name_of(many->names[i], sizeof(many->names[i]), i);
		many->offsets[i + 1] = many->offsets[i] + size_of(i) + slack_bytes;
	}
	many->buffer = malloc(many->offsets[MANY] + 1);
	assert_non_null(many->buffer);
	return many;
}

static void many_free(struct many *many)
{
	free(many->buffer);
	free(many);
}

/* True when `reader` took it. */
static bool ask(struct lab *lab, struct reader *reader, struct many *many, unsigned i)
{
	struct reader_request request =
		lab_request(lab, many->names[i], size_of(i), many->buffer + many->offsets[i]);

	request.cookie = &many->offsets[i];
	return reader_submit(reader, &request) == MUSTER_OK;
}

/* Reads all, keeping as many in flight as it can, and checks each; `i % broken == 0` fail. */
static void read_many(struct lab *lab, struct reader *reader, struct many *many, unsigned count,
		      unsigned broken)
{
	struct muster_error error = { 0 };
	struct reader_answer answer;
	unsigned asked = 0;

	for (unsigned i = 0; i < count; i++) {
		while (asked < count && ask(lab, reader, many, asked))
			asked++;
		assert_true(asked > i);
		assert_int_equal(reader_in_flight(reader), asked - i);
		assert_int_equal(reader_next(reader, &answer, &error), MUSTER_OK);
		assert_ptr_equal(answer.cookie, &many->offsets[i]);
		if (broken && i % broken == 0) {
			assert_int_equal(answer.code, MUSTER_E_VANISHED);
			continue;
		}
		assert_int_equal(answer.code, MUSTER_OK);
		assert_int_equal(answer.after.size_bytes, size_of(i));
		assert_true(lab_is_filled(many->buffer + many->offsets[i], size_of(i), i));
	}
	assert_int_equal(reader_next(reader, &answer, &error), MUSTER_END);
}

static void files_of_any_size_are_read(void **state)
{
	static const size_t sizes[] = {
		0, 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, 4 << 20, (4 << 20) + 1
	};
	struct lab *lab = *state;
	uint8_t *buffer = malloc((4 << 20) + 3);

	assert_non_null(buffer);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct muster_error error = { 0 };
		struct reader_answer answer;

		lab_write_filled(lab, "f", sizes[i], (uint32_t)i);
		buffer[sizes[i] + 1] = 0xa5;
		assert_int_equal(lab_read(lab, "f", sizes[i], buffer, &answer, &error), MUSTER_OK);
		assert_true(lab_is_filled(buffer, sizes[i], (uint32_t)i));
		assert_int_equal(buffer[sizes[i] + 1], 0xa5);
		assert_int_equal(error.code, MUSTER_OK);
	}
	free(buffer);
}

static void more_files_than_fit_are_answered_in_order(void **state)
{
	static const unsigned depths[] = { 1, 2, 3, 7, 64, 100, MANY, READER_DEPTH_MAX };
	struct lab *lab = *state;
	struct many *many = many_new(1);

	write_many(lab, MANY);
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct reader *reader = lab_open(lab, depths[i]);

		memset(many->buffer, 0, many->offsets[MANY]);
		read_many(lab, reader, many, MANY, 0);
		read_many(lab, reader, many, 10, 0);
		reader_close(reader);
	}
	many_free(many);
}

/* The byte behind a file, which only sees the end, may be the first of the next one. */
static void files_that_are_asked_one_by_one_may_touch(void **state)
{
	struct lab *lab = *state;
	struct many *many = many_new(0);
	struct reader *reader = lab_open(lab, 64);
	struct reader_answer answer;

	write_many(lab, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(ask(lab, reader, many, i));
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		assert_int_equal(answer.code, MUSTER_OK);
	}
	for (unsigned i = 0; i < 100; i++)
		assert_true(lab_is_filled(many->buffer + many->offsets[i], size_of(i), i));
	reader_close(reader);
	many_free(many);
}

static void one_too_many_waits_for_an_answer(void **state)
{
	struct lab *lab = *state;
	struct many *many = many_new(1);
	struct reader *reader = lab_open(lab, 2);
	struct reader_answer answer;

	write_many(lab, 3);
	assert_true(ask(lab, reader, many, 0));
	assert_true(ask(lab, reader, many, 1));
	assert_false(ask(lab, reader, many, 2));
	assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
	assert_true(ask(lab, reader, many, 2));
	assert_false(ask(lab, reader, many, 2));
	reader_close(reader);
	many_free(many);
}

static void failing_files_leave_their_neighbours_alone(void **state)
{
	static const unsigned every[] = { 1, 2, 3, 10 };
	struct lab *lab = *state;
	struct many *many = many_new(1);

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		struct reader *reader = lab_open(lab, 16);

		write_many(lab, 200);
		for (unsigned n = 0; n < 200; n += every[i])
			unlinkat(lab->dir_fd, many->names[n], 0);
		read_many(lab, reader, many, 200, every[i]);
		reader_close(reader);
	}
	many_free(many);
}

static void any_other_size_is_a_change(void **state)
{
	static const struct {
		uint64_t size_bytes;
		const char *reason;
	} cases[] = { { 9, "more" }, { 11, "less" }, { 0, "more" }, { 1000, "less" } };
	struct lab *lab = *state;
	uint8_t buffer[1001];

	lab_write(lab, "f", "0123456789", 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error error = { 0 };
		struct reader_answer answer;

		assert_int_equal(lab_read(lab, "f", cases[i].size_bytes, buffer, &answer, &error),
				 MUSTER_E_CHANGED);
		assert_non_null(strstr(error.message, cases[i].reason));
		assert_int_equal(answer.after.size_bytes, 10); /* so that the next attempt knows */
	}
}

static void what_has_at_most_so_much_is_read_and_tells_its_size(void **state)
{
	static const struct {
		size_t size_bytes, most_bytes;
		enum muster_code code;
	} cases[] = { { 0, 0, MUSTER_OK },	  { 10, 10, MUSTER_OK },
		      { 10, 4000, MUSTER_OK },	  { 0, 4000, MUSTER_OK },
		      { 1, 0, MUSTER_E_CHANGED }, { 10, 9, MUSTER_E_CHANGED },
		      { 9000, 9000, MUSTER_OK },  { 9000, 100, MUSTER_E_CHANGED } };
	struct lab *lab = *state;
	uint8_t buffer[9001];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader *reader = lab_open(lab, 4);
		struct reader_request request = lab_request(lab, "f", cases[i].most_bytes, buffer);
		struct reader_answer answer;

		request.is_at_most = true;
		lab_write_filled(lab, "f", cases[i].size_bytes, (uint32_t)i);
		assert_int_equal(reader_submit(reader, &request), MUSTER_OK);
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		assert_int_equal(answer.code, cases[i].code);
		assert_int_equal(answer.after.size_bytes, cases[i].size_bytes);
		if (!answer.code)
			assert_true(lab_is_filled(buffer, cases[i].size_bytes, (uint32_t)i));
		reader_close(reader);
	}
}

static void the_stat_is_of_the_file_that_was_read(void **state)
{
	struct lab *lab = *state;
	struct reader_answer answer;
	struct file_stat found;
	struct stat st;
	uint8_t buffer[11];

	lab_write(lab, "f", "0123456789", 10);
	assert_int_equal(symlinkat("f", lab->dir_fd, "link"), 0);
	assert_int_equal(fstatat(lab->dir_fd, "f", &st, 0), 0);
	file_stat_from(&st, &found);
	assert_int_equal(lab_read(lab, "link", 10, buffer, &answer, NULL), MUSTER_OK);
	assert_true(file_stat_equal(&answer.after, &found));
	lab->options.wants_stat = false;
	assert_int_equal(lab_read(lab, "f", 10, buffer, &answer, NULL), MUSTER_OK);
	assert_int_equal(answer.after.inode, 0);
}

static void what_is_gone_has_vanished(void **state)
{
	struct lab *lab = *state;
	struct muster_error error = { 0 };
	struct reader_answer answer;
	uint8_t buffer[16];

	lab_write(lab, "f", "x", 1);
	assert_int_equal(symlinkat("g", lab->dir_fd, "dangling"), 0);
	assert_int_equal(lab_read(lab, "g", 1, buffer, &answer, &error), MUSTER_E_VANISHED);
	assert_non_null(strstr(error.message, "'g'"));
	assert_int_equal(lab_read(lab, "f/g", 1, buffer, &answer, &error), MUSTER_E_VANISHED);
	assert_int_equal(lab_read(lab, "dangling", 1, buffer, &answer, &error), MUSTER_E_VANISHED);
}

static void what_is_no_file_any_more_is_told_and_not_waited_for(void **state)
{
	struct lab *lab = *state;
	struct muster_error error = { 0 };
	struct reader_answer answer;
	uint8_t buffer[16];
	int writer;

	assert_int_equal(mkdirat(lab->dir_fd, "dir", 0777), 0);
	assert_int_equal(mkfifoat(lab->dir_fd, "fifo", 0666), 0);
	assert_int_equal(symlinkat("loop", lab->dir_fd, "loop"), 0);
	assert_int_equal(lab_read(lab, "dir", 1, buffer, &answer, &error), MUSTER_E_IO);
	assert_int_equal(error.sys_errno, EISDIR);
	assert_int_equal(lab_read(lab, "loop", 1, buffer, &answer, &error), MUSTER_E_IO);
	assert_int_equal(error.sys_errno, ELOOP);
	assert_int_equal(lab_read(lab, "fifo", 1, buffer, &answer, &error), MUSTER_E_CHANGED);
	/* somebody may write to it later */
	writer = openat(lab->dir_fd, "fifo", O_RDWR | O_CLOEXEC);
	assert_true(writer >= 0);
	assert_int_equal(lab_read(lab, "fifo", 1, buffer, &answer, &error), MUSTER_E_IO);
	assert_int_equal(error.sys_errno, EAGAIN);
	close(writer);
}

static void what_may_not_be_read_is_told(void **state)
{
	struct lab *lab = *state;
	struct muster_error error = { 0 };
	struct reader_answer answer;
	uint8_t buffer[16];

	if (geteuid() == 0) {
		print_message("SKIP: root may read everything\n");
		skip();
	}
	lab_write(lab, "f", "x", 1);
	assert_int_equal(fchmodat(lab->dir_fd, "f", 0, 0), 0);
	assert_int_equal(lab_read(lab, "f", 1, buffer, &answer, &error), MUSTER_E_IO);
	assert_int_equal(error.sys_errno, EACCES);
}

static void a_buffer_that_is_too_small_is_refused(void **state)
{
	struct lab *lab = *state;
	struct reader *reader = lab_open(lab, 4);
	struct reader_answer answer;
	uint8_t buffer[10];

	lab_write(lab, "f", "0123456789", 10);
	for (int i = 0; i < 2; i++) {
		struct reader_request request = { .dir_fd = lab->dir_fd,
						  .name = "f",
						  .size_bytes = i ? 10 : UINT64_MAX,
						  .buffer = buffer,
						  .cap_bytes = 10 };

		assert_int_equal(reader_submit(reader, &request), MUSTER_OK);
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		assert_int_equal(answer.code, MUSTER_E_LIMIT);
	}
	reader_close(reader);
}

static void closing_or_cancelling_leaves_buffers_and_descriptors_alone(void **state)
{
	struct lab *lab = *state;
	struct many *many = many_new(1);

	write_many(lab, MANY);
	for (unsigned taken = 0; taken < 60; taken += 7) {
		struct reader *reader = lab_open(lab, 50);
		struct reader_answer answer;
		unsigned asked = 0;

		for (unsigned i = 0; i < taken; i++) {
			while (ask(lab, reader, many, asked))
				asked++;
			assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		}
		while (ask(lab, reader, many, asked))
			asked++;
		reader_cancel(reader);
		assert_int_equal(scratch_open_descriptors() - lab->fds, lab->ring.setup_count > 0);
		memset(many->buffer, 0xa5, many->offsets[MANY]);
		assert_int_equal(reader_in_flight(reader), 0);
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_END);
		read_many(lab, reader, many, 100, 0); /* it can be used again */
		for (unsigned i = 0; i < 50; i++)
			assert_true(ask(lab, reader, many, i));
		reader_close(reader);
		memset(many->buffer, 0xa5, many->offsets[MANY]);
		assert_int_equal(scratch_open_descriptors(), lab->fds);
		lab->ring.setup_count = 0;
	}
	many_free(many);
}

/* With few descriptors left, opens that are refused are tried again when others are closed. */
static void few_descriptors_are_enough(void **state)
{
	struct lab *lab = *state;
	struct many *many = many_new(1);
	struct reader *reader;
	struct rlimit before, few;
	int highest = dup(lab->dir_fd);

	close(highest);
	write_many(lab, MANY);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ (rlim_t)highest + 6, before.rlim_max };
	reader = lab_open(lab, 100);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	read_many(lab, reader, many, MANY, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	reader_close(reader);
	many_free(many);
}

static void a_cache_is_dropped_for_each_file_if_asked(void **state)
{
	struct lab *lab = *state;
	struct many *many = many_new(1);
	struct reader *reader;

	lab->options.drop_cache = true;
	reader = lab_open(lab, 10);
	write_many(lab, 100);
	read_many(lab, reader, many, 100, 0);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_FADVISE]), 100);
	reader_close(reader);
	many_free(many);
}

static const struct lab_kind plain = { READER_PLAIN, 0 }, ring = { READER_RING, 0 },
			     warm = { READER_AUTO, 2000 }, cold = { READER_AUTO, 100000 };

#define WITH_KIND(test, kind)                                                                      \
	{                                                                                          \
#kind ": " #test, test, lab_begin, lab_end, (void *)(uintptr_t)&kind               \
	}
#define WITH_EACH(test)                                                                            \
	WITH_KIND(test, plain), WITH_KIND(test, ring), WITH_KIND(test, warm), WITH_KIND(test, cold)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EACH(files_of_any_size_are_read),
		WITH_EACH(more_files_than_fit_are_answered_in_order),
		WITH_EACH(files_that_are_asked_one_by_one_may_touch),
		WITH_EACH(one_too_many_waits_for_an_answer),
		WITH_EACH(failing_files_leave_their_neighbours_alone),
		WITH_EACH(any_other_size_is_a_change),
		WITH_EACH(what_has_at_most_so_much_is_read_and_tells_its_size),
		WITH_EACH(the_stat_is_of_the_file_that_was_read),
		WITH_EACH(what_is_gone_has_vanished),
		WITH_EACH(what_is_no_file_any_more_is_told_and_not_waited_for),
		WITH_EACH(what_may_not_be_read_is_told),
		WITH_EACH(a_buffer_that_is_too_small_is_refused),
		WITH_EACH(closing_or_cancelling_leaves_buffers_and_descriptors_alone),
		WITH_EACH(few_descriptors_are_enough),
		WITH_EACH(a_cache_is_dropped_for_each_file_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
