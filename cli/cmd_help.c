#include "cli/commands.h"
#include "cli/help.h"

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const char *name = cli_word(cli, 0), *nearest;
	const struct command *command = name ? command_find(name, &nearest) : NULL;
	struct bytes text = { 0 };
	enum muster_code code;

	if (name && !command) {
		cli->hint = "'muster help' lists the commands";
		if (nearest)
			return muster_fail(err, MUSTER_E_USAGE,
					   "there is no command '%s'; did you mean '%s'?", name,
					   nearest);
		return muster_fail(err, MUSTER_E_USAGE, "there is no command '%s'", name);
	}
	if (command)
		help_command(&text, command);
	else
		help_overview(&text);
	code = output_bytes(&cli->output, bytes_view(&text), err);
	bytes_release(&text);
	return code;
}

const struct command command_help = {
	.name = "help",
	.summary = "the commands, or all about one of them",
	.usage = "[COMMAND]",
	.description = "Without COMMAND an overview of all commands, else what this one does, its "
		       "options, and examples. 'muster COMMAND --help' is the same.",
	.examples = "muster help\nmuster help put",
	.word_max = 1,
	.writes_bytes = true,
	.run = run,
};
