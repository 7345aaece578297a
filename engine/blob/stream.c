/* A large file is a pack of its own, written while its digest is computed. */
#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"

struct blob_stream {
	struct blob_set *set;
	struct run_pack *pack;
	uint32_t pack_number;
	struct store_writer *writer;
	struct upload_journal *journal; /* NULL: it cannot be continued */
};

static enum muster_code append_head(struct blob_stream *stream, struct muster_error *err)
{
	struct bytes head = { 0 };
	enum muster_code code = pack_begin(true, &head, err);

	if (!code)
		code = store_write_append(stream->writer, bytes_view(&head), err);
	bytes_release(&head);
	return code;
}

/* The upload of the journal becomes the pack that it was begun as. MUSTER_ABSENT: nothing of it is
 * there, or it cannot be had; MUSTER_EXISTS: it is that pack already. */
static enum muster_code open_known(struct blob_stream *stream, const struct object_id *pack,
				   struct muster_error *err)
{
	struct blob_set *set = stream->set;
	struct key key;
	enum muster_code code;

	key_object(&key, OBJECT_PACK, pack);
	code = store_write_continue(set->store, key.text, upload_journal_store(stream->journal),
				    &stream->writer, err);
	if (!code)
		stream->pack->id = *pack;
	if (code != MUSTER_ABSENT)
		return code;
	code = blob_set_adopt(set, pack, err);
	return code ? code : MUSTER_EXISTS;
}

static enum muster_code open_new(struct blob_stream *stream, struct muster_error *err)
{
	struct key key;

	key_object(&key, OBJECT_PACK, &stream->pack->id);
	if (!stream->journal)
		return store_write_begin(stream->set->store, key.text, &stream->writer, err);
	upload_journal_restart(stream->journal, &stream->pack->id);
	return store_write_continue(stream->set->store, key.text,
				    upload_journal_store(stream->journal), &stream->writer, err);
}

/* What is known is a hint: whatever is wrong with it, a new upload will do. */
static enum muster_code open_writer(struct blob_stream *stream, struct muster_error *err)
{
	const struct object_id *known = NULL;
	struct muster_error unused = { 0 };
	struct object_id pack;
	enum muster_code code;

	if (stream->journal)
		known = upload_journal_pack(stream->journal);
	if (known) {
		pack = *known;
		code = open_known(stream, &pack, &unused);
		if (code == MUSTER_OK || code == MUSTER_EXISTS || code == MUSTER_E_MEMORY)
			return code == MUSTER_E_MEMORY ? muster_fail_memory(err, "an upload")
						       : code;
	}
	return open_new(stream, err);
}

enum muster_code blob_stream_begin(struct blob_stream **out, struct blob_set *set,
				   struct upload_journal *journal, struct muster_error *err)
{
	struct blob_stream *stream = calloc(1, sizeof(*stream));
	enum muster_code code;

	*out = NULL;
	if (!stream) {
		upload_journal_close(journal);
		return muster_fail_memory(err, "a large file");
	}
	stream->set = set;
	stream->journal = journal;
	code = blob_new_pack(set, &stream->pack_number, &stream->pack, err);
	if (!code)
		code = open_writer(stream, err);
	if (!code)
		code = append_head(stream, err);
	if (!code)
		*out = stream;
	else if (code == MUSTER_EXISTS)
		blob_stream_abort(stream);
	else
		blob_stream_leave(stream);
	return code;
}

enum muster_code blob_stream_append(struct blob_stream *stream, struct view data,
				    struct muster_error *err)
{
	return store_write_append(stream->writer, data, err);
}

size_t blob_stream_room(struct blob_stream *stream, bool may_wait)
{
	return store_write_room(stream->writer, may_wait);
}

void blob_stream_leave(struct blob_stream *stream)
{
	if (!stream)
		return;
	store_write_leave(stream->writer);
	upload_journal_close(stream->journal);
	free(stream);
}

void blob_stream_abort(struct blob_stream *stream)
{
	if (!stream)
		return;
	store_write_abort(stream->writer);
	upload_journal_remove(stream->journal);
	free(stream);
}

/* MUSTER_EXISTS: it is stored already, or somebody stored it while we read. */
static enum muster_code claim(struct blob_stream *stream, const struct blob_key *key,
			      struct blob_place *out, struct muster_error *err)
{
	struct blob_set *set = stream->set;
	enum muster_code code = blob_find_place(set, key, out, err);

	if (code != MUSTER_ABSENT && code != MUSTER_OK)
		return code;
	pthread_mutex_lock(&set->lock);
	if (code == MUSTER_ABSENT) {
		code = MUSTER_OK;
		if (table_is_full(&set->locked.table))
			code = blob_make_room_locked(set, err);
		if (!code && blob_find_locked(set, key, out) == MUSTER_OK)
			code = MUSTER_EXISTS;
	} else {
		code = MUSTER_EXISTS;
	}
	if (code == MUSTER_EXISTS)
		blob_count_shared_locked(set, key->size_bytes);
	if (!code)
		code = blob_note_large_size_locked(set, key->size_bytes, err);
	if (!code)
		blob_claim_locked(set, key, stream->pack_number, 0, out);
	pthread_mutex_unlock(&set->lock);
	return code;
}

enum muster_code blob_stream_finish(struct blob_stream *stream, const struct blob_key *key,
				    struct blob_place *out, struct muster_error *err)
{
	struct pack_directory directory = { 0 };
	struct closing_pack closing;
	enum muster_code code = claim(stream, key, out, err);

	if (code == MUSTER_EXISTS) {
		blob_stream_abort(stream);
		return MUSTER_OK;
	}
	if (!code)
		code = pack_directory_add(&directory, key, err);
	if (code) {
		blob_stream_leave(stream);
		goto out;
	}
	closing = (struct closing_pack){ .pack = stream->pack,
					 .writer = stream->writer,
					 .journal = stream->journal };
	code = blob_close_pack(stream->set, &closing, &directory, true, err);
	free(stream);
out:
	pack_directory_release(&directory);
	return code;
}
