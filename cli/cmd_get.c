#include "cli/argument.h"
#include "cli/cache_report.h"
#include "cli/commands.h"
#include "cli/get_report.h"
#include "cli/show.h"
#include "cli/version_info.h"

struct get_options {
	struct option_list patterns;
	const char *path_prefix;
	struct cli_cache cache;
	bool allows_missing, is_overwrite, is_sync;
};

#define GET(field) offsetof(struct get_options, field)

static const struct option_spec specs[] = {
	{ .name = "path-prefix",
	  .kind = OPTION_TEXT,
	  .offset = GET(path_prefix),
	  .value = "PREFIX",
	  .help = "only this path, or what lies below it" },
	PATTERN_OPTIONS(struct get_options, patterns),
	{ .name = "overwrite",
	  .kind = OPTION_FLAG,
	  .offset = GET(is_overwrite),
	  .help = "replace files that are there and differ" },
	{ .name = "allow-missing-references",
	  .kind = OPTION_FLAG,
	  .offset = GET(allows_missing),
	  .help = "skip references whose bytes cannot be had" },
	CACHE_OPTIONS(struct get_options, cache),
	{ .name = "sync",
	  .kind = OPTION_FLAG,
	  .offset = GET(is_sync),
	  .help = "wait until all is on the disk" },
};

/* Where the files are is data: without DIR it is not known before. */
static void tell_directory(struct cli *cli, const struct muster_get_report *report)
{
	struct bytes *line;

	if (cli->global.json || !report->directory[0])
		return;
	line = output_begin(&cli->output);
	show_name(line, view_text(report->directory));
	output_end(&cli->output, '\n');
}

static enum muster_code get(struct cli *cli, const struct filter *filter, struct muster_error *err)
{
	const struct get_options *options = cli->options;
	struct muster_get_options request = { .version = cli_word(cli, 0),
					      .directory = cli_word(cli, 1),
					      .path_prefix = options->path_prefix,
					      .rules = argument_rules(filter),
					      .allow_missing_references = options->allows_missing,
					      .overwrite = options->is_overwrite,
					      .sync = options->is_sync };
	struct muster_get_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &request.job, err);

	if (code)
		return code;
	code = muster_get(cli->repository, &request, &report, err);
	code = cli_job_end(cli, code, err);
	if (code && code != MUSTER_E_ITEMS && code != MUSTER_E_CANCELLED)
		return code;
	tell_directory(cli, &report);
	get_report_add(cli, &report);
	cache_report_add(cli);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct get_options *options = cli->options;
	struct filter *filter;
	enum muster_code code = argument_filter(&filter, &options->patterns, err);

	if (!code)
		code = argument_refuse_uri(cli_word(cli, 1), "a directory", err);
	cli->cache = options->cache;
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = hint_names(cli, get(cli, filter, err));
	filter_free(filter);
	return code;
}

const struct command command_get = {
	.name = "get",
	.summary = "write a version's files into a directory; other files stay",
	.usage = "[options] VERSION [DIR]",
	.description =
		"Writes the files of VERSION into DIR, or into ./artifacts/NAME:vN, and prints "
		"where "
		"they are. Files that are there and equal are kept; those that differ are failed "
		"items, unless --overwrite is given. Other files stay as they are. All bytes are "
		"checked against their digests before a file gets its name.",
	.examples = "muster get photos\n"
		    "muster get photos:v0 old-photos\n"
		    "muster get photos labels --path-prefix labels --overwrite",
	COMMAND_OPTIONS(specs, struct get_options),
	.word_min = 1,
	.word_max = 2,
	.run = run,
};
