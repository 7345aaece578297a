/* The plan: three cursors step along in path order, the tree's, the stat cache's and the base's.
 * Whoever takes a batch does this for it, one at a time; what it costs is a few comparisons. The
 * index is asked outside of the lock, by each worker for its own batch. */
#include "engine/put/put_internal.h"

#include <stdlib.h>
#include <string.h>

#include "artifact/path.h"

/* A walk names most of the base's entries; a file put onto a large version names one. So many are
 * stepped over before the base is asked for the path itself, which decodes a leaf: some 200. */
#define STEPS_MAX 256

static enum muster_code advance_base(struct put_run *run, struct muster_error *err)
{
	enum muster_code code = version_reader_next(run->plan.base, &run->plan.base_head, err);

	run->plan.has_base_head = code == MUSTER_OK;
	if (!run->plan.has_sought)
		run->plan.base_rank++;
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* The base's head becomes its first entry that is not before `path`. */
static enum muster_code move_base(struct put_run *run, struct view path, int *order,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (unsigned steps = 0; !code && run->plan.has_base_head; steps++) {
		*order = view_compare(run->plan.base_head.path, path);
		if (*order >= 0)
			break;
		if (steps == STEPS_MAX) {
			version_reader_seek(run->plan.base, path);
			run->plan.has_sought = true;
			run->plan.base_rank = 0;
		}
		code = advance_base(run, err);
	}
	return code;
}

/* The base's entry of `path`, or NULL. */
static enum muster_code find_in_base(struct put_run *run, struct view path,
				     const struct entry **out, struct muster_error *err)
{
	int order = -1;
	enum muster_code code;

	*out = NULL;
	if (!run->plan.base)
		return MUSTER_OK;
	code = move_base(run, path, &order, err);
	if (!code && run->plan.has_base_head && order == 0)
		*out = &run->plan.base_head;
	return code;
}

/* The cache may know an identity that this repository does not keep. */
static void keep(const struct put_run *run, struct put_item *item, const struct stat_record *known)
{
	item->fate = ITEM_KEPT;
	item->fingerprint = known->fingerprint;
	if (!run->rules.has_identity)
		memset(item->fingerprint.identity, 0, IDENTITY_BYTES);
}

/* Would the version's entry be the base's, to the last bit? */
static bool is_as_in_base(const struct put_run *run, const struct put_item *item,
			  const struct entry *base)
{
	return base->has_size && base->has_identity == run->hashing.has_identity &&
	       base->extra.len == 0 && base->birth_artifact_id.len == 0 &&
	       (!base->has_identity || memcmp(base->fingerprint.identity,
					      item->fingerprint.identity, IDENTITY_BYTES) == 0);
}

static void keep_placed(const struct put_run *run, struct put_item *item,
			const struct stat_record *known, const struct entry *base)
{
	keep(run, item, known);
	item->place = (struct blob_place){ .known = base->placement };
	item->is_as_in_base = is_as_in_base(run, item, base);
	if (item->is_as_in_base)
		item->base_rank = run->plan.base_rank;
}

static void read_it(struct put_item *item)
{
	item->is_news = true;
	if (item->found.size_bytes > PACK_BLOB_MAX_BYTES)
		item->fate = ITEM_LARGE;
}

/* Digested by MD5, whatever the repository's algorithm is. */
static void plan_reference(const struct put_run *run, struct put_item *item,
			   const struct stat_record *known)
{
	struct ingest_rules rules = { .algorithm = DIGEST_MD5, .rehash = run->rules.rehash };

	if (ingest_knows(&rules, &item->found, known))
		keep(run, item, known);
	else
		read_it(item);
}

/* Its bytes are where the other version says, if its pack is there and stays; else the index is
 * asked. A reference that is kept as it is has none. */
static void plan_carried(struct put_run *run, struct put_item *item)
{
	const struct entry *entry = item->carried;

	if (!entry->has_checksum)
		return;
	if (entry->is_placed && reliance_on(&run->plan.reliance, &entry->placement))
		item->place = (struct blob_place){ .known = entry->placement };
	else
		item->is_wanted_stored = true;
}

static enum muster_code plan_item(struct put_run *run, struct put_item *item,
				  struct muster_error *err)
{
	const struct stat_record *known = NULL;
	const struct entry *base;
	struct muster_error why = { 0 };
	enum muster_code code;

	if (item->fate != ITEM_READ && item->fate != ITEM_TRACKED && item->fate != ITEM_CARRIED)
		return MUSTER_OK;
	code = find_in_base(run, item->path, &base, err);
	if (code)
		return code;
	if (!base && entry_path_check(item->path, &why)) { /* of the base's it was asked once */
		put_item_fail(item, &why);
		return MUSTER_OK;
	}
	if (item->fate == ITEM_TRACKED)
		return MUSTER_OK;
	if (item->fate == ITEM_CARRIED) {
		plan_carried(run, item);
		return MUSTER_OK;
	}
	if (run->cache)
		known = stat_cache_find(run->cache, item->path);
	if (item->is_reference) {
		plan_reference(run, item, known);
		return MUSTER_OK;
	}
	switch (ingest_decide(&run->rules, &item->found, known, base)) {
	case INGEST_KEEP:
		if (reliance_on(&run->plan.reliance, &base->placement)) {
			keep_placed(run, item, known, base);
			return MUSTER_OK;
		}
		__attribute__((fallthrough));
	case INGEST_KEEP_STORED:
		keep(run, item, known);
		item->is_wanted_stored = true;
		return MUSTER_OK;
	case INGEST_READ:
		break;
	}
	read_it(item);
	return MUSTER_OK;
}

/* Kept if the index has the blob, else read. */
static enum muster_code settle_stored(struct put_run *run, struct put_item *item,
				      struct muster_error *err)
{
	struct blob_key key = put_item_key(run, item);
	enum muster_code code = blob_set_find(run->blobs, &key, &item->place, err);

	if (code != MUSTER_ABSENT)
		return code;
	if (item->fate == ITEM_CARRIED) {
		struct muster_error lost = { 0 };

		muster_fail(&lost, MUSTER_E_FORMAT,
			    "the repository has lost its bytes ('check' tells all that is lost)");
		put_item_fail(item, &lost);
		return MUSTER_OK;
	}
	item->fate = ITEM_READ;
	read_it(item);
	return MUSTER_OK;
}

static enum muster_code settle_batch(struct put_run *run, struct put_batch *batch,
				     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->item_count && !code; i++)
		if (batch->items[i].is_wanted_stored)
			code = settle_stored(run, &batch->items[i], err);
	return code;
}

static void count_batch(struct put_run *run, const struct put_batch *batch)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < batch->item_count; i++)
		bytes += batch->items[i].found.size_bytes;
	atomic_fetch_add_explicit(&run->progress->total_files, batch->item_count,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->total_bytes, bytes, memory_order_relaxed);
}

static enum muster_code plan_next_locked(struct put_run *run, struct put_batch **out,
					 struct muster_error *err)
{
	struct put_batch *batch;
	enum muster_code code;

	if (run->plan.is_done)
		return MUSTER_END;
	code = put_source_next(run->plan.source, &batch, err);
	if (code == MUSTER_END) {
		run->plan.is_done = true;
		atomic_store(&run->progress->total_is_known, true);
	}
	if (code)
		return code;
	for (size_t i = 0; i < batch->item_count && !code; i++)
		code = plan_item(run, &batch->items[i], err);
	if (code) {
		put_batch_free(batch);
		return code;
	}
	count_batch(run, batch);
	batch->sequence = run->plan.next_sequence++;
	*out = batch;
	return MUSTER_OK;
}

enum muster_code put_plan_next(struct put_run *run, struct put_batch **out,
			       struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&run->plan.lock);
	if (!run->plan.has_base_head && !run->plan.is_done && run->plan.base &&
	    run->plan.next_sequence == 0)
		code = advance_base(run, err); /* the first look at the base */
	else
		code = MUSTER_OK;
	if (!code)
		code = plan_next_locked(run, out, err);
	pthread_mutex_unlock(&run->plan.lock);
	if (code)
		return code;
	code = settle_batch(run, *out, err);
	if (code) {
		put_batch_free(*out);
		*out = NULL;
	}
	return code;
}
