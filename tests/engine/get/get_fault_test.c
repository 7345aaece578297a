#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/store/fault.h"
#include "tests/engine/get/files.h"
#include "tests/support/torture.h"

/* --- cancelling ------------------------------------------------------------------------------ */

struct canceller {
	struct muster_progress progress;
	uint64_t left;
};

static bool cancel_after_some(const void *state, const char *path, uint64_t path_bytes,
			      bool is_directory)
{
	struct canceller *canceller = *(struct canceller *const *)state;

	(void)path;
	(void)path_bytes;
	if (!is_directory && --canceller->left == 0)
		atomic_store(&canceller->progress.cancel, true);
	return true;
}

static void an_interrupted_get_leaves_no_name_and_says_where_it_is(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct muster_get_options options = options_of(place);
	struct canceller canceller = { .left = 3 }, *pointer = &canceller;
	struct muster_error err = { 0 };

	options.job.progress = &canceller.progress;
	options.rules.wanted = cancel_after_some;
	options.rules.state = &pointer;
	get(place, &version, &options, MUSTER_E_CANCELLED, &err);
	assert_false(place_has(place->base, "tree"));
	assert_non_null(strstr(err.message, ".partial"));
	options.job.progress = NULL;
	options.rules.wanted = NULL;
	get(place, &version, &options, MUSTER_OK, NULL);
	assert_tree(place->tree, files, FILE_COUNT);
}

static char *partial_of(struct place *place)
{
	static char found[256];
	DIR *dir = opendir(place->base);
	struct dirent *entry;

	found[0] = '\0';
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ".partial"))
			snprintf(found, sizeof(found), "%.100s/%.100s", place->base, entry->d_name);
	closedir(dir);
	return found;
}

/* A run that failed as a whole leaves its work; the next one proves it, and goes on. */
static void the_same_command_continues(void **state)
{
	struct place *place = *state;
	struct version version = place_version(place, files, FILE_COUNT);
	struct get_start start = place_start(place, &version);
	struct muster_get_options options = options_of(place);
	struct muster_get_report report;
	struct muster_error err = { 0 };
	char *partial;

	options.job.worker_count = 1;
	start.sys = &place->sys.ops;
	place->sys.always[SYS_CALL_RENAMEAT2] = EIO; /* the root itself */
	place->sys.always[SYS_CALL_LINKAT] = EIO;    /* large files */
	assert_int_equal(get_run_with(&start, &options, &report, &err), MUSTER_E_IO);
	assert_false(place_has(place->base, "tree"));
	partial = partial_of(place);
	assert_true(*partial);
	place_write(partial, "a.txt", "al"); /* as if it had been killed while it wrote */
	report = get(place, &version, &options, MUSTER_OK, NULL);
	assert_tree(place->tree, files, FILE_COUNT);
	assert_int_equal(report.kept_files, FILE_COUNT - 2);
	assert_int_equal(report.written_files, 2);
	assert_string_equal(partial_of(place), "");
}

/* --- faults ---------------------------------------------------------------------------------- */

static const struct spec few[] = {
	{ "a", "alpha", 0, NULL },
	{ "d/b", "beta", 0, NULL },
	{ "d/e/c", "gamma", 0, NULL },
	{ "large", "large ", 5 * MIB, NULL },
};
#define FEW 4

/* Whatever call fails: the run or an item fails, no name has half the bytes, and the next run
 * makes all good. */
static void a_failing_system_call_leaves_nothing_half_done(void **state)
{
	static const int failures[] = { EIO, ENOSPC, EACCES };
	struct place *place = *state;
	struct version version = place_version(place, few, FEW);
	struct get_start start = place_start(place, &version);
	struct muster_get_options options = options_of(place);

	options.job.worker_count = 1;
	options.sync = true;
	start.sys = &place->sys.ops;
	for (uint64_t n = 1; n < 400; n += TORTURE_STEP) {
		struct muster_get_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		sys_fault_arm(&place->sys, n, failures[n % 3]);
		code = get_run_with(&start, &options, &report, &err);
		if (!atomic_load(&place->sys.hit)) {
			assert_int_equal(code, MUSTER_OK);
			assert_true(n > 20);
			return;
		}
		assert_true(code == MUSTER_OK || code == MUSTER_E_ITEMS || code == MUSTER_E_IO);
		if (place_has(place->base, "tree")) {
			for (size_t i = 0; i < FEW; i++)
				if (place_has(place->tree, few[i].path))
					assert_is_spec(place->tree, &few[i]);
			if (code == MUSTER_OK)
				assert_tree(place->tree, few, FEW);
		}
		sys_fault_arm(&place->sys, 0, 0);
		assert_int_equal(get_run_with(&start, &options, &report, &err), MUSTER_OK);
		assert_tree(place->tree, few, FEW);
		place_run("rm -rf %s", place->tree);
	}
	fail_msg("the calls never end");
}

/* Its host is lost at any moment: one message ends the run, no item is blamed, and once it is back
 * the same command makes all good. */
static void a_lost_store_ends_the_run(void **state)
{
	struct store_fault_options faults = { .length = UINT64_MAX,
					      .code = MUSTER_E_LOST,
					      .count_reads = true };
	struct place *place = *state;
	struct version version = place_version(place, few, FEW);
	struct muster_get_options options = options_of(place);
	struct get_start start;
	struct store *inner = place->store;
	bool is_hit = true;

	repository_close(place->repository);
	assert_int_equal(store_fault_new(&place->store, inner, &faults, NULL), MUSTER_OK);
	assert_int_equal(repository_open(&place->repository, place->store, effects_system(), NULL),
			 MUSTER_OK);
	start = place_start(place, &version);
	for (uint64_t n = 1; is_hit; n += TORTURE_STEP) {
		struct muster_verify_options verify = { .stored = true };
		struct muster_verify_report verified = { 0 };
		struct muster_get_report report = { 0 };
		struct muster_error err = { 0 };
		enum muster_code code;

		store_fault_arm(place->store, n);
		code = get_run_with(&start, &options, &report, &err);
		is_hit = store_fault_hit(place->store);
		assert_int_equal(code, is_hit ? MUSTER_E_LOST : MUSTER_OK);
		assert_int_equal(report.failed_items, 0);
		store_fault_arm(place->store, n);
		code = verify_run(place->repository, &version, "v", NULL, &verify, &verified, &err);
		assert_int_equal(code, store_fault_hit(place->store) ? MUSTER_E_LOST : MUSTER_OK);
		assert_int_equal(verified.missing + verified.changed + verified.unreadable, 0);
		store_fault_arm(place->store, 0);
		assert_int_equal(get_run_with(&start, &options, &report, &err), MUSTER_OK);
		assert_tree(place->tree, few, FEW);
		place_run("rm -rf %s", place->tree);
		assert_true(n < 400);
	}
}

/* Three calls for a small file of a directory that is open; packs are read in large pieces. */
static void small_files_cost_three_system_calls_each(void **state)
{
	enum { COUNT = 2000, DIRECTORIES = 4 };
	struct place *place = *state;
	struct spec *specs = calloc(COUNT, sizeof(*specs));
	char(*texts)[2][48] = calloc(COUNT, sizeof(*texts));
	struct muster_get_options options = options_of(place);
	struct muster_get_report report;
	struct get_start start;
	struct version version;

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(texts[i][0], 48, "d%u/f%05u", i % DIRECTORIES, i);
		snprintf(texts[i][1], 48, "content %u ", i);
		specs[i] = (struct spec){ texts[i][0], texts[i][1], 1000, NULL };
	}
	version = place_version(place, specs, COUNT);
	start = place_start(place, &version);
	start.sys = &place->sys.ops;
	start.cache_dir = NULL;
	options.job.worker_count = 1;
	sys_fault_arm(&place->sys, 0, 0);
	sys_fault_arm(&place->store_sys, 0, 0);
	assert_int_equal(get_run_with(&start, &options, &report, NULL), MUSTER_OK);
	assert_int_equal(report.written_files, COUNT);
	assert_int_equal(place->sys.calls[SYS_CALL_WRITE] + place->sys.calls[SYS_CALL_WRITEV],
			 COUNT);
	assert_in_range(place->sys.calls[SYS_CALL_OPENAT], COUNT, COUNT + 4 * DIRECTORIES);
	assert_in_range(place->sys.calls[SYS_CALL_CLOSE], COUNT, COUNT + 4 * DIRECTORIES);
	assert_int_equal(place->sys.calls[SYS_CALL_FSTATAT], 0);
	assert_in_range(place->store_sys.call_count, 1, COUNT / 40);
	/* with a cache one more: the stat that is remembered */
	start.cache_dir = place->cache;
	place_run("rm -rf %s", place->tree);
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(get_run_with(&start, &options, &report, NULL), MUSTER_OK);
	assert_int_equal(place->sys.calls[SYS_CALL_FSTATAT], COUNT);
	free(texts);
	free(specs);
}

int main(void)
{
#define MEMORY(test) cmocka_unit_test_setup_teardown(test, open_memory, close_place)
#define LOCAL(test)  cmocka_unit_test_setup_teardown(test, open_local, close_place)
	const struct CMUnitTest tests[] = {
		MEMORY(an_interrupted_get_leaves_no_name_and_says_where_it_is),
		MEMORY(the_same_command_continues),
		MEMORY(a_failing_system_call_leaves_nothing_half_done),
		MEMORY(a_lost_store_ends_the_run),
		LOCAL(small_files_cost_three_system_calls_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
