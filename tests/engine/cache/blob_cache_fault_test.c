#include "tests/engine/cache/lab.h"

#include <errno.h>

#include "tests/support/torture.h"

#define STEPS_MAX 3000

/* Some blobs that are there, some that are not, a large one; true if all that is found is right,
 * which has() asserts. */
static void use_some(struct lab *lab)
{
	if (lab_try_open(lab))
		return;
	for (unsigned i = 0; i < 20; i++)
		if (!has(lab, i, KIB))
			put(lab, i, KIB);
	if (!has(lab, 1000, LAB_LARGE))
		put(lab, 1000, LAB_LARGE);
	lab_close(lab);
}

/* Whatever happened before: a run from here on keeps all, and the next one finds it. */
static void assert_works(struct lab *lab)
{
	lab_open(lab);
	for (unsigned i = 0; i < 20; i++)
		if (!has(lab, i, KIB))
			put(lab, i, KIB);
	if (!has(lab, 1000, LAB_LARGE))
		put(lab, 1000, LAB_LARGE);
	lab_close(lab);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 20, KIB), 20);
	assert_true(has(lab, 1000, LAB_LARGE));
	lab_close(lab);
	assert_string_equal(lab->use.note, "");
}

static void prepare(struct lab *lab)
{
	lab_run("rm -rf '%s'", lab->directory);
	put_run(lab, 0, 10, KIB);
}

/* --- a call that fails ------------------------------------------------------------------------ */

static void any_call_may_fail(void **state)
{
	static const int failures[] = { ENOSPC, EIO };
	struct lab *lab = *state;

	for (size_t i = 0; i < 2; i++) {
		unsigned n = 1;

		for (bool was_hit = true; was_hit && n < STEPS_MAX; n += TORTURE_STEP) {
			prepare(lab);
			sys_fault_arm(&lab->sys, n, failures[i]);
			use_some(lab);
			was_hit = atomic_load(&lab->sys.hit);
			sys_fault_arm(&lab->sys, 0, 0);
			assert_works(lab);
		}
		assert_in_range(n, 50, STEPS_MAX - 1);
	}
}

/* --- a process that is killed ----------------------------------------------------------------- */

static void a_run_may_be_killed_at_any_call(void **state)
{
	struct lab *lab = *state;
	unsigned n = 1;

	for (bool was_killed = true; was_killed && n < STEPS_MAX; n += TORTURE_STEP) {
		int status;
		pid_t child;

		prepare(lab);
		child = fork();
		assert_true(child >= 0);
		if (!child) {
			lab->sys.exits = true;
			sys_fault_arm(&lab->sys, n, EIO);
			use_some(lab);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		was_killed = WEXITSTATUS(status) == 99;
		each_file(lab, "tmp", make_old);
		assert_works(lab);
		assert_int_equal(info(lab).temporary_count, 0);
	}
	assert_in_range(n, 50, STEPS_MAX - 1);
}

/* --- no memory -------------------------------------------------------------------------------- */

static void any_allocation_may_fail(void **state)
{
	struct lab *lab = *state;
	unsigned n = 1;

	for (bool was_hit = true; was_hit && n < STEPS_MAX; n += TORTURE_STEP) {
		prepare(lab);
		torture_allocation(n);
		use_some(lab);
		was_hit = torture_hit();
		torture_off();
		assert_works(lab);
	}
	assert_in_range(n, 10, STEPS_MAX - 1);
}

/* --- places that are no good ------------------------------------------------------------------ */

static void a_full_disk_means_that_nothing_is_added(void **state)
{
	struct lab *lab = *state;

	put_run(lab, 0, 10, KIB);
	lab->sys.always[SYS_CALL_WRITEV] = lab->sys.always[SYS_CALL_WRITE] = ENOSPC;
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, KIB), 10);
	put(lab, 10, MIB);
	put(lab, 11, LAB_LARGE);
	lab_close(lab);
	assert_non_null(strstr(lab->use.note, "No space left on device"));
	lab->sys.always[SYS_CALL_WRITEV] = lab->sys.always[SYS_CALL_WRITE] = 0;
	assert_int_equal(each_file(lab, "tmp", NULL), 0);
	assert_works(lab);
}

static void a_read_only_cache_is_read(void **state)
{
	static const enum sys_call writes[] = { SYS_CALL_RENAMEAT2, SYS_CALL_LINKAT,
						SYS_CALL_UNLINKAT,  SYS_CALL_MKDIRAT,
						SYS_CALL_TOUCHAT,   SYS_CALL_WRITE,
						SYS_CALL_WRITEV };
	struct lab *lab = *state;

	put_run(lab, 0, 10, KIB);
	lab_run("rm '%s'/index/*", lab->directory); /* not even an index can be made */
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		lab->sys.always[writes[i]] = EROFS;
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, KIB), 10);
	put(lab, 10, KIB);
	lab_close(lab);
	assert_int_equal(lab->use.hit_blobs, 10);
	assert_non_null(strstr(lab->use.note, "Read-only file system"));
}

static void a_place_that_cannot_be_made_is_no_cache(void **state)
{
	struct lab *lab = *state;
	struct blob_cache_options options = lab_options(lab);
	struct muster_error err = { 0 };

	lab_run("touch '%s/a'", lab->base);
	assert_int_equal(blob_cache_open(&lab->cache, &options, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, lab->directory));
}

/* --- what it costs ---------------------------------------------------------------------------- */

/* 4 KiB blobs: adding costs a write for sixteen, finding three short reads. */
static void calls_for_a_blob_are_few(void **state)
{
	struct lab *lab = *state;
	uint64_t calls;

	lab_open(lab);
	sys_fault_arm(&lab->sys, 0, 0);
	for (unsigned i = 0; i < 1000; i++)
		put(lab, i, 4 * KIB);
	lab_close(lab);
	calls = atomic_load(&lab->sys.call_count);
	assert_in_range(calls, 60, 200);
	lab_open(lab);
	sys_fault_arm(&lab->sys, 0, 0);
	assert_int_equal(has_count(lab, 0, 1000, 4 * KIB), 1000);
	calls = atomic_load(&lab->sys.call_count);
	assert_in_range(calls, 3000, 3100);
	assert_int_equal(atomic_load(&lab->sys.calls[SYS_CALL_TOUCHAT]),
			 each_file(lab, "packs", NULL));
	lab_close(lab);
}

static int set_up(void **state)
{
	struct lab *lab = malloc(sizeof(*lab));

	lab_init(lab);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	lab_release(*state);
	free(*state);
	return 0;
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LAB_TEST(any_call_may_fail),
		LAB_TEST(a_run_may_be_killed_at_any_call),
		LAB_TEST(any_allocation_may_fail),
		LAB_TEST(a_full_disk_means_that_nothing_is_added),
		LAB_TEST(a_read_only_cache_is_read),
		LAB_TEST(a_place_that_cannot_be_made_is_no_cache),
		LAB_TEST(calls_for_a_blob_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
