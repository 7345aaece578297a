#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/tree/names.h"
#include "tests/support/torture.h"

static const struct names_limits in_memory = { .count_max = 100000, .bytes_max = 1 << 24 };
static const struct names_limits spilled = { .count_max = 3,
					     .bytes_max = 1 << 20,
					     .spill_memory_bytes = 1000 };
static const struct names_limits spilled_by_bytes = { .count_max = 100000, .bytes_max = 50 };

/* "name/" is a directory. */
static enum muster_code add_text(struct names *names, const struct names_limits *limits,
				 const char *text, struct muster_error *err)
{
	struct name name = { .kind = NAME_FILE, .text = view_text(text) };

	if (text[name.text.len - 1] == '/') {
		name.kind = NAME_DIRECTORY;
		name.is_directory = true;
		name.text.len--;
	}
	return names_add(names, limits, &name, err);
}

static void assert_gives(struct names *names, const char *const *expected, size_t at_once)
{
	struct name taken[NAMES_TAKE_MAX];
	char text[300];
	size_t count;

	do {
		assert_int_equal(names_take(names, taken, at_once, &count, NULL), MUSTER_OK);
		for (size_t i = 0; i < count; i++) {
			assert_non_null(*expected);
			snprintf(text, sizeof(text), "%.*s%s", VIEW_ARGS(taken[i].text),
				 taken[i].is_directory ? "/" : "");
			assert_string_equal(text, *expected++);
			assert_int_equal(taken[i].kind,
					 taken[i].is_directory ? NAME_DIRECTORY : NAME_FILE);
		}
	} while (count == at_once);
	assert_null(*expected);
	assert_false(names_may_have_more(names));
}

static void names_come_sorted_with_directories_by_their_slash_and_doubles_once(void **state)
{
	static const char *const given[] = { "b",	 "a/", "a-",  "a0", "a.", "a", "A",
					     "\xc3\xa9", "b",  "a.b", "b/", "a/", "b" };
	static const char *const expected[] = { "A",  "a", "a-", "a.",	     "a.b", "a/",
						"a0", "b", "b/", "\xc3\xa9", NULL };
	static const struct names_limits *const limits[] = { &in_memory, &spilled,
							     &spilled_by_bytes };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t at_once = 1; at_once < 20; at_once++) {
			struct names names = { 0 };

			for (size_t k = 0; k < sizeof(given) / sizeof(given[0]); k++)
				assert_int_equal(add_text(&names, limits[i], given[k], NULL),
						 MUSTER_OK);
			assert_int_equal(names_sort(&names, NULL), MUSTER_OK);
			assert_int_equal(names.spill != NULL, i > 0);
			assert_gives(&names, expected, at_once);
			names_release(&names);
		}
	}
}

static void what_is_known_of_a_name_comes_back_with_it(void **state)
{
	struct walk_stat stat = { .size_bytes = 7, .mtime_ns = -3, .mode = 0100644 }, back;
	const struct name known = { .kind = NAME_KNOWN_FILE,
				    .text = VIEW_LITERAL("known"),
				    .stat_bytes = (const uint8_t *)&stat };
	const struct name failed = { .kind = NAME_FAILED,
				     .sys_errno = 40,
				     .text = VIEW_LITERAL("failed") };

	(void)state;
	for (size_t round = 0; round < 2; round++) {
		struct names_limits limits = round ? spilled : in_memory;
		struct names names = { 0 };
		struct name taken[8];
		size_t count;

		limits.count_max = round ? 1 : 8;
		assert_int_equal(names_add(&names, &limits, &known, NULL), MUSTER_OK);
		assert_int_equal(names_add(&names, &limits, &failed, NULL), MUSTER_OK);
		assert_int_equal(names_sort(&names, NULL), MUSTER_OK);
		assert_int_equal(names_take(&names, taken, 8, &count, NULL), MUSTER_OK);
		assert_int_equal(count, 2);
		assert_int_equal(taken[0].kind, NAME_FAILED);
		assert_int_equal(taken[0].sys_errno, 40);
		assert_int_equal(taken[1].kind, NAME_KNOWN_FILE);
		memcpy(&back, taken[1].stat_bytes, sizeof(back));
		assert_memory_equal(&back, &stat, sizeof(back));
		names_release(&names);
	}
}

static void an_emptied_list_takes_new_names(void **state)
{
	static const char *const expected[] = { "x", NULL };
	struct names names = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(add_text(&names, &spilled, "some/", NULL), MUSTER_OK);
	names_reset(&names);
	assert_int_equal(add_text(&names, &spilled, "x", NULL), MUSTER_OK);
	assert_int_equal(names_sort(&names, NULL), MUSTER_OK);
	assert_gives(&names, expected, 4);
	names_release(&names);
}

static void each_failed_allocation_is_reported(void **state)
{
	static const struct names_limits *const limits[] = { &in_memory, &spilled };
	uint64_t n = 1;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bool is_done = false;

		for (n = 1; !is_done; n++) {
			struct names names = { 0 };
			struct name taken[NAMES_TAKE_MAX];
			enum muster_code code = MUSTER_OK;
			char text[16];
			size_t count;

			torture_allocation(n);
			for (int k = 0; k < 900 && !code; k++) {
				snprintf(text, sizeof(text), "%d", k);
				code = add_text(&names, limits[i], text, NULL);
			}
			if (!code)
				code = names_sort(&names, NULL);
			if (!code)
				code = names_take(&names, taken, NAMES_TAKE_MAX, &count, NULL);
			is_done = !torture_hit();
			torture_off();
			assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
			names_release(&names);
		}
	}
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			names_come_sorted_with_directories_by_their_slash_and_doubles_once),
		cmocka_unit_test(what_is_known_of_a_name_comes_back_with_it),
		cmocka_unit_test(an_emptied_list_takes_new_names),
		cmocka_unit_test(each_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
