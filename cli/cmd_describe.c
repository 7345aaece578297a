#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

struct describe_options {
	bool is_collection;
};

static const struct option_spec specs[] = {
	{ .name = "collection",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct describe_options, is_collection),
	  .help = "the artifact NAME, not one version of it" },
};

static enum muster_code describe(struct cli *cli, struct muster_error *err)
{
	const struct describe_options *options = cli->options;
	const char *name = cli_word(cli, 0), *text = cli_word(cli, 1);

	return options->is_collection ? muster_describe_collection(cli->repository, name, text, err)
				      : muster_describe(cli->repository, name, text, err);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct describe_options *options = cli->options;
	enum muster_code code =
		argument_check_collection(cli_word(cli, 0), options->is_collection, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = describe(cli, err);
	if (!code)
		cli_say(cli, "%s has a new description", cli_word(cli, 0));
	return hint_names(cli, code);
}

const struct command command_describe = {
	.name = "describe",
	.summary = "say what a version, or an artifact, is",
	.usage = "[options] VERSION TEXT\n[options] --collection NAME TEXT",
	.description =
		"Sets the description of a version, or with --collection that of the artifact "
		"NAME as a whole. An empty TEXT removes it. Of a link it is set on the version "
		"that is linked.",
	.examples = "muster describe photos 'all of May, without duplicates'\n"
		    "muster describe photos:v0 ''\n"
		    "muster describe --collection photos 'what the cameras deliver'",
	COMMAND_OPTIONS(specs, struct describe_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
