/* The ordered end of a put. Batches come in any order and wait in a window; the first ones leave
 * as entries of the version and records of the stat journal.
 *
 * An entry can leave only when its pack is closed, because a placement holds the pack's length.
 * So whoever is about to wait here closes its own pack first: every pack that the head of the
 * window waits for belongs to a worker that is running, or waits here and has closed it. */
#include "engine/put/put_internal.h"

#include <stdlib.h>
#include <string.h>

void put_report_failure(struct put_run *run, struct view path, const struct muster_error *error)
{
	const struct muster_job *job = &run->options->job;

	run->report->failed_items++;
	atomic_fetch_add_explicit(&run->progress->failed_items, 1, memory_order_relaxed);
	if (job->on_failure)
		job->on_failure(job->on_failure_state, (const char *)path.ptr, path.len, error);
}

static void reference_entry(const struct put_item *item, struct entry *out)
{
	*out = (struct entry){ .path = item->path, .ref = item->ref };
	if (item->fate == ITEM_TRACKED) {
		out->algorithm = DIGEST_TEXT;
		out->digest_text = item->ref;
		return;
	}
	out->algorithm = DIGEST_MD5; /* of references, whatever the repository's is */
	memcpy(out->fingerprint.digest, item->fingerprint.digest, DIGEST_BYTES);
	out->size_bytes = item->found.size_bytes;
	out->has_size = true;
}

static bool carried_entry(const struct put_item *item, struct entry *out)
{
	*out = *item->carried;
	out->path = item->path;
	out->is_placed = out->has_checksum;
	return !out->is_placed || blob_place_resolve(&item->place, &out->placement);
}

bool put_item_entry(const struct put_run *run, const struct put_item *item, struct entry *out)
{
	if (item->is_reference) {
		reference_entry(item, out);
		return true;
	}
	if (item->carried)
		return carried_entry(item, out);
	*out = (struct entry){ .path = item->path,
			       .algorithm = run->hashing.algorithm,
			       .fingerprint = item->fingerprint,
			       .size_bytes = item->found.size_bytes,
			       .has_size = true,
			       .has_checksum = true,
			       .has_identity = run->hashing.has_identity,
			       .is_placed = true };
	return blob_place_resolve(&item->place, &out->placement);
}

/* --- --onto: the base's own entries go between ---------------------------------------------- */

enum muster_code put_emit_open_onto(struct put_run *run, struct muster_error *err)
{
	struct version_edit_options options = { .may_rely_on = reliance_on_pack,
						.take_over = reliance_take_over,
						.state = &run->emit.reliance };

	if (!run->emit.onto)
		return MUSTER_OK;
	return version_edit_open(&run->emit.edit, run->emit.onto, run->emit.writer, &options, err);
}

/* MUSTER_FULL: its pack is open. */
static enum muster_code add_item_locked(struct put_run *run, const struct put_item *item,
					struct muster_error *err)
{
	struct entry entry;
	bool is_same;
	enum muster_code code;

	if (run->emit.leaves_out_base && item->is_as_in_base)
		return MUSTER_OK;
	code = put_same_add_locked(run, item, &is_same, err);

	if (code || is_same)
		return code;
	if (!put_item_entry(run, item, &entry))
		return MUSTER_FULL;
	return run->emit.edit ? version_edit_put(run->emit.edit, &entry, err)
			      : version_writer_add(run->emit.writer, &entry, err);
}

/* --- one item ------------------------------------------------------------------------------- */

static struct stat_record record_of(const struct put_run *run, const struct put_item *item)
{
	return (struct stat_record){
		.path = item->path,
		.size_bytes = item->found.size_bytes,
		.mtime_ns = item->found.mtime_ns,
		.ctime_ns = item->found.ctime_ns,
		.inode = item->found.inode,
		.is_trusted = ingest_is_trusted(&item->found, run->read_ns),
		.algorithm = item->is_reference ? DIGEST_MD5 : run->hashing.algorithm,
		.has_identity = !item->is_reference && run->hashing.has_identity,
		.fingerprint = item->fingerprint
	};
}

void put_count_done(struct put_run *run, const struct put_item *item)
{
	atomic_fetch_add_explicit(&run->progress->done_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->done_bytes, item->found.size_bytes,
				  memory_order_relaxed);
}

/* The stat cache is a help: when it cannot be written the put goes on without. */
void put_note_stat_locked(struct put_run *run, const struct put_item *item, bool is_late)
{
	struct stat_record record = record_of(run, item);
	enum muster_code code;

	if (!run->cache || !record.is_trusted)
		return;
	if (!run->journal && put_open_journal(run))
		return;
	code = is_late ? stat_journal_add_late(run->journal, &record, NULL)
		       : stat_journal_add(run->journal, &record, NULL);
	if (code) {
		stat_journal_close(run->journal);
		run->journal = NULL;
		run->has_no_journal = true;
	}
}

/* MUSTER_FULL: its pack is open. */
static enum muster_code emit_item_locked(struct put_run *run, const struct put_item *item,
					 struct muster_error *err)
{
	enum muster_code code;

	switch (item->fate) {
	case ITEM_LARGE: /* comes through the side run */
		return MUSTER_OK;
	case ITEM_VANISHED:
		run->report->vanished_files++;
		return MUSTER_OK;
	case ITEM_FAILED:
		put_report_failure(run, item->path,
				   item->error
					   ? item->error
					   : &(struct muster_error){ .code = MUSTER_E_MEMORY,
								     .message = "out of memory" });
		return MUSTER_OK;
	case ITEM_READ:
	case ITEM_KEPT:
	case ITEM_TRACKED:
	case ITEM_CARRIED:
		break;
	}
	code = run->options->dry_run ? MUSTER_OK : add_item_locked(run, item, err);
	if (code)
		return code;
	if (item->is_news)
		put_note_stat_locked(run, item, false);
	else if (item->fate == ITEM_KEPT)
		run->report->kept_files++;
	else if (item->fate == ITEM_CARRIED)
		run->report->carried_entries++;
	put_count_done(run, item);
	return MUSTER_OK;
}

/* --- the window ----------------------------------------------------------------------------- */

static struct put_batch **slot_locked(struct put_run *run, uint64_t sequence)
{
	return &run->emit.window[sequence % run->emit.window_max];
}

static enum muster_code drain_locked(struct put_run *run, struct muster_error *err)
{
	struct put_batch *batch;
	bool moved = false;
	enum muster_code code = MUSTER_OK;

	while (!code && (batch = *slot_locked(run, run->emit.next_sequence))) {
		while (!code && batch->emitted_count < batch->item_count) {
			code = emit_item_locked(run, &batch->items[batch->emitted_count], err);
			if (!code)
				batch->emitted_count++;
		}
		if (code)
			break;
		*slot_locked(run, run->emit.next_sequence++) = NULL;
		run->emit.waiting_cost -= put_batch_cost(batch);
		put_batch_free(batch);
		moved = true;
	}
	if (moved && run->journal) /* a failure shows when the next record is added */
		(void)stat_journal_flush(run->journal, NULL);
	if (moved)
		pthread_cond_broadcast(&run->emit.moved);
	return code == MUSTER_FULL ? MUSTER_OK : code;
}

enum muster_code put_emit_drain(struct put_run *run, struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&run->emit.lock);
	code = drain_locked(run, err);
	pthread_mutex_unlock(&run->emit.lock);
	return code;
}

static bool has_room_locked(const struct put_run *run, const struct put_batch *batch)
{
	if (batch->sequence - run->emit.next_sequence >= run->emit.window_max)
		return false;
	return batch->sequence == run->emit.next_sequence ||
	       run->emit.waiting_cost < run->memory.window_item_count;
}

/* Waits until the batch may stand in the window; others close their packs and move it on. */
static enum muster_code wait_for_room(struct put_worker *worker, struct put_batch *batch,
				      struct muster_error *err)
{
	struct put_run *run = worker->run;
	bool has_room;
	enum muster_code code;

	pthread_mutex_lock(&run->emit.lock);
	has_room = has_room_locked(run, batch);
	pthread_mutex_unlock(&run->emit.lock);
	if (has_room)
		return MUSTER_OK;
	code = blob_packer_flush(worker->packer, err);
	if (!code)
		code = put_emit_drain(run, err);
	pthread_mutex_lock(&run->emit.lock);
	while (!code && !has_room_locked(run, batch) && !put_is_stopping(run))
		pthread_cond_wait(&run->emit.moved, &run->emit.lock);
	pthread_mutex_unlock(&run->emit.lock);
	return code;
}

enum muster_code put_emit(struct put_worker *worker, struct put_batch *batch,
			  struct muster_error *err)
{
	struct put_run *run = worker->run;
	enum muster_code code = wait_for_room(worker, batch, err);

	if (code || put_is_stopping(run)) {
		put_batch_free(batch);
		return code;
	}
	pthread_mutex_lock(&run->emit.lock);
	*slot_locked(run, batch->sequence) = batch;
	run->emit.waiting_cost += put_batch_cost(batch);
	code = drain_locked(run, err);
	pthread_mutex_unlock(&run->emit.lock);
	return code;
}

enum muster_code put_emit_finish(struct put_run *run, struct muster_error *err)
{
	if (!put_same_is_all(run))
		return put_emit_complete(run, err);
	run->emit.footer = version_reader_footer(run->emit.same.base);
	return MUSTER_OK;
}

enum muster_code put_emit_complete(struct put_run *run, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (run->emit.is_complete)
		return MUSTER_OK;
	if (run->emit.edit)
		code = version_edit_finish(run->emit.edit, err);
	else
		code = put_same_end(run, true, err);
	if (!code)
		code = version_writer_complete(run->emit.writer, &run->emit.footer, err);
	if (!code && run->emit.side_count)
		code = put_side_merge(run, err);
	run->emit.is_complete = !code;
	return code;
}
