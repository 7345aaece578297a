#include <string.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"

#define NS_PER_MS 1000000u

struct cache_options {
	uint64_t size_bytes;
	bool is_dry_run;
};

#define CACHE(field) offsetof(struct cache_options, field)

static const struct option_spec specs[] = {
	CACHE_SIZE_OPTION(struct cache_options, size_bytes),
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .offset = CACHE(is_dry_run),
	  .help = "clean: only tell what would be removed" },
};

/* --- info ------------------------------------------------------------------------------------ */

static void info_json(struct json_writer *json, const struct muster_cache_info *info)
{
	char time[TEXT_TIME_BYTES];

	json_write_name(json, "directory", view_text(info->directory));
	json_member_u64(json, "limit_bytes", info->limit_bytes);
	json_member_u64(json, "size_bytes", info->size_bytes);
	json_member_u64(json, "blob_count", info->blob_count);
	json_member_u64(json, "segment_count", info->segment_count);
	json_member_u64(json, "segment_bytes", info->segment_bytes);
	json_member_u64(json, "index_count", info->index_count);
	json_member_u64(json, "index_bytes", info->index_bytes);
	json_member_u64(json, "temporary_count", info->temporary_count);
	json_member_u64(json, "temporary_bytes", info->temporary_bytes);
	if (!info->segment_count)
		return;
	json_member_text(json, "oldest_use", text_time(time, info->oldest_use_ns));
	json_member_text(json, "newest_use", text_time(time, info->newest_use_ns));
}

static void info_line(struct cli *cli, const char *label, const char *text)
{
	struct bytes *line = output_begin(&cli->output);

	show_padded(line, view_text(label), 14, false);
	show_name(line, view_text(text));
	output_end(&cli->output, '\n');
}

static void info_size(struct cli *cli, const char *label, uint64_t size_bytes)
{
	char text[TEXT_SIZE_BYTES];

	info_line(cli, label, text_size(text, size_bytes));
}

static void info_count(struct cli *cli, const char *label, uint64_t count)
{
	char text[TEXT_COUNT_BYTES];

	info_line(cli, label, text_count(text, count));
}

static void info_text(struct cli *cli, const struct muster_cache_info *info)
{
	char time[SHOW_TIME_BYTES];

	info_line(cli, "directory", info->directory);
	info_size(cli, "limit", info->limit_bytes);
	info_size(cli, "size", info->size_bytes);
	info_count(cli, "blobs", info->blob_count);
	info_count(cli, "segments", info->segment_count);
	if (info->temporary_count)
		info_size(cli, "in progress", info->temporary_bytes);
	if (!info->segment_count)
		return;
	info_line(cli, "oldest use", show_time(time, info->oldest_use_ns / NS_PER_MS));
	info_line(cli, "newest use", show_time(time, info->newest_use_ns / NS_PER_MS));
}

static enum muster_code info(struct cli *cli, struct muster_error *err)
{
	const struct cache_options *options = cli->options;
	struct muster_cache_options where = { .size_bytes = options->size_bytes };
	struct muster_cache_info found;
	struct json_writer *json;
	enum muster_code code;

	if (options->is_dry_run)
		return muster_fail(err, MUSTER_E_USAGE,
				   "cache info changes nothing: --dry-run "
				   "belongs to cache clean");
	if (cli_word(cli, 1))
		return muster_fail(err, MUSTER_E_USAGE, "cache info: '%s' is too much",
				   cli_word(cli, 1));
	code = muster_cache_info(&where, &found, err);
	if (code)
		return code;
	json = cli_json_begin(cli, "cache");
	if (json) {
		info_json(json, &found);
		cli_json_end(cli);
	} else {
		info_text(cli, &found);
	}
	return MUSTER_OK;
}

/* --- clean ----------------------------------------------------------------------------------- */

static const struct summary_row rows[] = {
	SUMMARY_ROW(directory, "directory", SUMMARY_TEXT, WHEN_VERBOSE,
		    struct muster_cache_cleaned),
	SUMMARY_ROW(freed_bytes, "reclaimed", SUMMARY_SIZE, WHEN_JSON, struct muster_cache_cleaned),
	SUMMARY_ROW(freed_segments, "segments", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_cache_cleaned),
	SUMMARY_ROW(freed_temporaries, "leftovers", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_cache_cleaned),
	SUMMARY_ROW(left_bytes, "left", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_cache_cleaned),
	SUMMARY_ROW(left_segments, "left segments", SUMMARY_COUNT, WHEN_JSON,
		    struct muster_cache_cleaned),
};

static void tell_cleaned(struct cli *cli, const struct muster_cache_cleaned *cleaned, bool dry_run)
{
	char size[TEXT_SIZE_BYTES];
	struct bytes *line;

	summary_add_bool(cli, "dry_run", dry_run);
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), cleaned);
	if (cli->global.json)
		return;
	line = output_begin(&cli->output);
	bytes_printf(line, NULL, "%s %s", dry_run ? "would reclaim" : "reclaimed",
		     text_size(size, cleaned->freed_bytes));
	output_end(&cli->output, '\n');
}

static enum muster_code clean(struct cli *cli, struct muster_error *err)
{
	const struct cache_options *options = cli->options;
	const char *word = cli_word(cli, 1);
	struct muster_cache_cleaned cleaned;
	uint64_t keep_bytes = 0;
	enum muster_code code = MUSTER_OK;

	if (options->size_bytes)
		return muster_fail(err, MUSTER_E_USAGE,
				   "cache clean: the size to leave is written behind it: "
				   "'muster cache clean 2GiB'");
	if (word)
		code = text_parse_size(view_text(word), &keep_bytes, err);
	if (!code)
		code = muster_cache_clean(NULL, keep_bytes, options->is_dry_run, &cleaned, err);
	if (!code)
		tell_cleaned(cli, &cleaned, options->is_dry_run);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const char *what = cli_word(cli, 0);

	if (strcmp(what, "info") == 0)
		return info(cli, err);
	if (strcmp(what, "clean") == 0)
		return clean(cli, err);
	return muster_fail(err, MUSTER_E_USAGE, "cache: '%s' is neither 'info' nor 'clean'", what);
}

const struct command command_cache = {
	.name = "cache",
	.summary = "what of buckets is kept on this machine, and less of it",
	.usage = "info [options]\nclean [SIZE] [--dry-run]",
	.description =
		"What get, checkout and cat fetch from a repository in a bucket is kept in "
		"$XDG_CACHE_HOME/muster/blobs (MUSTER_CACHE_DIR/blobs), and read from there the "
		"next time, by whichever repository it is asked of. Bytes from there are checked "
		"against their digests like all others; what is wrong is fetched again. When the "
		"limit is reached, what was not used for longest goes.\n"
		"\n"
		"The limit is 10 GiB, or a quarter of what the disk has free for it if that is "
		"less; MUSTER_CACHE_SIZE or --cache-size sets another one, --skip-cache does "
		"without.\n"
		"\n"
		"info tells place, limit, size and use. clean removes what was not used for "
		"longest until at most SIZE is left (without SIZE: all), and what killed runs have "
		"left behind; it prints how much it reclaimed.",
	.examples = "muster cache info\n"
		    "muster cache clean 2GiB --dry-run\n"
		    "muster cache clean",
	COMMAND_OPTIONS(specs, struct cache_options),
	.word_min = 1,
	.word_max = 2,
	.run = run,
};
