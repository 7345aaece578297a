/**
 * sums - lists of checksums as md5sum writes them: "<32 hex digits>  <path>" lines. A path with a
 * backslash, line feed or carriage return is escaped, and its line begins with a backslash.
 *
 * Source:  coreutils, md5sum(1).
 * Threads: pure functions.
 */
#ifndef CLI_SUMS_H
#define CLI_SUMS_H

#include "base/bytes.h"

#define SUM_BYTES 16

struct sum_line {
	uint8_t digest[SUM_BYTES];
	struct view path; /* as it is written */
	bool is_escaped;
};

/** Append the line of a file, without a line feed. */
void sum_append(struct bytes *out, const uint8_t digest[SUM_BYTES], struct view path);

/** Take the next line from the front of `text`. False at the end. A line that is none has an empty
 *  path. Empty lines and those that begin with "#" are passed over; `*number` counts all. */
bool sum_take(struct view *text, struct sum_line *out, uint64_t *number);

/** Append the path, without escapes, and a NUL. False where an escape is none, or it holds NUL. */
bool sum_path(struct bytes *out, const struct sum_line *line);

#endif
