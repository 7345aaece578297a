/* zsh: tables are the specifications of _arguments, which shows help beside each option. */
#include <stdio.h>

#include "cli/completion.h"
#include "cli/help.h"

/* `text` within '...', with a backslash before what _arguments would take as its own. */
static void append_text(struct bytes *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.ptr[i];

		if (c == '\'') {
			bytes_append_text(out, "'\\''", NULL);
			continue;
		}
		if (strchr("[]:\\", c))
			bytes_append_byte(out, '\\', NULL);
		bytes_append_byte(out, (uint8_t)c, NULL);
	}
}

static bool is_place(const struct option_spec *spec)
{
	return spec->kind != OPTION_FLAG && completion_of_option(spec).kinds & COMPLETE_PLACE;
}

/* ":NAME:ACTION" */
static void append_value(struct bytes *out, const struct completion_value *value)
{
	bytes_append_byte(out, ':', NULL);
	append_text(out, value->name);
	bytes_append_byte(out, ':', NULL);
	if (value->fixed[0] && !value->kinds)
		bytes_printf(out, NULL, "(%s)", value->fixed);
	else if (value->kinds & ~(unsigned)COMPLETE_PLACE) {
		bytes_append_text(out, "{ _muster_complete ", NULL);
		completion_append_kinds(out, value->kinds & ~(unsigned)COMPLETE_PLACE);
		bytes_append_text(out, " }", NULL);
	} else {
		bytes_append_text(out, "( )", NULL); /* any text: only the message is shown */
	}
}

/* One way to write an option. What was given once is not offered again, but for lists. */
static void append_spelling(struct bytes *out, const struct option_spec *spec, const char *spelling)
{
	bytes_append_text(out, "\t\t'", NULL);
	if (spec->kind == OPTION_LIST)
		bytes_append_byte(out, '*', NULL);
	else if (spec->letters)
		bytes_printf(out, NULL, "(-%c --%s)", spec->letters[0], spec->name);
	bytes_append_text(out, spelling, NULL);
	bytes_append_byte(out, '[', NULL);
	append_text(out, view_text(spec->help));
	bytes_append_byte(out, ']', NULL);
	if (spec->kind != OPTION_FLAG) {
		struct completion_value value = completion_of_option(spec);

		append_value(out, &value);
	}
	bytes_append_text(out, "'\n", NULL);
}

static void append_specs(struct bytes *out, const struct option_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_flag = specs[i].kind == OPTION_FLAG;
		char spelling[64];

		for (const char *at = specs[i].letters; at && *at; at++) {
			snprintf(spelling, sizeof(spelling), "-%c%s", *at, is_flag ? "" : "+");
			append_spelling(out, &specs[i], spelling);
		}
		snprintf(spelling, sizeof(spelling), "--%s%s", specs[i].name, is_flag ? "" : "=");
		append_spelling(out, &specs[i], spelling);
	}
}

static void append_words(struct bytes *out, const struct command *command)
{
	struct completion_value value;

	for (size_t i = 0; completion_of_word(command, i, &value); i++) {
		if (completion_repeats(command, i))
			bytes_append_text(out, "\t\t'*", NULL);
		else
			bytes_printf(out, NULL, "\t\t'%zu:", i + 1);
		append_value(out, &value);
		bytes_append_text(out, "'\n", NULL);
	}
}

static void append_commands(struct bytes *out)
{
	const struct command *command;

	bytes_append_text(out, "_muster_commands=(\n", NULL);
	for (size_t i = 0; (command = completion_command(i)); i++) {
		bytes_printf(out, NULL, "\t'%s:", command->name);
		append_text(out, view_text(command->summary));
		bytes_append_text(out, "'\n", NULL);
	}
	bytes_append_text(out, ")\n\n", NULL);
}

/* The letters of the options that are flags, or else of those that say where artifacts are. */
static void append_letters(struct bytes *out, bool are_flags)
{
	bytes_append_byte(out, '[', NULL);
	for (size_t i = 0; i < global_spec_count; i++)
		if (are_flags ? global_specs[i].kind == OPTION_FLAG : is_place(&global_specs[i]))
			bytes_append_text(
				out, global_specs[i].letters ? global_specs[i].letters : "", NULL);
	bytes_append_byte(out, ']', NULL);
}

static void append_places(struct bytes *out)
{
	bytes_append_text(
		out,
		"# Options that say where artifacts are: names, and a pattern of letters, "
		"which all mean the first.\n_muster_places=(",
		NULL);
	for (size_t i = 0; i < global_spec_count; i++)
		if (is_place(&global_specs[i]))
			bytes_printf(out, NULL, " --%s", global_specs[i].name);
	bytes_append_text(out, " )\n_muster_place_letters='-", NULL);
	append_letters(out, true);
	bytes_append_byte(out, '#', NULL);
	append_letters(out, false);
	bytes_append_text(out, "'\n", NULL);
}

static void append_tables(struct bytes *out)
{
	const struct command *command;

	append_commands(out);
	bytes_append_text(out,
			  "# What _arguments takes of command $1, into `specs`.\n"
			  "_muster_specs() {\n\tcase $1 in\n",
			  NULL);
	for (size_t i = 0; (command = completion_command(i)); i++) {
		bytes_printf(out, NULL, "\t(%s) specs=(\n", command->name);
		append_specs(out, command->options, command->option_count);
		append_words(out, command);
		bytes_append_text(out, "\t\t) ;;\n", NULL);
	}
	bytes_append_text(out, "\t(*) specs=() ;;\n\tesac\n\tspecs+=(\n", NULL);
	append_specs(out, global_specs, global_spec_count);
	bytes_append_text(out, "\t)\n}\n\n", NULL);
	append_places(out);
}

void completion_zsh(struct bytes *out)
{
	completion_append_script(out, completion_zsh_text, append_tables);
}
