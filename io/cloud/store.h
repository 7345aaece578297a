/**
 * store - a bucket or container as a store (io/store/store.h), whatever its protocol.
 *
 * Requests: create, a small object opened and read, a page of a listing: one each. A create that
 *           finds the key taken, or whose line was cut, asks once more, whose the object is: a
 *           reply that was lost is success then, and what never came is sent again.
 * Reading:  open takes an object's last bytes with it, and none is asked for that is open already;
 *           all later reads are of the same object by its ETag, else MUSTER_E_CHANGED. What is read
 *           in order is read ahead.
 * Writing:  a stream of less than a part is one request; else parts, several in flight. Only then
 *           something can be left behind where the program dies: an upload that was never
 *           completed. Who has a journal continues it (decision 0016), or the bucket's own rules
 *           should expire it.
 * Threads:  as io/store/store.h; requests run in the engine's.
 * Memory:   `buffer_max_bytes` for parts and for what is read ahead, and beyond it one part for
 *           each writer that is open; each object that is open holds `tail_bytes` once, a listing a
 *           page.
 * Durable:  what a cloud has acknowledged is; sync has nothing to do.
 */
#ifndef IO_CLOUD_STORE_H
#define IO_CLOUD_STORE_H

#include "io/cloud/protocol.h"
#include "io/store/store.h"

#define STORE_CLOUD_PREFIX_MAX_BYTES 1000
/* A pack's trailer and most of its directory; a connection moves it in the time of a round trip. */
#define STORE_CLOUD_TAIL_BYTES	     (128u << 10)
#define STORE_CLOUD_RANGE_BYTES	     (4u << 20)
#define STORE_CLOUD_PART_BYTES	     (8u << 20)
#define STORE_CLOUD_BUFFER_MAX_BYTES (128u << 20)
#define STORE_CLOUD_IN_FLIGHT	     4 /* parts */
#define STORE_CLOUD_RANGES_IN_FLIGHT 8
#define STORE_CLOUD_IN_FLIGHT_MAX    16
#define STORE_CLOUD_FINISH_MAX	     8 /* a server puts an object together for long */

/** Zero is a good default where nothing else is said. */
struct store_cloud_options {
	struct cloud_protocol *protocol; /* taken, whatever the answer */
	struct http *http;		 /* lent, outlives the store, as does the pacer */
	struct pacer *pacer;
	struct view prefix; /* before every key; a '/' that should end it is part of it. Copied */
	const struct effects *effects; /* NULL: the system's */
	uint64_t buffer_max_bytes;     /* 0: STORE_CLOUD_BUFFER_MAX_BYTES */
	unsigned parts_in_flight;      /* of one writer; 0: STORE_CLOUD_IN_FLIGHT */
	unsigned ranges_in_flight;     /* of one object, in one read or ahead of it; 0:
					STORE_CLOUD_RANGES_IN_FLIGHT */
	/* 0: as above; other sizes are for tests, and a tail for who knows its objects */
	size_t tail_bytes, range_bytes, part_bytes;
	uint32_t page_max; /* keys a page; 0: as many as the cloud gives */
};

/** No request is made. Errors: MUSTER_E_USAGE for options out of bounds, MUSTER_E_MEMORY. */
enum muster_code store_cloud_open(struct store **out, const struct store_cloud_options *options,
				  struct muster_error *err);

#endif
