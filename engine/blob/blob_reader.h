/**
 * blob_reader - stored bytes by placement.
 *
 * Threads: one reader a thread.
 * Memory:  of its packs (engine/blob/pack_cache.h).
 * Proof:   bytes are given with the key that the pack's directory has for them; who uses them
 *          hashes them. blob_find_in_pack() never gives a blob of another key.
 */
#ifndef ENGINE_BLOB_BLOB_READER_H
#define ENGINE_BLOB_BLOB_READER_H

#include "engine/blob/index_set.h"
#include "engine/blob/pack_cache.h"
#include "io/store/store.h"

struct blob_reader;

/** Borrows all. `index` may be NULL: then stale placements are errors. `shared` may be NULL: then
 *  the reader opens packs for itself. */
enum muster_code blob_reader_open(struct blob_reader **out, struct store *store,
				  const uint8_t repository_id[16], struct index_set *index,
				  struct pack_cache *shared, struct muster_error *err);
void blob_reader_close(struct blob_reader *reader); /* takes NULL */
/** From now on stale placements are looked up there; it is borrowed. */
void blob_reader_use(struct blob_reader *reader, struct index_set *index);

/** Where the bytes of `key` are; lent until the reader is used again. */
struct blob_at {
	struct store_object *object;
	uint64_t offset_bytes, size_bytes;
};

/** Finds a blob by its placement hint (NULL: none), or another copy by the index when the hint is
 *  stale or its pack cannot be read. MUSTER_ABSENT: no copy is known. Errors: of the only copy. */
enum muster_code blob_reader_find(struct blob_reader *reader, const struct blob_key *key,
				  const struct placement *hint, struct blob_at *out,
				  struct muster_error *err);

#endif
