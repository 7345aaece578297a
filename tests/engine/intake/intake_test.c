/* What an intake gives: every file once, in order, with its digests, for few system calls. */
#include "tests/engine/intake/lab.h"

#include "io/store/sys.h"
#include "tests/support/torture.h"

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
		}
		close_intake(lab);
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
			close_intake(lab);
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
		}
		close_intake(lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(files_come_out_in_order_with_their_digests),
		LAB_TEST(after_read_all_no_name_is_needed),
		cmocka_unit_test(without_memory_there_is_no_intake),
		LAB_TEST(a_file_takes_three_system_calls_and_one_for_its_stat),
		LAB_TEST(rooms_are_lent_between_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
