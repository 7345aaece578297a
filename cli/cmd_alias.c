#include "cli/commands.h"
#include "cli/version_info.h"

struct alias_options {
	bool is_remove;
};

static const struct option_spec specs[] = {
	{ .name = "remove",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct alias_options, is_remove),
	  .help = "take it away from the version" },
};

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct alias_options *options = cli->options;
	const char *version = cli_word(cli, 0), *alias = cli_word(cli, 1);
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_alias(cli->repository, version, alias, options->is_remove, err);
	if (!code)
		cli_say(cli,
			options->is_remove ? "%s no longer has the alias '%s'"
					   : "%s now has the alias '%s'",
			version, alias);
	return hint_names(cli, code);
}

const struct command command_alias = {
	.name = "alias",
	.summary = "give a version an alias, or take it away",
	.usage = "[options] VERSION ALIAS",
	.description =
		"An alias is a name of one version of an artifact; a version that had it loses it. "
		"The alias latest moves by itself with every new version.",
	.examples = "muster alias photos:v0 best\n"
		    "muster alias photos:best best --remove",
	COMMAND_OPTIONS(specs, struct alias_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
