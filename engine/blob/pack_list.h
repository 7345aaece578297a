/**
 * pack_list - which packs a store holds, and how long they are, as of one listing.
 *
 * An index file says where blobs were put; whether the pack is still there only a listing tells.
 * Threads: reads may be concurrent; pack_list_read() excludes them.
 * Memory:  32 bytes a pack, at most PACK_LIST_MAX of them.
 */
#ifndef ENGINE_BLOB_PACK_LIST_H
#define ENGINE_BLOB_PACK_LIST_H

#include "artifact/entry.h"
#include "io/store/store.h"

#define PACK_LIST_MAX (1u << 24)

struct listed_pack {
	struct object_id id;
	uint64_t size_bytes;
};

struct pack_list {		   /* zero: empty */
	struct listed_pack *packs; /* by id */
	size_t count, cap;
};

/** List anew. On failure the list is as it was. */
enum muster_code pack_list_read(struct pack_list *list, struct store *store,
				struct muster_error *err);
void pack_list_release(struct pack_list *list);
/** The pack of this id; NULL. */
const struct listed_pack *pack_list_find(const struct pack_list *list, const struct object_id *id);
/** Is there such a pack, and is it as long as it should be? */
bool pack_list_has(const struct pack_list *list, const struct object_id *id, uint64_t size_bytes);

#endif
