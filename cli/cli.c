#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text/text.h"
#include "cli/show.h"
#include "cli/signals.h"

#define TEXT_BYTES (4 * MUSTER_ERROR_MESSAGE_BYTES) /* a version has three names */

const char *cli_word(const struct cli *cli, size_t index)
{
	return index < cli->words.count ? cli->words.items[index] : NULL;
}

void cli_tell_made(struct cli *cli, const struct muster_repository *repository)
{
	const char *url = muster_repository_url(repository);
	struct json_writer *json = cli_json_begin(cli, "repository");

	if (json) {
		json_member_text(json, "url", url);
		json_member_bool(json, "made", true);
		cli_json_end(cli);
	} else {
		cli_say(cli, "made a new repository at %s", url);
	}
}

#define BUFFERS_SHARE	  4
#define BUFFERS_MIN_BYTES (16ull << 20)
#define BUFFERS_MAX_BYTES (128ull << 20)

/* A part of --memory; 0 where it was not given. */
static uint64_t buffer_bytes(uint64_t memory_bytes)
{
	uint64_t bytes = memory_bytes / BUFFERS_SHARE;

	if (!memory_bytes || bytes > BUFFERS_MAX_BYTES)
		return memory_bytes ? BUFFERS_MAX_BYTES : 0;
	return bytes < BUFFERS_MIN_BYTES ? BUFFERS_MIN_BYTES : bytes;
}

struct muster_limits cli_limits(const struct cli *cli)
{
	return (struct muster_limits){
		.connections = (unsigned)cli->global.connections,
		.requests_per_second = cli->global.requests_per_second,
		.bandwidth_bytes_per_second = cli->global.bandwidth_bytes,
		.buffer_bytes = buffer_bytes(cli->global.memory_bytes),
	};
}

enum muster_code cli_open(struct cli *cli, bool may_init, struct muster_error *err)
{
	struct muster_open_options options = { .url = cli->global.repo,
					       .entity = cli->global.entity,
					       .project = cli->global.project,
					       .cache_bytes = cli->cache.size_bytes,
					       .skip_cache = cli->cache.is_skipped,
					       .may_init = may_init,
					       .limits = cli_limits(cli) };
	bool was_made = false;
	enum muster_code code = muster_repository_open(&cli->repository, &options, &was_made, err);

	if (code == MUSTER_E_NAME)
		cli->hint = "'muster init URL' makes a repository, as does the first 'muster put'; "
			    "-R URL or MUSTER_REPO names another one";
	if (!code && was_made)
		cli_tell_made(cli, cli->repository);
	return code;
}

static void on_failure(void *state, const char *path, uint64_t path_bytes,
		       const struct muster_error *error)
{
	failures_add(state, path, path_bytes, error);
}

static enum progress_mode progress_mode(const struct cli *cli)
{
	const char *mode = cli->global.progress;

	if (mode && strcmp(mode, "none") == 0)
		return PROGRESS_NONE;
	if (mode && strcmp(mode, "json") == 0)
		return PROGRESS_JSON;
	if (mode && strcmp(mode, "plain") == 0)
		return PROGRESS_PLAIN;
	if (cli->global.quiet)
		return PROGRESS_NONE;
	return cli->screen.is_terminal ? PROGRESS_BAR : PROGRESS_PLAIN;
}

enum muster_code cli_job_begin(struct cli *cli, struct muster_job *job, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (cli->global.failures)
		code = failures_open(&cli->failures, cli->global.failures,
				     cli->global.is_null_ended, err);
	if (code)
		return code;
	*job = (struct muster_job){ .worker_count = (unsigned)cli->global.jobs,
				    .memory_bytes = cli->global.memory_bytes,
				    .memory = &cli->memory,
				    .progress = &cli->counters,
				    .on_failure = on_failure,
				    .on_failure_state = cli };
	cli->progress = (struct progress){ .mode = progress_mode(cli),
					   .what = cli->command->name,
					   .screen = &cli->screen,
					   .counters = &cli->counters };
	signals_watch(&cli->counters);
	progress_start(&cli->progress);
	return MUSTER_OK;
}

enum muster_code cli_job_end(struct cli *cli, enum muster_code code, struct muster_error *err)
{
	struct muster_error own = { 0 };
	enum muster_code closed;

	progress_stop(&cli->progress);
	signals_watch(NULL);
	closed = failures_close(&cli->failures, &own);
	if (cli->failures.unwritable_count)
		cli_warn(cli, "%llu failed %s not in '%s': with -0 %s",
			 (unsigned long long)cli->failures.unwritable_count,
			 text_plural(cli->failures.unwritable_count,
				     "path holds a line feed and is",
				     "paths hold a line feed and are"),
			 cli->failures.path,
			 text_plural(cli->failures.unwritable_count, "it is", "they are"));
	if (!code && closed) {
		*err = own;
		return closed;
	}
	return code;
}

void cli_note_difference(struct cli *cli)
{
	cli->exit_code = exit_code_worse(cli->exit_code, EXIT_DIFFERENCE);
}

void cli_note_failed_items(struct cli *cli)
{
	cli->exit_code = exit_code_worse(cli->exit_code, EXIT_ITEMS);
}

/* What to do about it, in lines as wide as a terminal's. */
static void tell_hint(struct cli *cli)
{
	struct bytes text = { 0 };

	bytes_append_text(&text, "        ", NULL);
	show_wrapped(&text, view_text(cli->hint), 8, screen_columns(&cli->screen) - 1);
	bytes_append_byte(&text, '\n', NULL);
	screen_write(&cli->screen, bytes_view(&text));
	bytes_release(&text);
}

void cli_tell_error(struct cli *cli, const struct muster_error *error)
{
	struct json_writer *json = cli_json_begin(cli, "error");

	if (json) {
		json_member_text(json, "code", muster_code_name(error->code));
		json_member_text(json, "message", error->message);
		cli_json_end(cli);
	}
	screen_say(&cli->screen, COLOUR_RED, "muster: ", error->message);
	if (error->code == MUSTER_E_LOST)
		cli->hint = "what was done is kept: when the host answers again, the same command "
			    "continues";
	if (cli->hint)
		tell_hint(cli);
}

void cli_say(struct cli *cli, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	if (cli->global.quiet)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	output_flush(&cli->output);
	screen_say(&cli->screen, COLOUR_NONE, "", text);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	screen_say(&cli->screen, COLOUR_YELLOW, "muster: warning: ", text);
}

struct json_writer *cli_json_begin(struct cli *cli, const char *type)
{
	if (!cli->global.json)
		return NULL;
	return output_json_begin(&cli->output, type);
}

void cli_json_end(struct cli *cli)
{
	output_json_end(&cli->output);
}
