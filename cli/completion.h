/**
 * completion - what may stand where on a command line, and the scripts that tell a shell.
 *
 * All of it comes from the tables that help is made of: an option's value, or a word of a command's
 * usage, is called VERSION, FILE, ... there, and that name says what completes it. A new option or
 * command is completed without a line here; a new name of a value needs a row in completion.c,
 * which an assert demands.
 *
 * Threads: pure functions over the tables of commands.
 * Memory:  the caller's buffer; as in help, what does not fit into memory is left out.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/commands.h"

/** What completes a value; several may be true at once. */
enum completion_kind {
	COMPLETE_FILES = 1 << 0,
	COMPLETE_DIRECTORIES = 1 << 1,
	COMPLETE_NAMED_FILES = 1 << 2, /* files, behind "NAME=" or "@" */
	COMPLETE_ARTIFACTS = 1 << 3,
	COMPLETE_VERSIONS = 1 << 4,
	COMPLETE_COMMANDS = 1 << 5,
	COMPLETE_PLACE = 1 << 6, /* says where artifacts are: their names are asked for there */
};

#define COMPLETION_FIXED_BYTES 128

struct completion_value {
	struct view name; /* as help calls it */
	unsigned kinds;	  /* of enum completion_kind */
	/* Words with a space between; "": any text may stand there. */
	char fixed[COMPLETION_FIXED_BYTES];
};

/** Of an option that takes a value. */
struct completion_value completion_of_option(const struct option_spec *spec);

/** Of the word at `index` behind a command: all forms of its usage together. False if no form has
 *  so many. */
bool completion_of_word(const struct command *command, size_t index, struct completion_value *out);

/** Does the word at `index`, the last one of the usage, stand for all that follow? */
bool completion_repeats(const struct command *command, size_t index);

/** The `index`th option that the command takes: its own, then those of every command. NULL at the
 *  end. */
const struct option_spec *completion_option(const struct command *command, size_t index);

/** The `index`th of all commands; NULL at the end. */
const struct command *completion_command(size_t index);

/** Append the names of these kinds, as the scripts know them, with a space between. */
void completion_append_kinds(struct bytes *out, unsigned kinds);

/** A script for each shell: a text of cli/completion/ with the tables in it. */
void completion_bash(struct bytes *out);
void completion_zsh(struct bytes *out);
void completion_fish(struct bytes *out);

/** Append `text` with what `append_tables` appends in place of the line "# (tables)". */
void completion_append_script(struct bytes *out, const char *text,
			      void (*append_tables)(struct bytes *out));

/* The files of cli/completion/, as they are. */
extern const char completion_bash_text[], completion_zsh_text[], completion_fish_text[];

#endif
