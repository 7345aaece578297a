/* The limit: what a run may add, and what must go for it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "engine/cache/cache_internal.h"
#include "planners/eviction/eviction.h"

/* Others may add, too: after so much of our own we look again. */
#define LIST_AGAIN_BYTES (256ull << 20)
/* More is made room for than is needed at once: a part of the limit, at most so much. */
#define SPARE_SHARE	16
#define SPARE_MAX_BYTES (256ull << 20)

/* Of the directory, or of the one that it will be made in. */
static bool find_file_system(const char *directory, struct statvfs *out)
{
	char path[4096];
	char *slash;

	if ((size_t)snprintf(path, sizeof(path), "%s", directory) >= sizeof(path))
		return false;
	while (statvfs(path, out)) {
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return false;
		*slash = '\0';
	}
	return true;
}

uint64_t cache_default_limit(const char *directory, uint64_t used_bytes)
{
	struct statvfs fs;
	uint64_t share;

	if (!find_file_system(directory, &fs))
		return BLOB_CACHE_DEFAULT_BYTES;
	share = ((uint64_t)fs.f_bavail * fs.f_frsize + used_bytes) / BLOB_CACHE_FREE_SHARE;
	return share < BLOB_CACHE_DEFAULT_BYTES ? share : BLOB_CACHE_DEFAULT_BYTES;
}

/* What an eviction is to leave, and whom it is to spare. */
struct want {
	uint64_t room_bytes;  /* that all which counts may have */
	uint64_t spare_bytes; /* if anything must go, so much more */
	uint64_t fixed_bytes, keep_since_ns;
	const uint8_t *but_session; /* NULL, or: segments of this session do not count */
	bool is_all_or_nothing;	    /* what would not be enough is not done */
};

static struct eviction_segment *candidates(const struct segments *segments, const struct want *want,
					   size_t *count, uint64_t *sum_bytes)
{
	struct eviction_segment *list = malloc((segments->count + 1) * sizeof(*list));

	*count = 0;
	*sum_bytes = 0;
	for (size_t i = 0; list && i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];

		if (want->but_session && !memcmp(segment->id.session, want->but_session, 16))
			continue;
		list[(*count)++] =
			(struct eviction_segment){ segment->size_bytes, segment->used_ns, i };
		*sum_bytes += segment->size_bytes;
	}
	return list;
}

static uint64_t at_least_zero(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* How many of the list, which is sorted for it, must go. */
static size_t choose(const struct want *want, struct eviction_segment *list, size_t count,
		     uint64_t sum_bytes)
{
	struct eviction_rules rules = { .target_bytes =
						at_least_zero(want->room_bytes, want->spare_bytes),
					.fixed_bytes = want->fixed_bytes,
					.keep_since_ns = want->keep_since_ns };
	uint64_t freed;
	size_t gone;

	if (sum_bytes + want->fixed_bytes <= want->room_bytes)
		return 0;
	gone = eviction_plan(&rules, list, count, &freed);
	if (want->is_all_or_nothing && sum_bytes + want->fixed_bytes - freed > want->room_bytes)
		return 0;
	return gone;
}

/* Removes what must go. `*left_bytes`: what counts and stays. */
static enum muster_code evict(struct blob_cache *cache, const struct segments *segments,
			      const struct want *want, uint64_t *left_bytes,
			      struct muster_error *err)
{
	size_t count, gone;
	struct eviction_segment *list = candidates(segments, want, &count, left_bytes);
	enum muster_code code = MUSTER_OK;

	if (!list)
		return muster_fail_memory(err, "the list of segments");
	gone = choose(want, list, count, *left_bytes);
	*left_bytes += want->fixed_bytes;
	for (size_t i = 0; i < gone && !code; i++) {
		const struct segment *segment = &segments->items[list[i].index];

		code = segment_remove(cache->store, &segment->id, err);
		if (code)
			break;
		segments_mark(&cache->segments, &segment->id, SEGMENT_GONE);
		*left_bytes -= segment->size_bytes;
		atomic_fetch_add(&cache->counts.evicted_bytes, segment->size_bytes);
	}
	free(list);
	return code;
}

/* --- while it runs -------------------------------------------------------------------------- */

/* Lists what others have; removes of it what is in the way of `bytes`. */
static enum muster_code look_again_locked(struct blob_cache *cache, uint64_t bytes,
					  struct muster_error *err)
{
	uint64_t limit = cache->locked.limit_bytes, spare = limit / SPARE_SHARE;
	struct want want = { .room_bytes =
				     at_least_zero(limit, cache->locked.granted_bytes + bytes),
			     .spare_bytes = spare < SPARE_MAX_BYTES ? spare : SPARE_MAX_BYTES,
			     .keep_since_ns = cache->begun_ns,
			     .but_session = cache->session,
			     .is_all_or_nothing = true };
	struct segments segments = { 0 };
	enum muster_code code = segments_read(&segments, cache->store, err);

	if (!code)
		code = cache_index_bytes(cache->store, &want.fixed_bytes, NULL, err);
	if (!code)
		code = evict(cache, &segments, &want, &cache->locked.others_bytes, err);
	cache->locked.unlisted_bytes = 0;
	cache->locked.is_listed = !code;
	segments_release(&segments);
	return code;
}

static bool fits_locked(const struct blob_cache *cache, uint64_t bytes)
{
	uint64_t used = cache->locked.others_bytes + cache->locked.granted_bytes;

	return used <= cache->locked.limit_bytes && bytes <= cache->locked.limit_bytes - used;
}

static bool take_room_locked(struct blob_cache *cache, uint64_t bytes, struct muster_error *err)
{
	if (bytes > cache->locked.limit_bytes - cache->locked.granted_bytes)
		return false;
	if (!cache->locked.is_listed || !fits_locked(cache, bytes) ||
	    cache->locked.unlisted_bytes + bytes > LIST_AGAIN_BYTES) {
		if (look_again_locked(cache, bytes, err) || !fits_locked(cache, bytes))
			return false;
	}
	cache->locked.granted_bytes += bytes;
	cache->locked.unlisted_bytes += bytes;
	return true;
}

bool cache_take_room(struct blob_cache *cache, uint64_t bytes)
{
	struct muster_error why = { 0 };
	bool is_granted = false;

	pthread_mutex_lock(&cache->lock);
	if (bytes < cache->locked.full_bytes) {
		is_granted = take_room_locked(cache, bytes, &why);
		if (!is_granted) /* who wants more need not ask */
			cache->locked.full_bytes = bytes;
	}
	pthread_mutex_unlock(&cache->lock);
	if (why.code)
		cache_stop_writes(cache, &why);
	return is_granted;
}

/* --- at its end ----------------------------------------------------------------------------- */

void cache_keep_limit(struct blob_cache *cache)
{
	struct want want = { .room_bytes = cache->locked.limit_bytes };
	struct segments segments = { 0 };
	struct muster_error why = { 0 };
	uint64_t left;
	enum muster_code code = segments_read(&segments, cache->store, &why);

	if (!code)
		code = cache_index_bytes(cache->store, &want.fixed_bytes, NULL, &why);
	if (!code)
		code = evict(cache, &segments, &want, &left, &why);
	if (code)
		cache_note(cache, "its limit could not be kept", &why);
	segments_release(&segments);
}
