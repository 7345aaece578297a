/* Files that fail, change or grow, and users that give up: each file is told of once. */
#include "tests/engine/intake/lab.h"

#include "io/store/sys.h"

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
		}
		close_intake(lab);
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
		}
		close_intake(lab);
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
		close_intake(lab);
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
	open_intake(lab, (struct intake_options){
				 .reader = { .kind = READER_PLAIN, .sys = &restless } });
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
			close_intake(lab);
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
		for (size_t n = 0; n < put_count; n++)
			assert_int_equal(lab->done_count[n], 1);
		close_intake(lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(a_file_that_failed_disturbs_no_other),
		LAB_TEST(a_file_that_changed_is_read_once_more),
		LAB_TEST(a_file_that_outgrew_the_ring_is_handed_back),
		LAB_TEST(a_file_that_changes_all_the_time_fails),
		LAB_TEST(every_file_is_told_of_once_when_all_are_given_up),
		LAB_TEST(what_done_says_is_returned_and_the_rest_can_be_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
