#include <stdio.h>
#include <string.h>

#include "tests/api/fixture.h"

struct told {
	size_t count, new_count;
	char to[4][128];
};

static void note(void *state, const struct muster_copied_version *version)
{
	struct told *told = state;

	assert_in_range(told->count, 0, 3);
	snprintf(told->to[told->count++], sizeof(told->to[0]), "%s", version->to);
	told->new_count += version->is_new;
	assert_int_equal(strlen(version->digest), 32);
	assert_int_equal(version->is_new, version->reason[0] == '\0');
}

static struct muster_repository *open_there(struct place *place, bool may_init,
					    enum muster_code expected)
{
	struct muster_repository *there;
	char path[256];
	struct muster_open_options options = { .url = path,
					       .entity = "you",
					       .project = "there",
					       .cache_dir = place->cache,
					       .may_init = may_init,
					       .like = place->repository };
	struct muster_error err = { 0 };

	place_path(place, "there", path);
	assert_int_equal(muster_repository_open(&there, &options, NULL, &err), expected);
	return there;
}

static void put_two(struct place *place)
{
	place_write(place, "tree/a", "one");
	place_put(place, "data");
	place_write(place, "tree/d/b", "two");
	place_put(place, "data");
}

static void all_versions_go_to_a_new_repository(void **state)
{
	struct place *place = *state;
	struct told told = { 0 };
	struct muster_copy_options options = {
		.version = "data", .all = true, .on_version = note, .on_version_state = &told
	};
	struct muster_copy_report report;
	struct muster_repository *there;
	struct muster_error err = { 0 };

	put_two(place);
	open_there(place, false, MUSTER_E_NAME);
	there = open_there(place, true, MUSTER_OK);
	for (int again = 0; again < 2; again++) {
		if (muster_copy(place->repository, there, &options, &report, &err))
			fail_msg("%s", err.message);
		assert_int_equal(report.new_versions, again ? 0 : 2);
		assert_int_equal(report.read_bytes, again ? 0 : 6);
	}
	assert_int_equal(told.count, 4);
	assert_int_equal(told.new_count, 2);
	assert_string_equal(told.to[0], "me/tests/data:v0");
	assert_string_equal(told.to[1], "me/tests/data:v1");
	muster_repository_close(there);
}

/* What a name leaves out is the target's own. */
static void another_name_is_one_of_the_target(void **state)
{
	struct place *place = *state;
	struct told told = { 0 };
	struct muster_copy_options options = {
		.version = "data:v0", .as = "other", .on_version = note, .on_version_state = &told
	};
	struct muster_repository *there;
	struct collected text = { .len = 0 };
	struct muster_error err = { 0 };

	put_two(place);
	there = open_there(place, true, MUSTER_OK);
	if (muster_copy(place->repository, there, &options, NULL, &err) ||
	    muster_copy(place->repository, NULL, &options, NULL, &err) ||
	    muster_cat(there, "other", "a", collect, &text, &err))
		fail_msg("%s", err.message);
	assert_string_equal(told.to[0], "you/there/other:v0");
	assert_string_equal(told.to[1], "me/tests/other:v0");
	assert_string_equal(text.text, "one");
	muster_repository_close(there);
}

static void what_breaks_a_rule_is_refused_before_any_work(void **state)
{
	static const struct {
		struct muster_copy_options options;
		enum muster_code code;
	} cases[] = {
		{ { .version = NULL }, MUSTER_E_USAGE },
		{ { .version = NULL, .all = true }, MUSTER_E_USAGE }, /* into itself */
		{ { .version = NULL, .all = true, .as = "x" }, MUSTER_E_USAGE },
		{ { .version = "data" }, MUSTER_E_USAGE },
		{ { .version = "data:v0", .all = true, .as = "x" }, MUSTER_E_USAGE },
		{ { .version = "data", .as = "x:v0" }, MUSTER_E_USAGE },
		{ { .version = "data", .as = "a b" }, MUSTER_E_USAGE },
		{ { .version = "a:b:c", .as = "x" }, MUSTER_E_USAGE },
		{ { .version = "data", .as = "x", .job.worker_count = 1u << 30 }, MUSTER_E_USAGE },
		{ { .version = "nosuch", .as = "x" }, MUSTER_E_NAME },
		{ { .version = "data:v7", .as = "x" }, MUSTER_E_NAME },
	};
	struct place *place = *state;

	put_two(place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(
			muster_copy(place->repository, NULL, &cases[i].options, NULL, &err),
			cases[i].code);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_versions_go_to_a_new_repository),
		TEST(another_name_is_one_of_the_target),
		TEST(what_breaks_a_rule_is_refused_before_any_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
