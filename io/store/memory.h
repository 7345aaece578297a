/**
 * store_memory - a store that lives as long as the process: for tests and for dry runs.
 *
 * Memory: keeps every byte; a removed object lives until its last reader closes it.
 * Durable: nothing is; store_sync() does nothing.
 */
#ifndef IO_STORE_MEMORY_H
#define IO_STORE_MEMORY_H

#include "io/store/store.h"

enum muster_code store_memory_new(struct store **out, struct muster_error *err);
/** The same with a clock of the caller's (borrowed for life; NULL: the system's). */
enum muster_code store_memory_new_at(struct store **out, const struct effects *effects,
				     struct muster_error *err);

#endif
