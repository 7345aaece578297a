#include "engine/transfer/import_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/file/read.h"

enum muster_code import_read_open(struct import_run *run, struct muster_error *err)
{
	const char *path = run->options->manifest_path;
	enum muster_code code;

	run->manifest.piece = malloc(IMPORT_PIECE_BYTES);
	if (!run->manifest.piece)
		return muster_fail_memory(err, "a piece of a manifest");
	code = file_open(AT_FDCWD, path, &run->manifest.fd, NULL, err);
	if (code == MUSTER_E_VANISHED)
		return muster_fail(err, MUSTER_E_NAME, "there is no manifest '%s'", path);
	return code ? code : wandb_reader_new(&run->manifest.reader, err);
}

void import_read_close(struct import_run *run)
{
	wandb_reader_free(run->manifest.reader);
	if (run->manifest.fd >= 0)
		close(run->manifest.fd); /* opened read-only: nothing can be lost here */
	free(run->manifest.piece);
}

static enum muster_code feed(struct import_run *run, struct muster_error *err)
{
	size_t got;
	enum muster_code code = file_read_at(run->manifest.fd, run->manifest.offset_bytes,
					     run->manifest.piece, IMPORT_PIECE_BYTES, &got, err);

	if (code)
		return code;
	run->manifest.offset_bytes += got;
	if (got)
		wandb_reader_feed(run->manifest.reader, view_of(run->manifest.piece, got));
	else
		wandb_reader_finish(run->manifest.reader);
	return MUSTER_OK;
}

static enum muster_code next_entry(struct import_run *run, struct entry *out,
				   struct muster_error *err)
{
	enum muster_code code;

	while ((code = wandb_reader_next(run->manifest.reader, out, err)) == MUSTER_FULL) {
		code = feed(run, err);
		if (code)
			return code;
	}
	return code;
}

static void copy_text(struct bytes *text, struct view *view)
{
	uint8_t *at = text->ptr + text->len;

	if (view->len)
		memcpy(at, view->ptr, view->len);
	at[view->len] = '\0';
	text->len += view->len + 1;
	view->ptr = at;
}

/* The reader lends an entry only until the next one. */
static void add_entry(struct import_batch *batch, const struct entry *entry)
{
	struct import_item *item = &batch->items[batch->count++];

	*item = (struct import_item){ .entry = *entry };
	copy_text(&batch->text, &item->entry.path);
	copy_text(&batch->text, &item->entry.digest_text);
	copy_text(&batch->text, &item->entry.ref);
	copy_text(&batch->text, &item->entry.extra);
	copy_text(&batch->text, &item->entry.birth_artifact_id);
	item->name = (const char *)item->entry.path.ptr;
}

static void count_batch(struct import_run *run, const struct import_batch *batch)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].entry.has_size)
			bytes += batch->items[i].entry.size_bytes;
	atomic_fetch_add_explicit(&run->progress->total_files, batch->count, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->total_bytes, bytes, memory_order_relaxed);
}

static enum muster_code read_batch_locked(struct import_run *run, struct import_batch *out,
					  struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	while (!run->manifest.is_done && out->count < IMPORT_BATCH_MAX &&
	       out->text.len < IMPORT_TEXT_BYTES) {
		code = next_entry(run, &entry, err);
		run->manifest.is_done = code != MUSTER_OK;
		if (code)
			break;
		add_entry(out, &entry);
	}
	if (code && code != MUSTER_END) {
		muster_context(err, "manifest '%s'", run->options->manifest_path);
		return code;
	}
	if (code == MUSTER_END)
		atomic_store(&run->progress->total_is_known, true);
	return out->count ? MUSTER_OK : MUSTER_END;
}

enum muster_code import_read_next(struct import_run *run, struct import_batch *out,
				  struct muster_error *err)
{
	enum muster_code code;

	out->count = 0;
	out->text.len = 0;
	pthread_mutex_lock(&run->manifest.lock);
	code = read_batch_locked(run, out, err);
	pthread_mutex_unlock(&run->manifest.lock);
	count_batch(run, out);
	return code;
}
