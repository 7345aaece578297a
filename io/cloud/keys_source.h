/**
 * keys_source - what stands behind a struct keys: a table that fetches credentials.
 *
 * Threads: fetch runs on the thread that opens, then on the one that renews, never on two at a
 *          time; cancel may be called beside it.
 */
#ifndef IO_CLOUD_KEYS_SOURCE_H
#define IO_CLOUD_KEYS_SOURCE_H

#include "io/cloud/keys.h"

/* Who was refused asks for new keys at most so often. */
#define KEYS_REFUSE_MIN_NS UINT64_C(10000000000)
/* Between tries to renew that fail: doubled up to the second. */
#define KEYS_RETRY_MIN_NS UINT64_C(1000000000)
#define KEYS_RETRY_MAX_NS UINT64_C(60000000000)

struct keys_source_ops {
	/* Find credentials, or fetch them anew from where they were found. May block. `out` is
	 * zeroed. */
	enum muster_code (*fetch)(void *state, struct key_set *out, struct muster_error *err);
	/* Where they were found: after the first fetch; stays as it is from then on. */
	const char *(*name)(void *state);
	/* Let a fetch that runs end soon, and each one after it fail. NULL: it takes no time. */
	void (*cancel)(void *state);
	void (*free)(void *state);
};

struct keys_options {
	const struct keys_source_ops *ops;
	void *state;
	const struct effects *effects; /* NULL: the system's */
	/* Renew when less than this is left, or half the lifetime where that is shorter; 0: when a
	 * fifth of it is left. */
	uint64_t window_ns;
};

/** Fetches the first set: may block. Takes `state`, whatever happens. Errors: those of fetch;
 *  MUSTER_E_MEMORY; MUSTER_E_IO where no thread can be made. */
enum muster_code keys_open(struct keys **out, const struct keys_options *options,
			   struct muster_error *err);
/** Look at the clock again: for tests that set it. */
void keys_wake(struct keys *keys);

enum muster_code key_set_copy(struct key_set *out, const struct key_set *from,
			      struct muster_error *err);

#endif
