#include <stdio.h>

#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"

#define AGE_DAYS_MAX 36500
#define NS_PER_S     UINT64_C(1000000000)

struct check_options {
	bool is_quick;
	uint64_t budget_bytes, max_age_days;
};

static bool is_rolling(const struct check_options *options)
{
	return options->budget_bytes || options->max_age_days;
}

static const struct option_spec specs[] = {
	{ .name = "quick",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct check_options, is_quick),
	  .help = "check bytes by checksum instead of digest" },
	{ .name = "budget",
	  .kind = OPTION_SIZE,
	  .offset = offsetof(struct check_options, budget_bytes),
	  .value = "SIZE",
	  .min = 1,
	  .help = "read stored bytes of SIZE at most, those first that were read longest ago" },
	{ .name = "max-age",
	  .kind = OPTION_NUMBER,
	  .offset = offsetof(struct check_options, max_age_days),
	  .value = "DAYS",
	  .min = 1,
	  .max = AGE_DAYS_MAX,
	  .help = "all stored bytes are to be read every DAYS days; without --budget as much is "
		  "read as a check every day must" },
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
	ROW(draft_count, "drafts", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(pack_count, "packs", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(blob_count, "blobs", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(checked_bytes, "checked", SUMMARY_SIZE, WHEN_ALWAYS),
	ROW(read_packs, "packs read", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(stored_bytes, "in packs", SUMMARY_SIZE, WHEN_VERBOSE),
	ROW(unread_packs, "never read", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(overdue_packs, "overdue", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(oldest_age_s, NULL, SUMMARY_COUNT, WHEN_JSON),
	ROW(daily_bytes, NULL, SUMMARY_SIZE, WHEN_JSON),
	ROW(began_anew, NULL, SUMMARY_FLAG, WHEN_JSON),
	ROW(unreferenced_objects, "unreferenced", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(unproved_events, "unproved events", SUMMARY_COUNT, WHEN_VERBOSE),
	ROW(finding_count, "findings", SUMMARY_COUNT, WHEN_ALWAYS),
};

/* How far a check that rolls has come. */
static void report_round(struct cli *cli, const struct muster_check_report *report)
{
	char read[TEXT_COUNT_BYTES], all[TEXT_COUNT_BYTES], unread[TEXT_COUNT_BYTES],
		age[TEXT_DURATION_BYTES], rest[128];

	if (report->unread_packs)
		snprintf(rest, sizeof(rest), "%s %s not been read by a check of this machine yet",
			 text_count(unread, report->unread_packs),
			 text_plural(report->unread_packs, "has", "have"));
	else
		snprintf(rest, sizeof(rest), "each was read within %s",
			 text_duration(age, (report->oldest_age_s + 1) * NS_PER_S));
	cli_say(cli, "read %s of %s %s; %s", text_count(read, report->read_packs),
		text_count(all, report->pack_count),
		text_plural(report->pack_count, "pack", "packs"), rest);
}

static void report_state(struct cli *cli, const struct muster_check_report *report)
{
	if (report->state_problem[0])
		cli_warn(cli, "what was known of earlier checks is lost, so they begin anew: %s",
			 report->state_problem);
	else if (report->began_anew)
		cli_say(cli, "no earlier check is known here: the first round begins");
}

static void report_budget(struct cli *cli, const struct muster_check_report *report,
			  const struct check_options *options)
{
	char needed[TEXT_SIZE_BYTES];

	if (report->overdue_packs) {
		cli_note_difference(cli);
		cli_warn(cli, "%llu %s not read for more than %llu days",
			 (unsigned long long)report->overdue_packs,
			 text_plural(report->overdue_packs, "pack was", "packs were"),
			 (unsigned long long)options->max_age_days);
	}
	if (options->budget_bytes && report->daily_bytes > options->budget_bytes)
		cli_warn(cli,
			 "the budget is too small to read all every %llu days: that takes %s a "
			 "day",
			 (unsigned long long)options->max_age_days,
			 text_size(needed, report->daily_bytes));
}

static void report_sound(struct cli *cli, const struct muster_check_report *report, bool is_rolling)
{
	if (report->finding_count) {
		cli_note_difference(cli);
		cli_say(cli, "the repository is damaged: %llu %s",
			(unsigned long long)report->finding_count,
			text_plural(report->finding_count, "finding", "findings"));
	} else {
		cli_say(cli, "the repository is sound%s",
			is_rolling ? ", as far as it was read" : "");
	}
}

static void report_all(struct cli *cli, const struct muster_check_report *report)
{
	const struct check_options *options = cli->options;

	report_sound(cli, report, report->read_packs < report->pack_count);
	if (is_rolling(options)) {
		report_state(cli, report);
		report_round(cli, report);
		report_budget(cli, report, options);
	}
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_bool(cli, "is_budget_too_small",
			 options->budget_bytes && report->daily_bytes > options->budget_bytes);
	summary_add_text(cli, "state_problem", NULL, report->state_problem);
	summary_add_speed(cli, report->blob_count, report->checked_bytes);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct check_options *options = cli->options;
	struct muster_check_options request = { .quick = options->is_quick,
						.budget_bytes = options->budget_bytes,
						.max_age_days = options->max_age_days,
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
		"Drafts that are not saved yet must be as whole as versions. What neither a "
		"version "
		"nor such a draft needs is counted as unreferenced.\n"
		"\n"
		"With --budget or --max-age the stored bytes are not all read every time, but "
		"those "
		"first that were read longest ago: when that was is kept in the cache directory of "
		"this machine. All else is proved every time. What was found broken is read again "
		"first, or told again, until it is sound. Bytes that were not read for more than "
		"--max-age DAYS are told, and the exit code is then 1.\n"
		"\n"
		"The last event of a log has none behind it that names its SHA-256. A put's is "
		"proved by its session; an alias's, a tag's, a description's, metadata's or a "
		"deletion's by nothing until the next event follows: -v tells how many there are. "
		"'muster log -v' prints the SHA-256 to keep elsewhere.",
	.examples = "muster check\nmuster check --quick --json\n"
		    "muster check --budget 200GiB --max-age 30",
	COMMAND_OPTIONS(specs, struct check_options),
	.run = run,
};
