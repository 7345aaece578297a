/* Index files are derived from segments: whatever is wrong with them, they are removed, and the
 * segments that no index names any more are indexed anew. So a killed run, too many small index
 * files, dead ones and damaged ones are all one case: orphans.
 *
 *	damaged, small and many, mostly dead ──remove──► orphans ──adopt──► an index of this run
 *	a run that was killed ─────────────────────────────┘  └──small and many──► one segment
 */
#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/cache/cache_internal.h"

/* --- index files ---------------------------------------------------------------------------- */

/* What is seen of them in one look. */
struct tidying {
	struct blob_cache *cache;
	unsigned small_count;
	bool removes_small;
};

static bool is_small(const struct index_facts *facts)
{
	return facts->record_count < CACHE_SMALL_RECORDS;
}

static enum muster_code count_small(void *state, const struct index_facts *facts,
				    struct muster_error *err)
{
	struct tidying *tidying = state;

	(void)err;
	tidying->small_count += is_small(facts);
	return MUSTER_OK;
}

static enum muster_code remove_index(void *state, const struct index_facts *facts,
				     struct muster_error *err)
{
	const struct tidying *tidying = state;
	struct key key;

	if (facts->live_count >= facts->record_count / 2 + 1 &&
	    !(tidying->removes_small && is_small(facts)))
		return MUSTER_OK;
	key_object(&key, OBJECT_INDEX, &facts->id);
	return store_remove(tidying->cache->store, key.text, err);
}

/* One that is damaged says nothing for sure of which one it is. */
static enum muster_code open_indexes(struct blob_cache *cache, struct index_set **out,
				     struct muster_error *err)
{
	struct muster_error why = { 0 };
	enum muster_code code = index_set_open(out, cache->store, cache_repository_id, &why);

	if (code && code != MUSTER_E_MEMORY && code != MUSTER_E_IO) {
		cache_note(cache, "its index was made anew", &why);
		code = cache_remove_indexes(cache->store, err);
		return code ? code : index_set_open(out, cache->store, cache_repository_id, err);
	}
	if (code && err)
		*err = why;
	return code;
}

static enum muster_code mark_indexed(void *state, const struct index_pack *pack,
				     struct muster_error *err)
{
	struct segments *found = state;

	(void)err;
	segments_mark(found, &pack->id, SEGMENT_TOUCHED);
	return MUSTER_OK;
}

static bool has_unmarked(const struct segments *segments)
{
	for (size_t i = 0; i < segments->count; i++)
		if (!(atomic_load(&segments->flags[i]) & SEGMENT_TOUCHED))
			return true;
	return false;
}

/* Is there a segment that no index names? */
static enum muster_code look_for_orphans(struct blob_cache *cache, struct index_set *set, bool *has,
					 struct muster_error *err)
{
	struct segments found = { 0 };
	enum muster_code code = segments_read(&found, cache->store, err);

	if (!code)
		code = index_set_each_pack(set, mark_indexed, &found, err);
	*has = !code && has_unmarked(&found);
	segments_release(&found);
	return code;
}

enum muster_code cache_tidy_indexes(struct blob_cache *cache, bool *has_orphans,
				    struct muster_error *err)
{
	struct tidying tidying = { .cache = cache };
	struct index_set *set = NULL;
	enum muster_code code = open_indexes(cache, &set, err);

	*has_orphans = false;
	if (!code)
		code = index_set_each_file(set, count_small, &tidying, err);
	tidying.removes_small = tidying.small_count > CACHE_SMALL_MAX;
	/* Where nothing can be removed, a cache can still be read. */
	if (!code)
		index_set_each_file(set, remove_index, &tidying, NULL);
	if (!code)
		code = look_for_orphans(cache, set, has_orphans, err);
	*has_orphans |= tidying.removes_small;
	index_set_close(set);
	return code;
}

/* --- orphans -------------------------------------------------------------------------------- */

struct adoption {
	struct blob_cache *cache;
	struct segments orphans;
	size_t small_count;
	struct blob_packer *packer; /* of small ones, put together */
};

static bool is_orphan(const struct adoption *adoption, size_t at)
{
	return !(atomic_load(&adoption->orphans.flags[at]) & SEGMENT_TOUCHED);
}

static bool is_to_be_joined(const struct adoption *adoption, size_t at)
{
	return adoption->small_count > CACHE_SMALL_MAX &&
	       adoption->orphans.items[at].size_bytes < CACHE_SMALL_BYTES;
}

static enum muster_code mark_known(void *state, const struct index_pack *pack,
				   struct muster_error *err)
{
	struct adoption *adoption = state;

	(void)err;
	segments_mark(&adoption->orphans, &pack->id, SEGMENT_TOUCHED);
	return MUSTER_OK;
}

/* Index files are opened once more: some are gone since. */
static enum muster_code find_orphans(struct adoption *adoption, struct muster_error *err)
{
	struct blob_cache *cache = adoption->cache;
	struct index_set *set = NULL;
	enum muster_code code = segments_read(&adoption->orphans, cache->store, err);

	if (!code)
		code = index_set_open(&set, cache->store, cache_repository_id, err);
	if (!code)
		code = index_set_each_pack(set, mark_known, adoption, err);
	index_set_close(set);
	for (size_t i = 0; !code && i < adoption->orphans.count; i++)
		adoption->small_count += is_orphan(adoption, i) &&
					 adoption->orphans.items[i].size_bytes < CACHE_SMALL_BYTES;
	return code;
}

/* All blobs of a small segment, into the packer's. */
static enum muster_code join(struct adoption *adoption, const struct object_id *id,
			     struct muster_error *err)
{
	struct blob_cache *cache = adoption->cache;
	struct open_pack pack = { 0 };
	struct blob_place place;
	uint8_t *bytes = NULL;
	enum muster_code code = open_pack_open(&pack, cache->store, cache_repository_id, id, err);

	if (!code) {
		bytes = malloc(pack.trailer.pack_bytes);
		if (!bytes)
			code = muster_fail_memory(err, "a small segment");
	}
	if (!code)
		code = store_read(pack.object, 0, bytes, pack.trailer.pack_bytes, err);
	for (uint32_t i = 0; !code && i < pack.trailer.blob_count; i++) {
		const struct pack_blob *blob = &pack.blobs[i];

		code = blob_packer_put(adoption->packer, &blob->key,
				       view_of(bytes + blob->offset_bytes, blob->key.size_bytes),
				       &place, err);
	}
	free(bytes);
	open_pack_release(&pack);
	return code;
}

/* One whose end is damaged names nothing any more. */
static enum muster_code take_over(struct adoption *adoption, size_t at, struct muster_error *err)
{
	const struct object_id *id = &adoption->orphans.items[at].id;
	struct muster_error why = { 0 };
	enum muster_code code = is_to_be_joined(adoption, at)
					? join(adoption, id, &why)
					: blob_set_adopt(adoption->cache->blobs, id, &why);

	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	if (code == MUSTER_E_FORMAT || code == MUSTER_E_UNSUPPORTED || code == MUSTER_E_LIMIT) {
		atomic_fetch_add(&adoption->cache->counts.damaged_segments, 1);
		cache_note(adoption->cache, "a segment was damaged", &why);
		return segment_remove(adoption->cache->store, id, err);
	}
	if (code && err)
		*err = why;
	return code;
}

static enum muster_code take_over_all(struct adoption *adoption, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < adoption->orphans.count && !code; i++)
		if (is_orphan(adoption, i))
			code = take_over(adoption, i, err);
	if (!code)
		code = blob_packer_flush(adoption->packer, err);
	if (!code)
		code = blob_set_finish(adoption->cache->blobs, err);
	return code ? code : blob_set_go_on(adoption->cache->blobs, err);
}

/* What was put together lies in another segment now, and that is indexed. */
static enum muster_code remove_joined(struct adoption *adoption, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < adoption->orphans.count && !code; i++)
		if (is_orphan(adoption, i) && is_to_be_joined(adoption, i))
			code = segment_remove(adoption->cache->store,
					      &adoption->orphans.items[i].id, err);
	return code;
}

enum muster_code cache_adopt_orphans(struct blob_cache *cache, struct muster_error *err)
{
	struct adoption adoption = { .cache = cache };
	enum muster_code code = find_orphans(&adoption, err);

	if (!code)
		code = blob_packer_open(&adoption.packer, cache->blobs, err);
	if (!code)
		code = take_over_all(&adoption, err);
	if (!code)
		code = remove_joined(&adoption, err);
	blob_packer_close(adoption.packer);
	segments_release(&adoption.orphans);
	return code;
}
