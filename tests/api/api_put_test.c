#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

static void a_tree_becomes_a_version_and_the_same_tree_none(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	place_write(place, "tree/file1.txt", "hello");
	report = place_put(place, "data");
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_string_equal(report.digest, "a00c2239f036fb656c1dcbf9a32d89b4");
	report = place_put(place, "data");
	assert_false(report.is_new);
	assert_int_equal(report.version_number, 0);
	place_write(place, "tree/b", "x");
	report = place_put(place, "data");
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 1);
}

static void what_breaks_a_rule_is_refused_before_any_work(void **state)
{
	static const char *const bad_alias[] = { "v1" }, *const bad_tag[] = { "!" };
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options cases[] = {
		{ .name = NULL },
		{ .name = "da ta" },
		{ .name = "data:best" },
		{ .name = "data", .entity = "a/b" },
		{ .name = "data", .project = "a#b" },
		{ .name = "data", .type = "job" },
		{ .name = "data", .aliases = bad_alias, .alias_count = 1 },
		{ .name = "data", .tags = bad_tag, .tag_count = 1 },
		{ .name = "data", .metadata = "1" },
		{ .name = "data", .description = "\xff\xfe" },
		{ .name = "data", .job = { .memory_bytes = 5 } },
	};
	struct muster_put_report report;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		cases[i].sources = &source;
		cases[i].source_count = 1;
		assert_int_equal(muster_put(place->repository, &cases[i], &report, &err),
				 MUSTER_E_USAGE);
		assert_true(err.message[0] != '\0');
		assert_false(report.is_committed);
	}
	assert_int_equal(muster_history(place->repository, "data", NULL, NULL, NULL),
			 MUSTER_E_NAME);
}

static bool check_said(void *state, const struct muster_version_info *info)
{
	++*(int *)state;
	assert_string_equal(info->type, "model");
	assert_string_equal(info->description, "what it is");
	assert_string_equal(info->metadata, "{\"a\":[1,2]}");
	assert_int_equal(info->alias_count, 2);
	assert_string_equal(info->aliases[1], "best");
	assert_int_equal(info->tag_count, 1);
	assert_string_equal(info->tags[0], "t one");
	assert_int_equal(info->ttl_days, 7);
	return true;
}

static void all_that_is_said_of_a_version_is_kept(void **state)
{
	static const char *const aliases[] = { "best", "latest" }, *const tags[] = { "t one" };
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = { .sources = &source,
					      .source_count = 1,
					      .name = "you/theirs/net",
					      .type = "model",
					      .description = "what it is",
					      .metadata = "{ \"a\": [1, 2] }",
					      .aliases = aliases,
					      .alias_count = 2,
					      .tags = tags,
					      .tag_count = 1,
					      .ttl_days = 7 };
	struct muster_error err = { 0 };
	int seen = 0;

	place_write(place, "tree/a", "1");
	if (muster_put(place->repository, &options, NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(
		muster_show(place->repository, "you/theirs/net:best", check_said, &seen, NULL),
		MUSTER_OK);
	assert_int_equal(seen, 1);
}

static void a_missing_tree_is_named(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = "/nonexistent/tree" };
	struct muster_put_options options = { .sources = &source,
					      .source_count = 1,
					      .name = "data" };
	struct muster_error err = { 0 };

	assert_int_equal(muster_put(place->repository, &options, NULL, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "/nonexistent/tree"));
}

struct writer {
	struct place *place;
	char name[16];
	pthread_t thread;
	enum muster_code code;
};

static void a_tree_that_holds_the_repository_is_refused(void **state)
{
	struct place *place = *state;
	const char *sources[] = { place->root, place->repository_path };
	struct muster_put_report report;

	for (size_t i = 0; i < 2; i++) {
		struct muster_source source = { .path = sources[i] };
		struct muster_put_options options = { .sources = &source,
						      .source_count = 1,
						      .name = "self" };
		struct muster_error err = { 0 };

		assert_int_equal(muster_put(place->repository, &options, &report, &err),
				 MUSTER_E_REFUSED);
		assert_non_null(strstr(err.message, place->repository_path));
	}
}

static void *put_own_artifact(void *arg)
{
	struct writer *writer = arg;
	struct muster_source source = { .path = writer->place->tree };
	struct muster_put_options options = { .sources = &source,
					      .source_count = 1,
					      .name = writer->name };

	writer->code = muster_put(writer->place->repository, &options, NULL, NULL);
	return NULL;
}

static bool count_collection(void *state, const struct muster_collection_info *info)
{
	*(uint64_t *)state += info->version_count;
	return true;
}

static void one_repository_serves_several_threads(void **state)
{
	struct place *place = *state;
	struct writer writers[4];
	uint64_t versions = 0;
	char path[32];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "tree/f%d", i);
		place_write(place, path, path);
	}
	for (size_t i = 0; i < 4; i++) {
		writers[i].place = place;
		snprintf(writers[i].name, sizeof(writers[i].name), "data-%zu", i);
		assert_int_equal(
			pthread_create(&writers[i].thread, NULL, put_own_artifact, &writers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(writers[i].thread, NULL);
		assert_int_equal(writers[i].code, MUSTER_OK);
	}
	assert_int_equal(muster_collections(place->repository, count_collection, &versions, NULL),
			 MUSTER_OK);
	assert_int_equal(versions, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_becomes_a_version_and_the_same_tree_none),
		TEST(what_breaks_a_rule_is_refused_before_any_work),
		TEST(all_that_is_said_of_a_version_is_kept),
		TEST(a_missing_tree_is_named),
		TEST(a_tree_that_holds_the_repository_is_refused),
		TEST(one_repository_serves_several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
