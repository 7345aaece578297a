/* The line that tells how far a job has come: parts in the order they are shown, taken in the order
 * they are needed, as long as they fit. */
#include "cli/progress.h"

#include <stdio.h>

#include "base/text/text.h"

#define GAP	     2 /* columns between parts */
#define BAR_COLUMNS  30
#define BAR_LEAST    8
#define PART_BYTES   64
#define NS_PER_S     1000000000.0

/* In the order they are shown. */
enum part { PART_WHAT, PART_PERCENT, PART_BAR, PART_FILES, PART_BYTES_DONE, PART_FAILED, PART_RATE,
	    PART_TIME, PART_COUNT };

static const enum part needed_order[] = { PART_WHAT,	   PART_FILES, PART_PERCENT, PART_FAILED,
					  PART_BYTES_DONE, PART_TIME,  PART_RATE };

struct line {
	char parts[PART_COUNT][PART_BYTES];
	bool is_taken[PART_COUNT];
};

static unsigned per_mille(const struct progress_view *view)
{
	uint64_t done = view->done_bytes, total = view->total_bytes;

	if (!total) {
		done = view->done_files;
		total = view->total_files;
	}
	if (!total || done >= total)
		return 1000;
	return (unsigned)((double)done * 1000.0 / (double)total);
}

bool progress_left_ns(const struct progress_view *view, uint64_t *out)
{
	double left;

	if (!view->total_files || !view->bytes_per_s || view->total_bytes <= view->done_bytes)
		return false;
	left = (double)(view->total_bytes - view->done_bytes) / (double)view->bytes_per_s;
	if (left > 365.0 * 86400.0)
		return false;
	*out = (uint64_t)(left * NS_PER_S);
	return true;
}

static void fill_counts(struct line *line, const struct progress_view *view)
{
	char done[TEXT_COUNT_BYTES], total[TEXT_COUNT_BYTES], failed[TEXT_COUNT_BYTES];

	text_count(done, view->done_files);
	if (view->total_files)
		snprintf(line->parts[PART_FILES], PART_BYTES, "%s/%s files", done,
			 text_count(total, view->total_files));
	else
		snprintf(line->parts[PART_FILES], PART_BYTES, "%s files", done);
	if (view->failed_items)
		snprintf(line->parts[PART_FAILED], PART_BYTES, "%s failed",
			 text_count(failed, view->failed_items));
}

static void fill_parts(struct line *line, const struct progress_view *view)
{
	char size[TEXT_SIZE_BYTES], rate[TEXT_SIZE_BYTES], time[TEXT_DURATION_BYTES];
	uint64_t left_ns;

	snprintf(line->parts[PART_WHAT], PART_BYTES, "%s", view->what);
	if (view->total_files)
		snprintf(line->parts[PART_PERCENT], PART_BYTES, "%3u%%", per_mille(view) / 10);
	fill_counts(line, view);
	snprintf(line->parts[PART_BYTES_DONE], PART_BYTES, "%s", text_size(size, view->done_bytes));
	snprintf(line->parts[PART_RATE], PART_BYTES, "%s/s", text_size(rate, view->bytes_per_s));
	if (progress_left_ns(view, &left_ns))
		snprintf(line->parts[PART_TIME], PART_BYTES, "%s left",
			 text_duration(time, left_ns));
	else
		snprintf(line->parts[PART_TIME], PART_BYTES, "%s",
			 text_duration(time, view->elapsed_ns));
}

/* Takes what fits; returns how many columns are left. */
static size_t take_parts(struct line *line, size_t columns)
{
	size_t used = 0;

	for (size_t i = 0; i < sizeof(needed_order) / sizeof(needed_order[0]); i++) {
		enum part part = needed_order[i];
		size_t len = strlen(line->parts[part]);

		if (!len || used + len + (used ? GAP : 0) > columns)
			continue;
		used += len + (used ? GAP : 0);
		line->is_taken[part] = true;
	}
	return columns - used;
}

static void fill_bar(struct line *line, const struct progress_view *view, size_t room)
{
	char *out = line->parts[PART_BAR];
	size_t inner, filled;

	if (!view->total_files || room < BAR_LEAST + GAP)
		return;
	inner = (room - GAP < BAR_COLUMNS ? room - GAP : BAR_COLUMNS) - 2;
	filled = inner * per_mille(view) / 1000;
	out[0] = '[';
	memset(out + 1, ' ', inner);
	memset(out + 1, '=', filled);
	if (filled < inner)
		out[1 + filled] = '>';
	out[1 + inner] = ']';
	out[2 + inner] = '\0';
	line->is_taken[PART_BAR] = true;
}

void progress_line(struct bytes *out, const struct progress_view *view, unsigned columns)
{
	struct line line = { 0 };
	bool is_first = true;

	fill_parts(&line, view);
	fill_bar(&line, view, take_parts(&line, columns ? columns - 1 : 0));
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (!line.is_taken[i])
			continue;
		if (!is_first)
			bytes_append_text(out, "  ", NULL);
		bytes_append_text(out, line.parts[i], NULL);
		is_first = false;
	}
}
