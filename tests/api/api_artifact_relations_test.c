/* Artifacts and others: runs, references to entries. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"

/* "data:v0" ("1") and "data:v1" ("2"). */
static void make_versions(struct place *place)
{
	place_write(place, "tree/dir/a", "1");
	place_put(place, "data");
	place_write(place, "tree/dir/a", "2");
	place_put(place, "data");
}

/* --- runs ------------------------------------------------------------------------------------- */

static bool take_run(void *state, const struct muster_run_info *info)
{
	size_t len = strlen(state);

	snprintf((char *)state + len, 128 - len, "%s ", info->id);
	return true;
}

static void used_by_and_logged_by_tell_the_runs(void **state)
{
	static const struct muster_run_options train = { .id = "train", .job_type = "train" };
	static const struct muster_run_options prepare = { .id = "prepare" };
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options put = { .sources = &source, .source_count = 1, .name = "data" };
	struct muster_put_report report;
	struct muster_artifact_open_options use = { .run = "train" };
	struct muster_artifact *artifact;
	char runs[128] = "", id[MUSTER_RUN_ID_BYTES];

	make_versions(place);
	artifact = open_artifact(place, "data:v1");
	assert_int_equal(muster_artifact_used_by(artifact, take_run, runs, NULL), MUSTER_OK);
	assert_string_equal(runs, "");
	assert_int_equal(muster_artifact_logged_by(artifact, take_run, runs, NULL), MUSTER_ABSENT);
	assert_int_equal(muster_run_start(place->repository, &train, id, NULL), MUSTER_OK);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_open(&artifact, place->repository, "data:v1", &use, NULL),
			 MUSTER_OK);
	assert_int_equal(muster_artifact_used_by(artifact, take_run, runs, NULL), MUSTER_OK);
	assert_string_equal(runs, "train ");
	muster_artifact_close(artifact);
	place_write(place, "tree/new", "3");
	assert_int_equal(muster_run_start(place->repository, &prepare, id, NULL), MUSTER_OK);
	assert_int_equal(muster_run_log_artifact(place->repository, "prepare", &put, &report, NULL),
			 MUSTER_OK);
	artifact = open_artifact(place, "data:v2");
	runs[0] = '\0';
	assert_int_equal(muster_artifact_logged_by(artifact, take_run, runs, NULL), MUSTER_OK);
	assert_string_equal(runs, "prepare ");
	muster_artifact_close(artifact);
}

static void ref_url_names_the_entry_for_others(void **state)
{
	static const struct muster_artifact_open_options nobody = { .run = "nobody" };
	static const struct muster_source by_url = { "muster://me/tests/data:v0/50%25", "kept" };
	static const struct muster_put_options put = { .sources = &by_url,
						       .source_count = 1,
						       .name = "refs" };
	struct place *place = *state;
	struct muster_put_report report;
	struct muster_artifact *artifact;
	struct muster_entry *entry;
	const char *url;

	place_write(place, "tree/50%", "half");
	place_put(place, "data");
	artifact = open_artifact(place, "data");
	assert_int_equal(muster_artifact_get_entry(artifact, "50%", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_ref_url(entry, &url, NULL), MUSTER_OK);
	assert_string_equal(url, by_url.path);
	assert_int_equal(muster_put(place->repository, &put, &report, NULL), MUSTER_OK);
	assert_int_equal(report.entry_count, 1);
	muster_entry_free(entry);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_open(&artifact, place->repository, "data", &nobody, NULL),
			 MUSTER_E_NAME);
	assert_null(artifact);
}

/* --- references to entries -------------------------------------------------------------------- */

static void an_entry_of_another_version_is_kept_by_its_reference(void **state)
{
	static const struct muster_artifact_options options = { .name = "refs" };
	static const struct muster_reference_options named = { .name = "kept/a" };
	struct muster_artifact_download_options download = { .root = "out" };
	struct place *place = *state;
	struct muster_artifact *source, *artifact;
	struct muster_entry *entry;
	const char *url;
	uint64_t count;
	struct muster_error err = { 0 };
	char text[8] = "";
	FILE *file;

	make_versions(place);
	assert_int_equal(chdir(place->root), 0);
	source = open_artifact(place, "data:v1");
	assert_int_equal(muster_artifact_get_entry(source, "dir/a", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_ref_url(entry, &url, NULL), MUSTER_OK);
	assert_string_equal(url, "muster://me/tests/data:v1/dir/a");
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	if (muster_artifact_add_entry_reference(artifact, entry, &named, &count, &err))
		fail_msg("%s", err.message);
	assert_int_equal(count, 1);
	muster_entry_free(entry);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_delete(source, true, NULL), MUSTER_OK);
	muster_artifact_close(source);
	assert_int_equal(muster_artifact_get_entry(artifact, "kept/a", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_ref_target(entry, &url, NULL), MUSTER_OK);
	assert_int_equal(strncmp(url, "muster://", 9), 0);
	muster_entry_free(entry);
	if (muster_artifact_download(artifact, &download, NULL, NULL, &err))
		fail_msg("%s", err.message);
	file = fopen("out/kept/a", "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 1);
	assert_int_equal(text[0], '2');
	fclose(file);
	muster_artifact_close(artifact);
}

static void a_saved_draft_is_logged_by_its_run(void **state)
{
	static const struct muster_artifact_options options = { .name = "made" };
	static const struct muster_artifact_save_options save = { .run = "prepare" };
	static const struct muster_run_options prepare = { .id = "prepare" };
	struct place *place = *state;
	struct muster_artifact *artifact;
	char runs[128] = "", id[MUSTER_RUN_ID_BYTES];

	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	assert_int_equal(muster_artifact_used_by(artifact, take_run, runs, NULL),
			 MUSTER_E_NOT_LOGGED);
	assert_int_equal(muster_artifact_logged_by(artifact, take_run, runs, NULL),
			 MUSTER_E_NOT_LOGGED);
	assert_int_equal(muster_artifact_save(artifact, &save, NULL, NULL), MUSTER_E_NAME);
	assert_int_equal(muster_run_start(place->repository, &prepare, id, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, &save, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_logged_by(artifact, take_run, runs, NULL), MUSTER_OK);
	assert_string_equal(runs, "prepare ");
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(used_by_and_logged_by_tell_the_runs),
		TEST(a_saved_draft_is_logged_by_its_run),
		TEST(ref_url_names_the_entry_for_others),
		TEST(an_entry_of_another_version_is_kept_by_its_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
