/* fish: a line of `complete` for each option and word, and the list of options with a value. */
#include <stdio.h>

#include "cli/completion.h"
#include "cli/help.h"

static void append_quoted(struct bytes *out, const char *text)
{
	bytes_append_byte(out, '\'', NULL);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			bytes_append_byte(out, '\\', NULL);
		bytes_append_byte(out, (uint8_t)*text, NULL);
	}
	bytes_append_byte(out, '\'', NULL);
}

/* Options of `complete`: what to offer, and whether files may stand there. */
static void append_value(struct bytes *out, const struct completion_value *value, const char *force)
{
	unsigned asked = value->kinds & ~(unsigned)(COMPLETE_PLACE | COMPLETE_FILES);
	bool has_files = value->kinds & (COMPLETE_FILES | COMPLETE_NAMED_FILES);

	bytes_append_text(out, force, NULL);
	bytes_append_text(out, has_files ? " -F" : " -f", NULL);
	if (value->fixed[0])
		bytes_printf(out, NULL, " -a '%s'", value->fixed);
	if (!asked)
		return;
	bytes_append_text(out, " -a '(__muster_complete ", NULL);
	completion_append_kinds(out, asked);
	bytes_append_text(out, ")'", NULL);
}

/* `condition` is when they are offered. */
static void append_specs(struct bytes *out, const char *condition, const struct option_spec *specs,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bytes_append_text(out, "complete -c muster", NULL);
		bytes_append_text(out, condition, NULL);
		for (const char *at = specs[i].letters; at && *at; at++)
			bytes_printf(out, NULL, " -s %c", *at);
		bytes_printf(out, NULL, " -l %s", specs[i].name);
		if (specs[i].kind != OPTION_FLAG) {
			struct completion_value value = completion_of_option(&specs[i]);

			append_value(out, &value, " -r");
		}
		bytes_append_text(out, " -d ", NULL);
		append_quoted(out, specs[i].help);
		bytes_append_byte(out, '\n', NULL);
	}
}

static void append_words(struct bytes *out, const struct command *command)
{
	struct completion_value value;

	for (size_t i = 0; completion_of_word(command, i, &value); i++) {
		bytes_printf(out, NULL, "complete -c muster -n '__muster_is_word %s",
			     command->name);
		if (!completion_repeats(command, i))
			bytes_printf(out, NULL, " %zu", i);
		bytes_append_text(out, "'", NULL);
		append_value(out, &value, "");
		bytes_append_byte(out, '\n', NULL);
	}
}

static void append_command(struct bytes *out, const struct command *command)
{
	char condition[128];

	bytes_printf(out, NULL, "complete -c muster -n '__muster_is_word \"\" 0' -f -a %s -d ",
		     command->name);
	append_quoted(out, command->summary);
	bytes_append_byte(out, '\n', NULL);
	snprintf(condition, sizeof(condition), " -n '__muster_is_command %s'", command->name);
	append_specs(out, condition, command->options, command->option_count);
	append_words(out, command);
}

/* "COMMAND --name" and "COMMAND -n" of each option with a value; of every command: " --name". */
static void append_valued(struct bytes *out, const char *name, const struct option_spec *specs,
			  size_t count, unsigned kinds)
{
	for (size_t i = 0; i < count; i++) {
		if (specs[i].kind == OPTION_FLAG ||
		    (kinds && !(completion_of_option(&specs[i]).kinds & kinds)))
			continue;
		for (const char *at = specs[i].letters; at && *at; at++)
			bytes_printf(out, NULL, " '%s -%c'", name, *at);
		bytes_printf(out, NULL, " '%s --%s'", name, specs[i].name);
	}
}

static void append_tables(struct bytes *out)
{
	const struct command *command;

	bytes_append_text(out, "set -g __muster_valued", NULL);
	for (size_t i = 0; (command = completion_command(i)); i++)
		append_valued(out, command->name, command->options, command->option_count, 0);
	append_valued(out, "", global_specs, global_spec_count, 0);
	bytes_append_text(out, "\nset -g __muster_places", NULL);
	append_valued(out, "", global_specs, global_spec_count, COMPLETE_PLACE);
	bytes_append_text(out, "\nset -g __muster_commands", NULL);
	for (size_t i = 0; (command = completion_command(i)); i++)
		bytes_printf(out, NULL, " %s", command->name);
	bytes_append_text(out, "\n\ncomplete -c muster -e\ncomplete -c muster -f\n", NULL);
	append_specs(out, "", global_specs, global_spec_count);
	for (size_t i = 0; (command = completion_command(i)); i++)
		append_command(out, command);
}

void completion_fish(struct bytes *out)
{
	completion_append_script(out, completion_fish_text, append_tables);
}
