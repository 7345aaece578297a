/* References to entries of other artifacts: what export wrote of `muster://` comes back with its
 * bytes, where the repository still has that version. Others stay the references that they are. */
#include "base/text/encode.h"
#include "engine/put/uri.h"
#include "engine/transfer/import_internal.h"

#define WANDB_SCHEME "wandb-artifact://"

/* Splits "wandb-artifact://<version id>/<path>". W&B's own ids are texts, "Artifact:4711", which
 * may have as many bytes as ours. */
static bool split(struct view uri, uint8_t version_id[16], struct view *path)
{
	struct view scheme, id, slash;

	return take_bytes(&uri, sizeof(WANDB_SCHEME) - 1, &scheme) &&
	       view_equal(scheme, VIEW_LITERAL(WANDB_SCHEME)) && take_bytes(&uri, 32, &id) &&
	       hex_decode(version_id, 16, id) && take_bytes(&uri, 1, &slash) &&
	       slash.ptr[0] == '/' && memcmp(version_id, "Artifact:", 9) != 0 &&
	       (*path = uri, true);
}

struct search {
	struct import_run *run;
	const uint8_t *version_id;
	struct version_reader *found;
};

/* Is it a version of this collection? One that was deleted between is not. */
static enum muster_code look_in(void *state, const struct collection_listing *listing,
				struct muster_error *err)
{
	struct search *search = state;
	struct collection *collection;
	const struct version *version;
	enum muster_code code = collection_open_id(&collection, search->run->repository,
						   listing->collection_id, err);

	if (code)
		return code == MUSTER_E_NAME ? MUSTER_OK : code;
	version = collection_state_by_id(collection_versions(collection), search->version_id);
	if (version)
		code = version_reader_open(&search->found, search->run->store, &version->manifest,
					   NULL, err);
	collection_close(collection);
	return code || !version ? code : MUSTER_END;
}

/* All collections are asked once for each version that is referred to, but for the last few. */
static enum muster_code find_version_locked(struct import_run *run, const uint8_t version_id[16],
					    struct version_reader **out, struct muster_error *err)
{
	static const struct view all = { 0 };
	struct search search = { run, version_id, NULL };
	struct import_known *known = run->carried.known;
	enum muster_code code;

	for (size_t i = 0; i < IMPORT_KNOWN_VERSIONS; i++) {
		if (known[i].is_set && memcmp(known[i].id, version_id, 16) == 0) {
			*out = known[i].reader;
			return MUSTER_OK;
		}
	}
	code = repository_collections(run->repository, all, all, look_in, &search, err);
	if (code && code != MUSTER_END) {
		version_reader_close(search.found);
		return code;
	}
	known += run->carried.next++ % IMPORT_KNOWN_VERSIONS;
	version_reader_close(known->reader);
	known->is_set = true;
	known->reader = *out = search.found;
	memcpy(known->id, version_id, 16);
	return MUSTER_OK;
}

/* The reference is shorter as ours, unless much of the path must be escaped. */
static bool rewrite(struct entry *entry, const uint8_t version_id[16], struct view path)
{
	char uri[ENTRY_TEXT_MAX_BYTES * URI_GROWTH + 64];
	size_t len = sizeof(URI_MUSTER_SCHEME) - 1;

	memcpy(uri, URI_MUSTER_SCHEME, len);
	hex_encode(uri + len, version_id, 16);
	len += 32;
	uri[len++] = '/';
	len += uri_escape(uri + len, path);
	if (len > entry->ref.len)
		return false;
	memcpy((uint8_t *)(uintptr_t)entry->ref.ptr, uri, len); /* in the batch's own text */
	entry->ref.len = len;
	return true;
}

enum muster_code import_carry(struct import_run *run, struct import_item *item, bool *is_carried,
			      struct muster_error *err)
{
	struct entry *entry = &item->entry, target;
	struct version_reader *version = NULL;
	uint8_t version_id[16];
	struct view path;
	enum muster_code code;

	*is_carried = false;
	if (!split(entry->ref, version_id, &path))
		return MUSTER_OK;
	pthread_mutex_lock(&run->carried.lock);
	code = find_version_locked(run, version_id, &version, err);
	if (!code)
		code = version ? version_reader_find(version, path, &target, err) : MUSTER_ABSENT;
	if (!code && target.has_checksum && entry_digest_equal(&target, entry) &&
	    rewrite(entry, version_id, path)) {
		entry->size_bytes = target.size_bytes;
		entry->has_size = true;
		*is_carried = true;
	}
	pthread_mutex_unlock(&run->carried.lock);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

void import_carried_release(struct import_run *run)
{
	for (size_t i = 0; i < IMPORT_KNOWN_VERSIONS; i++)
		version_reader_close(run->carried.known[i].reader);
	pthread_mutex_destroy(&run->carried.lock);
}
