/**
 * failures - the items of a job that failed: told as they come, and written to --failures FILE.
 *
 * The file holds one path a line, or ended by NUL with -0, ready for --files-from.
 * Threads: failures_add() is called by one worker at a time.
 */
#ifndef CLI_FAILURES_H
#define CLI_FAILURES_H

#include <stdio.h>

#include "base/bytes.h"

struct cli;

/** Zeroed: no file. */
struct failures {
	FILE *file;
	const char *path;
	bool is_null_ended;
	uint64_t unwritable_count; /* a line feed in a path, and lines wanted */
};

/** Creates the file, or empties it. Errors: MUSTER_E_USAGE if it cannot be written. */
enum muster_code failures_open(struct failures *failures, const char *path, bool is_null_ended,
			       struct muster_error *err);
/** Tell of a failed item, and write its path down. */
void failures_add(struct cli *cli, const char *path, uint64_t path_bytes,
		  const struct muster_error *error);
/** Errors: MUSTER_E_IO if the file is not complete. */
enum muster_code failures_close(struct failures *failures, struct muster_error *err);

#endif
