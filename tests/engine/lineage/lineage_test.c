/* The graph around a version, and what is told of runs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/lineage/lineage.h"
#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

static const struct muster_lineage_options usual = { 10, 500 };

static struct artifact_address address_of(const char *name, const char *alias)
{
	return (struct artifact_address){ VIEW_LITERAL("me"), VIEW_LITERAL("cats"), view_text(name),
					  view_text(alias) };
}

static void start(struct place *place, const char *id)
{
	struct run_options options = { .id = id, .entity = "me", .project = "cats" };
	struct run_id ignored;

	MUST(run_start(place->repository, &options, &ignored, err));
}

static struct run_id id_of(const char *run)
{
	struct run_id id;

	assert_true(run_id_parse(view_text(run), &id));
	return id;
}

static void use(struct place *place, const char *run, const char *name, uint64_t number)
{
	struct collection *collection = test_open(place, name, NULL);
	struct run_id id = id_of(run);

	MUST(run_use(place->repository, &id, collection_id(collection),
		     collection_state_version(collection_versions(collection), number), err));
	collection_close(collection);
}

/* A version with new content; `run` may be NULL. */
static void save(struct place *place, const char *name, const char *run, uint8_t content)
{
	struct collection *collection = test_open(place, name, "");
	struct test_version version;
	struct save_result result;

	test_version_init(&version, content, content, content);
	version.request.run = run;
	MUST(collection_save(collection, &version.request, &result, err));
	assert_true(result.is_new);
	collection_close(collection);
}

/* raw:v0, raw:v1 -> train -> model:v0 -> evaluate -> scores:v0, and raw:v1 -> evaluate, too; raw:v0
 * was logged by ingest, raw:v1 by nobody. `other` logged other:v0 of raw:v0. */
static void fill(struct place *place)
{
	place_make(place, NULL);
	start(place, "ingest");
	start(place, "train");
	start(place, "evaluate");
	start(place, "other");
	save(place, "raw", "ingest", 1);
	save(place, "raw", NULL, 2);
	use(place, "train", "raw", 0);
	use(place, "train", "raw", 1);
	use(place, "other", "raw", 0);
	save(place, "other", "other", 5);
	save(place, "model", "train", 3);
	use(place, "evaluate", "model", 0);
	use(place, "evaluate", "raw", 1);
	save(place, "scores", "evaluate", 4);
}

static struct muster_lineage *find(struct place *place, const char *name, const char *alias,
				   const struct muster_lineage_options *options)
{
	struct artifact_address address = address_of(name, alias);
	struct muster_lineage *graph;

	MUST(lineage_find(place->repository, &address, options, &graph, err));
	return graph;
}

/* "raw:v0" or the id of a run. */
static void title(const struct muster_lineage_node *node, char out[64])
{
	if (node->kind == MUSTER_LINEAGE_RUN)
		snprintf(out, 64, "%s", node->id);
	else
		snprintf(out, 64, "%s:v%d", node->name, (int)node->number);
}

/* "a>b c>d", in the order of the edges. */
static void assert_edges(const struct muster_lineage *graph, const char *expected)
{
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < graph->edge_count; i++) {
		char from[64], to[64];

		title(&graph->nodes[graph->edges[i].from], from);
		title(&graph->nodes[graph->edges[i].to], to);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s>%s", i ? " " : "",
					from, to);
		assert_true(len < sizeof(text));
	}
	assert_string_equal(text, expected);
}

static const struct muster_lineage_node *node_of(const struct muster_lineage *graph,
						 const char *wanted)
{
	for (size_t i = 0; i < graph->node_count; i++) {
		char found[64];

		title(&graph->nodes[i], found);
		if (strcmp(found, wanted) == 0)
			return &graph->nodes[i];
	}
	fail_msg("no '%s' in the graph", wanted);
	return NULL;
}

static void both_ways_are_walked_and_no_others(void **state)
{
	struct place place;
	struct muster_lineage *graph;

	(void)state;
	fill(&place);
	graph = find(&place, "model", "v0", &usual);
	assert_edges(graph, "train>model:v0 raw:v0>train raw:v1>train ingest>raw:v0 "
			    "model:v0>evaluate evaluate>scores:v0");
	assert_int_equal(node_of(graph, "model:v0")->level, 0);
	assert_int_equal(node_of(graph, "ingest")->level, -3);
	assert_int_equal(node_of(graph, "scores:v0")->level, 2);
	assert_false(graph->is_cut_by_depth || graph->is_cut_by_nodes);
	lineage_free(graph);
	graph = find(&place, "raw", "v1", &usual);
	assert_edges(graph, "raw:v1>evaluate raw:v1>train evaluate>scores:v0 train>model:v0 "
			    "model:v0>evaluate");
	lineage_free(graph);
	place_release(&place);
}

static void depth_cuts_and_says_so(void **state)
{
	static const struct {
		uint64_t depth;
		const char *edges;
		bool is_cut;
	} cases[] = {
		{ 1, "evaluate>scores:v0 raw:v1>evaluate model:v0>evaluate", true },
		{ 2,
		  "evaluate>scores:v0 raw:v1>evaluate model:v0>evaluate train>model:v0 "
		  "raw:v0>train raw:v1>train",
		  true },
		{ 3,
		  "evaluate>scores:v0 raw:v1>evaluate model:v0>evaluate train>model:v0 "
		  "raw:v0>train raw:v1>train ingest>raw:v0",
		  false },
	};
	struct place place;

	(void)state;
	fill(&place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_lineage_options options = { cases[i].depth, 500 };
		struct muster_lineage *graph = find(&place, "scores", "latest", &options);

		assert_edges(graph, cases[i].edges);
		assert_int_equal(graph->is_cut_by_depth, cases[i].is_cut);
		assert_false(graph->is_cut_by_nodes);
		assert_int_equal(node_of(graph, "model:v0")->is_cut, cases[i].depth == 1);
		assert_false(node_of(graph, "raw:v1")->is_cut); /* nobody logged it */
		lineage_free(graph);
	}
	place_release(&place);
}

static void nodes_are_bounded_and_it_says_so(void **state)
{
	struct place place;

	(void)state;
	fill(&place);
	for (uint64_t max = 1; max <= 6; max++) {
		struct muster_lineage_options options = { 10, max };
		struct muster_lineage *graph = find(&place, "scores", "latest", &options);
		bool has_mark = false;

		assert_int_equal(graph->node_count, max);
		assert_true(graph->is_cut_by_nodes);
		for (size_t i = 0; i < graph->node_count; i++)
			has_mark |= graph->nodes[i].is_cut;
		assert_true(has_mark);
		for (size_t i = 0; i < graph->edge_count; i++)
			assert_true(graph->edges[i].from < max && graph->edges[i].to < max);
		lineage_free(graph);
	}
	place_release(&place);
}

/* A run that uses what it has logged, and one that uses what was made of its own. */
static void circles_end(void **state)
{
	struct place place;
	struct muster_lineage *graph;

	(void)state;
	place_make(&place, NULL);
	start(&place, "a");
	start(&place, "b");
	save(&place, "x", "a", 1);
	use(&place, "a", "x", 0);
	use(&place, "b", "x", 0);
	save(&place, "y", "b", 2);
	use(&place, "a", "y", 0);
	graph = find(&place, "x", "v0", &usual);
	assert_int_equal(graph->node_count, 4);
	assert_int_equal(graph->edge_count, 5);
	lineage_free(graph);
	place_release(&place);
}

static void delete_version(struct place *place, const char *name, uint64_t number)
{
	struct collection *collection = test_open(place, name, NULL);

	MUST(collection_delete_version(collection, number, true, err));
	collection_close(collection);
}

static void what_is_deleted_keeps_its_past(void **state)
{
	struct place place;
	struct muster_lineage *graph;
	struct collection *collection;

	(void)state;
	fill(&place);
	delete_version(&place, "raw", 0);
	graph = find(&place, "model", "v0", &usual);
	assert_edges(graph, "train>model:v0 raw:v0>train raw:v1>train ingest>raw:v0 "
			    "model:v0>evaluate evaluate>scores:v0");
	assert_string_equal(node_of(graph, "raw:v0")->state, "deleted");
	assert_string_equal(node_of(graph, "raw:v1")->state, "");
	lineage_free(graph);
	/* All of it, and another one of its name. */
	collection = test_open(&place, "raw", NULL);
	MUST(collection_delete(collection, err));
	collection_close(collection);
	save(&place, "raw", NULL, 9);
	graph = find(&place, "model", "v0", &usual);
	assert_string_equal(node_of(graph, "raw:v1")->state, "deleted");
	lineage_free(graph);
	place_release(&place);
}

static void a_lost_or_damaged_run_is_told(void **state)
{
	struct place place;
	struct muster_lineage *graph;

	(void)state;
	fill(&place);
	MUST(store_remove(place.store, "runs/ingest.json", err));
	test_flip(place.store, "runs/evaluate.json", 3);
	graph = find(&place, "model", "v0", &usual);
	assert_string_equal(node_of(graph, "ingest")->state, "missing");
	assert_string_equal(node_of(graph, "evaluate")->state, "unreadable");
	assert_string_equal(node_of(graph, "train")->state, "running");
	lineage_free(graph);
	place_release(&place);
}

/* --- telling -------------------------------------------------------------------------------- */

struct heard {
	char text[512];
	size_t count, max;
};

static bool hear_run(void *state, const struct muster_run_info *info)
{
	struct heard *heard = state;

	snprintf(heard->text + strlen(heard->text), sizeof(heard->text) - strlen(heard->text),
		 "%s ", info->id);
	return ++heard->count != heard->max;
}

static bool hear_version(void *state, const struct muster_run_version_info *info)
{
	struct heard *heard = state;

	snprintf(heard->text + strlen(heard->text), sizeof(heard->text) - strlen(heard->text),
		 "%s:v%d%s ", info->name, (int)info->number, info->is_deleted ? "!" : "");
	return ++heard->count != heard->max;
}

static void runs_and_versions_are_told_from_both_sides(void **state)
{
	struct place place;
	struct artifact_address raw0 = address_of("raw", "v0"), raw1 = address_of("raw", "v1");
	struct heard heard = { 0 };

	(void)state;
	fill(&place);
	MUST(lineage_tell_users(place.repository, &raw1, hear_run, &heard, err));
	assert_string_equal(heard.text, "evaluate train ");
	heard = (struct heard){ .max = 1 };
	MUST(lineage_tell_users(place.repository, &raw1, hear_run, &heard, err));
	assert_string_equal(heard.text, "evaluate ");
	heard = (struct heard){ 0 };
	MUST(lineage_tell_logger(place.repository, &raw0, hear_run, &heard, err));
	assert_string_equal(heard.text, "ingest ");
	assert_int_equal(lineage_tell_logger(place.repository, &raw1, hear_run, &heard, NULL),
			 MUSTER_ABSENT);
	delete_version(&place, "raw", 0);
	delete_version(&place, "other", 0);
	heard = (struct heard){ 0 };
	MUST(lineage_tell_versions(place.repository, "train", LINEAGE_USED, hear_version, &heard,
				   err));
	assert_string_equal(heard.text, "raw:v0! raw:v1 ");
	heard = (struct heard){ 0 };
	MUST(lineage_tell_versions(place.repository, "train", LINEAGE_LOGGED, hear_version, &heard,
				   err));
	MUST(lineage_tell_versions(place.repository, "other", LINEAGE_LOGGED, hear_version, &heard,
				   err));
	assert_string_equal(heard.text, "model:v0 other:v0! ");
	assert_int_equal(lineage_tell_run(place.repository, "nope", hear_run, &heard, NULL),
			 MUSTER_E_NAME);
	place_release(&place);
}

/* Of a version that was deleted its save event tells; of one that was never saved there is none. */
static void what_was_logged_is_told_if_it_was_ever_saved(void **state)
{
	static const uint8_t never[16] = { 7 };
	struct place place;
	struct run_id run;
	struct collection *other;
	struct heard heard = { 0 };

	(void)state;
	fill(&place);
	run = id_of("other");
	save(&place, "other", "other", 6);
	delete_version(&place, "other", 1);
	other = test_open(&place, "other", NULL);
	MUST(run_will_log(place.repository, &run, collection_id(other), never, err));
	MUST(collection_delete(other, err));
	collection_close(other);
	MUST(lineage_tell_versions(place.repository, "other", LINEAGE_LOGGED, hear_version, &heard,
				   err));
	assert_int_equal(heard.count, 2);
	assert_non_null(strstr(heard.text, "other:v0! "));
	assert_non_null(strstr(heard.text, "other:v1! "));
	place_release(&place);
}

static bool hear_last(void *state, const struct muster_run_info *info)
{
	*(uint64_t *)state = info->last_ms;
	return true;
}

static uint64_t last_ms(struct place *place, const char *run)
{
	uint64_t last;

	MUST(lineage_tell_run(place->repository, run, hear_last, &last, err));
	return last;
}

/* By the store's clock, whatever the record is; of one that is finished, when it ended. */
static void a_run_tells_when_it_was_last_heard_of(void **state)
{
	static const uint8_t version_id[16] = { 1 };
	const struct view name = VIEW_LITERAL("a");
	struct place place;
	struct run_id run = id_of("a");
	uint64_t begun_ms;

	(void)state;
	place_make(&place, NULL);
	save(&place, "raw", NULL, 1);
	start(&place, "a");
	begun_ms = place.world.wall_ns / 1000000;
	assert_int_equal(last_ms(&place, "a"), begun_ms);
	for (uint64_t step = 1; step <= 4; step++) {
		place.world.wall_ns += 1000000000u;
		start(&place, (const char *[]){ "b", "c", "d", "e" }[step - 1]); /* not it */
		assert_int_equal(last_ms(&place, "a"), begun_ms + 1000 * (step - 1));
		if (step == 1)
			MUST(run_will_log(place.repository, &run, version_id, version_id, err));
		else if (step == 2)
			MUST(run_configure(place.repository, name, "{}", err));
		else if (step == 3)
			use(&place, "a", "raw", 0);
		else
			MUST(run_finish(place.repository, name, RUN_FINISHED, err));
		assert_int_equal(last_ms(&place, "a"), begun_ms + 1000 * step);
	}
	place_release(&place);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place place;
	struct artifact_address address = address_of("model", "v0");
	bool is_done = false;

	(void)state;
	fill(&place);
	for (uint64_t n = 1; !is_done; n++) {
		struct heard heard = { 0 };
		struct muster_lineage *graph = NULL;
		enum muster_code code;

		torture_allocation(n);
		code = lineage_find(place.repository, &address, &usual, &graph, NULL);
		if (!code)
			code = lineage_tell_versions(place.repository, "train", LINEAGE_USED,
						     hear_version, &heard, NULL);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		lineage_free(graph);
	}
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_are_walked_and_no_others),
		cmocka_unit_test(depth_cuts_and_says_so),
		cmocka_unit_test(nodes_are_bounded_and_it_says_so),
		cmocka_unit_test(circles_end),
		cmocka_unit_test(what_is_deleted_keeps_its_past),
		cmocka_unit_test(a_lost_or_damaged_run_is_told),
		cmocka_unit_test(runs_and_versions_are_told_from_both_sides),
		cmocka_unit_test(what_was_logged_is_told_if_it_was_ever_saved),
		cmocka_unit_test(a_run_tells_when_it_was_last_heard_of),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
