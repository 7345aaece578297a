#include "engine/cache/blob_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/cache/cache_internal.h"

/* --- the store: a local one, with nothing synced --------------------------------------------- */

static int sync_nothing(void *state, int fd)
{
	(void)state, (void)fd;
	return 0;
}

static int sync_no_range(void *state, int fd, uint64_t offset_bytes, uint64_t len, unsigned flags)
{
	(void)state, (void)fd, (void)offset_bytes, (void)len, (void)flags;
	return 0;
}

/* With all that is missing above it. */
static enum muster_code make_directory(const struct sys_ops *sys, const char *directory,
				       struct muster_error *err)
{
	char path[4096];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", directory);
	int failed = -1;

	if (len >= sizeof(path))
		return muster_fail(err, MUSTER_E_USAGE, "its path is too long");
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		failed = sys->mkdirat(sys->state, AT_FDCWD, path, 0777);
		path[i] = directory[i];
	}
	if (failed && errno != EEXIST) /* of those above it only the last one says why */
		return muster_fail_errno(err, "make it");
	return MUSTER_OK;
}

enum muster_code cache_store_open(struct store **out, const char *directory, struct sys_ops *sys,
				  bool may_make, struct muster_error *err)
{
	struct store_local_options options = { .sys = sys, .keep_temporary = true };
	struct muster_error why = { 0 };
	enum muster_code code;

	sys->fdatasync = sys->fsync = sys->syncfs = sync_nothing;
	sys->sync_file_range = sync_no_range;
	code = store_local_open(out, directory, &options, &why);
	if (code == MUSTER_E_NAME && !may_make)
		return MUSTER_ABSENT;
	if (code == MUSTER_E_NAME) {
		code = make_directory(sys, directory, err);
		return code ? code : store_local_open(out, directory, &options, err);
	}
	if (code && err)
		*err = why;
	return code;
}

/* --- notes ---------------------------------------------------------------------------------- */

void cache_note(struct blob_cache *cache, const char *what, const struct muster_error *why)
{
	pthread_mutex_lock(&cache->lock);
	if (!cache->locked.note[0])
		snprintf(cache->locked.note, sizeof(cache->locked.note), "%s: %.400s", what,
			 why->message[0] ? why->message : muster_code_name(why->code));
	pthread_mutex_unlock(&cache->lock);
}

void cache_stop_writes(struct blob_cache *cache, const struct muster_error *why)
{
	atomic_store(&cache->has_no_writes, true);
	cache_note(cache, "nothing more was added", why);
}

/* --- opening -------------------------------------------------------------------------------- */

enum muster_code cache_next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct blob_cache *cache = state;

	(void)err;
	memcpy(out->session, cache->session, sizeof(out->session));
	out->number = atomic_fetch_add(&cache->next_number, 1) + 1;
	return MUSTER_OK;
}

static bool is_usable(void *state, const struct object_id *pack, uint32_t ordinal)
{
	const struct blob_cache *cache = state;

	(void)ordinal;
	return !segments_is_marked(&cache->segments, pack, SEGMENT_GONE);
}

static enum muster_code open_blobs(struct blob_cache *cache,
				   const struct blob_cache_options *options,
				   struct muster_error *err)
{
	struct blob_set_options blobs = { .algorithm = DIGEST_MD5, /* not asked: see table_key() */
					  .table_bytes = options->table_bytes
								 ? options->table_bytes
								 : BLOB_CACHE_TABLE_BYTES,
					  .next_id = cache_next_id,
					  .next_id_state = cache,
					  .is_usable = is_usable,
					  .usable_state = cache };
	enum muster_code code;

	memcpy(blobs.repository_id, cache_repository_id, sizeof(blobs.repository_id));
	code = blob_set_open(&cache->blobs, cache->store, &blobs, err);
	return code ? code
		    : pack_cache_open(&cache->packs, cache->store, cache_repository_id,
				      PACK_CACHE_BYTES, err);
}

/* Where nothing can be written this is still a cache. */
static void begin_writes(struct blob_cache *cache)
{
	struct muster_error why = { 0 };

	store_local_clean_temporary(cache->store, CACHE_TEMPORARY_AGE_NS, NULL, NULL);
	if (!store_now(cache->store, &cache->begun_ns, &why))
		return;
	cache->begun_ns = effects_wall_ns(effects_system());
	cache_stop_writes(cache, &why);
}

static void find_limit(struct blob_cache *cache, const struct blob_cache_options *options)
{
	uint64_t used_bytes = 0;

	cache->locked.full_bytes = UINT64_MAX;
	cache->locked.limit_bytes = options->limit_bytes;
	if (options->limit_bytes)
		return;
	for (size_t i = 0; i < cache->segments.count; i++)
		used_bytes += cache->segments.items[i].size_bytes;
	cache->locked.limit_bytes = cache_default_limit(options->directory, used_bytes);
}

static enum muster_code open_all(struct blob_cache *cache, const struct blob_cache_options *options,
				 struct muster_error *err)
{
	struct muster_error why = { 0 };
	bool has_orphans = false;
	enum muster_code code =
		effects_random(effects_system(), cache->session, sizeof(cache->session), err);

	if (!code)
		code = cache_store_open(&cache->store, options->directory, &cache->sys, true, err);
	if (code)
		return code;
	begin_writes(cache);
	code = cache_tidy_indexes(cache, &has_orphans, err);
	if (!code)
		code = open_blobs(cache, options, err);
	if (!code && has_orphans && cache_adopt_orphans(cache, &why))
		cache_stop_writes(cache, &why);
	if (!code)
		code = segments_read(&cache->segments, cache->store, err);
	if (!code)
		find_limit(cache, options);
	return code;
}

enum muster_code blob_cache_open(struct blob_cache **out, const struct blob_cache_options *options,
				 struct muster_error *err)
{
	struct blob_cache *cache = calloc(1, sizeof(*cache));
	enum muster_code code;

	*out = NULL;
	if (!cache)
		return muster_fail_memory(err, "the cache");
	cache->sys = *(options->sys ? options->sys : sys_system());
	pthread_mutex_init(&cache->lock, NULL);
	code = open_all(cache, options, err);
	if (code) {
		muster_context(err, "cache '%s'", options->directory);
		atomic_store(&cache->has_no_writes, true);
		blob_cache_close(cache, NULL);
		return code;
	}
	*out = cache;
	return MUSTER_OK;
}

/* --- closing -------------------------------------------------------------------------------- */

static void finish_writes(struct blob_cache *cache)
{
	struct muster_error why = { 0 };

	if (!blob_set_counts(cache->blobs).packed_count)
		return;
	/* Of what became whole before something went wrong, too. */
	if (blob_set_finish(cache->blobs, &why))
		cache_note(cache, "what was added is found only later", &why);
	cache_keep_limit(cache);
}

static void tell_use(struct blob_cache *cache, struct muster_cache_use *use)
{
	*use = (struct muster_cache_use){
		.hit_blobs = atomic_load(&cache->counts.hit_blobs),
		.hit_bytes = atomic_load(&cache->counts.hit_bytes),
		.added_blobs = atomic_load(&cache->counts.added_blobs),
		.added_bytes = atomic_load(&cache->counts.added_bytes),
		.evicted_bytes = atomic_load(&cache->counts.evicted_bytes),
		.damaged_segments = atomic_load(&cache->counts.damaged_segments),
	};
	memcpy(use->note, cache->locked.note, sizeof(use->note));
}

void blob_cache_close(struct blob_cache *cache, struct muster_cache_use *use)
{
	if (!cache)
		return;
	if (cache->blobs)
		finish_writes(cache);
	if (use)
		tell_use(cache, use);
	pack_cache_close(cache->packs);
	blob_set_close(cache->blobs);
	segments_release(&cache->segments);
	store_free(cache->store);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}
