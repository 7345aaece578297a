/* Artifacts and portfolios. */
#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

/* "data:v0" and "data:v1"; the first one is linked as "chosen:v0". */
static void make_link(struct place *place)
{
	static const char *const best = "best";
	static const struct muster_link_options options = { &best, 1 };
	struct muster_link_report report;
	struct muster_artifact *artifact;

	place_write(place, "tree/a", "1");
	place_put(place, "data");
	place_write(place, "tree/a", "2");
	place_put(place, "data");
	artifact = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_link(artifact, "chosen", &options, &report, NULL),
			 MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	muster_artifact_close(artifact);
}

typedef enum muster_code text_fn(const struct muster_artifact *artifact, const char **out,
				 struct muster_error *err);

static void assert_text(const struct muster_artifact *artifact, text_fn *get, const char *expected)
{
	const char *text = NULL;

	assert_int_equal(get(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, expected);
}

static void a_link_has_names_of_its_own_and_its_sources(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;

	make_link(place);
	artifact = open_artifact(place, "chosen:best");
	assert_true(muster_artifact_is_link(artifact));
	assert_text(artifact, muster_artifact_name, "chosen:v0");
	assert_text(artifact, muster_artifact_qualified_name, "me/tests/chosen:v0");
	assert_text(artifact, muster_artifact_source_name, "data:v0");
	assert_text(artifact, muster_artifact_source_entity, "me");
	assert_text(artifact, muster_artifact_source_project, "tests");
	assert_text(artifact, muster_artifact_source_version, "v0");
	assert_text(artifact, muster_artifact_source_collection, "me/tests/data");
	assert_text(artifact, muster_artifact_source_qualified_name, "me/tests/data:v0");
	muster_artifact_close(artifact);
	artifact = open_artifact(place, "data");
	assert_false(muster_artifact_is_link(artifact));
	assert_text(artifact, muster_artifact_source_qualified_name, "me/tests/data:v1");
	muster_artifact_close(artifact);
}

static void what_is_said_of_a_link_is_said_of_its_source(void **state)
{
	static const char *const aliases[] = { "best", "prod" };
	static const char *const tags[] = { "good" };
	struct place *place = *state;
	struct muster_artifact *link, *source;
	const char *const *texts;
	size_t count;

	make_link(place);
	link = open_artifact(place, "chosen:best");
	assert_int_equal(muster_artifact_set_ttl(link, 3, NULL), MUSTER_E_REFUSED);
	assert_int_equal(muster_artifact_set_aliases(link, aliases, 2, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_tags(link, tags, 1, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_description(link, "said", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_metadata(link, "{\"a\": 1}", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(link, NULL, NULL, NULL), MUSTER_OK);
	assert_text(link, muster_artifact_description, "said");
	source = open_artifact(place, "data:v0");
	assert_text(source, muster_artifact_description, "said");
	assert_text(source, muster_artifact_metadata, "{\"a\":1}");
	assert_int_equal(muster_artifact_tags(source, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 1);
	assert_string_equal(texts[0], "good");
	assert_int_equal(muster_artifact_aliases(source, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 0);
	muster_artifact_close(source);
	/* Somebody else was faster. */
	assert_int_equal(muster_tag(place->repository, "data:v0", "good", true, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_tags(link, NULL, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(link, NULL, NULL, NULL), MUSTER_OK);
	muster_artifact_close(link);
}

static void unlink_takes_only_the_link(void **state)
{
	struct place *place = *state;
	struct muster_artifact *link, *source;

	make_link(place);
	link = open_artifact(place, "chosen:v0");
	assert_int_equal(muster_artifact_unlink(link, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_state(link), MUSTER_ARTIFACT_DELETED);
	assert_text(link, muster_artifact_name, "chosen:v0");
	assert_int_equal(muster_artifact_unlink(link, NULL), MUSTER_E_NAME);
	muster_artifact_close(link);
	source = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_unlink(source, NULL), MUSTER_E_USAGE);
	muster_artifact_close(source);
}

static void a_draft_of_a_link_is_one_of_its_source(void **state)
{
	struct place *place = *state;
	struct muster_artifact *link, *draft;

	make_link(place);
	link = open_artifact(place, "chosen");
	assert_int_equal(muster_artifact_new_draft(link, NULL, &draft, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_link(draft, "chosen", NULL, NULL, NULL),
			 MUSTER_E_NOT_LOGGED);
	assert_int_equal(muster_artifact_remove(draft, "a", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(draft, NULL, NULL, NULL), MUSTER_OK);
	assert_text(draft, muster_artifact_qualified_name, "me/tests/data:v2");
	assert_text(draft, muster_artifact_source_name, "data:v2");
	muster_artifact_close(draft);
	muster_artifact_close(link);
}

static bool take_run(void *state, const struct muster_run_info *info)
{
	snprintf(state, 32, "%s", info->id);
	return true;
}

static void runs_of_a_link_are_its_sources(void **state)
{
	static const struct muster_run_options train = { .id = "train" };
	struct place *place = *state;
	struct muster_artifact *artifact;
	char run[32] = "", id[MUSTER_RUN_ID_BYTES];

	make_link(place);
	assert_int_equal(muster_run_start(place->repository, &train, id, NULL), MUSTER_OK);
	assert_int_equal(muster_run_use_artifact(place->repository, "train", "data:v0", NULL), 0);
	artifact = open_artifact(place, "chosen");
	assert_int_equal(muster_artifact_used_by(artifact, take_run, run, NULL), MUSTER_OK);
	assert_string_equal(run, "train");
	assert_int_equal(muster_artifact_logged_by(artifact, take_run, run, NULL), MUSTER_ABSENT);
	muster_artifact_close(artifact);
}

static void bytes_and_json_of_a_link_are_its_sources(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact, *source;
	struct muster_entry *entry;
	const char *birth, *id, *json;

	make_link(place);
	artifact = open_artifact(place, "chosen");
	source = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_id(source, &id, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_get_entry(artifact, "a", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_birth_artifact_id(entry, &birth, NULL), MUSTER_OK);
	assert_string_equal(birth, id);
	assert_int_equal(muster_artifact_json_encode(artifact, &json, NULL), MUSTER_OK);
	assert_non_null(strstr(json, "\"version\":\"v0\",\"sequenceName\":\"data\""));
	muster_entry_free(entry);
	assert_int_equal(muster_artifact_delete(source, true, NULL), MUSTER_OK);
	muster_artifact_close(source);
	muster_artifact_close(artifact);
	/* without its source it is what it holds itself */
	artifact = open_artifact(place, "chosen");
	assert_int_equal(muster_artifact_id(artifact, &id, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_get_entry(artifact, "a", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_birth_artifact_id(entry, &birth, NULL), MUSTER_OK);
	assert_string_equal(birth, id);
	muster_entry_free(entry);
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_has_names_of_its_own_and_its_sources),
		TEST(what_is_said_of_a_link_is_said_of_its_source),
		TEST(unlink_takes_only_the_link),
		TEST(a_draft_of_a_link_is_one_of_its_source),
		TEST(runs_of_a_link_are_its_sources),
		TEST(bytes_and_json_of_a_link_are_its_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
