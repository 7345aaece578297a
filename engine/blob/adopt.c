/* Packs that a killed run finished but no index names are taken over by the run that resumes. */
#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/blob/blob_reader.h"

static enum muster_code add_blob(struct blob_set *set, uint32_t number, struct run_pack *pack,
				 const struct blob_key *key, uint32_t ordinal,
				 struct muster_error *err)
{
	struct blob_place place;
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&set->lock);
	if (table_is_full(&set->locked.table))
		code = blob_make_room_locked(set, err);
	if (!code && blob_find_locked(set, key, &place) == MUSTER_ABSENT) {
		table_add(&set->locked.table, key, number, ordinal);
		if (pack->is_single)
			code = blob_note_large_size_locked(set, key->size_bytes, err);
	}
	pthread_mutex_unlock(&set->lock);
	return code;
}

static enum muster_code adopt_directory(struct blob_set *set, uint32_t number,
					struct run_pack *pack, const struct open_pack *open,
					struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (uint32_t i = 0; i < open->trailer.blob_count && !code; i++)
		code = add_blob(set, number, pack, &open->blobs[i].key, i, err);
	return code;
}

static void sum_checksums(const struct open_pack *open, uint8_t sum[16])
{
	struct pack_directory directory = { 0 };

	for (uint32_t i = 0; i < open->trailer.blob_count; i++)
		if (pack_directory_add(&directory, &open->blobs[i].key, NULL))
			break;
	memcpy(sum, directory.checksum_sum, 16);
	pack_directory_release(&directory);
}

/* All blobs of a pack have digests of one algorithm. */
static bool has_other_digests(const struct blob_set *set, const struct open_pack *open)
{
	return open->trailer.blob_count && open->blobs[0].key.algorithm != set->options.algorithm;
}

enum muster_code blob_set_adopt(struct blob_set *set, const struct object_id *id,
				struct muster_error *err)
{
	struct open_pack open = { 0 };
	struct run_pack *pack;
	uint32_t number;
	enum muster_code code;

	if (index_set_has_pack(set->index, id))
		return MUSTER_OK;
	code = open_pack_open(&open, set->store, set->options.repository_id, id, err);
	if (code)
		return code;
	code = has_other_digests(set, &open) ? MUSTER_ABSENT
					     : blob_new_pack(set, &number, &pack, err);
	if (code)
		goto out;
	pack->id = *id;
	pack->blob_count = open.trailer.blob_count;
	pack->is_single = open.trailer.is_single;
	sum_checksums(&open, pack->checksum_sum);
	atomic_store(&pack->pack_bytes, open.trailer.pack_bytes);
	atomic_store(&pack->is_durable, true); /* the index is written after a sync of all */
	code = adopt_directory(set, number, pack, &open, err);
out:
	open_pack_release(&open);
	return code;
}
