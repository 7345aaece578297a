/* The target's blobs: what it has, and what this copy packs. One set serves all versions of a copy,
 * so that the index is listed once; objects belong to the session of the version on its way. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/copy/copy_internal.h"

/* --- the session ------------------------------------------------------------------------------ */

static enum muster_code begin_session_locked(struct copy *copy, struct muster_error *err)
{
	const struct session_options options = {
		.continues = copy->blobs.has_dead ? copy->blobs.dead : NULL,
	};
	char what[COPY_NAME_TEXT_BYTES + 8];
	enum muster_code code;

	snprintf(what, sizeof(what), "copy %s", copy->version_text);
	code = session_begin(&copy->session.session, copy->target, what, &options, err);
	if (!code)
		copy->blobs.has_dead = false; /* said once */
	return code;
}

enum muster_code copy_next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct copy *copy = state;
	struct session *session;
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&copy->session.lock);
	if (!copy->session.session)
		code = begin_session_locked(copy, err);
	session = copy->session.session;
	pthread_mutex_unlock(&copy->session.lock);
	return code ? code : session_next_object(session, out, err);
}

/* --- the sets --------------------------------------------------------------------------------- */

bool copy_is_usable(void *repository, const struct object_id *pack, uint32_t ordinal)
{
	return repository_standing(repository, pack) == GC_LIVE &&
	       !repository_is_bad(repository, pack, ordinal);
}

bool copy_is_stored(struct copy *copy, struct blob_set *set, const struct placement *place)
{
	return blob_set_is_stored(set, place) &&
	       copy_is_usable(copy->target, &place->pack, place->ordinal);
}

bool copy_key(const struct copy *copy, const struct get_item *item, struct blob_key *out)
{
	if (!get_item_key(item, out))
		return false;
	if (copy->has_identity)
		return out->has_identity;
	out->has_identity = false;
	memset(out->identity, 0, sizeof(out->identity));
	return true;
}

static enum muster_code open_set(struct copy *copy, enum digest_algorithm algorithm,
				 struct blob_set **out, struct muster_error *err)
{
	struct blob_set_options options = { .algorithm = algorithm,
					    .has_identity = copy->has_identity,
					    .table_bytes = copy->table_bytes,
					    .pack_max_blobs = copy->pack_max_blobs,
					    .next_id = copy_next_id,
					    .next_id_state = copy,
					    .is_usable = copy_is_usable,
					    .usable_state = copy->target };
	enum muster_code code;

	memcpy(options.repository_id, repository_id(copy->target), 16);
	code = blob_set_open(out, copy->store, &options, err);
	return code ? code : copy_adopt(copy, *out, err);
}

enum muster_code copy_need_set(struct copy *copy, enum digest_algorithm algorithm,
			       struct blob_set **out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&copy->blobs.lock);
	if (!copy->blobs.of[algorithm])
		code = open_set(copy, algorithm, &copy->blobs.of[algorithm], err);
	*out = copy->blobs.of[algorithm];
	pthread_mutex_unlock(&copy->blobs.lock);
	return code;
}

enum muster_code copy_need_packer(struct copy *copy, unsigned worker,
				  enum digest_algorithm algorithm, struct blob_packer **out,
				  struct muster_error *err)
{
	struct blob_packer **packer = &copy->packers[worker * COPY_ALGORITHMS + algorithm];
	struct blob_set *set;
	enum muster_code code = MUSTER_OK;

	if (!*packer)
		code = copy_need_set(copy, algorithm, &set, err);
	if (!code && !*packer)
		code = blob_packer_open(packer, set, err);
	*out = *packer;
	return code;
}

enum muster_code copy_keep_blobs(struct copy *copy, struct muster_error *err)
{
	size_t packer_count = (size_t)copy->worker_count * COPY_ALGORITHMS;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < packer_count && !code; i++)
		if (copy->packers[i])
			code = blob_packer_flush(copy->packers[i], err);
	for (size_t i = 0; i < COPY_ALGORITHMS && !code; i++) {
		if (!copy->blobs.of[i])
			continue;
		code = blob_set_finish(copy->blobs.of[i], err);
		if (!code)
			code = blob_set_go_on(copy->blobs.of[i], err);
	}
	return code;
}

void copy_close_blobs(struct copy *copy)
{
	for (size_t i = 0; copy->packers && i < (size_t)copy->worker_count * COPY_ALGORITHMS; i++)
		blob_packer_close(copy->packers[i]);
	free(copy->packers);
	for (size_t i = 0; i < COPY_ALGORITHMS; i++)
		blob_set_close(copy->blobs.of[i]);
}
