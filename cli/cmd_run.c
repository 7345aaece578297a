#include <stdio.h>
#include <stdlib.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/run_info.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

#define LABEL_COLUMNS 13

struct run_command_options {
	const char *id, *name, *job_type, *group, *config;
	uint64_t last;
	bool is_shell, is_failed;
};

#define RUN(field) offsetof(struct run_command_options, field)

static const struct option_spec specs[] = {
	{ .name = "id",
	  .kind = OPTION_TEXT,
	  .offset = RUN(id),
	  .value = "ID",
	  .help = "start: the id of the run (default: a random one)" },
	{ .name = "name",
	  .kind = OPTION_TEXT,
	  .offset = RUN(name),
	  .value = "TEXT",
	  .help = "start: a name for people" },
	{ .name = "job-type",
	  .kind = OPTION_TEXT,
	  .offset = RUN(job_type),
	  .value = "TEXT",
	  .help = "start: what it does, like train or evaluate" },
	{ .name = "group",
	  .kind = OPTION_TEXT,
	  .offset = RUN(group),
	  .value = "TEXT",
	  .help = "start: which runs it belongs to" },
	{ .name = "config",
	  .kind = OPTION_TEXT,
	  .offset = RUN(config),
	  .value = "JSON",
	  .help = "start: a JSON object, or @FILE that holds one" },
	{ .name = "shell",
	  .kind = OPTION_FLAG,
	  .offset = RUN(is_shell),
	  .help = "start: print what sets MUSTER_RUN in a shell" },
	{ .name = "failed",
	  .kind = OPTION_FLAG,
	  .offset = RUN(is_failed),
	  .help = "finish: it has failed" },
	{ .name = "last",
	  .kind = OPTION_NUMBER,
	  .offset = RUN(last),
	  .value = "N",
	  .min = 1,
	  .max = MUSTER_RUNS_LISTED_MAX,
	  .help = "list: the newest N runs (default: 50)" },
};

static enum muster_code fail_unknown(struct cli *cli, enum muster_code code)
{
	if (code == MUSTER_E_NAME && !cli->hint)
		cli->hint = "'muster run list' lists the runs, 'muster run start' starts one";
	return code;
}

/* The word at `index`, or the run that the environment names. */
static enum muster_code choose_run(const struct cli *cli, size_t index, const char **out,
				   struct muster_error *err)
{
	*out = cli_word(cli, index) ? cli_word(cli, index) : getenv("MUSTER_RUN");
	if (*out && **out)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "which run? Name it, or set MUSTER_RUN to its id");
}

static enum muster_code refuse_more(const struct cli *cli, size_t words, struct muster_error *err)
{
	if (cli->words.count <= words)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "run %s: '%s' is too much", cli_word(cli, 0),
			   cli_word(cli, words));
}

/* --- start, finish, config, use -------------------------------------------------------------- */

static void tell_started(struct cli *cli, const char *id)
{
	const struct run_command_options *options = cli->options;
	struct json_writer *json = cli_json_begin(cli, "run_started");
	struct bytes *line;

	if (json) {
		json_member_text(json, "id", id);
		cli_json_end(cli);
		return;
	}
	line = output_begin(&cli->output);
	if (options->is_shell)
		bytes_append_text(line, "export MUSTER_RUN=", NULL);
	bytes_append_text(line, id, NULL); /* no character that a shell takes for more */
	output_end(&cli->output, '\n');
}

static enum muster_code start(struct cli *cli, struct muster_error *err)
{
	const struct run_command_options *options = cli->options;
	struct muster_run_options request = { .id = options->id,
					      .name = options->name,
					      .job_type = options->job_type,
					      .group = options->group };
	struct bytes config = { 0 };
	char id[MUSTER_RUN_ID_BYTES];
	enum muster_code code = refuse_more(cli, 1, err);

	if (!code && options->config)
		code = argument_document(&config, "the config", options->config, err);
	if (options->config)
		request.config = (const char *)config.ptr;
	if (!code)
		code = cli_open(cli, true, err);
	if (!code)
		code = muster_run_start(cli->repository, &request, id, err);
	if (!code)
		tell_started(cli, id);
	bytes_release(&config);
	return code;
}

static enum muster_code finish(struct cli *cli, struct muster_error *err)
{
	const struct run_command_options *options = cli->options;
	const char *run;
	enum muster_code code = refuse_more(cli, 2, err);

	if (!code)
		code = choose_run(cli, 1, &run, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_run_finish(cli->repository, run, options->is_failed, err);
	if (!code)
		cli_say(cli, "run %s has %s", run, options->is_failed ? "failed" : "finished");
	return fail_unknown(cli, code);
}

static enum muster_code config(struct cli *cli, struct muster_error *err)
{
	struct bytes document = { 0 };
	const char *run;
	enum muster_code code = refuse_more(cli, 3, err);

	if (!code && !cli_word(cli, 1))
		code = muster_fail(err, MUSTER_E_USAGE, "run config: name a JSON object, or @FILE");
	if (!code)
		code = choose_run(cli, 2, &run, err);
	if (!code)
		code = argument_document(&document, "the config", cli_word(cli, 1), err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_run_config(cli->repository, run, (const char *)document.ptr, err);
	if (!code)
		cli_say(cli, "run %s has a new config", run);
	bytes_release(&document);
	return fail_unknown(cli, code);
}

static enum muster_code use(struct cli *cli, struct muster_error *err)
{
	const char *version = cli_word(cli, 1), *run;
	enum muster_code code = refuse_more(cli, 3, err);

	if (!code && !version)
		code = muster_fail(err, MUSTER_E_USAGE, "run use: name a version");
	if (!code)
		code = choose_run(cli, 2, &run, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_run_use_artifact(cli->repository, run, version, err);
	if (!code)
		cli_say(cli, "run %s uses %s", run, version);
	return fail_unknown(cli, code);
}

/* --- show ------------------------------------------------------------------------------------ */

struct shown {
	struct cli *cli;
	const char *run, *direction;
};

static void line(struct cli *cli, const char *label, const char *text)
{
	struct bytes *out = output_begin(&cli->output);

	show_padded(out, view_text(label), LABEL_COLUMNS, false);
	show_paragraph(out, view_text(text), LABEL_COLUMNS);
	output_end(&cli->output, '\n');
}

static void line_unless_empty(struct cli *cli, const char *label, const char *text)
{
	if (*text)
		line(cli, label, text);
}

static void line_time(struct cli *cli, const char *label, uint64_t time_ms)
{
	char time[SHOW_TIME_BYTES], text[64];

	snprintf(text, sizeof(text), "%s UTC", show_time(time, time_ms));
	line(cli, label, text);
}

static bool on_run(void *state, const struct muster_run_info *info)
{
	struct cli *cli = state;
	char place[COLLECTION_NAME_BYTES], age[RUN_AGE_BYTES];

	if (cli->global.json) {
		run_info_json(cli, info);
		return true;
	}
	snprintf(place, sizeof(place), "%s/%s", info->entity, info->project);
	line(cli, "run", info->id);
	line_unless_empty(cli, "name", info->name);
	line(cli, "project", place);
	line_unless_empty(cli, "job type", info->job_type);
	line_unless_empty(cli, "group", info->group);
	line(cli, "state", run_info_state(info->state));
	line_time(cli, "started", info->started_ms);
	if (info->finished_ms)
		line_time(cli, "finished", info->finished_ms);
	else
		line(cli, "heard of", run_info_age(age, info));
	line(cli, "by", info->who);
	line(cli, "config", info->config);
	return true;
}

static bool on_version(void *state, const struct muster_run_version_info *info)
{
	const struct shown *shown = state;
	char text[COLLECTION_NAME_BYTES + 64];

	if (shown->cli->global.json) {
		run_version_json(shown->cli, shown->run, shown->direction, info);
		return true;
	}
	snprintf(text, sizeof(text), "%s/%s/%s:v%llu%s", info->entity, info->project, info->name,
		 (unsigned long long)info->number, info->is_deleted ? " (deleted)" : "");
	line(shown->cli, shown->direction, text);
	return true;
}

static enum muster_code show(struct cli *cli, struct muster_error *err)
{
	struct shown shown = { .cli = cli, .direction = "used" };
	enum muster_code code = refuse_more(cli, 2, err);

	if (!code)
		code = choose_run(cli, 1, &shown.run, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_run_show(cli->repository, shown.run, on_run, cli, err);
	if (!code)
		code = muster_run_used(cli->repository, shown.run, on_version, &shown, err);
	shown.direction = "logged";
	if (!code)
		code = muster_run_logged(cli->repository, shown.run, on_version, &shown, err);
	return fail_unknown(cli, code);
}

/* --- list ------------------------------------------------------------------------------------ */

static enum muster_code list(struct cli *cli, struct muster_error *err)
{
	const struct run_command_options *options = cli->options;
	struct run_table *table = NULL;
	uint64_t more = 0;
	enum muster_code code = refuse_more(cli, 1, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = run_table_new(&table, cli, err);
	if (!code)
		code = muster_runs(cli->repository, options->last, run_table_add, table, &more,
				   err);
	run_table_free(table);
	if (!code && more)
		cli_say(cli, "%llu older %s not shown: --last N shows more",
			(unsigned long long)more, text_plural(more, "run is", "runs are"));
	summary_add_u64(cli, "older_runs", more);
	return code;
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum muster_code (*run)(struct cli *cli, struct muster_error *err);
	const char *options[6]; /* that go with it */
} actions[] = {
	{ "start", start, { "id", "name", "job-type", "group", "config", "shell" } },
	{ "finish", finish, { "failed" } },
	{ "config", config, { NULL } },
	{ "use", use, { NULL } },
	{ "show", show, { NULL } },
	{ "list", list, { "last" } },
};

static bool is_given(const struct run_command_options *options, const struct option_spec *spec)
{
	const char *field = (const char *)options + spec->offset;

	switch (spec->kind) {
	case OPTION_FLAG:
		return *(const bool *)field;
	case OPTION_NUMBER:
		return *(const uint64_t *)(const void *)field != 0;
	default:
		return *(const char *const *)(const void *)field != NULL;
	}
}

static enum muster_code check_options(const struct cli *cli, size_t action,
				      struct muster_error *err)
{
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		bool is_known = !is_given(cli->options, &specs[i]);

		for (size_t j = 0; j < 6 && actions[action].options[j]; j++)
			is_known |= strcmp(actions[action].options[j], specs[i].name) == 0;
		if (!is_known)
			return muster_fail(err, MUSTER_E_USAGE, "run %s takes no --%s",
					   actions[action].word, specs[i].name);
	}
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const char *word = cli_word(cli, 0);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].word, word) == 0) {
			enum muster_code code = check_options(cli, i, err);

			return code ? code : actions[i].run(cli, err);
		}
	}
	return muster_fail(err, MUSTER_E_USAGE,
			   "run: '%s' is none of start, finish, config, use, show, list", word);
}

const struct command command_run = {
	.name = "run",
	.summary = "jobs that use versions and make new ones: lineage",
	.usage = "start [options]\n"
		 "finish [RUN] [--failed]\n"
		 "config JSON [RUN]\n"
		 "use VERSION [RUN]\n"
		 "show [RUN]\n"
		 "list [--last N]",
	.description =
		"A run is a job. While MUSTER_RUN holds its id, every version that put and import "
		"make is logged by it, and every version that get and checkout fetch is used by "
		"it; 'muster lineage' then shows what was made of what. Without MUSTER_RUN "
		"nothing is noted.\n"
		"\n"
		"start prints the id of a new run; with --shell it prints a line that sets "
		"MUSTER_RUN. finish ends a run, which then takes no more versions. config sets "
		"top-level keys of its config, null removes one. use says that it uses a version "
		"whose files were got in some other way. show tells what a run is, what it used "
		"and what it logged. list tells the newest runs. A run that was killed stays "
		"running: both tell when it was last heard of, and finish --failed ends it.\n"
		"\n"
		"Without RUN the one in MUSTER_RUN is meant. A put that finds nothing changed "
		"makes "
		"no version, so none is logged.",
	.examples =
		"eval \"$(muster run start --job-type train --config '{\"lr\": 0.1}' --shell)\"\n"
		"muster run show 8fk2l0aa\n"
		"muster run config '{\"epochs\": 3}'\n"
		"muster run list\n"
		"muster run finish --failed",
	COMMAND_OPTIONS(specs, struct run_command_options),
	.word_min = 1,
	.word_max = 3,
	.run = run,
};
