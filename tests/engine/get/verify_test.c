#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/encode.h"
#include "tests/engine/get/place.h"

#define MIB (1u << 20)

static const struct spec files[] = {
	{ "a.txt", "alpha", 0, NULL },		 { "dir/b", "beta", 0, NULL },
	{ "dir/deep/c", "gamma ", 70000, NULL }, { "dir-more/d", "delta", 0, NULL },
	{ "large", "epsilon ", 9 * MIB, NULL },	 { "z/e", "zeta", 0, NULL },
};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

/* Everything that was reported, as "kind path", sorted. */
struct drift {
	size_t count;
	char items[64][80];
	struct muster_error error; /* the last one */
};

static void on_drift(void *state, enum muster_drift_kind kind, const char *path,
		     uint64_t path_bytes, const struct muster_error *error)
{
	static const char *const kinds[] = { "missing", "changed", "extra", "unreadable" };
	struct drift *drift = state;

	assert_true(drift->count < 64);
	snprintf(drift->items[drift->count++], 80, "%s %.*s", kinds[kind], (int)path_bytes, path);
	assert_true((error != NULL) >= (kind == MUSTER_DRIFT_UNREADABLE));
	if (error)
		drift->error = *error;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct verified {
	struct place *place;
	struct version version;
};

static int open_with(void **state, bool is_local)
{
	struct verified *it = calloc(1, sizeof(*it));

	it->place = place_new(is_local);
	it->version = place_version(it->place, files, FILE_COUNT);
	*state = it;
	return 0;
}

static int open_memory(void **state)
{
	return open_with(state, false);
}

static int close_place(void **state)
{
	struct verified *it = *state;

	place_free(it->place);
	free(it);
	return 0;
}

static void get(const struct verified *it)
{
	struct muster_get_options options = { .job = { .worker_count = 2 },
					      .directory = it->place->tree };
	struct get_start start = place_start(it->place, &it->version);
	struct muster_get_report report;
	struct muster_error err = { 0 };

	if (get_run_with(&start, &options, &report, &err))
		fail_msg("%s", err.message);
}

static struct muster_verify_options options_of(const struct verified *it)
{
	return (struct muster_verify_options){ .job = { .worker_count = 2 },
					       .directory = it->place->tree };
}

static struct muster_verify_report verify(const struct verified *it,
					  const struct muster_verify_options *given,
					  struct drift *drift)
{
	struct muster_verify_options options = *given;
	struct muster_verify_report report;
	struct muster_error err = { 0 };

	*drift = (struct drift){ 0 };
	options.on_drift = on_drift;
	options.on_drift_state = drift;
	if (verify_run(it->place->repository, &it->version, "me/tests/data:v1", it->place->cache,
		       &options, &report, &err))
		fail_msg("%s", err.message);
	qsort(drift->items, drift->count, sizeof(drift->items[0]), compare_items);
	assert_int_equal(report.missing + report.changed + report.extra + report.unreadable,
			 drift->count);
	return report;
}

static void assert_drift(const struct drift *drift, const char *const *expected)
{
	size_t count = 0;

	for (; expected[count]; count++) {
		if (count == drift->count)
			fail_msg("'%s' was not reported", expected[count]);
		assert_string_equal(drift->items[count], expected[count]);
	}
	if (drift->count > count)
		fail_msg("'%s' was reported", drift->items[count]);
}

static void a_tree_that_is_the_version_has_no_drift(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct muster_progress progress = { 0 };
	struct drift drift;

	get(it);
	options.job.progress = &progress;
	report = verify(it, &options, &drift);
	assert_int_equal(drift.count, 0);
	assert_int_equal(report.checked_files, FILE_COUNT);
	assert_int_equal(progress.done_files, FILE_COUNT);
	assert_int_equal(progress.read_files, FILE_COUNT); /* bytes, not stats */
	assert_int_equal(progress.read_bytes, report.checked_bytes);
}

static void all_drift_is_reported(void **state)
{
	struct verified *it = *state;
	const char *tree = it->place->tree;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct drift drift;

	get(it);
	place_write(tree, "a.txt", "alphb");
	place_write(tree, "dir/b", "longer");
	place_run("rm %s/dir/deep/c", tree);
	place_write(tree, "dir/extra", "x");
	place_write(tree, "dir-more/a", "x");
	place_run("printf X | dd of=%s/large bs=1 seek=5000000 conv=notrunc status=none", tree);
	place_run("ln -s nowhere %s/z/broken; ln -s .. %s/z/loop", tree, tree);
	place_run("mkfifo %s/z/pipe; mkdir -p %s/empty/dir", tree, tree);
	report = verify(it, &options, &drift);
	assert_drift(&drift, (const char *const[]){
				     "changed a.txt", "changed dir/b", "changed large",
				     "extra dir-more/a", "extra dir/extra", "missing dir/deep/c",
				     "unreadable z/broken", "unreadable z/loop", NULL });
	assert_int_equal(report.changed, 3);
	assert_int_equal(report.extra, 2);
	assert_int_equal(report.missing, 1);
	assert_int_equal(report.unreadable, 2);
}

/* Nobody stats a file beforehand: what is too short or too long is met while it is read, and of
 * what is far too long, or large, not all is. */
static void another_size_is_a_change_whatever_was_expected(void **state)
{
	static const char *const changes[] = {
		"truncate -s 0 a.txt",		"truncate -s 6 a.txt",	"truncate -s 40M a.txt",
		"truncate -s 69999 dir/deep/c", "truncate -s 9M dir/b", "truncate -s 9437183 large",
		"truncate -s 40M large",	"echo short > large",
	};
	struct verified *it = *state;
	const char *tree = it->place->tree;
	struct muster_verify_options options = options_of(it);

	get(it);
	place_run("cp -r %s %s.good", tree, tree);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct muster_progress progress = { 0 };
		struct drift drift;

		place_run("cd %s && %s", tree, changes[i]);
		options.job.progress = &progress;
		assert_int_equal(verify(it, &options, &drift).checked_files, FILE_COUNT);
		assert_int_equal(drift.count, 1);
		assert_memory_equal(drift.items[0], "changed ", 8);
		assert_int_equal(progress.read_files, FILE_COUNT - 1);
		assert_true(progress.read_bytes < 10 * MIB);
		place_run("rm -r %s; cp -r %s.good %s", tree, tree, tree);
	}
	place_run("rm -r %s.good", tree);
}

static void a_directory_in_a_file_s_place_is_missing_and_extra(void **state)
{
	struct verified *it = *state;
	const char *tree = it->place->tree;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	get(it);
	place_run("rm %s/a.txt %s/large; mkdir %s/a.txt %s/large", tree, tree, tree, tree);
	place_write(tree, "large/x", "x");
	verify(it, &options, &drift);
	assert_drift(&drift, (const char *const[]){ "extra large/x", "missing a.txt",
						    "missing large", NULL });
}

static void links_are_held_against_what_they_lead_to(void **state)
{
	struct verified *it = *state;
	const char *tree = it->place->tree;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	get(it);
	place_run("cd %s && for f in a.txt dir/b large; do mv $f z/of-$(basename $f) && "
		  "ln -s %s/z/of-$(basename $f) $f; done",
		  tree, tree);
	verify(it, &options, &drift);
	assert_drift(&drift, (const char *const[]){ "extra z/of-a.txt", "extra z/of-b",
						    "extra z/of-large", NULL });
	place_write(tree, "z/of-a.txt", "longer");
	place_write(tree, "z/of-b", "bet!");
	verify(it, &options, &drift);
	assert_drift(&drift,
		     (const char *const[]){ "changed a.txt", "changed dir/b", "extra z/of-a.txt",
					    "extra z/of-b", "extra z/of-large", NULL });
}

static void an_entry_may_do_without_a_size(void **state)
{
	static const struct spec specs[] = { { "a", "alpha", 0, NULL },
					     { "b", "beta ", 9 * MIB, NULL },
					     { "c", "gamma", 0, NULL } };
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	it->place->has_no_sizes = true;
	it->version = place_version(it->place, specs, 3);
	place_write(it->place->tree, "a", "alpha");
	place_write(it->place->tree, "c", "gamma, and more");
	place_run("yes 'beta ' | tr -d '\\n' | head -c %u > %s/b", 9 * MIB, it->place->tree);
	assert_int_equal(verify(it, &options, &drift).checked_files, 3);
	assert_drift(&drift, (const char *const[]){ "changed c", NULL });
}

static void an_empty_directory_misses_everything(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct muster_error err = { 0 };
	struct drift drift;

	assert_int_equal(
		verify_run(it->place->repository, &it->version, "v", NULL, &options, &report, &err),
		MUSTER_E_NAME);
	assert_int_equal(mkdir(it->place->tree, 0755), 0);
	report = verify(it, &options, &drift);
	assert_int_equal(report.missing, FILE_COUNT);
}

static void an_unreadable_directory_is_one_finding(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	if (geteuid() == 0)
		return; /* root reads everything */
	get(it);
	place_run("chmod 0 %s/dir %s/a.txt", it->place->tree, it->place->tree);
	verify(it, &options, &drift);
	assert_drift(&drift, (const char *const[]){ "unreadable a.txt", "unreadable dir", NULL });
	assert_int_equal(drift.error.sys_errno, EACCES);
}

/* Quick believes stats that are known, and sizes. */
static void quick_reads_nothing(void **state)
{
	struct verified *it = *state;
	const char *tree = it->place->tree;
	struct muster_verify_options options = options_of(it);
	struct muster_progress progress = { 0 };
	struct drift drift;

	get(it);
	options.quick = true;
	options.job.progress = &progress;
	verify(it, &options, &drift);
	assert_int_equal(drift.count, 0);
	place_write(tree, "a.txt", "alphb"); /* the same size: not seen */
	place_write(tree, "dir/b", "longer");
	place_run("rm %s/z/e; touch %s/x", tree, tree);
	verify(it, &options, &drift);
	assert_drift(&drift,
		     (const char *const[]){ "changed dir/b", "extra x", "missing z/e", NULL });
	assert_int_equal(progress.read_files, 0);
}

static bool not_dir(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	(void)state;
	return !(is_directory && path_bytes == 3 && memcmp(path, "dir", 3) == 0);
}

static void the_rules_hold_for_both_sides(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct drift drift;

	get(it);
	place_write(it->place->tree, "dir/extra", "x");
	place_run("rm %s/dir/b", it->place->tree);
	options.rules.wanted = not_dir;
	report = verify(it, &options, &drift);
	assert_int_equal(drift.count, 0);
	assert_int_equal(report.checked_files, FILE_COUNT - 2);
}

static void references_are_counted_and_not_looked_at(void **state)
{
	static const struct spec specs[] = { { "a", "x", 0, "s3://bucket/a" },
					     { "b", "x", 0, "s3://bucket/b" },
					     { "c", "gamma", 0, NULL } };
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct drift drift;

	it->version = place_version(it->place, specs, 3);
	place_write(it->place->tree, "a", "whatever");
	place_write(it->place->tree, "c", "gamma");
	report = verify(it, &options, &drift);
	assert_int_equal(drift.count, 0);
	assert_int_equal(report.skipped_references, 2);
	assert_int_equal(report.checked_files, 1);
	options.stored = true;
	report = verify(it, &options, &drift);
	assert_int_equal(report.skipped_references, 2);
	assert_int_equal(report.checked_files, 1);
}

static void the_root_is_compared_before_anything(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct muster_verify_report report;
	struct muster_error err = { 0 };
	char hex[65] = "";
	struct drift drift;

	get(it);
	hex_encode(hex, it->version.root, 32);
	options.root_hex = hex;
	verify(it, &options, &drift);
	hex[5] = hex[5] == '0' ? '1' : '0';
	assert_int_equal(
		verify_run(it->place->repository, &it->version, "v", NULL, &options, &report, &err),
		MUSTER_E_DIGEST);
	assert_int_equal(report.checked_files, 0);
	options.root_hex = "0123";
	assert_int_equal(
		verify_run(it->place->repository, &it->version, "v", NULL, &options, &report, &err),
		MUSTER_E_USAGE);
}

/* --- stored ------------------------------------------------------------------------------ */

static void stored_bytes_that_are_good_have_no_drift(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	options.stored = true;
	options.directory = NULL;
	assert_int_equal(verify(it, &options, &drift).checked_files, FILE_COUNT);
	assert_int_equal(drift.count, 0);
	options.quick = true;
	assert_int_equal(verify(it, &options, &drift).checked_files, FILE_COUNT);
	assert_int_equal(drift.count, 0);
}

/* Flip a byte where `text` is; remove the pack that has `lost`. */
static void damage(struct place *place, const char *text, const char *lost)
{
	struct place_keys packs = place_list(place, "packs/");

	for (size_t i = 0; i < packs.count; i++) {
		size_t at = place_offset_of(place, packs.keys[i], text);

		if (at != SIZE_MAX)
			place_flip(place, packs.keys[i], at);
		else if (lost && place_offset_of(place, packs.keys[i], lost) != SIZE_MAX)
			assert_int_equal(store_remove(place->store, packs.keys[i], NULL),
					 MUSTER_OK);
	}
}

static void damaged_and_lost_bytes_are_drift(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct drift drift;

	options.stored = true;
	damage(it->place, "beta", "epsilon");
	for (int quick = 0; quick < 2; quick++) {
		options.quick = quick;
		verify(it, &options, &drift);
		assert_drift(&drift,
			     (const char *const[]){ "changed dir/b", "missing large", NULL });
	}
	damage(it->place, "gamma", NULL);
	verify(it, &options, &drift);
	assert_drift(&drift, (const char *const[]){ "changed dir/b", "changed dir/deep/c",
						    "missing large", NULL });
}

static void a_damaged_directory_of_a_pack_makes_its_blobs_unreadable(void **state)
{
	struct verified *it = *state;
	struct muster_verify_options options = options_of(it);
	struct place_keys packs = place_list(it->place, "packs/");
	struct drift drift;

	options.stored = true;
	for (size_t i = 0; i < packs.count; i++) {
		struct bytes bytes = { 0 };

		assert_int_equal(
			store_get(it->place->store, packs.keys[i], &bytes, 64u << 20, NULL),
			MUSTER_OK);
		if (place_offset_of(it->place, packs.keys[i], "beta") != SIZE_MAX)
			place_flip(it->place, packs.keys[i], bytes.len - 1);
		bytes_release(&bytes);
	}
	verify(it, &options, &drift);
	assert_int_equal(drift.count, FILE_COUNT - 1);
	assert_string_equal(drift.items[0], "unreadable a.txt");
}

/* --- cancelling, memory ------------------------------------------------------------------ */

struct canceller {
	struct muster_progress progress;
	int left;
};

static bool cancel_after_some(const void *state, const char *path, uint64_t path_bytes,
			      bool is_directory)
{
	struct canceller *canceller = *(struct canceller *const *)state;

	(void)path;
	(void)path_bytes;
	if (!is_directory && __atomic_sub_fetch(&canceller->left, 1, __ATOMIC_RELAXED) == 0)
		atomic_store(&canceller->progress.cancel, true);
	return true;
}

static void an_interrupted_verification_says_so_and_reports_nothing_false(void **state)
{
	struct verified *it = *state;

	get(it);
	for (int at = 1; at < 20; at++) {
		struct canceller canceller = { .left = at }, *pointer = &canceller;
		struct muster_verify_options options = options_of(it);
		struct muster_verify_report report;
		struct muster_error err = { 0 };
		struct drift drift = { 0 };
		enum muster_code code;

		options.stored = at % 2;
		options.job.progress = &canceller.progress;
		options.rules.wanted = cancel_after_some;
		options.rules.state = &pointer;
		options.on_drift = on_drift;
		options.on_drift_state = &drift;
		code = verify_run(it->place->repository, &it->version, "v", NULL, &options, &report,
				  &err);
		assert_int_equal(code, atomic_load(&canceller.progress.cancel) ? MUSTER_E_CANCELLED
									       : MUSTER_OK);
		assert_int_equal(drift.count, 0);
	}
}

int main(void)
{
#define PLACE(test) cmocka_unit_test_setup_teardown(test, open_memory, close_place)
	const struct CMUnitTest tests[] = {
		PLACE(a_tree_that_is_the_version_has_no_drift),
		PLACE(all_drift_is_reported),
		PLACE(another_size_is_a_change_whatever_was_expected),
		PLACE(a_directory_in_a_file_s_place_is_missing_and_extra),
		PLACE(links_are_held_against_what_they_lead_to),
		PLACE(an_entry_may_do_without_a_size),
		PLACE(an_empty_directory_misses_everything),
		PLACE(an_unreadable_directory_is_one_finding),
		PLACE(quick_reads_nothing),
		PLACE(the_rules_hold_for_both_sides),
		PLACE(references_are_counted_and_not_looked_at),
		PLACE(the_root_is_compared_before_anything),
		PLACE(stored_bytes_that_are_good_have_no_drift),
		PLACE(damaged_and_lost_bytes_are_drift),
		PLACE(a_damaged_directory_of_a_pack_makes_its_blobs_unreadable),
		PLACE(an_interrupted_verification_says_so_and_reports_nothing_false),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
