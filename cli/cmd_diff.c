#include <stdio.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

#define KIND_COLUMNS 8
#define SIZE_COLUMNS 10

struct diff_options {
	bool only_summary;
};

static const struct option_spec specs[] = {
	{ .name = "summary",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct diff_options, only_summary),
	  .help = "only how many, not which" },
};

static const char *const kind_names[] = {
	[MUSTER_CHANGE_ADDED] = "added",
	[MUSTER_CHANGE_REMOVED] = "removed",
	[MUSTER_CHANGE_MODIFIED] = "modified",
};

static void append_size(struct bytes *line, bool has_size, uint64_t size_bytes)
{
	char text[TEXT_SIZE_BYTES];

	bytes_append_text(line, "  ", NULL);
	show_padded(line, view_text(has_size ? text_size(text, size_bytes) : "-"), SIZE_COLUMNS,
		    true);
}

static void tell_json(struct json_writer *json, const struct muster_change_info *info)
{
	json_member_text(json, "kind", kind_names[info->kind]);
	json_write_name(json, "path", view_of(info->path, info->path_bytes));
	if (info->has_old)
		json_member_u64(json, "old_bytes", info->old_bytes);
	if (info->has_new)
		json_member_u64(json, "new_bytes", info->new_bytes);
}

static bool on_change(void *state, const struct muster_change_info *info)
{
	struct cli *cli = state;
	struct json_writer *json = cli_json_begin(cli, "change");
	struct bytes *line;

	if (json) {
		tell_json(json, info);
		cli_json_end(cli);
		return true;
	}
	line = output_begin(&cli->output);
	show_padded(line, view_text(kind_names[info->kind]), KIND_COLUMNS, false);
	append_size(line, info->has_old, info->old_bytes);
	append_size(line, info->has_new, info->new_bytes);
	bytes_append_text(line, "  ", NULL);
	show_name(line, view_of(info->path, info->path_bytes));
	output_end(&cli->output, '\n');
	return true;
}

#define ROW(key, label, kind, when) SUMMARY_ROW(key, label, kind, when, struct muster_diff_report)

static const struct summary_row rows[] = {
	ROW(added, NULL, SUMMARY_COUNT, WHEN_JSON),
	ROW(removed, NULL, SUMMARY_COUNT, WHEN_JSON),
	ROW(modified, NULL, SUMMARY_COUNT, WHEN_JSON),
	ROW(added_bytes, NULL, SUMMARY_SIZE, WHEN_JSON),
	ROW(removed_bytes, NULL, SUMMARY_SIZE, WHEN_JSON),
	ROW(leaves_decoded, NULL, SUMMARY_COUNT, WHEN_JSON),
};

/* With --summary the counts are the data, else they are said beside it. */
static void report_all(struct cli *cli, const struct muster_diff_report *report)
{
	const struct diff_options *options = cli->options;
	char added[TEXT_COUNT_BYTES], removed[TEXT_COUNT_BYTES], modified[TEXT_COUNT_BYTES];
	char more[TEXT_SIZE_BYTES], less[TEXT_SIZE_BYTES], text[256];

	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	if (report->added || report->removed || report->modified)
		cli_note_difference(cli);
	if (cli->global.json)
		return;
	snprintf(text, sizeof(text), "%s added (%s), %s removed (%s), %s modified",
		 text_count(added, report->added), text_size(more, report->added_bytes),
		 text_count(removed, report->removed), text_size(less, report->removed_bytes),
		 text_count(modified, report->modified));
	if (options->only_summary) {
		bytes_append_text(output_begin(&cli->output), text, NULL);
		output_end(&cli->output, '\n');
	} else {
		cli_say(cli, "%s", text);
	}
	if (cli->global.verbose)
		cli_say(cli, "%s %s decoded", text_count(added, report->leaves_decoded),
			text_plural(report->leaves_decoded, "leaf was", "leaves were"));
}

static bool ignore_version(void *state, const struct muster_version_info *info)
{
	(void)state;
	(void)info;
	return false;
}

/* A directory of this name is here, and was taken for an artifact that is not. */
static bool is_meant_as_directory(struct cli *cli, const char *word)
{
	struct muster_error ignored;

	return !strchr(word, '/') && !argument_has_alias(word) &&
	       !argument_check_path(word, true, &ignored) &&
	       muster_show(cli->repository, word, ignore_version, NULL, NULL) == MUSTER_E_NAME;
}

static enum muster_code hint_directories(struct cli *cli, enum muster_code code)
{
	if (code == MUSTER_E_NAME && cli->repository &&
	    (is_meant_as_directory(cli, cli_word(cli, 0)) ||
	     is_meant_as_directory(cli, cli_word(cli, 1))))
		cli->hint = "a directory is written with ./ in front: ./DIR";
	return hint_names(cli, code);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct diff_options *options = cli->options;
	struct muster_diff_report report = { 0 };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = muster_diff(cli->repository, cli_word(cli, 0), cli_word(cli, 1),
				   options->only_summary ? NULL : on_change, cli, &report, err);
	if (!code || code == MUSTER_E_ITEMS)
		report_all(cli, &report);
	return hint_directories(cli, code);
}

const struct command command_diff = {
	.name = "diff",
	.summary = "what differs between versions, or directories",
	.usage = "[options] A B",
	.description =
		"Prints what B has more, less or other than A: added, removed, modified, with the "
		"old and the new size. A and B are versions or directories; a directory begins "
		"with "
		"/, ./ or ../. The exit code is 1 if there is a difference.",
	.examples = "muster diff photos:v0 photos:v1\n"
		    "muster diff photos ./photos\n"
		    "muster diff --summary photos:v0 photos",
	COMMAND_OPTIONS(specs, struct diff_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
