/* bash: tables are functions whose one `case` sets variables. */
#include <stdio.h>

#include "cli/completion.h"
#include "cli/help.h"

static void append_assignments(struct bytes *out, const struct completion_value *value)
{
	bytes_append_text(out, "kinds='", NULL);
	completion_append_kinds(out, value->kinds);
	bytes_printf(out, NULL, "' fixed='%s' ;;\n", value->fixed);
}

/* `before` is the pattern of the command, with a space. */
static void append_values(struct bytes *out, const char *before, const struct option_spec *specs,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct completion_value value;

		if (specs[i].kind == OPTION_FLAG)
			continue;
		bytes_printf(out, NULL, "\t%s--%s", before, specs[i].name);
		for (const char *at = specs[i].letters; at && *at; at++)
			bytes_printf(out, NULL, " | %s-%c", before, *at);
		bytes_append_text(out, ") ", NULL);
		value = completion_of_option(&specs[i]);
		append_assignments(out, &value);
	}
}

static void append_all_values(struct bytes *out)
{
	const struct command *command;

	bytes_append_text(out,
			  "# What completes the value of option $2 of command $1; false if it "
			  "takes none.\n"
			  "_muster_value() {\n\tcase \"$1 $2\" in\n",
			  NULL);
	for (size_t i = 0; (command = completion_command(i)); i++) {
		char before[64];

		snprintf(before, sizeof(before), "%s\\ ", command->name);
		append_values(out, before, command->options, command->option_count);
	}
	append_values(out, "*\\ ", global_specs, global_spec_count);
	bytes_append_text(out, "\t*) return 1 ;;\n\tesac\n}\n\n", NULL);
}

static void append_words(struct bytes *out)
{
	const struct command *command;
	struct completion_value value;

	bytes_append_text(out,
			  "# What completes word $2 of command $1, counted from 0; false if there "
			  "is none.\n"
			  "_muster_word() {\n\tcase \"$1 $2\" in\n",
			  NULL);
	for (size_t i = 0; (command = completion_command(i)); i++) {
		for (size_t j = 0; completion_of_word(command, j, &value); j++) {
			if (completion_repeats(command, j))
				bytes_printf(out, NULL, "\t%s\\ *) ", command->name);
			else
				bytes_printf(out, NULL, "\t%s\\ %zu) ", command->name, j);
			append_assignments(out, &value);
		}
	}
	bytes_append_text(out, "\t*) return 1 ;;\n\tesac\n}\n\n", NULL);
}

static void append_names(struct bytes *out, const struct option_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (specs[i].letters)
			bytes_printf(out, NULL, " -%c", specs[i].letters[0]);
		bytes_printf(out, NULL, " --%s", specs[i].name);
	}
}

static void append_options(struct bytes *out)
{
	const struct command *command;

	bytes_append_text(out,
			  "# The options of command $1 into `options`, and all commands into "
			  "`commands`.\n"
			  "_muster_options() {\n\tcommands='",
			  NULL);
	for (size_t i = 0; (command = completion_command(i)); i++)
		bytes_printf(out, NULL, "%s%s", i ? " " : "", command->name);
	bytes_append_text(out, "'\n\tcase $1 in\n", NULL);
	for (size_t i = 0; (command = completion_command(i)); i++) {
		bytes_printf(out, NULL, "\t%s) options='", command->name);
		append_names(out, command->options, command->option_count);
		bytes_append_text(out, "' ;;\n", NULL);
	}
	bytes_append_text(out, "\t*) options= ;;\n\tesac\n\toptions+='", NULL);
	append_names(out, global_specs, global_spec_count);
	bytes_append_text(out, "'\n}\n\n", NULL);
}

static void append_tables(struct bytes *out)
{
	append_options(out);
	append_all_values(out);
	append_words(out);
}

void completion_bash(struct bytes *out)
{
	completion_append_script(out, completion_bash_text, append_tables);
}
