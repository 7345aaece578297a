#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cli/progress.h"
#include "cli/show.h"

#define MIB (UINT64_C(1) << 20)
#define S   UINT64_C(1000000000)

static const struct progress_view half = { .what = "put",
					   .done_files = 500,
					   .total_files = 1000,
					   .done_bytes = 300 * MIB,
					   .total_bytes = 600 * MIB,
					   .bytes_per_s = 100 * MIB,
					   .elapsed_ns = 3 * S };
static const struct progress_view counting = { .what = "put",
					       .done_files = 1234567,
					       .done_bytes = 3 * MIB,
					       .bytes_per_s = MIB,
					       .elapsed_ns = 3 * S };

static const char *line_of(struct bytes *out, const struct progress_view *view, unsigned columns)
{
	out->len = 0;
	progress_line(out, view, columns);
	assert_int_equal(bytes_append_byte(out, '\0', NULL), MUSTER_OK);
	return (const char *)out->ptr;
}

static void a_known_total_gives_a_bar(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	assert_string_equal(line_of(&out, &half, 80),
			    "put   50%  [======>      ]    500 files   300.0 MiB   100.0 MiB/s"
			    "     0:03 left");
	bytes_release(&out);
}

static void without_a_total_it_only_counts(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	assert_string_equal(line_of(&out, &counting, 80),
			    "put  1,234,567 files  3.0 MiB  1.0 MiB/s  0:03");
	bytes_release(&out);
}

static void every_width_is_kept_and_what_is_needed_most_stays(void **state)
{
	static const struct progress_view *const views[] = { &half, &counting };
	struct progress_view failing = half;
	struct bytes out = { 0 };

	(void)state;
	failing.failed_items = 7;
	for (size_t i = 0; i < 2; i++)
		for (unsigned columns = 0; columns <= SCREEN_COLUMNS_MAX; columns++)
			assert_true(strlen(line_of(&out, views[i], columns)) <
				    (columns ? columns : 1));
	assert_string_equal(line_of(&out, &half, 4), "put");
	assert_string_equal(line_of(&out, &half, 30), "put   50%    500 files");
	assert_string_equal(line_of(&out, &failing, 40), "put   50%    500 files  7 failed");
	bytes_release(&out);
}

static void percent_is_100_only_at_the_end(void **state)
{
	struct progress_view view = half;
	struct bytes out = { 0 };

	(void)state;
	view.done_bytes = view.total_bytes - 1;
	assert_non_null(strstr(line_of(&out, &view, 80), " 99%"));
	view.done_bytes = view.total_bytes + 5; /* a file grew */
	assert_non_null(strstr(line_of(&out, &view, 80), "100%"));
	assert_null(strchr((const char *)out.ptr, '>'));
	view.total_bytes = view.done_bytes = 0; /* empty files only: these count */
	assert_non_null(strstr(line_of(&out, &view, 80), " 50%"));
	bytes_release(&out);
}

static void nothing_moves_while_numbers_grow(void **state)
{
	static const struct progress_view large = { .what = "checkout",
						    .done_files = 9999999,
						    .total_files = 10000000,
						    .done_bytes = 1023 * MIB * 1024,
						    .total_bytes = 1024 * MIB * 1024,
						    .bytes_per_s = 1023 * MIB,
						    .elapsed_ns = 35999 * S };
	struct progress_view small = large;
	struct bytes a = { 0 }, b = { 0 };

	(void)state;
	small.done_files = 1;
	small.done_bytes = 1;
	small.bytes_per_s = 0;
	assert_int_equal(strlen(line_of(&a, &large, 100)), strlen(line_of(&b, &small, 100)));
	assert_int_equal(strcspn((char *)a.ptr, "]"), strcspn((char *)b.ptr, "]"));
	bytes_release(&b);
	bytes_release(&a);
}

static void the_time_left_is_told_only_where_it_is_known(void **state)
{
	struct progress_view view = half;
	uint64_t left_ns;

	(void)state;
	assert_true(progress_left_ns(&view, &left_ns));
	assert_int_equal(left_ns, 3 * S);
	view.bytes_per_s = 0;
	assert_false(progress_left_ns(&view, &left_ns));
	view = half;
	view.total_bytes = UINT64_MAX;
	view.bytes_per_s = 1;
	assert_false(progress_left_ns(&view, &left_ns));
	assert_false(progress_left_ns(&counting, &left_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_total_gives_a_bar),
		cmocka_unit_test(without_a_total_it_only_counts),
		cmocka_unit_test(every_width_is_kept_and_what_is_needed_most_stays),
		cmocka_unit_test(percent_is_100_only_at_the_end),
		cmocka_unit_test(nothing_moves_while_numbers_grow),
		cmocka_unit_test(the_time_left_is_told_only_where_it_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
