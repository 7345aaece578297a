#include "cli/commands.h"
#include "cli/version_info.h"

struct tag_options {
	bool is_remove;
};

static const struct option_spec specs[] = {
	{ .name = "remove",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct tag_options, is_remove),
	  .help = "take it away from the version" },
};

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct tag_options *options = cli->options;
	const char *version = cli_word(cli, 0), *tag = cli_word(cli, 1);
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_tag(cli->repository, version, tag, options->is_remove, err);
	if (!code)
		cli_say(cli,
			options->is_remove ? "%s no longer has the tag '%s'"
					   : "%s now has the tag '%s'",
			version, tag);
	return hint_names(cli, code);
}

const struct command command_tag = {
	.name = "tag",
	.summary = "give a version a tag, or take it away",
	.usage = "[options] VERSION TAG",
	.description = "A tag is a word of yours; many versions may have the same one. Letters, "
		       "digits, - and _, parted by spaces.",
	.examples = "muster tag photos:v0 reviewed\n"
		    "muster tag photos:v0 reviewed --remove",
	COMMAND_OPTIONS(specs, struct tag_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
