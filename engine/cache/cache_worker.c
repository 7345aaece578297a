/* A worker's way into the cache, and what it adds. */
#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/cache/cache_internal.h"

/* A small blob does not ask for room alone: a part of the limit, at most so much at once. */
#define GRANT_SHARE	16
#define GRANT_MAX_BYTES (8u << 20)

struct cache_worker {
	struct blob_cache *cache;
	struct blob_reader *reader;
	struct blob_packer *packer;
	uint64_t granted_bytes; /* and not used yet */
};

enum muster_code cache_worker_open(struct cache_worker **out, struct blob_cache *cache,
				   struct muster_error *err)
{
	struct cache_worker *worker = calloc(1, sizeof(*worker));
	enum muster_code code;

	*out = NULL;
	if (!worker)
		return muster_fail_memory(err, "a worker of the cache");
	worker->cache = cache;
	code = blob_reader_open(&worker->reader, cache->store, cache_repository_id, NULL,
				cache->packs, err);
	if (!code)
		code = blob_packer_open(&worker->packer, cache->blobs, err);
	if (code) {
		cache_worker_close(worker);
		return code;
	}
	*out = worker;
	return MUSTER_OK;
}

void cache_worker_close(struct cache_worker *worker)
{
	struct muster_error why = { 0 };

	if (!worker)
		return;
	if (worker->packer && !atomic_load(&worker->cache->has_no_writes) &&
	    blob_packer_flush(worker->packer, &why))
		cache_stop_writes(worker->cache, &why);
	blob_packer_close(worker->packer);
	blob_reader_close(worker->reader);
	free(worker);
}

/* An identity is proved by who has one, and says nothing here. The algorithm is left out: digests
 * of another one are other digests. */
static struct blob_key key_here(const struct blob_key *key)
{
	struct blob_key here = { .algorithm = DIGEST_MD5, .size_bytes = key->size_bytes };

	memcpy(here.digest, key->digest, sizeof(here.digest));
	memcpy(here.checksum, key->checksum, sizeof(here.checksum));
	return here;
}

/* --- out of the cache ------------------------------------------------------------------------ */

static bool is_damage(enum muster_code code)
{
	return code == MUSTER_E_FORMAT || code == MUSTER_E_UNSUPPORTED || code == MUSTER_E_LIMIT;
}

static void stop_reads(struct blob_cache *cache, const struct muster_error *why)
{
	atomic_store(&cache->has_no_reads, true);
	cache_note(cache, "nothing more was looked up", why);
}

/* Which of the index files it is, nobody knows: the next run makes them anew of the segments. */
static void give_up_index(struct blob_cache *cache, const struct muster_error *why)
{
	stop_reads(cache, why);
	cache_stop_writes(cache, why);
	if (is_damage(why->code))
		cache_remove_indexes(cache->store, NULL);
}

bool cache_worker_find(struct cache_worker *worker, const struct blob_key *key,
		       struct placement *out)
{
	struct blob_cache *cache = worker->cache;
	struct blob_key here = key_here(key);
	struct muster_error why = { 0 };
	struct blob_place place;
	enum muster_code code;

	if (atomic_load_explicit(&cache->has_no_reads, memory_order_relaxed))
		return false;
	code = blob_set_find(cache->blobs, &here, &place, &why);
	if (muster_failed(code))
		give_up_index(cache, &why);
	return !code && blob_place_resolve(&place, out);
}

static void drop(struct blob_cache *cache, const struct object_id *segment)
{
	if (segments_mark(&cache->segments, segment, SEGMENT_GONE))
		atomic_fetch_add(&cache->counts.damaged_segments, 1);
	segment_remove(cache->store, segment, NULL); /* or else it is found, and dropped, again */
}

bool cache_worker_at(struct cache_worker *worker, const struct blob_key *key,
		     const struct placement *place, struct blob_at *out)
{
	struct blob_cache *cache = worker->cache;
	struct blob_key here = key_here(key);
	struct muster_error why = { 0 };
	enum muster_code code = blob_reader_find(worker->reader, &here, place, out, &why);

	if (!code)
		return true;
	if (code == MUSTER_ABSENT) /* another process removed it: what is fetched is kept again */
		segments_mark(&cache->segments, &place->pack, SEGMENT_GONE);
	else if (is_damage(code))
		drop(cache, &place->pack);
	else
		stop_reads(cache, &why);
	return false;
}

/* Once a run is enough to know what was used last. */
void cache_worker_hit(struct cache_worker *worker, const struct placement *place,
		      uint64_t size_bytes)
{
	struct blob_cache *cache = worker->cache;
	struct key key;

	atomic_fetch_add_explicit(&cache->counts.hit_blobs, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&cache->counts.hit_bytes, size_bytes, memory_order_relaxed);
	if (!segments_mark(&cache->segments, &place->pack, SEGMENT_TOUCHED))
		return;
	key_object(&key, OBJECT_PACK, &place->pack);
	store_local_touch(cache->store, key.text, NULL);
}

void cache_worker_spoil(struct cache_worker *worker, const struct placement *place)
{
	drop(worker->cache, &place->pack);
}

/* --- into the cache -------------------------------------------------------------------------- */

static bool take_small(struct cache_worker *worker, uint64_t bytes)
{
	struct blob_cache *cache = worker->cache;
	uint64_t grant = cache->locked.limit_bytes / GRANT_SHARE; /* it does not change */

	if (grant > GRANT_MAX_BYTES)
		grant = GRANT_MAX_BYTES;
	if (grant < bytes)
		grant = bytes;
	if (worker->granted_bytes < bytes) {
		if (!cache_take_room(cache, grant))
			return false;
		worker->granted_bytes += grant;
	}
	worker->granted_bytes -= bytes;
	return true;
}

static void count_added(struct blob_cache *cache, uint64_t size_bytes)
{
	atomic_fetch_add_explicit(&cache->counts.added_blobs, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&cache->counts.added_bytes, size_bytes, memory_order_relaxed);
}

void cache_worker_put(struct cache_worker *worker, const struct blob_key *key, struct view data)
{
	struct blob_cache *cache = worker->cache;
	struct blob_key here = key_here(key);
	struct muster_error why = { 0 };
	struct blob_place place;

	if (atomic_load_explicit(&cache->has_no_writes, memory_order_relaxed) ||
	    !take_small(worker, data.len))
		return;
	if (blob_packer_put(worker->packer, &here, data, &place, &why))
		cache_stop_writes(cache, &why);
	else
		count_added(cache, data.len);
}

struct blob_stream *cache_worker_begin(struct cache_worker *worker, uint64_t size_bytes)
{
	struct blob_cache *cache = worker->cache;
	struct muster_error why = { 0 };
	struct blob_stream *stream;

	if (atomic_load(&cache->has_no_writes) || !cache_take_room(cache, size_bytes))
		return NULL;
	if (!blob_stream_begin(&stream, cache->blobs, NULL, &why))
		return stream;
	cache_stop_writes(cache, &why);
	return NULL;
}

void cache_worker_append(struct cache_worker *worker, struct blob_stream **stream, struct view data)
{
	struct muster_error why = { 0 };

	if (!*stream || !blob_stream_append(*stream, data, &why))
		return;
	cache_worker_abort(stream);
	cache_stop_writes(worker->cache, &why);
}

void cache_worker_end(struct cache_worker *worker, struct blob_stream **stream,
		      const struct blob_key *key)
{
	struct blob_key here = key_here(key);
	struct muster_error why = { 0 };
	struct blob_stream *whole = *stream;
	struct blob_place place;

	*stream = NULL;
	if (!whole)
		return;
	if (blob_stream_finish(whole, &here, &place, &why))
		cache_stop_writes(worker->cache, &why);
	else
		count_added(worker->cache, here.size_bytes);
}

void cache_worker_abort(struct blob_stream **stream)
{
	blob_stream_abort(*stream);
	*stream = NULL;
}
