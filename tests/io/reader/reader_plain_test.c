/* System calls of plain reads, and what happens when each of them fails; how `auto` chooses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/io/reader/lab.h"
#include "tests/io/store/scratch.h"

#define COUNT 100

/* Reads f COUNT times, one in flight or as many as fit. */
static struct reader_report read_often(struct lab *lab, struct reader *reader, unsigned count)
{
	static uint8_t buffers[COUNT][17];
	struct reader_report report;
	struct reader_answer answer;
	unsigned asked = 0;

	for (unsigned i = 0; i < count; i++) {
		for (; asked < count; asked++) {
			struct reader_request request =
				lab_request(lab, "f", 10, buffers[asked % COUNT]);

			if (reader_submit(reader, &request))
				break;
		}
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		assert_int_equal(answer.code, MUSTER_OK);
	}
	reader_report(reader, &report);
	return report;
}

static void a_file_costs_three_calls_and_a_stat_one_more(void **state)
{
	struct lab *lab = *state;

	lab_write(lab, "f", "0123456789", 10);
	for (unsigned stats = 0; stats < 2; stats++) {
		struct reader *reader;

		lab->options.wants_stat = stats;
		reader = lab_open(lab, 16);
		sys_fault_arm(&lab->sys, 0, 0);
		assert_int_equal(read_often(lab, reader, COUNT).plain_files, COUNT);
		assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_OPENAT]), COUNT);
		assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_READ]), COUNT);
		assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_CLOSE]), COUNT);
		/* closes are not in it */
		assert_int_equal(atomic_load(&lab->sys.call_count), (2 + stats) * COUNT);
		assert_int_equal(lab->ring.setup_count, 0);
		reader_close(reader);
	}
}

static void every_failing_call_is_told_and_leaks_nothing(void **state)
{
	struct lab *lab = *state;
	uint8_t buffer[11];

	lab_write(lab, "f", "0123456789", 10);
	for (uint64_t n = 1;; n++) {
		struct muster_error error = { 0 };
		struct reader_answer answer;

		sys_fault_arm(&lab->sys, n, EIO);
		lab_read(lab, "f", 10, buffer, &answer, &error);
		assert_int_equal(scratch_open_descriptors(), lab->fds);
		if (!atomic_load(&lab->sys.hit)) {
			assert_int_equal(answer.code, MUSTER_OK);
			assert_int_equal(n, 4); /* open, read, stat */
			break;
		}
		assert_int_equal(answer.code, MUSTER_E_IO);
		assert_int_equal(error.sys_errno, EIO);
		assert_non_null(strstr(error.message, "'f'"));
	}
}

static void short_reads_go_on(void **state)
{
	struct lab *lab = *state;
	struct reader_answer answer;
	uint8_t buffer[11];

	lab_write(lab, "f", "0123456789", 10);
	lab->sys.short_bytes = 3;
	assert_int_equal(lab_read(lab, "f", 10, buffer, &answer, NULL), MUSTER_OK);
	assert_memory_equal(buffer, "0123456789", 10);
}

static void auto_follows_the_time_that_files_take(void **state)
{
	struct lab *lab = *state;
	struct reader_report before, after;
	struct reader *reader = lab_open(lab, 32);

	lab_write(lab, "f", "0123456789", 10);
	lab->step_ns = 3000;
	before = read_often(lab, reader, 1000);
	assert_int_equal(before.plain_files, 1000);
	assert_int_equal(lab->ring.setup_count, 0); /* costs nothing before it is needed */
	lab->step_ns = 90000;
	before = read_often(lab, reader, 1000);
	if (before.ring_errno) {
		print_message("SKIP: no io_uring here\n");
		reader_close(reader);
		skip();
	}
	assert_in_range(before.ring_files, 950, 990); /* a dozen, and one in 128 */
	lab->step_ns = 3000;
	read_often(lab, reader, 5000);
	reader_report(reader, &before);
	read_often(lab, reader, 1000);
	reader_report(reader, &after);
	assert_int_equal(after.plain_files - before.plain_files, 1000);
	assert_int_equal(after.redone_files, 0);
	assert_int_equal(lab->ring.setup_count, 1);
	reader_close(reader);
}

static void kinds_have_names(void **state)
{
	static const struct {
		const char *text;
		enum muster_code code;
		enum reader_kind kind;
	} cases[] = {
		{ NULL, MUSTER_OK, READER_AUTO },	   { "", MUSTER_OK, READER_AUTO },
		{ "auto", MUSTER_OK, READER_AUTO },	   { "plain", MUSTER_OK, READER_PLAIN },
		{ "ring", MUSTER_OK, READER_RING },	   { "Ring", MUSTER_E_USAGE, READER_AUTO },
		{ "plain ", MUSTER_E_USAGE, READER_AUTO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		enum reader_kind kind = READER_RING;

		assert_int_equal(reader_kind_parse(cases[i].text, &kind, &err), cases[i].code);
		assert_int_equal(kind, cases[i].kind);
		assert_true(!cases[i].code || strstr(err.message, cases[i].text));
	}
}

static void a_depth_without_sense_is_refused(void **state)
{
	struct reader_options options = { .depth = READER_DEPTH_MAX + 1 };
	struct muster_error err = { 0 };
	struct reader *reader;

	(void)state;
	assert_int_equal(reader_open(&reader, &options, &err), MUSTER_E_USAGE);
	assert_null(reader);
	reader_close(reader);
}

static const struct lab_kind plain = { READER_PLAIN, 0 }, automatic = { READER_AUTO, 0 };

#define WITH_KIND(test, kind)                                                                      \
	{                                                                                          \
#test, test, lab_begin, lab_end, (void *)(uintptr_t)&kind                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIND(a_file_costs_three_calls_and_a_stat_one_more, plain),
		WITH_KIND(every_failing_call_is_told_and_leaks_nothing, plain),
		WITH_KIND(short_reads_go_on, plain),
		WITH_KIND(auto_follows_the_time_that_files_take, automatic),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(a_depth_without_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
