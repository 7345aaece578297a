#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/draft_report.h"
#include "cli/new_version.h"
#include "cli/show.h"
#include "cli/sources.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "cli/version_info.h"

struct draft_options {
	struct new_version_options version;
	struct source_options sources;
	const char *onto;
	uint64_t ttl_days;
	bool is_empty, shows_all;
};

#define DRAFT(field) offsetof(struct draft_options, field)

static const struct option_spec specs[] = {
	NEW_VERSION_OPTIONS(struct draft_options, version),
	{ .name = "onto",
	  .kind = OPTION_TEXT,
	  .offset = DRAFT(onto),
	  .value = "VERSION",
	  .help = "new: the base, an alias or vN of the artifact (default: the latest, if there "
		  "is one)" },
	{ .name = "empty",
	  .kind = OPTION_FLAG,
	  .offset = DRAFT(is_empty),
	  .help = "new: no base, begin with nothing" },
	{ .name = "ttl",
	  .kind = OPTION_NUMBER,
	  .offset = DRAFT(ttl_days),
	  .value = "DAYS",
	  .min = 1,
	  .max = MUSTER_TTL_MAX_DAYS,
	  .help = "new: how long the version lives (default: as long as the artifact's default "
		  "says)" },
	SOURCE_OPTIONS(struct draft_options, sources),
	{ .name = "all",
	  .kind = OPTION_FLAG,
	  .offset = DRAFT(shows_all),
	  .help = "list: those that were saved or dropped, too" },
};

/* --- new ------------------------------------------------------------------------------------- */

static void tell_new(struct cli *cli, const char *id)
{
	struct json_writer *json = cli_json_begin(cli, "draft");
	struct bytes *line;

	if (json) {
		json_member_text(json, "id", id);
		cli_json_end(cli);
		return;
	}
	line = output_begin(&cli->output);
	bytes_append_text(line, id, NULL);
	output_end(&cli->output, '\n');
}

static enum muster_code make(struct cli *cli, struct new_version *version, const char *name,
			     struct muster_error *err)
{
	const struct draft_options *options = cli->options;
	struct muster_draft_options request = { .name = name,
						.is_empty = options->is_empty,
						.ttl_days = (unsigned)options->ttl_days };
	char id[MUSTER_DRAFT_ID_BYTES];
	enum muster_code code = new_version_open(version, cli, &options->version, err);

	new_version_describe(&request, &options->version, version);
	if (!code)
		code = muster_draft_new(cli->repository, &request, id, err);
	if (!code)
		tell_new(cli, id);
	return code;
}

static enum muster_code draft_new(struct cli *cli, struct muster_error *err)
{
	const struct draft_options *options = cli->options;
	struct new_version version = { 0 };
	struct bytes name = { 0 };
	enum muster_code code = new_version_check(cli, &options->version, err);

	if (!code)
		code = new_version_check_put(&options->version, NULL, err);
	if (!code && options->onto && options->is_empty)
		code = muster_fail(err, MUSTER_E_USAGE, "--onto and --empty exclude each other");
	if (!code)
		code = new_version_name(&name, &options->version, options->onto, err);
	if (!code)
		code = cli_open(cli, true, err);
	if (!code)
		code = make(cli, &version, (const char *)name.ptr, err);
	new_version_release(&version);
	bytes_release(&name);
	return hint_names(cli, code);
}

/* --- add and rm ------------------------------------------------------------------------------ */

static enum muster_code add(struct cli *cli, struct muster_put_options *request,
			    struct muster_error *err)
{
	struct muster_put_report report = { 0 };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = cli_job_begin(cli, &request->job, err);
	if (code)
		return code;
	code = muster_draft_add(cli->repository, cli_word(cli, 1), request, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code || code == MUSTER_E_ITEMS || code == MUSTER_E_CANCELLED)
		draft_report_added(cli, &report);
	return code;
}

static enum muster_code draft_add(struct cli *cli, struct muster_error *err)
{
	const struct draft_options *options = cli->options;
	struct muster_put_options request = { 0 };
	struct sources sources = { 0 };
	enum muster_code code = sources_fill(&sources, cli, 2, &options->sources, &request, err);

	if (!code)
		code = add(cli, &request, err);
	sources_release(&sources);
	return code;
}

static enum muster_code draft_rm(struct cli *cli, struct muster_error *err)
{
	enum muster_code code;

	if (!cli_word(cli, 2))
		return muster_fail(err, MUSTER_E_USAGE, "draft rm: name what to remove");
	code = cli_open(cli, false, err);
	return code ? code
		    : muster_draft_remove(cli->repository, cli_word(cli, 1), cli->words.items + 2,
					  cli->words.count - 2, err);
}

/* --- show and list --------------------------------------------------------------------------- */

static enum muster_code draft_show(struct cli *cli, struct muster_error *err)
{
	struct draft_showing showing = { .cli = cli };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_draft_show(cli->repository, cli_word(cli, 1), draft_report_show,
					 draft_report_part, &showing, err);
	return draft_report_hint(cli, code);
}

struct listing {
	struct cli *cli;
	struct table table;
	uint64_t count;
};

static void cell_time(struct table *table, uint64_t time_ms)
{
	if (time_ms)
		table_cell_time(table, time_ms);
	else
		table_cell(table, "-");
}

static bool on_draft(void *state, const struct muster_draft_info *info)
{
	struct listing *listing = state;
	char id[DRAFT_SHORT_DIGITS + 1], files[64], added[TEXT_COUNT_BYTES],
		removed[TEXT_COUNT_BYTES];

	listing->count++;
	if (info->problem)
		cli_warn(listing->cli, "draft %s: %s", info->id, info->problem);
	if (draft_report_json(listing->cli, info))
		return true;
	snprintf(id, sizeof(id), "%s", info->id);
	snprintf(files, sizeof(files), "+%s -%s", text_count(added, info->added_count),
		 text_count(removed, info->removed_count));
	table_cell(&listing->table, id);
	table_cell(&listing->table, info->name[0] ? info->name : "-");
	table_cell(&listing->table, info->base[0] ? info->base : "-");
	table_cell(&listing->table, info->state);
	table_cell(&listing->table, info->version[0] ? info->version : "-");
	table_cell(&listing->table, files);
	cell_time(&listing->table, info->created_ms);
	cell_time(&listing->table, info->expiry_ms);
	return true;
}

static enum muster_code draft_list(struct cli *cli, struct muster_error *err)
{
	static const struct table_column columns[] = {
		{ "DRAFT", false },	    { "OF", false },	    { "BASE", true },
		{ "STATE", false },	    { "VERSION", true },    { "CHANGES", false },
		{ "CREATED (UTC)", false }, { "KEPT UNTIL", false }
	};
	const struct draft_options *options = cli->options;
	struct listing *listing = calloc(1, sizeof(*listing));
	enum muster_code code;

	if (!listing)
		return muster_fail_memory(err, "a table");
	listing->cli = cli;
	table_begin(&listing->table, &cli->output, columns, sizeof(columns) / sizeof(columns[0]));
	code = cli_open(cli, false, err);
	if (!code)
		code = muster_drafts(cli->repository, options->shows_all, on_draft, listing, err);
	if (!code && !listing->count)
		cli_say(cli, "no drafts");
	table_end(&listing->table);
	free(listing);
	return code;
}

/* --- save and drop --------------------------------------------------------------------------- */

static enum muster_code draft_save(struct cli *cli, struct muster_error *err)
{
	return draft_report_save(cli, cli_word(cli, 1), err);
}

static enum muster_code draft_drop(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_draft_drop(cli->repository, cli_word(cli, 1), err);
	return draft_report_hint(cli, code);
}

/* --- which ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t word_min, word_max; /* its own name among them */
	enum muster_code (*run)(struct cli *cli, struct muster_error *err);
} subcommands[] = {
	{ "new", 1, 1, draft_new },	  { "add", 2, ANY_WORDS, draft_add },
	{ "rm", 2, ANY_WORDS, draft_rm }, { "show", 2, 2, draft_show },
	{ "list", 1, 1, draft_list },	  { "save", 2, 2, draft_save },
	{ "drop", 2, 2, draft_drop },
};

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const char *what = cli_word(cli, 0);

	for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
		if (strcmp(what, subcommands[i].name) != 0)
			continue;
		if (cli->words.count < subcommands[i].word_min)
			return muster_fail(err, MUSTER_E_USAGE,
					   "draft %s: name the draft: its id, or the first digits "
					   "of it",
					   what);
		if (cli->words.count > subcommands[i].word_max)
			return muster_fail(err, MUSTER_E_USAGE, "draft %s: '%s' is too much", what,
					   cli_word(cli, subcommands[i].word_max));
		return subcommands[i].run(cli, err);
	}
	return muster_fail(err, MUSTER_E_USAGE,
			   "draft: '%s' is none of new, add, rm, show, list, save and drop", what);
}

const struct command command_draft = {
	.name = "draft",
	.summary = "make a version over several commands",
	.usage = "new [options] -n NAME\nadd [options] ID PATH...\nrm ID ENTRY...\nshow ID\n"
		 "list [--all]\nsave ID\ndrop ID",
	.description =
		"A draft is a version that is being made: a base, and what was added to it and "
		"removed from it, by any number of commands, on any machine, over days. new makes "
		"one and prints its id; four digits of an id are enough to name it, if no other "
		"begins with them.\n"
		"\n"
		"add takes what put takes, and stores what is new at once; a file replaces what "
		"the draft has under its path. rm takes a path of the version, or a directory "
		"with all that is beneath it, however much that is. save makes the version; only "
		"what was added or removed is read for it. If another version came after the base, "
		"the draft's version is made all the same, and it is told. drop gives the draft "
		"up.\n"
		"\n"
		"A draft is kept for 14 days from the last command that named it to change or to "
		"save it; show and list tell until when. After that what was added may be "
		"collected.",
	.examples = "muster draft new -n photos --onto v3\n"
		    "muster draft add 5e1f2a09 more-photos --at labels=work/labels\n"
		    "muster draft rm 5e1f2a09 2019 cover.jpg\n"
		    "muster draft save 5e1f2a09",
	COMMAND_OPTIONS(specs, struct draft_options),
	.word_min = 1,
	.word_max = ANY_WORDS,
	.run = run,
};
