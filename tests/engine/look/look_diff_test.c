#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/look/look.h"
#include "tests/engine/look/fixture.h"

static const struct muster_job job = { .worker_count = 3, .memory_bytes = FIXTURE_MEMORY_BYTES };

struct told {
	char text[65536];
	size_t len;
	int stop_after;
};

static bool tell(void *state, const struct muster_change_info *info)
{
	static const char marks[] = { '+', '-', '~' };
	struct told *told = state;

	assert_int_equal(strlen(info->path), info->path_bytes);
	assert_int_equal(info->has_old, info->kind != MUSTER_CHANGE_ADDED);
	assert_int_equal(info->has_new, info->kind != MUSTER_CHANGE_REMOVED);
	told->len += (size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
				      "%c%s %llu %llu\n", marks[info->kind], info->path,
				      (unsigned long long)info->old_bytes,
				      (unsigned long long)info->new_bytes);
	assert_true(told->len < sizeof(told->text));
	return --told->stop_after != 0;
}

static struct look_side version_side(const char *alias)
{
	return (struct look_side){ .version = fixture_address(alias) };
}

static struct look_side tree_side(const struct fixture *fixture)
{
	return (struct look_side){ .directory = fixture->tree };
}

static struct muster_diff_report diff(struct fixture *fixture, struct look_side a,
				      struct look_side b, struct told *told)
{
	struct muster_diff_report report;
	struct muster_error err = { 0 };

	told->len = 0;
	told->text[0] = '\0';
	if (look_diff(fixture->repository, &a, &b, &job, tell, told, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

static void a_change_of_each_kind_is_told_in_path_order(void **state)
{
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };
	struct muster_diff_report report;

	fixture_write_text(fixture, "gone", "12");
	fixture_write_text(fixture, "same/a", "1");
	fixture_write_text(fixture, "same/b", "1");
	fixture_write_text(fixture, "z", "123");
	fixture_put(fixture);
	fixture_remove(fixture, "gone");
	fixture_write_text(fixture, "new/n", "1234");
	fixture_write_text(fixture, "z", "12345");
	fixture_put(fixture);
	report = diff(fixture, version_side("v0"), version_side("v1"), &told);
	assert_string_equal(told.text, "-gone 2 0\n+new/n 0 4\n~z 3 5\n");
	assert_int_equal(report.added, 1);
	assert_int_equal(report.removed, 1);
	assert_int_equal(report.modified, 1);
	assert_int_equal(report.added_bytes, 9);
	assert_int_equal(report.removed_bytes, 5);
	assert_int_equal(report.leaves_decoded, 2);
	report = diff(fixture, version_side("v1"), version_side("v1"), &told);
	assert_string_equal(told.text, "");
	assert_int_equal(report.leaves_decoded, 0);
	told.stop_after = 2;
	report = diff(fixture, version_side("v0"), version_side("v1"), &told);
	assert_string_equal(told.text, "-gone 2 0\n+new/n 0 4\n");
	assert_int_equal(report.modified, 0);
}

static void a_directory_is_compared_by_its_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };
	struct muster_diff_report report;

	fixture_write_text(fixture, "a", "one");
	fixture_write_text(fixture, "b", "two");
	fixture_write_text(fixture, "c/d", "three");
	fixture_put(fixture);
	report = diff(fixture, version_side("latest"), tree_side(fixture), &told);
	assert_string_equal(told.text, "");
	assert_int_equal(report.leaves_decoded, 1);
	fixture_write_text(fixture, "b", "TWO"); /* the same size */
	fixture_remove(fixture, "c/d");
	fixture_write_text(fixture, "c.e", "more");
	diff(fixture, version_side("latest"), tree_side(fixture), &told);
	assert_string_equal(told.text, "~b 3 3\n+c.e 0 4\n-c/d 5 0\n");
	diff(fixture, tree_side(fixture), version_side("latest"), &told);
	assert_string_equal(told.text, "~b 3 3\n-c.e 4 0\n+c/d 0 5\n");
	diff(fixture, tree_side(fixture), tree_side(fixture), &told);
	assert_string_equal(told.text, "");
}

static void two_directories_need_no_repository(void **state)
{
	struct fixture *fixture = *state;
	char left[80], right[80];
	struct look_side a = { .directory = left }, b = { .directory = right };
	struct told told = { .stop_after = 0 };
	struct muster_error err = { 0 };

	snprintf(left, sizeof(left), "%s/l", fixture->tree);
	snprintf(right, sizeof(right), "%s/r", fixture->tree);
	fixture_write_text(fixture, "l/x/same", "s");
	fixture_write_text(fixture, "r/x/same", "s");
	fixture_write_text(fixture, "l/x/other", "1");
	fixture_write_text(fixture, "r/x/other", "2");
	fixture_write_text(fixture, "r/only", "2");
	if (look_diff(NULL, &a, &b, &job, tell, &told, NULL, &err))
		fail_msg("%s", err.message);
	assert_string_equal(told.text, "+only 0 1\n~x/other 1 1\n");
}

static void a_file_that_cannot_be_read_is_no_change(void **state)
{
	struct fixture *fixture = *state;
	struct look_side a, b = tree_side(fixture);
	struct told told = { .stop_after = 0 };
	struct muster_diff_report report;
	struct muster_error err = { 0 };
	char link[80];

	fixture_write_text(fixture, "a", "one");
	fixture_write_text(fixture, "b", "two");
	fixture_put(fixture);
	fixture_remove(fixture, "b");
	snprintf(link, sizeof(link), "%s/b", fixture->tree);
	assert_int_equal(symlink("b", link), 0); /* of itself */
	a = version_side("v0");
	assert_int_equal(look_diff(fixture->repository, &a, &b, &job, tell, &told, &report, &err),
			 MUSTER_E_ITEMS);
	assert_non_null(strstr(err.message, "'b'"));
	assert_int_equal(told.len, 0);
}

static void what_is_not_there_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct look_side here = tree_side(fixture), nowhere = { .directory = "/nonexistent/x" };
	struct look_side no_version = version_side("v9");
	struct muster_error err = { 0 };

	fixture_write_text(fixture, "a", "one");
	fixture_put(fixture);
	assert_int_equal(
		look_diff(fixture->repository, &here, &nowhere, &job, NULL, NULL, NULL, &err),
		MUSTER_E_NAME);
	assert_int_equal(
		look_diff(fixture->repository, &no_version, &here, &job, NULL, NULL, NULL, &err),
		MUSTER_E_NAME);
	assert_int_equal(look_diff(fixture->repository, &no_version, &no_version, &job, NULL, NULL,
				   NULL, &err),
			 MUSTER_E_NAME);
}

/* --- held against the naive answer ---------------------------------------------------------- */

enum { PATHS_MAX = 3000 };

/* Some of the paths "p-<n>", each with one of two contents. */
static size_t make_entries(uint64_t *seed, uint32_t change, char (*names)[16], uint8_t *contents,
			   struct entry *out)
{
	size_t count = 0;

	for (uint32_t n = 0; n < PATHS_MAX; n++) {
		uint8_t *content = &contents[n]; /* 0: absent */

		if (!fixture_random(seed, change))
			*content = (uint8_t)fixture_random(seed, 3);
		if (!*content)
			continue;
		snprintf(names[n], sizeof(names[n]), "p-%06u", n);
		out[count++] = fixture_entry(names[n], *content == 1 ? "x" : "yy");
	}
	return count;
}

static void tell_naively(const uint8_t *a, const uint8_t *b, struct told *out)
{
	out->len = 0;
	out->text[0] = '\0';
	for (uint32_t n = 0; n < PATHS_MAX; n++) {
		char mark = !a[n] ? '+' : !b[n] ? '-' : '~';

		if (a[n] != b[n])
			out->len +=
				(size_t)snprintf(out->text + out->len, sizeof(out->text) - out->len,
						 "%cp-%06u %u %u\n", mark, n, a[n], b[n]);
	}
}

static void any_two_versions_differ_as_the_naive_answer_says(void **state)
{
	static char names[PATHS_MAX][16];
	static struct entry entries[PATHS_MAX];
	static uint8_t first[PATHS_MAX], second[PATHS_MAX];
	static struct told told, naive;
	struct fixture *fixture = *state;
	uint64_t seed = 5, a, b;

	for (int round = 0; round < 12; round++) {
		static const uint32_t changes[] = { 1, 10, 1000 };
		char alias_a[24], alias_b[24];

		a = fixture_save(fixture, entries, make_entries(&seed, 1, names, first, entries));
		memcpy(second, first, sizeof(second));
		b = fixture_save(fixture, entries,
				 make_entries(&seed, changes[round % 3], names, second, entries));
		snprintf(alias_a, sizeof(alias_a), "v%llu", (unsigned long long)a);
		snprintf(alias_b, sizeof(alias_b), "v%llu", (unsigned long long)b);
		diff(fixture, version_side(alias_a), version_side(alias_b), &told);
		tell_naively(first, second, &naive);
		assert_string_equal(told.text, naive.text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_of_each_kind_is_told_in_path_order),
		TEST(a_directory_is_compared_by_its_bytes),
		cmocka_unit_test_setup_teardown(a_directory_is_compared_by_its_bytes,
						fixture_open_xxh128, fixture_close),
		TEST(two_directories_need_no_repository),
		TEST(a_file_that_cannot_be_read_is_no_change),
		TEST(what_is_not_there_is_named),
		TEST(any_two_versions_differ_as_the_naive_answer_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
