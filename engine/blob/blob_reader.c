#include "engine/blob/blob_reader.h"

#include <stdlib.h>

struct blob_reader {
	struct pack_cache *packs;
	bool owns_packs;
	struct index_set *index;
	const struct open_pack *pack; /* taken; NULL */
};

enum muster_code blob_reader_open(struct blob_reader **out, struct store *store,
				  const uint8_t repository_id[16], struct index_set *index,
				  struct pack_cache *shared, struct muster_error *err)
{
	struct blob_reader *reader = calloc(1, sizeof(*reader));
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (!reader)
		return muster_fail_memory(err, "a reader of blobs");
	reader->index = index;
	reader->packs = shared;
	if (!shared)
		code = pack_cache_open(&reader->packs, store, repository_id, PACK_CACHE_BYTES, err);
	reader->owns_packs = !shared;
	if (code) {
		free(reader);
		return code;
	}
	*out = reader;
	return MUSTER_OK;
}

void blob_reader_close(struct blob_reader *reader)
{
	if (!reader)
		return;
	pack_cache_put(reader->packs, reader->pack);
	if (reader->owns_packs)
		pack_cache_close(reader->packs);
	free(reader);
}

void blob_reader_use(struct blob_reader *reader, struct index_set *index)
{
	reader->index = index;
}

static enum muster_code need_pack(struct blob_reader *reader, const struct object_id *id,
				  struct muster_error *err)
{
	if (reader->pack && object_id_equal(&reader->pack->id, id))
		return MUSTER_OK;
	pack_cache_put(reader->packs, reader->pack);
	reader->pack = NULL;
	return pack_cache_take(reader->packs, id, &reader->pack, err);
}

/* Is it what this manifest means? An identity counts only where both sides know one. */
static bool is_same(const struct blob_key *wanted, const struct blob_key *stored)
{
	struct blob_key a = *wanted, b = *stored;

	if (!a.has_identity || !b.has_identity) {
		a.has_identity = b.has_identity = false;
		memset(a.identity, 0, sizeof(a.identity));
		memset(b.identity, 0, sizeof(b.identity));
	}
	return blob_key_equal(&a, &b);
}

static enum muster_code find_at(struct blob_reader *reader, const struct blob_key *key,
				const struct placement *place, struct blob_at *out,
				struct muster_error *err)
{
	enum muster_code code = need_pack(reader, &place->pack, err);
	const struct open_pack *pack = reader->pack;

	if (code)
		return code;
	if (place->ordinal >= pack->trailer.blob_count ||
	    !is_same(key, &pack->blobs[place->ordinal].key))
		return MUSTER_ABSENT;
	*out = (struct blob_at){ .object = pack->object,
				 .offset_bytes = pack->blobs[place->ordinal].offset_bytes,
				 .size_bytes = key->size_bytes };
	return MUSTER_OK;
}

/* MUSTER_ABSENT: the index names no other copy than `tried`, though it was listed once more. */
static enum muster_code find_other(struct blob_reader *reader, const struct blob_key *key,
				   const struct placement *tried, struct blob_at *out,
				   struct muster_error *err)
{
	struct placement place;
	enum muster_code code = index_set_find_other(reader->index, key, tried, &place, err);

	if (code == MUSTER_ABSENT) {
		code = index_set_refresh(reader->index, err);
		if (!code)
			code = index_set_find_other(reader->index, key, tried, &place, err);
	}
	return code ? code : find_at(reader, key, &place, out, err);
}

enum muster_code blob_reader_find(struct blob_reader *reader, const struct blob_key *key,
				  const struct placement *hint, struct blob_at *out,
				  struct muster_error *err)
{
	struct muster_error why = { 0 };
	enum muster_code failed = MUSTER_ABSENT, code;

	if (hint) {
		failed = find_at(reader, key, hint, out, &why);
		if (!failed)
			return MUSTER_OK;
	}
	code = reader->index ? find_other(reader, key, hint, out, err) : MUSTER_ABSENT;
	if (code != MUSTER_ABSENT || failed == MUSTER_ABSENT)
		return code;
	if (err) /* what is wrong with the only copy says more than that there is no other */
		*err = why;
	return failed;
}
