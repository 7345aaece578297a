/* Graphs as text, DOT and SVG; where their nodes stand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/lineage.h"
#include "tests/support/torture.h"

#define RUN(run, job, how, name_of, at)                                                            \
	{                                                                                          \
		.kind = MUSTER_LINEAGE_RUN, .id = (run), .type = (job), .state = (how),            \
		.name = (name_of), .level = (at), .entity = "", .project = ""                      \
	}
#define VERSION(version, kind_of, at)                                                              \
	{                                                                                          \
		.kind = MUSTER_LINEAGE_VERSION, .id = (version), .type = (kind_of), .state = "",   \
		.name = (version), .level = (at), .entity = "", .project = ""                      \
	}

/* raw -> train -> model -> eval -> scores, and raw -> eval. */
static struct muster_lineage_node nodes[] = {
	VERSION("model:v0", "model", 0),   RUN("train", "train", "finished", "second try", -1),
	VERSION("raw:v1", "dataset", -2),  RUN("eval", "", "running", "", 1),
	VERSION("scores:v0", "result", 2),
};
static struct muster_lineage_edge edges[] = { { 1, 0 }, { 2, 1 }, { 0, 3 }, { 3, 4 }, { 2, 3 } };
static struct muster_lineage graph = {
	.nodes = nodes, .node_count = 5, .edges = edges, .edge_count = 5
};
static const char *const titles[] = { "model:v0", "train", "raw:v1", "eval", "scores:v0" };
static const struct lineage_drawing drawing = { &graph, titles };

typedef enum muster_code draw_fn(const struct lineage_drawing *drawing, struct bytes *out,
				 struct muster_error *err);

static char *draw(draw_fn *fn, const struct lineage_drawing *what)
{
	struct bytes out = { 0 };

	assert_int_equal(fn(what, &out, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(&out, '\0', NULL), MUSTER_OK);
	return (char *)out.ptr;
}

static void a_tree_lines_up(void **state)
{
	char *text = draw(lineage_draw_text, &drawing);

	(void)state;
	assert_string_equal(text, "VERSION OR RUN            TYPE     STATE     NAME\n"
				  "model:v0                  model\n"
				  "├── logged by run train   train    finished  second try\n"
				  "│   └── used raw:v1       dataset\n"
				  "└── used by run eval               running\n"
				  "    └── logged scores:v0  result\n");
	free(text);
}

static void what_was_drawn_is_named_again_only(void **state)
{
	static const struct muster_lineage_edge twice[] = {
		{ 1, 0 }, { 2, 1 }, { 2, 3 }, { 3, 0 }, { 4, 2 }
	};
	struct muster_lineage_node changed[5];
	struct muster_lineage again = graph;
	struct lineage_drawing what = { &again, titles };
	char *text;

	(void)state;
	memcpy(changed, nodes, sizeof(nodes));
	again.nodes = changed;
	again.edges = (struct muster_lineage_edge *)(uintptr_t)twice;
	changed[4].is_cut = true;
	changed[4].level = -4;
	again.is_cut_by_depth = true;
	text = draw(lineage_draw_text, &what);
	assert_string_equal(text, "VERSION OR RUN              TYPE     STATE     NAME\n"
				  "model:v0                    model\n"
				  "├── logged by run train     train    finished  second try\n"
				  "│   └── used raw:v1         dataset\n"
				  "│       └── used scores:v0  result\n"
				  "│           └── …\n"
				  "└── logged by run eval               running\n"
				  "    └── used raw:v1         dataset            (see above)\n");
	free(text);
}

static void what_a_terminal_could_act_on_is_escaped(void **state)
{
	struct muster_lineage_node evil[] = { VERSION("x", "a\033[2J", 0),
					      RUN("r", "\"<&>\\", "running", "n\n", -1) };
	struct muster_lineage_edge edge = { 1, 0 };
	struct muster_lineage small = {
		.nodes = evil, .node_count = 2, .edges = &edge, .edge_count = 1
	};
	static const char *const names[] = { "x\033:v0", "r" };
	struct lineage_drawing what = { &small, names };
	draw_fn *const fns[] = { lineage_draw_text, lineage_draw_dot, lineage_draw_svg };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *text = draw(fns[i], &what);

		assert_null(strchr(text, '\033'));
		assert_null(strstr(text, "n\n\""));
		if (i == 2) {
			assert_non_null(strstr(text, "&quot;&lt;&amp;&gt;"));
			assert_null(strstr(text, "\"<&"));
		}
		if (i == 1)
			assert_non_null(strstr(text, "\\\"<&>"));
		free(text);
	}
}

static void edges_lead_to_higher_layers(void **state)
{
	struct lineage_place *places = NULL;

	(void)state;
	assert_int_equal(lineage_layout(&graph, &places, NULL), MUSTER_OK);
	for (size_t i = 0; i < graph.edge_count; i++)
		assert_true(places[edges[i].to].layer > places[edges[i].from].layer);
	assert_int_equal(places[2].layer, 0);
	assert_int_equal(places[4].layer, 4);
	free(places);
}

/* Every node has a place of its own, whatever the graph. */
static void random_graphs_are_laid_out(void **state)
{
	(void)state;
	srandom(7);
	for (unsigned round = 0; round < 200; round++) {
		struct muster_lineage_node many[20];
		struct muster_lineage_edge some[40];
		struct muster_lineage random_graph = { .nodes = many,
						       .node_count = 1 + (size_t)random() % 20,
						       .edges = some,
						       .edge_count = (size_t)random() % 40 };
		struct lineage_place *places = NULL;

		for (size_t i = 0; i < random_graph.node_count; i++)
			many[i] = (struct muster_lineage_node){ .level = (int32_t)(random() % 9) };
		for (size_t i = 0; i < random_graph.edge_count; i++)
			some[i] = (struct muster_lineage_edge){
				(size_t)random() % random_graph.node_count,
				(size_t)random() % random_graph.node_count
			};
		assert_int_equal(lineage_layout(&random_graph, &places, NULL), MUSTER_OK);
		for (size_t i = 0; i < random_graph.node_count; i++)
			for (size_t j = 0; j < i; j++)
				assert_false(places[i].layer == places[j].layer &&
					     places[i].row == places[j].row);
		free(places);
	}
}

static void pictures_hold_all(void **state)
{
	char *dot = draw(lineage_draw_dot, &drawing), *svg = draw(lineage_draw_svg, &drawing);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_non_null(strstr(dot, titles[i]));
		assert_non_null(strstr(svg, titles[i]));
	}
	assert_non_null(strstr(dot, "n2 -> n3;"));
	assert_non_null(strstr(dot, "second try\\ntrain, finished"));
	assert_non_null(strstr(svg, "train, finished, second try"));
	free(dot);
	free(svg);
}

static void every_failed_allocation_is_reported(void **state)
{
	draw_fn *const fns[] = { lineage_draw_text, lineage_draw_dot, lineage_draw_svg };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bool is_done = false;

		for (uint64_t n = 1; !is_done; n++) {
			struct bytes out = { 0 };
			enum muster_code code;

			torture_allocation(n);
			code = fns[i](&drawing, &out, NULL);
			is_done = !torture_hit();
			torture_off();
			assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
			bytes_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_lines_up),
		cmocka_unit_test(what_was_drawn_is_named_again_only),
		cmocka_unit_test(what_a_terminal_could_act_on_is_escaped),
		cmocka_unit_test(edges_lead_to_higher_layers),
		cmocka_unit_test(random_graphs_are_laid_out),
		cmocka_unit_test(pictures_hold_all),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
