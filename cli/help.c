#include "cli/help.h"

#include <stdio.h>

#include "cli/commands.h"
#include "cli/show.h"

#define HELP_COLUMNS   79
#define OPTION_COLUMNS 30 /* where the texts of options begin */
#define NAME_COLUMNS   14

#define GLOBAL(field) offsetof(struct global_options, field)

const struct option_spec global_specs[] = {
	{ .letters = "Rr",
	  .name = "repo",
	  .kind = OPTION_TEXT,
	  .offset = GLOBAL(repo),
	  .value = "URL",
	  .help = "the repository: a directory, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, "
		  "az://ACCOUNT/CONTAINER/PREFIX (default: MUSTER_REPO, else "
		  "$XDG_DATA_HOME/muster)" },
	{ .name = "entity",
	  .kind = OPTION_TEXT,
	  .offset = GLOBAL(entity),
	  .value = "ENTITY",
	  .help = "default entity (MUSTER_ENTITY, else the user's name)" },
	{ .name = "project",
	  .kind = OPTION_TEXT,
	  .offset = GLOBAL(project),
	  .value = "PROJECT",
	  .help = "default project (MUSTER_PROJECT, else uncategorized)" },
	{ .letters = "j",
	  .name = "jobs",
	  .kind = OPTION_NUMBER,
	  .offset = GLOBAL(jobs),
	  .value = "N",
	  .min = 1,
	  .max = 1024,
	  .help = "workers (default: one for each processor; sixteen of those that read from "
		  "a bucket)" },
	{ .name = "memory",
	  .kind = OPTION_SIZE,
	  .offset = GLOBAL(memory_bytes),
	  .value = "SIZE",
	  .help = "memory to use at most, as in 512MiB (default: 128 MiB and 64 MiB for each "
		  "worker, a quarter of the machine at most)" },
	{ .name = "connections",
	  .kind = OPTION_NUMBER,
	  .offset = GLOBAL(connections),
	  .value = "N",
	  .min = 1,
	  .max = 1024,
	  .help = "connections to a cloud at most (default: 64; so many as serve well are used)" },
	{ .name = "bwlimit",
	  .kind = OPTION_SIZE,
	  .offset = GLOBAL(bandwidth_bytes),
	  .value = "SIZE",
	  .help = "bytes a second to and from a cloud at most, as in 20MiB" },
	{ .name = "requests-per-second",
	  .kind = OPTION_NUMBER,
	  .offset = GLOBAL(requests_per_second),
	  .value = "N",
	  .min = 1,
	  .max = 1000000,
	  .help = "requests to a cloud at most" },
	{ .name = "json",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(json),
	  .help = "write JSON Lines to standard output; the last line is a summary" },
	{ .name = "progress",
	  .kind = OPTION_CHOICE,
	  .offset = GLOBAL(progress),
	  .value = "HOW",
	  .choices = "auto|plain|json|none",
	  .help = "auto (a bar on a terminal, else plain), plain (a line every 10 seconds), json, "
		  "none" },
	{ .letters = "q",
	  .name = "quiet",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(quiet),
	  .help = "no progress and no summary; errors are still told" },
	{ .letters = "v",
	  .name = "verbose",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(verbose),
	  .help = "more numbers; of a put or a copy also how its memory is divided, of a bucket "
		  "what was asked of it" },
	{ .name = "failures",
	  .kind = OPTION_TEXT,
	  .offset = GLOBAL(failures),
	  .value = "FILE",
	  .help = "write the paths of failed items to FILE, ready for --files-from" },
	{ .name = "metrics",
	  .kind = OPTION_TEXT,
	  .offset = GLOBAL(metrics),
	  .value = "FILE",
	  .help = "write what the run did to FILE, for Prometheus: its node_exporter reads it" },
	{ .letters = "0",
	  .name = "null",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(is_null_ended),
	  .help = "names end in NUL instead of a line feed: in --failures and --files-from, and "
		  "in what ls prints" },
	{ .letters = "h",
	  .name = "help",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(help),
	  .help = "show help" },
	{ .name = "version",
	  .kind = OPTION_FLAG,
	  .offset = GLOBAL(version),
	  .help = "show the version of this program" },
};
const size_t global_spec_count = sizeof(global_specs) / sizeof(global_specs[0]);

static void append_option(struct bytes *out, const struct option_spec *spec)
{
	char left[64];
	bool has_value = spec->kind != OPTION_FLAG;

	snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", spec->letters ? '-' : ' ',
		 spec->letters ? spec->letters[0] : ' ', spec->letters ? ", " : "  ", spec->name,
		 has_value ? " " : "", has_value ? spec->value : "");
	show_padded(out, view_text(left), OPTION_COLUMNS - 2, false);
	bytes_append_text(out, "  ", NULL);
	show_wrapped(out, view_text(spec->help), OPTION_COLUMNS, HELP_COLUMNS);
	bytes_append_byte(out, '\n', NULL);
}

static void append_options(struct bytes *out, const char *title, const struct option_spec *specs,
			   size_t count)
{
	if (!count)
		return;
	bytes_append_text(out, title, NULL);
	for (size_t i = 0; i < count; i++)
		append_option(out, &specs[i]);
}

/* The options of every command by name; the overview says what they do. */
static void append_global_names(struct bytes *out)
{
	struct bytes names = { 0 };

	for (size_t i = 0; i < global_spec_count; i++) {
		const struct option_spec *spec = &global_specs[i];

		if (spec->letters)
			bytes_printf(&names, NULL, "-%c/", spec->letters[0]);
		bytes_printf(&names, NULL, "--%s%s", spec->name,
			     i + 1 < global_spec_count ? " " : "");
	}
	bytes_append_text(out, "\nOptions of every command (see 'muster --help'):\n  ", NULL);
	show_wrapped(out, bytes_view(&names), 2, HELP_COLUMNS);
	bytes_append_text(out, "\n", NULL);
	bytes_release(&names);
}

/* Each line of `text` behind `before`. */
static void append_lines(struct bytes *out, const char *text, const char *before)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		bytes_append_text(out, before, NULL);
		bytes_append(out, text, len, NULL);
		bytes_append_byte(out, '\n', NULL);
		text += len + (text[len] == '\n');
	}
}

void help_usage(struct bytes *out, const struct command *command)
{
	char before[64];

	snprintf(before, sizeof(before), "  muster %s ", command->name);
	append_lines(out, command->usage, before);
}

void help_command(struct bytes *out, const struct command *command)
{
	bytes_append_text(out, "muster ", NULL);
	bytes_append_text(out, command->name, NULL);
	bytes_append_text(out, " - ", NULL);
	bytes_append_text(out, command->summary, NULL);
	bytes_append_text(out, "\n\nUsage:\n", NULL);
	help_usage(out, command);
	bytes_append_text(out, "\n", NULL);
	show_wrapped(out, view_text(command->description), 0, HELP_COLUMNS);
	bytes_append_text(out, "\n", NULL);
	append_options(out, "\nOptions:\n", command->options, command->option_count);
	append_global_names(out);
	bytes_append_text(out, "\nExamples:\n", NULL);
	append_lines(out, command->examples, "  ");
}

static void append_group(struct bytes *out, const struct command_group *group)
{
	bytes_append_byte(out, '\n', NULL);
	bytes_append_text(out, group->title, NULL);
	bytes_append_text(out, ":\n", NULL);
	for (size_t i = 0; group->commands[i]; i++) {
		const struct command *command = group->commands[i];

		bytes_append_text(out, "  ", NULL);
		show_padded(out, view_text(command->name), NAME_COLUMNS - 2, false);
		show_wrapped(out, view_text(command->summary), NAME_COLUMNS, HELP_COLUMNS);
		bytes_append_byte(out, '\n', NULL);
	}
}

static const char title[] = "muster - versions of large datasets and models\n\n"
			    "Usage:\n  muster [options] COMMAND ...\n";

static const char first_steps[] =
	"\nBegin with:\n"
	"  muster put DIR -n NAME        a version of what is in DIR\n"
	"  muster show NAME              what the version is\n"
	"  muster verify NAME DIR        is DIR still what the version says?\n"
	"  muster checkout NAME COPY     make COPY exactly the version\n"
	"  muster help                   all commands, and the options that they share\n"
	"  muster help put               all about one of them; 'man muster' has it all\n";

void help_first_steps(struct bytes *out)
{
	bytes_append_text(out, title, NULL);
	bytes_append_text(out, first_steps, NULL);
}

void help_overview(struct bytes *out)
{
	bytes_append_text(out, title, NULL);
	bytes_append_text(
		out,
		"\nA version is written [[entity/]project/]name[:alias]; without an alias "
		"it is\nthe latest.\n",
		NULL);
	for (size_t i = 0; i < command_group_count; i++)
		append_group(out, &command_groups[i]);
	append_options(out, "\nOptions of every command:\n", global_specs, global_spec_count);
	bytes_append_text(out, first_steps, NULL);
}
