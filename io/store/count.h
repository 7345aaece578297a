/**
 * store_count - a store around another one that counts calls and bytes.
 *
 * A call counts when it ends, whatever it answers; bytes count where the call succeeded.
 */
#ifndef IO_STORE_COUNT_H
#define IO_STORE_COUNT_H

#include "io/store/store.h"

struct store_tally {
	uint64_t call_count;
	uint64_t byte_count;	/* moved by calls that succeeded */
	uint64_t failure_count; /* of the calls: failures, not answers */
};

struct store_counts {
	struct store_tally create, open, read, list, remove, write_begin, write_append,
		write_finish, write_abort, sync, now;
	uint64_t listed_key_count;
};

/** Takes `inner` if it succeeds: store_free() frees both. */
enum muster_code store_count_new(struct store **out, struct store *inner, struct muster_error *err);
/** What was counted so far. Only for a store of store_count_new(). */
void store_count_read(struct store *store, struct store_counts *out);

#endif
