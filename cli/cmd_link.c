#include <stdio.h>
#include <stdlib.h>

#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

#define NAME_BYTES 2048 /* three names of 128 characters, and a number */

struct link_options {
	struct option_list aliases;
};

static const struct option_spec specs[] = {
	{ .letters = "a",
	  .name = "alias",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct link_options, aliases),
	  .value = "ALIAS",
	  .help = "an alias of the link, in the portfolio (repeatable)" },
};

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const char *target = cli_word(cli, 1);

	if (!argument_has_alias(target))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%s' names a version: a portfolio is needed; its link gets a number by "
			   "itself, and aliases with -a",
			   target);
}

/* "entity/project/portfolio:vN", as it is called there. */
struct linked {
	char name[NAME_BYTES];
};

static bool take_name(void *state, const struct muster_version_info *info)
{
	struct linked *linked = state;

	snprintf(linked->name, sizeof(linked->name), "%s/%s/%s:v%llu", info->entity, info->project,
		 info->name, (unsigned long long)info->number);
	return true;
}

static enum muster_code find_name(struct cli *cli, const struct muster_link_report *report,
				  struct linked *linked, struct muster_error *err)
{
	char version[NAME_BYTES];

	snprintf(version, sizeof(version), "%s:v%llu", cli_word(cli, 1),
		 (unsigned long long)report->version_number);
	return muster_show(cli->repository, version, take_name, linked, err);
}

/* Its name goes to standard output, for scripts. */
static void tell(struct cli *cli, const struct muster_link_report *report,
		 const struct linked *linked)
{
	cli_say(cli, report->is_new ? "linked %s:" : "%s was linked before:", cli_word(cli, 0));
	if (!cli->global.json) {
		show_name(output_begin(&cli->output), view_text(linked->name));
		output_end(&cli->output, '\n');
	}
	summary_add_text(cli, "version", NULL, linked->name);
	summary_add_bool(cli, "is_new", report->is_new);
}

static enum muster_code link_version(struct cli *cli, struct muster_error *err)
{
	const struct link_options *options = cli->options;
	size_t count = options->aliases.count;
	const char **aliases = calloc(count + 1, sizeof(*aliases));
	struct muster_link_options request = { .aliases = aliases, .alias_count = count };
	struct muster_link_report report;
	struct linked linked;
	enum muster_code code;

	if (!aliases)
		return muster_fail_memory(err, "aliases");
	for (size_t i = 0; i < count; i++)
		aliases[i] = options->aliases.items[i].text;
	code = muster_link(cli->repository, cli_word(cli, 0), cli_word(cli, 1), &request, &report,
			   err);
	free(aliases);
	if (!code)
		code = find_name(cli, &report, &linked, err);
	if (!code)
		tell(cli, &report, &linked);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = link_version(cli, err);
	return hint_names(cli, code);
}

const struct command command_link = {
	.name = "link",
	.summary = "link a version into a portfolio or the registry",
	.usage = "[options] VERSION PORTFOLIO",
	.description =
		"Makes VERSION a version of PORTFOLIO too, with a number and aliases of its own "
		"there, and prints what it is called. PORTFOLIO is a name of its own, project/name "
		"or entity/project/name; that "
		"of "
		"the model registry is model-registry/NAME. It is made if it does not exist, with "
		"the type of VERSION. A link holds what it links: it stays whole when VERSION is "
		"deleted. A version that is linked there already only gets the aliases. Of a link, "
		"its source is linked.",
	.examples = "muster link photos:v0 chosen\n"
		    "muster link photos:best model-registry/Detector -a production\n"
		    "muster get model-registry/Detector:production DIR",
	COMMAND_OPTIONS(specs, struct link_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
