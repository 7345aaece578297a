#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const char *word = cli_word(cli, 0);

	if (argument_has_alias(word))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "which link? Name it ('%s:vN')", word);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_unlink(cli->repository, cli_word(cli, 0), err);
	if (!code)
		cli_say(cli, "%s is linked no more", cli_word(cli, 0));
	return hint_names(cli, code);
}

const struct command command_unlink = {
	.name = "unlink",
	.summary = "take a link out of a portfolio",
	.usage = "[options] NAME:ALIAS",
	.description = "Deletes a link, with the aliases that it has in its portfolio. The version "
		       "that it "
		       "links stays as it is. Numbers of links are never used again.",
	.examples = "muster unlink chosen:v0\n"
		    "muster unlink model-registry/Detector:production",
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
