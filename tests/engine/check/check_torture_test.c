/* Each allocation of a check fails once: the right code, nothing leaks (AddressSanitizer), no hang.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/engine/check/draft_lab.h"
#include "tests/support/torture.h"

static char state_path[64]; /* empty: it does not roll */

static enum muster_code check_once(struct lab *lab, struct muster_check_report *report)
{
	struct muster_check_options options = { .job.worker_count = 2 };
	struct repository *repository = NULL;
	struct muster_error err = { 0 };
	enum muster_code code = repository_open(&repository, lab->store, &lab->effects, &err);

	if (state_path[0]) {
		options.state_path = state_path;
		options.max_age_days = 1;
	}
	if (!code)
		code = check_run(repository, &options, report, &err);
	repository_close(repository);
	assert_int_equal(code, err.code);
	return code;
}

static void fail_each(struct lab *lab, uint64_t findings)
{
	for (uint64_t n = 1; torture_allocation(n); n += TORTURE_STEP) {
		struct muster_check_report report = { 0 };
		enum muster_code code = check_once(lab, &report);
		bool is_done = !torture_hit();

		torture_off();
		/* What could not be had for memory is no finding; some are done without. */
		if (code != MUSTER_OK && code != MUSTER_E_MEMORY)
			fail_msg("allocation %llu: code %d", (unsigned long long)n, code);
		if (code == MUSTER_OK)
			assert_int_equal(report.finding_count, findings);
		if (is_done)
			break;
	}
}

static void a_failed_allocation_ends_the_check_in_order(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_whole(&lab);
	fail_each(&lab, 0);
	lab_release(&lab);
}

static void so_does_one_while_copies_are_looked_for(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_without_a_pack(&lab);
	fail_each(&lab, 2);
	lab_release(&lab);
}

static void so_does_one_of_a_check_that_rolls(void **state)
{
	char directory[] = "/tmp/muster-torture-XXXXXX";
	struct lab lab;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(state_path, sizeof(state_path), "%s/state", directory);
	lab_make_whole(&lab);
	fail_each(&lab, 0);
	lab_release(&lab);
	unlink(state_path);
	assert_int_equal(rmdir(directory), 0); /* no temporary file was left there */
	state_path[0] = '\0';
}

static void so_does_one_while_drafts_are_looked_at(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_drafts(&lab);
	fail_each(&lab, 1);
	lab_release(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_allocation_ends_the_check_in_order),
		cmocka_unit_test(so_does_one_while_copies_are_looked_for),
		cmocka_unit_test(so_does_one_of_a_check_that_rolls),
		cmocka_unit_test(so_does_one_while_drafts_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
