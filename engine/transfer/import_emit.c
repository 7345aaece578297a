/* Entries that are ready wait in a spill, by path. When all packs are closed every place is known,
 * and the version is written in order. */
#include "engine/transfer/import_internal.h"

/* What waits of an entry, beside its path; behind it its four texts. Never stored elsewhere. */
struct ready_value {
	enum digest_algorithm algorithm;
	bool has_size, has_checksum, has_identity, is_stored;
	uint64_t size_bytes;
	struct fingerprint fingerprint;
	struct blob_place place;
	uint32_t text_bytes[4];
};

static void put_texts(const struct entry *entry, struct view out[4])
{
	out[0] = entry->digest_text;
	out[1] = entry->ref;
	out[2] = entry->extra;
	out[3] = entry->birth_artifact_id;
}

static enum muster_code add_ready_locked(struct import_run *run, const struct import_item *item,
					 struct muster_error *err)
{
	const struct entry *entry = &item->entry;
	struct ready_value value;
	struct view texts[4];
	enum muster_code code;

	memset(&value, 0, sizeof(value)); /* padding, too: it is written */
	value.algorithm = entry->algorithm;
	value.has_size = entry->has_size;
	value.has_checksum = entry->has_checksum;
	value.has_identity = entry->has_identity;
	value.is_stored = !entry->ref.len || entry->has_checksum;
	value.size_bytes = entry->size_bytes;
	value.fingerprint = entry->fingerprint;
	value.place = item->place;
	put_texts(entry, texts);
	for (size_t i = 0; i < 4; i++)
		value.text_bytes[i] = (uint32_t)texts[i].len;
	run->ready.value.len = 0;
	code = bytes_append(&run->ready.value, &value, sizeof(value), err);
	for (size_t i = 0; i < 4 && !code; i++)
		code = bytes_append_view(&run->ready.value, texts[i], err);
	run->ready.has_xxh128 |= entry->algorithm == DIGEST_XXH128;
	return code ? code
		    : spill_add(run->ready.entries, entry->path, bytes_view(&run->ready.value),
				err);
}

enum muster_code import_emit(struct import_run *run, const struct import_batch *batch,
			     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&run->ready.lock);
	for (size_t i = 0; i < batch->count && !code; i++)
		if (!batch->items[i].is_failed)
			code = add_ready_locked(run, &batch->items[i], err);
	pthread_mutex_unlock(&run->ready.lock);
	return code;
}

static enum muster_code take_ready(struct view path, struct view bytes, struct entry *out,
				   struct muster_error *err)
{
	struct ready_value value;
	const uint8_t *text = bytes.ptr + sizeof(value);
	struct view texts[4];

	memcpy(&value, bytes.ptr, sizeof(value));
	for (size_t i = 0; i < 4; i++) {
		texts[i] = view_of(text, value.text_bytes[i]);
		text += value.text_bytes[i];
	}
	*out = (struct entry){ .path = path,
			       .algorithm = value.algorithm,
			       .fingerprint = value.fingerprint,
			       .digest_text = texts[0],
			       .size_bytes = value.size_bytes,
			       .has_size = value.has_size,
			       .has_checksum = value.has_checksum,
			       .has_identity = value.has_identity,
			       .is_placed = value.is_stored,
			       .ref = texts[1],
			       .extra = texts[2],
			       .birth_artifact_id = texts[3] };
	if (value.is_stored && !blob_place_resolve(&value.place, &out->placement))
		return muster_fail(err, MUSTER_E_FORMAT, "the pack of '%.*s' was never closed",
				   VIEW_ARGS(path));
	return MUSTER_OK;
}

/* The same path would come twice in a row. */
static enum muster_code check_once(struct bytes *last, bool is_first, struct view path,
				   struct muster_error *err)
{
	if (!is_first && view_equal(bytes_view(last), path))
		return muster_fail(err, MUSTER_E_FORMAT, "the manifest names '%.*s' twice",
				   VIEW_ARGS(path));
	last->len = 0;
	return bytes_append_view(last, path, err);
}

static enum muster_code write_entries(struct import_run *run, struct muster_error *err)
{
	struct bytes last = { 0 };
	struct view path, value;
	struct entry entry;
	bool is_first = true;
	enum muster_code code;

	while (!(code = spill_next(run->ready.entries, &path, &value, err))) {
		if (import_is_stopping(run))
			code = muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		if (!code)
			code = check_once(&last, is_first, path, err);
		if (!code)
			code = take_ready(path, value, &entry, err);
		if (!code)
			code = version_writer_add(run->writer, &entry, err);
		if (code)
			break;
		is_first = false;
	}
	bytes_release(&last);
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code import_complete(struct import_run *run, struct muster_error *err)
{
	struct version_writer_options options = {
		.algorithm = run->ready.has_xxh128 ? DIGEST_XXH128 : DIGEST_MD5,
		.next_id = session_next_object,
		.next_id_state = run->session,
		.base = run->shared,
	};
	enum muster_code code;

	code = spill_sort(run->ready.entries, err);
	if (!code)
		code = version_writer_open(&run->writer, run->store, &options, err);
	if (!code)
		code = write_entries(run, err);
	return code ? code : version_writer_complete(run->writer, &run->footer, err);
}
