#include "cli/table.h"

#include <assert.h>

#include "base/text/text.h"
#include "cli/show.h"

void table_begin(struct table *table, struct output *output, const struct table_column *columns,
		 size_t column_count)
{
	assert(column_count && column_count <= TABLE_COLUMNS_MAX);
	table->output = output;
	table->columns = columns;
	table->column_count = column_count;
	table->text = (struct bytes){ 0 };
	table->cell_count = 0;
	table->is_written = false;
	for (size_t i = 0; i < column_count; i++)
		table->widths[i] = columns[i].title ? strlen(columns[i].title) : 0;
}

static struct view cell_text(const struct table *table, size_t index)
{
	size_t begin = table->cells[index].begin;

	return view_of(table->text.ptr + begin, table->cells[index].end - begin);
}

static void write_cell(struct table *table, struct bytes *line, size_t column, struct view text)
{
	bool is_right = table->columns[column].is_right_aligned;
	bool is_last = column + 1 == table->column_count;

	if (column)
		bytes_append_text(line, "  ", NULL);
	show_padded(line, text, is_last && !is_right ? 0 : table->widths[column], is_right);
}

/* Nothing is shown by spaces at the end of a line. */
static void end_row(struct table *table, struct bytes *line)
{
	while (line->len && line->ptr[line->len - 1] == ' ')
		line->len--;
	output_end(table->output, '\n');
}

static void write_titles(struct table *table)
{
	struct bytes *line;

	if (!table->columns[0].title)
		return;
	line = output_begin(table->output);
	for (size_t i = 0; i < table->column_count; i++)
		write_cell(table, line, i, view_text(table->columns[i].title));
	end_row(table, line);
}

static void write_held(struct table *table)
{
	struct bytes *line = NULL;

	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % table->column_count;

		if (column == 0)
			line = output_begin(table->output);
		write_cell(table, line, column, cell_text(table, i));
		if (column + 1 == table->column_count)
			end_row(table, line);
	}
	table->cell_count = 0;
	table->text.len = 0;
}

static void write_first(struct table *table)
{
	if (!table->is_written && table->cell_count)
		write_titles(table);
	table->is_written = true;
	write_held(table);
}

void table_cell(struct table *table, const char *text)
{
	size_t column = table->cell_count % table->column_count, width;
	size_t begin = table->text.len;

	show_name(&table->text, view_text(text));
	table->cells[table->cell_count].begin = begin;
	table->cells[table->cell_count++].end = table->text.len;
	width = show_width(view_of(table->text.ptr + begin, table->text.len - begin));
	if (width > table->widths[column] &&
	    (width <= TABLE_TEXT_MAX || table->columns[column].is_right_aligned))
		table->widths[column] = width;
	if (column + 1 < table->column_count)
		return;
	if (table->is_written || table->cell_count == TABLE_ROWS_HELD * table->column_count)
		write_first(table);
}

void table_cell_count(struct table *table, uint64_t count)
{
	char text[TEXT_COUNT_BYTES];

	table_cell(table, text_count(text, count));
}

void table_cell_size(struct table *table, uint64_t size_bytes)
{
	char text[TEXT_SIZE_BYTES];

	table_cell(table, text_size(text, size_bytes));
}

void table_cell_time(struct table *table, uint64_t time_ms)
{
	char text[SHOW_TIME_BYTES];

	table_cell(table, show_time(text, time_ms));
}

void table_end(struct table *table)
{
	write_first(table);
	bytes_release(&table->text);
}
