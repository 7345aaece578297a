#include "cli/argument.h"
#include "cli/cache_report.h"
#include "cli/commands.h"
#include "cli/version_info.h"

struct cat_options {
	struct cli_cache cache;
};

static const struct option_spec specs[] = { CACHE_OPTIONS(struct cat_options, cache) };

static enum muster_code on_bytes(void *state, const void *bytes, uint64_t count,
				 struct muster_error *err)
{
	struct cli *cli = state;

	return output_bytes(&cli->output, view_of(bytes, count), err);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct cat_options *options = cli->options;
	enum muster_code code;

	cli->cache = options->cache;
	code = cli_open(cli, false, err);
	if (code)
		return code;
	code = muster_cat(cli->repository, cli_word(cli, 0), cli_word(cli, 1), on_bytes, cli, err);
	cache_report_add(cli);
	return hint_names(cli, code);
}

const struct command command_cat = {
	.name = "cat",
	.summary = "write a file of a version to standard output",
	.usage = "[options] VERSION ENTRY",
	.description = "Writes the bytes of one file. They are checked while they are written; if "
		       "they are not what they should be, the exit code is 4 and what was written "
		       "must not be used.",
	.examples = "muster cat photos README.txt\n"
		    "muster cat photos:v0 labels/may.csv | head",
	COMMAND_OPTIONS(specs, struct cat_options),
	.word_min = 2,
	.word_max = 2,
	.writes_bytes = true,
	.run = run,
};
