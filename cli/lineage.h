/**
 * lineage - a graph of runs and versions as text, as DOT, and as SVG.
 *
 * Threads: pure functions. Memory: what is drawn, in `out`; some words a node and an edge.
 */
#ifndef CLI_LINEAGE_H
#define CLI_LINEAGE_H

#include "base/bytes.h"
#include "muster/run.h"

struct lineage_drawing {
	const struct muster_lineage *graph;
	const char *const *titles; /* of the nodes: what people call them */
};

/** A tree from the version that was asked for: what it comes from, then where it went. A node that
 *  was drawn before is only named again. A line for each, in columns. */
enum muster_code lineage_draw_text(const struct lineage_drawing *drawing, struct bytes *out,
				   struct muster_error *err);
/** For Graphviz. */
enum muster_code lineage_draw_dot(const struct lineage_drawing *drawing, struct bytes *out,
				  struct muster_error *err);
/** A picture of layers from left to right. */
enum muster_code lineage_draw_svg(const struct lineage_drawing *drawing, struct bytes *out,
				  struct muster_error *err);

/** Where the nodes stand: every edge leads to a higher layer, but those that close a circle. */
struct lineage_place {
	size_t layer, row; /* row: within the layer, from 0 */
};
/** Gives `*out`, a place for each node: free() it. */
enum muster_code lineage_layout(const struct muster_lineage *graph, struct lineage_place **out,
				struct muster_error *err);

#endif
