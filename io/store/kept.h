/**
 * store_kept - a store whose objects below some prefixes are copied into a nearer store, to be read
 * from there.
 *
 * It is meant for a bucket. Of its index files look-ups read a few bytes here and there, of its
 * logs every event up to the last: each would be a request. The first reads of an object go to the
 * far store, and say how many a whole copy would have been worth: a small object is copied at its
 * first read, one of 60 MiB at its fifteenth. All else goes to the far store as it is.
 *
 * Trust:   what lies under a key never changes, so a copy is the object. It ends in the XXH3-128 of
 *          its bytes, which proves copies up to STORE_KEPT_PROVED_BYTES when they are opened. Who
 *          finds that the bytes of a larger one cannot be right says so (store_doubt()) and gets
 *          the far ones. Copies of what a listing of a whole prefix no longer has are removed by
 *          that listing.
 * Failure: a near store that cannot be written or read costs requests, nothing else.
 * Threads: as io/store/store.h.
 */
#ifndef IO_STORE_KEPT_H
#define IO_STORE_KEPT_H

#include "io/store/store.h"

/* A request takes the time in which a usual connection moves so much. */
#define STORE_KEPT_REQUEST_BYTES    (4u << 20)
#define STORE_KEPT_OBJECT_MAX_BYTES (256ull << 20)
#define STORE_KEPT_PROVED_BYTES	    (2u << 20) /* these are held in memory while they are open */

/** Takes `far` if it succeeds. `prefixes`, which end in a NULL, are borrowed for life. Nothing is
 *  copied yet. Errors: MUSTER_E_MEMORY. */
enum muster_code store_kept_new(struct store **out, struct store *far, const char *const *prefixes,
				struct muster_error *err);
/** Copies lie in `near` from now on; it is taken. Once, while no other thread uses the store. */
void store_kept_attach(struct store *store, struct store *near);
/** False: from now on everything is read from the far store, to check it. Any thread. */
void store_kept_use_copies(struct store *store, bool use);

#endif
