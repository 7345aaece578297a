#include "cli/cache_report.h"

#include "base/text/text.h"
#include "cli/summary.h"

static const struct summary_row rows[] = {
	{ "cache_hit_blobs", "cached files", SUMMARY_COUNT, WHEN_NOT_ZERO,
	  offsetof(struct muster_cache_use, hit_blobs) },
	{ "cache_hit_bytes", "from the cache", SUMMARY_SIZE, WHEN_NOT_ZERO,
	  offsetof(struct muster_cache_use, hit_bytes) },
	{ "cache_added_blobs", "files cached", SUMMARY_COUNT, WHEN_VERBOSE,
	  offsetof(struct muster_cache_use, added_blobs) },
	{ "cache_added_bytes", "to the cache", SUMMARY_SIZE, WHEN_VERBOSE,
	  offsetof(struct muster_cache_use, added_bytes) },
	{ "cache_evicted_bytes", "out of the cache", SUMMARY_SIZE, WHEN_VERBOSE,
	  offsetof(struct muster_cache_use, evicted_bytes) },
	{ "cache_damaged_segments", NULL, SUMMARY_COUNT, WHEN_JSON,
	  offsetof(struct muster_cache_use, damaged_segments) },
};

void cache_report_add(struct cli *cli)
{
	struct muster_cache_use use;

	if (!cli->repository)
		return;
	muster_repository_cache_use(cli->repository, &use);
	if (use.damaged_segments)
		cli_warn(cli, "the cache was damaged: what could not be trusted was removed, and "
			      "fetched again");
	if (use.note[0] && cli->global.verbose)
		cli_say(cli, "the cache: %s", use.note);
	if (!cli->command->writes_bytes)
		summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), &use);
}
