/* Runs and lineage through the public functions alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/fixture.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

struct heard {
	char text[512];
	struct muster_run_info info; /* its texts are gone */
	size_t count;
};

static bool hear_run(void *state, const struct muster_run_info *info)
{
	struct heard *heard = state;

	snprintf(heard->text, sizeof(heard->text), "%s %s %s %s", info->id, info->name,
		 info->job_type, info->config);
	heard->info = *info;
	heard->count++;
	return true;
}

static bool hear_version(void *state, const struct muster_run_version_info *info)
{
	struct heard *heard = state;

	snprintf(heard->text, sizeof(heard->text), "%s/%s/%s:v%d", info->entity, info->project,
		 info->name, (int)info->number);
	heard->count++;
	return true;
}

static struct muster_put_report log_tree(struct place *place, const char *run, const char *name)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = { .sources = &source, .source_count = 1, .name = name };
	struct muster_put_report report;

	MUST(muster_run_log_artifact(place->repository, run, &options, &report, err));
	return report;
}

static void a_chain_of_runs_is_a_lineage(void **state)
{
	struct place *place = *state;
	struct muster_run_options options = { .name = "first", .config = "{\"a\": 1}" };
	struct muster_lineage *lineage = NULL;
	struct heard heard = { 0 };
	char first[MUSTER_RUN_ID_BYTES], second[MUSTER_RUN_ID_BYTES];

	MUST(muster_run_start(place->repository, &options, first, err));
	MUST(muster_run_start(place->repository, NULL, second, err));
	place_write(place, "tree/a", "one");
	log_tree(place, first, "data");
	MUST(muster_run_use_artifact(place->repository, second, "data", err));
	place_write(place, "tree/b", "two");
	assert_int_equal(log_tree(place, second, "model").version_number, 0);

	MUST(muster_run_config(place->repository, first, "{\"b\": 2}", err));
	MUST(muster_run_finish(place->repository, first, true, err));
	MUST(muster_run_show(place->repository, first, hear_run, &heard, err));
	assert_non_null(strstr(heard.text, "first  {\"a\":1,\"b\":2}"));
	assert_int_equal(heard.info.state, MUSTER_RUN_FAILED);
	assert_true(heard.info.finished_ms >= heard.info.started_ms);

	MUST(muster_used_by(place->repository, "data:v0", hear_run, &heard, err));
	assert_memory_equal(heard.text, second, strlen(second));
	MUST(muster_logged_by(place->repository, "data:v0", hear_run, &heard, err));
	assert_memory_equal(heard.text, first, strlen(first));
	MUST(muster_run_used(place->repository, second, hear_version, &heard, err));
	assert_string_equal(heard.text, "me/tests/data:v0");
	MUST(muster_run_logged(place->repository, second, hear_version, &heard, err));
	assert_string_equal(heard.text, "me/tests/model:v0");

	MUST(muster_lineage(place->repository, "model", NULL, &lineage, err));
	assert_int_equal(lineage->node_count, 4);
	assert_int_equal(lineage->edge_count, 3);
	assert_string_equal(lineage->nodes[0].name, "model");
	muster_lineage_free(lineage);
}

/* MUSTER_RUN is for who does not say which run; "" is none. */
static void the_environment_names_the_run(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = { .sources = &source,
					      .source_count = 1,
					      .name = "data" };
	struct heard heard = { 0 };
	struct muster_error why = { 0 };
	char run[MUSTER_RUN_ID_BYTES];

	MUST(muster_run_start(place->repository, NULL, run, err));
	setenv("MUSTER_RUN", run, 1);
	options.run = "";
	place_write(place, "tree/a", "one");
	MUST(muster_put(place->repository, &options, NULL, err));
	assert_int_equal(muster_logged_by(place->repository, "data", hear_run, &heard, NULL),
			 MUSTER_ABSENT);
	options.run = NULL;
	place_write(place, "tree/a", "two!");
	MUST(muster_put(place->repository, &options, NULL, err));
	MUST(muster_logged_by(place->repository, "data", hear_run, &heard, err));
	setenv("MUSTER_RUN", "nosuch", 1);
	assert_int_equal(muster_put(place->repository, &options, NULL, &why), MUSTER_E_USAGE);
	assert_non_null(strstr(why.message, "MUSTER_RUN"));
	options.run = "nosuch";
	assert_int_equal(muster_put(place->repository, &options, NULL, NULL), MUSTER_E_NAME);
	unsetenv("MUSTER_RUN");
}

static void limits_are_named(void **state)
{
	struct place *place = *state;
	struct muster_lineage_options deep = { .depth = MUSTER_LINEAGE_DEPTH_MAX + 1 };
	struct muster_lineage_options wide = { .max_nodes = MUSTER_LINEAGE_NODES_MAX + 1 };
	struct muster_lineage *lineage;

	place_write(place, "tree/a", "one");
	place_put(place, "data");
	assert_int_equal(muster_lineage(place->repository, "data", &deep, &lineage, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_lineage(place->repository, "data", &wide, &lineage, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_lineage(place->repository, "none", NULL, &lineage, NULL),
			 MUSTER_E_NAME);
	assert_null(lineage);
	assert_int_equal(muster_runs(place->repository, MUSTER_RUNS_LISTED_MAX + 1, hear_run, NULL,
				     NULL, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_run_show(place->repository, NULL, hear_run, NULL, NULL),
			 MUSTER_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_chain_of_runs_is_a_lineage, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(the_environment_names_the_run, place_open,
						place_close),
		cmocka_unit_test_setup_teardown(limits_are_named, place_open, place_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
