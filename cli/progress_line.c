/* The line that tells how far a job has come: parts in the order they are shown, taken in the order
 * they are needed, as long as they fit. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text/text.h"

#define GAP	    2 /* columns between parts */
#define BAR_COLUMNS 30
#define BAR_LEAST   8
#define PART_BYTES  64
#define NS_PER_S    1000000000.0

/* In the order they are shown. */
enum part {
	PART_WHAT,
	PART_PERCENT,
	PART_BAR,
	PART_FILES,
	PART_BYTES_DONE,
	PART_FAILED,
	PART_RATE,
	PART_TIME,
	PART_COUNT
};

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

/* "3:05", "1:02:03": as short as it can be read, and growing rarely. */
static void clock_text(char *out, size_t out_bytes, uint64_t time_ns)
{
	uint64_t s = time_ns / 1000000000;

	if (s < 3600)
		snprintf(out, out_bytes, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	else
		snprintf(out, out_bytes, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
			 s / 60 % 60, s % 60);
}

static void fill_counts(struct line *line, const struct progress_view *view)
{
	char count[TEXT_COUNT_BYTES];
	int columns = 0;

	if (view->total_files)
		columns = (int)strlen(text_count(count, view->total_files));
	snprintf(line->parts[PART_FILES], PART_BYTES, "%*s files", columns,
		 text_count(count, view->done_files));
	if (view->failed_items)
		snprintf(line->parts[PART_FAILED], PART_BYTES, "%s failed",
			 text_count(count, view->failed_items));
}

/* Padded to what they may grow to, so that nothing moves to and fro. */
static void fill_parts(struct line *line, const struct progress_view *view)
{
	char size[TEXT_SIZE_BYTES], rate[TEXT_SIZE_BYTES], time[TEXT_DURATION_BYTES];
	bool has_total = view->total_files != 0;
	uint64_t left_ns;

	snprintf(line->parts[PART_WHAT], PART_BYTES, "%s", view->what);
	if (has_total)
		snprintf(line->parts[PART_PERCENT], PART_BYTES, "%3u%%", per_mille(view) / 10);
	fill_counts(line, view);
	text_size(size, view->done_bytes);
	text_size(rate, view->bytes_per_s);
	snprintf(line->parts[PART_BYTES_DONE], PART_BYTES, "%*s", has_total ? 10 : 0, size);
	snprintf(line->parts[PART_RATE], PART_BYTES, "%*s/s", has_total ? 10 : 0, rate);
	if (progress_left_ns(view, &left_ns)) {
		clock_text(time, sizeof(time), left_ns);
		snprintf(line->parts[PART_TIME], PART_BYTES, "%7s left", time);
	} else {
		clock_text(time, sizeof(time), view->elapsed_ns);
		snprintf(line->parts[PART_TIME], PART_BYTES, has_total ? "%7s     " : "%s", time);
	}
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
