/* A copy whose target, or source, fails at any of its effects: nothing that was committed is lost,
 * and the same command goes on. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/engine/copy/lab.h"

#define EFFECTS_MAX 2000

/* MUSTER_EFFECTS=5: every fifth only. */
static uint64_t step(void)
{
	const char *given = getenv("MUSTER_EFFECTS");

	return given ? strtoull(given, NULL, 10) : 1;
}

/* Two versions of small files and a large one. */
static void make_versions(struct fixture *fixture)
{
	char path[32], text[64];

	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "d%d/f%02d", i % 3, i);
		snprintf(text, sizeof(text), "small file %d", i);
		fixture_write_text(fixture, path, text);
	}
	lab_write_random(fixture, "large", LAB_LARGE_BYTES, 1);
	fixture_put(fixture);
	fixture_write_text(fixture, "d0/f00", "changed");
	fixture_put(fixture);
}

static bool is_clean(enum muster_code code)
{
	return code == MUSTER_OK || code == MUSTER_E_IO || code == MUSTER_E_ITEMS;
}

/* The copy that comes after. What it reads is what no pack has. */
static struct muster_copy_report finish(struct fixture *fixture, struct lab_target *target)
{
	struct muster_copy_report report;

	lab_target_reopen(target);
	lab_assert_sound(target->repository);
	report = lab_must_copy(fixture->repository, target->repository,
			       &(struct lab_copy){ .all = true });
	assert_int_equal(lab_version_count(target->repository, "data"), 2);
	lab_assert_equal(fixture->repository, "data", 0, target->repository, "data", 0);
	lab_assert_equal(fixture->repository, "data", 1, target->repository, "data", 1);
	lab_assert_sound(target->repository);
	return report;
}

/* From effect `at` on, `length` of them fail. False: the copy was over before. */
static bool copy_with_faults(struct fixture *fixture, struct lab_target *target, uint64_t at)
{
	struct muster_copy_report report;
	struct muster_error err = { 0 };
	enum muster_code code;

	lab_target_open(target, NULL);
	store_fault_arm(target->store, at);
	code = lab_copy(fixture->repository, target->repository, &(struct lab_copy){ .all = true },
			&report, &err);
	if (!is_clean(code))
		fail_msg("effect %llu: %d: %s", (unsigned long long)at, code, err.message);
	return store_fault_hit(target->store);
}

/* Nothing more comes to the store: to it that is what a death is. */
static void a_death_at_any_effect_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	uint64_t at, least_read = UINT64_MAX, adopted = 0;
	bool is_hit = true;

	make_versions(fixture);
	for (at = 1; is_hit && at < EFFECTS_MAX; at += step()) {
		struct lab_target target = { .faults = { .length = UINT64_MAX / 2 } };
		struct muster_copy_report report;

		is_hit = copy_with_faults(fixture, &target, at);
		report = finish(fixture, &target);
		adopted += report.adopted_packs;
		if (report.read_bytes < least_read)
			least_read = report.read_bytes;
		lab_target_close(&target);
	}
	assert_in_range(at, 20, EFFECTS_MAX - 1);
	if (step() == 1) { /* packs without an index are found, if one died just there */
		assert_true(adopted > 0);
		assert_int_equal(least_read, 0);
	}
}

static void one_failure_at_any_effect_loses_nothing(void **state)
{
	struct fixture *fixture = *state;

	make_versions(fixture);
	for (int after = 0; after < 2; after++) { /* after: only the answer is lost */
		bool is_hit = true;
		uint64_t at;

		for (at = 1 + (uint64_t)after; is_hit && at < EFFECTS_MAX; at += 2 * step()) {
			struct lab_target target = { .faults = { .after = after } };

			is_hit = copy_with_faults(fixture, &target, at);
			finish(fixture, &target);
			lab_target_close(&target);
		}
		assert_in_range(at, 20, EFFECTS_MAX - 1);
	}
}

/* Reads of the target fail, too: index, packs to adopt, logs. */
static void a_target_that_cannot_be_read_is_no_lost_copy(void **state)
{
	struct fixture *fixture = *state;
	bool is_hit = true;
	uint64_t at;

	make_versions(fixture);
	for (at = 1; is_hit && at < EFFECTS_MAX; at += 3 * step()) {
		struct lab_target target = { .faults = { .count_reads = true } };

		is_hit = copy_with_faults(fixture, &target, at);
		finish(fixture, &target);
		lab_target_close(&target);
	}
	assert_in_range(at, 40, EFFECTS_MAX - 1);
}

/* A source that fails once either is asked again, or the copy says so; it never copies wrongly. */
static void a_source_that_fails_is_told_and_copied_later(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target source = { .faults = { .count_reads = true } };
	bool is_hit = true;
	uint64_t at;

	make_versions(fixture);
	lab_target_open(&source, NULL);
	lab_must_copy(fixture->repository, source.repository, &(struct lab_copy){ .all = true });
	for (at = 1; is_hit && at < EFFECTS_MAX; at += step()) {
		struct lab_target target = { 0 };
		struct muster_copy_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		lab_target_open(&target, NULL);
		lab_target_reopen(&source);
		store_fault_arm(source.store, at);
		code = lab_copy(source.repository, target.repository,
				&(struct lab_copy){ .all = true }, &report, &err);
		is_hit = store_fault_hit(source.store);
		if (!is_clean(code))
			fail_msg("read %llu: %d: %s", (unsigned long long)at, code, err.message);
		store_fault_arm(source.store, 0);
		finish(fixture, &target);
		lab_target_close(&target);
	}
	assert_in_range(at, 20, EFFECTS_MAX - 1);
	lab_target_close(&source);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_death_at_any_effect_loses_nothing),
		T(one_failure_at_any_effect_loses_nothing),
		T(a_target_that_cannot_be_read_is_no_lost_copy),
		T(a_source_that_fails_is_told_and_copied_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
