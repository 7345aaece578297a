/**
 * blob_cache - blobs that were fetched from a bucket, kept in a local directory for the next time.
 *
 * It is a small repository of nothing but packs and index files (decision 0013): what was fetched
 * is packed into segments, one packer a worker, a large blob into a segment of its own. Blobs are
 * known by their key alone, so all repositories share it. Segments that were not used for longest
 * go when room is needed; the time of a segment's file is when it was used last.
 *
 * Threads:   a cache may be used by many workers at once, each with a cache_worker of its own. Any
 *            number of processes may share a directory; none waits for another.
 * Memory:    BLOB_CACHE_TABLE_BYTES at most for what this run adds, 48 bytes a segment, 20 for
 *            each 64 KiB of index; directories of segments (engine/blob/pack_cache.h).
 * Durable:   never synced. What a crash leaves half written does not prove, and is dropped.
 * Proof:     none here: who is given bytes hashes them, and says blob_cache_spoil() of those that
 *            were wrong.
 * Errors:    no look-up fails and no put: what goes wrong means "not in the cache", is counted or
 *            noted for blob_cache_close(), and does not come again in this run.
 */
#ifndef ENGINE_CACHE_BLOB_CACHE_H
#define ENGINE_CACHE_BLOB_CACHE_H

#include "engine/blob/blob_reader.h"
#include "engine/blob/blob_set.h"
#include "io/store/sys.h"
#include "muster/cache.h"

#define BLOB_CACHE_TABLE_BYTES	 (32u << 20) /* 8,192 blobs of 4 KiB make a segment */
#define BLOB_CACHE_DEFAULT_BYTES (10ull << 30)
#define BLOB_CACHE_FREE_SHARE	 4 /* ... and at most this part of what the disk has for it */

struct blob_cache;

struct blob_cache_options {
	const char *directory;	   /* made if it does not exist */
	uint64_t limit_bytes;	   /* 0: BLOB_CACHE_DEFAULT_BYTES, or less on a small disk */
	size_t table_bytes;	   /* 0: BLOB_CACHE_TABLE_BYTES */
	const struct sys_ops *sys; /* borrowed; NULL: the system's */
};

/** Opens the cache, making it and setting right what others left: index files that got too many or
 *  are damaged, segments that no index names. Errors: MUSTER_E_IO, MUSTER_E_MEMORY: there is no
 *  cache then, which is no reason not to go on. */
enum muster_code blob_cache_open(struct blob_cache **out, const struct blob_cache_options *options,
				 struct muster_error *err);
/** Its workers must be closed. Writes the index of what was added, keeps the limit. `use` (may be
 *  NULL) is told all. Takes NULL. */
void blob_cache_close(struct blob_cache *cache, struct muster_cache_use *use);

/* --- a worker ------------------------------------------------------------------------------- */

struct cache_worker;

/** Errors: MUSTER_E_MEMORY. */
enum muster_code cache_worker_open(struct cache_worker **out, struct blob_cache *cache,
				   struct muster_error *err);
/** Finishes its segment. Takes NULL. */
void cache_worker_close(struct cache_worker *worker);

/** Where a blob lies in the cache: a placement for cache_worker_at(), in no repository. Nothing is
 *  opened yet. */
bool cache_worker_find(struct cache_worker *worker, const struct blob_key *key,
		       struct placement *out);
/** Where its bytes are, lent until the worker is asked again. False: not any more. */
bool cache_worker_at(struct cache_worker *worker, const struct blob_key *key,
		     const struct placement *place, struct blob_at *out);
/** They were what they should be: the segment was used now. */
void cache_worker_hit(struct cache_worker *worker, const struct placement *place,
		      uint64_t size_bytes);
/** They were not, or could not be read: the segment goes. */
void cache_worker_spoil(struct cache_worker *worker, const struct placement *place);

/** Keep these proven bytes of a small blob, if there is room. */
void cache_worker_put(struct cache_worker *worker, const struct blob_key *key, struct view data);

/** A large blob that is being fetched; NULL if there is no room for one of that size. `*stream` is
 *  NULL, too, from when something went wrong on: all of these take that. */
struct blob_stream *cache_worker_begin(struct cache_worker *worker, uint64_t size_bytes);
void cache_worker_append(struct cache_worker *worker, struct blob_stream **stream,
			 struct view data);
void cache_worker_end(struct cache_worker *worker, struct blob_stream **stream,
		      const struct blob_key *key);
void cache_worker_abort(struct blob_stream **stream);

/* --- care ----------------------------------------------------------------------------------- */

/** What is in the cache. Where there is none it is empty. Errors: MUSTER_E_IO, _FORMAT. */
enum muster_code blob_cache_info(const struct blob_cache_options *options,
				 struct muster_cache_info *out, struct muster_error *err);
/** Remove least recently used segments until at most `keep_bytes` are left, and all temporary
 *  files, also those of a process that lives: it goes on without a cache. With `dry_run` only told.
 *  Errors: MUSTER_E_IO. */
enum muster_code blob_cache_clean(const struct blob_cache_options *options, uint64_t keep_bytes,
				  bool dry_run, struct muster_cache_cleaned *out,
				  struct muster_error *err);

#endif
