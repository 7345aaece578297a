#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/engine/get/place.h"

#define MIB (1u << 20)

static const struct spec first[] = {
	{ "a.txt", "alpha", 0, NULL },       { "dir/b", "beta", 0, NULL },
	{ "dir/old/c", "gamma", 0, NULL },   { "dir/old/deep/d", "delta", 0, NULL },
	{ "large", "large ", 5 * MIB, NULL }, { "stays", "the same", 0, NULL },
};
static const struct spec second[] = {
	{ "a.txt", "ALPHA", 0, NULL },	 { "dir/b", "beta two", 0, NULL },
	{ "large", "other ", 6 * MIB, NULL }, { "new/e", "epsilon", 0, NULL },
	{ "stays", "the same", 0, NULL },
};
#define FIRST  (sizeof(first) / sizeof(first[0]))
#define SECOND (sizeof(second) / sizeof(second[0]))

struct both {
	struct place *place;
	struct version first, second;
};

static int open_place(void **state)
{
	struct both *both = calloc(1, sizeof(*both));

	both->place = place_new(false);
	both->first = place_version(both->place, first, FIRST);
	both->second = place_version(both->place, second, SECOND);
	*state = both;
	return 0;
}

static int close_place(void **state)
{
	struct both *both = *state;

	place_free(both->place);
	free(both);
	return 0;
}

static struct muster_checkout_options options_of(const struct both *both)
{
	return (struct muster_checkout_options){ .job = { .worker_count = 2 },
						 .directory = both->place->tree };
}

static struct muster_get_report checkout(const struct both *both, const struct version *version,
					 const struct muster_checkout_options *options,
					 enum muster_code expected, struct muster_error *err)
{
	struct get_start start = place_start(both->place, version);
	struct muster_error own = { 0 };
	struct muster_get_report report;
	enum muster_code code;

	if (!err)
		err = &own;
	*err = own;
	code = checkout_run_with(&start, options, &report, err);
	if (code != expected)
		fail_msg("code %d (%s), not %d", code, err->message, expected);
	assert_int_equal(err->code, code);
	return report;
}

static struct muster_get_report checkout_first(const struct both *both)
{
	struct muster_checkout_options options = options_of(both);

	return checkout(both, &both->first, &options, MUSTER_OK, NULL);
}

/* The tree as text: every path with its kind and content. */
static char *snapshot(const char *root)
{
	char command[600], *text = NULL;
	size_t len = 0;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "cd '%s' && find . -printf '%%p %%y %%l %%T@ ' \\( -type f -exec md5sum {} \\; -o "
		 "-printf '\\n' \\) | sort",
		 root);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	if (getdelim(&text, &len, '\0', pipe) < 0)
		text = strdup("");
	pclose(pipe);
	return text;
}

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
		{ "echo mine > mine", false, false, MUSTER_E_REFUSED, "1 file no checkout wrote" },
		{ "echo mine > mine", false, true, MUSTER_E_REFUSED, "'mine'" },
		{ "echo mine > mine", true, false, MUSTER_OK, NULL },
		{ "echo changed > a.txt", false, false, MUSTER_E_REFUSED, "--overwrite" },
		{ "echo changed > a.txt", true, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "echo changed > a.txt", false, true, MUSTER_OK, NULL },
		{ "printf ALPHB > a.txt", false, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "echo changed > dir/old/c", false, false, MUSTER_E_REFUSED, "'dir/old/c'" },
		{ "echo changed > dir/old/c", false, true, MUSTER_E_REFUSED, "'dir/old/c'" },
		{ "echo changed > dir/old/c", true, false, MUSTER_OK, NULL },
		{ "echo x > new", false, false, MUSTER_E_REFUSED, "'new'" },
		{ "echo x > new", true, false, MUSTER_OK, NULL },
		{ "rm a.txt; ln -s ../other/a a.txt", false, false, MUSTER_E_REFUSED, "'a.txt'" },
		{ "rm a.txt; ln -s ../other/a a.txt", false, true, MUSTER_OK, NULL },
		{ "ln -s nowhere broken", false, false, MUSTER_E_REFUSED, "'broken'" },
		{ "ln -s nowhere broken", true, false, MUSTER_OK, NULL },
		{ "ln -s ../other linked", false, false, MUSTER_E_REFUSED, "'linked'" },
		{ "ln -s ../other linked", true, false, MUSTER_OK, NULL },
		{ "rm -r dir; ln -s ../other dir", false, true, MUSTER_E_REFUSED, "'dir'" },
		{ "rm -r dir; ln -s ../other dir", true, false, MUSTER_OK, NULL },
		{ "rm -r dir; mv ../other dir; ln -s . loop", false, false, MUSTER_E_REFUSED, NULL },
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
		char *before, *after, *others;

		if (is_root && strstr(cases[i].command, "chmod"))
			continue; /* root looks into everything */
		place_write(both->place->other, "a", "somebody's");
		place_write(both->place->other, "b", "beta");
		checkout_first(both);
		place_run("cd %s; %s", tree, cases[i].command);
		options.delete_others = cases[i].delete_others;
		options.overwrite = cases[i].overwrite;
		before = snapshot(tree);
		others = snapshot(both->place->base);
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
		free(others);
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
	checkout(both, &both->first, &(struct muster_checkout_options){
		.job = { .worker_count = 2 }, .directory = both->place->tree }, MUSTER_OK, NULL);
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

/* --- random trees ----------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13, *random ^= *random >> 17, *random ^= *random << 5;
	return *random;
}

static const char *const names[] = { "a", "b/a", "b/b", "b/c/a", "b-c", "c/d/e/f", "d", "d.x/y",
				     "e", "e/x", "f/a", "f/b" };
#define NAMES (sizeof(names) / sizeof(names[0]))
static const char *const texts[] = { "one", "two", "six", "three" };

/* Which text every name has; -1: none. */
struct model {
	int text[NAMES];
};

/* "e" is a file or a directory. */
static void settle_clash(struct model *model)
{
	if (model->text[7] >= 0)
		model->text[8] = -1;
}

static struct model random_model(uint32_t *random)
{
	struct model model;

	for (size_t i = 0; i < NAMES; i++)
		model.text[i] = next_random(random) % 3 == 0 ? -1 : (int)(next_random(random) % 4);
	settle_clash(&model);
	return model;
}

static size_t model_specs(const struct model *model, struct spec *specs)
{
	size_t count = 0;

	for (size_t i = 0; i < NAMES; i++)
		if (model->text[i] >= 0)
			specs[count++] =
				(struct spec){ names[i], texts[model->text[i]], 0, NULL };
	return count;
}

static bool same_text(int a, int b)
{
	return a == b;
}

/* What the rules say of a tree `now`, which a checkout left as `left`, against `wanted`. */
static bool is_refused(const struct model *left, const struct model *now,
		       const struct model *wanted, bool delete_others, bool overwrite)
{
	for (size_t i = 0; i < NAMES; i++) {
		bool is_ours = now->text[i] >= 0 && same_text(now->text[i], left->text[i]);

		if (now->text[i] < 0 || same_text(now->text[i], wanted->text[i]) || is_ours)
			continue;
		if (wanted->text[i] >= 0 ? !overwrite : !delete_others)
			return true;
	}
	return false;
}

static void change_tree(const char *tree, struct model *now, uint32_t *random)
{
	struct model before = *now;

	for (size_t i = 0; i < NAMES; i++)
		if (next_random(random) % 4 == 0)
			now->text[i] = next_random(random) % 4 == 0 ? -1 : (int)(next_random(random) % 4);
	settle_clash(now);
	for (size_t i = 0; i < NAMES; i++)
		if (now->text[i] != before.text[i] && before.text[i] >= 0)
			place_run("rm %s/%s", tree, names[i]);
	if (now->text[7] >= 0)
		place_run("cd %s; [ ! -d e ] || rmdir e", tree);
	for (size_t i = 0; i < NAMES; i++)
		if (now->text[i] != before.text[i] && now->text[i] >= 0)
			place_write(tree, names[i], texts[now->text[i]]);
}

static void any_tree_becomes_the_version_or_stays_as_it_was(void **state)
{
	struct both *both = *state;
	const char *tree = both->place->tree;
	struct spec specs[NAMES];
	struct model left, now, wanted;
	uint32_t random = 2463534242u;
	unsigned refused = 0;
	struct version version;
	size_t count;

	left = now = random_model(&random);
	count = model_specs(&left, specs);
	version = place_version(both->place, specs, count);
	checkout(both, &version, &(struct muster_checkout_options){
		.job = { .worker_count = 2 }, .directory = tree }, MUSTER_OK, NULL);
	for (int round = 0; round < 120; round++) {
		struct muster_checkout_options options = options_of(both);
		bool is_expected;
		char *before, *after;

		if (next_random(&random) % 3 == 0)
			change_tree(tree, &now, &random);
		wanted = random_model(&random);
		count = model_specs(&wanted, specs);
		version = place_version(both->place, specs, count);
		options.delete_others = next_random(&random) % 2;
		options.overwrite = next_random(&random) % 2;
		is_expected = is_refused(&left, &now, &wanted, options.delete_others,
					 options.overwrite);
		before = snapshot(tree);
		checkout(both, &version, &options, is_expected ? MUSTER_E_REFUSED : MUSTER_OK, NULL);
		after = snapshot(tree);
		if (is_expected) {
			assert_string_equal(before, after);
			refused++;
		} else {
			assert_tree(tree, specs, count);
			left = now = wanted;
		}
		free(before);
		free(after);
	}
	assert_in_range(refused, 5, 110); /* both were met */
}

/* --- cancelling, faults ------------------------------------------------------------------------ */

struct canceller {
	struct muster_progress progress;
	atomic_int left;
};

static bool cancel_after_some(const void *state, const char *path, uint64_t path_bytes,
			      bool is_directory)
{
	struct canceller *canceller = *(struct canceller *const *)state;

	(void)path;
	(void)path_bytes;
	(void)is_directory;
	if (atomic_fetch_sub(&canceller->left, 1) == 1)
		atomic_store(&canceller->progress.cancel, true);
	return true;
}

/* Wherever it is cancelled, the same command continues. */
static void an_interrupted_checkout_continues(void **state)
{
	unsigned cancelled = 0;

	for (int at = 1; at < 200; at++) {
		struct both *both = *state;
		struct muster_checkout_options options = options_of(both);
		struct canceller canceller = { .left = at }, *pointer = &canceller;
		struct get_start start = place_start(both->place, &both->second);
		struct muster_get_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		checkout_first(both);
		options.job.progress = &canceller.progress;
		options.rules.wanted = cancel_after_some;
		options.rules.state = &pointer;
		code = checkout_run_with(&start, &options, &report, &err);
		assert_true(code == MUSTER_OK || code == MUSTER_E_CANCELLED);
		cancelled += code == MUSTER_E_CANCELLED;
		options = options_of(both);
		checkout(both, &both->second, &options, MUSTER_OK, NULL);
		assert_tree(both->place->tree, second, SECOND);
		checkout_first(both);
		if (code == MUSTER_OK && atomic_load(&canceller.left) > 0)
			break;
	}
	assert_true(cancelled > 10);
}

/* Whatever call fails, no file is half of anything; what is known of it stays true. */
static void a_failing_system_call_loses_nothing(void **state)
{
	for (uint64_t n = 1; n < 1000; n++) {
		struct both *both = *state;
		struct get_start start = place_start(both->place, &both->second);
		struct muster_checkout_options options = options_of(both);
		struct muster_get_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		checkout_first(both);
		options.job.worker_count = 1;
		start.sys = &both->place->sys.ops;
		sys_fault_arm(&both->place->sys, n, n % 2 ? EIO : ENOSPC);
		code = checkout_run_with(&start, &options, &report, &err);
		if (!atomic_load(&both->place->sys.hit)) {
			assert_int_equal(code, MUSTER_OK);
			assert_true(n > 20);
			return;
		}
		/* A file that could not be read is taken for changed. */
		assert_true(code == MUSTER_OK || code == MUSTER_E_ITEMS || code == MUSTER_E_IO ||
			    code == MUSTER_E_REFUSED);
		for (size_t i = 0; i < SECOND; i++) {
			struct stat st;
			char full[4200];

			place_path(both->place->tree, second[i].path, full);
			if (lstat(full, &st) == 0 && second[i].size)
				assert_true((uint64_t)st.st_size == first[4].size ||
					    (uint64_t)st.st_size == second[2].size);
		}
		options = options_of(both);
		checkout(both, &both->second, &options, MUSTER_OK, NULL);
		assert_tree(both->place->tree, second, SECOND);
	}
	fail_msg("the calls never end");
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
		PLACE(any_tree_becomes_the_version_or_stays_as_it_was),
		PLACE(an_interrupted_checkout_continues),
		PLACE(a_failing_system_call_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
