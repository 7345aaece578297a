#include "engine/reliance/reliance.h"

#include <string.h>

void reliance_begin(struct reliance *reliance, struct repository *repository,
		    struct blob_set *blobs)
{
	*reliance = (struct reliance){ .repository = repository,
				       .blobs = blobs,
				       .gc_head = repository_gc_head(repository) };
}

static bool is_spared(const struct reliance *reliance, const struct placement *place)
{
	return reliance->gc_head == 0 ||
	       (repository_standing(reliance->repository, &place->pack) == GC_LIVE &&
		!repository_is_bad(reliance->repository, &place->pack, place->ordinal));
}

bool reliance_on(struct reliance *reliance, const struct placement *place)
{
	if (!reliance->has_seen || !object_id_equal(&reliance->seen, &place->pack)) {
		if (!blob_set_is_stored(reliance->blobs, place))
			return false;
		reliance->seen = place->pack;
		reliance->has_seen = true;
	}
	return is_spared(reliance, place);
}

bool reliance_on_pack(void *state, const struct object_id *pack, uint64_t pack_bytes)
{
	struct reliance *reliance = state;
	struct placement place = { .pack = *pack, .pack_bytes = pack_bytes };

	return blob_set_is_stored(reliance->blobs, &place) &&
	       (reliance->gc_head == 0 ||
		(repository_standing(reliance->repository, pack) == GC_LIVE &&
		 !repository_has_bad(reliance->repository, pack)));
}

static struct blob_key key_of(const struct reliance *reliance, const struct entry *entry)
{
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes,
				.has_identity = repository_has_identity(reliance->repository) };

	memcpy(key.digest, entry->fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, entry->fingerprint.checksum, CHECKSUM_BYTES);
	if (key.has_identity)
		memcpy(key.identity, entry->fingerprint.identity, IDENTITY_BYTES);
	return key;
}

/* Its pack is gone, or about to go: a version may name the entry only if there is another copy. */
static enum muster_code place_anew(struct reliance *reliance, struct entry *entry,
				   struct muster_error *err)
{
	struct blob_key key = key_of(reliance, entry);
	struct blob_place place;
	enum muster_code code = blob_set_find(reliance->blobs, &key, &place, err);

	if (!code && !blob_place_resolve(&place, &entry->placement))
		return MUSTER_FULL;
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "the repository has lost the bytes of '%.*s', which the version "
				   "to put onto names ('check' tells all that is lost)",
				   VIEW_ARGS(entry->path));
	return code;
}

enum muster_code reliance_take_over(void *state, struct entry *entry, struct muster_error *err)
{
	struct reliance *reliance = state;

	if (!entry->is_placed || reliance_on(reliance, &entry->placement))
		return MUSTER_OK;
	return place_anew(reliance, entry, err);
}

enum muster_code reliance_still_holds(void *state, struct repository *repository,
				      struct muster_error *err)
{
	const struct reliance *reliance = state;

	if (repository_gc_head(repository) == reliance->gc_head)
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_CONFLICT,
		"the repository was collected meanwhile: the same command does it again");
}
