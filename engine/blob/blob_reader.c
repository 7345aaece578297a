#include "engine/blob/blob_reader.h"

#include <stdlib.h>

#include "artifact/record/key.h"

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

struct blob_reader {
	struct store *store;
	uint8_t repository_id[16];
	struct index_set *index;
	struct open_pack packs[BLOB_READER_PACKS]; /* object NULL: free; most recent first */
};

enum muster_code blob_reader_open(struct blob_reader **out, struct store *store,
				  const uint8_t repository_id[16], struct index_set *index,
				  struct muster_error *err)
{
	struct blob_reader *reader = calloc(1, sizeof(*reader));

	*out = reader;
	if (!reader)
		return muster_fail_memory(err, "a reader of blobs");
	reader->store = store;
	reader->index = index;
	memcpy(reader->repository_id, repository_id, 16);
	return MUSTER_OK;
}

void blob_reader_close(struct blob_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < BLOB_READER_PACKS; i++)
		open_pack_release(&reader->packs[i]);
	free(reader);
}

static void move_to_front(struct blob_reader *reader, size_t at)
{
	struct open_pack pack = reader->packs[at];

	memmove(&reader->packs[1], &reader->packs[0], at * sizeof(pack));
	reader->packs[0] = pack;
}

/* The pack as the first of the cache. */
static enum muster_code need_pack(struct blob_reader *reader, const struct object_id *id,
				  struct muster_error *err)
{
	struct open_pack pack;
	enum muster_code code;

	for (size_t i = 0; i < BLOB_READER_PACKS; i++) {
		if (!reader->packs[i].object || !object_id_equal(&reader->packs[i].id, id))
			continue;
		if (i)
			move_to_front(reader, i);
		return MUSTER_OK;
	}
	code = open_pack_open(&pack, reader->store, reader->repository_id, id, err);
	if (code)
		return code;
	open_pack_release(&reader->packs[BLOB_READER_PACKS - 1]);
	reader->packs[BLOB_READER_PACKS - 1] = pack;
	move_to_front(reader, BLOB_READER_PACKS - 1);
	return MUSTER_OK;
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
	const struct open_pack *pack = &reader->packs[0];

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
