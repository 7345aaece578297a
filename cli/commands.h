/* The commands, each in a file of its own. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command command_init, command_put, command_get, command_checkout,
	command_verify, command_check, command_digest, command_etag, command_diff, command_ls,
	command_show, command_log, command_cat, command_alias, command_tag, command_describe,
	command_metadata, command_ttl, command_copy, command_export, command_import, command_delete,
	command_expire, command_run, command_used_by, command_logged_by, command_lineage,
	command_draft, command_plan, command_merge, command_cache, command_completion, command_help;

/** In the order of the overview; grouped by what they are for. */
struct command_group {
	const char *title;
	const struct command *const *commands; /* ends with NULL */
};

extern const struct command_group command_groups[];
extern const size_t command_group_count;

/** NULL if there is none; `nearest` (may be NULL) is then the one that was perhaps meant. */
const struct command *command_find(const char *name, const char **nearest);

#endif
