/**
 * show - how things are written for people: columns of text, times, long messages.
 *
 * Threads: pure functions. Memory: the caller's buffers. What could not be appended for lack of
 *          memory is left out: these are lines to look at.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "base/bytes.h"

/** Columns that a terminal uses for `text`: 2 for wide characters (East Asian, emoji), 0 for those
 *  that join the one before. Source: Unicode 15, EastAsianWidth.txt and general category Mn. */
size_t show_width(struct view text);

/** Append `text`, padded with spaces to `columns`: on the right, or on the left if
 *  `is_right_aligned`. Longer text is not cut. */
void show_padded(struct bytes *out, struct view text, size_t columns, bool is_right_aligned);

/** Append a name, escaped where a terminal could act on it. */
void show_name(struct bytes *out, struct view name);

/** Append a message as errors carry it (backslashes are escapes already), made safe to show. */
void show_message(struct bytes *out, struct view message);

/** Append free text of several lines: escaped, each further line begins with `indent` spaces. */
void show_paragraph(struct bytes *out, struct view text, size_t indent);

/** "2026-01-31 23:59:59"; UTC. */
#define SHOW_TIME_BYTES 25
const char *show_time(char buf[SHOW_TIME_BYTES], uint64_t time_ms);

/** Append `text` wrapped at spaces to `columns`, each further line indented. Line feeds are kept.
 */
void show_wrapped(struct bytes *out, struct view text, size_t indent, size_t columns);

#endif
