/* What versions and drafts need: objects by their ids, blobs by where they are said to lie. */
#include "engine/check/check_internal.h"

#include <string.h>

#define NEED_VALUE_MAX_BYTES (8 + BLOB_SORT_BYTES + NEEDED_BY_BYTES)

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

/* pack_bytes, blob (its identity only where there is one), who needs it */
static size_t put_value(uint8_t out[NEED_VALUE_MAX_BYTES], const struct entry *entry,
			const struct blob_key *blob, const char *needed_by)
{
	size_t at = 8 + BLOB_SORT_BYTES - (blob->has_identity ? 0 : IDENTITY_BYTES);
	size_t len = strlen(needed_by);

	put_u64(out, entry->placement.pack_bytes);
	blob_sort_put(out + 8, blob);
	memcpy(out + at, needed_by, len);
	return at + len;
}

void need_value_get(struct view value, uint64_t *pack_bytes, struct blob_key *key,
		    struct view *needed_by)
{
	uint8_t blob[BLOB_SORT_BYTES] = { 0 };
	size_t at = 8 + BLOB_SORT_BYTES - IDENTITY_BYTES;

	*pack_bytes = get_u64(value.ptr);
	memcpy(blob, value.ptr + 8, BLOB_SORT_BYTES - IDENTITY_BYTES);
	blob_sort_get(blob, key);
	if (key->has_identity) {
		memcpy(key->identity, value.ptr + at, IDENTITY_BYTES);
		at += IDENTITY_BYTES;
	}
	*needed_by = view_of(value.ptr + at, value.len - at);
}

enum muster_code check_miss_blob(struct check_run *run, const struct blob_key *blob,
				 struct view place, struct view needed_by, struct muster_error *err)
{
	uint8_t key[BLOB_SORT_BYTES], value[NEED_KEY_BYTES + NEEDED_BY_BYTES];

	blob_sort_put(key, blob);
	memcpy(value, place.ptr, NEED_KEY_BYTES);
	memcpy(value + NEED_KEY_BYTES, needed_by.ptr, needed_by.len);
	return spill_add(run->missed, view_of(key, sizeof(key)),
			 view_of(value, NEED_KEY_BYTES + needed_by.len), err);
}

enum muster_code check_need_blob(struct check_run *run, const struct entry *entry,
				 struct muster_error *err)
{
	uint8_t key[NEED_KEY_BYTES] = { 0 }, value[NEED_VALUE_MAX_BYTES];
	struct blob_key blob;
	uint32_t ordinal;
	size_t len;

	if (!is_stored(entry))
		return MUSTER_OK;
	blob = key_of(entry);
	if (!entry->is_placed)
		return check_miss_blob(run, &blob, view_of(key, sizeof(key)),
				       view_text(run->needed_by), err);
	check_id_put(key, &entry->placement.pack);
	ordinal = htobe32(entry->placement.ordinal);
	memcpy(key + CHECK_ID_BYTES, &ordinal, 4);
	len = put_value(value, entry, &blob, run->needed_by);
	return spill_add(run->needs, view_of(key, sizeof(key)), view_of(value, len), err);
}
