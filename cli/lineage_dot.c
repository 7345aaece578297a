#include "cli/lineage.h"

#include "base/text/text.h"

struct dot {
	struct bytes *out;
	enum muster_code code;
	struct muster_error *err;
};

static void keep(struct dot *dot, enum muster_code code)
{
	if (!dot->code)
		dot->code = code;
}

static void append(struct dot *dot, const char *text)
{
	keep(dot, bytes_append_text(dot->out, text, dot->err));
}

/* Within a string in quotes: \ and " have a backslash. Titles are made safe before. */
static void append_quoted(struct dot *dot, const char *text)
{
	struct bytes safe = { 0 };

	keep(dot, text_append_safe(&safe, view_text(text), dot->err));
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.ptr[i] == '"' || safe.ptr[i] == '\\')
			append(dot, "\\");
		keep(dot, bytes_append_byte(dot->out, safe.ptr[i], dot->err));
	}
	bytes_release(&safe);
}

static void append_part(struct dot *dot, const char *between, const char *text)
{
	if (!*text)
		return;
	append(dot, between);
	append_quoted(dot, text);
}

static void append_node(struct dot *dot, const struct lineage_drawing *drawing, size_t index)
{
	const struct muster_lineage_node *node = &drawing->graph->nodes[index];
	bool is_run = node->kind == MUSTER_LINEAGE_RUN;

	keep(dot, bytes_printf(dot->out, dot->err, "  n%zu [shape=%s%s label=\"", index,
			       is_run ? "ellipse" : "box", index ? "" : " style=bold"));
	append_quoted(dot, drawing->titles[index]);
	if (is_run)
		append_part(dot, "\\n", node->name);
	append_part(dot, "\\n", node->type);
	append_part(dot, *node->type ? ", " : "\\n", node->state);
	append(dot, node->is_cut ? "\\n…\"];\n" : "\"];\n");
}

enum muster_code lineage_draw_dot(const struct lineage_drawing *drawing, struct bytes *out,
				  struct muster_error *err)
{
	const struct muster_lineage *graph = drawing->graph;
	struct dot dot = { .out = out, .err = err };

	append(&dot, "digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < graph->node_count; i++)
		append_node(&dot, drawing, i);
	for (size_t i = 0; i < graph->edge_count; i++)
		keep(&dot, bytes_printf(out, err, "  n%zu -> n%zu;\n", graph->edges[i].from,
					graph->edges[i].to));
	append(&dot, "}\n");
	return dot.code;
}
