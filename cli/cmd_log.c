#include <stdio.h>
#include <stdlib.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "cli/version_info.h"

struct history {
	struct cli *cli;
	struct table table;
	uint64_t count;
};

static void event_json(struct cli *cli, const struct muster_event_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "event");
	char time[TEXT_TIME_BYTES];

	json_member_u64(json, "number", info->number);
	json_member_text(json, "time", text_time(time, info->time_ms * 1000000));
	json_member_text(json, "kind", info->kind);
	json_member_text(json, "summary", info->summary);
	if (info->has_version)
		json_member_u64(json, "version_number", info->version_number);
	json_member_text(json, "by", info->by);
	json_member_text(json, "session", info->session);
	json_member_text(json, "sha256", info->sha256);
	cli_json_end(cli);
}

static bool on_event(void *state, const struct muster_event_info *info)
{
	struct history *history = state;

	history->count++;
	if (history->cli->global.json) {
		event_json(history->cli, info);
		return true;
	}
	table_cell_count(&history->table, info->number);
	table_cell_time(&history->table, info->time_ms);
	table_cell(&history->table, info->kind);
	table_cell(&history->table, *info->by ? info->by : "-");
	if (history->cli->global.verbose)
		table_cell(&history->table, info->sha256);
	table_cell(&history->table, info->summary);
	return true;
}

static enum muster_code list(struct history *history, struct muster_error *err)
{
	static const struct table_column shortly[] = { { "EVENT", true },
						       { "TIME (UTC)", false },
						       { "KIND", false },
						       { "BY", false },
						       { "WHAT", false } };
	static const struct table_column fully[] = { { "EVENT", true },	   { "TIME (UTC)", false },
						     { "KIND", false },	   { "BY", false },
						     { "SHA-256", false }, { "WHAT", false } };
	bool is_full = history->cli->global.verbose;
	enum muster_code code;

	table_begin(&history->table, &history->cli->output, is_full ? fully : shortly,
		    is_full ? 6 : 5);
	code = muster_history(history->cli->repository, cli_word(history->cli, 0), on_event,
			      history, err);
	table_end(&history->table);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	struct history *history;
	enum muster_code code;

	if (argument_has_alias(cli_word(cli, 0)))
		return muster_fail(err, MUSTER_E_USAGE,
				   "log shows the history of an artifact: '%s' names a version",
				   cli_word(cli, 0));
	code = cli_open(cli, false, err);
	if (code)
		return code;
	history = calloc(1, sizeof(*history));
	if (!history)
		return muster_fail_memory(err, "a history");
	history->cli = cli;
	code = hint_names(cli, list(history, err));
	summary_add_u64(cli, "count", history->count);
	free(history);
	return code;
}

const struct command command_log = {
	.name = "log",
	.summary = "the history of an artifact",
	.usage = "[options] NAME",
	.description =
		"Prints all that was done to an artifact: versions, aliases, tags and so on, "
		"in order, and who did it. With -v also the SHA-256 of each event.",
	.examples = "muster log photos\nmuster log photos --json",
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
