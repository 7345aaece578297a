/* Layers by the longest way to a node, rows by where its neighbours stand (Sugiyama, Tagawa, Toda
 * 1981, without nodes for long edges: these bow below what stands between).  */
#include <stdlib.h>

#include "cli/lineage.h"

#define SWEEPS 4

/* Edges by the node that they leave: those of node n are first[n] .. first[n + 1]. */
struct adjacency {
	size_t *first, *to;
};

struct layout {
	const struct muster_lineage *graph;
	struct lineage_place *places;
	struct adjacency out, in;
	size_t *waiting; /* edges into each node from nodes that have no layer yet; then scratch */
	size_t *queue;
	bool *is_placed;
	double *wish; /* where a node would like to stand */
};

static enum muster_code make_adjacency(struct adjacency *out, const struct muster_lineage *graph,
				       bool is_backwards, struct muster_error *err)
{
	size_t *at = calloc(graph->node_count + 1, sizeof(*at));

	out->first = calloc(graph->node_count + 1, sizeof(*out->first));
	out->to = calloc(graph->edge_count + 1, sizeof(*out->to));
	if (!at || !out->first || !out->to) {
		free(at);
		return muster_fail_memory(err, "a layout");
	}
	for (size_t i = 0; i < graph->edge_count; i++)
		out->first[(is_backwards ? graph->edges[i].to : graph->edges[i].from) + 1]++;
	for (size_t i = 0; i < graph->node_count; i++)
		out->first[i + 1] += out->first[i];
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct muster_lineage_edge *edge = &graph->edges[i];
		size_t from = is_backwards ? edge->to : edge->from;

		out->to[out->first[from] + at[from]++] = is_backwards ? edge->from : edge->to;
	}
	free(at);
	return MUSTER_OK;
}

/* Of those that wait for each other in a circle, the one that comes first. */
static size_t break_circle(const struct layout *layout)
{
	const struct muster_lineage *graph = layout->graph;
	size_t best = graph->node_count;

	for (size_t i = 0; i < graph->node_count; i++)
		if (!layout->is_placed[i] &&
		    (best == graph->node_count || graph->nodes[i].level < graph->nodes[best].level))
			best = i;
	return best;
}

static void assign_layers(struct layout *layout)
{
	size_t node_count = layout->graph->node_count, queued = 0;

	for (size_t i = 0; i < node_count; i++) {
		layout->waiting[i] = layout->in.first[i + 1] - layout->in.first[i];
		if (!layout->waiting[i]) {
			layout->queue[queued++] = i;
			layout->is_placed[i] = true;
		}
	}
	for (size_t next = 0; next < node_count; next++) {
		size_t node;

		if (next == queued) {
			node = break_circle(layout);
			layout->queue[queued++] = node;
			layout->is_placed[node] = true;
		}
		node = layout->queue[next];
		for (size_t e = layout->out.first[node]; e < layout->out.first[node + 1]; e++) {
			size_t to = layout->out.to[e];

			if (layout->is_placed[to])
				continue; /* closes a circle */
			if (layout->places[to].layer < layout->places[node].layer + 1)
				layout->places[to].layer = layout->places[node].layer + 1;
			if (--layout->waiting[to] == 0) {
				layout->queue[queued++] = to;
				layout->is_placed[to] = true;
			}
		}
	}
}

static int by_layer_and_wish(const void *a, const void *b, void *state)
{
	const struct layout *sorted = state;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	const struct lineage_place *places = sorted->places;

	if (places[left].layer != places[right].layer)
		return places[left].layer < places[right].layer ? -1 : 1;
	if (sorted->wish[left] != sorted->wish[right])
		return sorted->wish[left] < sorted->wish[right] ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* Rows in the order of the wishes. */
static void assign_rows(struct layout *layout)
{
	size_t node_count = layout->graph->node_count, row = 0;

	for (size_t i = 0; i < node_count; i++)
		layout->queue[i] = i;
	qsort_r(layout->queue, node_count, sizeof(*layout->queue), by_layer_and_wish, layout);
	for (size_t i = 0; i < node_count; i++) {
		size_t node = layout->queue[i];

		if (i && layout->places[node].layer != layout->places[layout->queue[i - 1]].layer)
			row = 0;
		layout->places[node].row = row++;
	}
}

/* In the middle of its neighbours on one side; without any, where it is. */
static void wish_beside(struct layout *layout, const struct adjacency *side)
{
	for (size_t i = 0; i < layout->graph->node_count; i++) {
		size_t count = side->first[i + 1] - side->first[i];
		double sum = 0;

		for (size_t e = side->first[i]; e < side->first[i + 1]; e++)
			sum += (double)layout->places[side->to[e]].row;
		layout->wish[i] = count ? sum / (double)count : (double)layout->places[i].row;
	}
}

static enum muster_code prepare(struct layout *layout, struct muster_error *err)
{
	size_t count = layout->graph->node_count;
	enum muster_code code = make_adjacency(&layout->out, layout->graph, false, err);

	if (!code)
		code = make_adjacency(&layout->in, layout->graph, true, err);
	layout->places = calloc(count, sizeof(*layout->places));
	layout->waiting = calloc(count, sizeof(*layout->waiting));
	layout->queue = calloc(count, sizeof(*layout->queue));
	layout->is_placed = calloc(count, sizeof(*layout->is_placed));
	layout->wish = calloc(count, sizeof(*layout->wish));
	if (!code && (!layout->places || !layout->waiting || !layout->queue || !layout->is_placed ||
		      !layout->wish))
		code = muster_fail_memory(err, "a layout");
	return code;
}

enum muster_code lineage_layout(const struct muster_lineage *graph, struct lineage_place **out,
				struct muster_error *err)
{
	struct layout layout = { .graph = graph };
	enum muster_code code = prepare(&layout, err);

	*out = NULL;
	if (!code) {
		assign_layers(&layout);
		assign_rows(&layout);
		for (int i = 0; i < SWEEPS; i++) {
			wish_beside(&layout, i % 2 ? &layout.out : &layout.in);
			assign_rows(&layout);
		}
		*out = layout.places;
		layout.places = NULL;
	}
	free(layout.places);
	free(layout.waiting);
	free(layout.queue);
	free(layout.is_placed);
	free(layout.wish);
	free(layout.out.first);
	free(layout.out.to);
	free(layout.in.first);
	free(layout.in.to);
	return code;
}
