#include <stdio.h>
#include <string.h>

#include "io/store/count.h"
#include "tests/engine/copy/lab.h"

/* --- material --------------------------------------------------------------------------------- */

/* Small, empty, equal, large: v0; then a change, a file less and one more: v1; then one large: v2.
 */
static void make_versions(struct fixture *fixture)
{
	char path[64], text[64];

	for (int i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "d%d/file-%03d", i % 7, i);
		snprintf(text, sizeof(text), "content %d", i / 2);
		fixture_write_text(fixture, path, text);
	}
	fixture_write_text(fixture, "empty", "");
	lab_write_random(fixture, "large", LAB_LARGE_BYTES, 1);
	fixture_put(fixture);
	fixture_write_text(fixture, "d0/file-000", "changed");
	fixture_remove(fixture, "d1/file-001");
	fixture_write_text(fixture, "new", "new");
	fixture_put(fixture);
	lab_write_random(fixture, "large", LAB_LARGE_BYTES, 2);
	fixture_put(fixture);
}

static void describe(struct fixture *fixture, uint64_t number)
{
	struct collection *data = lab_open(fixture->repository, "data");

	assert_false(collection_describe(data, number, VIEW_LITERAL("what it is\n"), NULL));
	assert_false(collection_set_metadata(data, number, VIEW_LITERAL("{\"k\": [1, 2]}"), false,
					     NULL));
	assert_false(collection_alias_add(data, number, VIEW_LITERAL("best"), NULL, NULL));
	assert_false(collection_alias_add(data, number, VIEW_LITERAL("prod"), NULL, NULL));
	assert_false(collection_tag_add(data, number, VIEW_LITERAL("reviewed"), NULL));
	assert_false(collection_ttl(data, number, 30, false, NULL));
	collection_close(data);
}

static uint64_t effects_of(struct lab_target *target)
{
	return store_fault_effects(target->store);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_version_arrives_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_versions(fixture);
	describe(fixture, 1);
	lab_target_open(&target, NULL);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .alias = "best" });
	assert_int_equal(report.new_versions, 1);
	assert_int_equal(report.entry_count, 602);
	assert_int_equal(report.packed_blobs, 303); /* equal files are one blob */
	lab_assert_equal(fixture->repository, "data", 1, target.repository, "data", 0);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

static void the_same_again_writes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_versions(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .all = true });
	lab_target_reopen(&target);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .all = true });
	assert_int_equal(report.new_versions, 0);
	assert_int_equal(report.present_versions, 3);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .alias = "v1" });
	assert_int_equal(report.new_versions, 0);
	assert_int_equal(report.present_versions, 1);
	assert_int_equal(report.read_bytes, 0);
	assert_int_equal(effects_of(&target), 0);
	lab_target_close(&target);
}

static void all_versions_come_in_order_and_later_ones_follow(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_versions(fixture);
	lab_target_open(&target, NULL);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .all = true });
	assert_int_equal(report.new_versions, 3);
	fixture_write_text(fixture, "newest", "newest");
	fixture_put(fixture);
	describe(fixture, 0);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .all = true });
	assert_int_equal(report.new_versions, 1);
	assert_int_equal(report.read_bytes, strlen("newest"));
	for (uint64_t i = 1; i < 4; i++)
		lab_assert_equal(fixture->repository, "data", i, target.repository, "data", i);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* Content that comes back is another version, also when it is copied. */
static void a_version_that_returns_is_copied_as_often(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };

	for (int i = 0; i < 4; i++) {
		fixture_write_text(fixture, "file", i % 2 ? "odd" : "even");
		fixture_put(fixture);
	}
	lab_target_open(&target, NULL);
	for (int again = 0; again < 2; again++) {
		lab_must_copy(fixture->repository, target.repository,
			      &(struct lab_copy){ .all = true });
		assert_int_equal(lab_version_count(target.repository, "data"), 4);
	}
	lab_target_close(&target);
}

static void older_versions_are_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_versions(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .alias = "v1" });
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .all = true });
	assert_int_equal(report.older_versions, 1);
	assert_int_equal(report.new_versions, 1);
	assert_int_equal(lab_version_count(target.repository, "data"), 2);
	lab_assert_equal(fixture->repository, "data", 2, target.repository, "data", 1);
	lab_target_close(&target);
}

/* Of the third version only the one large file is new. */
static void what_the_target_has_is_not_read(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	uint64_t before;

	make_versions(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .alias = "v1" });
	report = lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ 0 });
	assert_int_equal(report.read_bytes, LAB_LARGE_BYTES);
	assert_int_equal(report.packed_blobs, 1);
	assert_int_equal(report.shared_blobs, 601);
	lab_target_reopen(&target); /* by the index alone: another artifact has no base */
	before = fixture_read_bytes(fixture);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .as = "other" });
	assert_int_equal(report.read_bytes, 0);
	assert_int_equal(report.packed_blobs, 0);
	assert_int_equal(report.shared_blobs, 602);
	assert_in_range(fixture_read_bytes(fixture) - before, 1, 400000); /* leaves, twice */
	lab_assert_equal(fixture->repository, "data", 2, target.repository, "other", 0);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

static void within_one_repository_nothing_is_moved(void **state)
{
	struct fixture *fixture = *state;
	struct muster_copy_report report;

	make_versions(fixture);
	report = lab_must_copy(fixture->repository, fixture->repository,
			       &(struct lab_copy){ .all = true, .as = "same" });
	assert_int_equal(report.new_versions, 3);
	assert_int_equal(report.read_bytes, 0);
	assert_int_equal(report.packed_blobs, 0);
	assert_in_range(report.written_bytes, 1, 3 * 4096);
	for (uint64_t i = 0; i < 3; i++)
		lab_assert_equal(fixture->repository, "data", i, fixture->repository, "same", i);
	lab_assert_sound(fixture->repository);
}

static void it_is_not_copied_into_itself(void **state)
{
	struct fixture *fixture = *state;
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	make_versions(fixture);
	assert_int_equal(lab_copy(fixture->repository, fixture->repository, &(struct lab_copy){ 0 },
				  &report, &err),
			 MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "into itself"));
}

static void a_name_that_is_none_makes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	make_versions(fixture);
	lab_target_open(&target, NULL);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .alias = "nosuch" }, &report, &err),
			 MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "'nosuch'"));
	assert_int_equal(effects_of(&target), 0);
	lab_target_close(&target);
}

static void an_artifact_keeps_its_type(void **state)
{
	struct fixture *fixture = *state;
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct lab_target target = { 0 };
	struct collection *model;
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	make_versions(fixture);
	lab_target_open(&target, NULL);
	assert_int_equal(collection_open(&model, target.repository, &name, "model", &err),
			 MUSTER_OK);
	collection_close(model);
	assert_int_equal(lab_copy(fixture->repository, target.repository, &(struct lab_copy){ 0 },
				  &report, &err),
			 MUSTER_E_REFUSED);
	lab_target_close(&target);
}

/* The digest of a version is the same whatever a repository digests new files with. */
static void repositories_may_digest_in_different_ways(void **state)
{
	static const struct repository_options ways[] = {
		{ .algorithm = DIGEST_MD5, .has_identity = true },
		{ .algorithm = DIGEST_XXH128 },
		{ .algorithm = DIGEST_XXH128, .has_identity = true },
	};
	struct fixture *fixture = *state;

	make_versions(fixture);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct lab_target there = { 0 }, back = { 0 };

		lab_target_open(&there, &ways[i]);
		lab_target_open(&back, NULL);
		for (int again = 0; again < 2; again++)
			lab_must_copy(fixture->repository, there.repository,
				      &(struct lab_copy){ .all = true });
		assert_int_equal(lab_version_count(there.repository, "data"), 3);
		lab_assert_equal(fixture->repository, "data", 2, there.repository, "data", 2);
		lab_assert_sound(there.repository);
		lab_must_copy(there.repository, back.repository, &(struct lab_copy){ .all = true });
		lab_assert_equal(fixture->repository, "data", 2, back.repository, "data", 2);
		lab_assert_sound(back.repository);
		lab_target_close(&back);
		lab_target_close(&there);
	}
}

static void references_stay_references(void **state)
{
	struct fixture *fixture = *state;
	struct entry entries[2] = { fixture_entry("a", "etag"), fixture_entry("b", "text") };
	struct lab_target target = { 0 };

	entries[0].has_checksum = false;
	entries[0].ref = VIEW_LITERAL("s3://bucket/a");
	entries[0].extra = VIEW_LITERAL("{\"etag\":\"x\"}");
	entries[1].algorithm = DIGEST_TEXT;
	entries[1].digest_text = VIEW_LITERAL("text");
	entries[1].has_checksum = entries[1].has_size = false;
	entries[1].size_bytes = 0;
	entries[1].ref = VIEW_LITERAL("ftp://host/b");
	fixture_save(fixture, entries, 2);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ 0 });
	lab_assert_equal(fixture->repository, "data", 0, target.repository, "data", 0);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

static void damaged_bytes_are_never_copied(void **state)
{
	struct fixture *fixture = *state;
	struct lab_failures failures = { 0 };
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	fixture_write_text(fixture, "bad", "this text will have another letter");
	fixture_write_text(fixture, "good", "this one stays");
	fixture_put(fixture);
	lab_damage(fixture, "this text will have another letter");
	lab_target_open(&target, NULL);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .failures = &failures }, &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(failures.count, 1);
	assert_non_null(strstr(failures.text, "bad: "));
	assert_non_null(strstr(failures.text, "digest"));
	assert_int_equal(report.failed_versions, 1);
	assert_int_equal(lab_version_count(target.repository, "data"), 0);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .commit_partial = true }, &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(report.new_versions, 1);
	assert_int_equal(report.entry_count, 1);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* What was left out once is not made again and again. */
static void a_partial_version_is_copied_once(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	fixture_write_text(fixture, "bad", "this text will have another letter");
	fixture_write_text(fixture, "good", "this one stays");
	fixture_put(fixture);
	fixture_remove(fixture, "bad");
	fixture_write_text(fixture, "other", "another");
	fixture_put(fixture);
	lab_damage(fixture, "this text will have another letter");
	lab_target_open(&target, NULL);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .all = true, .commit_partial = true },
				  &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(report.new_versions, 2);
	report = lab_must_copy(fixture->repository, target.repository,
			       &(struct lab_copy){ .all = true, .commit_partial = true });
	assert_int_equal(report.new_versions, 0);
	assert_int_equal(report.present_versions, 2);
	lab_target_close(&target);
}

/* The order would be lost: what follows a version that failed waits for it. */
static void versions_behind_a_failed_one_wait(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	fixture_write_text(fixture, "file", "good");
	fixture_put(fixture);
	fixture_write_text(fixture, "file", "this text will have another letter");
	fixture_put(fixture);
	fixture_write_text(fixture, "file", "good again");
	fixture_put(fixture);
	lab_damage(fixture, "this text will have another letter");
	lab_target_open(&target, NULL);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .all = true }, &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(lab_version_count(target.repository, "data"), 1);
	lab_target_close(&target);
}

static void every_artifact_of_a_repository_is_copied(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_versions(fixture);
	lab_must_copy(fixture->repository, fixture->repository,
		      &(struct lab_copy){ .alias = "v1", .as = "second" });
	lab_target_open(&target, NULL);
	for (int again = 0; again < 2; again++) {
		report = lab_must_copy(fixture->repository, target.repository,
				       &(struct lab_copy){ .every = true });
		assert_int_equal(report.new_versions, again ? 0 : 4);
		assert_int_equal(report.present_versions, again ? 4 : 0);
	}
	lab_assert_equal(fixture->repository, "second", 0, target.repository, "second", 0);
	lab_assert_equal(fixture->repository, "data", 2, target.repository, "data", 2);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* What is drawn while a large file is on its way, and at the end. */
static void progress_ends_where_it_should(void **state)
{
	struct fixture *fixture = *state;
	struct muster_progress progress = { 0 };
	struct lab_target target = { 0 };

	make_versions(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository,
		      &(struct lab_copy){ .all = true, .progress = &progress });
	assert_true(atomic_load(&progress.total_is_known));
	assert_int_equal(atomic_load(&progress.total_files), 3 * 602);
	assert_int_equal(atomic_load(&progress.done_files), 3 * 602);
	assert_true(atomic_load(&progress.total_bytes) > 3 * LAB_LARGE_BYTES);
	assert_int_equal(atomic_load(&progress.done_bytes), atomic_load(&progress.total_bytes));
	lab_target_close(&target);
}

static void an_interrupted_copy_says_so_and_goes_on(void **state)
{
	struct fixture *fixture = *state;
	struct muster_progress progress = { 0 };
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	make_versions(fixture);
	lab_target_open(&target, NULL);
	atomic_store(&progress.cancel, true);
	assert_int_equal(lab_copy(fixture->repository, target.repository,
				  &(struct lab_copy){ .progress = &progress }, &report, &err),
			 MUSTER_E_CANCELLED);
	assert_non_null(strstr(err.message, "the same command continues"));
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ 0 });
	lab_assert_equal(fixture->repository, "data", 2, target.repository, "data", 0);
	lab_target_close(&target);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_version_arrives_as_it_was),
		T(the_same_again_writes_nothing),
		T(all_versions_come_in_order_and_later_ones_follow),
		T(a_version_that_returns_is_copied_as_often),
		T(older_versions_are_left_out),
		T(what_the_target_has_is_not_read),
		T(within_one_repository_nothing_is_moved),
		T(it_is_not_copied_into_itself),
		T(a_name_that_is_none_makes_nothing),
		T(an_artifact_keeps_its_type),
		T(repositories_may_digest_in_different_ways),
		T(references_stay_references),
		T(damaged_bytes_are_never_copied),
		T(a_partial_version_is_copied_once),
		T(versions_behind_a_failed_one_wait),
		T(every_artifact_of_a_repository_is_copied),
		T(progress_ends_where_it_should),
		T(an_interrupted_copy_says_so_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
