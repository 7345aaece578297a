/**
 * store_fault - a store around another one that fails, or stops the world, at the n-th effect,
 * and tells what happened in which order.
 *
 * An effect is a call that changes the store: create, remove, write_begin, write_append,
 * write_finish, write_abort, sync; with `count_reads` also open, read, list and now. Effects are
 * numbered from 1 as they begin, over all threads.
 *
 * To prove an order, look at when things ended: an event rests on durable objects if its create
 * *began* after the *end* of a sync that *began* after the *end* of the finish of each object.
 */
#ifndef IO_STORE_FAULT_H
#define IO_STORE_FAULT_H

#include "io/store/store.h"

enum store_effect {
	STORE_EFFECT_CREATE,
	STORE_EFFECT_REMOVE,
	STORE_EFFECT_WRITE_BEGIN,
	STORE_EFFECT_WRITE_APPEND,
	STORE_EFFECT_WRITE_FINISH,
	STORE_EFFECT_WRITE_ABORT,
	STORE_EFFECT_SYNC,
	STORE_EFFECT_OPEN,
	STORE_EFFECT_READ,
	STORE_EFFECT_LIST,
	STORE_EFFECT_NOW,
};

/** "create", "remove", … Static memory. */
const char *store_effect_name(enum store_effect effect);

struct store_fault_event {
	uint64_t number; /* the same at begin and end of one effect */
	enum store_effect effect;
	const char *key; /* "" for sync and now, the prefix for list; lent for the call */
	bool ended;
	enum muster_code code; /* what the caller is told; MUSTER_OK at the begin */
};

/** Called under a lock: calls come one at a time, in order. Must not use the store. */
typedef void store_fault_fn(void *state, const struct store_fault_event *event);

struct store_fault_options {
	uint64_t at;	 /* the effect to hit; 0: none */
	uint64_t length; /* how many effects in a row are hit; 0: one */
	bool after;	 /* hit after the effect was applied: a failure is then a lost answer */
	enum muster_code code; /* that is answered; 0: MUSTER_E_IO */
	int sys_errno;	       /* of MUSTER_E_IO; 0: EIO */
	/* Called instead of failing (the effect's own code is then answered, if this returns). A
	 * function that calls _exit() is a crash just before or after the effect. */
	store_fault_fn *act;
	void *act_state;
	bool count_reads;
	store_fault_fn *log; /* told of every begin and end; may be NULL */
	void *log_state;
	/* Lines "<number> begin|end <effect> <code name> <key>\n", one write each; 0: none (so
	 * not for standard input). Borrowed. */
	int log_fd;
};

/** Takes `inner` if it succeeds: store_free() frees both. */
enum muster_code store_fault_new(struct store **out, struct store *inner,
				 const struct store_fault_options *options,
				 struct muster_error *err);
/** Effects begun so far. */
uint64_t store_fault_effects(struct store *store);
/** Was an effect hit? */
bool store_fault_hit(struct store *store);
/** Count anew from 1 and hit effect `at` (0: none). */
void store_fault_arm(struct store *store, uint64_t at);

#endif
