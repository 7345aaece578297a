#include <stdlib.h>

#include "base/text/text.h"
#include "cli/lineage.h"
#include "cli/show.h"

/* Pixels. */
#define MARGIN	      24
#define BOX_HEIGHT    48
#define ROW_STEP      72
#define LAYER_GAP     72
#define TEXT_INSET    12
#define COLUMN_WIDTH  8 /* of a 13 px monospace letter, rounded up */
#define BOX_WIDTH_MIN 96

struct box {
	size_t x, y, width;
};

struct picture {
	const struct lineage_drawing *drawing;
	struct lineage_place *places;
	struct box *boxes;
	struct bytes *details; /* the second line of each node */
	size_t layer_count, row_count;
	size_t *layer_x, *layer_width, *layer_rows;
	struct bytes *out;
	enum muster_code code;
	struct muster_error *err;
};

static void keep(struct picture *picture, enum muster_code code)
{
	if (!picture->code)
		picture->code = code;
}

static void append(struct picture *picture, const char *text)
{
	keep(picture, bytes_append_text(picture->out, text, picture->err));
}

/* As XML wants it; what a terminal could act on is escaped as everywhere. */
static void append_text(struct picture *picture, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '<')
			append(picture, "&lt;");
		else if (c == '>')
			append(picture, "&gt;");
		else if (c == '&')
			append(picture, "&amp;");
		else if (c == '"')
			append(picture, "&quot;");
		else
			keep(picture, bytes_append_byte(picture->out, c, picture->err));
	}
}

static void append_name(struct picture *picture, const char *name)
{
	struct bytes safe = { 0 };

	keep(picture, text_append_safe(&safe, view_text(name), picture->err));
	append_text(picture, bytes_view(&safe));
	bytes_release(&safe);
}

/* --- where things stand --------------------------------------------------------------------- */

/* "train, finished: second try" */
static void make_detail(struct picture *picture, struct bytes *out,
			const struct muster_lineage_node *node)
{
	const char *between = "";
	const char *const parts[] = { node->type, node->state,
				      node->kind == MUSTER_LINEAGE_RUN ? node->name : "",
				      node->is_cut ? "…" : "" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!*parts[i])
			continue;
		keep(picture, bytes_append_text(out, between, picture->err));
		keep(picture, text_append_safe(out, view_text(parts[i]), picture->err));
		between = ", ";
	}
}

static size_t width_of(struct view text)
{
	return show_width(text) * COLUMN_WIDTH + 2 * TEXT_INSET;
}

static void measure(struct picture *picture, size_t node)
{
	struct bytes title = { 0 };
	struct box *box = &picture->boxes[node];
	size_t layer = picture->places[node].layer, row = picture->places[node].row, detail;

	keep(picture,
	     text_append_safe(&title, view_text(picture->drawing->titles[node]), picture->err));
	make_detail(picture, &picture->details[node], &picture->drawing->graph->nodes[node]);
	box->width = width_of(bytes_view(&title));
	detail = width_of(bytes_view(&picture->details[node]));
	if (box->width < detail)
		box->width = detail;
	if (box->width < BOX_WIDTH_MIN)
		box->width = BOX_WIDTH_MIN;
	if (picture->layer_width[layer] < box->width)
		picture->layer_width[layer] = box->width;
	if (picture->layer_rows[layer] < row + 1)
		picture->layer_rows[layer] = row + 1;
	if (picture->row_count < row + 1)
		picture->row_count = row + 1;
	bytes_release(&title);
}

/* Layers beside each other, each in the middle of the height. */
static void place_boxes(struct picture *picture)
{
	size_t x = MARGIN;

	for (size_t i = 0; i < picture->layer_count; i++) {
		picture->layer_x[i] = x;
		x += picture->layer_width[i] + LAYER_GAP;
	}
	for (size_t i = 0; i < picture->drawing->graph->node_count; i++) {
		struct box *box = &picture->boxes[i];
		size_t layer = picture->places[i].layer;

		box->x = picture->layer_x[layer] + (picture->layer_width[layer] - box->width) / 2;
		box->y = MARGIN + picture->places[i].row * ROW_STEP +
			 (picture->row_count - picture->layer_rows[layer]) * ROW_STEP / 2;
	}
}

static void arrange(struct picture *picture)
{
	size_t count = picture->drawing->graph->node_count;

	for (size_t i = 0; i < count; i++)
		if (picture->layer_count < picture->places[i].layer + 1)
			picture->layer_count = picture->places[i].layer + 1;
	picture->boxes = calloc(count, sizeof(*picture->boxes));
	picture->details = calloc(count, sizeof(*picture->details));
	picture->layer_x = calloc(picture->layer_count, sizeof(size_t));
	picture->layer_width = calloc(picture->layer_count, sizeof(size_t));
	picture->layer_rows = calloc(picture->layer_count, sizeof(size_t));
	if (!picture->boxes || !picture->details || !picture->layer_x || !picture->layer_width ||
	    !picture->layer_rows) {
		keep(picture, muster_fail_memory(picture->err, "a picture"));
		return;
	}
	for (size_t i = 0; i < count; i++)
		measure(picture, i);
	place_boxes(picture);
}

/* --- drawing -------------------------------------------------------------------------------- */

static void draw_begin(struct picture *picture)
{
	size_t last = picture->layer_count - 1;
	size_t width = picture->layer_x[last] + picture->layer_width[last] + MARGIN;
	size_t height = picture->row_count * ROW_STEP + 2 * MARGIN; /* room for bows below */

	keep(picture,
	     bytes_printf(picture->out, picture->err,
			  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
			  "viewBox=\"0 0 %zu %zu\">\n",
			  width, height, width, height));
	append(picture,
	       "<style>\n"
	       "text { font: 13px monospace; text-anchor: middle; fill: #222 }\n"
	       ".detail { font-size: 11px; fill: #666 }\n"
	       "rect { fill: #e8f1fb; stroke: #3b6ea5 }\n"
	       ".run rect { fill: #fdf3e1; stroke: #b7822f }\n"
	       ".asked rect { stroke-width: 3 }\n"
	       ".deleted rect, .missing rect, .unreadable rect { fill: #eee; stroke: #999; "
	       "stroke-dasharray: 4 3 }\n"
	       ".failed rect { stroke: #b3261e }\n"
	       "path { fill: none; stroke: #888; marker-end: url(#arrow) }\n"
	       ".back { stroke-dasharray: 5 4 }\n"
	       "</style>\n"
	       "<marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
	       "markerHeight=\"8\" orient=\"auto\"><polygon points=\"0,0 8,4 0,8\" "
	       "fill=\"#888\"/></marker>\n");
}

/* From the right side of one box to the left side of the other. */
static void draw_edge(struct picture *picture, const struct muster_lineage_edge *edge)
{
	const struct box *from = &picture->boxes[edge->from], *to = &picture->boxes[edge->to];
	bool is_back = picture->places[edge->to].layer <= picture->places[edge->from].layer;
	bool is_long = picture->places[edge->to].layer > picture->places[edge->from].layer + 1;
	size_t x1 = from->x + from->width, y1 = from->y + BOX_HEIGHT / 2;
	size_t x2 = to->x, y2 = to->y + BOX_HEIGHT / 2;
	size_t bow = is_long || is_back ? ROW_STEP : 0; /* below what stands between */

	keep(picture, bytes_printf(picture->out, picture->err,
				   "<path%s d=\"M%zu %zu C%zu %zu %lld %zu %zu %zu\"/>\n",
				   is_back ? " class=\"back\"" : "", x1, y1, x1 + LAYER_GAP / 2,
				   y1 + bow, (long long)x2 - LAYER_GAP / 2, y2 + bow, x2, y2));
}

static void draw_box(struct picture *picture, size_t node)
{
	const struct muster_lineage_node *told = &picture->drawing->graph->nodes[node];
	const struct box *box = &picture->boxes[node];
	bool is_run = told->kind == MUSTER_LINEAGE_RUN;
	size_t middle = box->x + box->width / 2;

	keep(picture,
	     bytes_printf(picture->out, picture->err,
			  "<g class=\"%s%s %s\"><rect x=\"%zu\" y=\"%zu\" width=\"%zu\" "
			  "height=\"%d\" rx=\"%d\"/><text x=\"%zu\" y=\"%zu\">",
			  is_run ? "run" : "version", node ? "" : " asked", told->state, box->x,
			  box->y, box->width, BOX_HEIGHT, is_run ? BOX_HEIGHT / 2 : 4, middle,
			  box->y + (picture->details[node].len ? 20 : 28)));
	append_name(picture, picture->drawing->titles[node]);
	append(picture, "</text>");
	if (picture->details[node].len) {
		keep(picture, bytes_printf(picture->out, picture->err,
					   "<text class=\"detail\" x=\"%zu\" y=\"%zu\">", middle,
					   box->y + 37));
		append_text(picture, bytes_view(&picture->details[node]));
		append(picture, "</text>");
	}
	append(picture, "</g>\n");
}

static void release(struct picture *picture)
{
	for (size_t i = 0; picture->details && i < picture->drawing->graph->node_count; i++)
		bytes_release(&picture->details[i]);
	free(picture->details);
	free(picture->boxes);
	free(picture->layer_x);
	free(picture->layer_width);
	free(picture->layer_rows);
	free(picture->places);
}

enum muster_code lineage_draw_svg(const struct lineage_drawing *drawing, struct bytes *out,
				  struct muster_error *err)
{
	struct picture picture = { .drawing = drawing, .out = out, .err = err };

	picture.code = lineage_layout(drawing->graph, &picture.places, err);
	if (!picture.code)
		arrange(&picture);
	if (!picture.code) {
		draw_begin(&picture);
		for (size_t i = 0; i < drawing->graph->edge_count; i++)
			draw_edge(&picture, &drawing->graph->edges[i]);
		for (size_t i = 0; i < drawing->graph->node_count; i++)
			draw_box(&picture, i);
		append(&picture, "</svg>\n");
	}
	release(&picture);
	return picture.code;
}
