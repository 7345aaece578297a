#include <stdlib.h>

#include "artifact/wandb/layout.h"

#define EXTRA_DEPTH 1 /* in the array that the reader of extras sees */

struct wandb_writer {
	struct layout layout;
	/* Reads the `extra` of all entries as the items of one array without an end: an object each
	 * is proved to be, and no reader is made per entry. NULL until the first. */
	struct json_reader *extras;
};

static void text_member(struct layout *layout, const char *key, struct view text)
{
	if (!text.len)
		return;
	layout_key(layout, view_text(key));
	layout_string(layout, text);
}

static void write_beginning(struct layout *layout, struct view storage_region)
{
	layout_open(layout, '{');
	layout_key(layout, VIEW_LITERAL("version"));
	layout_u64(layout, 1);
	text_member(layout, "storagePolicy", VIEW_LITERAL("wandb-storage-policy-v1"));
	layout_key(layout, VIEW_LITERAL("storagePolicyConfig"));
	layout_open(layout, '{');
	text_member(layout, "storageLayout", VIEW_LITERAL("V2"));
	text_member(layout, "storageRegion", storage_region);
	layout_close(layout, '}');
	layout_key(layout, VIEW_LITERAL("contents"));
	layout_open(layout, '{');
}

enum muster_code wandb_writer_new(struct wandb_writer **out,
				  const struct wandb_writer_options *options, struct bytes *text,
				  struct muster_error *err)
{
	struct wandb_writer *writer;
	enum muster_code code;

	*out = NULL;
	if (options->storage_region.len > WANDB_REGION_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a storage region of %zu bytes",
				   options->storage_region.len);
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return muster_fail_memory(err, "a W&B manifest writer");
	writer->layout = (struct layout){ .out = text, .form = options->form, .err = err };
	write_beginning(&writer->layout, options->storage_region);
	code = writer->layout.code;
	if (code)
		wandb_writer_free(writer);
	else
		*out = writer;
	return code;
}

void wandb_writer_free(struct wandb_writer *writer)
{
	if (!writer)
		return;
	json_reader_free(writer->extras);
	free(writer);
}

/* An answer or a complaint of the JSON reader about an `extra`; its offsets would mislead. */
static enum muster_code fail_extra(enum muster_code code, struct muster_error *err)
{
	if (code == MUSTER_E_LIMIT || code == MUSTER_E_MEMORY)
		return code;
	return muster_fail(err, MUSTER_E_FORMAT, "'extra' is not one JSON object");
}

static enum muster_code extras_begin(struct wandb_writer *writer, struct muster_error *err)
{
	struct json_token token;
	enum muster_code code;

	if (writer->extras)
		return MUSTER_OK;
	code = json_reader_new(&writer->extras, err);
	if (code)
		return code;
	json_feed(writer->extras, VIEW_LITERAL("["));
	do {
		code = json_next(writer->extras, &token, err);
	} while (code == MUSTER_OK);
	return code == MUSTER_FULL ? MUSTER_OK : code;
}

/* Behind the end of an item nothing may follow but the comma that is fed here. */
static enum muster_code extras_end_item(struct wandb_writer *writer, struct muster_error *err)
{
	struct json_token token;
	enum muster_code code = json_next(writer->extras, &token, err);

	if (code == MUSTER_FULL) {
		json_feed(writer->extras, VIEW_LITERAL(","));
		code = json_next(writer->extras, &token, err);
	}
	if (code == MUSTER_FULL)
		return MUSTER_OK;
	return fail_extra(code, err);
}

/* The members of `extra` but "alg", which entries have as their algorithm. */
static enum muster_code write_members(struct wandb_writer *writer, struct muster_error *err)
{
	struct json_token token;
	enum muster_code code;
	bool is_alg = false;

	while ((code = json_next(writer->extras, &token, err)) == MUSTER_OK) {
		if (token.depth == EXTRA_DEPTH)
			return MUSTER_OK; /* its end */
		if (token.depth == EXTRA_DEPTH + 1 && token.kind == JSON_KEY)
			is_alg = view_equal(token.text, VIEW_LITERAL("alg"));
		if (!is_alg)
			layout_token(&writer->layout, &token);
	}
	return fail_extra(code, err);
}

static enum muster_code write_extra_members(struct wandb_writer *writer, struct view extra,
					    struct muster_error *err)
{
	struct json_token token;
	enum muster_code code = extras_begin(writer, err);

	if (code)
		return code;
	json_feed(writer->extras, extra);
	code = json_next(writer->extras, &token, err);
	if (code || token.kind != JSON_OBJECT_BEGIN)
		return fail_extra(code, err);
	code = write_members(writer, err);
	return code ? code : extras_end_item(writer, err);
}

static enum muster_code write_extra(struct wandb_writer *writer, const struct entry *entry,
				    struct muster_error *err)
{
	struct layout *layout = &writer->layout;
	bool has_alg = entry->algorithm == DIGEST_XXH128;
	enum muster_code code = MUSTER_OK;

	if (!entry->extra.len && !has_alg)
		return MUSTER_OK;
	layout_key(layout, VIEW_LITERAL("extra"));
	layout_open(layout, '{');
	if (entry->extra.len)
		code = write_extra_members(writer, entry->extra, err);
	if (has_alg)
		text_member(layout, "alg", VIEW_LITERAL("XXH128"));
	layout_close(layout, '}');
	return code;
}

static void write_size(struct layout *layout, uint64_t size_bytes)
{
	layout_key(layout, VIEW_LITERAL("size"));
	layout_u64(layout, size_bytes);
}

static void write_scalars(struct layout *layout, const struct entry *entry)
{
	char buf[ENTRY_DIGEST_BUF_BYTES];

	layout_key(layout, VIEW_LITERAL("digest"));
	layout_string(layout, entry_digest_text(entry, buf));
	text_member(layout, "ref", entry->ref);
	if (layout->form == WANDB_FORM_GO) {
		write_size(layout, entry->has_size ? entry->size_bytes : 0);
		text_member(layout, "birthArtifactID", entry->birth_artifact_id);
		layout_key(layout, VIEW_LITERAL("skip_cache"));
		layout_word(layout, VIEW_LITERAL("false"));
		return;
	}
	text_member(layout, "birthArtifactID", entry->birth_artifact_id);
	if (entry->has_size)
		write_size(layout, entry->size_bytes);
}

enum muster_code wandb_writer_entry(struct wandb_writer *writer, const struct entry *entry,
				    struct muster_error *err)
{
	struct layout *layout = &writer->layout;
	enum muster_code code;

	layout->err = err;
	layout_key(layout, entry->path);
	layout_open(layout, '{');
	write_scalars(layout, entry);
	code = write_extra(writer, entry, err);
	layout_close(layout, '}');
	if (!code)
		code = layout->code;
	if (code)
		muster_context(err, "entry '%.*s'", VIEW_ARGS(entry->path));
	return code;
}

enum muster_code wandb_writer_end(struct wandb_writer *writer, struct muster_error *err)
{
	writer->layout.err = err;
	layout_close(&writer->layout, '}');
	layout_close(&writer->layout, '}');
	return writer->layout.code;
}
