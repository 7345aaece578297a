#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store/count.h"
#include "tests/engine/check/lab.h"

static struct lab_findings findings;

static void expect_clean(struct lab *lab, bool quick)
{
	lab_check(lab, quick, &findings);
	if (findings.count)
		lab_findings_print(&findings);
	assert_int_equal(findings.count, 0);
}

static void an_empty_repository_is_clean(void **state)
{
	struct lab lab;

	(void)state;
	lab_make(&lab, NULL);
	expect_clean(&lab, false);
	assert_int_equal(findings.report.log_count, 1);
	assert_int_equal(findings.report.event_count, 1);
	lab_release(&lab);
}

static void a_full_repository_is_clean_and_counted(void **state)
{
	static const struct lab_options kinds[] = {
		{ DIGEST_MD5, false },
		{ DIGEST_XXH128, false },
		{ DIGEST_MD5, true },
		{ DIGEST_XXH128, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct muster_check_report *report = &findings.report;
		struct lab lab;

		lab_make(&lab, &kinds[i]);
		lab_fill(&lab);
		struct lab_keys packs = lab_list(&lab, "packs/");

		for (int quick = 0; quick < 2; quick++) {
			expect_clean(&lab, quick);
			assert_int_equal(report->log_count, 5);
			assert_int_equal(report->event_count, 1 + 2 + 2 + 4 + 103);
			assert_int_equal(report->checkpoint_count, 1);
			assert_int_equal(report->manifest_count, 4);
			assert_int_equal(report->pack_count, packs.count);
			assert_int_equal(report->index_count, 4);
			assert_true(report->leaf_count > 70);
			assert_true(report->entry_count > 4100 && report->entry_count < 5000);
			assert_int_equal(report->unreferenced_objects, 0);
			/* every 50th is a copy of the one before; the large one; what changed */
			assert_int_equal(report->blob_count, 3920 + 1 + 4 + 3 + 97 + 59);
			assert_true(report->checked_bytes > 5000000);
		}
		lab_keys_release(&packs);
		lab_release(&lab);
	}
}

/* Those that a version may need. */
static size_t count_objects(struct lab *lab)
{
	static const char *const prefixes[] = { "packs/", "leaves/", "manifests/" };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct lab_keys keys = lab_list(lab, prefixes[i]);

		count += keys.count;
		lab_keys_release(&keys);
	}
	return count;
}

static void work_that_was_abandoned_is_counted_and_no_finding(void **state)
{
	static const struct lab_version abandoned = { .name = "data",
						      .entry_count = 4000,
						      .salt = 9,
						      .has_long_paths = true,
						      .is_abandoned = true };
	struct lab lab;
	size_t before;

	(void)state;
	lab_make(&lab, NULL);
	lab_fill(&lab);
	before = count_objects(&lab);
	lab_save(&lab, &abandoned);
	expect_clean(&lab, false);
	/* packs, a manifest, and leaves that did not fit into it */
	assert_int_equal(findings.report.unreferenced_objects, count_objects(&lab) - before);
	assert_true(findings.report.unreferenced_objects >= 3);
	lab_release(&lab);
}

static void a_deleted_version_needs_nothing(void **state)
{
	static const struct lab_version only_here = { .name = "gone",
						      .entry_count = 10,
						      .salt = 77 };
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"),
					VIEW_LITERAL("gone") };
	struct collection *collection = NULL;
	struct lab lab;

	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &only_here);
	assert_int_equal(collection_open(&collection, lab.repository, &name, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(collection_delete_version(collection, 0, true, NULL), MUSTER_OK);
	collection_close(collection);
	expect_clean(&lab, false);
	assert_int_equal(findings.report.manifest_count, 0);
	assert_int_equal(findings.report.unreferenced_objects, 2);
	assert_int_equal(findings.report.blob_count, 10); /* its bytes are read all the same */
	assert_int_equal(collection_open(&collection, lab.repository, &name, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(collection_delete(collection, NULL), MUSTER_OK);
	collection_close(collection);
	expect_clean(&lab, false);
	lab_release(&lab);
}

static void leaves_that_versions_share_are_read_once(void **state)
{
	struct store_counts counts;
	struct store *counted = NULL;
	struct repository *repository = NULL;
	struct muster_check_options options = { .quick = true };
	struct muster_check_report report;
	uint64_t one, three;
	struct lab lab;

	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){
			       .name = "data", .entry_count = 36000, .has_long_paths = true });
	assert_int_equal(store_count_new(&counted, lab.store, NULL), MUSTER_OK);
	assert_int_equal(repository_open(&repository, counted, effects_system(), NULL), MUSTER_OK);
	assert_int_equal(check_run(repository, &options, &report, NULL), MUSTER_OK);
	store_count_read(counted, &counts);
	one = counts.read.byte_count;
	for (unsigned i = 1; i < 3; i++) /* the last entries change: their leaf, and no other */
		lab_save(&lab, &(struct lab_version){ .name = "data",
						      .entry_count = 36000 + i,
						      .has_long_paths = true });
	assert_int_equal(check_run(repository, &options, &report, NULL), MUSTER_OK);
	store_count_read(counted, &counts);
	three = counts.read.byte_count - one;
	assert_int_equal(report.manifest_count, 3);
	assert_int_equal(report.finding_count, 0);
	/* Of each further version: the blocks, and the leaves of the last one for the digest. */
	assert_true(three < one + one / 3);
	repository_close(repository);
	repository_close(lab.repository);
	store_free(counted); /* and the one in it */
}

static void a_cancelled_check_says_so(void **state)
{
	struct muster_progress progress = { 0 };
	struct muster_check_options options = { .job.progress = &progress };
	struct muster_check_report report;
	struct muster_error err = { 0 };
	struct lab lab;

	(void)state;
	lab_make(&lab, NULL);
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 10 });
	atomic_store(&progress.cancel, true);
	assert_int_equal(check_run(lab.repository, &options, &report, &err), MUSTER_E_CANCELLED);
	assert_non_null(strstr(err.message, "interrupted"));
	atomic_store(&progress.cancel, false);
	assert_int_equal(check_run(lab.repository, &options, &report, &err), MUSTER_OK);
	lab_release(&lab);
}

static void progress_ends_where_the_totals_are(void **state)
{
	struct muster_progress progress = { 0 };
	struct muster_check_options options = { .job.progress = &progress };
	struct muster_check_report report;
	struct lab lab;

	(void)state;
	lab_make(&lab, NULL);
	lab_fill(&lab);
	assert_int_equal(check_run(lab.repository, &options, &report, NULL), MUSTER_OK);
	assert_true(progress.total_is_known);
	assert_int_equal(progress.total_files, report.pack_count);
	assert_int_equal(progress.done_files, report.pack_count);
	assert_int_equal(progress.done_bytes, progress.total_bytes);
	assert_int_equal(progress.read_bytes, report.checked_bytes);
	lab_release(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_repository_is_clean),
		cmocka_unit_test(a_full_repository_is_clean_and_counted),
		cmocka_unit_test(work_that_was_abandoned_is_counted_and_no_finding),
		cmocka_unit_test(a_deleted_version_needs_nothing),
		cmocka_unit_test(leaves_that_versions_share_are_read_once),
		cmocka_unit_test(a_cancelled_check_says_so),
		cmocka_unit_test(progress_ends_where_the_totals_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
