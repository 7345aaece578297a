/* Artifacts that are being made: how they begin, what they refuse, and how they are saved. */
#include "tests/api/making.h"
#include "tests/support/torture.h"

/* --- the constructor -------------------------------------------------------------------------- */

static void new_tells_what_it_was_given(void **state)
{
	static const struct muster_artifact_options options = {
		.name = "cats",
		.type = "model",
		.description = "# Cats",
		.metadata = "{ \"rows\": 7 }",
		.digest_algorithm = "md5",
	};
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *text;
	uint64_t size;

	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	assert_true(muster_artifact_is_draft(artifact));
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_PENDING);
	assert_int_equal(muster_artifact_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "cats");
	assert_int_equal(muster_artifact_source_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "cats");
	assert_int_equal(muster_artifact_type(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "model");
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "# Cats");
	assert_int_equal(muster_artifact_metadata(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"rows\":7}");
	assert_int_equal(muster_artifact_digest_algorithm(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "md5");
	assert_int_equal(muster_artifact_id(artifact, &text, NULL), MUSTER_ABSENT);
	assert_int_equal(muster_artifact_digest(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "64e7c61456b10382e2f3b571ac24b659"); /* W&B's of nothing */
	assert_int_equal(muster_artifact_size(artifact, &size, NULL), MUSTER_OK);
	assert_int_equal(size, 0);
	muster_artifact_close(artifact);
}

static void new_refuses_what_breaks_a_rule(void **state)
{
	static const struct {
		struct muster_artifact_options options;
		enum muster_code code;
	} cases[] = {
		{ { .name = NULL }, MUSTER_E_USAGE },
		{ { .name = "a/b/c/d" }, MUSTER_E_USAGE },
		{ { .name = "with blank" }, MUSTER_E_USAGE },
		{ { .name = "a:v0" }, MUSTER_E_USAGE },
		{ { .name = "a", .type = "job" }, MUSTER_E_USAGE },
		{ { .name = "a", .description = "\xff" }, MUSTER_E_USAGE },
		{ { .name = "a", .metadata = "[]" }, MUSTER_E_USAGE },
		{ { .name = "a", .digest_algorithm = "sha1" }, MUSTER_E_USAGE },
		{ { .name = "a", .digest_algorithm = "xxh128" }, MUSTER_E_UNSUPPORTED },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_artifact *artifact = (struct muster_artifact *)place;

		assert_int_equal(
			muster_artifact_new(&artifact, place->repository, &cases[i].options, NULL),
			cases[i].code);
		assert_null(artifact);
	}
}

/* --- states ----------------------------------------------------------------------------------- */

static void members_that_need_a_logged_artifact_say_so(void **state)
{
	struct place *place = *state;
	struct muster_artifact *draft = new_artifact(place, "data"), *other;
	const char *const *texts;
	const char *text;
	struct muster_files *files;
	struct muster_entry *entry;
	struct muster_error err;
	uint64_t number;
	size_t count;
	int64_t days;

#define REFUSED(call)                                                                              \
	do {                                                                                       \
		err = (struct muster_error){ 0 };                                                  \
		assert_int_equal(call, MUSTER_E_NOT_LOGGED);                                       \
		assert_non_null(strstr(err.message, "save it first"));                             \
	} while (0)
	REFUSED(muster_artifact_entity(draft, &text, &err));
	REFUSED(muster_artifact_project(draft, &text, &err));
	REFUSED(muster_artifact_version(draft, &text, &err));
	REFUSED(muster_artifact_qualified_name(draft, &text, &err));
	REFUSED(muster_artifact_collection(draft, &text, &err));
	REFUSED(muster_artifact_source_entity(draft, &text, &err));
	REFUSED(muster_artifact_source_project(draft, &text, &err));
	REFUSED(muster_artifact_source_version(draft, &text, &err));
	REFUSED(muster_artifact_source_qualified_name(draft, &text, &err));
	REFUSED(muster_artifact_source_collection(draft, &text, &err));
	REFUSED(muster_artifact_aliases(draft, &texts, &count, &err));
	REFUSED(muster_artifact_set_aliases(draft, NULL, 0, &err));
	REFUSED(muster_artifact_tags(draft, &texts, &count, &err));
	REFUSED(muster_artifact_set_tags(draft, NULL, 0, &err));
	REFUSED(muster_artifact_url(draft, &text, &err));
	REFUSED(muster_artifact_commit_hash(draft, &text, &err));
	REFUSED(muster_artifact_file_count(draft, &number, &err));
	REFUSED(muster_artifact_created_at(draft, &number, &err));
	REFUSED(muster_artifact_updated_at(draft, &number, &err));
	REFUSED(muster_artifact_history_step(draft, &number, &err));
	REFUSED(muster_artifact_ttl(draft, &days, NULL, &err));
	REFUSED(muster_artifact_json_encode(draft, &text, &err));
	REFUSED(muster_artifact_new_draft(draft, NULL, &other, &err));
	REFUSED(muster_artifact_get_entry(draft, "a", &entry, &err));
	REFUSED(muster_artifact_get_path(draft, "a", &entry, &err));
	REFUSED(muster_artifact_files(draft, NULL, &files, &err));
	REFUSED(muster_artifact_download(draft, NULL, NULL, NULL, &err));
	REFUSED(muster_artifact_checkout(draft, NULL, NULL, NULL, &err));
	REFUSED(muster_artifact_verify(draft, NULL, NULL, &err));
	REFUSED(muster_artifact_file(draft, NULL, &text, &err));
	REFUSED(muster_artifact_delete(draft, false, &err));
	REFUSED(muster_artifact_wait(draft, 1, &err));
#undef REFUSED
	muster_artifact_close(draft);
}

/* All that would change the content. */
static void expect_finalized(struct muster_artifact *artifact)
{
	struct muster_new_file *file;
	struct muster_error err = { 0 };

	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", NULL, NULL, &err),
			 MUSTER_E_FINALIZED);
	assert_non_null(strstr(err.message, "muster_artifact_new_draft"));
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL),
			 MUSTER_E_FINALIZED);
	assert_int_equal(muster_artifact_add_reference(artifact, "file:///x", NULL, NULL, NULL),
			 MUSTER_E_FINALIZED);
	assert_int_equal(muster_artifact_new_file(artifact, "x", NULL, &file, NULL),
			 MUSTER_E_FINALIZED);
	assert_null(file);
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_E_FINALIZED);
}

static void a_finalized_artifact_refuses_changes(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	add(artifact, "hello.txt", NULL);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	assert_true(muster_artifact_is_draft(artifact));
	expect_finalized(artifact);
	save(artifact);
	assert_false(muster_artifact_is_draft(artifact));
	expect_finalized(artifact);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_open(&artifact, place->repository, "data", NULL, NULL), 0);
	expect_finalized(artifact);
	muster_artifact_close(artifact);
}

/* --- save ------------------------------------------------------------------------------------- */

static void save_makes_the_version_that_was_told(void **state)
{
	static const char *const aliases[] = { "best" }, *const tags[] = { "good" };
	static const struct muster_artifact_save_options options = {
		.aliases = aliases, .alias_count = 1, .tags = tags, .tag_count = 1
	};
	struct muster_artifact_save_report report;
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const char *const *texts;
	const char *text, *before;
	char digest[40];
	uint64_t number;
	size_t count;
	int64_t days;

	enter(place);
	add(artifact, "hello.txt", "file1.txt");
	assert_int_equal(muster_artifact_set_description(artifact, "said", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_metadata(artifact, "{\"a\":1}", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_ttl(artifact, 9, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_size(artifact, &number, NULL), MUSTER_OK);
	assert_int_equal(number, 5);
	assert_int_equal(muster_artifact_digest(artifact, &before, NULL), MUSTER_OK);
	assert_string_equal(before, HELLO_FILE1_DIGEST);
	snprintf(digest, sizeof(digest), "%s", before);
	assert_int_equal(muster_artifact_save(artifact, &options, &report, NULL), MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_COMMITTED);
	assert_int_equal(muster_artifact_qualified_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "me/tests/data:v0");
	assert_int_equal(muster_artifact_digest(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, digest);
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "said");
	assert_int_equal(muster_artifact_metadata(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"a\":1}");
	assert_int_equal(muster_artifact_ttl(artifact, &days, NULL, NULL), MUSTER_OK);
	assert_int_equal(days, 9);
	assert_int_equal(muster_artifact_aliases(artifact, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 2);
	assert_string_equal(texts[1], "best");
	assert_int_equal(muster_artifact_tags(artifact, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 1);
	assert_string_equal(texts[0], "good");
	assert_int_equal(muster_artifact_wait(artifact, 1, NULL), MUSTER_OK);
	/* a logged one has setters */
	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_E_USAGE);
	muster_artifact_close(artifact);
}

static void save_of_the_same_content_makes_no_version(void **state)
{
	struct muster_artifact_save_report report;
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *text;

	enter(place);
	for (int i = 0; i < 2; i++) {
		artifact = new_artifact(place, "data");
		add(artifact, "hello.txt", NULL);
		assert_int_equal(muster_artifact_save(artifact, NULL, &report, NULL), MUSTER_OK);
		assert_int_equal(report.is_new, i == 0);
		assert_int_equal(report.version_number, 0);
		assert_int_equal(muster_artifact_name(artifact, &text, NULL), MUSTER_OK);
		assert_string_equal(text, "data:v0");
		muster_artifact_close(artifact);
	}
	assert_non_null(strstr(report.reason, "v0"));
}

static void save_goes_to_the_project_that_is_named(void **state)
{
	static const struct muster_artifact_save_options options = { .project = "elsewhere" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const char *text;

	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_qualified_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "me/elsewhere/data:v0");
	muster_artifact_close(artifact);
	artifact = new_artifact(place, "mine/data");
	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_E_USAGE);
	muster_artifact_close(artifact);
}

static void save_refuses_another_type_and_bad_words(void **state)
{
	static const char *const bad[] = { "v1" };
	static const struct muster_artifact_save_options words = { .aliases = bad,
								   .alias_count = 1 };
	static const struct muster_artifact_options model = { .name = "data", .type = "model" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_error err = { 0 };

	assert_int_equal(muster_artifact_save(artifact, &words, NULL, NULL), MUSTER_E_USAGE);
	save(artifact);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &model, NULL), 0);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "dataset"));
	assert_true(muster_artifact_is_draft(artifact));
	muster_artifact_close(artifact);
}

static void what_was_saved_can_be_downloaded(void **state)
{
	struct muster_artifact_download_options options = { .root = "out" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_artifact_verify_options verify = { .root = "out" };

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	add(artifact, "hello.txt", NULL);
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_OK);
	save(artifact);
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, NULL, NULL), 0);
	assert_int_equal(muster_artifact_verify(artifact, &verify, NULL, NULL), MUSTER_OK);
	expect_entries(artifact, "hello.txt sub/b ");
	muster_artifact_close(artifact);
}

/* --- new_draft, incremental ------------------------------------------------------------------- */

static struct muster_artifact *saved_dir(struct place *place)
{
	static const struct muster_artifact_options options = {
		.name = "data", .type = "model", .description = "said", .metadata = "{\"a\":1}"
	};
	struct muster_artifact *artifact;

	enter(place);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	save(artifact);
	return artifact;
}

static struct muster_artifact *draft_of(struct muster_artifact *artifact)
{
	struct muster_artifact *draft;
	struct muster_error err = { 0 };

	if (muster_artifact_new_draft(artifact, NULL, &draft, &err))
		fail_msg("%s", err.message);
	return draft;
}

static void new_draft_has_the_content_and_changes_it(void **state)
{
	static const struct muster_add_options overwrite = { .name = "a", .overwrite = true };
	struct place *place = *state;
	struct muster_artifact *first = saved_dir(place), *draft = draft_of(first);
	const char *text;

	muster_artifact_close(first);
	assert_true(muster_artifact_is_draft(draft));
	assert_int_equal(muster_artifact_name(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "data");
	assert_int_equal(muster_artifact_type(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "model");
	assert_int_equal(muster_artifact_description(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "said");
	assert_int_equal(muster_artifact_metadata(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"a\":1}");
	expect_entries(draft, "a sub/b ");
	assert_int_equal(muster_artifact_remove(draft, "sub", NULL), MUSTER_OK);
	expect_entries(draft, "a ");
	assert_int_equal(muster_artifact_add_file(draft, "hello.txt", NULL, NULL, NULL), 0);
	assert_int_equal(muster_artifact_add_file(draft, "hello.txt", &overwrite, NULL, NULL), 0);
	expect_entries(draft, "a hello.txt ");
	expect_digest(draft, "a", HELLO_DIGEST);
	save(draft);
	assert_int_equal(muster_artifact_name(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "data:v1");
	expect_entries(draft, "a hello.txt ");
	muster_artifact_close(draft);
}

static void two_drafts_of_one_base_make_two_versions(void **state)
{
	struct place *place = *state;
	struct muster_artifact *base = saved_dir(place), *drafts[2];
	struct muster_artifact_save_report report;

	for (int i = 0; i < 2; i++) {
		drafts[i] = draft_of(base);
		add(drafts[i], "hello.txt", i ? "second" : "first");
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(muster_artifact_save(drafts[i], NULL, &report, NULL), MUSTER_OK);
		assert_true(report.is_new);
		assert_int_equal(report.version_number, 1 + i);
		assert_int_equal(report.is_base_latest, i == 0);
	}
	expect_entries(drafts[0], "a first sub/b ");
	expect_entries(drafts[1], "a second sub/b ");
	muster_artifact_close(drafts[0]);
	muster_artifact_close(drafts[1]);
	muster_artifact_close(base);
}

static void an_incremental_artifact_is_laid_over_the_latest(void **state)
{
	static const struct muster_artifact_options options = { .name = "data",
								.incremental = true };
	struct place *place = *state;
	struct muster_artifact *artifact;

	muster_artifact_close(saved_dir(place));
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	add(artifact, "hello.txt", "a"); /* what is there is replaced, what is not named stays */
	expect_entries(artifact, "a ");
	save(artifact);
	expect_entries(artifact, "a sub/b ");
	expect_digest(artifact, "a", HELLO_DIGEST);
	muster_artifact_close(artifact);
}

static void an_incremental_artifact_may_be_the_first(void **state)
{
	static const struct muster_artifact_options options = { .name = "data",
								.incremental = true };
	struct place *place = *state;
	struct muster_artifact *artifact;

	enter(place);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	add(artifact, "hello.txt", NULL);
	save(artifact);
	expect_entries(artifact, "hello.txt ");
	muster_artifact_close(artifact);
}

/* --- allocations ------------------------------------------------------------------------------ */

static enum muster_code make_one(struct place *place, struct muster_error *err)
{
	static const struct muster_artifact_options options = { .name = "data" };
	struct muster_artifact *artifact, *draft = NULL;
	const char *digest;
	enum muster_code code = muster_artifact_new(&artifact, place->repository, &options, err);

	if (!code)
		code = muster_artifact_add_file(artifact, "hello.txt", NULL, NULL, err);
	if (!code)
		code = muster_artifact_save(artifact, NULL, NULL, err);
	if (!code)
		code = muster_artifact_new_draft(artifact, NULL, &draft, err);
	if (!code)
		code = muster_artifact_remove(draft, "hello.txt", err);
	if (!code)
		code = muster_artifact_digest(draft, &digest, err);
	muster_artifact_close(draft);
	muster_artifact_close(artifact);
	return code;
}

static void no_allocation_that_fails_is_lost(void **state)
{
	struct place *place = *state;
	bool is_done = false;

	enter(place);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = make_one(place, &err);
		is_done = !torture_hit();
		torture_off();
		if (code && code != MUSTER_E_MEMORY)
			fail_msg("%d: %s", (int)code, err.message);
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_tells_what_it_was_given),
		TEST(new_refuses_what_breaks_a_rule),
		TEST(members_that_need_a_logged_artifact_say_so),
		TEST(a_finalized_artifact_refuses_changes),
		TEST(save_makes_the_version_that_was_told),
		TEST(save_of_the_same_content_makes_no_version),
		TEST(save_goes_to_the_project_that_is_named),
		TEST(save_refuses_another_type_and_bad_words),
		TEST(what_was_saved_can_be_downloaded),
		TEST(new_draft_has_the_content_and_changes_it),
		TEST(two_drafts_of_one_base_make_two_versions),
		TEST(an_incremental_artifact_is_laid_over_the_latest),
		TEST(an_incremental_artifact_may_be_the_first),
		TEST(no_allocation_that_fails_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
