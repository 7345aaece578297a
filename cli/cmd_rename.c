#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const char *name = cli_word(cli, 0);

	if (!argument_has_alias(name))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "rename is for an artifact with all its versions: '%s' names one", name);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_rename(cli->repository, cli_word(cli, 0), cli_word(cli, 1), err);
	if (!code)
		cli_say(cli, "%s is called %s now", cli_word(cli, 0), cli_word(cli, 1));
	return hint_names(cli, code);
}

const struct command command_rename = {
	.name = "rename",
	.summary = "call an artifact otherwise",
	.usage = "[options] NAME NEWNAME",
	.description =
		"The artifact NAME is called NEWNAME from now on, with all its versions, aliases "
		"and "
		"its history; links to its versions stay. What NEWNAME leaves out, project and "
		"entity, stays as it is. NAME is free then: a put under it makes a new artifact. A "
		"NEWNAME that another artifact has is refused.",
	.examples = "muster rename photos pictures\n"
		    "muster rename pictures archive/pictures",
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
