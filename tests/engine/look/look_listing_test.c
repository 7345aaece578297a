#include <stdio.h>
#include <stdlib.h>

#include "engine/look/look.h"
#include "tests/engine/look/fixture.h"
#include "tests/support/torture.h"

static struct collection *open_data(struct fixture *fixture)
{
	struct collection_name name = fixture_name();
	struct collection *collection;
	struct muster_error err = { 0 };

	if (collection_open(&collection, fixture->repository, &name, "dataset", &err))
		fail_msg("%s", err.message);
	return collection;
}

/* v0 of one entry, v1 of two, v2 deleted; tags, aliases, description, metadata of v1. */
static void make_history(struct fixture *fixture)
{
	struct entry entries[3] = { fixture_entry("a", "1"), fixture_entry("b", "22"),
				    fixture_entry("c", "333") };
	struct collection *collection;

	fixture_save(fixture, entries, 1);
	fixture_save(fixture, entries, 2);
	fixture_save(fixture, entries, 3);
	collection = open_data(fixture);
	assert_false(collection_alias_add(collection, 1, VIEW_LITERAL("best"), NULL, NULL));
	assert_false(collection_tag_add(collection, 1, VIEW_LITERAL("one two"), NULL));
	assert_false(collection_tag_add(collection, 1, VIEW_LITERAL("three"), NULL));
	assert_false(collection_describe(collection, 1, VIEW_LITERAL("what it is"), NULL));
	assert_false(
		collection_set_metadata(collection, 1, VIEW_LITERAL("{\"k\": 1}"), false, NULL));
	assert_false(collection_ttl(collection, 1, 30, false, NULL));
	assert_false(collection_delete_version(collection, 2, false, NULL));
	collection_close(collection);
}

static bool take_version(void *state, const struct muster_version_info *info)
{
	int *seen = state;

	assert_string_equal(info->entity, "me");
	assert_string_equal(info->project, "tests");
	assert_string_equal(info->name, "data");
	assert_string_equal(info->type, "dataset");
	assert_string_equal(info->digest_algorithm, "md5");
	assert_int_equal(strlen(info->digest), 32);
	assert_int_equal(strlen(info->root), 64);
	assert_int_equal(strlen(info->event_sha256), 64);
	assert_true(info->created_ms > 1600000000000u);
	assert_int_equal(info->number, *seen);
	if (info->number == 0) {
		assert_int_equal(info->entry_count, 1);
		assert_int_equal(info->alias_count, 0);
		assert_int_equal(info->tag_count, 0);
		assert_string_equal(info->description, "");
		assert_string_equal(info->metadata, "{}");
		assert_int_equal(info->ttl_days, 0);
		assert_int_equal(info->expires_ms, 0);
		assert_true(info->ttl_is_inherited);
	} else {
		assert_int_equal(info->entry_count, 2);
		assert_int_equal(info->size_bytes, 3);
		assert_int_equal(info->alias_count, 2);
		assert_string_equal(info->aliases[0], "latest");
		assert_string_equal(info->aliases[1], "best");
		assert_int_equal(info->tag_count, 2);
		assert_string_equal(info->tags[0], "one two");
		assert_string_equal(info->tags[1], "three");
		assert_string_equal(info->description, "what it is");
		assert_string_equal(info->metadata, "{\"k\":1}");
		assert_int_equal(info->ttl_days, 30);
		assert_false(info->ttl_is_inherited);
		assert_true(info->expires_ms >= info->created_ms + 30 * 86400000ull);
		assert_false(info->is_expired);
	}
	(*seen)++;
	return true;
}

static void versions_come_oldest_first_with_all_that_is_said_of_them(void **state)
{
	struct fixture *fixture = *state;
	struct collection_name name = fixture_name();
	int seen = 0;

	make_history(fixture);
	assert_int_equal(look_versions(fixture->repository, &name, take_version, &seen, NULL),
			 MUSTER_OK);
	assert_int_equal(seen, 2);
}

static bool stop_at_once(void *state, const struct muster_version_info *info)
{
	(void)info;
	++*(int *)state;
	return false;
}

static void a_callback_ends_the_versions(void **state)
{
	struct fixture *fixture = *state;
	struct collection_name name = fixture_name();
	int seen = 0;

	make_history(fixture);
	assert_int_equal(look_versions(fixture->repository, &name, stop_at_once, &seen, NULL),
			 MUSTER_OK);
	assert_int_equal(seen, 1);
}

static bool take_number(void *state, const struct muster_version_info *info)
{
	*(uint64_t *)state = info->number;
	return true;
}

static void a_version_is_found_by_number_alias_and_as_the_latest(void **state)
{
	static const struct {
		const char *alias;
		enum muster_code code;
		uint64_t number;
	} cases[] = {
		{ "", MUSTER_OK, 1 },	       { "latest", MUSTER_OK, 1 },
		{ "v0", MUSTER_OK, 0 },	       { "best", MUSTER_OK, 1 },
		{ "v2", MUSTER_E_NAME, 0 },    { "v7", MUSTER_E_NAME, 0 },
		{ "worst", MUSTER_E_NAME, 0 },
	};
	struct fixture *fixture = *state;

	make_history(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct artifact_address address = fixture_address(cases[i].alias);
		struct muster_error err = { 0 };
		uint64_t number = 99;

		assert_int_equal(
			look_version(fixture->repository, &address, take_number, &number, &err),
			cases[i].code);
		if (!cases[i].code)
			assert_int_equal(number, cases[i].number);
		else
			assert_non_null(strstr(err.message, cases[i].alias));
	}
}

static void an_artifact_without_versions_has_none_to_show(void **state)
{
	struct fixture *fixture = *state;
	struct artifact_address address = fixture_address("");
	struct collection_name name = fixture_name();
	struct muster_error err = { 0 };
	int seen = 0;

	assert_int_equal(look_version(fixture->repository, &address, take_version, &seen, &err),
			 MUSTER_E_NAME);
	collection_close(open_data(fixture));
	assert_int_equal(look_version(fixture->repository, &address, take_version, &seen, &err),
			 MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "has no version"));
	assert_int_equal(look_versions(fixture->repository, &name, take_version, &seen, NULL),
			 MUSTER_OK);
	assert_int_equal(seen, 0);
}

struct told {
	char text[4096];
	size_t len;
	int stop_after;
};

static bool take_event(void *state, const struct muster_event_info *info)
{
	struct told *told = state;

	assert_int_equal(strlen(info->sha256), 64);
	assert_int_equal(strlen(info->session), 32);
	told->len +=
		(size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
				 "%llu %s %d: %s\n", (unsigned long long)info->number, info->kind,
				 info->has_version ? (int)info->version_number : -1, info->summary);
	return --told->stop_after != 0;
}

static void history_is_one_line_an_event(void **state)
{
	struct fixture *fixture = *state;
	struct collection_name name = fixture_name();
	struct told told = { .stop_after = 0 };

	make_history(fixture);
	assert_int_equal(look_history(fixture->repository, &name, take_event, &told, NULL),
			 MUSTER_OK);
	assert_string_equal(told.text, "1 open -1: 'data' of type 'dataset'\n"
				       "2 save 0: v0: 1 entry, 1 B\n"
				       "3 save 1: v1: 2 entries, 3 B\n"
				       "4 save 2: v2: 3 entries, 6 B\n"
				       "5 alias 1: alias 'best' to v1\n"
				       "6 tag 1: tag 'one two' to v1\n"
				       "7 tag 1: tag 'three' to v1\n"
				       "8 describe 1: description of v1\n"
				       "9 metadata 1: metadata of v1\n"
				       "10 ttl 1: v1 lives for 30 days\n"
				       "11 delete 2: v2 deleted\n");
	told = (struct told){ .stop_after = 2 };
	assert_int_equal(look_history(fixture->repository, &name, take_event, &told, NULL),
			 MUSTER_OK);
	assert_string_equal(told.text, "1 open -1: 'data' of type 'dataset'\n"
				       "2 save 0: v0: 1 entry, 1 B\n");
}

static bool take_collection(void *state, const struct muster_collection_info *info)
{
	struct told *told = state;

	assert_true(info->updated_ms > 1600000000000u);
	told->len += (size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
				      "%s/%s/%s %s %d v%d %d %d\n", info->entity, info->project,
				      info->name, info->type, (int)info->version_count,
				      (int)info->latest_number, (int)info->latest_entries,
				      (int)info->latest_bytes);
	return --told->stop_after != 0;
}

static void make_empty(struct fixture *fixture, const char *name, bool is_deleted)
{
	struct collection_name full = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					view_text(name) };
	struct collection *collection;

	assert_false(collection_open(&collection, fixture->repository, &full, "model", NULL));
	if (is_deleted)
		assert_false(collection_delete(collection, NULL));
	collection_close(collection);
}

static void collections_come_by_name_without_the_deleted_ones(void **state)
{
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };

	make_history(fixture);
	make_empty(fixture, "zoo", false);
	make_empty(fixture, "gone", true);
	make_empty(fixture, "ant", false);
	assert_int_equal(look_collections(fixture->repository, take_collection, &told, NULL),
			 MUSTER_OK);
	assert_string_equal(told.text, "me/tests/ant model 0 v0 0 0\n"
				       "me/tests/data dataset 2 v1 2 3\n"
				       "me/tests/zoo model 0 v0 0 0\n");
	told = (struct told){ .stop_after = 1 };
	assert_int_equal(look_collections(fixture->repository, take_collection, &told, NULL),
			 MUSTER_OK);
	assert_string_equal(told.text, "me/tests/ant model 0 v0 0 0\n");
}

static bool accept_version(void *state, const struct muster_version_info *info)
{
	(void)state;
	(void)info;
	return true;
}

static bool accept_entry(void *state, const struct muster_entry_info *info)
{
	(void)state;
	(void)info;
	return true;
}

static bool accept_collection(void *state, const struct muster_collection_info *info)
{
	(void)state;
	(void)info;
	return true;
}

static enum muster_code look_at_all(struct fixture *fixture, struct muster_error *err)
{
	struct collection_name name = fixture_name();
	struct artifact_address address = fixture_address("v1");
	enum muster_code code =
		look_versions(fixture->repository, &name, accept_version, NULL, err);

	if (!code)
		code = look_entries(fixture->repository, &address, "a", true, accept_entry, NULL,
				    err);
	return code ? code : look_collections(fixture->repository, accept_collection, NULL, err);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct fixture *fixture = *state;
	bool is_done = false;

	make_history(fixture);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = look_at_all(fixture, &err);
		is_done = !torture_hit();
		torture_off();
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
		else if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(versions_come_oldest_first_with_all_that_is_said_of_them),
		TEST(a_callback_ends_the_versions),
		TEST(a_version_is_found_by_number_alias_and_as_the_latest),
		TEST(an_artifact_without_versions_has_none_to_show),
		TEST(history_is_one_line_an_event),
		TEST(collections_come_by_name_without_the_deleted_ones),
		TEST(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
