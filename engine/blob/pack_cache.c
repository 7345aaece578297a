#include "engine/blob/pack_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "artifact/record/key.h"

/* --- one pack -------------------------------------------------------------------------------- */

static enum muster_code read_directory(struct open_pack *pack, struct muster_error *err)
{
	uint32_t len = pack->trailer.directory_bytes;
	uint8_t *raw = malloc(len ? len : 1);
	enum muster_code code;

	if (!raw)
		return muster_fail_memory(err, "the directory of a pack");
	code = store_read(pack->object, pack->trailer.directory_offset_bytes, raw, len, err);
	if (!code)
		code = pack_directory_parse(&pack->blobs, &pack->trailer, view_of(raw, len), err);
	free(raw);
	return code;
}

static enum muster_code read_trailer(struct open_pack *pack, const uint8_t repository_id[16],
				     const struct object_id *id, struct muster_error *err)
{
	uint8_t raw[PACK_TRAILER_BYTES];
	uint64_t size_bytes = pack->object->size_bytes;
	enum muster_code code;

	if (size_bytes < sizeof(raw))
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its trailer");
	code = store_read(pack->object, size_bytes - sizeof(raw), raw, sizeof(raw), err);
	if (!code)
		code = pack_trailer_parse(&pack->trailer, view_of(raw, sizeof(raw)), size_bytes,
					  err);
	if (code)
		return code;
	if (memcmp(pack->trailer.repository_id, repository_id, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "it belongs to another repository");
	if (!object_id_equal(&pack->trailer.id, id))
		return muster_fail(err, MUSTER_E_FORMAT, "its trailer has another id");
	return MUSTER_OK;
}

enum muster_code open_pack_open(struct open_pack *out, struct store *store,
				const uint8_t repository_id[16], const struct object_id *id,
				struct muster_error *err)
{
	struct key key;
	enum muster_code code;

	*out = (struct open_pack){ .id = *id };
	key_object(&key, OBJECT_PACK, id);
	code = store_open(store, key.text, &out->object, err);
	if (code)
		return code;
	code = read_trailer(out, repository_id, id, err);
	if (!code)
		code = read_directory(out, err);
	if (code) {
		open_pack_release(out);
		muster_context(err, "pack '%s'", key.text);
	}
	return code;
}

void open_pack_release(struct open_pack *pack)
{
	free(pack->blobs);
	store_close(pack->object);
	*pack = (struct open_pack){ 0 };
}

/* --- many of them ---------------------------------------------------------------------------- */

struct cached_pack {
	struct open_pack pack; /* first: what is lent leads back here */
	struct cached_pack *next;
	unsigned user_count;
	bool is_opening; /* by its only user */
	uint64_t bytes;
};

struct pack_cache {
	struct store *store;
	uint8_t repository_id[16];
	uint64_t max_bytes;
	pthread_mutex_t lock;
	pthread_cond_t opened;		   /* or given up */
	struct {			   /* under `lock` */
		struct cached_pack *first; /* the one used last */
		uint64_t idle_bytes;
		unsigned idle_count;
	} shared;
};

enum muster_code pack_cache_open(struct pack_cache **out, struct store *store,
				 const uint8_t repository_id[16], uint64_t max_bytes,
				 struct muster_error *err)
{
	struct pack_cache *cache = calloc(1, sizeof(*cache));

	*out = cache;
	if (!cache)
		return muster_fail_memory(err, "open packs");
	cache->store = store;
	memcpy(cache->repository_id, repository_id, 16);
	cache->max_bytes = max_bytes;
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->opened, NULL);
	return MUSTER_OK;
}

static void free_pack(struct cached_pack *cached)
{
	open_pack_release(&cached->pack);
	free(cached);
}

void pack_cache_close(struct pack_cache *cache)
{
	if (!cache)
		return;
	while (cache->shared.first) {
		struct cached_pack *first = cache->shared.first;

		cache->shared.first = first->next;
		free_pack(first);
	}
	pthread_mutex_destroy(&cache->lock);
	pthread_cond_destroy(&cache->opened);
	free(cache);
}

static void unlink_locked(struct pack_cache *cache, struct cached_pack *cached)
{
	struct cached_pack **at = &cache->shared.first;

	while (*at != cached)
		at = &(*at)->next;
	*at = cached->next;
}

static void push_locked(struct pack_cache *cache, struct cached_pack *cached)
{
	cached->next = cache->shared.first;
	cache->shared.first = cached;
}

/* The one used last may stay, however large. */
static void evict_locked(struct pack_cache *cache)
{
	while (cache->shared.idle_bytes > cache->max_bytes ||
	       cache->shared.idle_count > PACK_CACHE_PACKS) {
		struct cached_pack *oldest = NULL;

		for (struct cached_pack *at = cache->shared.first->next; at; at = at->next)
			if (!at->user_count)
				oldest = at;
		if (!oldest)
			return;
		cache->shared.idle_bytes -= oldest->bytes;
		cache->shared.idle_count--;
		unlink_locked(cache, oldest);
		free_pack(oldest);
	}
}

/* With one user more; NULL: it is not there. */
static struct cached_pack *find_locked(struct pack_cache *cache, const struct object_id *id)
{
	struct cached_pack *at = cache->shared.first;

	while (at && !object_id_equal(&at->pack.id, id))
		at = at->next;
	if (!at)
		return NULL;
	if (!at->user_count) {
		cache->shared.idle_bytes -= at->bytes;
		cache->shared.idle_count--;
	}
	at->user_count++;
	unlink_locked(cache, at);
	push_locked(cache, at);
	return at;
}

/* Who opens it is its user, as are those that wait. */
static enum muster_code open_here(struct pack_cache *cache, struct cached_pack *cached,
				  struct muster_error *err)
{
	const struct object_id id = cached->pack.id;
	struct open_pack pack;
	enum muster_code code = open_pack_open(&pack, cache->store, cache->repository_id, &id, err);

	pthread_mutex_lock(&cache->lock);
	cached->is_opening = false;
	if (code) {
		unlink_locked(cache, cached); /* others that come now try again */
	} else {
		cached->pack = pack;
		cached->bytes = (uint64_t)pack.trailer.blob_count * sizeof(pack.blobs[0]);
	}
	pthread_cond_broadcast(&cache->opened);
	pthread_mutex_unlock(&cache->lock);
	return code;
}

/* A failed one is in no list; its last user frees it. */
static void leave_failed(struct pack_cache *cache, struct cached_pack *cached)
{
	bool is_last;

	pthread_mutex_lock(&cache->lock);
	is_last = !--cached->user_count;
	pthread_mutex_unlock(&cache->lock);
	if (is_last)
		free(cached);
}

static struct cached_pack *add_locked(struct pack_cache *cache, const struct object_id *id)
{
	struct cached_pack *cached = calloc(1, sizeof(*cached));

	if (!cached)
		return NULL;
	cached->pack.id = *id;
	cached->user_count = 1;
	cached->is_opening = true;
	push_locked(cache, cached);
	return cached;
}

enum muster_code pack_cache_take(struct pack_cache *cache, const struct object_id *id,
				 const struct open_pack **out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (;;) {
		struct cached_pack *cached;
		bool is_mine;

		pthread_mutex_lock(&cache->lock);
		cached = find_locked(cache, id);
		is_mine = !cached;
		if (is_mine)
			cached = add_locked(cache, id);
		while (!is_mine && cached->is_opening)
			pthread_cond_wait(&cache->opened, &cache->lock);
		pthread_mutex_unlock(&cache->lock);
		if (!cached)
			return muster_fail_memory(err, "an open pack");
		if (is_mine)
			code = open_here(cache, cached, err);
		if (cached->pack.object) {
			*out = &cached->pack;
			return MUSTER_OK;
		}
		leave_failed(cache, cached);
		if (is_mine)
			return code;
	}
}

void pack_cache_put(struct pack_cache *cache, const struct open_pack *pack)
{
	if (!pack)
		return;
	pthread_mutex_lock(&cache->lock);
	for (struct cached_pack *at = cache->shared.first; at; at = at->next) {
		if (&at->pack != pack)
			continue;
		if (!--at->user_count) {
			cache->shared.idle_bytes += at->bytes;
			cache->shared.idle_count++;
		}
		break;
	}
	evict_locked(cache);
	pthread_mutex_unlock(&cache->lock);
}
