#include <string.h>

#include "tests/api/fixture.h"

static void export_to_file(struct place *place, const char *version, bool python)
{
	struct collected text = { .len = 0 };
	struct muster_export_options options = {
		.version = version, .python_form = python, .sink = collect, .sink_state = &text
	};
	struct muster_error err = { 0 };

	if (muster_export(place->repository, &options, &err))
		fail_msg("%s", err.message);
	place_write(place, "manifest.json", text.text);
}

static void a_version_goes_out_and_comes_in_again(void **state)
{
	struct place *place = *state;
	char path[256];
	struct muster_import_options options = { .manifest_path = path, .name = "p/copy" };
	struct muster_put_report first, second;
	struct collected text = { .len = 0 };
	struct muster_error err = { 0 };

	place_write(place, "tree/a", "one");
	place_write(place, "tree/d/b", "two");
	first = place_put(place, "data");
	place_path(place, "manifest.json", path);
	for (int python = 0; python < 2; python++) {
		export_to_file(place, "data:v0", python);
		if (muster_import(place->repository, &options, &second, &err))
			fail_msg("%s", err.message);
		assert_int_equal(second.is_new, !python);
		assert_string_equal(second.digest, first.digest);
		assert_string_equal(second.root, first.root);
	}
	assert_int_equal(muster_cat(place->repository, "p/copy", "d/b", collect, &text, &err),
			 MUSTER_OK);
	assert_string_equal(text.text, "two");
}

static void what_breaks_a_rule_is_refused_before_any_work(void **state)
{
	static const char *const bad_alias[] = { "v1" };
	struct place *place = *state;
	struct muster_import_options cases[] = {
		{ .manifest_path = "/nonexistent/m", .name = NULL },
		{ .manifest_path = "/nonexistent/m", .name = "a b" },
		{ .manifest_path = NULL, .name = "data" },
		{ .manifest_path = "/nonexistent/m", .name = "data", .type = "job" },
		{ .manifest_path = "/nonexistent/m",
		  .name = "data",
		  .aliases = bad_alias,
		  .alias_count = 1 },
		{ .manifest_path = "/nonexistent/m", .name = "data", .metadata = "[]" },
	};
	struct muster_import_options missing = { .manifest_path = "/nonexistent/m",
						 .name = "data" };
	struct muster_export_options unknown = { .version = "none", .sink = collect };
	struct muster_error err = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(muster_import(place->repository, &cases[i], NULL, &err),
				 MUSTER_E_USAGE);
	assert_int_equal(muster_import(place->repository, &missing, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(muster_export(place->repository, &unknown, &err), MUSTER_E_NAME);
	unknown.version = "a:b:c";
	assert_int_equal(muster_export(place->repository, &unknown, &err), MUSTER_E_USAGE);
}

static void a_digest_needs_no_repository_and_is_that_of_a_put(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_digest_options options = { .sources = &source, .source_count = 1 };
	struct muster_digest_report report;
	struct muster_error err = { 0 };

	place_write(place, "tree/a", "one");
	place_write(place, "tree/d/b", "two");
	if (muster_digest(&options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.entry_count, 2);
	assert_int_equal(report.size_bytes, 6);
	assert_string_equal(report.digest, place_put(place, "data").digest);
	options.algorithm = "crc32";
	assert_int_equal(muster_digest(&options, NULL, &err), MUSTER_E_USAGE);
	options.algorithm = NULL;
	options.job.worker_count = 1u << 30;
	assert_int_equal(muster_digest(&options, NULL, &err), MUSTER_E_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_version_goes_out_and_comes_in_again),
		TEST(what_breaks_a_rule_is_refused_before_any_work),
		TEST(a_digest_needs_no_repository_and_is_that_of_a_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
