#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/engine/get/checkout.h"

static void a_directory_becomes_the_version_and_then_the_next(void **state)
{
	struct both *both = *state;
	const char *tree = both->place->tree;
	struct muster_checkout_options options = options_of(both);
	struct muster_progress progress = { 0 };
	struct muster_get_report report = checkout_first(both);

	assert_tree(tree, first, FIRST);
	assert_int_equal(report.written_files, FIRST);
	options.job.progress = &progress;
	report = checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_tree(tree, second, SECOND);
	assert_int_equal(report.kept_files, 1);
	assert_int_equal(report.written_files, 4);
	assert_int_equal(report.deleted_files, 2);
	assert_int_equal(report.entry_count, SECOND);
	assert_false(place_has(tree, "dir/old")); /* empty, so it went */
	assert_int_equal(progress.done_files, SECOND);
	assert_int_equal(progress.done_bytes, report.size_bytes);
	report = checkout(both, &both->first, &options, MUSTER_OK, NULL);
	assert_tree(tree, first, FIRST);
}

/* Nothing is read, nothing is written: the stats are known. */
static void a_checkout_of_what_is_there_does_nothing(void **state)
{
	struct both *both = *state;
	struct muster_checkout_options options = options_of(both);
	struct muster_progress progress = { 0 };
	struct muster_get_report report;
	char *before, *after;

	checkout_first(both);
	before = snapshot(both->place->tree);
	options.job.progress = &progress;
	report = checkout(both, &both->first, &options, MUSTER_OK, NULL);
	after = snapshot(both->place->tree);
	assert_string_equal(before, after);
	assert_int_equal(report.kept_files, FIRST);
	assert_int_equal(progress.read_files, 0);
	free(before);
	free(after);
}

static void what_others_did_stops_it_before_the_first_change(void **state)
{
	static const struct {
		const char *command; /* in the tree */
		bool delete_others, overwrite;
		enum muster_code expected;
		const char *message;
	} cases[] = {
		{ "echo mine > mine", false, false, MUSTER_E_REFUSED,
		  "--delete is needed to delete 1 file that no checkout wrote ('mine')" },
		{ "echo mine > mine", false, true, MUSTER_E_REFUSED, "'mine'" },
		{ "echo mine > mine", true, false, MUSTER_OK, NULL },
		{ "echo changed > a.txt", false, false, MUSTER_E_REFUSED,
		  ": --overwrite is needed to replace 1 changed file ('a.txt')" },
		{ "echo changed > a.txt", true, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "echo changed > a.txt", false, true, MUSTER_OK, NULL },
		{ "printf ALPHB > a.txt", false, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "echo changed > dir/old/c", false, false, MUSTER_E_REFUSED,
		  ": --delete is needed to delete 1 changed file ('dir/old/c')" },
		{ "echo changed > dir/old/c", false, true, MUSTER_E_REFUSED, "'dir/old/c'" },
		{ "echo changed > dir/old/c", true, false, MUSTER_OK, NULL },
		{ "echo x > new", false, false, MUSTER_E_REFUSED,
		  ": --delete is needed to delete 1 file that no checkout wrote ('new')" },
		{ "echo mine > mine; echo x > a.txt", false, false, MUSTER_E_REFUSED,
		  ": --overwrite and --delete are needed, to replace 1 changed file ('a.txt') and "
		  "to delete 1 file that no checkout wrote ('mine')" },
		{ "echo x > 1; echo x > 2; echo x > dir/old/c", false, false, MUSTER_E_REFUSED,
		  ": --delete is needed to delete 1 changed file ('dir/old/c') and 2 files that no "
		  "checkout wrote ('1', '2')" },
		{ "for i in 1 2 3 4; do echo x > 0123456789012345678901234567890123456789$i; done",
		  false, false, MUSTER_E_REFUSED,
		  "4 files that no checkout wrote "
		  "('0123456789012345678901234567890123456789...', ...)" },
		{ "echo x > new", true, false, MUSTER_OK, NULL },
		{ "rm a.txt; ln -s ../other/a a.txt", false, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "rm a.txt; ln -s ../other/a a.txt", false, true, MUSTER_OK, NULL },
		{ "ln -s nowhere broken", false, false, MUSTER_E_REFUSED, "'broken'" },
		{ "ln -s nowhere broken", true, false, MUSTER_OK, NULL },
		{ "ln -s ../other linked", false, false, MUSTER_E_REFUSED, "'linked'" },
		{ "ln -s ../other linked", true, false, MUSTER_OK, NULL },
		{ "rm -r dir; ln -s ../other dir", false, true, MUSTER_E_REFUSED, "'dir'" },
		{ "rm -r dir; ln -s ../other dir", true, false, MUSTER_OK, NULL },
		{ "rm -r dir; mv ../other dir; ln -s . loop", false, false, MUSTER_E_REFUSED,
		  NULL },
		{ "mkdir x; chmod 0 x", true, true, MUSTER_E_REFUSED, "looked into" },
		/* what is not in the way */
		{ "rm a.txt", false, false, MUSTER_OK, NULL },
		{ "rm -r dir", false, false, MUSTER_OK, NULL },
		{ "touch a.txt dir/old/c", false, false, MUSTER_OK, NULL },
		{ "printf ALPHA > a.txt", false, false, MUSTER_OK, NULL },
		{ "mkdir -p new/e", false, false, MUSTER_OK, NULL },
		{ "mkdir -p empty/directory", false, false, MUSTER_OK, NULL },
	};
	bool is_root = geteuid() == 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct both *both = *state;
		const char *tree = both->place->tree;
		struct muster_checkout_options options = options_of(both);
		struct muster_error err;
		char *before, *after;

		if (is_root && strstr(cases[i].command, "chmod"))
			continue; /* root looks into everything */
		place_write(both->place->other, "a", "somebody's");
		place_write(both->place->other, "b", "beta");
		checkout_first(both);
		place_run("cd %s; %s", tree, cases[i].command);
		options.delete_others = cases[i].delete_others;
		options.overwrite = cases[i].overwrite;
		before = snapshot(tree);
		checkout(both, &both->second, &options, cases[i].expected, &err);
		after = snapshot(tree);
		if (cases[i].expected == MUSTER_OK) {
			assert_tree(tree, second, SECOND);
			assert_text(both->place->other, "a", "somebody's");
		} else if (strcmp(before, after) != 0) {
			fail_msg("case %zu was refused and changed:\n%s\n%s", i, before, after);
		}
		if (cases[i].message && !strstr(err.message, cases[i].message))
			fail_msg("case %zu: '%s' does not tell '%s'", i, err.message,
				 cases[i].message);
		free(before);
		free(after);
		close_place(state);
		open_place(state);
	}
}

static void equal_files_are_adopted_whoever_wrote_them(void **state)
{
	struct both *both = *state;
	struct muster_checkout_options options = options_of(both);
	struct muster_get_report report;

	for (size_t i = 0; i < FIRST; i++)
		if (!first[i].size)
			place_write(both->place->tree, first[i].path, first[i].text);
	report = checkout(both, &both->first, &options, MUSTER_OK, NULL);
	assert_int_equal(report.kept_files, FIRST - 1);
	report = checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_tree(both->place->tree, second, SECOND);
}

/* Without memory of earlier checkouts only equal files are safe. */
static void without_a_cache_nothing_is_a_checkout_s_own(void **state)
{
	struct both *both = *state;
	struct get_start start = place_start(both->place, &both->second);
	struct muster_checkout_options options = options_of(both);
	struct muster_get_report report;
	struct muster_error err = { 0 };

	checkout_first(both);
	start.cache_dir = NULL;
	assert_int_equal(checkout_run_with(&start, &options, &report, &err), MUSTER_E_REFUSED);
	assert_tree(both->place->tree, first, FIRST);
	start.version = &both->first;
	assert_int_equal(checkout_run_with(&start, &options, &report, &err), MUSTER_OK);
	options.delete_others = options.overwrite = true;
	start.version = &both->second;
	assert_int_equal(checkout_run_with(&start, &options, &report, &err), MUSTER_OK);
	assert_tree(both->place->tree, second, SECOND);
}

static void max_delete_stops_it_before_the_first_change(void **state)
{
	struct both *both = *state;
	struct muster_checkout_options options = options_of(both);

	checkout_first(both);
	options.max_delete = 1;
	checkout(both, &both->second, &options, MUSTER_E_REFUSED, NULL);
	assert_tree(both->place->tree, first, FIRST);
	options.max_delete = 2;
	checkout(both, &both->second, &options, MUSTER_OK, NULL);
}

static void a_dry_run_tells_and_changes_nothing(void **state)
{
	struct both *both = *state;
	struct muster_checkout_options options = options_of(both);
	struct muster_get_report report;
	char *before, *after;

	options.dry_run = true;
	report = checkout(both, &both->first, &options, MUSTER_OK, NULL);
	assert_int_equal(report.written_files, FIRST);
	assert_false(place_has(both->place->base, "tree"));
	checkout_first(both);
	before = snapshot(both->place->tree);
	report = checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_int_equal(report.written_files, 4);
	assert_int_equal(report.deleted_files, 2);
	assert_int_equal(report.kept_files, 1);
	after = snapshot(both->place->tree);
	assert_string_equal(before, after);
	place_write(both->place->tree, "mine", "mine");
	checkout(both, &both->second, &options, MUSTER_E_REFUSED, NULL);
	free(before);
	free(after);
}

static void what_goes_is_moved_into_the_backup(void **state)
{
	struct both *both = *state;
	const char *other = both->place->other;
	struct muster_checkout_options options = options_of(both);
	struct place_failures failures = { 0 };
	char backup[96];

	snprintf(backup, sizeof(backup), "%s/made/now", other);
	checkout_first(both);
	place_write(both->place->tree, "mine", "mine");
	place_run("ln -s target %s/sym", both->place->tree);
	options.backup_dir = backup;
	options.delete_others = true;
	checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_tree(both->place->tree, second, SECOND);
	assert_text(backup, "a.txt", "alpha");
	assert_text(backup, "dir/b", "beta");
	assert_text(backup, "dir/old/deep/d", "delta");
	assert_text(backup, "mine", "mine");
	assert_is_spec(backup, &first[4]);
	assert_true(place_has(backup, "sym"));
	assert_false(place_has(backup, "stays"));
	/* never over anything: the second time these names are taken */
	checkout(both, &both->first,
		 &(struct muster_checkout_options){ .job = { .worker_count = 2 },
						    .directory = both->place->tree },
		 MUSTER_OK, NULL);
	options.job.on_failure = place_on_failure;
	options.job.on_failure_state = &failures;
	checkout(both, &both->second, &options, MUSTER_E_ITEMS, NULL);
	assert_int_equal(failures.count, 5);
	assert_text(backup, "a.txt", "alpha");
	assert_text(both->place->tree, "a.txt", "alpha"); /* left as it was */
	assert_text(both->place->tree, "new/e", "epsilon");
	/* and what was left is still known as a checkout's */
	options.backup_dir = NULL;
	options.delete_others = false;
	checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_tree(both->place->tree, second, SECOND);
}

static void a_backup_on_another_file_system_is_copied(void **state)
{
	struct both *both = *state;
	struct muster_checkout_options options = options_of(both);
	struct get_start start = place_start(both->place, &both->second);
	struct muster_get_report report;
	struct muster_error err = { 0 };
	char backup[96];

	snprintf(backup, sizeof(backup), "%s/backup", both->place->other);
	checkout_first(both);
	place_run("ln -s target %s/sym", both->place->tree);
	options.backup_dir = backup;
	options.delete_others = true;
	/* Every rename says so; large files do not get their names then. */
	both->place->sys.always[SYS_CALL_RENAMEAT2] = EXDEV;
	start.sys = &both->place->sys.ops;
	checkout_run_with(&start, &options, &report, &err);
	assert_text(backup, "dir/old/c", "gamma");
	assert_text(backup, "a.txt", "alpha");
	assert_true(place_has(backup, "sym"));
	assert_false(place_has(both->place->tree, "dir/old/c"));
	assert_false(place_has(both->place->tree, "sym"));
}

static void bad_places_are_refused(void **state)
{
	struct both *both = *state;
	struct place *place = both->place;
	struct muster_checkout_options options = options_of(both);
	char path[160];

	options.delete_others = options.overwrite = true;
	options.directory = "/";
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	options.directory = "/proc"; /* a mount point */
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	place_write(place->other, "home/mine", "mine");
	snprintf(path, sizeof(path), "%s/home", place->other);
	setenv("HOME", path, 1);
	options.directory = path;
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	snprintf(path, sizeof(path), "%s/home/../home/", place->other);
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	snprintf(path, sizeof(path), "%s/home/mine", place->other);
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	assert_text(place->other, "home/mine", "mine");
	unsetenv("HOME");
	options.directory = place->tree;
	options.backup_dir = place->base;
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	snprintf(path, sizeof(path), "%s/backup", place->tree);
	options.backup_dir = path;
	checkout(both, &both->first, &options, MUSTER_E_REFUSED, NULL);
	assert_false(place_has(place->base, "tree"));
}

/* A local repository: not in it, not above it. */
static void the_repository_is_never_a_target(void **unused)
{
	struct place *place = place_new(true);
	struct both both = { .place = place, .first = place_version(place, first, FIRST) };
	struct muster_checkout_options options = options_of(&both);
	struct muster_error err;
	char path[160], *before, *after;

	(void)unused;
	options.delete_others = options.overwrite = true;
	before = snapshot(place->repo);
	options.directory = place->repo;
	checkout(&both, &both.first, &options, MUSTER_E_REFUSED, NULL);
	snprintf(path, sizeof(path), "%s/packs/x", place->repo);
	options.directory = path;
	checkout(&both, &both.first, &options, MUSTER_E_REFUSED, NULL);
	options.directory = place->base;
	checkout(&both, &both.first, &options, MUSTER_E_REFUSED, &err);
	assert_non_null(strstr(err.message, "'repo'"));
	after = snapshot(place->repo);
	assert_string_equal(before, after);
	free(before);
	free(after);
	place_free(place);
}

static bool only_dir(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	struct view text = view_of(path, path_bytes);

	(void)state;
	(void)is_directory;
	return view_equal(text, VIEW_LITERAL("dir")) ||
	       view_starts_with(text, VIEW_LITERAL("dir/"));
}

static void what_the_rules_leave_out_is_neither_touched_nor_forgotten(void **state)
{
	struct both *both = *state;
	const char *tree = both->place->tree;
	struct muster_checkout_options options = options_of(both);
	struct muster_get_report report;

	checkout_first(both);
	place_write(tree, "mine", "mine");
	options.rules.wanted = only_dir;
	report = checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_int_equal(report.entry_count, 1);
	assert_int_equal(report.deleted_files, 2);
	assert_text(tree, "dir/b", "beta two");
	assert_text(tree, "a.txt", "alpha");
	assert_text(tree, "mine", "mine");
	assert_false(place_has(tree, "new"));
	place_run("rm %s/mine", tree);
	options.rules.wanted = NULL; /* the rest is still known as a checkout's */
	checkout(both, &both->second, &options, MUSTER_OK, NULL);
	assert_tree(tree, second, SECOND);
}

int main(void)
{
#define PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)
	const struct CMUnitTest tests[] = {
		PLACE(a_directory_becomes_the_version_and_then_the_next),
		PLACE(a_checkout_of_what_is_there_does_nothing),
		PLACE(what_others_did_stops_it_before_the_first_change),
		PLACE(equal_files_are_adopted_whoever_wrote_them),
		PLACE(without_a_cache_nothing_is_a_checkout_s_own),
		PLACE(max_delete_stops_it_before_the_first_change),
		PLACE(a_dry_run_tells_and_changes_nothing),
		PLACE(what_goes_is_moved_into_the_backup),
		PLACE(a_backup_on_another_file_system_is_copied),
		PLACE(bad_places_are_refused),
		cmocka_unit_test(the_repository_is_never_a_target),
		PLACE(what_the_rules_leave_out_is_neither_touched_nor_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
