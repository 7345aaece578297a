#include "api/artifact/cursor.h"

#include <stdlib.h>

/* --- all of it -------------------------------------------------------------------------------- */

struct muster_manifest {
	struct muster_artifact *artifact;
	struct artifact_cursor cursor;
	struct muster_entry entry;
};

enum muster_code muster_artifact_manifest(struct muster_artifact *artifact,
					  struct muster_manifest **out, struct muster_error *err)
{
	struct muster_manifest *manifest = calloc(1, sizeof(*manifest));
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (!artifact->draft)
		code = artifact_need_version(artifact, "manifest", err);
	if (!code && !manifest)
		code = muster_fail_memory(err, "a manifest");
	if (!code)
		code = artifact_cursor_open(&manifest->cursor, artifact, err);
	if (!code)
		code = artifact_cursor_seek(&manifest->cursor, view_of("", 0), err);
	if (code) {
		muster_manifest_close(manifest);
		return code;
	}
	manifest->artifact = artifact;
	*out = manifest;
	return MUSTER_OK;
}

void muster_manifest_close(struct muster_manifest *manifest)
{
	if (!manifest)
		return;
	artifact_cursor_close(&manifest->cursor);
	entry_release(&manifest->entry);
	free(manifest);
}

enum muster_code muster_manifest_next(struct muster_manifest *manifest,
				      const struct muster_entry **out, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = artifact_cursor_next(&manifest->cursor, &entry, err);

	if (!code)
		code = entry_fill(&manifest->entry, manifest->artifact, &entry, err);
	if (!code)
		*out = &manifest->entry;
	return code;
}

enum muster_code muster_manifest_seek(struct muster_manifest *manifest, const char *path,
				      struct muster_error *err)
{
	return artifact_cursor_seek(&manifest->cursor, view_text(path ? path : ""), err);
}

/* --- in pages --------------------------------------------------------------------------------- */

struct muster_files {
	struct muster_artifact *artifact;
	struct muster_files_options options;
	struct version_reader *reader;
	size_t next_name;
	struct muster_entry *entries; /* per_page of them */
	const struct muster_entry **page;
	size_t count, at; /* of the page; given of it */
};

static enum muster_code check(const struct muster_files_options *options, struct muster_error *err)
{
	if (options->per_page > MUSTER_FILES_PER_PAGE_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "%u files a page are more than %u",
				   options->per_page, MUSTER_FILES_PER_PAGE_MAX);
	if (options->names && options->start)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'start' is a place among all files: it does not go with names");
	return MUSTER_OK;
}

/* Behind `start`: the first path that is greater than it is itself with a byte more. */
static enum muster_code seek(struct version_reader *reader, const char *start,
			     struct muster_error *err)
{
	struct bytes behind = { 0 };
	enum muster_code code = bytes_append_text(&behind, start ? start : "", err);

	if (!code && start)
		code = bytes_append_byte(&behind, '\0', err);
	if (!code)
		version_reader_seek(reader, bytes_view(&behind));
	bytes_release(&behind);
	return code;
}

static enum muster_code open_files(struct muster_files *files, struct muster_error *err)
{
	size_t per_page = files->options.per_page;
	enum muster_code code;

	files->entries = calloc(per_page, sizeof(*files->entries));
	files->page = calloc(per_page, sizeof(*files->page));
	if (!files->entries || !files->page)
		return muster_fail_memory(err, "a page of files");
	code = artifact_read(files->artifact, &files->reader, err);
	return code ? code : seek(files->reader, files->options.start, err);
}

enum muster_code muster_artifact_files(struct muster_artifact *artifact,
				       const struct muster_files_options *options,
				       struct muster_files **out, struct muster_error *err)
{
	static const struct muster_files_options defaults = { 0 };
	struct muster_files *files;
	enum muster_code code = artifact_need_version(artifact, "files", err);

	*out = NULL;
	options = options ? options : &defaults;
	if (!code)
		code = check(options, err);
	if (code)
		return code;
	files = calloc(1, sizeof(*files));
	if (!files)
		return muster_fail_memory(err, "a list of files");
	files->artifact = artifact;
	files->options = *options;
	if (!files->options.per_page)
		files->options.per_page = MUSTER_FILES_PER_PAGE;
	code = open_files(files, err);
	if (code)
		muster_files_close(files);
	else
		*out = files;
	return code;
}

void muster_files_close(struct muster_files *files)
{
	if (!files)
		return;
	version_reader_close(files->reader);
	for (size_t i = 0; files->entries && i < files->options.per_page; i++)
		entry_release(&files->entries[i]);
	free(files->entries);
	free(files->page);
	free(files);
}

static enum muster_code next_entry(struct muster_files *files, struct entry *out,
				   struct muster_error *err)
{
	const struct muster_files_options *options = &files->options;
	enum muster_code code = MUSTER_ABSENT;

	if (!options->names)
		return version_reader_next(files->reader, out, err);
	while (code == MUSTER_ABSENT) {
		if (files->next_name == options->name_count)
			return MUSTER_END;
		code = version_reader_find(files->reader,
					   view_text(options->names[files->next_name++]), out, err);
	}
	return code;
}

static enum muster_code read_page(struct muster_files *files, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = MUSTER_OK;

	files->count = files->at = 0;
	while (files->count < files->options.per_page) {
		struct muster_entry *into = &files->entries[files->count];

		code = next_entry(files, &entry, err);
		if (!code)
			code = entry_fill(into, files->artifact, &entry, err);
		if (code)
			break;
		files->page[files->count++] = into;
	}
	return code == MUSTER_END && files->count ? MUSTER_OK : code;
}

enum muster_code muster_files_next_page(struct muster_files *files,
					const struct muster_entry *const **out, size_t *count,
					struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (files->at == files->count)
		code = read_page(files, err);
	if (code)
		return code;
	*out = files->page + files->at;
	*count = files->count - files->at;
	files->at = files->count;
	return MUSTER_OK;
}

enum muster_code muster_files_next(struct muster_files *files, const struct muster_entry **out,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (files->at == files->count)
		code = read_page(files, err);
	if (!code)
		*out = files->page[files->at++];
	return code;
}
