#include "engine/lineage/graph.h"

#include <stdlib.h>

#include "engine/lineage/lineage.h"

enum muster_code graph_init(struct graph *graph, size_t max_nodes, struct muster_error *err)
{
	*graph = (struct graph){ .max_nodes = max_nodes };
	graph->told = calloc(1, sizeof(*graph->told));
	return graph->told ? MUSTER_OK : muster_fail_memory(err, "a graph");
}

void lineage_free(struct muster_lineage *lineage)
{
	if (!lineage)
		return;
	for (size_t i = 0; i < lineage->node_count; i++)
		free((char *)(uintptr_t)lineage->nodes[i].id); /* all texts of the node */
	free(lineage->nodes);
	free(lineage->edges);
	free(lineage);
}

void graph_release(struct graph *graph)
{
	lineage_free(graph->told);
	free(graph->more);
	*graph = (struct graph){ 0 };
}

size_t graph_find(const struct graph *graph, enum muster_lineage_kind kind, const char *id)
{
	for (size_t i = 0; i < graph->told->node_count; i++) {
		const struct muster_lineage_node *node = &graph->told->nodes[i];

		if (node->kind == kind && strcmp(node->id, id) == 0)
			return i;
	}
	return GRAPH_NONE;
}

static enum muster_code grow_nodes(struct graph *graph, struct muster_error *err)
{
	struct muster_lineage *told = graph->told;
	size_t cap = graph->node_cap ? 2 * graph->node_cap : 32;
	struct muster_lineage_node *nodes;
	struct graph_more *more;

	if (told->node_count < graph->node_cap)
		return MUSTER_OK;
	nodes = reallocarray(told->nodes, cap, sizeof(*nodes));
	if (!nodes)
		return muster_fail_memory(err, "a graph");
	told->nodes = nodes;
	more = reallocarray(graph->more, cap, sizeof(*more));
	if (!more)
		return muster_fail_memory(err, "a graph");
	graph->more = more;
	graph->node_cap = cap;
	return MUSTER_OK;
}

/* The id, entity, project, name and type lie behind each other in one allocation. */
#define NODE_TEXTS 5

static enum muster_code add_node(struct graph *graph, const struct muster_lineage_node *given,
				 const struct view texts[NODE_TEXTS], size_t *out,
				 struct muster_error *err)
{
	struct muster_lineage *told = graph->told;
	struct muster_lineage_node node = *given;
	const char **places[NODE_TEXTS] = { &node.id, &node.entity, &node.project, &node.name,
					    &node.type };
	size_t len = 0;
	enum muster_code code;
	char *at;

	*out = GRAPH_NONE;
	if (told->node_count >= graph->max_nodes)
		return MUSTER_OK;
	code = grow_nodes(graph, err);
	if (code)
		return code;
	for (size_t i = 0; i < NODE_TEXTS; i++)
		len += texts[i].len + 1;
	at = calloc(1, len);
	if (!at)
		return muster_fail_memory(err, "a node of a graph");
	for (size_t i = 0; i < NODE_TEXTS; i++) {
		if (texts[i].len)
			memcpy(at, texts[i].ptr, texts[i].len);
		*places[i] = at;
		at += texts[i].len + 1;
	}
	*out = told->node_count++;
	told->nodes[*out] = node;
	graph->more[*out] = (struct graph_more){ 0 };
	return MUSTER_OK;
}

enum muster_code graph_add_version(struct graph *graph, const struct found_version *version,
				   int32_t level, size_t *out, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(version->collection);
	struct muster_lineage_node node = { .kind = MUSTER_LINEAGE_VERSION,
					    .level = level,
					    .number = version->number,
					    .state = version->is_deleted ? "deleted" : "" };
	char id[33];
	const struct view texts[NODE_TEXTS] = { view_of(id, 32), state->entity, state->project,
						state->name, state->type };
	enum muster_code code;

	hex_put(id, version->id, 16);
	code = add_node(graph, &node, texts, out, err);
	if (!code && *out != GRAPH_NONE)
		graph->more[*out].version = *version;
	return code;
}

enum muster_code graph_add_run(struct graph *graph, const struct run_id *id, const struct run *run,
			       const char *state, int32_t level, size_t *out,
			       struct muster_error *err)
{
	static const struct run_record nothing = { 0 };
	const struct run_record *start = run ? &run->start : &nothing;
	struct muster_lineage_node node = { .kind = MUSTER_LINEAGE_RUN,
					    .level = level,
					    .state = state };
	const struct view texts[NODE_TEXTS] = { view_text(id->text), start->entity, start->project,
						start->name, start->job_type };

	return add_node(graph, &node, texts, out, err);
}

static bool has_edge(const struct muster_lineage *told, size_t from, size_t to)
{
	for (size_t i = 0; i < told->edge_count; i++)
		if (told->edges[i].from == from && told->edges[i].to == to)
			return true;
	return false;
}

enum muster_code graph_join(struct graph *graph, size_t from, size_t to, struct muster_error *err)
{
	struct muster_lineage *told = graph->told;
	size_t cap = graph->edge_cap ? 2 * graph->edge_cap : 32;
	struct muster_lineage_edge *edges;

	if (has_edge(told, from, to))
		return MUSTER_OK;
	if (told->edge_count >= LINEAGE_EDGES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a graph of over %u edges",
				   LINEAGE_EDGES_MAX);
	if (told->edge_count == graph->edge_cap) {
		edges = reallocarray(told->edges, cap, sizeof(*edges));
		if (!edges)
			return muster_fail_memory(err, "a graph");
		told->edges = edges;
		graph->edge_cap = cap;
	}
	told->edges[told->edge_count++] = (struct muster_lineage_edge){ from, to };
	return MUSTER_OK;
}
