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

struct lives {
	uint64_t ttl_days, expires_ms, created_ms;
	bool is_inherited, is_disabled;
};

static bool take_life(void *state, const struct muster_version_info *info)
{
	*(struct lives *)state = (struct lives){ info->ttl_days, info->expires_ms, info->created_ms,
						 info->ttl_is_inherited, info->ttl_is_disabled };
	return true;
}

static struct lives life(struct place *place, const char *version)
{
	struct lives lives = { 0 };

	assert_int_equal(muster_show(place->repository, version, take_life, &lives, NULL),
			 MUSTER_OK);
	return lives;
}

static void a_version_lives_as_long_as_it_is_told(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;

	make_versions(place);
	assert_int_equal(life(place, "data:v0").expires_ms, 0);
	assert_int_equal(muster_ttl(repository, "data:v0", false, 7, NULL), MUSTER_OK);
	assert_int_equal(muster_ttl(repository, "data", true, 90, NULL), MUSTER_OK);
	assert_int_equal(life(place, "data:v0").ttl_days, 7);
	assert_false(life(place, "data:v0").is_inherited);
	assert_true(life(place, "data:v0").expires_ms >=
		    life(place, "data:v0").created_ms + 7 * 86400000ull);
	assert_int_equal(life(place, "data:v1").ttl_days, 90);
	assert_true(life(place, "data:v1").is_inherited);
	assert_int_equal(muster_ttl(repository, "data:v0", false, MUSTER_TTL_INHERIT, NULL),
			 MUSTER_OK);
	assert_int_equal(life(place, "data:v0").ttl_days, 90);
	assert_int_equal(muster_ttl(repository, "data:v0", false, MUSTER_TTL_DISABLED, NULL),
			 MUSTER_OK);
	assert_true(life(place, "data:v0").is_disabled);
	assert_int_equal(life(place, "data:v0").expires_ms, 0);
	assert_int_equal(muster_ttl(repository, "data", true, MUSTER_TTL_DISABLED, NULL),
			 MUSTER_OK);
	assert_int_equal(life(place, "data:v1").ttl_days, 0);
}

static void a_ttl_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *version;
		bool of_collection;
		int64_t days;
		enum muster_code code;
	} cases[] = {
		{ "data:v0", false, 0, MUSTER_E_USAGE },
		{ "data:v0", false, -3, MUSTER_E_USAGE },
		{ "data:v0", false, MUSTER_TTL_MAX_DAYS + 1, MUSTER_E_USAGE },
		{ "data", true, MUSTER_TTL_INHERIT, MUSTER_E_USAGE },
		{ "data:v0", true, 1, MUSTER_E_USAGE },
		{ "data:v7", false, 1, MUSTER_E_NAME },
		{ "nosuch", true, 1, MUSTER_E_NAME },
	};
	struct place *place = *state;

	make_versions(place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(muster_ttl(place->repository, cases[i].version,
					    cases[i].of_collection, cases[i].days, NULL),
				 cases[i].code);
	assert_int_equal(life(place, "data").ttl_days, 0);
}

static bool count_told(void *state, const struct muster_expire_info *info)
{
	unsigned *told = state;

	*told += info->is_deleted ? 100 : 1;
	assert_int_equal(info->is_deleted, !info->is_latest && !info->is_aliased &&
						   !info->is_last && !info->is_daily);
	return true;
}

static void rules_say_what_is_deleted(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	unsigned told = 0;
	struct muster_expire_options options = { .on_version = count_told, .state = &told };
	struct muster_expire_report report;
	struct muster_error err = { 0 };
	struct seen seen;

	make_versions(place);
	assert_int_equal(muster_expire(repository, "data", &options, &report, &err),
			 MUSTER_E_USAGE);
	options.keep_aliased = options.drops_aliased = true;
	assert_int_equal(muster_expire(repository, "data", &options, &report, &err),
			 MUSTER_E_USAGE);
	options.drops_aliased = false;
	options.dry_run = true;
	assert_int_equal(muster_expire(repository, "data", &options, &report, &err), MUSTER_OK);
	assert_int_equal(told, 101);
	assert_int_equal(report.deleted_versions, 1);
	assert_int_equal(report.kept_versions, 1);
	assert_int_equal(report.deleted_bytes, 1);
	assert_int_equal(show(place, "data:v0").number, 0);
	options.dry_run = false;
	assert_int_equal(muster_expire(repository, "data", &options, NULL, &err), MUSTER_OK);
	assert_int_equal(muster_show(repository, "data:v0", take, &seen, &err), MUSTER_E_NAME);
	assert_int_equal(show(place, "data").number, 1);
	assert_int_equal(muster_expire(repository, "nosuch", &options, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(muster_expire(repository, "data:v1", &options, NULL, &err),
			 MUSTER_E_USAGE);
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
		TEST(a_version_lives_as_long_as_it_is_told),
		TEST(a_ttl_that_is_none_is_refused),
		TEST(rules_say_what_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
