#include "cli/get_report.h"

#include "base/text/text.h"
#include "cli/summary.h"

static const struct summary_row rows[] = {
	SUMMARY_ROW(version, "version", SUMMARY_TEXT, WHEN_NOT_ZERO, struct muster_get_report),
	SUMMARY_ROW(directory, "directory", SUMMARY_TEXT, WHEN_VERBOSE, struct muster_get_report),
	SUMMARY_ROW(entry_count, "files", SUMMARY_COUNT, WHEN_ALWAYS, struct muster_get_report),
	SUMMARY_ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_get_report),
	SUMMARY_ROW(kept_files, "there already", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_get_report),
	SUMMARY_ROW(written_files, "written files", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_get_report),
	SUMMARY_ROW(written_bytes, "written", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_get_report),
	SUMMARY_ROW(deleted_files, "deleted files", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_get_report),
	SUMMARY_ROW(skipped_references, "skipped refs", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_get_report),
	SUMMARY_ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_get_report),
};

void get_report_add(struct cli *cli, const struct muster_get_report *report)
{
	if (report->skipped_references)
		cli_say(cli, "skipped %llu %s cannot be had",
			(unsigned long long)report->skipped_references,
			text_plural(report->skipped_references, "reference whose bytes",
				    "references whose bytes"));
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->kept_files + report->written_files, report->written_bytes);
}
