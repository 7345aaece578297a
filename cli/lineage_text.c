#include "cli/lineage.h"

#include <stdlib.h>

#include "base/text/text.h"
#include "cli/show.h"

#define TITLE "VERSION OR RUN"

enum way { UP, DOWN };

/* One line: what stands before the columns, and the node that they tell of. */
struct row {
	size_t text_begin, text_end; /* in `text` */
	size_t node;		     /* SIZE_MAX: none, only the text */
	bool is_repeated;
};

struct tree {
	const struct lineage_drawing *drawing;
	struct bytes text;
	struct row *rows;
	size_t row_count, row_cap;
	bool *was_drawn[2];
	struct bytes indent; /* of the branch that is drawn */
	enum muster_code code;
	struct muster_error *err;
};

static void keep(struct tree *tree, enum muster_code code)
{
	if (!tree->code)
		tree->code = code;
}

static void append(struct tree *tree, const char *text)
{
	keep(tree, bytes_append_text(&tree->text, text, tree->err));
}

static void end_row(struct tree *tree, size_t begin, size_t node, bool is_repeated)
{
	size_t cap = tree->row_cap ? 2 * tree->row_cap : 64;
	struct row *rows = tree->rows;

	if (tree->row_count == tree->row_cap) {
		rows = reallocarray(rows, cap, sizeof(*rows));
		if (!rows) {
			keep(tree, muster_fail_memory(tree->err, "the lines of a lineage"));
			return;
		}
		tree->rows = rows;
		tree->row_cap = cap;
	}
	tree->rows[tree->row_count++] = (struct row){ begin, tree->text.len, node, is_repeated };
}

/* What the node is to the one above it. */
static const char *relation(const struct muster_lineage_node *node, enum way way)
{
	if (node->kind == MUSTER_LINEAGE_RUN)
		return way == UP ? "logged by run " : "used by run ";
	return way == UP ? "used " : "logged ";
}

static void draw_row(struct tree *tree, size_t node, enum way way, bool is_last, bool is_repeated)
{
	const struct lineage_drawing *drawing = tree->drawing;
	size_t begin = tree->text.len;

	keep(tree, bytes_append_view(&tree->text, bytes_view(&tree->indent), tree->err));
	append(tree, is_last ? "└── " : "├── ");
	append(tree, relation(&drawing->graph->nodes[node], way));
	keep(tree, text_append_safe(&tree->text, view_text(drawing->titles[node]), tree->err));
	end_row(tree, begin, node, is_repeated);
}

static void draw_more(struct tree *tree)
{
	size_t begin = tree->text.len;

	keep(tree, bytes_append_view(&tree->text, bytes_view(&tree->indent), tree->err));
	append(tree, "└── …");
	end_row(tree, begin, SIZE_MAX, false);
}

/* The other end of an edge, or SIZE_MAX where it is not one of the node's on this way. */
static size_t other_end(const struct muster_lineage_edge *edge, size_t node, enum way way)
{
	if (way == UP)
		return edge->to == node ? edge->from : SIZE_MAX;
	return edge->from == node ? edge->to : SIZE_MAX;
}

static size_t count_neighbours(const struct tree *tree, size_t node, enum way way)
{
	const struct muster_lineage *graph = tree->drawing->graph;
	size_t count = 0;

	for (size_t i = 0; i < graph->edge_count; i++)
		count += other_end(&graph->edges[i], node, way) != SIZE_MAX;
	return count;
}

/* A cut node's way is the side of the version on which it stands; the version itself has both. */
static bool has_more(const struct muster_lineage *graph, size_t node, enum way way)
{
	int32_t level = graph->nodes[node].level;

	return graph->nodes[node].is_cut && (level == 0 || (level < 0) == (way == UP));
}

static void draw_neighbours(struct tree *tree, size_t node, enum way way, bool follows);

/* What hangs below a neighbour, each line behind the branch that it hangs on. */
static void draw_below(struct tree *tree, size_t node, enum way way, bool is_last)
{
	bool is_cut = has_more(tree->drawing->graph, node, way);
	size_t indent = tree->indent.len;

	keep(tree, bytes_append_text(&tree->indent, is_last ? "    " : "│   ", tree->err));
	draw_neighbours(tree, node, way, is_cut);
	if (is_cut)
		draw_more(tree);
	tree->indent.len = indent;
}

/* `follows`: more lines will hang on this branch, none of these is the last. */
static void draw_neighbours(struct tree *tree, size_t node, enum way way, bool follows)
{
	const struct muster_lineage *graph = tree->drawing->graph;
	size_t left = count_neighbours(tree, node, way);

	for (size_t i = 0; i < graph->edge_count && !tree->code; i++) {
		size_t neighbour = other_end(&graph->edges[i], node, way);
		bool is_repeated, is_last;

		if (neighbour == SIZE_MAX)
			continue;
		is_repeated = tree->was_drawn[way][neighbour] || neighbour == 0;
		is_last = --left == 0 && !follows;
		draw_row(tree, neighbour, way, is_last, is_repeated);
		tree->was_drawn[way][neighbour] = true;
		if (!is_repeated)
			draw_below(tree, neighbour, way, is_last);
	}
}

/* What it comes from and where it went hang on one branch. */
static void draw_tree(struct tree *tree)
{
	const struct muster_lineage *graph = tree->drawing->graph;
	bool is_cut = graph->nodes[0].is_cut;

	keep(tree, text_append_safe(&tree->text, view_text(tree->drawing->titles[0]), tree->err));
	end_row(tree, 0, 0, false);
	draw_neighbours(tree, 0, UP, is_cut || count_neighbours(tree, 0, DOWN));
	draw_neighbours(tree, 0, DOWN, is_cut);
	if (is_cut)
		draw_more(tree);
}

/* --- columns -------------------------------------------------------------------------------- */

struct widths {
	size_t text, type, state;
};

static size_t longer(size_t width, size_t other)
{
	return width > other ? width : other;
}

static struct view row_text(const struct tree *tree, const struct row *row)
{
	return view_of(tree->text.ptr + row->text_begin, row->text_end - row->text_begin);
}

static struct widths measure(const struct tree *tree)
{
	struct widths widths = { strlen(TITLE), strlen("TYPE"), strlen("STATE") };

	for (size_t i = 0; i < tree->row_count; i++) {
		const struct row *row = &tree->rows[i];
		const struct muster_lineage_node *node;

		widths.text = longer(show_width(row_text(tree, row)), widths.text);
		if (row->node == SIZE_MAX)
			continue;
		node = &tree->drawing->graph->nodes[row->node];
		widths.type = longer(show_width(view_text(node->type)), widths.type);
		widths.state = longer(strlen(node->state), widths.state);
	}
	return widths;
}

static void append_padded(struct tree *tree, struct bytes *out, struct view text, size_t width)
{
	keep(tree, bytes_append_view(out, text, tree->err));
	for (size_t column = show_width(text); column < width; column++)
		keep(tree, bytes_append_byte(out, ' ', tree->err));
}

static void append_columns(struct tree *tree, struct bytes *out, const struct widths *widths,
			   struct view text, const char *const columns[3])
{
	const size_t width[] = { widths->type, widths->state, 0 };
	size_t last = 3;

	while (last && !*columns[last - 1])
		last--;
	append_padded(tree, out, text, last ? widths->text : 0);
	for (size_t i = 0; i < last; i++) {
		struct bytes safe = { 0 };

		keep(tree, text_append_safe(&safe, view_text(columns[i]), tree->err));
		append_padded(tree, out, VIEW_LITERAL("  "), 2);
		append_padded(tree, out, bytes_view(&safe), i + 1 < last ? width[i] : 0);
		bytes_release(&safe);
	}
	keep(tree, bytes_append_byte(out, '\n', tree->err));
}

static void append_rows(struct tree *tree, struct bytes *out)
{
	static const char *const titles[] = { "TYPE", "STATE", "NAME" };
	struct widths widths = measure(tree);

	append_columns(tree, out, &widths, VIEW_LITERAL(TITLE), titles);
	for (size_t i = 0; i < tree->row_count; i++) {
		const struct row *row = &tree->rows[i];
		const struct muster_lineage_node *node =
			row->node == SIZE_MAX ? NULL : &tree->drawing->graph->nodes[row->node];
		bool is_run = node && node->kind == MUSTER_LINEAGE_RUN;
		const char *const columns[] = { node ? node->type : "", node ? node->state : "",
						row->is_repeated ? "(see above)"
						: is_run	 ? node->name
								 : "" };

		append_columns(tree, out, &widths, row_text(tree, row), columns);
	}
}

enum muster_code lineage_draw_text(const struct lineage_drawing *drawing, struct bytes *out,
				   struct muster_error *err)
{
	struct tree tree = { .drawing = drawing, .err = err };

	for (int way = UP; way <= DOWN; way++) {
		tree.was_drawn[way] = calloc(drawing->graph->node_count, sizeof(bool));
		if (!tree.was_drawn[way])
			keep(&tree, muster_fail_memory(err, "the lines of a lineage"));
	}
	if (!tree.code)
		draw_tree(&tree);
	if (!tree.code)
		append_rows(&tree, out);
	bytes_release(&tree.text);
	bytes_release(&tree.indent);
	free(tree.rows);
	free(tree.was_drawn[UP]);
	free(tree.was_drawn[DOWN]);
	return tree.code;
}
