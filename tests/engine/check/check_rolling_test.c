/* Checks that roll: night after night, each with what the one before has left. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/check/marks_file.h"
#include "tests/engine/check/lab.h"

#define DAY_NS (86400 * UINT64_C(1000000000))

static struct lab lab;
static struct lab_findings findings;
static char directory[64], state_path[128];
static uint64_t now_ns;

static uint64_t told_wall_ns(void *state)
{
	(void)state;
	return now_ns;
}

/* Three packs of some 4 KiB each, and one of 4.3 MB. */
static int make(void **state)
{
	(void)state;
	now_ns = 20000 * DAY_NS;
	lab_make(&lab, NULL);
	lab.effects.wall_ns = told_wall_ns;
	for (unsigned i = 0; i < 3; i++)
		lab_save(&lab, &(struct lab_version){ .name = "data",
						      .entry_count = 100,
						      .salt = i,
						      .large_bytes = i ? 0 : 4300000 });
	snprintf(directory, sizeof(directory), "/tmp/muster-rolling-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(state_path, sizeof(state_path), "%s/state", directory);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	lab_release(&lab);
	unlink(state_path);
	return rmdir(directory); /* nothing else was left there */
}

struct night {
	uint64_t budget_bytes, max_age_days;
	bool quick;
};

static const struct muster_check_report *check(const struct night *night)
{
	lab_check_with(&lab,
		       &(struct muster_check_options){ .budget_bytes = night->budget_bytes,
						       .max_age_days = night->max_age_days,
						       .quick = night->quick,
						       .state_path = state_path },
		       &findings);
	now_ns += DAY_NS;
	return &findings.report;
}

static const struct muster_check_report *check_sound(const struct night *night)
{
	const struct muster_check_report *report = check(night);

	if (findings.count)
		lab_findings_print(&findings);
	assert_int_equal(findings.count, 0);
	return report;
}

static const struct night one_pack = { .budget_bytes = 1 };

static void each_pack_has_its_turn(void **state)
{
	const struct muster_check_report *report;
	uint64_t bytes = 0;

	(void)state;
	for (unsigned night = 0; night < 8; night++) {
		report = check_sound(&one_pack);
		assert_int_equal(report->pack_count, 4);
		assert_int_equal(report->read_packs, 1);
		assert_int_equal(report->began_anew, night == 0);
		assert_int_equal(report->unread_packs, night < 4 ? 3 - night : 0);
		assert_int_equal(report->manifest_count, 3); /* all else every time */
		assert_int_equal(report->entry_count, 301);
		if (night < 4)
			bytes += report->checked_bytes;
	}
	assert_int_equal(report->oldest_age_s, 3 * 86400);
	report = check_sound(&(struct night){ 0 });
	assert_int_equal(report->read_packs, 4);
	assert_int_equal(report->checked_bytes, bytes); /* each once in four nights */
	assert_true(report->stored_bytes > bytes);
	assert_int_equal(report->oldest_age_s, 0);
}

static void a_check_of_all_is_noted_too(void **state)
{
	(void)state;
	check_sound(&(struct night){ 0 });
	assert_int_equal(check_sound(&one_pack)->unread_packs, 0);
	assert_false(findings.report.began_anew);
}

static void a_greatest_age_reads_what_it_takes(void **state)
{
	uint64_t read = 0;

	(void)state;
	for (unsigned night = 0; night < 40; night++) {
		const struct muster_check_report *report =
			check_sound(&(struct night){ .max_age_days = 10 });

		read += report->read_packs;
		assert_int_equal(report->overdue_packs, 0);
		assert_true(report->oldest_age_s <= 10 * 86400);
		assert_int_equal(report->daily_bytes, (report->stored_bytes + 9) / 10);
	}
	assert_in_range(read, 4 * 3, 4 * 12);
}

static void what_is_overdue_is_told(void **state)
{
	(void)state;
	for (unsigned night = 0; night < 6; night++) {
		check_sound(&(struct night){ .budget_bytes = 1, .max_age_days = 2 });
		assert_int_equal(findings.report.overdue_packs, night < 3 ? 0 : 1);
	}
	check_sound(&(struct night){ .max_age_days = 2 });
	assert_int_equal(findings.report.overdue_packs, 0);
}

static void checksums_do_not_count_as_digests(void **state)
{
	const struct night quick = { .budget_bytes = 100u << 20, .quick = true };

	(void)state;
	assert_int_equal(check_sound(&quick)->read_packs, 4);
	assert_int_equal(findings.report.unread_packs, 0);
	assert_int_equal(check_sound(&one_pack)->unread_packs, 3);
	check_sound(&(struct night){ 0 });
	assert_int_equal(
		check_sound(&(struct night){ .budget_bytes = 1, .quick = true })->unread_packs, 0);
}

/* --- damage ---------------------------------------------------------------------------------- */

/* In the first blob of the n-th pack. */
static void flip(int n, char key[512])
{
	lab_key(&lab, "packs/", n, key);
	lab_flip(&lab, key, 20);
}

static void a_broken_pack_is_told_every_night_until_it_is_healed(void **state)
{
	const struct night half = { .budget_bytes = 2 * (4300000 + 65536) };
	char key[512];

	(void)state;
	flip(3, key); /* whichever: the budget is enough for it */
	check(&half);
	for (unsigned night = 0; night < 3; night++) {
		check(&half);
		assert_int_equal(findings.count, 1);
		assert_true(lab_findings_has(&findings, key, "another checksum"));
	}
	/* Not even half of this is enough: it is told from memory. */
	for (unsigned night = 0; night < 5; night++) {
		check(&one_pack);
		assert_int_equal(findings.count, 1);
		assert_int_equal(findings.report.read_packs, 1);
		assert_true(lab_findings_has(&findings, key,
					     "it was broken when its bytes were "
					     "read, at 2024-10-"));
	}
	lab_flip(&lab, key, 20);
	check_sound(&half);
	check_sound(&one_pack);
}

static void what_stops_a_round_keeps_what_it_has_read(void **state)
{
	struct muster_progress progress = { 0 };
	struct muster_check_options options = { .budget_bytes = 1,
						.job.progress = &progress,
						.state_path = state_path };
	struct muster_check_report report;

	(void)state;
	check_sound(&one_pack);
	atomic_store(&progress.cancel, true);
	assert_int_equal(check_run(lab.repository, &options, &report, NULL), MUSTER_E_CANCELLED);
	assert_int_equal(check_sound(&one_pack)->unread_packs, 2);
}

/* --- the state ------------------------------------------------------------------------------- */

static void change_state(size_t at, size_t len)
{
	int fd = open(state_path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	if (len)
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

static void a_damaged_state_begins_anew_and_is_told(void **state)
{
	static const struct {
		size_t at, len;
		const char *why;
	} cases[] = {
		{ 0, 0, "does not begin as an object" },
		{ 20, 0, "another repository" },
		{ 60, 0, "another checksum" },
		{ 47, 48, "another length" },
		{ 10, 30, "ends too early" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_sound(&(struct night){ 0 });
		change_state(cases[i].at, cases[i].len);
		assert_int_equal(check_sound(&one_pack)->unread_packs, 3);
		assert_true(findings.report.began_anew);
		if (!strstr(findings.report.state_problem, cases[i].why))
			fail_msg("case %zu: '%s'", i, findings.report.state_problem);
		check_sound(&one_pack);
		assert_int_equal(findings.report.state_problem[0], 0);
		assert_int_equal(findings.report.unread_packs, 2);
	}
}

static void a_state_that_cannot_be_kept_is_an_error_where_it_matters(void **state)
{
	struct muster_check_options options = { .state_path = "/nowhere/state" };
	struct muster_check_report report;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(check_run(lab.repository, &options, &report, &err), MUSTER_OK);
	assert_int_equal(report.read_packs, 4);
	options.budget_bytes = 1;
	assert_int_equal(check_run(lab.repository, &options, &report, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "keep when packs were read: make '/nowhere/state'"));
	assert_int_equal(report.read_packs, 1);
	check_sound(&(struct night){ 0 }); /* for unmake() */
}

static void packs_that_are_gone_are_forgotten(void **state)
{
	struct marks_reader reader;
	struct pack_mark mark;
	struct muster_error err = { 0 };
	char key[512];
	unsigned count = 0;

	(void)state;
	check_sound(&(struct night){ 0 });
	lab_key(&lab, "packs/", 1, key);
	assert_int_equal(store_remove(lab.store, key, NULL), MUSTER_OK);
	check(&one_pack);
	assert_true(findings.count > 0);
	assert_int_equal(
		marks_reader_open(&reader, state_path, repository_id(lab.repository), &err),
		MUSTER_OK);
	while (marks_reader_next(&reader, &mark, &err) == MUSTER_OK)
		count++;
	marks_reader_close(&reader);
	assert_int_equal(count, 3);
}

int main(void)
{
#define ROLLING(test) cmocka_unit_test_setup_teardown(test, make, unmake)
	const struct CMUnitTest tests[] = {
		ROLLING(each_pack_has_its_turn),
		ROLLING(a_check_of_all_is_noted_too),
		ROLLING(a_greatest_age_reads_what_it_takes),
		ROLLING(what_is_overdue_is_told),
		ROLLING(checksums_do_not_count_as_digests),
		ROLLING(a_broken_pack_is_told_every_night_until_it_is_healed),
		ROLLING(what_stops_a_round_keeps_what_it_has_read),
		ROLLING(a_damaged_state_begins_anew_and_is_told),
		ROLLING(a_state_that_cannot_be_kept_is_an_error_where_it_matters),
		ROLLING(packs_that_are_gone_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
