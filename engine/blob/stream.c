/* A large file is a pack of its own, written while its digest is computed. */
#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"

struct blob_stream {
	struct blob_set *set;
	struct run_pack *pack;
	uint32_t pack_number;
	struct store_writer *writer;
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

enum muster_code blob_stream_begin(struct blob_stream **out, struct blob_set *set,
				   struct muster_error *err)
{
	struct blob_stream *stream = calloc(1, sizeof(*stream));
	struct key key;
	enum muster_code code;

	*out = NULL;
	if (!stream)
		return muster_fail_memory(err, "a large file");
	stream->set = set;
	code = blob_new_pack(set, &stream->pack_number, &stream->pack, err);
	if (!code) {
		key_object(&key, OBJECT_PACK, &stream->pack->id);
		code = store_write_begin(set->store, key.text, &stream->writer, err);
	}
	if (!code)
		code = append_head(stream, err);
	if (code) {
		blob_stream_abort(stream);
		return code;
	}
	*out = stream;
	return MUSTER_OK;
}

enum muster_code blob_stream_append(struct blob_stream *stream, struct view data,
				    struct muster_error *err)
{
	return store_write_append(stream->writer, data, err);
}

void blob_stream_abort(struct blob_stream *stream)
{
	if (!stream)
		return;
	store_write_abort(stream->writer);
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
	struct store_writer *writer;
	enum muster_code code = claim(stream, key, out, err);

	if (code) {
		blob_stream_abort(stream);
		return code == MUSTER_EXISTS ? MUSTER_OK : code;
	}
	writer = stream->writer;
	stream->writer = NULL;
	code = pack_directory_add(&directory, key, err);
	if (code)
		store_write_abort(writer);
	else
		code = blob_close_pack(stream->set, stream->pack, writer, &directory, true, err);
	pack_directory_release(&directory);
	blob_stream_abort(stream);
	return code;
}
