/**
 * store_kept - a store whose objects below one prefix are copied into a nearer store, to be read
 * from there.
 *
 * It is meant for a bucket and its index files, of which look-ups read a few bytes here and there:
 * each would be a request. The first reads of an object go to the far store, and say how many a
 * whole copy would have been worth: a small object is copied at its first read, one of 60 MiB at
 * its fifteenth. All else goes to the far store as it is.
 *
 * Trust:   what lies under a key never changes, so a copy is the object. Who finds that its bytes
 *          cannot be right says so (store_doubt()) and gets the far ones. Copies of what a listing
 *          no longer has are removed by that listing.
 * Failure: a near store that cannot be written or read costs requests, nothing else.
 * Threads: as io/store/store.h.
 */
#ifndef IO_STORE_KEPT_H
#define IO_STORE_KEPT_H

#include "io/store/store.h"

/* A request takes the time in which a usual connection moves so much. */
#define STORE_KEPT_REQUEST_BYTES    (4u << 20)
#define STORE_KEPT_OBJECT_MAX_BYTES (256ull << 20)

/** Takes both stores if it succeeds. `prefix` is borrowed for life. Errors: MUSTER_E_MEMORY. */
enum muster_code store_kept_new(struct store **out, struct store *far, struct store *near,
				const char *prefix, struct muster_error *err);
/** False: from now on everything is read from the far store, to check it. Any thread. */
void store_kept_use_copies(struct store *store, bool use);

#endif
