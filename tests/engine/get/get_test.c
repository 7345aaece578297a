#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/engine/get/files.h"

static void a_version_comes_back_file_by_file(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct muster_progress progress = { 0 };
	struct muster_get_report report;

	options.job.progress = &progress;
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_tree(place->tree, files, FILE_COUNT);
	assert_int_equal(report.entry_count, FILE_COUNT);
	assert_int_equal(report.written_files, FILE_COUNT);
	assert_int_equal(report.written_bytes, report.size_bytes);
	assert_string_equal(report.directory, place->tree);
	assert_string_equal(report.version, "me/tests/data:v1");
	assert_int_equal(progress.done_files, FILE_COUNT);
	assert_int_equal(progress.done_bytes, report.size_bytes);
	assert_int_equal(progress.total_files, FILE_COUNT);
	assert_true(progress.total_is_known);
	assert_int_equal(count_files(place->base),
			 FILE_COUNT + count_files(place->repo) + count_files(place->cache));
}

static void an_empty_version_is_an_empty_directory(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, NULL, 0);
	struct muster_get_options options = options_of(place);

	get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(count_files(place->tree), 0);
}

/* Thousands of files in directories of all kinds of sizes, in several packs. */
static void many_files_come_back(void **state)
{
	enum { COUNT = 4000 };
	struct place *place = *state;
	struct spec *specs = calloc(COUNT, sizeof(*specs));
	char(*texts)[2][48] = calloc(COUNT, sizeof(*texts));
	struct muster_get_options options = options_of(place);
	struct muster_get_report report;
	struct version version;

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(texts[i][0], 48, "d%02u/e%u/f%05u", i % 37, i % 3, i);
		snprintf(texts[i][1], 48, "content %u ", i / 2); /* each twice */
		specs[i] = (struct spec){ texts[i][0], texts[i][1], i % 5 ? 0 : 3000 + i, NULL };
	}
	version = place_version(place, specs, COUNT);
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.written_files, COUNT);
	assert_tree(place->tree, specs, COUNT);
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.kept_files, COUNT);
	assert_int_equal(report.written_files, 0);
	free(texts);
	free(specs);
}

static void equal_files_are_kept_and_others_stay(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct muster_get_report report;

	place_write(place->tree, "dir/b.txt", "beta");
	place_write(place->tree, "dir/mine", "mine");
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.kept_files, 1);
	assert_int_equal(report.written_files, FILE_COUNT - 1);
	assert_text(place->tree, "dir/mine", "mine");
	for (size_t i = 0; i < FILE_COUNT; i++)
		assert_is_spec(place->tree, &files[i]);
}

static void different_files_fail_unless_overwrite(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct place_failures failures = { 0 };
	struct muster_get_report report;

	place_write(place->tree, "a.txt", "ALPHA");	 /* the same size */
	place_write(place->tree, "dir/b.txt", "longer"); /* another */
	place_write(place->tree, "large", "small");
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, 3);
	assert_int_equal(failures.count, 3);
	assert_int_equal(failures.errors[0].code, MUSTER_E_REFUSED);
	assert_int_equal(report.written_files, FILE_COUNT - 3);
	assert_text(place->tree, "a.txt", "ALPHA");
	assert_text(place->tree, "large", "small");
	options.overwrite = true;
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.written_files, 3);
	assert_int_equal(report.kept_files, FILE_COUNT - 3);
	assert_tree(place->tree, files, FILE_COUNT);
}

/* The second time nothing is read: the stats are known. */
static void what_was_written_is_known_by_its_stat(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct muster_progress progress = { 0 };
	struct muster_get_report report;

	get(place, &version, &options, MUSTER_OK, NULL);
	options.job.progress = &progress;
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.kept_files, FILE_COUNT);
	assert_int_equal(progress.read_files, 0);
	assert_int_equal(progress.read_bytes, 0);
	place_write(place->tree, "a.txt", "ALPHA");
	options.overwrite = true;
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.written_files, 1);
	assert_text(place->tree, "a.txt", "alpha");
}

static bool wants(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	struct view text = view_of(path, path_bytes);

	(void)state;
	if (is_directory)
		return !view_equal(text, VIEW_LITERAL("dir/deep"));
	return !view_equal(text, VIEW_LITERAL("z/last"));
}

static void prefix_and_rules_choose_what_is_fetched(void **state)
{
	static const struct {
		const char *prefix;
		bool has_rules;
		const char *expected[FILE_COUNT + 1];
	} cases[] = {
		{ "dir", false, { "dir/b.txt", "dir/deep/er/c.bin", "dir/empty" } },
		{ "./dir//", false, { "dir/b.txt", "dir/deep/er/c.bin", "dir/empty" } },
		{ "dir", true, { "dir/b.txt", "dir/empty" } },
		{ "dir/b.txt", false, { "dir/b.txt" } },
		{ NULL,
		  true,
		  { "a.txt", "dir/b.txt", "dir/empty", "dir-more/d", "large", "same" } },
		{ "z", true, { NULL } },
	};
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_get_options options = options_of(place);
		char directory[80];
		size_t count = 0;

		snprintf(directory, sizeof(directory), "%s-%zu", place->tree, i);
		options.directory = directory;
		options.path_prefix = cases[i].prefix;
		options.rules.wanted = cases[i].has_rules ? wants : NULL;
		get(place, &version, &options, MUSTER_OK, NULL);
		for (; cases[i].expected[count]; count++)
			assert_true(place_has(directory, cases[i].expected[count]));
		assert_int_equal(count_files(directory), count);
	}
}

static void an_unknown_prefix_is_told_before_anything_is_made(void **state)
{
	static const char *const prefixes[] = { "di", "dir/b", "zz", "dir/b.txt/x" };
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		options.path_prefix = prefixes[i];
		get(place, &version, &options, MUSTER_E_NAME, NULL);
		assert_false(place_has(place->base, "tree"));
	}
	options.path_prefix = "../out";
	get(place, &version, &options, MUSTER_E_USAGE, NULL);
}

/* Links that lead out are not followed, whatever is allowed. */
static void hostile_targets_stay_within_the_root(void **state)
{
	static const struct spec hostile[] = {
		{ "link/inside", "first", 0, NULL }, { "name", "second", 0, NULL },
		{ "plain/file", "third", 0, NULL },  { "way/below", "fourth", 0, NULL },
		{ "wide", "fifth", 0, NULL },
	};
	struct place *place = *state;
	struct version version = place_version(place, hostile, 5);
	struct muster_get_options options = options_of(place);
	struct place_failures failures = { 0 };
	struct muster_get_report report;

	place_write(place->other, "victim", "victim");
	place_run("mkdir -p %s/wide", place->tree);
	place_run("ln -s %s %s/link", place->other, place->tree);
	place_run("ln -s %s/victim %s/name", place->other, place->tree);
	place_write(place->tree, "way", "a file in the way");
	options.overwrite = true;
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, 3);
	assert_string_equal(failures.paths[0], "link/inside");
	assert_non_null(strstr(failures.errors[0].message, "symbolic link"));
	assert_string_equal(failures.paths[1], "way/below");
	assert_string_equal(failures.paths[2], "wide");
	assert_text(place->other, "victim", "victim");
	assert_int_equal(count_files(place->other), 1);
	assert_text(place->tree, "name", "second"); /* the link was replaced, not its target */
	assert_text(place->tree, "plain/file", "third");
	assert_text(place->tree, "way", "a file in the way");
}

static void targets_that_cannot_be_are_refused(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	char in_repo[80];

	place_write(place->base, "tree", "a file");
	get(place, &version, &options, MUSTER_E_REFUSED, NULL);
	place_run("rm %s; ln -s %s/nothing %s", place->tree, place->base, place->tree);
	get(place, &version, &options, MUSTER_E_REFUSED, NULL);
	snprintf(in_repo, sizeof(in_repo), "%s/packs/sub/dir", place->repo);
	options.directory = in_repo;
	get(place, &version, &options, MUSTER_E_REFUSED, NULL);
	options.directory = place->repo;
	get(place, &version, &options, MUSTER_E_REFUSED, NULL);
	options.directory = "";
	get(place, &version, &options, MUSTER_E_USAGE, NULL);
}

static void damaged_bytes_never_get_a_name(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct place_keys packs = place_list(place, "packs/");
	struct place_failures failures = { 0 };
	struct muster_get_report report;
	size_t damaged = 0;

	for (size_t i = 0; i < packs.count; i++) {
		size_t beta = place_offset_of(place, packs.keys[i], "beta");
		size_t epsilon = place_offset_of(place, packs.keys[i], "epsilon");

		if (beta != SIZE_MAX)
			place_flip(place, packs.keys[i], beta), damaged++;
		if (epsilon != SIZE_MAX)
			place_flip(place, packs.keys[i], epsilon + 5 * MIB), damaged++;
	}
	assert_int_equal(damaged, 2);
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, 2);
	assert_int_equal(report.written_files, FILE_COUNT - 2);
	assert_int_equal(failures.errors[0].code, MUSTER_E_DIGEST);
	assert_int_equal(failures.errors[1].code, MUSTER_E_DIGEST);
	assert_false(place_has(place->tree, "dir/b.txt"));
	assert_false(place_has(place->tree, "large"));
	assert_int_equal(count_files(place->tree), FILE_COUNT - 2);
}

/* A version whose packs are gone, and written again under other ids: the index knows. */
static void a_stale_placement_is_settled_by_the_index(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct place_keys packs = place_list(place, "packs/"),
			  indexes = place_list(place, "index/");
	struct muster_get_report report;

	for (size_t i = 0; i < packs.count; i++)
		assert_int_equal(store_remove(place->store, packs.keys[i], NULL), MUSTER_OK);
	for (size_t i = 0; i < indexes.count; i++)
		assert_int_equal(store_remove(place->store, indexes.keys[i], NULL), MUSTER_OK);
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, FILE_COUNT);
	assert_int_equal(count_files(place->tree), 0);
	place_version(place, files, FILE_COUNT);
	get(place, &version, &options, MUSTER_OK, NULL);
	assert_tree(place->tree, files, FILE_COUNT);
}

static void a_pack_that_is_no_pack_fails_its_files_only(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct place_keys packs = place_list(place, "packs/");
	struct muster_get_report report;

	for (size_t i = 0; i < packs.count; i++) {
		if (place_offset_of(place, packs.keys[i], "beta") == SIZE_MAX)
			continue;
		assert_int_equal(store_remove(place->store, packs.keys[i], NULL), MUSTER_OK);
		assert_int_equal(store_create(place->store, packs.keys[i],
					      VIEW_LITERAL("no pack at all"), NULL),
				 MUSTER_OK);
	}
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, FILE_COUNT - 1);
	assert_int_equal(report.written_files, 1);
	assert_true(place_has(place->tree, "large"));
}

static void references_to_files_are_copied_and_proved(void **state)
{
	struct place *place = *state;
	char plain[160], encoded[160], changed[160], missing[160];
	struct spec specs[] = {
		{ "a/plain", "plain text", 0, plain },
		{ "b/encoded", "encoded", 0, encoded },
		{ "c/changed", "before", 0, changed },
		{ "d/missing", "missing", 0, missing },
		{ "e/bucket", "bucket", 0, "s3://bucket/key" },
		{ "f/stored", "stored", 0, NULL },
	};
	struct muster_get_options options = options_of(place);
	struct place_failures failures = { 0 };
	struct muster_get_report report;
	struct version version;

	snprintf(plain, sizeof(plain), "file://%s/plain", place->other);
	snprintf(encoded, sizeof(encoded), "file://localhost%s/with%%20space", place->other);
	snprintf(changed, sizeof(changed), "file://%s/changed", place->other);
	snprintf(missing, sizeof(missing), "file://%s/missing", place->other);
	version = place_version(place, specs, 6);
	place_write(place->other, "plain", "plain text");
	place_write(place->other, "with space", "encoded");
	place_write(place->other, "changed", "after!");
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	report = get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(report.failed_items, 3);
	assert_int_equal(failures.errors[0].code, MUSTER_E_DIGEST);
	assert_int_equal(failures.errors[1].code, MUSTER_E_VANISHED);
	assert_int_equal(failures.errors[2].code, MUSTER_E_UNSUPPORTED);
	assert_text(place->tree, "a/plain", "plain text");
	assert_text(place->tree, "b/encoded", "encoded");
	assert_text(place->tree, "f/stored", "stored");
	assert_int_equal(count_files(place->tree), 3);
	place_write(place->other, "changed", "before");
	options.allow_missing_references = true;
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_int_equal(report.skipped_references, 2);
	assert_int_equal(report.kept_files, 3);
	assert_text(place->tree, "c/changed", "before");
}

static void a_file_where_another_needs_a_directory_fails_the_second(void **state)
{
	char ref[160];
	struct place *place = *state;
	struct spec specs[] = { { "a", "file", 0, NULL },
				{ "a/b", "below", 0, ref },
				{ "a-b", "between", 0, NULL } };
	struct muster_get_options options = options_of(place);
	struct place_failures failures = { 0 };
	struct version version;

	snprintf(ref, sizeof(ref), "file://%s/below", place->other);
	place_write(place->other, "below", "below");
	version = place_version(place, specs, 3);
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	get(place, &version, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(failures.count, 1);
	assert_string_equal(failures.paths[0], "a/b");
	assert_int_equal(count_files(place->tree), 2);
}

int main(void)
{
#define MEMORY(test) cmocka_unit_test_setup_teardown(test, open_memory, close_place)
#define LOCAL(test)  cmocka_unit_test_setup_teardown(test, open_local, close_place)
	const struct CMUnitTest tests[] = {
		LOCAL(a_version_comes_back_file_by_file),
		MEMORY(a_version_comes_back_file_by_file),
		MEMORY(an_empty_version_is_an_empty_directory),
		MEMORY(many_files_come_back),
		MEMORY(equal_files_are_kept_and_others_stay),
		MEMORY(different_files_fail_unless_overwrite),
		MEMORY(what_was_written_is_known_by_its_stat),
		MEMORY(prefix_and_rules_choose_what_is_fetched),
		MEMORY(an_unknown_prefix_is_told_before_anything_is_made),
		MEMORY(hostile_targets_stay_within_the_root),
		LOCAL(targets_that_cannot_be_are_refused),
		MEMORY(damaged_bytes_never_get_a_name),
		MEMORY(a_stale_placement_is_settled_by_the_index),
		MEMORY(a_pack_that_is_no_pack_fails_its_files_only),
		MEMORY(references_to_files_are_copied_and_proved),
		MEMORY(a_file_where_another_needs_a_directory_fails_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
