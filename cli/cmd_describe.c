#include "cli/commands.h"
#include "cli/version_info.h"

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_describe(cli->repository, cli_word(cli, 0), cli_word(cli, 1), err);
	if (!code)
		cli_say(cli, "%s has a new description", cli_word(cli, 0));
	return hint_names(cli, code);
}

const struct command command_describe = {
	.name = "describe",
	.summary = "say what a version is",
	.usage = "[options] VERSION TEXT",
	.description = "Sets the description of a version. An empty TEXT removes it.",
	.examples = "muster describe photos 'all of May, without duplicates'\n"
		    "muster describe photos:v0 ''",
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
