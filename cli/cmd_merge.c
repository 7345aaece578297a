#include "cli/commands.h"
#include "cli/draft_report.h"

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	return draft_report_save(cli, cli_word(cli, 0), err);
}

const struct command command_merge = {
	.name = "merge",
	.summary = "make the version of a draft whose shards are done",
	.usage = "ID",
	.description =
		"Joins the shards of the draft ID, which 'muster plan' made, into one version: the "
		"same, digest and content root, that a single put would have made. Nothing of the "
		"files is read. While a shard is missing nothing is merged; it may be done, and "
		"this be tried again. A shard that comes after the merge is told so (exit code "
		"5).\n"
		"\n"
		"It may be run twice, or by several at once: there is one version.",
	.examples = "muster merge 5e1f2a09\n"
		    "muster merge 5e1f2a0944b3c2d1e0f9a8b7c6d5e4f3 --json",
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
