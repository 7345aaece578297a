#include <stdlib.h>

#include "cli/commands.h"
#include "cli/summary.h"

struct init_options {
	const char *digest, *identity;
};

static const struct option_spec specs[] = {
	{ .name = "digest",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct init_options, digest),
	  .value = "KIND",
	  .choices = "md5|xxh128",
	  .help = "how files are digested: md5 (default, as W&B does) or xxh128" },
	{ .name = "identity",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct init_options, identity),
	  .value = "KIND",
	  .choices = "sha256",
	  .help = "sha256: know blobs by their SHA-256 too, for data from hostile hands" },
};

/* The word, else what names the repository for other commands. */
static const char *choose_url(const struct cli *cli)
{
	const char *word = cli_word(cli, 0);

	if (word)
		return word;
	return cli->global.repo ? cli->global.repo : getenv("MUSTER_REPO");
}

static bool is_repository(const char *url)
{
	struct muster_open_options options = { .url = url };
	struct muster_repository *repository;
	bool is_one = !muster_repository_open(&repository, &options, NULL, NULL);

	muster_repository_close(repository);
	return is_one;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct init_options *options = cli->options;
	struct muster_init_options request = { options->digest, options->identity,
					       cli_limits(cli) };
	const char *url = choose_url(cli);
	struct json_writer *json;
	enum muster_code code;

	if (!url || !*url)
		return muster_fail(err, MUSTER_E_USAGE, "init needs a URL: the directory to make");
	code = muster_repository_init(url, &request, err);
	if (code == MUSTER_E_REFUSED && is_repository(url))
		cli->hint = "it is a repository already: nothing needs to be done";
	if (code)
		return code;
	json = cli_json_begin(cli, "repository");
	if (json) {
		json_member_text(json, "url", url);
		json_member_bool(json, "made", true);
		cli_json_end(cli);
	} else {
		cli_say(cli, "made a new repository at %s", url);
	}
	return MUSTER_OK;
}

const struct command command_init = {
	.name = "init",
	.summary = "make a repository",
	.usage = "[options] URL",
	.description =
		"Makes an empty repository in a local directory, which must not exist or be empty, "
		"or below a prefix of a bucket, which must exist and hold nothing there. "
		"Credentials are looked for where each cloud's own tools look for them. Without "
		"URL, at the place that -R or MUSTER_REPO names. Not needed for the default "
		"repository: the first put makes it.",
	.examples = "muster init /data/muster\n"
		    "muster init --digest xxh128 /data/fast\n"
		    "muster init --identity sha256 -R /data/strict\n"
		    "muster init s3://my-bucket/datasets",
	COMMAND_OPTIONS(specs, struct init_options),
	.word_max = 1,
	.run = run,
};
