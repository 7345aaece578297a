#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"

#define TABLE_BYTES_DEFAULT (16u << 20)
#define TABLE_RECORD_MAX    (1u << 20) /* FORMAT §3: an index file when a million blobs are full */

enum muster_code blob_set_open(struct blob_set **out, struct store *store,
			       const struct blob_set_options *options, struct muster_error *err)
{
	struct blob_set *set = calloc(1, sizeof(*set));
	size_t bytes = options->table_bytes ? options->table_bytes : TABLE_BYTES_DEFAULT;
	enum muster_code code;

	*out = NULL;
	if (!set)
		return muster_fail_memory(err, "the set of blobs");
	set->store = store;
	set->options = *options;
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->synced, NULL);
	code = index_set_open(&set->index, store, options->repository_id, err);
	if (!code)
		index_set_restrict(set->index, options->is_usable, options->usable_state);
	if (!code && options->next_id)
		code = table_open(&set->locked.table, bytes, TABLE_RECORD_MAX,
				  options->has_identity, err);
	if (!code && options->next_id)
		code = blob_syncers_start(set, err);
	if (code) {
		blob_set_close(set);
		return code;
	}
	/* All packs in progress together must leave room in the table. */
	set->pack_max_blobs = set->locked.table.record_max / 64;
	if (set->pack_max_blobs > BLOB_PACK_MAX_BLOBS)
		set->pack_max_blobs = BLOB_PACK_MAX_BLOBS;
	if (options->pack_max_blobs && set->pack_max_blobs > options->pack_max_blobs)
		set->pack_max_blobs = (uint32_t)options->pack_max_blobs;
	*out = set;
	return MUSTER_OK;
}

static void packs_release(struct run_packs *packs)
{
	for (uint32_t i = 0; i < packs->chunk_count; i++)
		free(packs->chunks[i]);
	free(packs->chunks);
}

void blob_set_close(struct blob_set *set)
{
	if (!set)
		return;
	blob_syncers_stop(set);
	packs_release(&set->locked.packs);
	free(set->locked.large_sizes);
	table_release(&set->locked.table);
	index_set_close(set->index);
	pthread_cond_destroy(&set->synced);
	pthread_mutex_destroy(&set->lock);
	free(set);
}

struct run_pack *blob_pack_locked(struct blob_set *set, uint32_t number)
{
	return &set->locked.packs.chunks[number / RUN_PACK_CHUNK][number % RUN_PACK_CHUNK];
}

static enum muster_code add_pack_locked(struct blob_set *set, uint32_t *number,
					struct run_pack **out, struct muster_error *err)
{
	struct run_packs *packs = &set->locked.packs;

	if (packs->count == INDEX_MAX_PACKS)
		return muster_fail(err, MUSTER_E_LIMIT, "more than %u packs in one run",
				   INDEX_MAX_PACKS);
	if (packs->count == packs->chunk_count * RUN_PACK_CHUNK) {
		struct run_pack **chunks =
			realloc(packs->chunks, (packs->chunk_count + 1) * sizeof(*chunks));

		if (!chunks)
			return muster_fail_memory(err, "the list of packs");
		packs->chunks = chunks;
		chunks[packs->chunk_count] = calloc(RUN_PACK_CHUNK, sizeof(**chunks));
		if (!chunks[packs->chunk_count])
			return muster_fail_memory(err, "the list of packs");
		packs->chunk_count++;
	}
	*number = packs->count++;
	*out = blob_pack_locked(set, *number);
	return MUSTER_OK;
}

enum muster_code blob_new_pack(struct blob_set *set, uint32_t *number, struct run_pack **out,
			       struct muster_error *err)
{
	struct object_id id;
	enum muster_code code = set->options.next_id(set->options.next_id_state, &id, err);

	if (code)
		return code;
	pthread_mutex_lock(&set->lock);
	code = add_pack_locked(set, number, out, err);
	if (!code)
		(*out)->id = id;
	pthread_mutex_unlock(&set->lock);
	return code;
}

enum muster_code blob_find_locked(struct blob_set *set, const struct blob_key *key,
				  struct blob_place *out)
{
	bool collides = false;
	const struct table_record *record;

	if (!set->locked.table.records)
		return MUSTER_ABSENT;
	record = table_find(&set->locked.table, key, &collides);
	if (!record)
		return MUSTER_ABSENT;
	*out = (struct blob_place){ .pack = blob_pack_locked(set, record->pack),
				    .ordinal = record->ordinal };
	return MUSTER_OK;
}

enum muster_code blob_find_place(struct blob_set *set, const struct blob_key *key,
				 struct blob_place *out, struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&set->lock);
	code = blob_find_locked(set, key, out);
	pthread_mutex_unlock(&set->lock);
	if (code != MUSTER_ABSENT)
		return code;
	*out = (struct blob_place){ 0 };
	return index_set_find(set->index, key, &out->known, err);
}

enum muster_code blob_set_find(struct blob_set *set, const struct blob_key *key,
			       struct blob_place *out, struct muster_error *err)
{
	return blob_find_place(set, key, out, err);
}

bool blob_set_is_stored(struct blob_set *set, const struct placement *place)
{
	return index_set_is_stored(set->index, place);
}

bool blob_set_has_large_size(struct blob_set *set, uint64_t size_bytes)
{
	bool has = false;

	pthread_mutex_lock(&set->lock);
	for (size_t i = 0; i < set->locked.large_count && !has; i++)
		has = set->locked.large_sizes[i] == size_bytes;
	pthread_mutex_unlock(&set->lock);
	return has || index_set_has_large_size(set->index, size_bytes);
}

enum muster_code blob_note_large_size_locked(struct blob_set *set, uint64_t size_bytes,
					     struct muster_error *err)
{
	if (set->locked.large_count == set->locked.large_cap) {
		size_t cap = set->locked.large_cap ? 2 * set->locked.large_cap : 64;
		uint64_t *sizes = realloc(set->locked.large_sizes, cap * sizeof(*sizes));

		if (!sizes)
			return muster_fail_memory(err, "the sizes of large files");
		set->locked.large_sizes = sizes;
		set->locked.large_cap = cap;
	}
	set->locked.large_sizes[set->locked.large_count++] = size_bytes;
	return MUSTER_OK;
}

void blob_claim_locked(struct blob_set *set, const struct blob_key *key, uint32_t pack_number,
		       uint32_t ordinal, struct blob_place *out)
{
	bool collides = false;

	table_find(&set->locked.table, key, &collides);
	table_add(&set->locked.table, key, pack_number, ordinal);
	set->locked.counts.collision_count += collides;
	set->locked.counts.packed_count++;
	set->locked.counts.packed_bytes += key->size_bytes;
	*out = (struct blob_place){ .pack = blob_pack_locked(set, pack_number),
				    .ordinal = ordinal };
}

void blob_count_shared_locked(struct blob_set *set, uint64_t size_bytes)
{
	set->locked.counts.shared_count++;
	set->locked.counts.shared_bytes += size_bytes;
}

void blob_set_count_shared(struct blob_set *set, uint64_t size_bytes)
{
	pthread_mutex_lock(&set->lock);
	blob_count_shared_locked(set, size_bytes);
	pthread_mutex_unlock(&set->lock);
}

struct blob_counts blob_set_counts(struct blob_set *set)
{
	struct blob_counts counts;

	pthread_mutex_lock(&set->lock);
	counts = set->locked.counts;
	pthread_mutex_unlock(&set->lock);
	return counts;
}

bool blob_place_resolve(const struct blob_place *place, struct placement *out)
{
	uint64_t pack_bytes;

	if (!place->pack) {
		*out = place->known;
		return true;
	}
	pack_bytes = atomic_load_explicit(&place->pack->pack_bytes, memory_order_acquire);
	if (pack_bytes == 0)
		return false;
	*out = (struct placement){ .pack = place->pack->id,
				   .pack_bytes = pack_bytes,
				   .ordinal = place->ordinal };
	return true;
}
