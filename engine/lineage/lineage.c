/* Two walks from the version: what led to it, what it led to. Each goes on in the direction in
 * which it came, so that it meets ancestors only, or descendants only. */
#include "engine/lineage/lineage.h"

#include <stdlib.h>

#include "engine/lineage/graph.h"
#include "engine/look/named_version.h"

enum way { UP, DOWN };

struct walk {
	struct repository *repository;
	struct finder finder;
	struct graph graph;
	enum way way;
	uint64_t depth;
	size_t at; /* the node whose neighbours are looked for */
	/* Nodes whose neighbours are still to be looked for: a queue that never grows beyond the
	 * number of nodes, as each is in it once on each way. */
	size_t *queue, queue_count;
};

static struct muster_lineage_node *node_of(struct walk *walk, size_t index)
{
	return &walk->graph.told->nodes[index];
}

/* Is there one neighbour more? Then the node that it is of says so. */
static void cut(struct walk *walk, bool *why)
{
	node_of(walk, walk->at)->is_cut = true;
	*why = true;
}

/* Steps from the version, whichever way; two of them for each run. */
static bool is_deep_enough(struct walk *walk)
{
	uint64_t steps = (uint64_t)labs(node_of(walk, walk->at)->level);

	return steps >= 2 * walk->depth;
}

static int32_t next_level(struct walk *walk)
{
	return node_of(walk, walk->at)->level + (walk->way == UP ? -1 : 1);
}

/* The neighbour: an edge, and its turn if it has not had one on this way. */
static enum muster_code reach(struct walk *walk, size_t index, struct muster_error *err)
{
	enum muster_code code;

	if (index == GRAPH_NONE) {
		cut(walk, &walk->graph.told->is_cut_by_nodes);
		return MUSTER_OK;
	}
	code = walk->way == UP ? graph_join(&walk->graph, index, walk->at, err)
			       : graph_join(&walk->graph, walk->at, index, err);
	if (!code && !walk->graph.more[index].was_reached[walk->way]) {
		walk->graph.more[index].was_reached[walk->way] = true;
		walk->queue[walk->queue_count++] = index;
	}
	return code;
}

static enum muster_code add_run(struct walk *walk, const struct run_id *id, size_t *out,
				struct muster_error *err)
{
	struct run run;
	const char *state = "running";
	enum muster_code code = run_open(&run, walk->repository, view_text(id->text), err);

	if (!code && run.is_finished)
		state = run.state == RUN_FINISHED ? "finished" : "failed";
	if (code == MUSTER_E_NAME || code == MUSTER_E_FORMAT || code == MUSTER_E_UNSUPPORTED) {
		state = code == MUSTER_E_NAME ? "missing" : "unreadable";
		code = graph_add_run(&walk->graph, id, NULL, state, next_level(walk), out, err);
	} else if (!code) {
		code = graph_add_run(&walk->graph, id, &run, state, next_level(walk), out, err);
	}
	run_release(&run);
	return code;
}

/* A run beside a version. */
static enum muster_code meet_run(void *state, const struct run_id *id, struct muster_error *err)
{
	struct walk *walk = state;
	size_t index = graph_find(&walk->graph, MUSTER_LINEAGE_RUN, id->text);
	enum muster_code code = MUSTER_OK;

	if (is_deep_enough(walk)) {
		cut(walk, &walk->graph.told->is_cut_by_depth);
		return MUSTER_END;
	}
	if (index == GRAPH_NONE && walk->graph.told->node_count >= walk->graph.max_nodes) {
		cut(walk, &walk->graph.told->is_cut_by_nodes);
		return MUSTER_END;
	}
	if (index == GRAPH_NONE)
		code = add_run(walk, id, &index, err);
	return code ? code : reach(walk, index, err);
}

/* A version beside a run. */
static enum muster_code meet_version(void *state, const struct run_record *record,
				     struct muster_error *err)
{
	struct walk *walk = state;
	struct found_version found;
	char id[33];
	size_t index;
	enum muster_code code = MUSTER_OK;

	hex_put(id, record->version_id, 16);
	index = graph_find(&walk->graph, MUSTER_LINEAGE_VERSION, id);
	if (index == GRAPH_NONE) {
		code = finder_find(&walk->finder, record, &found, err);
		if (code == MUSTER_ABSENT)
			return MUSTER_OK;
		if (!code)
			code = graph_add_version(&walk->graph, &found, next_level(walk), &index,
						 err);
	}
	return code ? code : reach(walk, index, err);
}

static enum muster_code expand_version(struct walk *walk, struct muster_error *err)
{
	struct found_version version = walk->graph.more[walk->at].version;
	struct run_id run;
	enum muster_code code;

	if (walk->way == DOWN)
		return run_each_user(walk->repository, version.id, meet_run, walk, err);
	code = finder_run_of(&walk->finder, &version, &run, err);
	return code ? code : meet_run(walk, &run, err);
}

static enum muster_code expand_run(struct walk *walk, struct muster_error *err)
{
	struct run_id run;

	run_id_parse(view_text(node_of(walk, walk->at)->id), &run);
	return run_each_version(walk->repository, &run,
				walk->way == UP ? LINEAGE_USED : LINEAGE_LOGGED, meet_version, walk,
				err);
}

static enum muster_code walk_way(struct walk *walk, enum way way, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	walk->way = way;
	walk->queue[0] = 0;
	walk->queue_count = 1;
	walk->graph.more[0].was_reached[way] = true;
	for (size_t next = 0; next < walk->queue_count && !code; next++) {
		walk->at = walk->queue[next];
		code = node_of(walk, walk->at)->kind == MUSTER_LINEAGE_VERSION
			       ? expand_version(walk, err)
			       : expand_run(walk, err);
		if (code == MUSTER_ABSENT || code == MUSTER_END)
			code = MUSTER_OK;
	}
	return code;
}

/* Node 0. */
static enum muster_code add_first(struct walk *walk, const struct artifact_address *address,
				  struct muster_error *err)
{
	struct named_version named;
	struct found_version found = { 0 };
	size_t index;
	enum muster_code code = named_version_open(&named, walk->repository, address, err);

	if (!code) {
		found.collection = named.collection;
		found.number = named.version->number;
		found.event = named.version->event;
		memcpy(found.id, named.version->id, 16);
		memcpy(found.collection_id, collection_id(named.collection), 16);
		code = graph_add_version(&walk->graph, &found, 0, &index, err);
	}
	named_version_release(&named);
	return code;
}

enum muster_code lineage_find(struct repository *repository, const struct artifact_address *address,
			      const struct muster_lineage_options *options,
			      struct muster_lineage **out, struct muster_error *err)
{
	struct walk walk = { .repository = repository,
			     .finder.repository = repository,
			     .depth = options->depth };
	enum muster_code code = graph_init(&walk.graph, (size_t)options->max_nodes, err);

	*out = NULL;
	walk.queue = calloc((size_t)options->max_nodes, sizeof(*walk.queue));
	if (!code && !walk.queue)
		code = muster_fail_memory(err, "a walk through a graph");
	if (!code)
		code = add_first(&walk, address, err);
	if (!code)
		code = walk_way(&walk, UP, err);
	if (!code)
		code = walk_way(&walk, DOWN, err);
	if (!code) {
		*out = walk.graph.told;
		walk.graph.told = NULL;
	}
	graph_release(&walk.graph);
	finder_release(&walk.finder);
	free(walk.queue);
	return code;
}
