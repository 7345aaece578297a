#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"

struct check_options {
	bool is_quick;
};

static const struct option_spec specs[] = {
	{ .name = "quick",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct check_options, is_quick),
	  .help = "check bytes by checksum instead of digest" },
};

static void on_finding(void *state, const char *object, const struct muster_error *error)
{
	struct cli *cli = state;
	struct json_writer *json = cli_json_begin(cli, "finding");
	struct bytes *line;

	if (json) {
		json_write_name(json, "object", view_text(object));
		json_member_text(json, "code", muster_code_name(error->code));
		json_member_text(json, "message", error->message);
		cli_json_end(cli);
		return;
	}
	line = output_begin(&cli->output);
	show_name(line, view_text(object));
	bytes_append_text(line, ": ", NULL);
	show_message(line, view_text(error->message));
	output_end(&cli->output, '\n');
}

#define ROW(key, label, kind, when) SUMMARY_ROW(key, label, kind, when, struct muster_check_report)

static const struct summary_row rows[] = {
	ROW(log_count, "logs", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(event_count, "events", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(checkpoint_count, "checkpoints", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(manifest_count, "manifests", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(leaf_count, "leaves", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(entry_count, "entries", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(index_count, "index files", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(run_count, "runs", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(use_count, "uses", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(pack_count, "packs", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(blob_count, "blobs", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(checked_bytes, "checked", SUMMARY_SIZE, WHEN_ALWAYS),
	ROW(unreferenced_objects, "unreferenced", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(unproved_events, "unproved events", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(finding_count, "findings", SUMMARY_COUNT, WHEN_ALWAYS),
};

static void report_all(struct cli *cli, const struct muster_check_report *report)
{
	if (report->finding_count) {
		cli_note_difference(cli);
		cli_say(cli, "the repository is damaged: %llu %s",
			(unsigned long long)report->finding_count,
			text_plural(report->finding_count, "finding", "findings"));
	} else {
		cli_say(cli, "the repository is sound");
	}
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->blob_count, report->checked_bytes);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct check_options *options = cli->options;
	struct muster_check_options request = { .quick = options->is_quick,
						.on_finding = on_finding,
						.on_finding_state = cli };
	struct muster_check_report report = { 0 };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = cli_job_begin(cli, &request.job, err);
	if (code)
		return code;
	code = muster_check(cli->repository, &request, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code || code == MUSTER_E_ITEMS)
		report_all(cli, &report);
	return code;
}

const struct command command_check = {
	.name = "check",
	.summary = "is the whole repository sound?",
	.usage = "[options]",
	.description =
		"Reads the whole repository and proves it: the chains of events, manifests, the "
		"list "
		"of entries, the index, and all stored bytes. Everything that is wrong is printed "
		"with the object it was found in; the exit code is then 1.\n"
		"\n"
		"The last event of a log has none behind it that names its SHA-256. A put's is "
		"proved by its session; an alias's, a tag's, a description's, metadata's or a "
		"deletion's by nothing until the next event follows: -v tells how many there are. "
		"'muster log -v' prints the SHA-256 to keep elsewhere.",
	.examples = "muster check\nmuster check --quick --json",
	COMMAND_OPTIONS(specs, struct check_options),
	.run = run,
};
