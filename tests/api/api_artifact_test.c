/* What an artifact tells of itself, attribute by attribute. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/fixture.h"
#include "tests/support/torture.h"

/* "data:v0" and "data:v1" are there; v1 is "hello" at file1.txt. */
static void make_versions(struct place *place)
{
	place_write(place, "tree/file1.txt", "first");
	place_put(place, "data");
	place_write(place, "tree/file1.txt", "hello");
	place_put(place, "data");
}

typedef enum muster_code text_fn(const struct muster_artifact *artifact, const char **out,
				 struct muster_error *err);

static void text_attributes_tell_the_version(void **state)
{
	static const struct {
		const char *attribute;
		text_fn *get;
		const char *expected;
	} cases[] = {
		{ "name", muster_artifact_name, "data:v1" },
		{ "entity", muster_artifact_entity, "me" },
		{ "project", muster_artifact_project, "tests" },
		{ "version", muster_artifact_version, "v1" },
		{ "qualified_name", muster_artifact_qualified_name, "me/tests/data:v1" },
		{ "collection", muster_artifact_collection, "me/tests/data" },
		{ "source_name", muster_artifact_source_name, "data:v1" },
		{ "source_entity", muster_artifact_source_entity, "me" },
		{ "source_project", muster_artifact_source_project, "tests" },
		{ "source_version", muster_artifact_source_version, "v1" },
		{ "source_qualified_name", muster_artifact_source_qualified_name,
		  "me/tests/data:v1" },
		{ "source_collection", muster_artifact_source_collection, "me/tests/data" },
		{ "type", muster_artifact_type, "dataset" },
		{ "description", muster_artifact_description, "" },
		{ "metadata", muster_artifact_metadata, "{}" },
		{ "digest_algorithm", muster_artifact_digest_algorithm, "md5" },
	};
	struct place *place = *state;
	struct muster_artifact *artifact;

	make_versions(place);
	artifact = open_artifact(place, "data");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = NULL;

		assert_int_equal(cases[i].get(artifact, &text, NULL), MUSTER_OK);
		if (!text || strcmp(text, cases[i].expected) != 0)
			fail_msg("%s is '%s'", cases[i].attribute, text ? text : "NULL");
	}
	muster_artifact_close(artifact);
}

static void digest_is_that_of_wandb(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *digest;

	make_versions(place);
	artifact = open_artifact(place, "data:v1");
	assert_int_equal(muster_artifact_digest(artifact, &digest, NULL), MUSTER_OK);
	assert_string_equal(digest, "a00c2239f036fb656c1dcbf9a32d89b4");
	muster_artifact_close(artifact);
}

static void file_count_and_size_are_of_all_entries(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	uint64_t number;

	make_versions(place);
	place_write(place, "tree/sub/b", "1234567");
	place_put(place, "data");
	artifact = open_artifact(place, "data:v2");
	assert_int_equal(muster_artifact_file_count(artifact, &number, NULL), MUSTER_OK);
	assert_int_equal(number, 2);
	assert_int_equal(muster_artifact_size(artifact, &number, NULL), MUSTER_OK);
	assert_int_equal(number, 12);
	muster_artifact_close(artifact);
}

static bool take_event(void *state, const struct muster_event_info *info)
{
	if (info->has_version && info->version_number == 1 && strcmp(info->kind, "save") == 0)
		snprintf(state, 65, "%s", info->sha256);
	return true;
}

static void id_and_commit_hash_are_one_versions_own(void **state)
{
	struct place *place = *state;
	struct muster_artifact *first, *second;
	const char *first_id, *second_id, *hash;
	char event[65] = "";

	make_versions(place);
	first = open_artifact(place, "data:v0");
	second = open_artifact(place, "data:v1");
	assert_int_equal(muster_artifact_id(first, &first_id, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_id(second, &second_id, NULL), MUSTER_OK);
	assert_int_equal(strlen(first_id), 32);
	assert_string_not_equal(first_id, second_id);
	assert_int_equal(muster_artifact_commit_hash(second, &hash, NULL), MUSTER_OK);
	assert_int_equal(muster_history(place->repository, "data", take_event, event, NULL),
			 MUSTER_OK);
	assert_string_equal(hash, event);
	muster_artifact_close(first);
	muster_artifact_close(second);
}

static void created_at_stays_and_updated_at_follows(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	uint64_t created, updated, again;

	make_versions(place);
	artifact = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_created_at(artifact, &created, NULL), MUSTER_OK);
	assert_true(created > 1600000000000ull);
	assert_int_equal(muster_artifact_updated_at(artifact, &updated, NULL), MUSTER_OK);
	assert_int_equal(created, updated); /* saving v1 said nothing of it */
	assert_int_equal(muster_artifact_set_description(artifact, "said", NULL), MUSTER_OK);
	do /* by the same clock: as soon as it shows another millisecond */
		assert_int_equal(muster_describe(place->repository, "data:v0", "x", NULL), 0);
	while (!muster_artifact_wait(artifact, 0, NULL) &&
	       !muster_artifact_updated_at(artifact, &updated, NULL) && updated == created);
	assert_true(updated > created);
	assert_int_equal(muster_artifact_created_at(artifact, &again, NULL), MUSTER_OK);
	assert_int_equal(created, again);
	muster_artifact_close(artifact);
}

static void history_step_is_absent(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	uint64_t step = 7;

	make_versions(place);
	artifact = open_artifact(place, "data");
	assert_int_equal(muster_artifact_history_step(artifact, &step, NULL), MUSTER_ABSENT);
	assert_int_equal(step, 7);
	muster_artifact_close(artifact);
}

static void url_names_repository_and_version(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *url;
	char expected[256];

	make_versions(place);
	artifact = open_artifact(place, "data");
	snprintf(expected, sizeof(expected), "%s#me/tests/data:v1",
		 muster_repository_url(place->repository));
	assert_int_equal(muster_artifact_url(artifact, &url, NULL), MUSTER_OK);
	assert_string_equal(url, expected);
	muster_artifact_close(artifact);
}

static void json_encode_has_the_keys_of_wandb(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *json, *id;
	char expected[256];

	make_versions(place);
	artifact = open_artifact(place, "data");
	assert_int_equal(muster_artifact_id(artifact, &id, NULL), MUSTER_OK);
	snprintf(expected, sizeof(expected),
		 "{\"_type\":\"artifactVersion\",\"_version\":\"v0\",\"id\":\"%s\","
		 "\"version\":\"v1\",\"sequenceName\":\"data\",\"usedAs\":null}",
		 id);
	assert_int_equal(muster_artifact_json_encode(artifact, &json, NULL), MUSTER_OK);
	assert_string_equal(json, expected);
	muster_artifact_close(artifact);
}

static void state_is_committed_then_deleted(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };
	struct muster_manifest *manifest;
	const char *text;

	make_versions(place);
	artifact = open_artifact(place, "data:v0");
	assert_false(muster_artifact_is_draft(artifact));
	assert_false(muster_artifact_is_link(artifact));
	assert_string_equal(muster_artifact_state_text(muster_artifact_state(artifact)),
			    "COMMITTED");
	assert_int_equal(muster_artifact_delete(artifact, false, NULL), MUSTER_OK);
	assert_string_equal(muster_artifact_state_text(muster_artifact_state(artifact)), "DELETED");
	assert_string_equal(muster_artifact_state_text(MUSTER_ARTIFACT_PENDING), "PENDING");
	/* what is known of it may still be read, its entries not */
	assert_int_equal(muster_artifact_version(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "v0");
	assert_int_equal(muster_artifact_manifest(artifact, &manifest, &err), MUSTER_E_NAME);
	assert_null(manifest);
	assert_non_null(strstr(err.message, "deleted"));
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_E_NAME);
	muster_artifact_close(artifact);
}

static void delete_with_aliases_must_be_asked_for(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };

	make_versions(place);
	assert_int_equal(muster_alias(place->repository, "data:v0", "best", false, NULL), 0);
	artifact = open_artifact(place, "data:best");
	assert_int_equal(muster_artifact_delete(artifact, false, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "aliases"));
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_COMMITTED);
	assert_int_equal(muster_artifact_delete(artifact, true, &err), MUSTER_OK);
	muster_artifact_close(artifact);
	assert_int_equal(
		muster_artifact_open(&artifact, place->repository, "data:best", NULL, &err),
		MUSTER_E_NAME);
	assert_null(artifact);
}

static void wait_tells_what_others_did(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };
	const char *text;

	make_versions(place);
	artifact = open_artifact(place, "data:v0");
	assert_int_equal(muster_describe(place->repository, "data:v0", "theirs", NULL), 0);
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "");
	assert_int_equal(muster_artifact_wait(artifact, 5, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "theirs");
	assert_int_equal(muster_delete(place->repository, "data:v0", false, false, NULL), 0);
	assert_int_equal(muster_artifact_wait(artifact, 5, &err), MUSTER_E_NAME);
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_DELETED);
	muster_artifact_close(artifact);
}

static void an_artifact_stays_the_version_that_it_was(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *text;

	make_versions(place);
	artifact = open_artifact(place, "data:latest");
	place_write(place, "tree/file1.txt", "later");
	place_put(place, "data");
	assert_int_equal(muster_artifact_wait(artifact, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "data:v1");
	muster_artifact_close(artifact);
}

static void what_is_not_there_cannot_be_opened(void **state)
{
	static const struct muster_artifact_open_options model = { .type = "model" };
	static const struct {
		const char *name;
		const struct muster_artifact_open_options *options;
		enum muster_code code;
		const char *says;
	} cases[] = {
		{ "nosuch", NULL, MUSTER_E_NAME, "nosuch" },
		{ "data:v9", NULL, MUSTER_E_NAME, "v9" },
		{ "data:nosuch", NULL, MUSTER_E_NAME, "nosuch" },
		{ "a/b/c/d", NULL, MUSTER_E_USAGE, "a/b/c/d" },
		{ "", NULL, MUSTER_E_USAGE, "" },
		{ NULL, NULL, MUSTER_E_USAGE, "named" },
		{ "data", &model, MUSTER_E_REFUSED, "'dataset', not 'model'" },
	};
	struct place *place = *state;

	make_versions(place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_artifact *artifact = (struct muster_artifact *)place;
		struct muster_error err = { 0 };

		assert_int_equal(muster_artifact_open(&artifact, place->repository, cases[i].name,
						      cases[i].options, &err),
				 cases[i].code);
		assert_null(artifact);
		if (!strstr(err.message, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
	}
	muster_artifact_close(NULL);
}

static void no_allocation_that_fails_is_lost(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_entry *entry;
	bool is_done = false;

	make_versions(place);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		entry = NULL;
		torture_allocation(n);
		code = muster_artifact_open(&artifact, place->repository, "data", NULL, &err);
		if (!code)
			code = muster_artifact_set_metadata(artifact, "{\"a\":1}", &err);
		if (!code)
			code = muster_artifact_get_entry(artifact, "file1.txt", &entry, &err);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		muster_entry_free(entry);
		muster_artifact_close(artifact);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_attributes_tell_the_version),
		TEST(digest_is_that_of_wandb),
		TEST(file_count_and_size_are_of_all_entries),
		TEST(id_and_commit_hash_are_one_versions_own),
		TEST(created_at_stays_and_updated_at_follows),
		TEST(history_step_is_absent),
		TEST(url_names_repository_and_version),
		TEST(json_encode_has_the_keys_of_wandb),
		TEST(state_is_committed_then_deleted),
		TEST(delete_with_aliases_must_be_asked_for),
		TEST(wait_tells_what_others_did),
		TEST(an_artifact_stays_the_version_that_it_was),
		TEST(what_is_not_there_cannot_be_opened),
		TEST(no_allocation_that_fails_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
