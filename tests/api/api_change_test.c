#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

struct seen {
	char aliases[256], tags[256], description[256], metadata[256];
	uint64_t number;
};

static void join(char out[256], const char *const *texts, size_t count)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, 256 - len, "%s ", texts[i]);
}

static bool take(void *state, const struct muster_version_info *info)
{
	struct seen *seen = state;

	seen->number = info->number;
	join(seen->aliases, info->aliases, info->alias_count);
	join(seen->tags, info->tags, info->tag_count);
	snprintf(seen->description, sizeof(seen->description), "%s", info->description);
	snprintf(seen->metadata, sizeof(seen->metadata), "%s", info->metadata);
	return true;
}

static struct seen show(struct place *place, const char *version)
{
	struct seen seen = { .number = 99 };
	struct muster_error err = { 0 };

	if (muster_show(place->repository, version, take, &seen, &err))
		fail_msg("%s", err.message);
	return seen;
}

static void make_versions(struct place *place)
{
	place_write(place, "tree/a", "1");
	place_put(place, "data");
	place_write(place, "tree/a", "2");
	place_put(place, "data");
}

static void an_alias_moves_and_goes(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;

	make_versions(place);
	assert_int_equal(muster_alias(repository, "data:v0", "best", false, NULL), MUSTER_OK);
	assert_string_equal(show(place, "data:v0").aliases, "best ");
	assert_int_equal(muster_alias(repository, "data", "best", false, NULL), MUSTER_OK);
	assert_string_equal(show(place, "data:v0").aliases, "");
	assert_string_equal(show(place, "data:best").aliases, "latest best ");
	/* it is not v0's any more; without a version it goes wherever it is */
	assert_int_equal(muster_alias(repository, "data:v0", "best", true, NULL),
			 MUSTER_E_CONFLICT);
	assert_int_equal(muster_alias(repository, "data", "best", true, NULL), MUSTER_OK);
	assert_int_equal(muster_alias(repository, "data", "best", true, NULL), MUSTER_E_NAME);
	assert_int_equal(muster_alias(repository, "data", "latest", false, NULL), MUSTER_E_REFUSED);
	assert_int_equal(muster_alias(repository, "data", "v3", false, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_alias(repository, "data:v9", "x", false, NULL), MUSTER_E_NAME);
}

static void a_tag_comes_and_goes(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;

	make_versions(place);
	assert_int_equal(muster_tag(repository, "data:v0", "good", false, NULL), MUSTER_OK);
	assert_int_equal(muster_tag(repository, "data:v0", "good", false, NULL), MUSTER_OK);
	assert_string_equal(show(place, "data:v0").tags, "good ");
	assert_string_equal(show(place, "data:v1").tags, "");
	assert_int_equal(muster_tag(repository, "data:v0", "good", true, NULL), MUSTER_OK);
	assert_string_equal(show(place, "data:v0").tags, "");
	assert_int_equal(muster_tag(repository, "data:v0", "good", true, NULL), MUSTER_E_NAME);
	assert_int_equal(muster_tag(repository, "data:v0", "!", false, NULL), MUSTER_E_USAGE);
}

static void texts_are_replaced(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;

	make_versions(place);
	assert_int_equal(muster_describe(repository, "data:v0", "first", NULL), MUSTER_OK);
	assert_int_equal(muster_describe(repository, "data:v0", "second", NULL), MUSTER_OK);
	assert_string_equal(show(place, "data:v0").description, "second");
	assert_string_equal(show(place, "data:v1").description, "");
	assert_int_equal(muster_describe(repository, "data:v0", "\xff", NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_metadata(repository, "data:v0", "{\"a\":1,\"b\":2}", false, NULL),
			 MUSTER_OK);
	assert_string_equal(show(place, "data:v0").metadata, "{\"a\":1,\"b\":2}");
	assert_int_equal(muster_metadata(repository, "data:v0", "{\"c\":3}", false, NULL),
			 MUSTER_OK);
	assert_string_equal(show(place, "data:v0").metadata, "{\"c\":3}");
	assert_int_equal(muster_metadata(repository, "data:v0", "[1]", false, NULL),
			 MUSTER_E_USAGE);
	assert_string_equal(show(place, "data:v0").metadata, "{\"c\":3}");
}

static void metadata_is_merged_by_its_top_level_keys(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	char many[4096] = "{";
	size_t len = 1;

	make_versions(place);
	assert_int_equal(
		muster_metadata(repository, "data", "{\"a\":1,\"b\":{\"c\":2}}", true, NULL),
		MUSTER_OK);
	assert_int_equal(muster_metadata(repository, "data", "{\"b\":3,\"d\":4}", true, NULL),
			 MUSTER_OK);
	assert_string_equal(show(place, "data").metadata, "{\"a\":1,\"b\":3,\"d\":4}");
	assert_int_equal(
		muster_metadata(repository, "data", "{\"a\":null,\"zz\":null}", true, NULL),
		MUSTER_OK);
	assert_string_equal(show(place, "data").metadata, "{\"b\":3,\"d\":4}");
	/* 99 more make 101 */
	for (int i = 0; i < 99; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "%s\"k%d\":%d",
					i ? "," : "", i, i);
	snprintf(many + len, sizeof(many) - len, "}");
	assert_int_equal(muster_metadata(repository, "data", many, true, NULL), MUSTER_E_USAGE);
	assert_string_equal(show(place, "data").metadata, "{\"b\":3,\"d\":4}");
}

static void a_version_is_deleted_only_when_it_is_named(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct muster_error err = { 0 };
	struct seen seen;

	make_versions(place);
	assert_int_equal(muster_alias(repository, "data:v0", "best", false, NULL), MUSTER_OK);
	assert_int_equal(muster_delete(repository, "data", false, false, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "data:vN"));
	assert_int_equal(muster_delete(repository, "data:v0", false, false, &err),
			 MUSTER_E_REFUSED);
	assert_int_equal(muster_delete(repository, "data:v0", false, true, &err), MUSTER_OK);
	assert_int_equal(muster_show(repository, "data:v0", take, &seen, &err), MUSTER_E_NAME);
	assert_int_equal(muster_show(repository, "data:best", take, &seen, &err), MUSTER_E_NAME);
	assert_int_equal(muster_delete(repository, "data:v0", false, false, &err), MUSTER_E_NAME);
	assert_int_equal(show(place, "data").number, 1);
}

static void a_whole_artifact_is_deleted_and_its_name_free(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct muster_error err = { 0 };
	struct seen seen;

	make_versions(place);
	assert_int_equal(muster_delete(repository, "data:v1", true, false, &err), MUSTER_E_USAGE);
	assert_int_equal(muster_delete(repository, "data", true, false, &err), MUSTER_OK);
	assert_int_equal(muster_show(repository, "data", take, &seen, &err), MUSTER_E_NAME);
	assert_int_equal(muster_delete(repository, "data", true, false, &err), MUSTER_E_NAME);
	assert_int_equal(place_put(place, "data").version_number, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alias_moves_and_goes),
		TEST(a_tag_comes_and_goes),
		TEST(texts_are_replaced),
		TEST(metadata_is_merged_by_its_top_level_keys),
		TEST(a_version_is_deleted_only_when_it_is_named),
		TEST(a_whole_artifact_is_deleted_and_its_name_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
