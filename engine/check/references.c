/* What versions need: objects by their ids, blobs by where they are said to lie. */
#include "engine/check/check_internal.h"

#include <string.h>

/* Leaves come in runs of one object, or of two. */
static bool was_last(struct check_run *run, const struct object_id *id)
{
	if (object_id_equal(&run->last_objects[0], id))
		return true;
	if (object_id_equal(&run->last_objects[1], id))
		return true;
	run->last_objects[1] = run->last_objects[0];
	run->last_objects[0] = *id;
	return false;
}

enum muster_code check_need_object(struct check_run *run, const struct object_id *id,
				   bool in_manifest, struct muster_error *err)
{
	uint8_t key[1 + CHECK_ID_BYTES];

	if (was_last(run, id))
		return MUSTER_OK;
	key[0] = in_manifest ? OBJECT_MANIFEST : OBJECT_LEAVES;
	check_id_put(key + 1, id);
	return spill_add(run->objects, view_of(key, sizeof(key)), (struct view){ 0 }, err);
}

static void put_be64(uint8_t out[8], uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
}

static uint64_t get_be64(const uint8_t in[8])
{
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return be64toh(value);
}

void blob_sort_put(uint8_t out[BLOB_SORT_BYTES], const struct blob_key *key)
{
	memcpy(out, key->digest, 16);
	put_be64(out + 16, key->size_bytes);
	memcpy(out + 24, key->checksum, 16);
	out[40] = key->algorithm;
	out[41] = key->has_identity;
	memcpy(out + 42, key->identity, 32);
}

void blob_sort_get(const uint8_t in[BLOB_SORT_BYTES], struct blob_key *out)
{
	*out = (struct blob_key){ .algorithm = in[40], .has_identity = in[41] };
	memcpy(out->digest, in, 16);
	out->size_bytes = get_be64(in + 16);
	memcpy(out->checksum, in + 24, 16);
	memcpy(out->identity, in + 42, 32);
}

bool blob_is_same(const struct blob_key *wanted, const struct blob_key *stored)
{
	return wanted->algorithm == stored->algorithm && wanted->size_bytes == stored->size_bytes &&
	       memcmp(wanted->digest, stored->digest, 16) == 0 &&
	       memcmp(wanted->checksum, stored->checksum, 16) == 0 &&
	       (!wanted->has_identity || !stored->has_identity ||
		memcmp(wanted->identity, stored->identity, 32) == 0);
}

static struct blob_key key_of(const struct entry *entry)
{
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes,
				.has_identity = entry->has_identity };

	memcpy(key.digest, entry->fingerprint.digest, 16);
	memcpy(key.checksum, entry->fingerprint.checksum, 16);
	if (entry->has_identity)
		memcpy(key.identity, entry->fingerprint.identity, 32);
	return key;
}

/* A reference without a placement was never stored here; an entry without a checksum (of somebody
 * else's manifest) neither. */
static bool is_stored(const struct entry *entry)
{
	return entry->has_checksum && entry->has_size && entry->algorithm != DIGEST_TEXT &&
	       (entry->is_placed || !entry->ref.len);
}

enum muster_code check_need_blob(struct check_run *run, const struct entry *entry,
				 struct muster_error *err)
{
	uint8_t key[NEED_KEY_BYTES] = { 0 }, value[NEED_VALUE_BYTES];
	struct blob_key blob;
	uint32_t ordinal;

	if (!is_stored(entry))
		return MUSTER_OK;
	blob = key_of(entry);
	blob_sort_put(value + 8, &blob);
	if (!entry->is_placed) {
		return spill_add(run->missed, view_of(value + 8, BLOB_SORT_BYTES),
				 view_of(key, sizeof(key)), err);
	}
	check_id_put(key, &entry->placement.pack);
	ordinal = htobe32(entry->placement.ordinal);
	memcpy(key + CHECK_ID_BYTES, &ordinal, 4);
	put_u64(value, entry->placement.pack_bytes);
	return spill_add(run->needs, view_of(key, sizeof(key)),
			 view_of(value, blob.has_identity ? sizeof(value) : sizeof(value) - 32),
			 err);
}
