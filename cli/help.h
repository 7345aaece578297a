/**
 * help - the overview, and the help of a command: usage, description, options, examples.
 *
 * Threads: pure functions over the tables of commands. Memory: the caller's buffer.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

/** The options that every command takes; they fill a struct global_options. */
extern const struct option_spec global_specs[];
extern const size_t global_spec_count;

void help_overview(struct bytes *out);
/** What to say to somebody who gave no command. */
void help_first_steps(struct bytes *out);
void help_command(struct bytes *out, const struct command *command);
/** Only the lines of usage. */
void help_usage(struct bytes *out, const struct command *command);

#endif
