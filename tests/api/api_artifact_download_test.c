/* The files of an artifact, on this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/api/fixture.h"

static void expect_file(const char *directory, const char *name, const char *expected)
{
	char path[4200], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", directory, *name ? "/" : "", name);
	file = fopen(path, "r");
	if (!file && !expected)
		return;
	if (!file || !expected)
		fail_msg("'%s' is%s there", path, file ? "" : " not");
	assert_true(fread(text, 1, sizeof(text) - 1, file) < sizeof(text));
	fclose(file);
	assert_string_equal(text, expected);
}

/* The usual directories are below the working one. */
static void work_below(const struct place *place)
{
	assert_int_equal(chdir(place->root), 0);
}

/* --- on this machine -------------------------------------------------------------------------- */

static void download_goes_to_the_usual_directory(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_get_report report;
	const char *directory;

	work_below(place);
	assert_int_equal(muster_artifact_download(artifact, NULL, &directory, &report, NULL), 0);
	assert_non_null(strstr(directory, "artifacts/data:v0"));
	assert_int_equal(report.written_files, 3);
	expect_file("artifacts/data:v0", "sub/c", "345");
	muster_artifact_close(artifact);
}

static void download_root_is_where_files_go(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_artifact_download_options options = { 0 };
	char root[256];
	const char *directory;

	place_path(place, "out", root);
	place_write(place, "out/other", "stays");
	options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &options, &directory, NULL, NULL), 0);
	assert_string_equal(directory, root);
	expect_file(root, "a", "hello");
	expect_file(root, "other", "stays");
	muster_artifact_close(artifact);
}

static void download_path_prefix_ends_at_a_component(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_artifact_download_options options = { .path_prefix = "sub" };
	char root[256];

	place_write(place, "tree/sub-two", "not below");
	artifact = open_small_artifact(place);
	place_path(place, "out", root);
	options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, NULL, NULL), 0);
	expect_file(root, "sub/b", "12");
	expect_file(root, "sub-two", NULL);
	expect_file(root, "a", NULL);
	muster_artifact_close(artifact);
}

static void download_overwrites_only_when_told(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_artifact_download_options options = { 0 };
	struct muster_get_report report;
	char root[256];

	place_write(place, "out/a", "mine");
	place_path(place, "out", root);
	options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, &report, NULL),
			 MUSTER_E_ITEMS);
	assert_int_equal(report.failed_items, 1);
	expect_file(root, "a", "mine");
	options.overwrite = true;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, &report, NULL), 0);
	expect_file(root, "a", "hello");
	muster_artifact_close(artifact);
}

static void download_allows_missing_references_when_told(void **state)
{
	static const struct muster_source source = { "ipfs://somewhere", "far" };
	static const struct muster_put_options put = { .sources = &source,
						       .source_count = 1,
						       .name = "refs" };
	struct place *place = *state;
	struct muster_artifact_download_options options = { 0 };
	struct muster_put_report put_report;
	struct muster_get_report report;
	struct muster_artifact *artifact;
	char root[256];

	assert_int_equal(muster_put(place->repository, &put, &put_report, NULL), MUSTER_OK);
	artifact = open_artifact(place, "refs");
	place_path(place, "out", root);
	options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, &report, NULL),
			 MUSTER_E_ITEMS);
	options.allow_missing_references = true;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, &report, NULL), 0);
	assert_int_equal(report.skipped_references, 1);
	muster_artifact_close(artifact);
}

static void download_skip_cache_gives_the_same(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_artifact_download_options options = { .skip_cache = true };
	char root[256];

	place_path(place, "out", root);
	options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, NULL, NULL), 0);
	expect_file(root, "a", "hello");
	muster_artifact_close(artifact);
}

static void download_can_be_cancelled(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_progress progress = { 0 };
	struct muster_artifact_download_options options = { .job.progress = &progress };
	char root[256];

	place_path(place, "out", root);
	options.root = root;
	progress.cancel = true;
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, NULL, NULL),
			 MUSTER_E_CANCELLED);
	muster_artifact_close(artifact);
}

static void entry_download_brings_one_file(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_entry *entry;
	const char *path;
	char root[256];

	place_write(place, "out/sub/b", "mine");
	place_path(place, "out", root);
	assert_int_equal(muster_artifact_get_entry(artifact, "sub/b", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_download(entry, root, false, &path, NULL), MUSTER_OK);
	expect_file(path, "", "12");
	expect_file(root, "sub/b", "12");
	expect_file(root, "sub/c", NULL);
	muster_entry_free(entry);
	muster_artifact_close(artifact);
}

static void entry_download_fails_as_its_file_does(void **state)
{
	static const struct muster_source source = { "ipfs://somewhere", "far" };
	static const struct muster_put_options put = { .sources = &source,
						       .source_count = 1,
						       .name = "refs" };
	struct place *place = *state;
	struct muster_put_report report;
	struct muster_artifact *artifact;
	struct muster_entry *entry;
	struct muster_error err = { 0 };
	enum muster_code code;
	char root[256];

	assert_int_equal(muster_put(place->repository, &put, &report, NULL), MUSTER_OK);
	artifact = open_artifact(place, "refs");
	place_path(place, "out", root);
	assert_int_equal(muster_artifact_get_entry(artifact, "far", &entry, NULL), MUSTER_OK);
	code = muster_entry_download(entry, root, false, NULL, &err);
	assert_true(code != MUSTER_OK && code != MUSTER_E_ITEMS);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.message, "ipfs"));
	muster_entry_free(entry);
	muster_artifact_close(artifact);
}

static void file_is_that_of_an_artifact_of_one(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };
	const char *path;

	work_below(place);
	place_write(place, "tree/dir/only.txt", "hello");
	place_put(place, "one");
	artifact = open_artifact(place, "one");
	assert_int_equal(muster_artifact_file(artifact, NULL, &path, NULL), MUSTER_OK);
	assert_non_null(strstr(path, "artifacts/one:v0/dir/only.txt"));
	expect_file(path, "", "hello");
	assert_int_equal(muster_artifact_file(artifact, "elsewhere", &path, NULL), MUSTER_OK);
	expect_file("elsewhere", "dir/only.txt", "hello");
	muster_artifact_close(artifact);
	artifact = open_small_artifact(place);
	assert_int_equal(muster_artifact_file(artifact, NULL, &path, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "4 files"));
	muster_artifact_close(artifact);
}

static void checkout_makes_a_directory_the_version(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_artifact_checkout_options options = { 0 };
	struct muster_get_report report;
	const char *directory;
	char root[256];

	place_write(place, "out/other", "not of it");
	place_path(place, "out", root);
	options.root = root;
	assert_int_equal(muster_artifact_checkout(artifact, &options, NULL, NULL, NULL),
			 MUSTER_E_REFUSED);
	expect_file(root, "other", "not of it");
	options.delete_others = true;
	assert_int_equal(muster_artifact_checkout(artifact, &options, &directory, &report, NULL),
			 MUSTER_OK);
	assert_string_equal(directory, root);
	assert_int_equal(report.deleted_files, 1);
	expect_file(root, "other", NULL);
	expect_file(root, "sub/b", "12");
	muster_artifact_close(artifact);
}

static void checkout_goes_to_the_usual_directory(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);

	work_below(place);
	assert_int_equal(muster_artifact_checkout(artifact, NULL, NULL, NULL, NULL), MUSTER_OK);
	expect_file("artifacts/data", "a", "hello");
	muster_artifact_close(artifact);
}

static void verify_tells_all_drift(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_artifact_download_options download = { 0 };
	struct muster_artifact_verify_options options = { 0 };
	struct muster_verify_report report;
	struct muster_error err = { 0 };
	char root[256];

	place_path(place, "out", root);
	download.root = options.root = root;
	assert_int_equal(muster_artifact_download(artifact, &download, NULL, NULL, NULL), 0);
	assert_int_equal(muster_artifact_verify(artifact, &options, &report, NULL), MUSTER_OK);
	assert_int_equal(report.checked_files, 3);
	place_write(place, "out/a", "HELLO");
	place_write(place, "out/extra", "");
	place_remove(place, "out/sub/c");
	assert_int_equal(muster_artifact_verify(artifact, &options, &report, &err),
			 MUSTER_E_DIGEST);
	assert_int_equal(report.changed, 1);
	assert_int_equal(report.extra, 1);
	assert_int_equal(report.missing, 1);
	assert_non_null(strstr(err.message, "1 files missing, 1 changed, 1 not of it"));
	muster_artifact_close(artifact);
}

static void verify_downloads_what_is_not_there(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);

	work_below(place);
	assert_int_equal(muster_artifact_verify(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_file("artifacts/data:v0", "a", "hello");
	place_write(place, "artifacts/data:v0/a", "other");
	assert_int_equal(muster_artifact_verify(artifact, NULL, NULL, NULL), MUSTER_E_DIGEST);
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(download_goes_to_the_usual_directory),
		TEST(download_root_is_where_files_go),
		TEST(download_path_prefix_ends_at_a_component),
		TEST(download_overwrites_only_when_told),
		TEST(download_allows_missing_references_when_told),
		TEST(download_skip_cache_gives_the_same),
		TEST(download_can_be_cancelled),
		TEST(entry_download_brings_one_file),
		TEST(entry_download_fails_as_its_file_does),
		TEST(file_is_that_of_an_artifact_of_one),
		TEST(checkout_makes_a_directory_the_version),
		TEST(checkout_goes_to_the_usual_directory),
		TEST(verify_tells_all_drift),
		TEST(verify_downloads_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
