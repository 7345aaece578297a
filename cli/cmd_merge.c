#include "cli/commands.h"
#include "cli/draft_report.h"

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	struct muster_draft_report report = { 0 };
	struct muster_job job = { 0 };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = cli_job_begin(cli, &job, err);
	if (code)
		return code;
	code = muster_draft_save(cli->repository, cli_word(cli, 0), &job, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code)
		draft_report_saved(cli, &report);
	return code;
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
