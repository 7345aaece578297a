/**
 * ring - opens and reads of a reader's files through one io_uring.
 *
 * A slot that is added goes through these states; ring_wait() moves it. What ends in SLOT_REDO was
 * closed and says nothing about the file: who owns the slot reads it plainly, and reports that.
 *
 *   SLOT_QUEUED --add--> SLOT_OPENING --> SLOT_READING --> SLOT_DONE
 *                             |                |
 *                             +----------------+---------> SLOT_REDO
 *
 * Threads: one adds, waits and cancels.
 */
#ifndef IO_READER_RING_H
#define IO_READER_RING_H

#include <liburing.h>

#include "io/reader/reader.h"

/** The kernel's side, so that a test can count and fail it. Each answers as liburing does. */
struct ring_ops {
	void *state;
	int (*setup)(void *state, struct io_uring *uring, unsigned depth);
	/* Submit what is queued, run what has completed; wait for `wait_count` completions. */
	int (*enter)(void *state, struct io_uring *uring, unsigned wait_count);
};

const struct ring_ops *ring_system(void);

enum slot_state {
	SLOT_QUEUED, /* not the ring's: it may be read plainly, or be added */
	SLOT_TIMED,  /* the same, and is to be read plainly, by the clock */
	SLOT_OPENING,
	SLOT_READING,
	SLOT_DONE,
	SLOT_REDO,
};

struct slot {
	struct reader_request request;
	struct file_stat after;
	enum slot_state state;
	int fd; /* SLOT_READING */
};

struct ring;

struct ring_options {
	unsigned depth; /* slots that are added and not done: never more */
	bool wants_stat, drop_cache;
	const struct sys_ops *sys;
	const struct ring_ops *ops;
	uint64_t *enter_count;
};

/** 0, or why the kernel gives none: an errno. Borrows what options point to until ring_close(). */
int ring_open(struct ring **out, const struct ring_options *options);
/** Borrows `slot` until it is SLOT_DONE or SLOT_REDO. May submit. */
void ring_add(struct ring *ring, struct slot *slot);
/** Submit what was added and is not yet: before its owner does something that takes long. */
void ring_submit(struct ring *ring);
/** Submit, wait for something to complete; something must be in flight. False: the ring broke;
 * nothing is in flight, all slots are DONE or REDO, and it can only be closed. */
bool ring_wait(struct ring *ring);
/** Wait until nothing is in flight: what is open is still read, or, `is_given_up`, only closed. */
void ring_drain(struct ring *ring, bool is_given_up);
/** Why it broke: an errno; 0 while it works. */
int ring_failure(const struct ring *ring);
/** Gives up what is in flight. Takes NULL. */
void ring_close(struct ring *ring);

static inline bool slot_is_flying(const struct slot *slot)
{
	return slot->state == SLOT_OPENING || slot->state == SLOT_READING;
}

#endif
