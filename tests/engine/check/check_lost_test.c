/* The store's host is lost at any moment: the check ends and says so, and finds nothing for it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/store/fault.h"
#include "tests/engine/check/draft_lab.h"

static enum muster_code check_once(struct lab *lab, struct store *store,
				   struct muster_check_report *report)
{
	struct muster_check_options options = { .job.worker_count = 2 };
	struct repository *repository = NULL;
	struct muster_error err = { 0 };
	enum muster_code code = repository_open(&repository, store, &lab->effects, &err);

	if (!code)
		code = check_run(repository, &options, report, &err);
	repository_close(repository);
	assert_int_equal(code, err.code);
	return code;
}

/* From the n-th effect on, for every n. */
static void lose_at_each(struct lab *lab, uint64_t findings)
{
	struct store_fault_options options = { .length = UINT64_MAX,
					       .code = MUSTER_E_LOST,
					       .count_reads = true };
	struct store *inner = lab->store;
	uint64_t n = 1;
	bool is_hit = true;

	assert_int_equal(store_fault_new(&lab->store, inner, &options, NULL), MUSTER_OK);
	for (; is_hit; n++) {
		struct muster_check_report report = { 0 };
		enum muster_code code;

		store_fault_arm(lab->store, n);
		code = check_once(lab, lab->store, &report);
		is_hit = store_fault_hit(lab->store);
		if (code != (is_hit ? MUSTER_E_LOST : MUSTER_OK))
			fail_msg("effect %llu: code %d", (unsigned long long)n, code);
		if (is_hit ? report.finding_count > findings : report.finding_count != findings)
			fail_msg("effect %llu: %llu findings", (unsigned long long)n,
				 (unsigned long long)report.finding_count);
	}
	assert_true(n > 20);
}

static void a_lost_store_ends_the_check_without_a_finding(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_whole(&lab);
	lose_at_each(&lab, 0);
	lab_release(&lab);
}

static void so_it_does_while_copies_are_looked_for(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_without_a_pack(&lab);
	lose_at_each(&lab, 2);
	lab_release(&lab);
}

static void so_it_does_while_drafts_are_looked_at(void **state)
{
	struct lab lab;

	(void)state;
	lab_make_drafts(&lab);
	lose_at_each(&lab, 1);
	lab_release(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_store_ends_the_check_without_a_finding),
		cmocka_unit_test(so_it_does_while_copies_are_looked_for),
		cmocka_unit_test(so_it_does_while_drafts_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
