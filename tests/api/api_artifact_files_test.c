/* The entries of an artifact, and its files on this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/api/fixture.h"

#define HELLO_DIGEST "XUFAKrxLKna5cZ2REBfFkg==" /* MD5 of "hello" */
#define FILE_COUNT   120

/* --- manifest and entries --------------------------------------------------------------------- */

static void manifest_gives_all_entries_in_order(void **state)
{
	static const char *const paths[] = { "a", "sub/b", "sub/c" };
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	const struct muster_entry *entry;
	struct muster_manifest *manifest;

	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
		assert_string_equal(muster_entry_path(entry), paths[i]);
		assert_ptr_equal(muster_entry_parent_artifact(entry), artifact);
	}
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_END);
	assert_int_equal(muster_manifest_seek(manifest, "sub/", NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "sub/b");
	assert_int_equal(muster_manifest_seek(manifest, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "a");
	muster_manifest_close(manifest);
	muster_manifest_close(NULL);
	muster_artifact_close(artifact);
}

static void get_entry_tells_all_of_it(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_entry *entry;
	struct muster_error err = { 0 };
	const char *target;
	uint64_t size;

	assert_int_equal(muster_artifact_get_entry(artifact, "./a", &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "a");
	assert_string_equal(muster_entry_digest(entry), HELLO_DIGEST);
	assert_string_equal(muster_entry_digest_algorithm(entry), "md5");
	assert_true(muster_entry_size(entry, &size));
	assert_int_equal(size, 5);
	assert_null(muster_entry_ref(entry));
	assert_null(muster_entry_extra(entry));
	assert_null(muster_entry_local_path(entry));
	assert_false(muster_entry_skip_cache(entry));
	assert_int_equal(muster_entry_ref_target(entry, &target, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "no reference"));
	muster_entry_free(entry);
	muster_entry_free(NULL);
	muster_artifact_close(artifact);
}

static void get_entry_says_what_is_not_there(void **state)
{
	static const struct {
		const char *name;
		enum muster_code code;
	} cases[] = {
		{ "b", MUSTER_E_NAME },	    { "sub", MUSTER_E_NAME }, { "sub/", MUSTER_E_NAME },
		{ "../a", MUSTER_E_USAGE }, { "/a", MUSTER_E_USAGE }, { "", MUSTER_E_USAGE },
	};
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_entry *entry = (struct muster_entry *)place;

		assert_int_equal(muster_artifact_get_entry(artifact, cases[i].name, &entry, NULL),
				 cases[i].code);
		assert_null(entry);
	}
	muster_artifact_close(artifact);
}

static void get_entry_finds_media_objects_by_their_name(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact;
	struct muster_entry *entry;

	place_write(place, "tree/preds.table.json", "{}");
	artifact = open_small_artifact(place);
	assert_int_equal(muster_artifact_get_entry(artifact, "preds", &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "preds.table.json");
	muster_entry_free(entry);
	muster_artifact_close(artifact);
}

static void get_path_is_get_entry(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);
	struct muster_entry *entry;

	assert_int_equal(muster_artifact_get_path(artifact, "sub/c", &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "sub/c");
	muster_entry_free(entry);
	assert_int_equal(muster_artifact_get_path(artifact, "c", &entry, NULL), MUSTER_E_NAME);
	muster_artifact_close(artifact);
}

static void a_reference_tells_its_target(void **state)
{
	static const struct muster_source source = { "ipfs://somewhere", "far" };
	static const struct muster_put_options options = { .sources = &source,
							   .source_count = 1,
							   .name = "refs" };
	struct place *place = *state;
	struct muster_put_report report;
	struct muster_artifact *artifact;
	struct muster_entry *entry;
	const char *target;
	uint64_t size;

	assert_int_equal(muster_put(place->repository, &options, &report, NULL), MUSTER_OK);
	artifact = open_artifact(place, "refs");
	assert_int_equal(muster_artifact_get_entry(artifact, "far", &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_entry_ref_target(entry, &target, NULL), MUSTER_OK);
	assert_string_equal(target, "ipfs://somewhere");
	assert_string_equal(muster_entry_ref(entry), target);
	assert_string_equal(muster_entry_digest(entry), target);
	assert_string_equal(muster_entry_digest_algorithm(entry), "text");
	assert_false(muster_entry_size(entry, &size));
	muster_entry_free(entry);
	muster_artifact_close(artifact);
}

static void expect_birth(struct place *place, const char *version, const char *path,
			 const char *born_in)
{
	struct muster_artifact *artifact = open_artifact(place, version);
	struct muster_artifact *birth = open_artifact(place, born_in);
	struct muster_entry *entry;
	const char *id, *expected;

	assert_int_equal(muster_artifact_get_entry(artifact, path, &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_id(birth, &expected, NULL), MUSTER_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(muster_entry_birth_artifact_id(entry, &id, NULL), MUSTER_OK);
		assert_string_equal(id, expected);
	}
	muster_entry_free(entry);
	muster_artifact_close(birth);
	muster_artifact_close(artifact);
}

static void birth_artifact_id_is_the_version_that_brought_the_bytes(void **state)
{
	struct place *place = *state;

	muster_artifact_close(open_small_artifact(place)); /* v0 */
	place_write(place, "tree/a", "again");
	place_put(place, "data"); /* v1 */
	place_write(place, "tree/d", "new");
	place_put(place, "data"); /* v2 */
	place_write(place, "tree/a", "hello");
	place_put(place, "data"); /* v3 */
	expect_birth(place, "data:v3", "sub/b", "data:v0");
	expect_birth(place, "data:v2", "a", "data:v1");
	expect_birth(place, "data:v3", "a", "data:v3");
	expect_birth(place, "data:v3", "d", "data:v2");
	assert_int_equal(muster_delete(place->repository, "data:v1", false, false, NULL), 0);
	expect_birth(place, "data:v3", "sub/b", "data:v0");
	expect_birth(place, "data:v2", "a", "data:v2");
}

/* --- files ------------------------------------------------------------------------------------ */

static struct muster_artifact *many_files(struct place *place)
{
	for (int i = 0; i < FILE_COUNT; i++) {
		char path[32];

		snprintf(path, sizeof(path), "tree/%03d", i);
		place_write(place, path, path);
	}
	place_put(place, "many");
	return open_artifact(place, "many");
}

static void files_come_whatever_the_page(void **state)
{
	static const unsigned per_pages[] = { 0, 1, 7, FILE_COUNT, 1000 };
	struct place *place = *state;
	struct muster_artifact *artifact = many_files(place);

	for (size_t i = 0; i < sizeof(per_pages) / sizeof(per_pages[0]); i++) {
		struct muster_files_options options = { .per_page = per_pages[i] };
		const struct muster_entry *entry;
		struct muster_files *files;
		char path[32];

		assert_int_equal(muster_artifact_files(artifact, &options, &files, NULL), 0);
		for (int n = 0; n < FILE_COUNT; n++) {
			assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_OK);
			snprintf(path, sizeof(path), "%03d", n);
			assert_string_equal(muster_entry_path(entry), path);
		}
		assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_END);
		assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_END);
		muster_files_close(files);
	}
	muster_files_close(NULL);
	muster_artifact_close(artifact);
}

static void files_per_page_is_the_length_of_a_page(void **state)
{
	static const size_t expected[] = { 50, 50, 20 };
	struct place *place = *state;
	struct muster_artifact *artifact = many_files(place);
	const struct muster_entry *const *page;
	const struct muster_entry *entry;
	struct muster_files *files;
	size_t count;

	assert_int_equal(muster_artifact_files(artifact, NULL, &files, NULL), MUSTER_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(muster_files_next_page(files, &page, &count, NULL), MUSTER_OK);
		assert_int_equal(count, expected[i]);
	}
	assert_string_equal(muster_entry_path(page[19]), "119");
	assert_int_equal(muster_files_next_page(files, &page, &count, NULL), MUSTER_END);
	muster_files_close(files);
	/* what a single step has left of a page comes first */
	assert_int_equal(muster_artifact_files(artifact, NULL, &files, NULL), MUSTER_OK);
	assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_OK);
	assert_int_equal(muster_files_next_page(files, &page, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 49);
	assert_string_equal(muster_entry_path(page[0]), "001");
	muster_files_close(files);
	muster_artifact_close(artifact);
}

static void files_begin_behind_start(void **state)
{
	static const struct {
		const char *start, *first;
	} cases[] = { { "000", "001" }, { "0005", "001" }, { "", "000" }, { "119", NULL } };
	struct place *place = *state;
	struct muster_artifact *artifact = many_files(place);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_files_options options = { .start = cases[i].start };
		const struct muster_entry *entry;
		struct muster_files *files;

		assert_int_equal(muster_artifact_files(artifact, &options, &files, NULL), 0);
		assert_int_equal(muster_files_next(files, &entry, NULL),
				 cases[i].first ? MUSTER_OK : MUSTER_END);
		if (cases[i].first)
			assert_string_equal(muster_entry_path(entry), cases[i].first);
		muster_files_close(files);
	}
	muster_artifact_close(artifact);
}

static void files_of_names_are_those_that_are_there(void **state)
{
	static const char *const names[] = { "100", "nosuch", "003" };
	static const struct muster_files_options options = { .names = names, .name_count = 3 };
	struct place *place = *state;
	struct muster_artifact *artifact = many_files(place);
	const struct muster_entry *entry;
	struct muster_files *files;

	assert_int_equal(muster_artifact_files(artifact, &options, &files, NULL), MUSTER_OK);
	assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "100");
	assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "003");
	assert_int_equal(muster_files_next(files, &entry, NULL), MUSTER_END);
	muster_files_close(files);
	muster_artifact_close(artifact);
}

static void files_refuse_what_has_no_meaning(void **state)
{
	static const char *const names[] = { "a" };
	static const struct muster_files_options cases[] = {
		{ .per_page = MUSTER_FILES_PER_PAGE_MAX + 1 },
		{ .names = names, .name_count = 1, .start = "a" },
	};
	struct place *place = *state;
	struct muster_artifact *artifact = open_small_artifact(place);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_files *files = (struct muster_files *)place;

		assert_int_equal(muster_artifact_files(artifact, &cases[i], &files, NULL),
				 MUSTER_E_USAGE);
		assert_null(files);
	}
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(manifest_gives_all_entries_in_order),
		TEST(get_entry_tells_all_of_it),
		TEST(get_entry_says_what_is_not_there),
		TEST(get_entry_finds_media_objects_by_their_name),
		TEST(get_path_is_get_entry),
		TEST(a_reference_tells_its_target),
		TEST(birth_artifact_id_is_the_version_that_brought_the_bytes),
		TEST(files_come_whatever_the_page),
		TEST(files_per_page_is_the_length_of_a_page),
		TEST(files_begin_behind_start),
		TEST(files_of_names_are_those_that_are_there),
		TEST(files_refuse_what_has_no_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
