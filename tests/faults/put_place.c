#include "tests/faults/put_place.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/check/check.h"
#include "engine/put/put.h"
#include "io/store/local.h"

static void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_shell(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static void make_empty(const struct put_place *place)
{
	struct store *store = NULL;
	struct muster_error err = { 0 };

	if (store_local_create(place->empty, &err) ||
	    store_local_open(&store, place->empty, NULL, &err) ||
	    repository_init(store, NULL, effects_system(), &err))
		fail_msg("%s", err.message);
	store_free(store);
}

void put_place_make(struct put_place *place)
{
	/* In memory where there is such a place: these tests sync some thousand times. */
	const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(place->folder, sizeof(place->folder), "%s/muster-put-XXXXXX", folder);
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->tree, sizeof(place->tree), "%s/tree", place->folder);
	snprintf(place->cache, sizeof(place->cache), "%s/cache", place->folder);
	snprintf(place->repository, sizeof(place->repository), "%s/repository", place->folder);
	snprintf(place->empty, sizeof(place->empty), "%s/empty", place->folder);
	run_shell("mkdir -p '%s'/a/b '%s'/c && cd '%s' && "
		  "for i in 1 2 3 4 5; do echo \"file $i\" > a/f$i; echo \"file $i\" > a/b/g$i; "
		  "done && : > c/empty && head -c 4200000 /dev/urandom > c/large && echo z > z",
		  place->tree, place->tree, place->tree);
	make_empty(place);
}

void put_place_remove(struct put_place *place)
{
	run_shell("rm -rf '%s'", place->folder);
}

void put_place_start_anew(struct put_place *place)
{
	run_shell("rm -rf '%s' '%s' && cp -r '%s' '%s'", place->repository, place->cache,
		  place->empty, place->repository);
}

void put_place_forget_cache(struct put_place *place)
{
	run_shell("rm -rf '%s'", place->cache);
}

enum muster_code put_place_put(struct put_place *place, struct repository *repository,
			       struct muster_put_report *report, struct muster_error *err)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = {
		.job = { .worker_count = 1, .memory_bytes = 16u << 20 },
		.sources = &source,
		.source_count = 1,
		.entity = "me",
		.project = "faults",
		.name = "data",
	};

	return put_run(repository, place->cache, &options, report, err);
}

static void print_finding(void *state, const char *object, const struct muster_error *error)
{
	(void)state;
	print_message("%s: %s\n", object, error->message);
}

void put_place_check(struct repository *repository)
{
	struct muster_check_options options = { .job.worker_count = 1,
						.on_finding = print_finding };
	struct muster_check_report report;
	struct muster_error err = { 0 };

	if (check_run(repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.finding_count, 0);
}

void put_place_finish(struct put_place *place, struct store *store)
{
	struct repository *repository = NULL;
	struct muster_put_report report;
	struct muster_error err = { 0 };

	if (repository_open(&repository, store, effects_system(), &err))
		fail_msg("%s", err.message);
	repository_assume_proved(repository);
	put_place_check(repository);
	if (put_place_put(place, repository, &report, &err))
		fail_msg("%s", err.message);
	assert_true(report.is_committed);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(report.entry_count, PUT_PLACE_FILES);
	assert_int_equal(report.failed_items, 0);
	put_place_check(repository);
	repository_close(repository);
}
