/* The graph while it grows. */
#ifndef ENGINE_LINEAGE_GRAPH_H
#define ENGINE_LINEAGE_GRAPH_H

#include "engine/lineage/finder.h"
#include "muster/run.h"

#define GRAPH_NONE SIZE_MAX

/* What is known of a node besides what is told of it. */
struct graph_more {
	struct found_version version; /* of a version; its collection may be closed by now */
	bool was_reached[2];	      /* upwards, downwards */
};

struct graph {
	struct muster_lineage *told; /* given away at the end */
	struct graph_more *more;     /* a node each */
	size_t max_nodes, node_cap, edge_cap;
};

enum muster_code graph_init(struct graph *graph, size_t max_nodes, struct muster_error *err);
void graph_release(struct graph *graph); /* what is told, too; a zeroed one does no harm */

size_t graph_find(const struct graph *graph, enum muster_lineage_kind kind, const char *id);
/** `*out` is the new node, or GRAPH_NONE where there are max_nodes. The collection is open. */
enum muster_code graph_add_version(struct graph *graph, const struct found_version *version,
				   int32_t level, size_t *out, struct muster_error *err);
/** `run` NULL: its record is lost, `state` says how. */
enum muster_code graph_add_run(struct graph *graph, const struct run_id *id, const struct run *run,
			       const char *state, int32_t level, size_t *out,
			       struct muster_error *err);
/** Once for each pair. */
enum muster_code graph_join(struct graph *graph, size_t from, size_t to, struct muster_error *err);

#endif
