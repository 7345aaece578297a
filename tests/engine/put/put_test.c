/* What becomes a version, and what does not. */
#include "tests/engine/put/place.h"

static void a_tree_becomes_a_version_and_comes_back(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	report = put_tree(place);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(report.failed_items, 0);
	assert_int_equal(compare_with_tree(place), report.entry_count);
	assert_int_equal(report.entry_count, 100 + 100 + 100 + 2 + 1 + 1 + 1 + 2 + 2 + 1 + 201);
	assert_int_equal(report.read_files, report.entry_count);
}

/* What is known keeps its way through plan and emit without an allocation of its own: only batches
 * have some, and leaves that are longer than any before. */
static void a_kept_file_allocates_nothing(void **state)
{
	const uint64_t counts[2] = { 2000, 6000 };
	struct place *place = *state;
	uint64_t allocations[2];

	for (size_t i = 0; i < 2; i++) {
		struct muster_source source = { .path = place->tree };
		struct muster_put_options options = put_options(&source);
		struct muster_put_report report;

		options.job.worker_count = 1;
		run_shell("cd '%s' && seq 10000 %d | xargs touch", place->tree,
			  10000 + (int)counts[i] - 1);
		let_time_pass(place);
		put(place, &options, MUSTER_OK);
		put(place, &options, MUSTER_OK);
		allocations[i] = torture_allocations();
		report = put(place, &options, MUSTER_OK);
		allocations[i] = torture_allocations() - allocations[i];
		assert_int_equal(report.kept_files, counts[i]);
	}
	/* 4,000 files more come in 16 batches more, of some five allocations each. */
	assert_true(allocations[1] < allocations[0] + 16 * 8);
}

/* The cache may have been filled by a repository that keeps an identity beside the digest. */
static void what_a_put_elsewhere_learnt_is_found_stored_here(void **state)
{
	struct repository_options with_identity = { .algorithm = DIGEST_MD5, .has_identity = true };
	struct place *place = *state, other = *place;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	assert_int_equal(store_memory_new(&other.store, NULL), MUSTER_OK);
	test_repository_make(other.store, &with_identity);
	assert_int_equal(repository_open(&other.repository, other.store, effects_system(), NULL),
			 MUSTER_OK);
	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	put_tree(&other);
	options.name = "another";
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.read_files, 0);
	assert_int_equal(report.kept_files, report.entry_count);
	repository_close(other.repository);
	store_free(other.store);
}

static void an_unchanged_tree_makes_no_version_and_opens_no_file(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(report.read_files, 0);
	assert_true(report.kept_files > 300);
	assert_int_equal(report.packed_blobs, 0);
}

static void only_what_changed_is_read_again(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	let_time_pass(place);
	run_shell("cd '%s' && echo changed > a/f7 && echo new > c/zz && rm a/f8 && "
		  "head -c 4500000 /dev/urandom > a/large3",
		  place->tree);
	let_time_pass(place);
	report = put_tree(place);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 1);
	/* f7 and large3 are seen through dirlink as well */
	assert_int_equal(report.read_files, 5);
	assert_int_equal(report.packed_blobs, 3);
	assert_int_equal(compare_with_tree(place), report.entry_count);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.read_files, 0);
}

static void a_cleared_cache_costs_reading_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	run_shell("rm -rf '%s'/trees", place->cache);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.packed_blobs, 0);
	assert_int_equal(report.read_files, report.entry_count);
}

static void failed_items_commit_nothing_unless_asked(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	run_shell("cd '%s' && ln -s nowhere broken && ln -s . loop", place->tree);
	report = put(place, &options, MUSTER_E_ITEMS);
	assert_false(report.is_committed);
	assert_int_equal(report.failed_items, 2);
	options.commit_partial = true;
	report = put(place, &options, MUSTER_E_ITEMS);
	assert_true(report.is_new);
	assert_int_equal(compare_with_tree(place), report.entry_count);
}

static void a_failed_put_of_a_new_name_leaves_no_artifact(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct collection *collection;

	run_shell("cd '%s' && ln -s nowhere broken", place->tree);
	put(place, &options, MUSTER_E_ITEMS);
	options.dry_run = true;
	put(place, &options, MUSTER_OK);
	assert_int_equal(collection_open(&collection, place->repository, &name, NULL, NULL),
			 MUSTER_E_NAME);
}

static bool wants_nothing(const void *state, const char *path, size_t path_len, bool is_directory)
{
	(void)state;
	(void)path;
	(void)path_len;
	return is_directory;
}

static void patterns_that_leave_no_file_commit_nothing(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);

	fill_tree(place);
	options.wanted = wants_nothing;
	assert_false(put(place, &options, MUSTER_E_USAGE).is_committed);
	put_tree(place);
	options.onto = "latest"; /* then there is something to commit: what was there */
	assert_false(put(place, &options, MUSTER_OK).is_new);
}

static void onto_keeps_what_the_tree_does_not_have(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	put_tree(place);
	run_shell("cd '%s' && rm a && echo 3 > b && echo 4 > c && "
		  "head -c 5000000 /dev/urandom > 0large",
		  place->tree);
	options.onto = "latest";
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.entry_count, 4);
	run_shell("cd '%s' && echo 1 > a", place->tree);
	assert_int_equal(compare_with_tree(place), 4);
	options.onto = "v9";
	put(place, &options, MUSTER_E_NAME);
}

static void sources_meet_under_their_names_and_may_not_clash(void **state)
{
	struct place *place = *state;
	char one[128], two[128], file[128];
	struct muster_source sources[3];
	struct muster_put_options options = put_options(sources);
	struct muster_put_report report;

	run_shell(
		"cd '%s' && mkdir one two && echo 1 > one/x && echo 2 > one/z && echo 3 > two/y && "
		"echo 4 > two/z && echo 5 > lone",
		place->tree);
	snprintf(one, sizeof(one), "%s/one", place->tree);
	snprintf(two, sizeof(two), "%s/two", place->tree);
	snprintf(file, sizeof(file), "%s/lone", place->tree);
	sources[0] = (struct muster_source){ .path = one, .name = "one" };
	sources[1] = (struct muster_source){ .path = two, .name = "two" };
	sources[2] = (struct muster_source){ .path = file };
	options.source_count = 3;
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 5);
	assert_int_equal(compare_with_tree(place), 5);
	let_time_pass(place);
	put(place, &options, MUSTER_OK); /* the first one was too early to believe its stats */
	run_shell("cd '%s' && echo 6 > two/y", place->tree);
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.read_files, 1);
	assert_int_equal(report.kept_files, 4);
	assert_int_equal(compare_with_tree(place), 5);
	sources[1].name = "three"; /* another composition has a cache of its own */
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 5);
	assert_int_equal(report.kept_files, 0);
	sources[0].name = NULL;
	sources[1].name = NULL;
	put(place, &options, MUSTER_E_USAGE); /* z twice */
	sources[1].name = "x";
	put(place, &options, MUSTER_E_USAGE); /* x is a file, x/y needs a directory */
}

static void a_list_names_the_files(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	options.files_from = "c/g2\na/f1\n./a//f2\na/f1\n\n";
	options.files_from_bytes = strlen(options.files_from);
	options.files_from_separator = '\n';
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	assert_int_equal(compare_with_tree(place), 3);
	options.files_from = "../outside\n";
	options.files_from_bytes = strlen(options.files_from);
	put(place, &options, MUSTER_E_USAGE);
}

static void a_cancelled_put_commits_nothing_and_goes_on_later(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_progress progress = { 0 };

	fill_tree(place);
	options.job.progress = &progress;
	atomic_store(&progress.cancel, true);
	put(place, &options, MUSTER_E_CANCELLED);
	assert_true(put_tree(place).is_new);
}

static void references_are_digested_and_not_stored(void **state)
{
	struct place *place = *state;
	char uri[160];
	struct muster_source sources[2] = { { .path = uri, .name = "here" },
					    { .path = "dvc://bucket/x", .name = "there" } };
	struct muster_put_options options = put_options(sources);
	struct muster_put_report report;
	struct collection *collection;
	struct version_reader *version;
	struct entry entry;

	run_shell("cd '%s' && mkdir 'd d' && printf hello > 'd d/50%%?#' && "
		  "head -c 5000000 /dev/zero > large",
		  place->tree);
	snprintf(uri, sizeof(uri), "file://%s/", place->tree);
	options.source_count = 2;
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	assert_int_equal(report.packed_blobs, 0);
	collection = open_collection(place);
	assert_int_equal(version_reader_open(&version, place->store,
					     &collection_latest(collection)->manifest, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("here/d d/50%?#"), &entry, NULL),
			 MUSTER_OK);
	assert_int_equal(entry.ref.len, strlen(uri) + strlen("d d/50%25%3F%23"));
	assert_memory_equal(entry.ref.ptr + strlen(uri), "d d/50%25%3F%23", 15);
	assert_memory_equal(entry.fingerprint.digest, "\x5d\x41\x40\x2a", 4);
	assert_int_equal(entry.size_bytes, 5);
	assert_false(entry.has_checksum);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("here/large"), &entry, NULL),
			 MUSTER_OK);
	assert_int_equal(entry.size_bytes, 5000000);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("there"), &entry, NULL),
			 MUSTER_OK);
	assert_true(view_equal(entry.digest_text, VIEW_LITERAL("dvc://bucket/x")));
	assert_false(entry.has_size);
	version_reader_close(version);
	collection_close(collection);
	let_time_pass(place);
	options.rehash = true;
	assert_int_equal(put(place, &options, MUSTER_OK).read_files, 2);
	options.rehash = false;
	run_shell("printf more >> '%s/large'", place->tree);
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.read_files, 1);
	assert_int_equal(report.kept_files, 1);

	sources[1].name = NULL;
	put(place, &options, MUSTER_E_USAGE);
	sources[1].path = "s3://bucket/x";
	put(place, &options, MUSTER_E_UNSUPPORTED);
	sources[1].path = "file://elsewhere/x";
	put(place, &options, MUSTER_E_USAGE);
	sources[1].path = "file:///%zz";
	put(place, &options, MUSTER_E_USAGE);
}

static bool wants_no_b(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	(void)state;
	(void)is_directory;
	return !(path_bytes == 5 && memcmp(path, "in/b", 4) == 0) &&
	       !(path_bytes == 4 && memcmp(path, "in/b", 4) == 0);
}

static void a_filter_is_asked_about_whole_paths(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree, .name = "in" };
	struct muster_put_options options = put_options(&source);

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	options.wanted = wants_no_b;
	assert_int_equal(put(place, &options, MUSTER_OK).entry_count, 1);
	options.files_from = "a\nb\n";
	options.files_from_bytes = 4;
	options.files_from_separator = '\n';
	assert_int_equal(put(place, &options, MUSTER_OK).entry_count, 1);
}

/* Batches wait in order for a pack to close; their directories must not stay open meanwhile. */
static void usage_errors_say_what_is_missing(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = "/nonexistent/muster" };
	struct muster_put_options options = put_options(&source);

	put(place, &options, MUSTER_E_NAME);
	options.source_count = 0;
	put(place, &options, MUSTER_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(a_tree_becomes_a_version_and_comes_back),
		PUT_TEST(a_kept_file_allocates_nothing),
		PUT_TEST(what_a_put_elsewhere_learnt_is_found_stored_here),
		PUT_TEST(an_unchanged_tree_makes_no_version_and_opens_no_file),
		PUT_TEST(only_what_changed_is_read_again),
		PUT_TEST(a_cleared_cache_costs_reading_and_nothing_else),
		PUT_TEST(failed_items_commit_nothing_unless_asked),
		PUT_TEST(a_failed_put_of_a_new_name_leaves_no_artifact),
		PUT_TEST(patterns_that_leave_no_file_commit_nothing),
		PUT_TEST(onto_keeps_what_the_tree_does_not_have),
		PUT_TEST(sources_meet_under_their_names_and_may_not_clash),
		PUT_TEST(a_list_names_the_files),
		PUT_TEST(a_cancelled_put_commits_nothing_and_goes_on_later),
		PUT_TEST(references_are_digested_and_not_stored),
		PUT_TEST(a_filter_is_asked_about_whole_paths),
		PUT_TEST(usage_errors_say_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
