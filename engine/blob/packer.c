/* One worker's pack in progress. A blob is claimed in the table before its bytes are written, so
 * that two workers never pack the same content; a claim whose write fails fails the run. */
#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"

struct blob_packer {
	struct blob_set *set;
	struct run_pack *pack; /* NULL: none in progress */
	uint32_t pack_number;
	struct store_writer *writer;
	struct pack_directory directory;
};

enum muster_code blob_packer_open(struct blob_packer **out, struct blob_set *set,
				  struct muster_error *err)
{
	struct blob_packer *packer = calloc(1, sizeof(*packer));

	*out = packer;
	if (!packer)
		return muster_fail_memory(err, "a packer");
	packer->set = set;
	return MUSTER_OK;
}

void blob_packer_close(struct blob_packer *packer)
{
	if (!packer)
		return;
	store_write_abort(packer->writer);
	pack_directory_release(&packer->directory);
	free(packer);
}

static enum muster_code begin_pack(struct blob_packer *packer, struct muster_error *err)
{
	struct bytes head = { 0 };
	struct key key;
	enum muster_code code;

	code = blob_new_pack(packer->set, &packer->pack_number, &packer->pack, err);
	if (code)
		return code;
	key_object(&key, OBJECT_PACK, &packer->pack->id);
	code = store_write_begin(packer->set->store, key.text, &packer->writer, err);
	if (!code)
		code = pack_begin(false, &head, err);
	if (!code)
		code = store_write_append(packer->writer, bytes_view(&head), err);
	bytes_release(&head);
	if (code)
		packer->pack = NULL;
	return code;
}

enum muster_code blob_packer_flush(struct blob_packer *packer, struct muster_error *err)
{
	struct closing_pack closing = { .pack = packer->pack, .writer = packer->writer };
	enum muster_code code;

	if (!packer->pack)
		return MUSTER_OK;
	packer->writer = NULL;
	if (packer->directory.blob_count == 0) { /* others were first with all that it was for */
		store_write_abort(closing.writer);
		packer->pack = NULL;
		return MUSTER_OK;
	}
	code = blob_close_pack(packer->set, &closing, &packer->directory, false, err);
	packer->pack = NULL;
	packer->directory.encoded.len = 0;
	packer->directory.blob_count = 0;
	packer->directory.blob_bytes = 0;
	memset(packer->directory.checksum_sum, 0, sizeof(packer->directory.checksum_sum));
	return code;
}

/* A pack in progress with room for `more` bytes. */
static enum muster_code need_pack(struct blob_packer *packer, size_t more, struct muster_error *err)
{
	enum muster_code code;

	if (packer->pack && (packer->directory.blob_bytes + more > PACK_TARGET_BYTES ||
			     packer->directory.blob_count >= packer->set->pack_max_blobs)) {
		code = blob_packer_flush(packer, err);
		if (code)
			return code;
	}
	return packer->pack ? MUSTER_OK : begin_pack(packer, err);
}

/* MUSTER_EXISTS: somebody has it (`out`); MUSTER_OK: it is ours to write. */
static enum muster_code claim(struct blob_packer *packer, const struct blob_key *key,
			      struct blob_place *out, struct muster_error *err)
{
	struct blob_set *set = packer->set;
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&set->lock);
	if (table_is_full(&set->locked.table))
		code = blob_make_room_locked(set, err);
	if (!code && blob_find_locked(set, key, out) == MUSTER_OK) {
		blob_count_shared_locked(set, key->size_bytes);
		code = MUSTER_EXISTS;
	}
	if (!code)
		blob_claim_locked(set, key, packer->pack_number, packer->directory.blob_count, out);
	pthread_mutex_unlock(&set->lock);
	return code;
}

enum muster_code blob_packer_put(struct blob_packer *packer, const struct blob_key *key,
				 struct view data, struct blob_place *out, struct muster_error *err)
{
	enum muster_code code = blob_find_place(packer->set, key, out, err);

	if (code == MUSTER_OK) {
		blob_set_count_shared(packer->set, key->size_bytes);
		return MUSTER_OK;
	}
	if (code != MUSTER_ABSENT)
		return code;
	code = need_pack(packer, data.len, err);
	if (!code)
		code = claim(packer, key, out, err);
	if (code == MUSTER_EXISTS)
		return MUSTER_OK;
	if (!code)
		code = store_write_append(packer->writer, data, err);
	if (!code)
		code = pack_directory_add(&packer->directory, key, err);
	return code;
}
