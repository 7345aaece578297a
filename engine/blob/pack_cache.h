/**
 * pack_cache - packs open for reading, their directories parsed, shared by the readers of a job.
 *
 * In a bucket to open a pack is a request or two, and its directory some hundred KiB: who reads
 * with many threads opens it once for all of them.
 *
 * Threads: any number. Who wants a pack that another is opening waits for it.
 * Memory:  `max_bytes` of directories that nobody uses (about 80 bytes a blob) of PACK_CACHE_PACKS
 *          packs at most; beyond them those in use, one a reader.
 */
#ifndef ENGINE_BLOB_PACK_CACHE_H
#define ENGINE_BLOB_PACK_CACHE_H

#include "artifact/format/pack.h"
#include "io/store/store.h"

#define PACK_CACHE_BYTES (16u << 20)
#define PACK_CACHE_PACKS                                                                           \
	32 /* idle ones: each is an open file, or the end of an object in memory                   \
	    */

/** A pack open for reading, its directory parsed. */
struct open_pack {
	struct object_id id;
	struct store_object *object;
	struct pack_trailer trailer;
	struct pack_blob *blobs;
};

/** MUSTER_ABSENT where there is no such pack. */
enum muster_code open_pack_open(struct open_pack *out, struct store *store,
				const uint8_t repository_id[16], const struct object_id *id,
				struct muster_error *err);
void open_pack_release(struct open_pack *pack);

struct pack_cache;

/** Borrows the store. Errors: MUSTER_E_MEMORY. */
enum muster_code pack_cache_open(struct pack_cache **out, struct store *store,
				 const uint8_t repository_id[16], uint64_t max_bytes,
				 struct muster_error *err);
/** Everything was put back. Takes NULL. */
void pack_cache_close(struct pack_cache *cache);

/** Lends a pack until it is put back. Errors: as open_pack_open(); they are not remembered. */
enum muster_code pack_cache_take(struct pack_cache *cache, const struct object_id *id,
				 const struct open_pack **out, struct muster_error *err);
void pack_cache_put(struct pack_cache *cache, const struct open_pack *pack); /* takes NULL */

#endif
