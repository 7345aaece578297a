#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"

static void make_version(struct place *place)
{
	place_write(place, "tree/a", "one");
	place_write(place, "tree/d/b", "two");
	place_put(place, "data");
}

static void expect_equal(struct place *place, const char *directory)
{
	struct muster_diff_report report;
	struct muster_error err = { 0 };

	if (muster_diff(place->repository, place->tree, directory, NULL, NULL, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.added + report.removed + report.modified, 0);
}

static void what_was_put_is_got(void **state)
{
	struct place *place = *state;
	char directory[256];
	struct muster_get_options options = { .version = "data", .directory = directory };
	struct muster_get_report report;
	struct muster_error err = { 0 };

	make_version(place);
	place_path(place, "out", directory);
	if (muster_get(place->repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_string_equal(report.version, "me/tests/data:v0");
	assert_int_equal(report.entry_count, 2);
	assert_int_equal(report.written_files, 2);
	expect_equal(place, directory);
}

static void without_a_directory_it_is_named_after_the_version(void **state)
{
	struct place *place = *state;
	struct muster_get_options options = { .version = "data" };
	struct muster_error err = { 0 };
	char directory[256];

	make_version(place);
	assert_int_equal(chdir(place->root), 0);
	if (muster_get(place->repository, &options, NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(chdir("/"), 0);
	place_path(place, "artifacts/data:v0", directory);
	expect_equal(place, directory);
}

static void a_checkout_is_exactly_the_version(void **state)
{
	struct place *place = *state;
	char directory[256];
	struct muster_checkout_options options = { .version = "data:v0", .directory = directory };
	struct muster_get_report report;
	struct muster_error err = { 0 };

	make_version(place);
	place_path(place, "out", directory);
	if (muster_checkout(place->repository, &options, &report, &err))
		fail_msg("%s", err.message);
	expect_equal(place, directory);
	options.directory = NULL;
	assert_int_equal(muster_checkout(place->repository, &options, &report, &err),
			 MUSTER_E_USAGE);
}

static void drift_is_found_and_no_failure(void **state)
{
	struct place *place = *state;
	struct muster_verify_options options = { .version = "data", .directory = place->tree };
	struct muster_verify_report report;
	struct muster_error err = { 0 };

	make_version(place);
	if (muster_verify(place->repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.checked_files, 2);
	assert_int_equal(report.missing + report.changed + report.extra + report.unreadable, 0);
	place_write(place, "tree/a", "ONE");
	place_write(place, "tree/c", "new");
	place_remove(place, "tree/d/b");
	assert_int_equal(muster_verify(place->repository, &options, &report, &err), MUSTER_OK);
	assert_int_equal(report.changed, 1);
	assert_int_equal(report.extra, 1);
	assert_int_equal(report.missing, 1);
	options.directory = NULL;
	assert_int_equal(muster_verify(place->repository, &options, &report, &err), MUSTER_E_USAGE);
	options.stored = true;
	assert_int_equal(muster_verify(place->repository, &options, &report, &err), MUSTER_OK);
	assert_int_equal(report.changed, 0);
	options.directory = place->tree;
	assert_int_equal(muster_verify(place->repository, &options, &report, &err), MUSTER_E_USAGE);
}

static void a_sound_repository_has_no_findings(void **state)
{
	struct place *place = *state;
	struct muster_check_options options = { .quick = false };
	struct muster_check_report report;
	struct muster_error err = { 0 };

	make_version(place);
	if (muster_check(place->repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.manifest_count, 1);
	assert_int_equal(report.blob_count, 2);
}

static void an_unknown_version_is_named(void **state)
{
	struct place *place = *state;
	struct muster_get_options get = { .version = "data:v7", .directory = "/tmp/never" };
	struct muster_checkout_options checkout = { .version = "none", .directory = "/tmp/never" };
	struct muster_verify_options verify = { .version = "data:x", .directory = place->tree };
	struct muster_error err = { 0 };

	make_version(place);
	assert_int_equal(muster_get(place->repository, &get, NULL, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "v7"));
	assert_int_equal(muster_checkout(place->repository, &checkout, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(muster_verify(place->repository, &verify, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(access("/tmp/never", F_OK), -1);
}

/* Every function once where it succeeds and once where it fails. */
static void errors_may_be_left_out(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	char directory[256];
	struct muster_get_options get = { .version = "data", .directory = directory };
	struct muster_checkout_options checkout = { .version = "data", .directory = directory };
	struct muster_verify_options verify = { .version = "data", .directory = place->tree };
	struct muster_check_options check = { .quick = true };

	make_version(place);
	place_path(place, "got", directory);
	assert_int_equal(muster_get(repository, &get, NULL, NULL), MUSTER_OK);
	place_write(place, "got/a", "mine");
	assert_int_equal(muster_get(repository, &get, NULL, NULL), MUSTER_E_ITEMS);
	assert_int_equal(muster_checkout(repository, &checkout, NULL, NULL), MUSTER_E_REFUSED);
	place_path(place, "out", directory);
	assert_int_equal(muster_checkout(repository, &checkout, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_verify(repository, &verify, NULL, NULL), MUSTER_OK);
	verify.directory = "/nonexistent/d";
	assert_true(muster_verify(repository, &verify, NULL, NULL) >= MUSTER_E_USAGE);
	assert_int_equal(muster_check(repository, &check, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_diff(repository, "data", "/nonexistent/d", NULL, NULL, NULL, NULL),
			 MUSTER_E_NAME);
	assert_int_equal(muster_cat(repository, "data", "b", NULL, NULL, NULL), MUSTER_E_NAME);
	assert_int_equal(muster_entries(repository, "data", "b", true, NULL, NULL, NULL),
			 MUSTER_E_NAME);
	assert_int_equal(muster_show(repository, "none", NULL, NULL, NULL), MUSTER_E_NAME);
	assert_int_equal(muster_delete(repository, "data", false, false, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_repository_init("s3://b", NULL, NULL), MUSTER_E_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_got),
		TEST(without_a_directory_it_is_named_after_the_version),
		TEST(a_checkout_is_exactly_the_version),
		TEST(drift_is_found_and_no_failure),
		TEST(a_sound_repository_has_no_findings),
		TEST(an_unknown_version_is_named),
		TEST(errors_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
