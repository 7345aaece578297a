/* The ring: what it costs, and what happens where there is none or it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/io/reader/lab.h"
#include "tests/io/store/scratch.h"

#define COUNT 300
#define BYTES 100

static uint8_t buffers[COUNT][BYTES + 1];
static char names[COUNT][16];

static void write_all(const struct lab *lab)
{
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		lab_write_filled(lab, names[i], BYTES, i);
	}
}

/* How many did not come back as they should. */
static unsigned read_all(struct lab *lab, struct reader *reader, struct reader_report *report)
{
	struct reader_answer answer;
	unsigned asked = 0, wrong = 0;

	memset(buffers, 0, sizeof(buffers));
	for (unsigned i = 0; i < COUNT; i++) {
		for (; asked < COUNT; asked++) {
			struct reader_request request =
				lab_request(lab, names[asked], BYTES, buffers[asked]);

			if (reader_submit(reader, &request))
				break;
		}
		wrong += reader_next(reader, &answer, NULL) != MUSTER_OK || answer.code ||
			 answer.after.size_bytes != BYTES || !lab_is_filled(buffers[i], BYTES, i);
	}
	reader_report(reader, report);
	return wrong;
}

static void skip_without_ring(const struct reader_report *report, struct reader *reader)
{
	if (!report->ring_errno)
		return;
	print_message("SKIP: no io_uring here: %s\n", strerror(report->ring_errno));
	reader_close(reader);
	skip();
}

static void a_ring_is_entered_far_less_than_once_a_file(void **state)
{
	struct lab *lab = *state;
	struct reader_report report;
	struct reader *reader = lab_open(lab, 64);

	write_all(lab);
	sys_fault_arm(&lab->sys, 0, 0);
	assert_int_equal(read_all(lab, reader, &report), 0);
	skip_without_ring(&report, reader);
	assert_int_equal(report.ring_files, COUNT);
	assert_int_equal(report.plain_files, 0);
	assert_int_equal(report.enter_count, lab->ring.enter_count);
	/* two requests a file: at least 16 go in together, or 8 come out, but for the last 8 */
	assert_in_range(report.enter_count, 1, 2 * COUNT / 16 + 2 * COUNT / 8 + 16);
	/* beside it: a stat and a close; whether it is a file is asked past the table */
	assert_int_equal(atomic_load(&lab->sys.call_count), COUNT);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_FSTAT]), COUNT);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_CLOSE]), COUNT);
	reader_close(reader);
}

static void without_a_ring_everything_is_read_plainly(void **state)
{
	static const int failures[] = { ENOSYS, EPERM, ENOMEM, EMFILE };
	struct lab *lab = *state;

	write_all(lab);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct reader *reader = lab_open(lab, 64);
		struct reader_report report;

		lab->ring.setup_count = 0;
		lab->ring.setup_errno = failures[i];
		assert_int_equal(read_all(lab, reader, &report), 0);
		assert_int_equal(report.ring_errno, failures[i]);
		assert_int_equal(report.plain_files, COUNT);
		assert_int_equal(report.redone_files, 0);
		assert_int_equal(lab->ring.setup_count, 1); /* asked once */
		reader_close(reader);
	}
}

/* As containers do: the calls exist, and are refused. */
static void forbid(int number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(77);
}

static void a_sandbox_that_forbids_rings_is_no_failure(void **state)
{
	static const int calls[] = { SYS_io_uring_setup, SYS_io_uring_enter };
	struct lab *lab = *state;

	write_all(lab);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct reader *reader = lab_open(lab, 64);
			struct reader_report report;
			unsigned wrong;

			forbid(calls[i]);
			wrong = read_all(lab, reader, &report);
			reader_close(reader);
			_exit(wrong || !report.ring_errno || report.plain_files != COUNT);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77) {
			print_message("SKIP: no seccomp here\n");
			skip();
		}
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* The n-th entry fails, for each n: what is passing is waited out, else the rest is read plainly.
 */
static void whenever_the_ring_fails_files_are_read(void **state)
{
	static const struct {
		int failure;
		unsigned times;
		bool is_end;
	} cases[] = {
		{ EINTR, 1, false },	    { EAGAIN, 3, false },      { EBUSY, 3, false },
		{ EAGAIN, 1u << 30, true }, { EPERM, 1u << 30, true }, { EBADR, 1u << 30, true },
	};
	struct lab *lab = *state;
	struct reader_report report;

	write_all(lab);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned n = 1;; n++) {
			struct reader *reader = lab_open(lab, 64);
			unsigned entered;

			lab->ring.enter_count = 0;
			lab->ring.fail_at = n;
			lab->ring.fail_times = cases[i].times;
			lab->ring.fail_errno = cases[i].failure;
			assert_int_equal(read_all(lab, reader, &report), 0);
			entered = lab->ring.enter_count;
			lab->ring.fail_at = 0;
			reader_close(reader);
			assert_int_equal(scratch_open_descriptors(), lab->fds);
			if (entered < n)
				break;
			assert_int_equal(report.ring_errno, cases[i].is_end ? cases[i].failure : 0);
			assert_int_equal(report.plain_files + report.ring_files, COUNT);
			assert_true(cases[i].is_end || report.ring_files == COUNT);
		}
	}
}

static void a_stat_that_fails_is_done_again_plainly(void **state)
{
	struct lab *lab = *state;
	struct reader_report report;
	struct reader *reader = lab_open(lab, 64);

	write_all(lab);
	sys_fault_arm(&lab->sys, 5, EIO);
	assert_int_equal(read_all(lab, reader, &report), 0);
	skip_without_ring(&report, reader);
	assert_int_equal(report.redone_files, 1);
	reader_close(reader);
}

/* Files of the kernel's own making cannot say whether a read would wait: worker threads read them,
 * and whatever comes out is what plain reads say. */
static void files_without_nowait_are_read(void **state)
{
	struct lab *lab = *state;
	struct reader_report report;
	struct reader_answer answer;
	struct reader *reader;
	uint8_t buffer[4097];
	uint8_t *notes;
	long size = 0;
	int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		size = read(fd, buffer, sizeof(buffer));
	close(fd);
	if (size <= 0) {
		print_message("SKIP: no /sys/kernel/notes here\n");
		skip();
	}
	notes = malloc((size_t)size + 1);
	assert_non_null(notes);
	reader = lab_open(lab, 8);
	for (int i = 0; i < 20; i++) {
		struct reader_request request =
			lab_request(lab, "/sys/kernel/notes", (uint64_t)size, notes);

		assert_int_equal(reader_submit(reader, &request), MUSTER_OK);
		assert_int_equal(reader_next(reader, &answer, NULL), MUSTER_OK);
		assert_int_equal(answer.code, MUSTER_OK);
		assert_memory_equal(notes, buffer, (size_t)size);
	}
	reader_report(reader, &report);
	reader_close(reader);
	free(notes);
	assert_true(report.ring_errno || report.ring_files == 20);
}

static const struct lab_kind ring = { READER_RING, 0 };

#define WITH_RING(test)                                                                            \
	{                                                                                          \
#test, test, lab_begin, lab_end, (void *)(uintptr_t)&ring                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RING(a_ring_is_entered_far_less_than_once_a_file),
		WITH_RING(without_a_ring_everything_is_read_plainly),
		WITH_RING(a_sandbox_that_forbids_rings_is_no_failure),
		WITH_RING(whenever_the_ring_fails_files_are_read),
		WITH_RING(a_stat_that_fails_is_done_again_plainly),
		WITH_RING(files_without_nowait_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
