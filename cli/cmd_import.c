#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/new_version.h"

struct import_options {
	struct new_version_options version;
	const char *from;
	bool is_partial;
};

static const struct option_spec specs[] = {
	NEW_VERSION_OPTIONS(struct import_options, version),
	{ .name = "from",
	  .kind = OPTION_TEXT,
	  .offset = offsetof(struct import_options, from),
	  .value = "DIR",
	  .help = "where the files are, under their paths in the manifest" },
	{ .name = "commit-partial",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct import_options, is_partial),
	  .help = "make the version without the files that could not be had" },
};

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct import_options *options = cli->options;
	enum muster_code code = new_version_check(cli, &options->version, err);

	if (!code)
		code = new_version_check_put(&options->version, NULL, err);
	if (!code)
		code = argument_check_file(cli_word(cli, 0), err);
	if (!code && options->from)
		code = argument_check_path(options->from, true, err);
	return code;
}

static enum muster_code import(struct cli *cli, const struct new_version *version,
			       struct muster_error *err)
{
	const struct import_options *options = cli->options;
	struct muster_import_options request = { .manifest_path = cli_word(cli, 0),
						 .from = options->from,
						 .entity = version->entity,
						 .project = version->project,
						 .name = version->name,
						 .type = options->version.type,
						 .description = options->version.description,
						 .metadata = version->metadata,
						 .aliases = version->aliases,
						 .alias_count = version->alias_count,
						 .tags = version->tags,
						 .tag_count = version->tag_count,
						 .commit_partial = options->is_partial };
	struct muster_put_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &request.job, err);

	if (code)
		return code;
	code = muster_import(cli->repository, &request, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code || code == MUSTER_E_ITEMS || code == MUSTER_E_CANCELLED)
		new_version_report(cli, version, &report);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct import_options *options = cli->options;
	struct new_version version = { 0 };
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, true, err);
	if (!code)
		code = new_version_open(&version, cli, &options->version, err);
	if (!code)
		code = import(cli, &version, err);
	new_version_release(&version);
	return code;
}

const struct command command_import = {
	.name = "import",
	.summary = "make a version of W&B's wandb_manifest.json",
	.usage = "[options] FILE -n NAME",
	.description =
		"Reads a wandb_manifest.json, as W&B's Python or Go code writes it, and makes a "
		"version with the same entries and the same digest. The bytes of its files come "
		"from "
		"the directory given with --from and must have the digests that the manifest says; "
		"files that the repository stores already need none.",
	.examples = "muster import wandb_manifest.json --from photos -n photos\n"
		    "muster import wandb_manifest.json -n photos -a imported",
	COMMAND_OPTIONS(specs, struct import_options),
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
