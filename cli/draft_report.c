#include "cli/draft_report.h"

#include <stdio.h>

#include "base/text/text.h"
#include "cli/show.h"
#include "cli/summary.h"

#define NS_PER_MS 1000000u

/* --- one draft ------------------------------------------------------------------------------- */

bool draft_report_json(struct cli *cli, const struct muster_draft_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "draft");
	char time[TEXT_TIME_BYTES];

	if (!json)
		return false;
	json_member_text(json, "id", info->id);
	json_member_text(json, "state", info->state);
	if (info->problem) {
		json_member_text(json, "problem", info->problem);
		cli_json_end(cli);
		return true;
	}
	json_member_text(json, "name", info->name);
	if (info->base[0])
		json_member_text(json, "base", info->base);
	if (info->version[0])
		json_member_text(json, "version", info->version);
	if (info->distributed_id[0])
		json_member_text(json, "distributed_id", info->distributed_id);
	json_member_text(json, "created_at", text_time(time, info->created_ms * NS_PER_MS));
	if (info->expiry_ms)
		json_member_text(json, "expires_at", text_time(time, info->expiry_ms * NS_PER_MS));
	json_member_u64(json, "part_count", info->part_count);
	if (info->shard_count)
		json_member_u64(json, "shard_count", info->shard_count);
	json_member_u64(json, "added_count", info->added_count);
	json_member_u64(json, "added_bytes", info->added_bytes);
	json_member_u64(json, "removed_count", info->removed_count);
	cli_json_end(cli);
	return true;
}

static void line(struct cli *cli, const char *label, const char *text)
{
	struct bytes *out = output_begin(&cli->output);

	show_padded(out, view_text(label), 14, false);
	show_name(out, view_text(text));
	output_end(&cli->output, '\n');
}

static void line_amount(struct cli *cli, const char *label, uint64_t count, uint64_t size_bytes)
{
	char text[TEXT_COUNT_BYTES + TEXT_SIZE_BYTES + 8], files[TEXT_COUNT_BYTES];
	char size[TEXT_SIZE_BYTES];

	snprintf(text, sizeof(text), "%s (%s)", text_count(files, count),
		 text_size(size, size_bytes));
	line(cli, label, text);
}

bool draft_report_show(void *state, const struct muster_draft_info *info)
{
	struct draft_showing *showing = state;
	struct cli *cli = showing->cli;
	char time[SHOW_TIME_BYTES], count[TEXT_COUNT_BYTES];

	if (draft_report_json(cli, info))
		return true;
	line(cli, "draft", info->id);
	line(cli, "of", info->name);
	line(cli, "base", info->base[0] ? info->base : "nothing");
	line(cli, "state", info->state);
	if (info->version[0])
		line(cli, "version", info->version);
	if (info->distributed_id[0])
		line(cli, "distributed", info->distributed_id);
	line(cli, "created", show_time(time, info->created_ms));
	if (info->expiry_ms)
		line(cli, "kept until", show_time(time, info->expiry_ms));
	line(cli, "parts", text_count(count, info->part_count));
	line_amount(cli, "added", info->added_count, info->added_bytes);
	line(cli, "removed", text_count(count, info->removed_count));
	return true;
}

static void part_json(struct json_writer *json, const struct muster_draft_part_info *part)
{
	char time[TEXT_TIME_BYTES];

	json_member_text(json, "part", part->shard);
	json_member_text(json, "created_at", text_time(time, part->created_ms * NS_PER_MS));
	json_member_u64(json, "added_count", part->added_count);
	json_member_u64(json, "added_bytes", part->added_bytes);
	json_member_u64(json, "removed_count", part->removed_count);
}

bool draft_report_part(void *state, const struct muster_draft_part_info *part)
{
	struct draft_showing *showing = state;
	struct json_writer *json = cli_json_begin(showing->cli, "draft_part");
	char time[SHOW_TIME_BYTES], count[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];
	struct bytes *out;

	if (json) {
		part_json(json, part);
		cli_json_end(showing->cli);
		return true;
	}
	out = output_begin(&showing->cli->output);
	if (!showing->parts++)
		bytes_append_byte(out, '\n', NULL);
	show_padded(out, view_text(part->shard), 14, false);
	bytes_printf(out, NULL, "%s  added %s (%s)", show_time(time, part->created_ms),
		     text_count(count, part->added_count), text_size(size, part->added_bytes));
	if (part->removed_count)
		bytes_printf(out, NULL, ", removed %s", text_count(count, part->removed_count));
	output_end(&showing->cli->output, '\n');
	return true;
}

/* --- what was done --------------------------------------------------------------------------- */

void draft_report_added(struct cli *cli, const struct muster_put_report *report)
{
	static const struct summary_row rows[] = {
		SUMMARY_ROW(entry_count, "added files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_NOT_ZERO,
			    struct muster_put_report),
		SUMMARY_ROW(kept_files, "unchanged files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(read_files, "read files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(read_bytes, "read", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(shared_bytes, "deduplicated", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(written_bytes, "written", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
		SUMMARY_ROW(vanished_files, "vanished files", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
		SUMMARY_ROW(special_files, "special files", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
	};

	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->kept_files + report->read_files, report->read_bytes);
}

static void tell_base(struct cli *cli, const struct muster_draft_report *report)
{
	if (!report->has_base || report->is_base_latest)
		return;
	if (report->latest_number == UINT64_MAX)
		cli_warn(cli, "its base, v%llu, was deleted meanwhile",
			 (unsigned long long)report->base_number);
	else
		cli_warn(cli,
			 "its base, v%llu, was no longer the latest: what v%llu has changed since "
			 "is not in it",
			 (unsigned long long)report->base_number,
			 (unsigned long long)report->latest_number);
}

static void tell_saved(struct cli *cli, const struct muster_draft_report *report)
{
	static const struct summary_row rows[] = {
		SUMMARY_ROW(is_new, NULL, SUMMARY_FLAG, WHEN_JSON, struct muster_draft_report),
		SUMMARY_ROW(reason, NULL, SUMMARY_TEXT, WHEN_JSON, struct muster_draft_report),
		SUMMARY_ROW(is_base_latest, NULL, SUMMARY_FLAG, WHEN_JSON,
			    struct muster_draft_report),
		SUMMARY_ROW(entry_count, "files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_draft_report),
		SUMMARY_ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_draft_report),
		SUMMARY_ROW(written_bytes, "written", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_draft_report),
		SUMMARY_ROW(digest, "digest", SUMMARY_TEXT, WHEN_VERBOSE,
			    struct muster_draft_report),
		SUMMARY_ROW(root, "content root", SUMMARY_TEXT, WHEN_VERBOSE,
			    struct muster_draft_report),
	};
	struct bytes *out;

	tell_base(cli, report);
	if (!report->is_new)
		cli_say(cli, "%s", report->reason);
	else if (report->reason[0])
		cli_say(cli, "made a new version, because %s:", report->reason);
	else
		cli_say(cli, "made a new version:");
	summary_add_text(cli, "version", NULL, report->version);
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	if (cli->global.json)
		return;
	out = output_begin(&cli->output);
	show_name(out, view_text(report->version));
	output_end(&cli->output, '\n');
}

enum muster_code draft_report_hint(struct cli *cli, enum muster_code code)
{
	if (code == MUSTER_E_NAME)
		cli->hint = "'muster draft list' lists the drafts";
	return code;
}

enum muster_code draft_report_save(struct cli *cli, const char *id, struct muster_error *err)
{
	struct muster_draft_report report = { 0 };
	struct muster_job job = { 0 };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = cli_job_begin(cli, &job, err);
	if (code)
		return code;
	code = muster_draft_save(cli->repository, id, &job, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code)
		tell_saved(cli, &report);
	return draft_report_hint(cli, code);
}
