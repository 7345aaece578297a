/**
 * metrics - what a run has done, as a file that Prometheus reads (--metrics): the text format
 * (exposition 0.0.4), for the textfile collector of its node_exporter.
 *
 * One file is one job's: it is replaced as a whole by each run, whatever became of it; the time of
 * the last success is carried over from the file of the run before.
 * Threads: the one that runs the command.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stdint.h>

#include "base/bytes.h"

#define METRICS_MAX 64

struct cli;

/** The numbers of a summary that are metrics, by their place in the table of metrics.c. */
struct metrics {
	uint64_t values[METRICS_MAX];
	bool has[METRICS_MAX];
};

/** A number of the summary, by its key there. One that is no metric is passed over. */
void metrics_note(struct metrics *metrics, const char *key, uint64_t value);

/** How a run ended. */
struct metrics_run {
	const char *command;
	struct view repository; /* as it is told; empty: none */
	unsigned exit_code;
	uint64_t begun_ns, ended_ns; /* since 1970; of the duration, their difference */
	uint64_t peak_memory_bytes;
};

/** Appends the text. `before`: the text of the run before, or nothing. Errors: MUSTER_E_MEMORY. */
enum muster_code metrics_text(const struct metrics *metrics, const struct metrics_run *run,
			      struct view before, struct bytes *out, struct muster_error *err);

/** Replaces the file. Errors: MUSTER_E_IO, _MEMORY. */
enum muster_code metrics_write(const struct metrics *metrics, const struct metrics_run *run,
			       const char *path, struct muster_error *err);

#endif
