/* What is said of an artifact: set locally, saved as a difference. */
#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

/* "data:v0" (with the alias "best" and the tag "old") and "data:v1". */
static struct muster_artifact *first_of_two(struct place *place)
{
	place_write(place, "tree/a", "1");
	place_put(place, "data");
	place_write(place, "tree/a", "2");
	place_put(place, "data");
	assert_int_equal(muster_alias(place->repository, "data:v0", "best", false, NULL), 0);
	assert_int_equal(muster_tag(place->repository, "data:v0", "old", false, NULL), 0);
	return open_artifact(place, "data:v0");
}

static void join(char out[256], const char *const *texts, size_t count)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, 256 - len, "%s ", texts[i]);
}

static void expect_aliases(struct muster_artifact *artifact, const char *expected)
{
	const char *const *texts;
	char text[256];
	size_t count;

	assert_int_equal(muster_artifact_aliases(artifact, &texts, &count, NULL), MUSTER_OK);
	join(text, texts, count);
	assert_string_equal(text, expected);
}

static void expect_tags(struct muster_artifact *artifact, const char *expected)
{
	const char *const *texts;
	char text[256];
	size_t count;

	assert_int_equal(muster_artifact_tags(artifact, &texts, &count, NULL), MUSTER_OK);
	join(text, texts, count);
	assert_string_equal(text, expected);
}

/* As somebody else finds it. */
static void expect_stored(struct place *place, const char *name, const char *aliases,
			  const char *tags)
{
	struct muster_artifact *artifact = open_artifact(place, name);

	expect_aliases(artifact, aliases);
	expect_tags(artifact, tags);
	muster_artifact_close(artifact);
}

static bool count_event(void *state, const struct muster_event_info *info)
{
	(void)info;
	++*(unsigned *)state;
	return true;
}

static unsigned count_events(struct place *place)
{
	unsigned count = 0;

	assert_int_equal(muster_history(place->repository, "data", count_event, &count, NULL), 0);
	return count;
}

static void aliases_are_local_until_they_are_saved(void **state)
{
	static const char *const aliases[] = { "prod", "best", "prod" };
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);

	expect_aliases(artifact, "best ");
	assert_int_equal(muster_artifact_set_aliases(artifact, aliases, 3, NULL), MUSTER_OK);
	expect_aliases(artifact, "prod best ");
	expect_stored(place, "data:v0", "best ", "old ");
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v0", "best prod ", "old ");
	assert_int_equal(muster_artifact_set_aliases(artifact, aliases, 1, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v0", "prod ", "old ");
	assert_int_equal(muster_artifact_set_aliases(artifact, NULL, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v0", "", "old ");
	muster_artifact_close(artifact);
}

static void an_alias_of_another_version_moves(void **state)
{
	static const char *const aliases[] = { "best", "latest" };
	struct place *place = *state;
	struct muster_artifact *first = first_of_two(place), *second;

	second = open_artifact(place, "data:v1");
	expect_aliases(second, "latest ");
	assert_int_equal(muster_artifact_set_aliases(second, aliases, 2, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(second, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v1", "latest best ", "");
	/* the first one wanted to lose it: it has lost it */
	assert_int_equal(muster_artifact_set_aliases(first, NULL, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(first, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v1", "latest best ", "");
	muster_artifact_close(first);
	muster_artifact_close(second);
}

static void latest_cannot_be_taken_or_dropped(void **state)
{
	static const char *const latest[] = { "latest" };
	struct place *place = *state;
	struct muster_artifact *first = first_of_two(place), *second;
	struct muster_error err = { 0 };

	assert_int_equal(muster_artifact_set_aliases(first, latest, 1, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "newest"));
	second = open_artifact(place, "data");
	assert_int_equal(muster_artifact_set_aliases(second, NULL, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(second, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v1", "latest ", "");
	muster_artifact_close(first);
	muster_artifact_close(second);
}

static void tags_are_local_until_they_are_saved(void **state)
{
	static const char *const tags[] = { "good", "checked twice", "good" };
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);

	expect_tags(artifact, "old ");
	assert_int_equal(muster_artifact_set_tags(artifact, tags, 3, NULL), MUSTER_OK);
	expect_tags(artifact, "good checked twice ");
	expect_stored(place, "data:v0", "best ", "old ");
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_stored(place, "data:v0", "best ", "good checked twice ");
	muster_artifact_close(artifact);
}

static void description_is_local_until_it_is_saved(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place), *other;
	const char *text;

	assert_int_equal(muster_artifact_set_description(artifact, "# Cats", NULL), MUSTER_OK);
	other = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_description(other, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "");
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_wait(other, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_description(other, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "# Cats");
	assert_int_equal(muster_artifact_set_description(artifact, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "");
	muster_artifact_close(other);
	muster_artifact_close(artifact);
}

static void metadata_is_local_until_it_is_saved(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place), *other;
	const char *text;

	assert_int_equal(muster_artifact_set_metadata(artifact, "{ \"rows\" : 7 }", NULL),
			 MUSTER_OK);
	assert_int_equal(muster_artifact_metadata(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"rows\":7}");
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	other = open_artifact(place, "data:v0");
	assert_int_equal(muster_artifact_metadata(other, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"rows\":7}");
	muster_artifact_close(other);
	muster_artifact_close(artifact);
}

static void ttl_is_days_disabled_or_inherited(void **state)
{
	static const struct {
		int64_t set, told;
		bool is_inherited;
	} cases[] = {
		{ 7, 7, false },
		{ MUSTER_TTL_DISABLED, MUSTER_TTL_DISABLED, false },
		{ MUSTER_TTL_INHERIT, 90, true },
	};
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);
	bool is_inherited;
	int64_t days;

	assert_int_equal(muster_artifact_ttl(artifact, &days, &is_inherited, NULL), MUSTER_OK);
	assert_int_equal(days, MUSTER_TTL_DISABLED);
	assert_true(is_inherited);
	assert_int_equal(muster_ttl(place->repository, "data", true, 90, NULL), MUSTER_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(muster_artifact_set_ttl(artifact, cases[i].set, NULL), MUSTER_OK);
		assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
		muster_artifact_close(artifact);
		artifact = open_artifact(place, "data:v0");
		assert_int_equal(muster_artifact_ttl(artifact, &days, &is_inherited, NULL), 0);
		assert_int_equal(days, cases[i].told);
		assert_int_equal(is_inherited, cases[i].is_inherited);
	}
	muster_artifact_close(artifact);
}

static void a_save_of_nothing_writes_nothing(void **state)
{
	static const char *const aliases[] = { "best" }, *const tags[] = { "old" };
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);
	unsigned before = count_events(place);

	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_aliases(artifact, aliases, 1, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_tags(artifact, tags, 1, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_description(artifact, "", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_metadata(artifact, "{}", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_ttl(artifact, MUSTER_TTL_INHERIT, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(count_events(place), before);
	muster_artifact_close(artifact);
}

static void what_others_changed_meanwhile_stays_theirs(void **state)
{
	static const char *const aliases[] = { "best", "mine" };
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);
	const char *text;

	assert_int_equal(muster_alias(place->repository, "data:v0", "theirs", false, NULL), 0);
	assert_int_equal(muster_describe(place->repository, "data:v0", "theirs", NULL), 0);
	assert_int_equal(muster_tag(place->repository, "data:v0", "old", true, NULL), 0);
	assert_int_equal(muster_artifact_set_aliases(artifact, aliases, 2, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_tags(artifact, NULL, 0, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, NULL), MUSTER_OK);
	expect_aliases(artifact, "best mine theirs ");
	expect_tags(artifact, "");
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "theirs");
	muster_artifact_close(artifact);
}

static void what_breaks_a_rule_is_not_set(void **state)
{
	static const char *const version[] = { "v7" }, *const slash[] = { "a/b" };
	static const char *const tag[] = { "!" };
	const char *many[21];
	char texts[21][8];
	struct place *place = *state;
	struct muster_artifact *artifact = first_of_two(place);

	for (int i = 0; i < 21; i++) {
		snprintf(texts[i], sizeof(texts[i]), "t%d", i);
		many[i] = texts[i];
	}
	assert_int_equal(muster_artifact_set_aliases(artifact, version, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_aliases(artifact, slash, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_tags(artifact, tag, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_tags(artifact, many, 21, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_description(artifact, "\xff", NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_metadata(artifact, "[1]", NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_metadata(artifact, "{\"a\":NaN}", NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_ttl(artifact, 0, NULL), MUSTER_E_USAGE);
	assert_int_equal(muster_artifact_set_ttl(artifact, MUSTER_TTL_MAX_DAYS + 1, NULL),
			 MUSTER_E_USAGE);
	expect_aliases(artifact, "best ");
	expect_tags(artifact, "old ");
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(aliases_are_local_until_they_are_saved),
		TEST(an_alias_of_another_version_moves),
		TEST(latest_cannot_be_taken_or_dropped),
		TEST(tags_are_local_until_they_are_saved),
		TEST(description_is_local_until_it_is_saved),
		TEST(metadata_is_local_until_it_is_saved),
		TEST(ttl_is_days_disabled_or_inherited),
		TEST(a_save_of_nothing_writes_nothing),
		TEST(what_others_changed_meanwhile_stays_theirs),
		TEST(what_breaks_a_rule_is_not_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
