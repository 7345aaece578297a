#include "cli/commands.h"

#include "cli/suggest.h"

static const struct command *const work[] = {
	&command_init,	&command_put,	&command_get,  &command_checkout, &command_verify,
	&command_check, &command_draft, &command_plan, &command_merge,	  NULL
};
static const struct command *const look[] = { &command_ls,   &command_show, &command_log,
					      &command_cat,  &command_diff, &command_digest,
					      &command_etag, NULL };
static const struct command *const change[] = { &command_alias,	   &command_tag, &command_describe,
						&command_metadata, &command_ttl, &command_delete,
						&command_expire,   NULL };
static const struct command *const lineage[] = { &command_run, &command_used_by, &command_logged_by,
						 &command_lineage, NULL };
static const struct command *const care[] = { &command_copy,
					      &command_export,
					      &command_import,
					      &command_cache,
					      &command_completion,
					      &command_help,
					      NULL };

const struct command_group command_groups[] = {
	{ "Work with data", work },
	{ "Look", look },
	{ "Change what is said of versions", change },
	{ "Runs and lineage", lineage },
	{ "More", care },
};
const size_t command_group_count = sizeof(command_groups) / sizeof(command_groups[0]);

const struct command *command_find(const char *name, const char **nearest)
{
	struct suggestion suggestion = { 0 };

	for (size_t i = 0; i < command_group_count; i++) {
		for (size_t j = 0; command_groups[i].commands[j]; j++) {
			const struct command *command = command_groups[i].commands[j];

			if (strcmp(command->name, name) == 0)
				return command;
			suggestion_offer(&suggestion, view_text(name), command->name);
		}
	}
	if (nearest)
		*nearest = suggestion.text;
	return NULL;
}
