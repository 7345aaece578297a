/**
 * kept - an object whose blocks are kept once they were read, while there is room.
 *
 * Look-ups in an index go here and there: from a bucket each would be a request, a hundred times as
 * long as the bytes take. Nothing is ever let go for another block: without room a read is what it
 * would be without all this.
 *
 * Threads: any number of reads at once.
 * Memory:  the room, shared by all objects that were given it; a pointer for each block.
 */
#ifndef ENGINE_BLOB_KEPT_H
#define ENGINE_BLOB_KEPT_H

#include <stdatomic.h>

#include "io/store/store.h"

/* From a bucket no slower than 64 bytes; a page of an index is as long. */
#define KEPT_BLOCK_BYTES (64u << 10)

struct kept_room {
	atomic_size_t left_bytes; /* 0: nothing is kept */
};

/** Zeroed is none. */
struct kept_object {
	struct store_object *object; /* owned */
	struct kept_room *room;	     /* borrowed */
	_Atomic(uint8_t *) *blocks;  /* NULL: nothing is kept */
};

/** Takes the object. */
void kept_init(struct kept_object *kept, struct store_object *object, struct kept_room *room);
/** From now on blocks are kept, if there is any room. Before the first read. */
enum muster_code kept_begin(struct kept_object *kept, struct muster_error *err);
void kept_release(struct kept_object *kept); /* takes a zeroed one */
/** As store_read(). */
enum muster_code kept_read(const struct kept_object *kept, uint64_t offset_bytes, void *out,
			   size_t len, struct muster_error *err);

#endif
