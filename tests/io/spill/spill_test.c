#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/spill/run.h"
#include "tests/support/torture.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/spill_test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir); /* fails if a file was left behind */
}

static uint64_t seed = 7;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* A record as the test remembers it; the value begins with the number of adding. */
struct record {
	uint32_t number;
	size_t key_len, value_len;
	uint8_t key[24];
};

static int by_key_then_number(const void *a, const void *b)
{
	const struct record *left = a, *right = b;
	int order = view_compare(view_of(left->key, left->key_len),
				 view_of(right->key, right->key_len));

	return order ? order : left->number < right->number ? -1 : 1;
}

static struct record record_random(uint32_t number, uint32_t alphabet, uint32_t value_max)
{
	struct record record = { .number = number };

	record.key_len = next_random(sizeof(record.key) + 1);
	for (size_t i = 0; i < record.key_len; i++)
		record.key[i] = (uint8_t)(alphabet == 1 ? 0 : 'a' + next_random(alphabet));
	record.value_len = 4 + next_random(value_max);
	return record;
}

static enum muster_code record_add(struct spill *spill, const struct record *record)
{
	static uint8_t value[SPILL_RECORD_MAX_BYTES];
	struct muster_error err = { 0 };

	memset(value, (int)record->number, record->value_len);
	put_u32(value, record->number);
	return spill_add(spill, view_of(record->key, record->key_len),
			 view_of(value, record->value_len), &err);
}

static void assert_gives(struct spill *spill, const struct record *expected, size_t count)
{
	struct muster_error err = { 0 };
	struct view key, value;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_OK);
		assert_true(view_equal(key, view_of(expected[i].key, expected[i].key_len)));
		assert_int_equal(value.len, expected[i].value_len);
		assert_int_equal(get_u32(value.ptr), expected[i].number);
		if (value.len > 4)
			assert_int_equal(value.ptr[value.len - 1], (uint8_t)expected[i].number);
	}
	assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_END);
	assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_END);
}

static void records_come_sorted_and_equal_keys_in_the_order_of_adding(void **state)
{
	static const struct {
		size_t count, memory_bytes;
		uint32_t alphabet, value_max;
		bool is_written;
	} cases[] = {
		{ 0, 0, 4, 10, false },		  { 1, 0, 4, 10, false },
		{ 20000, 0, 4, 40, false },	  /* all in the table */
		{ 1000, 1, 4, 40, true },	  /* a run for each record, two levels */
		{ 20000, 1000, 3, 40, true },	  /* about 2,000 runs */
		{ 20000, 20000, 1, 100, true },	  /* 25 different keys in all */
		{ 20000, 100000, 26, 100, true }, /* fewer runs than SPILL_FAN_IN */
		{ 300, 4096, 2, 200000, true },	  /* records larger than table and buffers */
		{ 12000, 1, 26, 1, true },	  /* three levels */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spill_options options = { .dir = dir,
						 .memory_max_bytes = cases[i].memory_bytes };
		struct record *records = calloc(cases[i].count + 1, sizeof(*records));
		struct spill *spill;

		assert_int_equal(spill_new(&spill, &options, NULL), MUSTER_OK);
		for (uint32_t n = 0; n < cases[i].count; n++) {
			records[n] = record_random(n, cases[i].alphabet, cases[i].value_max);
			assert_int_equal(record_add(spill, &records[n]), MUSTER_OK);
		}
		assert_int_equal(spill_count(spill), cases[i].count);
		qsort(records, cases[i].count, sizeof(*records), by_key_then_number);
		assert_int_equal(spill_sort(spill, NULL), MUSTER_OK);
		assert_int_equal(spill_written_bytes(spill) > 0, cases[i].is_written);
		assert_gives(spill, records, cases[i].count);
		spill_free(spill);
		free(records);
	}
}

static void a_record_over_the_maximum_is_refused_and_changes_nothing(void **state)
{
	static const uint8_t bytes[SPILL_RECORD_MAX_BYTES + 1];
	struct spill_options options = { .dir = dir, .memory_max_bytes = 4096 };
	struct muster_error err = { 0 };
	struct view key, value;
	struct spill *spill;

	(void)state;
	assert_int_equal(spill_new(&spill, &options, &err), MUSTER_OK);
	assert_int_equal(spill_add(spill, view_of(bytes, sizeof(bytes)), view_of("", 0), &err),
			 MUSTER_E_LIMIT);
	assert_int_equal(
		spill_add(spill, view_of(bytes, 1), view_of(bytes, sizeof(bytes) - 1), &err),
		MUSTER_E_LIMIT);
	assert_int_equal(spill_add(spill, view_of(bytes, 1), view_of(bytes, SIZE_MAX), &err),
			 MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "1048576"));
	assert_int_equal(
		spill_add(spill, view_of(bytes, 8), view_of(bytes, sizeof(bytes) - 9), &err),
		MUSTER_OK); /* exactly the maximum */
	assert_int_equal(spill_add(spill, view_of("b", 1), view_of(NULL, 0), &err), MUSTER_OK);
	assert_int_equal(spill_sort(spill, &err), MUSTER_OK);
	assert_int_equal(spill_count(spill), 2);
	assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_OK);
	assert_int_equal(value.len, SPILL_RECORD_MAX_BYTES - 8);
	assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_OK);
	assert_int_equal(value.len, 0);
	assert_int_equal(spill_next(spill, &key, &value, &err), MUSTER_END);
	spill_free(spill);
}

static bool dir_is_empty(void)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(stream);
	while ((entry = readdir(stream)))
		count++;
	closedir(stream);
	return count == 2; /* "." and ".." */
}

static void files_have_no_name_even_while_they_are_used(void **state)
{
	struct spill_options options = { .dir = dir, .memory_max_bytes = 256 };
	struct record record = record_random(1, 4, 10);
	struct spill *spill;

	(void)state;
	assert_int_equal(spill_new(&spill, &options, NULL), MUSTER_OK);
	for (int i = 0; i < 100; i++)
		assert_int_equal(record_add(spill, &record), MUSTER_OK);
	assert_true(spill_written_bytes(spill) > 0);
	assert_true(dir_is_empty());
	spill_free(spill);
	assert_true(dir_is_empty());
}

static void without_o_tmpfile_the_file_is_unlinked_at_once(void **state)
{
	struct muster_error err = { 0 };
	char byte = 0;
	int fd;

	(void)state;
	assert_int_equal(run_file_open(&fd, dir, true, &err), MUSTER_OK);
	assert_true(dir_is_empty());
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	assert_int_equal(run_file_open(&fd, "/nowhere/at/all", true, &err), MUSTER_E_IO);
}

static void a_directory_that_cannot_be_written_is_named(void **state)
{
	struct spill_options options = { .dir = "/nowhere/at/all", .memory_max_bytes = 1 };
	struct muster_error err = { 0 };
	struct spill *spill;

	(void)state;
	assert_int_equal(spill_new(&spill, &options, &err), MUSTER_OK);
	assert_int_equal(spill_add(spill, view_of("a", 1), view_of("", 0), &err), MUSTER_OK);
	assert_int_equal(spill_add(spill, view_of("b", 1), view_of("", 0), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
	spill_free(spill);
}

/* A limit on the size of files stands for a full disk: the write fails, and once there is room
 * again the same spill goes on where it was. */
static void a_full_disk_is_reported_and_loses_no_record(void **state)
{
	struct spill_options options = { .dir = dir, .memory_max_bytes = 4000 };
	struct record *records = calloc(20000, sizeof(*records));
	struct muster_error err = { 0 };
	struct rlimit before, limit;
	unsigned failed_count = 0;
	struct spill *spill;
	uint8_t value[64];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(spill_new(&spill, &options, &err), MUSTER_OK);
	for (uint32_t n = 0; n < 20000; n++) {
		records[n] = record_random(n, 4, 50);
		memset(value, (int)n, sizeof(value));
		put_u32(value, n);
		limit = before;
		if (n % 1000 > 600)
			limit.rlim_cur = 100000;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		while (spill_add(spill, view_of(records[n].key, records[n].key_len),
				 view_of(value, records[n].value_len), &err)) {
			assert_int_equal(err.code, MUSTER_E_IO);
			assert_int_equal(err.sys_errno, EFBIG);
			assert_non_null(strstr(err.message, dir));
			failed_count++;
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		}
	}
	assert_true(failed_count > 5);
	limit.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(spill_sort(spill, &err), MUSTER_E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(spill_sort(spill, &err), MUSTER_OK);
	qsort(records, 20000, sizeof(*records), by_key_then_number);
	assert_gives(spill, records, 20000);
	spill_free(spill);
	free(records);
}

static enum muster_code sort_some(const struct spill_options *options, struct muster_error *err)
{
	struct view key, value;
	struct spill *spill = NULL;
	uint8_t large[100000] = { 0 };
	enum muster_code code = spill_new(&spill, options, err);

	for (unsigned i = 0; i < 200 && !code; i++) {
		uint8_t name = (uint8_t)(i * 37);

		code = spill_add(spill, view_of(&name, 1),
				 view_of(large, i == 90 ? sizeof(large) : 9), err);
	}
	if (!code)
		code = spill_sort(spill, err);
	for (unsigned i = 0; i < 200 && !code; i++)
		code = spill_next(spill, &key, &value, err);
	if (!code)
		assert_int_equal(spill_next(spill, &key, &value, err), MUSTER_END);
	spill_free(spill);
	return code;
}

static void each_failed_allocation_is_reported(void **state)
{
	struct spill_options options = { .dir = dir, .memory_max_bytes = 64 };
	bool is_done = false;
	uint64_t n;

	(void)state;
	for (n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = sort_some(&options, &err);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		assert_int_equal(err.code, code);
	}
	assert_true(n > 20);
}

static void without_a_directory_tmpdir_is_used(void **state)
{
	struct spill_options options = { .memory_max_bytes = 1 };
	struct muster_error err = { 0 };

	(void)state;
	setenv("TMPDIR", "/nowhere/at/all", 1);
	assert_int_equal(sort_some(&options, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
	setenv("TMPDIR", "", 1);
	assert_int_equal(sort_some(NULL, &err), MUSTER_OK);
	unsetenv("TMPDIR");
	assert_int_equal(sort_some(&options, &err), MUSTER_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_sorted_and_equal_keys_in_the_order_of_adding),
		cmocka_unit_test(a_record_over_the_maximum_is_refused_and_changes_nothing),
		cmocka_unit_test(files_have_no_name_even_while_they_are_used),
		cmocka_unit_test(without_o_tmpfile_the_file_is_unlinked_at_once),
		cmocka_unit_test(a_directory_that_cannot_be_written_is_named),
		cmocka_unit_test(a_full_disk_is_reported_and_loses_no_record),
		cmocka_unit_test(each_failed_allocation_is_reported),
		cmocka_unit_test(without_a_directory_tmpdir_is_used),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
