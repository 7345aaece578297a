#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/table.h"

/* An output into a file of its own. */
struct fixture {
	struct screen screen;
	struct output output;
	char text[65536];
};

static void begin(struct fixture *fixture)
{
	char path[] = "/tmp/output_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	screen_init(&fixture->screen, fd);
	output_init(&fixture->output, fd, &fixture->screen);
}

static const char *end(struct fixture *fixture)
{
	int fd = fixture->output.fd;
	ssize_t len;

	assert_int_equal(output_finish(&fixture->output, NULL), MUSTER_OK);
	len = pread(fd, fixture->text, sizeof(fixture->text) - 1, 0);
	assert_true(len >= 0);
	fixture->text[len] = '\0';
	output_release(&fixture->output);
	screen_release(&fixture->screen);
	close(fd);
	return fixture->text;
}

static void lines_and_objects_come_out_in_order(void **state)
{
	static struct fixture fixture;
	struct json_writer *json;

	(void)state;
	begin(&fixture);
	bytes_append_text(output_begin(&fixture.output), "one", NULL);
	output_end(&fixture.output, '\n');
	json = output_json_begin(&fixture.output, "entry");
	json_member_u64(json, "size_bytes", 5);
	json_write_name(json, "path", view_text("a\"b"));
	output_json_end(&fixture.output);
	assert_int_equal(output_bytes(&fixture.output, view_text("raw"), NULL), MUSTER_OK);
	assert_string_equal(end(&fixture),
			    "one\n{\"type\":\"entry\",\"size_bytes\":5,\"path\":\"a\\\"b\"}\nraw");
}

static void a_name_that_is_not_utf8_keeps_its_bytes(void **state)
{
	static struct fixture fixture;
	struct json_writer *json;

	(void)state;
	begin(&fixture);
	json = output_json_begin(&fixture.output, "failure");
	json_write_name(json, "path", view_text("a\xff"));
	output_json_end(&fixture.output);
	assert_string_equal(end(&fixture), "{\"type\":\"failure\",\"path\":\"a\\ufffd\","
					   "\"path_hex\":\"61ff\"}\n");
}

static void a_failed_write_sticks(void **state)
{
	struct muster_error error = { 0 };
	struct screen screen;
	struct output output;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	screen_init(&screen, fd);
	output_init(&output, fd, &screen);
	bytes_append_text(output_begin(&output), "one", NULL);
	output_end(&output, '\n');
	assert_int_equal(output_finish(&output, &error), MUSTER_E_IO);
	assert_non_null(strstr(error.message, "standard output"));
	assert_int_equal(output_finish(&output, &error), MUSTER_E_IO);
	output_release(&output);
	screen_release(&screen);
	close(fd);
}

static const struct table_column columns[] = { { "NAME", false },
					       { "SIZE", true },
					       { "WHAT", false } };

static void table_columns_line_up(void **state)
{
	static struct fixture fixture;
	static struct table table;

	(void)state;
	begin(&fixture);
	table_begin(&table, &fixture.output, columns, 3);
	table_cell(&table, "日本");
	table_cell_count(&table, 1234567);
	table_cell(&table, "x");
	table_cell(&table, "longer\n");
	table_cell_size(&table, 10);
	table_cell(&table, "");
	table_end(&table);
	assert_string_equal(end(&fixture), "NAME             SIZE  WHAT\n"
					   "日本        1,234,567  x\n"
					   "longer\\x0a       10 B\n");
}

static void a_table_without_rows_is_silent(void **state)
{
	static struct fixture fixture;
	static struct table table;

	(void)state;
	begin(&fixture);
	table_begin(&table, &fixture.output, columns, 3);
	table_end(&table);
	assert_string_equal(end(&fixture), "");
}

static void a_long_table_is_not_held(void **state)
{
	static struct fixture fixture;
	static struct table table;
	size_t lines = 0;

	(void)state;
	begin(&fixture);
	table_begin(&table, &fixture.output, columns, 3);
	for (size_t i = 0; i < TABLE_ROWS_HELD * 2; i++) {
		table_cell(&table, "a");
		table_cell(&table, "b");
		table_cell(&table, "c");
		assert_true(table.cell_count < TABLE_ROWS_HELD * 3);
	}
	table_end(&table);
	for (const char *at = end(&fixture); (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1 + TABLE_ROWS_HELD * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_objects_come_out_in_order),
		cmocka_unit_test(a_name_that_is_not_utf8_keeps_its_bytes),
		cmocka_unit_test(a_failed_write_sticks),
		cmocka_unit_test(table_columns_line_up),
		cmocka_unit_test(a_table_without_rows_is_silent),
		cmocka_unit_test(a_long_table_is_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
