/*
 * W&B manifests. A document gives the same entries and the same answer whole and in pieces; what
 * is written of its entries, in either form, is a good document with the same entries; what Go's
 * form becomes when it is written again is the same bytes.
 */
#include <stdlib.h>

#include "artifact/path.h"
#include "artifact/wandb/manifest_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void keep_text(struct bytes *out, struct view text)
{
	require(!bytes_printf(out, NULL, "%zu:", text.len));
	require(!bytes_append_view(out, text, NULL));
}

/* All of an entry, so that equal bytes are equal entries; Go's form does not tell size 0 from
 * none. */
static void keep_entry(struct bytes *out, const struct entry *entry, bool is_go)
{
	char buf[ENTRY_DIGEST_BUF_BYTES];
	bool has_size = is_go || entry->has_size;

	require(!entry_path_check(entry->path, NULL));
	require(entry->extra.len <= ENTRY_EXTRA_MAX_BYTES && entry->extra.len != 2);
	require(!entry->has_checksum && !entry->has_identity && !entry->is_placed);
	keep_text(out, entry->path);
	keep_text(out, entry_digest_text(entry, buf));
	require(!bytes_printf(out, NULL, "%d %d %llu", entry->algorithm, has_size,
			      (unsigned long long)entry->size_bytes));
	keep_text(out, entry->ref);
	keep_text(out, entry->extra);
	keep_text(out, entry->birth_artifact_id);
}

struct reading {
	enum muster_code code;	 /* MUSTER_END or a failure */
	struct bytes entries[2]; /* as Python's form tells them, as Go's does */
	struct bytes region;
};

static void reading_release(struct reading *reading)
{
	bytes_release(&reading->entries[0]);
	bytes_release(&reading->entries[1]);
	bytes_release(&reading->region);
}

static void feed_piece(struct wandb_reader *reader, struct view *rest, size_t max_bytes)
{
	size_t len = rest->len < max_bytes ? rest->len : max_bytes;

	if (len)
		wandb_reader_feed(reader, view_of(rest->ptr, len));
	else
		wandb_reader_finish(reader);
	*rest = view_of(rest->ptr + len, rest->len - len);
}

/* With a writer, every entry is written on as it comes. */
static void read_document(struct view document, size_t piece_bytes, struct wandb_writer *writer,
			  struct reading *out)
{
	struct wandb_reader *reader;
	struct muster_error err = { 0 };
	struct entry entry;

	require(!wandb_reader_new(&reader, NULL));
	for (;;) {
		out->code = wandb_reader_next(reader, &entry, &err);
		if (out->code == MUSTER_OK) {
			keep_entry(&out->entries[0], &entry, false);
			keep_entry(&out->entries[1], &entry, true);
			require(!writer || !wandb_writer_entry(writer, &entry, NULL));
		} else if (out->code == MUSTER_FULL) {
			feed_piece(reader, &document, piece_bytes);
		} else {
			break;
		}
	}
	require(out->code == MUSTER_END || (err.code == out->code && err.message[0]));
	keep_text(&out->region, wandb_reader_manifest(reader)->storage_region);
	wandb_reader_free(reader);
}

static void rewrite(struct view document, enum wandb_form form, struct bytes *text)
{
	struct wandb_writer_options options = { .form = form };
	struct reading reading = { 0 };
	struct wandb_writer *writer;

	require(!wandb_writer_new(&writer, &options, text, NULL));
	read_document(document, SIZE_MAX, writer, &reading);
	require(reading.code == MUSTER_END && !wandb_writer_end(writer, NULL));
	wandb_writer_free(writer);
	reading_release(&reading);
}

static void written_entries_come_back(struct view document, const struct reading *first)
{
	struct bytes text[2] = { { 0 } }, again = { 0 };
	struct reading reading[2] = { { 0 } };

	for (size_t i = 0; i < 2; i++) {
		rewrite(document, i ? WANDB_FORM_GO : WANDB_FORM_PYTHON, &text[i]);
		read_document(bytes_view(&text[i]), SIZE_MAX, NULL, &reading[i]);
		require(reading[i].code == MUSTER_END);
		require(view_equal(bytes_view(&reading[i].entries[i]),
				   bytes_view(&first->entries[i])));
	}
	rewrite(bytes_view(&text[1]), WANDB_FORM_GO, &again);
	require(view_equal(bytes_view(&again), bytes_view(&text[1])));
	for (size_t i = 0; i < 2; i++) {
		reading_release(&reading[i]);
		bytes_release(&text[i]);
	}
	bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view document = view_of(data, size);
	struct reading whole = { 0 }, split = { 0 };

	read_document(document, SIZE_MAX, NULL, &whole);
	read_document(document, 1 + size % 7, NULL, &split);
	require(whole.code == split.code);
	require(view_equal(bytes_view(&whole.entries[0]), bytes_view(&split.entries[0])));
	require(view_equal(bytes_view(&whole.region), bytes_view(&split.region)));
	if (whole.code == MUSTER_END)
		written_entries_come_back(document, &whole);
	reading_release(&whole);
	reading_release(&split);
	return 0;
}
