/* The side run: entries of large files, which end late. At the end they are merged into the
 * version; leaves that they do not touch are shared with what was written already. */
#include "engine/put/put_internal.h"

#include <string.h>

/* What a side entry is made of, beside its path: fixed bytes, never stored elsewhere. */
struct side_value {
	uint64_t size_bytes;
	struct fingerprint fingerprint;
	struct blob_place place;
	bool is_reference; /* then its URI follows */
};

static enum muster_code add_side_locked(struct put_run *run, const struct put_item *item,
					struct muster_error *err)
{
	struct side_value value = { .size_bytes = item->found.size_bytes,
				    .fingerprint = item->fingerprint,
				    .place = item->place,
				    .is_reference = item->is_reference };
	struct bytes bytes = { 0 };
	enum muster_code code = bytes_append(&bytes, &value, sizeof(value), err);

	if (!code)
		code = bytes_append_view(&bytes, item->ref, err);
	if (!code)
		code = spill_add(run->emit.side, item->path, bytes_view(&bytes), err);
	run->emit.side_count++;
	bytes_release(&bytes);
	return code;
}

enum muster_code put_emit_late(struct put_run *run, const struct put_item *item,
			       struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&run->emit.lock);
	if (item->fate == ITEM_FAILED) {
		put_report_failure(run, item->path, item->error);
	} else if (item->fate == ITEM_VANISHED) {
		run->report->vanished_files++;
	} else {
		code = add_side_locked(run, item, err);
		put_note_stat_locked(run, item, true);
		put_count_done(run, item);
	}
	pthread_mutex_unlock(&run->emit.lock);
	return code;
}

static enum muster_code side_entry(struct put_run *run, struct view path, struct view bytes,
				   struct entry *out, struct muster_error *err)
{
	struct put_item item = { .path = path };
	struct side_value value;

	memcpy(&value, bytes.ptr, sizeof(value));
	item.found.size_bytes = value.size_bytes;
	item.fingerprint = value.fingerprint;
	item.place = value.place;
	item.is_reference = value.is_reference;
	item.ref = view_of(bytes.ptr + sizeof(value), bytes.len - sizeof(value));
	if (!put_item_entry(run, &item, out))
		return muster_fail(err, MUSTER_E_FORMAT, "the pack of '%.*s' was never closed",
				   VIEW_ARGS(path));
	return MUSTER_OK;
}

/* Of equal paths the side counts (a base entry of --onto that a large file replaces). */
static enum muster_code merge_all(struct put_run *run, struct version_edit *edit,
				  struct muster_error *err)
{
	enum muster_code code = spill_sort(run->emit.side, err);
	struct view path, bytes;
	struct entry entry;

	while (!code && !(code = spill_next(run->emit.side, &path, &bytes, err))) {
		code = side_entry(run, path, bytes, &entry, err);
		if (!code)
			code = version_edit_put(edit, &entry, err);
	}
	return code == MUSTER_END ? version_edit_finish(edit, err) : code;
}

/* What was written in order is finished as a version that nobody refers to; it is read back,
 * merged with the side run, and its leaves are shared where they are equal. */
static enum muster_code open_ordered(struct put_run *run, struct version_reader **ordered,
				     struct version_reader **shared, struct muster_error *err)
{
	struct version_reader_options with_placement = { .with_placement = true };
	struct manifest_pointer pointer;
	enum muster_code code = version_writer_write(run->emit.writer, NULL, NULL, &pointer, err);

	if (!code)
		code = version_reader_open(ordered, run->store, &pointer, &with_placement, err);
	return code ? code : version_reader_open(shared, run->store, &pointer, NULL, err);
}

static void count_written(struct put_run *run, const struct version_writer *writer)
{
	run->report->written_bytes += version_writer_counts(writer).written_bytes;
}

enum muster_code put_side_merge(struct put_run *run, struct muster_error *err)
{
	struct version_writer_options options = put_writer_options(run);
	struct version_reader *ordered = NULL, *shared = NULL;
	struct version_writer *writer = NULL;
	struct version_edit *edit = NULL;
	enum muster_code code = open_ordered(run, &ordered, &shared, err);

	options.base = shared;
	if (!code)
		code = version_writer_open(&writer, run->store, &options, err);
	if (!code)
		code = version_edit_open(&edit, ordered, writer, NULL, err);
	if (!code)
		code = merge_all(run, edit, err);
	if (!code)
		code = version_writer_complete(writer, &run->emit.footer, err);
	version_edit_close(edit);
	version_reader_close(shared);
	version_reader_close(ordered);
	count_written(run, run->emit.writer);
	version_writer_close(run->emit.writer);
	run->emit.writer = writer;
	return code;
}
