#include "base/text/encode.h"
#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

#define ROOT_BYTES 32

struct verify_options {
	struct option_list patterns;
	const char *root;
	bool is_stored, is_quick;
};

#define VERIFY(field) offsetof(struct verify_options, field)

static const struct option_spec specs[] = {
	{ .name = "stored",
	  .kind = OPTION_FLAG,
	  .offset = VERIFY(is_stored),
	  .help = "check the stored bytes instead of a directory" },
	{ .name = "quick",
	  .kind = OPTION_FLAG,
	  .offset = VERIFY(is_quick),
	  .help = "a directory: sizes, and bytes only where the stat cache is not sure; stored: by "
		  "checksum instead of digest" },
	{ .name = "root",
	  .kind = OPTION_TEXT,
	  .offset = VERIFY(root),
	  .value = "HEX",
	  .help = "the content root that the version must have, as show printed it" },
	PATTERN_OPTIONS(struct verify_options, patterns),
};

static const char *const kind_names[] = {
	[MUSTER_DRIFT_MISSING] = "missing",
	[MUSTER_DRIFT_CHANGED] = "changed",
	[MUSTER_DRIFT_EXTRA] = "extra",
	[MUSTER_DRIFT_UNREADABLE] = "unreadable",
};

#define KIND_COLUMNS 10

static void tell_json(struct json_writer *json, enum muster_drift_kind kind, struct view path,
		      enum muster_code code, struct view cause)
{
	json_member_text(json, "kind", kind_names[kind]);
	json_write_name(json, "path", path);
	if (!code)
		return;
	json_member_text(json, "code", muster_code_name(code));
	json_write_key(json, "message");
	json_write_string(json, cause);
}

static void tell_line(struct bytes *line, enum muster_drift_kind kind, struct view path,
		      struct view cause)
{
	show_padded(line, view_text(kind_names[kind]), KIND_COLUMNS, false);
	bytes_append_text(line, "  ", NULL);
	show_name(line, path);
	if (!cause.len)
		return;
	bytes_append_text(line, ": ", NULL);
	show_message(line, cause);
}

static void on_drift(void *state, enum muster_drift_kind kind, const char *path,
		     uint64_t path_bytes, const struct muster_error *error)
{
	struct cli *cli = state;
	struct view name = view_of(path, path_bytes);
	enum muster_code code = error ? error->code : MUSTER_OK;
	struct bytes cause = { 0 };
	struct json_writer *json;

	if (code)
		text_append_cause(&cause, name, view_text(error->message), NULL);
	json = cli_json_begin(cli, "drift");
	if (json) {
		tell_json(json, kind, name, code, bytes_view(&cause));
		cli_json_end(cli);
	} else {
		tell_line(output_begin(&cli->output), kind, name, bytes_view(&cause));
		output_end(&cli->output, '\n');
	}
	bytes_release(&cause);
}

static const struct summary_row rows[] = {
	SUMMARY_ROW(version, "version", SUMMARY_TEXT, WHEN_NOT_ZERO, struct muster_verify_report),
	SUMMARY_ROW(checked_files, "checked files", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_verify_report),
	SUMMARY_ROW(checked_bytes, "checked", SUMMARY_SIZE, WHEN_ALWAYS,
		    struct muster_verify_report),
	SUMMARY_ROW(missing, "missing", SUMMARY_COUNT, WHEN_NOT_ZERO, struct muster_verify_report),
	SUMMARY_ROW(changed, "changed", SUMMARY_COUNT, WHEN_NOT_ZERO, struct muster_verify_report),
	SUMMARY_ROW(extra, "extra", SUMMARY_COUNT, WHEN_NOT_ZERO, struct muster_verify_report),
	SUMMARY_ROW(unreadable, "unreadable", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_verify_report),
	SUMMARY_ROW(skipped_references, "skipped refs", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_verify_report),
};

/* What was found of `subject`, and never more than was looked at. */
static void append_verdict(struct bytes *out, const char *subject, uint64_t drift,
			   const struct muster_verify_report *report)
{
	char count[TEXT_COUNT_BYTES];

	bytes_printf(out, NULL, "%s: ", subject);
	if (drift)
		bytes_printf(out, NULL, "%s %s from the version", text_count(count, drift),
			     text_plural(drift, "difference", "differences"));
	else if (report->checked_files)
		bytes_printf(out, NULL, "as the version says (%s %s checked)",
			     text_count(count, report->checked_files),
			     text_plural(report->checked_files, "file", "files"));
	else
		bytes_append_text(out, "nothing was checked", NULL);
	if (report->skipped_references)
		bytes_printf(out, NULL, "; %s %s not checked",
			     text_count(count, report->skipped_references),
			     text_plural(report->skipped_references, "reference was",
					 "references were"));
	else if (!drift && !report->checked_files)
		bytes_append_text(out, ", no file is wanted", NULL);
}

static void tell_verdict(struct cli *cli, uint64_t drift, const struct muster_verify_report *report)
{
	const struct verify_options *options = cli->options;
	struct bytes text = { 0 };

	append_verdict(&text, options->is_stored ? "the stored bytes" : cli_word(cli, 1), drift,
		       report);
	if (bytes_append_byte(&text, '\0', NULL) == MUSTER_OK)
		cli_say(cli, "%s", (const char *)text.ptr);
	bytes_release(&text);
}

static void report_all(struct cli *cli, const struct muster_verify_report *report)
{
	uint64_t drift = report->missing + report->changed + report->extra + report->unreadable;

	if (report->missing || report->changed || report->extra)
		cli_note_difference(cli);
	if (report->unreadable)
		cli_note_failed_items(cli);
	tell_verdict(cli, drift, report);
	summary_add_bool(cli, "is_complete", !report->skipped_references);
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->checked_files, report->checked_bytes);
}

static enum muster_code verify(struct cli *cli, const struct filter *filter,
			       struct muster_error *err)
{
	const struct verify_options *options = cli->options;
	struct muster_verify_options request = { .version = cli_word(cli, 0),
						 .directory = cli_word(cli, 1),
						 .stored = options->is_stored,
						 .quick = options->is_quick,
						 .root_hex = options->root,
						 .rules = argument_rules(filter),
						 .on_drift = on_drift,
						 .on_drift_state = cli };
	struct muster_verify_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &request.job, err);

	if (code)
		return code;
	code = muster_verify(cli->repository, &request, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code || code == MUSTER_E_ITEMS)
		report_all(cli, &report);
	return code;
}

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct verify_options *options = cli->options;
	const char *directory = cli_word(cli, 1);
	uint8_t root[ROOT_BYTES];

	if (!directory && !options->is_stored)
		return muster_fail(err, MUSTER_E_USAGE,
				   "verify against what? Name a directory, or give --stored for "
				   "the stored bytes");
	if (directory && options->is_stored)
		return muster_fail(err, MUSTER_E_USAGE, "verify '%s' or --stored: one at a time",
				   directory);
	if (options->root && !hex_decode(root, sizeof(root), view_text(options->root)))
		return muster_fail(err, MUSTER_E_USAGE,
				   "--root: '%s' is no content root: 64 digits 0-9, a-f",
				   options->root);
	return directory ? argument_check_path(directory, true, err) : MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct verify_options *options = cli->options;
	struct filter *filter = NULL;
	enum muster_code code = check(cli, err);

	if (!code)
		code = argument_filter(&filter, &options->patterns, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = hint_names(cli, verify(cli, filter, err));
	filter_free(filter);
	return code;
}

const struct command command_verify = {
	.name = "verify",
	.summary = "is a directory, or what is stored, still the version?",
	.usage = "[options] VERSION DIR\n[options] VERSION --stored",
	.description =
		"Reads every file of DIR, or with --stored every stored file of VERSION, and "
		"compares it with VERSION. All differences are printed: missing, changed, extra, "
		"unreadable. The exit code is 1 if there is any, 3 if something could not be read. "
		"References are not looked at; how many there are is told.",
	.examples = "muster verify photos photos\n"
		    "muster verify photos:v0 --stored\n"
		    "muster verify photos photos --quick --exclude '*.tmp'",
	COMMAND_OPTIONS(specs, struct verify_options),
	.word_min = 1,
	.word_max = 2,
	.run = run,
};
