#include "cli/new_version.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/show.h"
#include "cli/summary.h"

#define NAME_PARTS	   3
#define VERSION_NAME_BYTES 2048 /* three names of 128 characters, and a number */

/* Split "[[entity/]project/]name" in place; what is left out comes from the repository. */
static enum muster_code split_name(struct new_version *out, const struct cli *cli,
				   const char *address, struct muster_error *err)
{
	const char *parts[NAME_PARTS] = { muster_repository_entity(cli->repository),
					  muster_repository_project(cli->repository), NULL };
	size_t index = NAME_PARTS;
	char *end;

	out->address = strdup(address);
	if (!out->address)
		return muster_fail_memory(err, "a name");
	end = out->address + strlen(out->address);
	while (index) {
		char *slash = memrchr(out->address, '/', (size_t)(end - out->address));

		parts[--index] = slash ? slash + 1 : out->address;
		if (!slash)
			break;
		*slash = '\0';
		end = slash;
		if (!index)
			return muster_fail(err, MUSTER_E_USAGE,
					   "'%s' has too many parts: a name is "
					   "[[entity/]project/]name",
					   address);
	}
	out->entity = parts[0];
	out->project = parts[1];
	out->name = parts[2];
	return MUSTER_OK;
}

enum muster_code new_version_check(const struct cli *cli, const struct new_version_options *options,
				   struct muster_error *err)
{
	if (!options->name)
		return muster_fail(err, MUSTER_E_USAGE, "%s needs the name of an artifact: -n NAME",
				   cli->command->name);
	if (argument_has_alias(options->name))
		return muster_fail(
			err, MUSTER_E_USAGE,
			"'%s' names a version; -n takes the artifact's name only, and -a "
			"an alias for the new version",
			options->name);
	return MUSTER_OK;
}

static enum muster_code copy_list(const char ***out, size_t *count, const struct option_list *list,
				  struct muster_error *err)
{
	*count = list->count;
	*out = calloc(list->count + 1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "a list");
	for (size_t i = 0; i < list->count; i++)
		(*out)[i] = list->items[i].text;
	return MUSTER_OK;
}

void new_version_release(struct new_version *version)
{
	bytes_release(&version->document);
	free(version->tags);
	free(version->aliases);
	free(version->address);
	*version = (struct new_version){ 0 };
}

enum muster_code new_version_check_put(const struct new_version_options *options,
				       const struct muster_put_options *sources,
				       struct muster_error *err)
{
	struct new_version version = { 0 };
	struct muster_put_options request = { .name = options->name,
					      .type = options->type,
					      .description = options->description,
					      .sources = sources ? sources->sources : NULL,
					      .source_count = sources ? sources->source_count : 0 };
	enum muster_code code =
		copy_list(&version.aliases, &version.alias_count, &options->aliases, err);

	if (!code)
		code = copy_list(&version.tags, &version.tag_count, &options->tags, err);
	request.aliases = version.aliases;
	request.alias_count = version.alias_count;
	request.tags = version.tags;
	request.tag_count = version.tag_count;
	if (options->metadata && options->metadata[0] != '@') /* a file is read once, later */
		request.metadata = options->metadata;
	if (!code)
		code = muster_check_put(&request, err);
	new_version_release(&version);
	return code;
}

enum muster_code new_version_open(struct new_version *out, const struct cli *cli,
				  const struct new_version_options *options,
				  struct muster_error *err)
{
	enum muster_code code;

	*out = (struct new_version){ 0 };
	code = split_name(out, cli, options->name, err);
	if (!code)
		code = copy_list(&out->aliases, &out->alias_count, &options->aliases, err);
	if (!code)
		code = copy_list(&out->tags, &out->tag_count, &options->tags, err);
	if (!code && options->metadata) {
		code = argument_document(&out->document, "--metadata", options->metadata, err);
		out->metadata = (const char *)out->document.ptr;
	}
	return code;
}

enum muster_code new_version_onto(const char **out, const struct new_version_options *options,
				  const char *onto, struct muster_error *err)
{
	const char *colon = onto ? strrchr(onto, ':') : NULL;
	size_t name_len = colon ? (size_t)(colon - onto) : 0;

	if (onto && strcmp(onto, options->name) == 0)
		onto = "latest";
	if (colon &&
	    (strncmp(onto, options->name, name_len) != 0 || options->name[name_len] != '\0'))
		return muster_fail(err, MUSTER_E_USAGE,
				   "--onto: '%s' is no version of '%s', which is put", onto,
				   options->name);
	*out = colon ? colon + 1 : onto;
	return MUSTER_OK;
}

enum muster_code new_version_name(struct bytes *out, const struct new_version_options *options,
				  const char *onto, struct muster_error *err)
{
	enum muster_code code = new_version_onto(&onto, options, onto, err);

	if (!code)
		code = bytes_printf(out, err, "%s%s%s", options->name, onto ? ":" : "",
				    onto ? onto : "");
	return code ? code : bytes_append_byte(out, 0, err);
}

void new_version_describe(struct muster_draft_options *out,
			  const struct new_version_options *options,
			  const struct new_version *version)
{
	out->type = options->type;
	out->description = options->description;
	out->metadata = version->metadata;
	out->aliases = version->aliases;
	out->alias_count = version->alias_count;
	out->tags = version->tags;
	out->tag_count = version->tag_count;
}

static const struct summary_row put_rows[] = {
	SUMMARY_ROW(is_new, NULL, SUMMARY_FLAG, WHEN_JSON, struct muster_put_report),
	SUMMARY_ROW(is_committed, NULL, SUMMARY_FLAG, WHEN_JSON, struct muster_put_report),
	SUMMARY_ROW(reason, NULL, SUMMARY_TEXT, WHEN_JSON, struct muster_put_report),
	SUMMARY_ROW(entry_count, "files", SUMMARY_COUNT, WHEN_NOT_ZERO, struct muster_put_report),
	SUMMARY_ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_NOT_ZERO, struct muster_put_report),
	SUMMARY_ROW(carried_entries, "of other versions", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(kept_files, "unchanged files", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_put_report),
	SUMMARY_ROW(read_files, "read files", SUMMARY_COUNT, WHEN_ALWAYS, struct muster_put_report),
	SUMMARY_ROW(read_bytes, "read", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_put_report),
	SUMMARY_ROW(shared_bytes, "deduplicated", SUMMARY_SIZE, WHEN_ALWAYS,
		    struct muster_put_report),
	SUMMARY_ROW(shared_blobs, "shared blobs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_put_report),
	SUMMARY_ROW(packed_blobs, "new blobs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_put_report),
	SUMMARY_ROW(packed_bytes, "new bytes", SUMMARY_SIZE, WHEN_VERBOSE,
		    struct muster_put_report),
	SUMMARY_ROW(written_bytes, "written", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_put_report),
	SUMMARY_ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(vanished_files, "vanished files", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(special_files, "special files", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(adopted_packs, "adopted packs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_put_report),
	SUMMARY_ROW(continued_uploads, "continued uploads", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(continued_bytes, "sent before", SUMMARY_SIZE, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(ignored_uploads, "restarted uploads", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_put_report),
	SUMMARY_ROW(digest_collisions, "collisions", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_put_report),
	SUMMARY_ROW(digest, "digest", SUMMARY_TEXT, WHEN_VERBOSE, struct muster_put_report),
	SUMMARY_ROW(root, "content root", SUMMARY_TEXT, WHEN_VERBOSE, struct muster_put_report),
};

static void tell_warnings(struct cli *cli, const struct muster_put_report *report)
{
	if (report->digest_collisions)
		cli_warn(cli,
			 "%llu %s the digest of another file with other bytes; both are stored",
			 (unsigned long long)report->digest_collisions,
			 text_plural(report->digest_collisions, "file has", "files have"));
	if (report->special_files)
		cli_say(cli, "skipped %llu %s", (unsigned long long)report->special_files,
			text_plural(report->special_files, "device, pipe or socket",
				    "devices, pipes or sockets"));
}

static void tell_version(struct cli *cli, const struct muster_put_report *report,
			 const char *version)
{
	struct bytes *line;

	if (!report->is_new)
		cli_say(cli, "%s", report->reason[0] ? report->reason : "no new version");
	else if (report->reason[0])
		cli_say(cli, "made a new version, because %s:", report->reason);
	else
		cli_say(cli, "made a new version:");
	if (cli->global.json)
		return;
	line = output_begin(&cli->output);
	show_name(line, view_text(version));
	output_end(&cli->output, '\n');
}

void new_version_report(struct cli *cli, const struct new_version *version,
			const struct muster_put_report *report)
{
	char name[VERSION_NAME_BYTES];

	tell_warnings(cli, report);
	if (report->is_committed) {
		snprintf(name, sizeof(name), "%s/%s/%s:v%llu", version->entity, version->project,
			 version->name, (unsigned long long)report->version_number);
		tell_version(cli, report, name);
		summary_add_text(cli, "version", NULL, name);
	}
	summary_add(cli, put_rows, sizeof(put_rows) / sizeof(put_rows[0]), report);
	summary_add_speed(cli, report->kept_files + report->read_files, report->read_bytes);
}
