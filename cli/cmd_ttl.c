#include <stdlib.h>

#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/version_info.h"

struct ttl_options {
	bool is_collection;
};

static const struct option_spec specs[] = {
	{ .name = "collection",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct ttl_options, is_collection),
	  .help = "for all versions of the artifact NAME that inherit" },
};

/* Whole days; what is too much is the library's to say. */
static enum muster_code parse_days(const char *text, int64_t *out, struct muster_error *err)
{
	char *end;

	if (strcmp(text, "inherit") == 0)
		*out = MUSTER_TTL_INHERIT;
	else if (strcmp(text, "disabled") == 0)
		*out = MUSTER_TTL_DISABLED;
	else if (*text >= '0' && *text <= '9' && (*out = strtoll(text, &end, 10), !*end))
		return MUSTER_OK;
	else
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is no ttl: a number of days, inherit or disabled", text);
	return MUSTER_OK;
}

static void tell(struct cli *cli, int64_t days)
{
	const struct ttl_options *options = cli->options;
	const char *name = cli_word(cli, 0), *plural = days == 1 ? "" : "s";

	if (options->is_collection && days > 0)
		cli_say(cli, "versions of %s without a ttl of their own now live for %lld day%s",
			name, (long long)days, plural);
	else if (options->is_collection)
		cli_say(cli, "versions of %s without a ttl of their own now live without end",
			name);
	else if (days > 0)
		cli_say(cli, "%s now lives for %lld day%s", name, (long long)days, plural);
	else if (days == MUSTER_TTL_DISABLED)
		cli_say(cli, "%s now lives without end", name);
	else
		cli_say(cli, "%s now lives as long as the artifact's default says", name);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct ttl_options *options = cli->options;
	int64_t days = 0;
	enum muster_code code =
		argument_check_collection(cli_word(cli, 0), options->is_collection, err);

	if (!code)
		code = parse_days(cli_word(cli, 1), &days, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = muster_ttl(cli->repository, cli_word(cli, 0), options->is_collection, days,
				  err);
	if (!code)
		tell(cli, days);
	return hint_names(cli, code);
}

const struct command command_ttl = {
	.name = "ttl",
	.summary = "how long a version lives",
	.usage = "[options] VERSION DAYS|inherit|disabled\n[options] --collection NAME "
		 "DAYS|disabled",
	.description =
		"A version lives for DAYS days from when it was committed; with disabled without "
		"end. With inherit, as every new version does that was not told otherwise, it "
		"lives as long as the artifact's default says, which --collection sets; without a "
		"default, without end. When its time is over a version is shown as expired. "
		"Nothing is deleted by that: its bytes are given back when they are collected.",
	.examples = "muster ttl photos:v0 30\n"
		    "muster ttl photos:v0 inherit\n"
		    "muster ttl --collection photos 90\n"
		    "muster ttl photos:best disabled",
	COMMAND_OPTIONS(specs, struct ttl_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
