/* The program: find the command, parse its options, run it, tell how it went. */
#include <stdlib.h>
#include <unistd.h>

#include "base/effects.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/signals.h"
#include "cli/summary.h"

/* Help and version are data that was asked for; what cannot be written is told at the end. */
static enum muster_code print_help(struct cli *cli, const struct command *command)
{
	struct bytes text = { 0 };

	if (command)
		help_command(&text, command);
	else
		help_overview(&text);
	output_bytes(&cli->output, bytes_view(&text), NULL);
	bytes_release(&text);
	return MUSTER_OK;
}

static enum muster_code print_version(struct cli *cli)
{
	struct bytes text = { 0 };

	bytes_append_text(&text, "muster ", NULL);
	bytes_append_text(&text, muster_version_text(), NULL);
	bytes_append_byte(&text, '\n', NULL);
	output_bytes(&cli->output, bytes_view(&text), NULL);
	bytes_release(&text);
	return MUSTER_OK;
}

/* Wrong usage, so it goes where messages go. */
static enum muster_code fail_no_command(struct cli *cli, struct muster_error *err)
{
	struct bytes text = { 0 };

	help_first_steps(&text);
	bytes_append_byte(&text, '\n', NULL);
	screen_write(&cli->screen, bytes_view(&text));
	bytes_release(&text);
	return muster_fail(err, MUSTER_E_USAGE, "no command was given");
}

static enum muster_code find_command(struct cli *cli, const char *name, struct muster_error *err)
{
	const char *nearest;

	cli->command = command_find(name, &nearest);
	if (cli->command)
		return MUSTER_OK;
	cli->hint = "'muster help' lists the commands";
	if (nearest)
		return muster_fail(err, MUSTER_E_USAGE, "unknown command '%s'; did you mean '%s'?",
				   name, nearest);
	return muster_fail(err, MUSTER_E_USAGE, "unknown command '%s'", name);
}

/* Options before the command can only be those of every command. */
static enum muster_code parse_first(struct cli *cli, char **argv, size_t argc, size_t *used,
				    struct muster_error *err)
{
	struct option_set set = { global_specs, global_spec_count, &cli->global };
	struct option_request request = {
		.sets = &set, .set_count = 1, .argv = argv, .argc = argc, .stop_at_word = true
	};
	enum muster_code code = options_parse(&request, &cli->words, used, err);

	if (code && strncmp(err->message, "unknown option", 14) == 0)
		cli->hint = "before the command stand only the options of every command: see "
			    "'muster --help'";
	return code;
}

static enum muster_code parse_rest(struct cli *cli, char **argv, size_t argc,
				   struct muster_error *err)
{
	const struct command *command = cli->command;
	struct option_set sets[] = { { global_specs, global_spec_count, &cli->global },
				     { command->options, command->option_count, NULL } };
	struct option_request request = {
		.sets = sets, .set_count = 2, .argv = argv, .argc = argc
	};
	size_t used;

	cli->options = calloc(1, command->options_bytes ? command->options_bytes : 1);
	if (!cli->options)
		return muster_fail_memory(err, "the options");
	sets[1].target = cli->options;
	return options_parse(&request, &cli->words, &used, err);
}

/* The word at `index` of the first form of its usage: neither "[options]" nor an option. */
static struct view missing_word(const struct command *command, size_t index)
{
	const char *at = command->usage;
	size_t len;

	for (;; at += len + (at[len] == ' ')) {
		len = strcspn(at, " \n");
		if (!len)
			return VIEW_LITERAL("an argument");
		if (*at != '[' && *at != '-' && index-- == 0)
			return view_of(at, len);
	}
}

static enum muster_code fail_words(struct cli *cli, struct muster_error *err)
{
	const struct command *command = cli->command;
	struct bytes usage = { 0 };

	bytes_append_text(&usage, "Usage:\n", NULL);
	help_usage(&usage, command);
	screen_write(&cli->screen, bytes_view(&usage));
	bytes_release(&usage);
	if (cli->words.count < command->word_min) {
		struct view missing = missing_word(command, cli->words.count);

		return muster_fail(err, MUSTER_E_USAGE, "%s: %.*s is missing", command->name,
				   VIEW_ARGS(missing));
	}
	return muster_fail(err, MUSTER_E_USAGE, "%s: '%s' is too much", command->name,
			   cli->words.items[command->word_max]);
}

static enum muster_code check_words(struct cli *cli, struct muster_error *err)
{
	const struct command *command = cli->command;

	if (cli->words.count < command->word_min || cli->words.count > command->word_max)
		return fail_words(cli, err);
	if (cli->global.json && command->writes_bytes)
		return muster_fail(err, MUSTER_E_USAGE,
				   "%s writes the bytes of a file: --json has no meaning",
				   command->name);
	return MUSTER_OK;
}

static enum muster_code run_command(struct cli *cli, struct muster_error *err)
{
	enum muster_code code;

	summary_begin(cli);
	code = check_words(cli, err);
	return code ? code : cli->command->run(cli, err);
}

static enum muster_code run(struct cli *cli, char **argv, size_t argc, struct muster_error *err)
{
	size_t used;
	enum muster_code code = parse_first(cli, argv, argc, &used, err);

	if (code)
		return code;
	if (used == argc) {
		if (cli->global.version)
			return print_version(cli);
		if (cli->global.help)
			return print_help(cli, NULL);
		return fail_no_command(cli, err);
	}
	code = find_command(cli, argv[used], err);
	if (!code)
		code = parse_rest(cli, argv + used + 1, argc - used - 1, err);
	if (code)
		return code;
	if (cli->global.version)
		return print_version(cli);
	if (cli->global.help)
		return print_help(cli, cli->command);
	return run_command(cli, err);
}

static void cli_init(struct cli *cli)
{
	cli->begun_ns = effects_boot_ns(effects_system());
	screen_init(&cli->screen, STDERR_FILENO);
	output_init(&cli->output, STDOUT_FILENO, &cli->screen);
}

static void cli_release(struct cli *cli)
{
	struct option_set set = { NULL, 0, cli->options };

	if (cli->command && cli->options) {
		set.specs = cli->command->options;
		set.count = cli->command->option_count;
		options_release(&set);
	}
	free(cli->options);
	word_list_release(&cli->words);
	bytes_release(&cli->summary_text);
	muster_repository_close(cli->repository);
	output_release(&cli->output);
	screen_release(&cli->screen);
}

/* Tell the error and the summary: objects end with the summary, people read the error last. */
static void tell_end(struct cli *cli, enum exit_code exit_code, const struct muster_error *error)
{
	if (error->code && cli->global.json && !cli->summary.out)
		summary_begin(cli);
	if (error->code && cli->global.json)
		cli_tell_error(cli, error);
	output_flush(&cli->output);
	if (cli->summary.out)
		summary_end(cli, exit_code);
	if (error->code && !cli->global.json)
		cli_tell_error(cli, error);
}

/* The repository as it is told; one that could not be opened as it was given. */
static struct view repository_name(const struct cli *cli)
{
	const char *given = cli->global.repo ? cli->global.repo : getenv("MUSTER_REPO");

	if (cli->repository)
		given = muster_repository_url(cli->repository);
	return view_text(given ? given : "");
}

/* For --metrics, last of all: it tells how all that went. */
static enum exit_code write_metrics(struct cli *cli, enum exit_code exit_code)
{
	const struct effects *effects = effects_system();
	struct metrics_run run = { .exit_code = exit_code,
				   .ended_ns = effects_wall_ns(effects),
				   .peak_memory_bytes = summary_peak_memory_bytes() };
	struct muster_error error = { 0 };

	if (!cli->global.metrics || !cli->command || cli->global.help || cli->global.version)
		return exit_code;
	run.command = cli->command->name;
	run.repository = repository_name(cli);
	run.begun_ns = run.ended_ns - (effects_boot_ns(effects) - cli->begun_ns);
	if (metrics_write(&cli->metrics, &run, cli->global.metrics, &error) == MUSTER_OK)
		return exit_code;
	screen_say(&cli->screen, COLOUR_RED, "muster: ", error.message);
	return exit_code_worse(exit_code, exit_code_of(error.code));
}

static enum exit_code finish(struct cli *cli, enum muster_code code, struct muster_error *error)
{
	enum exit_code exit_code = exit_code_worse(cli->exit_code, exit_code_of(code));
	struct muster_error written = { 0 };

	if (!code)
		*error = (struct muster_error){ 0 };
	else if (!error->code)
		muster_fail(error, code, "%s: %s", cli->command ? cli->command->name : "muster",
			    muster_code_name(code));
	tell_end(cli, exit_code, error);
	if (!cli->output.is_told && output_finish(&cli->output, &written)) {
		screen_say(&cli->screen, COLOUR_RED, "muster: ", written.message);
		exit_code = exit_code_worse(exit_code, exit_code_of(written.code));
	}
	return write_metrics(cli, exit_code);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct muster_error error = { 0 };
	enum muster_code code;
	enum exit_code exit_code;

	signals_init();
	cli_init(&cli);
	code = run(&cli, argv + (argc > 0), argc > 0 ? (size_t)argc - 1 : 0, &error);
	exit_code = finish(&cli, code, &error);
	cli_release(&cli);
	return exit_code;
}
