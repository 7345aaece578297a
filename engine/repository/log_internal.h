/* What the parts of a log share. */
#ifndef ENGINE_REPOSITORY_LOG_INTERNAL_H
#define ENGINE_REPOSITORY_LOG_INTERNAL_H

#include "engine/repository/log.h"

#define LOG_NS_PER_MS 1000000u

struct log_time {
	uint64_t number, modified_ms;
};

struct log {
	struct store *store;
	const struct effects *effects;
	struct log_fold fold;
	struct key name;
	bool has_checkpoints;
	uint8_t checkpoint_id[16];

	uint64_t head; /* last event folded; 0: none */
	uint8_t head_sha256[32];
	uint64_t checkpoint; /* newest one that is known to be stored */
	bool is_loaded;	     /* read to the head at least once, no gap */
	bool is_foreign;
	bool ignore_checkpoints; /* one of them did not fit the events */

	struct bytes who;		  /* who writes; empty until something is written */
	struct log_time times[LOG_TIMES]; /* as listed last; event n at n modulo their number */
};

/* Back to before event 1, so that the next reading begins anew. */
void log_forget(struct log *log);

/* The bytes of an event, `out` overwritten; MUSTER_ABSENT. */
enum muster_code log_get(struct log *log, uint64_t number, struct bytes *out,
			 struct muster_error *err);

/* Read and fold up to that event, which is there, as are all before it. `bytes` is scratch. */
enum muster_code log_read_to(struct log *log, uint64_t last, struct bytes *bytes,
			     struct muster_error *err);

/* Read and fold until no event follows. */
enum muster_code log_read_up(struct log *log, struct bytes *bytes, struct muster_error *err);

/* The first reading: from the newest checkpoint that fits the events, and no gap behind the head.
 */
enum muster_code log_load(struct log *log, struct bytes *bytes, struct muster_error *err);

/* Puts log and number before a failure; gives `code` on. */
enum muster_code log_in_event(const struct log *log, uint64_t number, enum muster_code code,
			      struct muster_error *err);

#endif
