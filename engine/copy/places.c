/* Where the bytes of each entry lie in the target waits in a spill, by the entry's rank: a place
 * may be in a pack that is still open, and large blobs come late. When all packs are closed the
 * source is read once more, and the version is written. */
#include "engine/copy/copy_internal.h"
#include "base/text/text.h"

/* Never stored elsewhere. A reference has none. */
struct place_value {
	struct blob_place place;
	uint8_t identity[IDENTITY_BYTES];
	bool has_identity;
	bool is_failed;
};

/* --- noting ----------------------------------------------------------------------------------- */

/* Most repositories keep no identities: then they take no room. */
static struct view value_view(const struct copy *copy, const struct place_value *value)
{
	size_t without = offsetof(struct place_value, identity);

	return view_of((const uint8_t *)value,
		       copy->has_identity || value->is_failed ? sizeof(*value) : without);
}

static enum muster_code add_locked(struct copy_version *version, const struct get_item *item,
				   struct muster_error *err)
{
	const struct entry *entry = &item->entry;
	struct place_value value;
	uint8_t rank[8];

	memset(&value, 0, sizeof(value)); /* padding, too: it is written */
	value.place = item->place;
	value.is_failed = item->fate == GET_FAILED;
	value.has_identity = entry->has_identity;
	memcpy(value.identity, entry->fingerprint.identity, IDENTITY_BYTES);
	for (size_t i = 0; i < sizeof(rank); i++) /* so that bytes sort as numbers do */
		rank[i] = (uint8_t)(item->rank >> (8 * (sizeof(rank) - 1 - i)));
	return spill_add(version->places.spill, view_of(rank, sizeof(rank)),
			 value_view(version->copy, &value), err);
}

static void count_done(struct copy_version *version, const struct get_item *item)
{
	get_count(&version->copy->progress->done_files, 1);
	get_count(&version->copy->progress->done_bytes,
		  item->entry.size_bytes - item->streamed_bytes); /* these were counted */
}

static enum muster_code note_locked(struct copy_version *version, const struct get_item *item,
				    struct muster_error *err)
{
	struct muster_copy_report *report = version->copy->report;

	switch (item->fate) {
	case GET_WANTED: /* the run is stopping */
	case GET_LARGE:
		return MUSTER_OK;
	case GET_SKIPPED: /* a reference: copied as it is */
		count_done(version, item);
		return MUSTER_OK;
	case GET_FAILED:
		get_report_failure(&version->job, item->entry.path, item->error);
		report->failed_items++;
		break;
	case GET_KEPT:
		report->shared_blobs++;
		report->shared_bytes += item->entry.size_bytes;
		count_done(version, item);
		break;
	case GET_DONE:
		count_done(version, item);
		break;
	}
	return add_locked(version, item, err);
}

enum muster_code copy_note(struct copy_version *version, const struct get_item *item,
			   struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&version->places.lock);
	code = note_locked(version, item, err);
	pthread_mutex_unlock(&version->places.lock);
	return code;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The spill's head. */
struct places {
	bool has_head;
	uint64_t rank;
	struct place_value value;
};

static enum muster_code next_place(struct copy_version *version, struct places *places,
				   struct muster_error *err)
{
	struct view key, value;
	enum muster_code code = spill_next(version->places.spill, &key, &value, err);

	places->has_head = code == MUSTER_OK;
	if (code)
		return code == MUSTER_END ? MUSTER_OK : code;
	places->rank = 0;
	for (size_t i = 0; i < key.len; i++)
		places->rank = places->rank << 8 | key.ptr[i];
	places->value = (struct place_value){ 0 };
	memcpy(&places->value, value.ptr, value.len);
	return MUSTER_OK;
}

/* As the target has it: its own place, and an identity only if it keeps them. */
static enum muster_code settle(const struct copy *copy, const struct place_value *value,
			       struct entry *entry, struct muster_error *err)
{
	entry->has_identity = copy->has_identity && value->has_identity;
	memset(entry->fingerprint.identity, 0, IDENTITY_BYTES);
	if (entry->has_identity)
		memcpy(entry->fingerprint.identity, value->identity, IDENTITY_BYTES);
	entry->is_placed = true;
	if (blob_place_resolve(&value->place, &entry->placement))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_FORMAT, "the pack of '%.*s' was never closed",
			   VIEW_ARGS(entry->path));
}

static enum muster_code write_entry(struct copy_version *version, struct places *places,
				    uint64_t rank, struct entry *entry, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;
	bool is_left_out = false;

	entry->is_placed = false;
	if (places->has_head && places->rank == rank) {
		is_left_out = places->value.is_failed;
		if (!is_left_out)
			code = settle(version->copy, &places->value, entry, err);
		if (!code && !is_left_out)
			code = version_writer_add(version->writer, entry, err);
		return code ? code : next_place(version, places, err);
	}
	if (!entry->ref.len)
		return muster_fail(err, MUSTER_E_FORMAT, "nobody has copied '%.*s'",
				   VIEW_ARGS(entry->path));
	return version_writer_add(version->writer, entry, err);
}

static enum muster_code write_entries(struct copy_version *version, struct version_reader *source,
				      struct muster_error *err)
{
	struct places places = { 0 };
	struct entry entry;
	uint64_t rank = 0;
	enum muster_code code = spill_sort(version->places.spill, err);

	if (!code)
		code = next_place(version, &places, err);
	while (!code && !(code = version_reader_next(source, &entry, err))) {
		if (get_is_cancelled(&version->job))
			return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		code = write_entry(version, &places, rank++, &entry, err);
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code copy_complete(struct copy_version *version, struct muster_error *err)
{
	static const struct version_reader_options whole = { .with_placement = true,
							     .reads_on = true };
	struct version_writer_options options = {
		.algorithm = version_reader_footer(version->source)->algorithm,
		.next_id = copy_next_id,
		.next_id_state = version->copy,
		.base = version->base,
	};
	struct version_reader *source = NULL;
	enum muster_code code = version_reader_open(&source, version->job.store,
						    &version->version->manifest, &whole, err);

	if (!code)
		code = version_writer_open(&version->writer, version->copy->store, &options, err);
	if (!code)
		code = write_entries(version, source, err);
	if (!code)
		code = version_writer_complete(version->writer, &version->footer, err);
	version_reader_close(source);
	return code;
}
