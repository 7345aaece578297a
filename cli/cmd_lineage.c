#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/lineage.h"
#include "cli/summary.h"
#include "cli/version_info.h"

struct lineage_command_options {
	uint64_t depth, max_nodes;
	const char *format;
};

#define LINEAGE(field) offsetof(struct lineage_command_options, field)

static const struct option_spec specs[] = {
	{ .name = "depth",
	  .kind = OPTION_NUMBER,
	  .offset = LINEAGE(depth),
	  .value = "N",
	  .min = 1,
	  .max = MUSTER_LINEAGE_DEPTH_MAX,
	  .help = "how many runs to go back, and to go on (default: 10)" },
	{ .name = "max-nodes",
	  .kind = OPTION_NUMBER,
	  .offset = LINEAGE(max_nodes),
	  .value = "N",
	  .min = 1,
	  .max = MUSTER_LINEAGE_NODES_MAX,
	  .help = "how many versions and runs to show at most (default: 500)" },
	{ .name = "format",
	  .kind = OPTION_CHOICE,
	  .offset = LINEAGE(format),
	  .value = "FORMAT",
	  .choices = "text|dot|svg",
	  .help = "a tree (text), a graph for Graphviz (dot), or a picture (svg)" },
};

/* --- titles: versions as one would type them, runs by their ids ------------------------------- */

static char *make_title(const struct cli *cli, const struct muster_lineage_node *node)
{
	struct muster_collection_info info = { .entity = node->entity,
					       .project = node->project,
					       .name = node->name };
	char name[COLLECTION_NAME_BYTES], *title;

	if (node->kind == MUSTER_LINEAGE_RUN)
		return strdup(node->id);
	collection_name(name, cli->repository, &info);
	return asprintf(&title, "%s:v%llu", name, (unsigned long long)node->number) < 0 ? NULL
											: title;
}

static void free_titles(char **titles, size_t count)
{
	for (size_t i = 0; titles && i < count; i++)
		free(titles[i]);
	free(titles);
}

static enum muster_code make_titles(const struct cli *cli, const struct muster_lineage *graph,
				    char ***out, struct muster_error *err)
{
	char **titles = calloc(graph->node_count, sizeof(*titles));

	*out = titles;
	if (!titles)
		return muster_fail_memory(err, "a graph");
	for (size_t i = 0; i < graph->node_count; i++) {
		titles[i] = make_title(cli, &graph->nodes[i]);
		if (!titles[i])
			return muster_fail_memory(err, "a graph");
	}
	return MUSTER_OK;
}

/* --- telling --------------------------------------------------------------------------------- */

static void node_json(struct cli *cli, const struct muster_lineage_node *node)
{
	struct json_writer *json = cli_json_begin(cli, "lineage_node");
	char version[32];

	json_member_text(json, "id", node->id);
	json_member_text(json, "kind", node->kind == MUSTER_LINEAGE_RUN ? "run" : "version");
	json_member_text(json, "entity", node->entity);
	json_member_text(json, "project", node->project);
	json_member_text(json, "name", node->name);
	if (node->kind == MUSTER_LINEAGE_VERSION) {
		snprintf(version, sizeof(version), "v%llu", (unsigned long long)node->number);
		json_member_text(json, "version", version);
		json_member_text(json, "artifact_type", node->type);
		json_member_bool(json, "is_deleted", *node->state != '\0');
	} else {
		json_member_text(json, "job_type", node->type);
		json_member_text(json, "state", node->state);
	}
	json_write_key(json, "level");
	json_write_i64(json, node->level);
	json_member_bool(json, "is_cut", node->is_cut);
	cli_json_end(cli);
}

static void graph_json(struct cli *cli, const struct muster_lineage *graph)
{
	for (size_t i = 0; i < graph->node_count; i++)
		node_json(cli, &graph->nodes[i]);
	for (size_t i = 0; i < graph->edge_count; i++) {
		struct json_writer *json = cli_json_begin(cli, "lineage_edge");

		json_member_text(json, "from", graph->nodes[graph->edges[i].from].id);
		json_member_text(json, "to", graph->nodes[graph->edges[i].to].id);
		cli_json_end(cli);
	}
}

static enum muster_code draw(struct cli *cli, const struct muster_lineage *graph,
			     struct muster_error *err)
{
	const struct lineage_command_options *options = cli->options;
	const char *format = options->format ? options->format : "text";
	char **titles = NULL;
	struct bytes out = { 0 };
	struct lineage_drawing drawing = { .graph = graph };
	enum muster_code code = make_titles(cli, graph, &titles, err);

	drawing.titles = (const char *const *)titles;
	if (!code && strcmp(format, "dot") == 0)
		code = lineage_draw_dot(&drawing, &out, err);
	else if (!code && strcmp(format, "svg") == 0)
		code = lineage_draw_svg(&drawing, &out, err);
	else if (!code)
		code = lineage_draw_text(&drawing, &out, err);
	if (!code)
		code = output_bytes(&cli->output, bytes_view(&out), err);
	bytes_release(&out);
	free_titles(titles, graph->node_count);
	return code;
}

static void tell_cuts(struct cli *cli, const struct muster_lineage *graph)
{
	if (graph->is_cut_by_depth)
		cli_say(cli, "cut where it is deeper (…): --depth N shows more");
	if (graph->is_cut_by_nodes)
		cli_say(cli, "cut at %zu versions and runs (…): --max-nodes N shows more",
			graph->node_count);
	summary_add_u64(cli, "node_count", graph->node_count);
	summary_add_u64(cli, "edge_count", graph->edge_count);
	summary_add_bool(cli, "is_cut_by_depth", graph->is_cut_by_depth);
	summary_add_bool(cli, "is_cut_by_nodes", graph->is_cut_by_nodes);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct lineage_command_options *options = cli->options;
	struct muster_lineage_options request = { options->depth, options->max_nodes };
	struct muster_lineage *graph = NULL;
	enum muster_code code = MUSTER_OK;

	if (cli->global.json && options->format && strcmp(options->format, "text") != 0)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "--format %s and --json are two forms of one thing: choose one",
				   options->format);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_lineage(cli->repository, cli_word(cli, 0), &request, &graph, err);
	if (!code && cli->global.json)
		graph_json(cli, graph);
	else if (!code)
		code = draw(cli, graph, err);
	if (!code)
		tell_cuts(cli, graph);
	muster_lineage_free(graph);
	return hint_names(cli, code);
}

const struct command command_lineage = {
	.name = "lineage",
	.summary = "what a version was made of, and what was made of it",
	.usage = "[options] VERSION",
	.description =
		"Draws the runs and versions that lead to VERSION, and those that it leads to: a "
		"tree, or with --format a graph for Graphviz or a picture. Where there is more "
		"than is drawn, a … stands, and a message says so.\n"
		"\n"
		"The run that logged a version, the versions that it used, and so on: --depth "
		"says how many runs to go on each way. What else those runs logged, or what else "
		"came of the versions on the way, is not shown: ask for their lineage.",
	.examples = "muster lineage model\n"
		    "muster lineage model:v0 --depth 2\n"
		    "muster lineage model --format svg >lineage.svg\n"
		    "muster lineage model --format dot",
	COMMAND_OPTIONS(specs, struct lineage_command_options),
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
