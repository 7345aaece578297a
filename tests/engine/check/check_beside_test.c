/* A check while others write: what is half done is no finding. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/engine/check/lab.h"

#define VERSIONS 15

struct writing {
	struct lab lab;
	atomic_bool is_done;
};

static void *write_versions(void *arg)
{
	struct writing *writing = arg;

	for (unsigned i = 0; i < VERSIONS; i++)
		lab_save(&writing->lab, &(struct lab_version){ .name = i % 3 ? "data" : "other",
							       .entry_count = 400 + i,
							       .salt = i,
							       .changes = 1 + i % 5 });
	lab_move_alias(&writing->lab, "data", 120);
	atomic_store(&writing->is_done, true);
	return NULL;
}

static void print_finding(void *state, const char *object, const struct muster_error *error)
{
	(void)state;
	print_message("%s: %s\n", object, error->message);
}

static uint64_t check_once(struct writing *writing)
{
	struct muster_check_options options = { .job.worker_count = 2,
						.on_finding = print_finding };
	struct repository *repository = NULL;
	struct muster_check_report report;
	struct muster_error err = { 0 };

	assert_int_equal(repository_open(&repository, writing->lab.store, effects_system(), &err),
			 MUSTER_OK);
	if (check_run(repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.finding_count, 0);
	repository_close(repository);
	return report.manifest_count;
}

static void a_check_beside_a_writer_finds_nothing(void **state)
{
	static struct writing writing;
	pthread_t thread;

	(void)state;
	lab_make(&writing.lab, NULL);
	lab_save(&writing.lab, &(struct lab_version){ .name = "data", .entry_count = 400 });
	assert_int_equal(pthread_create(&thread, NULL, write_versions, &writing), 0);
	do
		check_once(&writing);
	while (!atomic_load(&writing.is_done));
	pthread_join(thread, NULL);
	assert_int_equal(check_once(&writing), 1 + VERSIONS);
	lab_release(&writing.lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_beside_a_writer_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
