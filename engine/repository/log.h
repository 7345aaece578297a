/**
 * log - a sequence of events in a store, each created if absent at the next number (FORMAT §2).
 *
 * A log is read upward from what is known, every event checked against the SHA-256 of the one
 * before it, and given to a fold. The first time one listing says up to where, and that none is
 * missing; after that events are asked for until one is absent. Appending decides at the head: who
 * loses a number reads on, decides again, and tries the next. A create whose answer was lost is
 * settled by reading back.
 *
 * Threads: a log belongs to one thread at a time; any number of them may be of one stored log.
 * Memory:  one event (EVENT_MAX_BYTES), while reading a checkpoint that too.
 * Errors:  MUSTER_E_FORMAT for a gap, a broken chain, an event that cannot follow: names log and
 *          number; such a log is neither read past that point nor written.
 */
#ifndef ENGINE_REPOSITORY_LOG_H
#define ENGINE_REPOSITORY_LOG_H

#include "artifact/record/event.h"
#include "io/store/store.h"

#define LOG_CHECKPOINT_EVENTS 100
#define LOG_TIMES	      (2 * LOG_CHECKPOINT_EVENTS) /* what is listed behind a checkpoint */

/** What a log's events are added up into. After a failed call only `reset` is called. */
struct log_fold {
	void *state;
	void (*reset)(void *state); /* to before event 1 */
	enum muster_code (*apply)(void *state, const struct event *event, struct muster_error *err);
	/* NULL, both, where a log has no checkpoints. restore: MUSTER_ABSENT for one to ignore. */
	enum muster_code (*restore)(void *state, struct view checkpoint, uint64_t *number,
				    uint8_t sha256[32], struct muster_error *err);
	enum muster_code (*checkpoint)(const void *state, uint64_t number, const uint8_t sha256[32],
				       struct bytes *out, struct muster_error *err);
};

struct log_options {
	struct store *store;	       /* borrowed for life */
	const struct effects *effects; /* borrowed for life */
	const char *name;	       /* "gc/log"; copied */
	const uint8_t *checkpoint_id;  /* 16 bytes, copied: the collection, or NULL */
	struct log_fold fold;	       /* its state is borrowed for life */
};

struct log;

/** Touches no store. */
enum muster_code log_open(struct log **out, const struct log_options *options,
			  struct muster_error *err);
void log_close(struct log *log); /* takes NULL */

/** Read on to the head. The first time from the newest good checkpoint, and what one listing then
 *  finds. */
enum muster_code log_read(struct log *log, struct muster_error *err);

/**
 * Create `event` behind the head, filling number, id, previous, time; folded when it is there.
 * log_read() must have succeeded. MUSTER_EXISTS: somebody else has that number: read, decide again.
 * `sha256` (may be NULL) becomes that of the event's bytes.
 * Errors: MUSTER_E_UNSUPPORTED if some event was not understood.
 */
enum muster_code log_append(struct log *log, struct event *event, uint8_t sha256[32],
			    struct muster_error *err);

const char *log_name(const struct log *log);
uint64_t log_head(const struct log *log); /* 0: no event */
const uint8_t *log_head_sha256(const struct log *log);
/** The store's time of an event, since 1970, if the listing of the first reading saw it among its
 *  last LOG_TIMES; 0: not known. */
uint64_t log_stored_ms(const struct log *log, uint64_t number);
/** Was an event met that this program does not understand? Then nothing may be written. */
bool log_is_foreign(const struct log *log);

/** Gives one event up to the head, proved by the chain (or by its successor). */
enum muster_code log_event(struct log *log, uint64_t number, struct event *out,
			   struct muster_error *err);

/** Anything but MUSTER_OK ends it and is returned. The event is lent for the call. */
typedef enum muster_code log_each_fn(void *state, const struct event *event, struct view bytes,
				     struct muster_error *err);
/** The events first .. head again, in order, the chain checked. */
enum muster_code log_each(struct log *log, uint64_t first, log_each_fn *fn, void *state,
			  struct muster_error *err);

#endif
