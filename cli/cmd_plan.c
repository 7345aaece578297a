#include <string.h>

#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/new_version.h"
#include "cli/sources.h"
#include "cli/summary.h"
#include "cli/version_info.h"

struct plan_options {
	struct new_version_options version;
	struct source_options sources;
	const char *onto, *like;
	uint64_t shard_count, ttl_days;
};

#define PLAN(field) offsetof(struct plan_options, field)

static const struct option_spec specs[] = {
	{ .name = "shards",
	  .kind = OPTION_NUMBER,
	  .offset = PLAN(shard_count),
	  .value = "N",
	  .min = 1,
	  .max = MUSTER_SHARDS_MAX,
	  .help = "into how many shards; needed. Where there are too few files there are fewer" },
	NEW_VERSION_OPTIONS(struct plan_options, version),
	{ .name = "onto",
	  .kind = OPTION_TEXT,
	  .offset = PLAN(onto),
	  .value = "VERSION",
	  .help = "that version plus these files: an alias or vN of the artifact" },
	{ .name = "ttl",
	  .kind = OPTION_NUMBER,
	  .offset = PLAN(ttl_days),
	  .value = "DAYS",
	  .min = 1,
	  .max = MUSTER_TTL_MAX_DAYS,
	  .help = "how long the version lives (default: as long as the artifact's default says)" },
	{ .name = "like",
	  .kind = OPTION_TEXT,
	  .offset = PLAN(like),
	  .value = "VERSION",
	  .help = "cut where the paths of this version are cut evenly, and list no files" },
	SOURCE_OPTIONS(struct plan_options, sources),
};

/* --- the command of a shard ------------------------------------------------------------------- */

/* As a shell takes it for one word. */
static void append_word(struct bytes *out, const char *word)
{
	size_t plain = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-./:=@%+,");

	bytes_append_byte(out, ' ', NULL);
	if (*word && !word[plain]) {
		bytes_append_text(out, word, NULL);
		return;
	}
	bytes_append_byte(out, '\'', NULL);
	for (; *word; word++) {
		if (*word == '\'')
			bytes_append_text(out, "'\\''", NULL);
		else
			bytes_append_byte(out, (uint8_t)*word, NULL);
	}
	bytes_append_byte(out, '\'', NULL);
}

static void append_option(struct bytes *out, const char *name, const char *value)
{
	bytes_append_byte(out, ' ', NULL);
	bytes_append_text(out, name, NULL);
	if (value)
		append_word(out, value);
}

static const char *pattern_name(char tag)
{
	return tag == PATTERN_TAG_INCLUDE   ? "--include"
	       : tag == PATTERN_TAG_EXCLUDE ? "--exclude"
					    : "--exclude-from";
}

/* Else options may be added at the end of the command. */
static bool needs_end_of_options(const struct cli *cli)
{
	for (size_t i = 0; i < cli->words.count; i++)
		if (cli->words.items[i][0] == '-')
			return true;
	return false;
}

static void append_sources(struct bytes *out, const struct cli *cli)
{
	const struct plan_options *options = cli->options;
	const struct source_options *sources = &options->sources;

	for (size_t i = 0; i < sources->places.count; i++)
		append_option(out, "--at", sources->places.items[i].text);
	if (sources->files_from)
		append_option(out, "--files-from", sources->files_from);
	if (sources->files_from && cli->global.is_null_ended)
		append_option(out, "-0", NULL);
	for (size_t i = 0; i < sources->patterns.count; i++)
		append_option(out, pattern_name(sources->patterns.items[i].tag),
			      sources->patterns.items[i].text);
	if (sources->one_file_system)
		append_option(out, "--one-file-system", NULL);
	if (sources->is_rehash)
		append_option(out, "--rehash", NULL);
	if (sources->is_partial)
		append_option(out, "--commit-partial", NULL);
	if (needs_end_of_options(cli))
		append_option(out, "--", NULL);
	for (size_t i = 0; i < cli->words.count; i++)
		append_word(out, cli->words.items[i]);
}

static void append_command(struct bytes *out, const struct cli *cli,
			   const struct muster_shard_info *shard)
{
	bytes_append_text(out, "muster", NULL);
	if (cli->global.repo)
		append_option(out, "-R", cli->global.repo);
	append_option(out, "put", NULL);
	append_option(out, "--draft", shard->draft);
	append_option(out, "--shard", shard->shard);
	append_sources(out, cli);
}

/* --- telling ---------------------------------------------------------------------------------- */

struct planning {
	struct cli *cli;
	uint64_t count;
	char draft[MUSTER_DRAFT_ID_BYTES];
};

static void shard_json(struct json_writer *json, const struct muster_shard_info *shard,
		       struct view command)
{
	json_member_text(json, "draft", shard->draft);
	json_member_text(json, "shard", shard->shard);
	json_write_name(json, "begin", view_of(shard->begin, shard->begin_bytes));
	json_write_name(json, "end", view_of(shard->end, shard->end_bytes));
	json_member_u64(json, "file_count", shard->file_count);
	json_member_u64(json, "size_bytes", shard->size_bytes);
	json_write_name(json, "command", command);
}

/* A muster_shard_fn. */
static void on_shard(void *state, const struct muster_shard_info *shard)
{
	struct planning *planning = state;
	struct cli *cli = planning->cli;
	struct json_writer *json;
	struct bytes command = { 0 };

	planning->count++;
	memcpy(planning->draft, shard->draft, sizeof(planning->draft));
	append_command(&command, cli, shard);
	json = cli_json_begin(cli, "shard");
	if (json) {
		shard_json(json, shard, bytes_view(&command));
		cli_json_end(cli);
	} else {
		bytes_append_view(output_begin(&cli->output), bytes_view(&command), NULL);
		output_end(&cli->output, '\n');
	}
	bytes_release(&command);
}

/* --- planning --------------------------------------------------------------------------------- */

static enum muster_code check(const struct cli *cli, struct muster_error *err)
{
	const struct plan_options *options = cli->options;

	if (!options->shard_count)
		return muster_fail(err, MUSTER_E_USAGE, "plan needs to know how many: --shards N");
	if (options->sources.files_from && strcmp(options->sources.files_from, "-") == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--files-from: each shard reads the list for itself, so it "
				   "cannot be standard input");
	return MUSTER_OK;
}

static enum muster_code make(struct cli *cli, struct muster_plan_options *request,
			     struct muster_error *err)
{
	const struct plan_options *options = cli->options;
	struct planning planning = { .cli = cli };
	struct new_version version = { 0 };
	struct bytes name = { 0 };
	enum muster_code code = new_version_name(&name, &options->version, options->onto, err);

	if (!code)
		code = cli_open(cli, true, err);
	if (!code)
		code = new_version_open(&version, cli, &options->version, err);
	if (!code) {
		new_version_describe(&request->draft, &options->version, &version);
		request->draft.name = (const char *)name.ptr;
		request->draft.ttl_days = (unsigned)options->ttl_days;
		request->draft.is_empty = !options->onto;
		code = muster_plan(cli->repository, request, on_shard, &planning, err);
	}
	if (!code) {
		cli_say(cli, "when all are done: muster merge %s", planning.draft);
		summary_add_text(cli, "draft", NULL, planning.draft);
		summary_add_u64(cli, "shard_count", planning.count);
	}
	new_version_release(&version);
	bytes_release(&name);
	return hint_names(cli, code);
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct plan_options *options = cli->options;
	struct muster_put_options files = { 0 };
	struct muster_plan_options request = { .sources = &files,
					       .like = options->like,
					       .shard_count = (unsigned)options->shard_count };
	struct sources sources = { 0 };
	enum muster_code code = check(cli, err);

	if (!code)
		code = new_version_check(cli, &options->version, err);
	if (!code)
		code = sources_fill(&sources, cli, 0, &options->sources, &files, err);
	if (!code)
		code = new_version_check_put(&options->version, &files, err);
	if (!code)
		code = make(cli, &request, err);
	sources_release(&sources);
	return code;
}

const struct command command_plan = {
	.name = "plan",
	.summary = "split a put into shards that many processes do",
	.usage = "--shards N [options] PATH... -n NAME",
	.description =
		"Makes a draft of N shards, each a range of paths of about the same work, and "
		"prints the command of each, one a line. They may run in any order, on any "
		"machines that have the files under the same names and reach the repository; any "
		"scheduler will do. When all are done 'muster merge' makes the version.\n"
		"\n"
		"Files are listed, not read. A shard whose process died is run again; one that is "
		"there already is not done twice. With --json each line is an object that has the "
		"range and the command.",
	.examples = "muster plan --shards 64 photos -n photos >shards.txt\n"
		    "parallel <shards.txt\n"
		    "muster merge 5e1f2a09",
	COMMAND_OPTIONS(specs, struct plan_options),
	.word_max = ANY_WORDS,
	.run = run,
};
