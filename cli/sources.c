#include "cli/sources.h"

#include <stdlib.h>

static enum muster_code check_source(const char *path, struct muster_error *err)
{
	return argument_is_uri(path) ? MUSTER_OK : argument_check_path(path, false, err);
}

/* "NAME=PATH"; NAME is copied behind the others, whose room was reserved. */
static enum muster_code add_place(struct sources *sources, const char *text,
				  struct muster_error *err)
{
	const char *equals = strchr(text, '=');
	struct muster_source *source = &sources->items[sources->request->source_count];
	enum muster_code code;

	if (!equals || equals == text || !equals[1])
		return muster_fail(err, MUSTER_E_USAGE, "--at: '%s' is not NAME=PATH", text);
	code = check_source(equals + 1, err);
	if (code) {
		muster_context(err, "--at");
		return code;
	}
	source->name = (const char *)sources->names.ptr + sources->names.len;
	source->path = equals + 1;
	bytes_append(&sources->names, text, (size_t)(equals - text), NULL);
	bytes_append_byte(&sources->names, '\0', NULL);
	sources->request->source_count++;
	return MUSTER_OK;
}

static enum muster_code add_sources(struct sources *sources, const struct cli *cli, size_t first,
				    const struct source_options *options, struct muster_error *err)
{
	size_t count = cli->words.count - first, name_bytes = 1;
	enum muster_code code;

	if (count + options->places.count == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "nothing to put: name a directory or a file");
	for (size_t i = 0; i < options->places.count; i++)
		name_bytes += strlen(options->places.items[i].text) + 1;
	code = bytes_reserve(&sources->names, name_bytes, err);
	sources->items = calloc(count + options->places.count, sizeof(*sources->items));
	if (!sources->items)
		return muster_fail_memory(err, "the paths");
	sources->request->sources = sources->items;
	for (size_t i = first; i < cli->words.count && !code; i++) {
		code = check_source(cli->words.items[i], err);
		sources->items[sources->request->source_count++].path = cli->words.items[i];
	}
	for (size_t i = 0; i < options->places.count && !code; i++)
		code = add_place(sources, options->places.items[i].text, err);
	return code;
}

static enum muster_code add_list(struct sources *sources, const struct cli *cli,
				 const struct source_options *options, struct muster_error *err)
{
	struct muster_put_options *request = sources->request;
	enum muster_code code;

	if (!options->files_from)
		return MUSTER_OK;
	if (request->source_count != 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--files-from needs exactly one PATH: the directory that the "
				   "names are relative to");
	code = argument_read_file(&sources->files, "--files-from", options->files_from,
				  LIST_FILE_MAX_BYTES, err);
	request->files_from = sources->files.ptr ? (const char *)sources->files.ptr : "";
	request->files_from_bytes = sources->files.len;
	request->files_from_separator = cli->global.is_null_ended ? '\0' : '\n';
	return code;
}

enum muster_code sources_fill(struct sources *sources, const struct cli *cli, size_t first_word,
			      const struct source_options *options,
			      struct muster_put_options *request, struct muster_error *err)
{
	enum muster_code code;

	sources->request = request;
	code = add_sources(sources, cli, first_word, options, err);
	if (!code)
		code = add_list(sources, cli, options, err);
	if (!code)
		code = argument_filter(&sources->filter, &options->patterns, err);
	request->wanted = sources->filter ? argument_wants : NULL;
	request->wanted_state = sources->filter;
	request->one_file_system = options->one_file_system;
	request->rehash = options->is_rehash;
	request->commit_partial = options->is_partial;
	return code;
}

void sources_release(struct sources *sources)
{
	filter_free(sources->filter);
	bytes_release(&sources->files);
	bytes_release(&sources->names);
	free(sources->items);
	*sources = (struct sources){ 0 };
}
