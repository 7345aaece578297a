#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

struct metadata_options {
	bool is_merge;
};

static const struct option_spec specs[] = {
	{ .name = "merge",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct metadata_options, is_merge),
	  .help = "set only the keys of JSON, and remove those that it says are null" },
};

static bool on_version(void *state, const struct muster_version_info *info)
{
	struct cli *cli = state;
	struct view document = view_text(info->metadata && *info->metadata ? info->metadata : "{}");
	struct json_writer *json = cli_json_begin(cli, "metadata");

	if (json) {
		json_write_key(json, "metadata");
		json_write_raw(json, document);
		cli_json_end(cli);
		return true;
	}
	bytes_append_view(output_begin(&cli->output), document, NULL);
	output_end(&cli->output, '\n');
	return true;
}

static enum muster_code set(struct cli *cli, const char *version, struct muster_error *err)
{
	const struct metadata_options *options = cli->options;
	struct bytes document = { 0 };
	enum muster_code code = argument_document(&document, "the metadata", cli_word(cli, 1), err);

	if (!code)
		code = muster_metadata(cli->repository, version, (const char *)document.ptr,
				       options->is_merge, err);
	if (!code)
		cli_say(cli, "%s has new metadata", version);
	bytes_release(&document);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct metadata_options *options = cli->options;
	const char *version = cli_word(cli, 0);
	enum muster_code code;

	if (options->is_merge && !cli_word(cli, 1))
		return muster_fail(err, MUSTER_E_USAGE, "--merge needs the JSON to merge");
	code = cli_open(cli, false, err);
	if (code)
		return code;
	if (cli_word(cli, 1))
		code = set(cli, version, err);
	else
		code = muster_show(cli->repository, version, on_version, cli, err);
	return hint_names(cli, code);
}

const struct command command_metadata = {
	.name = "metadata",
	.summary = "print or set the metadata of a version",
	.usage = "[options] VERSION\n[options] VERSION JSON",
	.description =
		"Metadata is a JSON object of your own, of at most 100 keys. Without JSON it is "
		"printed; with JSON (or @FILE, which holds it) it is replaced, or with --merge "
		"changed key by key.",
	.examples = "muster metadata photos\n"
		    "muster metadata photos '{\"camera\": \"X100\", \"count\": 3}'\n"
		    "muster metadata photos '{\"count\": null}' --merge",
	COMMAND_OPTIONS(specs, struct metadata_options),
	.word_min = 1,
	.word_max = 2,
	.run = run,
};
