#include "cli/run_info.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/effects.h"
#include "base/text/text.h"
#include "cli/summary.h"

#define NS_PER_MS UINT64_C(1000000)

const char *run_info_state(enum muster_run_state state)
{
	static const char *const names[] = { [MUSTER_RUN_RUNNING] = "running",
					     [MUSTER_RUN_FINISHED] = "finished",
					     [MUSTER_RUN_FAILED] = "failed" };

	return names[state];
}

void run_info_json(struct cli *cli, const struct muster_run_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "run");
	char time[TEXT_TIME_BYTES];

	json_member_text(json, "id", info->id);
	json_member_text(json, "entity", info->entity);
	json_member_text(json, "project", info->project);
	json_member_text(json, "name", info->name);
	json_member_text(json, "job_type", info->job_type);
	json_member_text(json, "group", info->group);
	json_member_text(json, "state", run_info_state(info->state));
	json_member_text(json, "who", info->who);
	json_member_text(json, "started_at", text_time(time, info->started_ms * NS_PER_MS));
	json_member_text(json, "last_at", text_time(time, info->last_ms * NS_PER_MS));
	if (info->finished_ms)
		json_member_text(json, "finished_at",
				 text_time(time, info->finished_ms * NS_PER_MS));
	json_write_key(json, "config");
	json_write_raw(json, view_text(info->config));
	cli_json_end(cli);
}

void run_version_json(struct cli *cli, const char *run, const char *direction,
		      const struct muster_run_version_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "run_version");
	char text[32];

	json_member_text(json, "run", run);
	json_member_text(json, "direction", direction);
	json_member_text(json, "entity", info->entity);
	json_member_text(json, "project", info->project);
	json_member_text(json, "name", info->name);
	snprintf(text, sizeof(text), "v%llu", (unsigned long long)info->number);
	json_member_text(json, "version", text);
	json_member_text(json, "artifact_type", info->type);
	json_member_text(json, "version_id", info->id);
	json_member_bool(json, "is_deleted", info->is_deleted);
	json_member_text(json, "time", text_time(text, info->time_ms * NS_PER_MS));
	cli_json_end(cli);
}

enum muster_code run_table_new(struct run_table **out, struct cli *cli, struct muster_error *err)
{
	static const struct table_column columns[] = {
		{ "RUN", false },	    { "STATE", false },	   { "JOB TYPE", false },
		{ "STARTED (UTC)", false }, { "HEARD OF", false }, { "PROJECT", false },
		{ "NAME", false },
	};

	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "a list of runs");
	(*out)->cli = cli;
	table_begin(&(*out)->table, &cli->output, columns, sizeof(columns) / sizeof(columns[0]));
	return MUSTER_OK;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

const char *run_info_age(char out[RUN_AGE_BYTES], const struct muster_run_info *info)
{
	uint64_t now_ms = effects_wall_ns(effects_system()) / NS_PER_MS;
	uint64_t age_ms = now_ms > info->last_ms ? now_ms - info->last_ms : 0;
	char age[TEXT_DURATION_BYTES];

	snprintf(out, RUN_AGE_BYTES, "%s ago", text_duration(age, age_ms * NS_PER_MS));
	return out;
}

bool run_table_add(void *state, const struct muster_run_info *info)
{
	struct run_table *table = state;
	char age[RUN_AGE_BYTES];

	table->count++;
	if (table->cli->global.json) {
		run_info_json(table->cli, info);
		return true;
	}
	table_cell(&table->table, info->id);
	table_cell(&table->table, run_info_state(info->state));
	table_cell(&table->table, or_dash(info->job_type));
	table_cell_time(&table->table, info->started_ms);
	table_cell(&table->table,
		   info->state == MUSTER_RUN_RUNNING ? run_info_age(age, info) : "-");
	table_cell(&table->table, info->project);
	table_cell(&table->table, or_dash(info->name));
	return true;
}

void run_table_free(struct run_table *table)
{
	if (!table)
		return;
	table_end(&table->table);
	summary_add_u64(table->cli, "count", table->count);
	free(table);
}
