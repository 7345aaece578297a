/**
 * progress - tells on standard error how far a job has come, while it runs.
 *
 * On a terminal one line, drawn every 100 ms; else a line every 10 s; with --progress json an
 * object every second and one at the end ("final": true).
 * Threads: one of its own between progress_start() and progress_stop(); it only reads the counters.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/screen.h"
#include "muster/progress.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_JSON };

struct progress {
	enum progress_mode mode;
	const char *what; /* the command */
	struct screen *screen;
	const struct muster_progress *counters;
	/* private */
	pthread_t thread;
	bool is_running;
	uint64_t begun_ns;
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		bool is_stopping;
	} stop;
};

/** Draws at once, so that even a short job is seen. Without a thread to be had it stays silent. */
void progress_start(struct progress *progress);
void progress_stop(struct progress *progress); /* also where it was not started */

/** What one line tells. */
struct progress_view {
	const char *what;
	uint64_t done_files, total_files; /* total 0: unknown */
	uint64_t done_bytes, total_bytes;
	uint64_t failed_items;
	uint64_t bytes_per_s; /* of the last seconds */
	uint64_t elapsed_ns;
};

/** Append the line that fits into `columns`, the last of which stays free. What is least needed is
 *  left out first. */
void progress_line(struct bytes *out, const struct progress_view *view, unsigned columns);

/** Nanoseconds left at this rate; false where nothing can be said. */
bool progress_left_ns(const struct progress_view *view, uint64_t *out);

#endif
