#include <stdio.h>
#include <stdlib.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "cli/version_info.h"

struct ls_options {
	bool is_long, is_recursive, shows_versions;
};

#define LS(field) offsetof(struct ls_options, field)

static const struct option_spec specs[] = {
	{ .letters = "l",
	  .name = "long",
	  .kind = OPTION_FLAG,
	  .offset = LS(is_long),
	  .help = "with digests and sizes" },
	{ .name = "recursive",
	  .kind = OPTION_FLAG,
	  .offset = LS(is_recursive),
	  .help = "all paths below, not one level" },
	{ .name = "versions",
	  .kind = OPTION_FLAG,
	  .offset = LS(shows_versions),
	  .help = "the versions of the artifact" },
};

struct listing {
	struct cli *cli;
	struct table table;
	uint64_t count;
};

/* --- collections ------------------------------------------------------------------------------ */

static void collection_json(struct cli *cli, const struct muster_collection_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "collection");
	char time[TEXT_TIME_BYTES];

	json_member_text(json, "entity", info->entity);
	json_member_text(json, "project", info->project);
	json_member_text(json, "name", info->name);
	json_member_text(json, "artifact_type", info->type);
	json_member_u64(json, "version_count", info->version_count);
	if (info->version_count) {
		json_member_u64(json, "latest_number", info->latest_number);
		json_member_u64(json, "latest_bytes", info->latest_bytes);
		json_member_u64(json, "latest_entries", info->latest_entries);
	}
	if (info->default_ttl_days)
		json_member_u64(json, "default_ttl_days", info->default_ttl_days);
	json_member_bool(json, "is_portfolio", info->is_portfolio);
	json_member_text(json, "description", info->description);
	json_member_list(json, "tags", info->tags, info->tag_count);
	json_member_text(json, "updated_at", text_time(time, info->updated_ms * 1000000));
	cli_json_end(cli);
}

static bool on_collection(void *state, const struct muster_collection_info *info)
{
	struct listing *listing = state;
	char name[COLLECTION_NAME_BYTES], latest[32];

	listing->count++;
	if (listing->cli->global.json) {
		collection_json(listing->cli, info);
		return true;
	}
	collection_name(name, listing->cli->repository, info);
	table_cell(&listing->table, name);
	table_cell(&listing->table, info->type);
	table_cell_count(&listing->table, info->version_count);
	snprintf(latest, sizeof(latest), "v%llu", (unsigned long long)info->latest_number);
	table_cell(&listing->table, info->version_count ? latest : "-");
	table_cell_count(&listing->table, info->latest_entries);
	table_cell_size(&listing->table, info->latest_bytes);
	table_cell_time(&listing->table, info->updated_ms);
	table_cell(&listing->table, info->is_portfolio ? "portfolio" : "");
	return true;
}

static enum muster_code list_collections(struct listing *listing, struct muster_error *err)
{
	static const struct table_column columns[] = {
		{ "NAME", false },	    { "TYPE", false }, { "VERSIONS", true },
		{ "LATEST", true },	    { "FILES", true }, { "SIZE", true },
		{ "CHANGED (UTC)", false }, { "", false },
	};
	enum muster_code code;

	table_begin(&listing->table, &listing->cli->output, columns,
		    sizeof(columns) / sizeof(columns[0]));
	code = muster_collections(listing->cli->repository, on_collection, listing, err);
	table_end(&listing->table);
	if (!code && !listing->count)
		cli_say(listing->cli,
			"there are no artifacts yet: 'muster put DIR -n NAME' makes one");
	return code;
}

/* --- versions --------------------------------------------------------------------------------- */

static void cell_names(struct table *table, const char *const *names, size_t count)
{
	struct bytes text = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (i)
			bytes_append_text(&text, ", ", NULL);
		bytes_append_text(&text, names[i], NULL);
	}
	if (bytes_append_byte(&text, '\0', NULL) == MUSTER_OK)
		table_cell(table, (const char *)text.ptr);
	else
		table_cell(table, "");
	bytes_release(&text);
}

static void cell_source(struct table *table, const struct muster_version_info *info)
{
	struct bytes text = { 0 };

	bytes_append_text(&text, "link to ", NULL);
	version_info_source(&text, info);
	if (bytes_append_byte(&text, '\0', NULL) == MUSTER_OK)
		table_cell(table, (const char *)text.ptr);
	else
		table_cell(table, "");
	bytes_release(&text);
}

/* Nothing for most: then the column cannot be seen. Links have no end. */
static void cell_end(struct table *table, const struct muster_version_info *info)
{
	char time[SHOW_TIME_BYTES], text[64] = "";

	if (info->is_link) {
		cell_source(table, info);
		return;
	}
	if (info->expires_ms)
		snprintf(text, sizeof(text), "%s %s", info->is_expired ? "EXPIRED" : "expires",
			 show_time(time, info->expires_ms));
	table_cell(table, text);
}

static bool on_version(void *state, const struct muster_version_info *info)
{
	struct listing *listing = state;
	const struct ls_options *options = listing->cli->options;
	char number[32];

	listing->count++;
	if (listing->cli->global.json) {
		version_info_json(listing->cli, info);
		return true;
	}
	snprintf(number, sizeof(number), "v%llu", (unsigned long long)info->number);
	table_cell(&listing->table, number);
	table_cell_count(&listing->table, info->entry_count);
	table_cell_size(&listing->table, info->size_bytes);
	table_cell_time(&listing->table, info->created_ms);
	if (options->is_long)
		table_cell(&listing->table, info->digest);
	cell_names(&listing->table, info->aliases, info->alias_count);
	cell_end(&listing->table, info);
	return true;
}

static enum muster_code list_versions(struct listing *listing, const char *name,
				      struct muster_error *err)
{
	static const struct table_column shortly[] = {
		{ "VERSION", true },	    { "FILES", true },	  { "SIZE", true },
		{ "CREATED (UTC)", false }, { "ALIASES", false }, { "", false },
	};
	static const struct table_column fully[] = {
		{ "VERSION", true }, { "FILES", true },
		{ "SIZE", true },    { "CREATED (UTC)", false },
		{ "DIGEST", false }, { "ALIASES", false },
		{ "", false },
	};
	const struct ls_options *options = listing->cli->options;
	enum muster_code code;

	table_begin(&listing->table, &listing->cli->output, options->is_long ? fully : shortly,
		    options->is_long ? 7 : 6);
	code = muster_versions(listing->cli->repository, name, on_version, listing, err);
	table_end(&listing->table);
	return code;
}

/* --- entries ---------------------------------------------------------------------------------- */

static bool on_entry(void *state, const struct muster_entry_info *info)
{
	struct listing *listing = state;
	struct cli *cli = listing->cli;
	const struct ls_options *options = cli->options;
	struct bytes *line;

	listing->count++;
	if (cli->global.json) {
		entry_info_json(cli, info);
		return true;
	}
	line = output_begin(&cli->output);
	if (cli->global.is_null_ended)
		bytes_append(line, info->path, info->path_bytes, NULL);
	else
		entry_info_append(line, info, options->is_long);
	output_end(&cli->output, cli->global.is_null_ended ? '\0' : '\n');
	return true;
}

static enum muster_code list_entries(struct listing *listing, struct muster_error *err)
{
	struct cli *cli = listing->cli;
	const struct ls_options *options = cli->options;
	const char *prefix = cli_word(cli, 1);
	enum muster_code code = muster_entries(cli->repository, cli_word(cli, 0), prefix,
					       !options->is_recursive, on_entry, listing, err);

	if (!code && !listing->count && prefix)
		return muster_fail(err, MUSTER_E_NAME, "there is nothing at '%s' in '%s'", prefix,
				   cli_word(cli, 0));
	return code;
}

/* --- */

static enum muster_code list(struct listing *listing, struct muster_error *err)
{
	struct cli *cli = listing->cli;
	const struct ls_options *options = cli->options;
	const char *name = cli_word(cli, 0);

	if (options->shows_versions)
		return list_versions(listing, name, err);
	return name ? list_entries(listing, err) : list_collections(listing, err);
}

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct ls_options *options = cli->options;
	const char *name = cli_word(cli, 0);

	if (!options->shows_versions)
		return MUSTER_OK;
	if (cli->words.count != 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--versions needs the name of one artifact");
	if (argument_has_alias(name))
		return muster_fail(err, MUSTER_E_USAGE,
				   "--versions lists all versions: '%s' names one", name);
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	struct listing *listing;
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (code)
		return code;
	listing = calloc(1, sizeof(*listing));
	if (!listing)
		return muster_fail_memory(err, "a listing");
	listing->cli = cli;
	code = hint_names(cli, list(listing, err));
	summary_add_u64(cli, "count", listing->count);
	free(listing);
	return code;
}

const struct command command_ls = {
	.name = "ls",
	.summary = "list artifacts, their versions, or the files of a version",
	.usage = "[options]\n[options] --versions NAME\n[options] VERSION [PREFIX]",
	.description =
		"Without a name, the artifacts of the repository. With --versions, the versions of "
		"an artifact. With VERSION, its files: one level, or with --recursive all; those "
		"of "
		"the directory PREFIX if it is given.",
	.examples = "muster ls\n"
		    "muster ls --versions photos\n"
		    "muster ls -l photos labels\n"
		    "muster ls --recursive --json photos:v0",
	COMMAND_OPTIONS(specs, struct ls_options),
	.word_max = 2,
	.run = run,
};
