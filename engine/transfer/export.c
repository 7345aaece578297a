#include "artifact/wandb/manifest_json.h"
#include "engine/look/named_version.h"
#include "engine/put/uri.h"
#include "engine/transfer/transfer.h"

struct export
{
	const struct muster_export_options *options;
	struct version_reader *reader;
	struct wandb_writer *writer;
	struct bytes text;
	struct bytes reference;
};

/* "muster://<version id>/<path>" is "wandb-artifact://<version id>/<path>" to W&B: the id is what
 * its own are, hexadecimal, and the path is written raw. Such an entry counts no bytes there. */
static enum muster_code as_wandb(struct export *export, struct entry *entry,
				 struct muster_error *err)
{
	uint8_t version_id[16];
	struct view path;
	enum muster_code code;

	if (!uri_of_version(entry->ref, version_id, &path))
		return MUSTER_OK;
	export->reference.len = 0;
	code = bytes_append_text(&export->reference, "wandb-artifact://", err);
	if (!code)
		code = bytes_append(&export->reference, path.ptr - 33, 33, err); /* the id, '/' */
	if (!code)
		code = uri_unescape(path, &export->reference, err);
	entry->ref = bytes_view(&export->reference);
	entry->size_bytes = 0;
	entry->has_size = true;
	return code;
}

static enum muster_code drain(struct export *export, size_t at_least, struct muster_error *err)
{
	enum muster_code code;

	if (export->text.len <= at_least)
		return MUSTER_OK;
	code = export->options->sink(export->options->sink_state, export->text.ptr,
				     export->text.len, err);
	export->text.len = 0;
	return code;
}

static enum muster_code write_entries(struct export *export, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code;

	while (!(code = version_reader_next(export->reader, &entry, err))) {
		code = as_wandb(export, &entry, err);
		if (!code)
			code = wandb_writer_entry(export->writer, &entry, err);
		if (!code)
			code = drain(export, EXPORT_PIECE_BYTES, err);
		if (code)
			return code;
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code write_all(struct export *export, struct muster_error *err)
{
	struct wandb_writer_options options = {
		.form = export->options->python_form ? WANDB_FORM_PYTHON : WANDB_FORM_GO,
	};
	enum muster_code code = wandb_writer_new(&export->writer, &options, &export->text, err);

	if (!code)
		code = write_entries(export, err);
	if (!code)
		code = wandb_writer_end(export->writer, err);
	return code ? code : drain(export, 0, err);
}

enum muster_code export_run(struct repository *repository, const struct artifact_address *address,
			    const struct muster_export_options *options, struct muster_error *err)
{
	struct export export = { .options = options };
	struct named_version named;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (code)
		return code;
	code = named_version_read(&named, false, &export.reader, err);
	if (!code)
		code = write_all(&export, err);
	wandb_writer_free(export.writer);
	version_reader_close(export.reader);
	bytes_release(&export.text);
	bytes_release(&export.reference);
	named_version_release(&named);
	return code;
}
