#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/check/marks_file.h"
#include "tests/support/torture.h"

static const uint8_t repository_id[16] = "a repository id";
static char directory[64], path[128];

static int make(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/muster-marks-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/state", directory);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static struct pack_mark mark_of(uint64_t i)
{
	struct pack_mark mark = { .id.number = (uint32_t)i,
				  .seen_ms = i,
				  .read_ms = i * 2,
				  .summed_ms = i * 3,
				  .is_broken = i % 7 == 0 };

	mark.id.session[15] = (uint8_t)(i >> 32);
	return mark;
}

static enum muster_code write_marks(uint64_t count, struct muster_error *err)
{
	struct marks_writer writer;
	enum muster_code code = marks_writer_open(&writer, path, repository_id, count, err);

	for (uint64_t i = 0; i < count && !code; i++) {
		struct pack_mark mark = mark_of(i);

		code = marks_writer_add(&writer, &mark, err);
	}
	if (!code)
		code = marks_writer_finish(&writer, err);
	marks_writer_close(&writer);
	return code;
}

static enum muster_code read_marks(uint64_t *count, struct muster_error *err)
{
	struct marks_reader reader;
	enum muster_code code = marks_reader_open(&reader, path, repository_id, err);

	for (*count = 0; !code; ++*count) {
		struct pack_mark expected = mark_of(*count), mark;

		code = marks_reader_next(&reader, &mark, err);
		if (code)
			break;
		assert_true(object_id_equal(&mark.id, &expected.id));
		assert_int_equal(mark.seen_ms, expected.seen_ms);
		assert_int_equal(mark.is_broken, expected.is_broken);
	}
	marks_reader_close(&reader);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static void as_many_as_were_written_are_read(void **state)
{
	static const uint64_t counts[] = { 0,
					   1,
					   MARKS_BUFFER_MARKS - 1,
					   MARKS_BUFFER_MARKS,
					   MARKS_BUFFER_MARKS + 1,
					   5 * MARKS_BUFFER_MARKS + 17 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct muster_error err = { 0 };
		uint64_t count;

		assert_int_equal(write_marks(counts[i], &err), MUSTER_OK);
		assert_int_equal(read_marks(&count, &err), MUSTER_OK);
		assert_int_equal(count, counts[i]);
	}
}

static void marks_out_of_order_are_found_before_any_is_given(void **state)
{
	struct marks_writer writer;
	struct muster_error err = { 0 };
	struct pack_mark second = mark_of(2), first = mark_of(1);
	uint64_t count;

	(void)state;
	assert_int_equal(marks_writer_open(&writer, path, repository_id, 2, &err), MUSTER_OK);
	assert_int_equal(marks_writer_add(&writer, &second, &err), MUSTER_OK);
	assert_int_equal(marks_writer_add(&writer, &first, &err), MUSTER_OK);
	assert_int_equal(marks_writer_finish(&writer, &err), MUSTER_OK);
	marks_writer_close(&writer);
	assert_int_equal(read_marks(&count, &err), MUSTER_E_FORMAT);
	assert_int_equal(count, 0);
	assert_non_null(strstr(err.message, "out of order"));
}

static void what_was_not_finished_leaves_the_file_before(void **state)
{
	struct marks_writer writer;
	struct pack_mark mark = mark_of(0);
	struct muster_error err = { 0 };
	uint64_t count;

	(void)state;
	assert_int_equal(write_marks(3, &err), MUSTER_OK);
	assert_int_equal(marks_writer_open(&writer, path, repository_id, 1, &err), MUSTER_OK);
	assert_int_equal(marks_writer_add(&writer, &mark, &err), MUSTER_OK);
	marks_writer_close(&writer);
	assert_int_equal(read_marks(&count, &err), MUSTER_OK);
	assert_int_equal(count, 3);
}

static void there_may_be_none(void **state)
{
	struct muster_error err = { 0 };
	uint64_t count;

	(void)state;
	assert_int_equal(read_marks(&count, &err), MUSTER_ABSENT);
}

static void no_memory_is_said(void **state)
{
	struct muster_error err = { 0 };
	uint64_t count;

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		enum muster_code written = write_marks(2000, &err), read = MUSTER_E_MEMORY;
		bool is_done;

		if (!written)
			read = read_marks(&count, &err);
		is_done = !torture_hit();
		torture_off();
		if (is_done) {
			assert_int_equal(read, MUSTER_OK);
			break;
		}
		assert_true(written == MUSTER_E_MEMORY || read == MUSTER_E_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(as_many_as_were_written_are_read, make, unmake),
		cmocka_unit_test_setup_teardown(marks_out_of_order_are_found_before_any_is_given,
						make, unmake),
		cmocka_unit_test_setup_teardown(what_was_not_finished_leaves_the_file_before, make,
						unmake),
		cmocka_unit_test_setup_teardown(there_may_be_none, make, unmake),
		cmocka_unit_test_setup_teardown(no_memory_is_said, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
