/* Each allocation of a copy fails once: the right code, nothing leaks (AddressSanitizer), no hang,
 * and the same command makes the versions. */
#include "tests/engine/copy/lab.h"
#include "tests/support/torture.h"

#define ALLOCATIONS_MAX 5000

static void make_versions(struct fixture *fixture)
{
	fixture_write_text(fixture, "a", "alpha");
	fixture_write_text(fixture, "d/b", "beta");
	lab_write_random(fixture, "large", LAB_LARGE_BYTES, 1);
	fixture_put(fixture);
	fixture_write_text(fixture, "d/b", "gamma");
	fixture_put(fixture);
}

static void copy_tortured(struct fixture *fixture, struct repository *target,
			  const struct lab_copy *what)
{
	unsigned n = 1;
	bool is_done = false;

	for (; !is_done && n < ALLOCATIONS_MAX; n += TORTURE_STEP) {
		struct lab_target own = { 0 };
		struct muster_copy_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		if (!target)
			lab_target_open(&own, NULL);
		torture_allocation(n);
		code = lab_copy(fixture->repository, target ? target : own.repository, what,
				&report, &err);
		is_done = !torture_hit();
		torture_off();
		/* A file may fail alone. */
		if (code != MUSTER_OK && code != MUSTER_E_MEMORY && code != MUSTER_E_ITEMS)
			fail_msg("allocation %u: code %d, %s", n, code, err.message);
		if (!target) {
			lab_target_reopen(&own);
			lab_must_copy(fixture->repository, own.repository, what);
			assert_int_equal(lab_version_count(own.repository, "data"), 2);
			lab_assert_equal(fixture->repository, "data", 1, own.repository, "data", 1);
			lab_target_close(&own);
		}
	}
	assert_in_range(n, 50, ALLOCATIONS_MAX - 1);
}

static void a_copy_without_memory_fails_in_order(void **state)
{
	make_versions(*state);
	copy_tortured(*state, NULL, &(struct lab_copy){ .all = true, .worker_count = 1 });
}

static void a_copy_within_a_repository_without_memory_fails_in_order(void **state)
{
	struct fixture *fixture = *state;

	make_versions(fixture);
	copy_tortured(fixture, fixture->repository,
		      &(struct lab_copy){ .all = true, .as = "same", .worker_count = 1 });
	assert_int_equal(lab_version_count(fixture->repository, "same"), 2);
	lab_assert_equal(fixture->repository, "data", 1, fixture->repository, "same", 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_copy_without_memory_fails_in_order),
		T(a_copy_within_a_repository_without_memory_fails_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
