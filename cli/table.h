/**
 * table - rows whose columns line up.
 *
 * Columns are as wide as the first TABLE_ROWS_HELD rows need; these are held and written together.
 * Later rows are written at once, in the same columns, so a table of any length needs no more.
 * Threads: one. Memory: the texts of the rows held.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/output.h"

#define TABLE_ROWS_HELD	  512
#define TABLE_COLUMNS_MAX 8
#define TABLE_TEXT_MAX	  64 /* a SHA-256; longer names push the rest of their own row only */

struct table_column {
	const char *title; /* NULL in all: no line of titles */
	bool is_right_aligned;
};

struct table {
	struct output *output;
	const struct table_column *columns;
	size_t column_count;
	/* private */
	struct bytes text;
	struct {
		size_t begin, end;
	} cells[TABLE_ROWS_HELD * TABLE_COLUMNS_MAX];
	size_t cell_count;
	size_t widths[TABLE_COLUMNS_MAX];
	bool is_written; /* the titles and held rows */
};

void table_begin(struct table *table, struct output *output, const struct table_column *columns,
		 size_t column_count);
/** The next cell; a row has one for each column. The text is made safe to show. */
void table_cell(struct table *table, const char *text);
void table_cell_count(struct table *table, uint64_t count);
void table_cell_size(struct table *table, uint64_t size_bytes);
void table_cell_time(struct table *table, uint64_t time_ms);
/** Write what is held, and release the memory. */
void table_end(struct table *table);

#endif
