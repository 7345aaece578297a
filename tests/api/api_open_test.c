#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/api/fixture.h"
#include "tests/support/torture.h"

static enum muster_code open_with(const struct muster_open_options *options,
				  struct muster_repository **out, bool *was_made,
				  struct muster_error *err)
{
	*err = (struct muster_error){ 0 };
	return muster_repository_open(out, options, was_made, err);
}

static void a_repository_is_made_once_and_opened_again(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .url = place->repository_path,
					       .cache_dir = place->cache,
					       .may_init = true };
	struct muster_repository *repository;
	struct muster_error err;
	bool was_made = false;

	assert_int_equal(open_with(&options, &repository, &was_made, &err), MUSTER_OK);
	assert_true(was_made);
	assert_string_equal(muster_repository_url(repository), place->repository_path);
	muster_repository_close(repository);
	assert_int_equal(open_with(&options, &repository, &was_made, &err), MUSTER_OK);
	assert_false(was_made);
	muster_repository_close(repository);
	options.may_init = false;
	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_OK);
	muster_repository_close(repository);
}

static void nothing_is_made_without_leave(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .url = place->repository_path };
	struct muster_repository *repository;
	struct muster_error err;

	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_E_NAME);
	assert_null(repository);
	assert_non_null(strstr(err.message, place->repository_path));
	assert_int_equal(access(place->repository_path, F_OK), -1);
	assert_int_equal(access(place->cache, F_OK), -1);
}

static void a_place_that_holds_something_is_left_alone(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .url = place->tree, .may_init = true };
	struct muster_repository *repository;
	struct muster_error err;

	place_write(place, "tree/file", "mine");
	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(muster_repository_init(place->tree, NULL, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "file"));
	place_remove(place, "tree/file"); /* and nothing else is there */
	assert_int_equal(rmdir(place->tree), 0);
}

/* Out as a manifest, in again, and out as bytes: the same version. */
static void go_round(struct place *place, const char *root)
{
	char path[256];
	struct collected manifest = { .len = 0 }, text = { .len = 0 };
	struct muster_export_options out = { .version = "data",
					     .sink = collect,
					     .sink_state = &manifest };
	struct muster_import_options in = { .manifest_path = path, .name = "copy" };
	struct muster_put_report report;
	struct muster_error err = { 0 };

	place_path(place, "manifest.json", path);
	assert_int_equal(muster_export(place->repository, &out, &err), MUSTER_OK);
	place_write(place, "manifest.json", manifest.text);
	if (muster_import(place->repository, &in, &report, &err))
		fail_msg("%s", err.message);
	assert_string_equal(report.root, root);
	if (muster_cat(place->repository, "copy", "file1.txt", collect, &text, &err))
		fail_msg("%s", err.message);
	assert_string_equal(text.text, "hello");
}

static void init_makes_what_was_asked_for(void **state)
{
	struct muster_init_options xxh = { .digest = "xxh128", .identity = "sha256" };
	struct muster_init_options bad_digest = { .digest = "sha1" },
				   bad_id = { .identity = "md5" };
	struct place *place = *state;
	struct muster_open_options options = { .url = place->repository_path };
	struct muster_put_report report;
	struct muster_error err = { 0 };
	char url[128];

	assert_int_equal(muster_repository_init(place->repository_path, &bad_digest, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_repository_init(place->repository_path, &bad_id, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_repository_init("s3://b/x", NULL, &err), MUSTER_E_USAGE);
	snprintf(url, sizeof(url), "file://%s/re%%70o", place->root);
	assert_int_equal(muster_repository_init(url, &xxh, &err), MUSTER_OK);
	assert_int_equal(muster_repository_init(url, &xxh, &err), MUSTER_E_REFUSED);
	assert_int_equal(muster_repository_open(&place->repository, &options, NULL, &err),
			 MUSTER_OK);
	place_write(place, "tree/file1.txt", "hello");
	report = place_put(place, "data");
	assert_string_equal(report.digest, "fe0d6c1a25b6d98451da9b04ebf6d80c");
	go_round(place, report.root);
}

static void defaults_come_from_the_environment(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .may_init = true };
	struct muster_repository *repository;
	struct muster_error err;
	char expected[128];

	setenv("MUSTER_REPO", place->repository_path, 1);
	setenv("MUSTER_ENTITY", "team", 1);
	setenv("MUSTER_PROJECT", "p", 1);
	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_OK);
	assert_string_equal(muster_repository_url(repository), place->repository_path);
	assert_string_equal(muster_repository_entity(repository), "team");
	assert_string_equal(muster_repository_project(repository), "p");
	muster_repository_close(repository);

	unsetenv("MUSTER_REPO");
	unsetenv("MUSTER_PROJECT");
	snprintf(expected, sizeof(expected), "%s/xdg", place->root);
	setenv("XDG_DATA_HOME", expected, 1);
	options.entity = "other";
	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_OK);
	snprintf(expected, sizeof(expected), "%s/xdg/muster", place->root);
	assert_string_equal(muster_repository_url(repository), expected);
	assert_string_equal(muster_repository_entity(repository), "other");
	assert_string_equal(muster_repository_project(repository), "uncategorized");
	muster_repository_close(repository);

	unsetenv("XDG_DATA_HOME");
	unsetenv("MUSTER_ENTITY");
	options.entity = NULL;
	assert_int_equal(open_with(&options, &repository, NULL, &err), MUSTER_OK);
	snprintf(expected, sizeof(expected), "%s/.local/share/muster", place->root);
	assert_string_equal(muster_repository_url(repository), expected);
	if (getpwuid(geteuid()))
		assert_string_equal(muster_repository_entity(repository),
				    getpwuid(geteuid())->pw_name);
	muster_repository_close(repository);
}

static void names_that_break_a_rule_are_refused(void **state)
{
	struct place *place = *state;
	struct muster_open_options cases[] = {
		{ .entity = "a/b" }, { .project = "a:b" }, { .entity = "" }, { .url = "" }
	};
	struct muster_repository *repository;
	struct muster_error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].url)
			cases[i].url = place->repository_path;
		cases[i].may_init = true;
		assert_int_equal(open_with(&cases[i], &repository, NULL, &err), MUSTER_E_USAGE);
	}
	assert_int_equal(access(place->repository_path, F_OK), -1);
}

/* What proves the store is done once on a machine, not once a process. */
static void the_proof_of_a_store_is_remembered(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .url = place->repository_path,
					       .cache_dir = place->cache };
	char proved[128];

	place_write(place, "tree/a", "1");
	snprintf(proved, sizeof(proved), "%s/proved", place->cache);
	assert_int_equal(access(proved, F_OK), 0); /* by init */
	place_put(place, "data");
	muster_repository_close(place->repository);
	assert_int_equal(muster_repository_open(&place->repository, &options, NULL, NULL),
			 MUSTER_OK);
	place_write(place, "tree/a", "2");
	place_put(place, "me/tests/data");
	muster_repository_close(place->repository);
	options.cache_dir = place->tree; /* no note there: it is proved anew, and noted */
	assert_int_equal(muster_repository_open(&place->repository, &options, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(muster_describe(place->repository, "me/tests/data", "text", NULL),
			 MUSTER_OK);
	snprintf(proved, sizeof(proved), "%s/proved", place->tree);
	assert_int_equal(access(proved, F_OK), 0);
}

static bool ignore_collection(void *state, const struct muster_collection_info *info)
{
	(void)state;
	(void)info;
	return true;
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place *place = *state;
	struct muster_open_options options = { .url = place->repository_path,
					       .cache_dir = place->cache };
	bool is_done = false;

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	assert_int_equal(muster_tag(place->repository, "data", "it", false, NULL), MUSTER_OK);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_repository *repository;
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = muster_repository_open(&repository, &options, NULL, &err);
		if (!code)
			code = muster_tag(repository, "me/tests/data", "it", false, &err);
		if (!code)
			code = muster_collections(repository, ignore_collection, NULL, &err);
		is_done = !torture_hit();
		torture_off();
		muster_repository_close(repository);
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
		else if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
	}
}

static void the_version_of_the_library_is_told(void **state)
{
	(void)state;
	assert_string_equal(muster_version_text(), "0.1.0");
}

#define TEST(name)   cmocka_unit_test_setup_teardown(name, place_make, place_close)
#define OPENED(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repository_is_made_once_and_opened_again),
		TEST(nothing_is_made_without_leave),
		TEST(a_place_that_holds_something_is_left_alone),
		TEST(init_makes_what_was_asked_for),
		TEST(defaults_come_from_the_environment),
		TEST(names_that_break_a_rule_are_refused),
		OPENED(the_proof_of_a_store_is_remembered),
		OPENED(every_failed_allocation_is_reported),
		cmocka_unit_test(the_version_of_the_library_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
