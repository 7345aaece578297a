/* One entry's bytes. A small blob is proved before any of it is given, so that another copy can be
 * tried where one is damaged; a large one is proved as it flows. What the cache has is proved
 * first, whatever its size: what is wrong there is fetched. */
#include "engine/look/look.h"

#include <stdlib.h>

#include "artifact/path.h"
#include "base/text/text.h"
#include "engine/blob/blob_reader.h"
#include "engine/look/named_version.h"
#include "planners/verification/verification.h"

#define PIECE_BYTES (1u << 20)

struct cat {
	struct repository *repository;
	struct cache_worker *cache; /* NULL: none */
	struct blob_stream *kept;   /* a large one that is fetched, and added to it */
	struct blob_reader *blobs;
	struct index_set *index;
	struct hasher *hasher;
	struct entry entry;
	struct blob_key key;
	uint8_t *buffer;
	size_t buffer_bytes;
	muster_bytes_fn *sink;
	void *state;
};

static void cat_release(struct cat *cat)
{
	cache_worker_close(cat->cache);
	blob_reader_close(cat->blobs);
	index_set_close(cat->index);
	hasher_free(cat->hasher);
	free(cat->buffer);
}

static struct blob_key key_of(const struct entry *entry)
{
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes,
				.has_identity = entry->has_identity };

	memcpy(key.digest, entry->fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, entry->fingerprint.checksum, CHECKSUM_BYTES);
	if (key.has_identity)
		memcpy(key.identity, entry->fingerprint.identity, IDENTITY_BYTES);
	return key;
}

static enum muster_code check_stored(const struct entry *entry, struct muster_error *err)
{
	if (verification_is_reference(entry))
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "it is a reference to '%.*s': its bytes are not stored here",
				   VIEW_ARGS(entry->ref));
	if (entry->algorithm == DIGEST_TEXT || !entry->has_checksum || !entry->has_size)
		return muster_fail(err, MUSTER_E_FORMAT, "the version does not say what is stored");
	return MUSTER_OK;
}

/* Another copy than the one that the version names. */
static bool is_other_copy(void *state, const struct object_id *pack, uint32_t ordinal)
{
	const struct entry *entry = state;

	return !entry->is_placed || entry->placement.ordinal != ordinal ||
	       !object_id_equal(&entry->placement.pack, pack);
}

static enum muster_code cat_open(struct cat *cat, struct muster_error *err)
{
	struct hash_options hashing = { .algorithm = cat->entry.algorithm,
					.has_identity = cat->entry.has_identity };

	cat->buffer_bytes = LOOK_CAT_BYTES;
	if (cat->entry.size_bytes < cat->buffer_bytes)
		cat->buffer_bytes = cat->entry.size_bytes;
	cat->buffer = malloc(cat->buffer_bytes + 1);
	if (!cat->buffer)
		return muster_fail_memory(err, "a buffer for a file");
	return hasher_new(&cat->hasher, hashing, err);
}

static enum muster_code open_stored(struct cat *cat, struct muster_error *err)
{
	return blob_reader_open(&cat->blobs, repository_store(cat->repository),
				repository_id(cat->repository), NULL, NULL, err);
}

/* Only who needs it opens the index: to list it, and the packs, is two requests and more. */
static enum muster_code need_index(struct cat *cat, struct muster_error *err)
{
	enum muster_code code;

	if (cat->index)
		return MUSTER_OK;
	code = index_set_open(&cat->index, repository_store(cat->repository),
			      repository_id(cat->repository), err);
	if (code)
		return code;
	index_set_restrict(cat->index, is_other_copy, &cat->entry);
	blob_reader_use(cat->blobs, cat->index);
	return MUSTER_OK;
}

static bool is_right(const struct cat *cat, const struct fingerprint *found)
{
	const struct entry *entry = &cat->entry;

	return memcmp(found->digest, entry->fingerprint.digest, DIGEST_BYTES) == 0 &&
	       memcmp(found->checksum, entry->fingerprint.checksum, CHECKSUM_BYTES) == 0 &&
	       (!entry->has_identity ||
		memcmp(found->identity, entry->fingerprint.identity, IDENTITY_BYTES) == 0);
}

static enum muster_code fail_wrong(const struct blob_at *at, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_DIGEST,
			   "what is stored (%llu %s) does not have the digest it should have",
			   (unsigned long long)at->size_bytes,
			   text_plural(at->size_bytes, "byte", "bytes"));
}

static enum muster_code give(struct cat *cat, const uint8_t *bytes, size_t len,
			     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t at = 0; at < len && !code; at += PIECE_BYTES)
		code = cat->sink(cat->state, bytes + at,
				 len - at < PIECE_BYTES ? len - at : PIECE_BYTES, err);
	return code;
}

/* Nothing of it is given yet. */
static enum muster_code read_small(struct cat *cat, const struct blob_at *at,
				   struct muster_error *err)
{
	struct fingerprint found;
	size_t len = (size_t)at->size_bytes;
	enum muster_code code = store_read(at->object, at->offset_bytes, cat->buffer, len, err);

	if (code)
		return code;
	hash_begin(cat->hasher);
	hash_update(cat->hasher, view_of(cat->buffer, len));
	hash_end(cat->hasher, &found);
	return is_right(cat, &found) ? MUSTER_OK : fail_wrong(at, err);
}

/* What becomes of a piece of a large blob. */
typedef enum muster_code piece_fn(struct cat *cat, size_t len, struct muster_error *err);

static enum muster_code give_piece(struct cat *cat, size_t len, struct muster_error *err)
{
	if (cat->cache)
		cache_worker_append(cat->cache, &cat->kept, view_of(cat->buffer, len));
	return cat->sink(cat->state, cat->buffer, len, err);
}

static enum muster_code drop_piece(struct cat *cat, size_t len, struct muster_error *err)
{
	(void)cat, (void)len, (void)err;
	return MUSTER_OK;
}

static enum muster_code stream_large(struct cat *cat, const struct blob_at *at, piece_fn *piece,
				     struct muster_error *err)
{
	struct fingerprint found;
	enum muster_code code = MUSTER_OK;

	hash_begin(cat->hasher);
	for (uint64_t done = 0; done < at->size_bytes && !code;) {
		uint64_t left = at->size_bytes - done;
		size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		code = store_read(at->object, at->offset_bytes + done, cat->buffer, len, err);
		if (!code) {
			hash_update(cat->hasher, view_of(cat->buffer, len));
			code = piece(cat, len, err);
		}
		done += len;
	}
	hash_end(cat->hasher, &found);
	if (code)
		return code;
	return is_right(cat, &found) ? MUSTER_OK : fail_wrong(at, err);
}

static enum muster_code find(struct cat *cat, const struct placement *hint, struct blob_at *at,
			     struct muster_error *err)
{
	struct muster_error why = { 0 };
	enum muster_code code = MUSTER_ABSENT;

	if (hint)
		code = blob_reader_find(cat->blobs, &cat->key, hint, at, &why);
	if (!code || muster_ends_job(code)) {
		if (code && err)
			*err = why;
		return code;
	}
	code = need_index(cat, err);
	if (!code)
		code = blob_reader_find(cat->blobs, &cat->key, hint, at, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT, "its bytes are in no pack that is known");
	return code;
}

/* By the placement; where that leads to a damaged or missing pack, by the index. */
static enum muster_code cat_small(struct cat *cat, struct muster_error *err)
{
	const struct placement *hint = cat->entry.is_placed ? &cat->entry.placement : NULL;
	struct muster_error second = { 0 };
	struct blob_at at;
	enum muster_code code = find(cat, hint, &at, err);

	if (!code)
		code = read_small(cat, &at, err);
	if (code && hint && !find(cat, NULL, &at, &second) && !read_small(cat, &at, &second))
		code = MUSTER_OK;
	if (!code && cat->cache)
		cache_worker_put(cat->cache, &cat->key,
				 view_of(cat->buffer, cat->entry.size_bytes));
	return code ? code : give(cat, cat->buffer, cat->entry.size_bytes, err);
}

static enum muster_code cat_large(struct cat *cat, struct muster_error *err)
{
	const struct placement *hint = cat->entry.is_placed ? &cat->entry.placement : NULL;
	struct muster_error second = { 0 };
	struct blob_at at;
	enum muster_code code = find(cat, hint, &at, err);

	if (code && hint && !find(cat, NULL, &at, &second))
		code = MUSTER_OK;
	if (code)
		return code;
	if (cat->cache)
		cat->kept = cache_worker_begin(cat->cache, at.size_bytes);
	code = stream_large(cat, &at, give_piece, err);
	if (!code && cat->cache)
		cache_worker_end(cat->cache, &cat->kept, &cat->key);
	cache_worker_abort(&cat->kept);
	return code;
}

/* --- out of the cache ------------------------------------------------------------------------ */

static bool is_small(const struct cat *cat)
{
	return cat->entry.size_bytes <= LOOK_CAT_BYTES;
}

static bool find_cached(struct cat *cat, struct placement *place, struct blob_at *at)
{
	return cat->cache && cache_worker_find(cat->cache, &cat->key, place) &&
	       cache_worker_at(cat->cache, &cat->key, place, at);
}

/* MUSTER_ABSENT: not there, or not right there; nothing was given. */
static enum muster_code cat_cached(struct cat *cat, struct muster_error *err)
{
	struct placement place;
	struct blob_at at;
	enum muster_code code;

	if (!find_cached(cat, &place, &at))
		return MUSTER_ABSENT;
	code = is_small(cat) ? read_small(cat, &at, NULL)
			     : stream_large(cat, &at, drop_piece, NULL);
	if (code) {
		cache_worker_spoil(cat->cache, &place);
		return MUSTER_ABSENT;
	}
	cache_worker_hit(cat->cache, &place, at.size_bytes);
	return is_small(cat) ? give(cat, cat->buffer, cat->entry.size_bytes, err)
			     : stream_large(cat, &at, give_piece, err);
}

static enum muster_code cat_entry(struct cat *cat, struct muster_error *err)
{
	enum muster_code code = check_stored(&cat->entry, err);

	if (code)
		return code;
	cat->key = key_of(&cat->entry);
	code = cat_open(cat, err);
	if (!code)
		code = cat_cached(cat, err);
	if (code != MUSTER_ABSENT)
		return code;
	code = open_stored(cat, err);
	if (code)
		return code;
	return is_small(cat) ? cat_small(cat, err) : cat_large(cat, err);
}

/* A directory is no entry, but is what somebody sees. Overwrites `path`. */
static enum muster_code fail_absent(struct version_reader *reader, struct bytes *path,
				    struct muster_error *err)
{
	struct entry first;
	enum muster_code code = bytes_append_byte(path, '/', err);

	if (code)
		return code;
	version_reader_seek(reader, bytes_view(path));
	code = version_reader_next(reader, &first, err);
	if (code && code != MUSTER_END)
		return code;
	if (!code && view_starts_with(first.path, bytes_view(path)))
		return muster_fail(err, MUSTER_E_NAME, "it is a directory");
	return muster_fail(err, MUSTER_E_NAME, "there is no such entry");
}

static enum muster_code find_entry(struct version_reader *reader, const char *path,
				   struct entry *out, struct muster_error *err)
{
	struct bytes normal = { 0 };
	enum muster_code code = entry_path_normalize(view_text(path), &normal, err);

	if (!code)
		code = version_reader_find(reader, bytes_view(&normal), out, err);
	if (code == MUSTER_ABSENT)
		code = fail_absent(reader, &normal, err);
	bytes_release(&normal);
	return code;
}

enum muster_code look_cat(struct repository *repository, struct blob_cache *blobs,
			  const struct artifact_address *address, const char *path,
			  muster_bytes_fn *sink, void *state, struct muster_error *err)
{
	struct cat cat = { .repository = repository, .sink = sink, .state = state };
	struct version_reader *reader = NULL;
	struct named_version named;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (code)
		return code;
	if (blobs) /* without it all is fetched */
		cache_worker_open(&cat.cache, blobs, NULL);
	code = named_version_read(&named, true, &reader, err);
	if (!code)
		code = find_entry(reader, path, &cat.entry, err);
	if (!code)
		code = cat_entry(&cat, err);
	if (muster_failed(code))
		muster_context(err, "'%s' of '%.*s'", path, VIEW_ARGS(address->name));
	cat_release(&cat);
	version_reader_close(reader);
	named_version_release(&named);
	return code;
}
