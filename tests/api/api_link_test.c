#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

/* What is told of one version, or of one artifact. */
struct seen {
	char name[128], source[128], description[64], tags[64];
	uint64_t number, source_number, created_ms, linked_ms, version_count;
	bool is_link, is_gone, is_portfolio;
};

static bool take_version(void *state, const struct muster_version_info *info)
{
	struct seen *seen = state;

	snprintf(seen->name, sizeof(seen->name), "%s/%s/%s", info->entity, info->project,
		 info->name);
	snprintf(seen->source, sizeof(seen->source), "%s/%s/%s", info->source_entity,
		 info->source_project, info->source_name);
	snprintf(seen->description, sizeof(seen->description), "%s", info->description);
	snprintf(seen->tags, sizeof(seen->tags), "%s", info->tag_count ? info->tags[0] : "");
	seen->number = info->number;
	seen->source_number = info->source_number;
	seen->created_ms = info->created_ms;
	seen->linked_ms = info->linked_ms;
	seen->is_link = info->is_link;
	seen->is_gone = info->source_is_gone;
	return true;
}

static struct seen show(struct place *place, const char *version)
{
	struct seen seen = { 0 };
	struct muster_error err = { 0 };

	if (muster_show(place->repository, version, take_version, &seen, &err))
		fail_msg("%s", err.message);
	return seen;
}

static struct muster_link_report make_link(struct place *place, const char *version,
					   const char *target, const char *alias)
{
	struct muster_link_options options = { &alias, alias ? 1 : 0 };
	struct muster_link_report report;
	struct muster_error err = { 0 };

	if (muster_link(place->repository, version, target, &options, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

static void a_link_tells_its_source(void **state)
{
	struct place *place = *state;
	struct muster_link_report report;
	struct seen link, source;

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	report = make_link(place, "data:v0", "model-registry/Best", "prod");
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_false(make_link(place, "data", "model-registry/Best", NULL).is_new);
	link = show(place, "model-registry/Best:prod");
	source = show(place, "data");
	assert_string_equal(link.name, "me/model-registry/Best");
	assert_string_equal(link.source, "me/tests/data");
	assert_true(link.is_link);
	assert_false(link.is_gone);
	assert_int_equal(link.source_number, 0);
	assert_int_equal(link.created_ms, source.created_ms);
	assert_true(link.linked_ms >= link.created_ms);
	assert_false(source.is_link);
	assert_string_equal(source.source, source.name);
	assert_int_equal(source.linked_ms, 0);
}

static void words_of_a_link_are_its_sources(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct muster_error err = { 0 };

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	make_link(place, "data:v0", "chosen", NULL);
	assert_int_equal(muster_tag(repository, "chosen", "good", false, NULL), MUSTER_OK);
	assert_int_equal(muster_describe(repository, "chosen:v0", "new", NULL), MUSTER_OK);
	assert_string_equal(show(place, "data").tags, "good");
	assert_string_equal(show(place, "data").description, "new");
	assert_string_equal(show(place, "chosen").description, "new");
	assert_int_equal(muster_ttl(repository, "chosen", false, 3, &err), MUSTER_E_REFUSED);
	assert_int_equal(muster_delete(repository, "data:v0", false, true, NULL), MUSTER_OK);
	assert_true(show(place, "chosen").is_gone);
	assert_string_equal(show(place, "chosen").description, "");
	assert_int_equal(muster_describe(repository, "chosen:v0", "x", &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "deleted"));
}

static void unlink_takes_links_only(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	make_link(place, "data:v0", "chosen", "prod");
	assert_int_equal(muster_unlink(repository, "data:v0", NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_unlink(repository, "chosen", NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_unlink(repository, "chosen:v3", NULL), MUSTER_E_NAME);
	assert_int_equal(muster_unlink(repository, "chosen:prod", NULL), MUSTER_OK);
	assert_int_equal(muster_unlink(repository, "chosen:v0", NULL), MUSTER_E_NAME);
	assert_int_equal(make_link(place, "data:v0", "chosen", NULL).version_number, 1);
	assert_int_equal(muster_delete(repository, "chosen:v1", false, false, NULL), MUSTER_OK);
}

static bool take_collection(void *state, const struct muster_collection_info *info)
{
	struct seen *seen = state;

	if (strcmp(info->name, "data") != 0)
		return true;
	snprintf(seen->description, sizeof(seen->description), "%s", info->description);
	snprintf(seen->tags, sizeof(seen->tags), "%s", info->tag_count ? info->tags[0] : "");
	seen->version_count = info->version_count;
	seen->is_portfolio = info->is_portfolio;
	return true;
}

static void an_artifact_has_words_of_its_own(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct seen seen = { 0 };

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	assert_int_equal(muster_describe_collection(repository, "data", "all", NULL), MUSTER_OK);
	assert_int_equal(muster_tag_collection(repository, "data", "t", false, NULL), MUSTER_OK);
	assert_int_equal(muster_tag_collection(repository, "data:v0", "t", false, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_tag_collection(repository, "none", "t", false, NULL),
			 MUSTER_E_NAME);
	assert_int_equal(muster_collections(repository, take_collection, &seen, NULL), MUSTER_OK);
	assert_string_equal(seen.description, "all");
	assert_string_equal(seen.tags, "t");
	assert_false(seen.is_portfolio);
	assert_string_equal(show(place, "data").tags, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_link_tells_its_source, place_open, place_close),
		cmocka_unit_test_setup_teardown(words_of_a_link_are_its_sources, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(unlink_takes_links_only, place_open, place_close),
		cmocka_unit_test_setup_teardown(an_artifact_has_words_of_its_own, place_open,
						place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
