#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

struct tag_options {
	bool is_remove, is_collection;
};

static const struct option_spec specs[] = {
	{ .name = "remove",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct tag_options, is_remove),
	  .help = "take it away" },
	{ .name = "collection",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct tag_options, is_collection),
	  .help = "the artifact NAME, not one version of it" },
};

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct tag_options *options = cli->options;
	const char *version = cli_word(cli, 0), *tag = cli_word(cli, 1);
	enum muster_code code = argument_check_collection(version, options->is_collection, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code && options->is_collection)
		code = muster_tag_collection(cli->repository, version, tag, options->is_remove,
					     err);
	else if (!code)
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
	.summary = "give a version, or an artifact, a tag, or take it away",
	.usage = "[options] VERSION TAG\n[options] --collection NAME TAG",
	.description =
		"A tag is a word of yours; many versions may have the same one. Letters, "
		"digits, - and _, parted by spaces. With --collection the artifact NAME as a "
		"whole has it. Of a link the version that is linked gets it.",
	.examples = "muster tag photos:v0 reviewed\n"
		    "muster tag photos:v0 reviewed --remove\n"
		    "muster tag --collection photos outdoors",
	COMMAND_OPTIONS(specs, struct tag_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
