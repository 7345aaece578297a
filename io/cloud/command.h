/**
 * command - a line of words as a shell would split it, without a shell.
 *
 * Blanks separate words. What stands in '...' is taken as it is; a backslash takes their meaning
 * from " and \ within "...", and from any character outside of quotes. Nothing is expanded.
 *
 * Source:  botocore's compat_shell_split, which is Python's shlex.split.
 * Threads: pure functions. Errors: MUSTER_E_USAGE for a quote that does not end, no words, or more
 *          than COMMAND_WORDS_MAX, without a word of the line; MUSTER_E_MEMORY.
 */
#ifndef IO_CLOUD_COMMAND_H
#define IO_CLOUD_COMMAND_H

#include "base/bytes.h"

#define COMMAND_WORDS_MAX 64

/** A zeroed struct is none. */
struct command {
	struct bytes text;
	char *argv[COMMAND_WORDS_MAX + 1]; /* NULL behind the last; lie in `text` */
};

enum muster_code command_split(struct command *out, struct view line, struct muster_error *err);
/** Overwrites: some put secrets on a line. */
void command_release(struct command *command);

#endif
