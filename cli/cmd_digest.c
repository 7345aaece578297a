#include <stdlib.h>

#include "base/text/encode.h"
#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/digest_command.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/sums.h"
#include "cli/version_info.h"

#define DIGEST(field) offsetof(struct digest_options, field)

static const struct option_spec specs[] = {
	{ .name = "algorithm",
	  .kind = OPTION_CHOICE,
	  .offset = DIGEST(algorithm),
	  .value = "KIND",
	  .choices = "md5|xxh128",
	  .help = "md5 (default) or xxh128" },
	{ .name = "md5sum",
	  .kind = OPTION_FLAG,
	  .offset = DIGEST(is_md5sum),
	  .help = "lines as md5sum prints them" },
	{ .letters = "c",
	  .name = "check",
	  .kind = OPTION_TEXT,
	  .offset = DIGEST(check),
	  .value = "FILE",
	  .help = "hold the files that such lines name against them; - is standard input" },
	{ .name = "summary",
	  .kind = OPTION_FLAG,
	  .offset = DIGEST(only_summary),
	  .help = "only the digest of all" },
	PATTERN_OPTIONS(struct digest_options, patterns),
	{ .name = "one-file-system",
	  .kind = OPTION_FLAG,
	  .offset = DIGEST(one_file_system),
	  .help = "do not enter other file systems" },
};

/* A run of the library: all paths at once, or with --md5sum one path at a time. */
struct digest_job {
	struct cli *cli;
	struct muster_digest_options request;
	struct muster_digest_report report; /* the sum of all runs */
	const char *root;		    /* NULL, or the path that entries are below */
	bool is_single;			    /* it is a file: its path is all */
	struct bytes path;
};

bool digest_of_entry(const struct muster_entry_info *info, uint8_t out[SUM_BYTES])
{
	return base64_decode(out, SUM_BYTES, view_text(entry_info_digest(info)));
}

static bool print_entry(void *state, const struct muster_entry_info *info)
{
	struct cli *cli = ((struct digest_job *)state)->cli;

	if (cli->global.json) {
		entry_info_json(cli, info);
		return true;
	}
	entry_info_append(output_begin(&cli->output), info, true);
	output_end(&cli->output, '\n');
	return true;
}

/* The path as it would have to be typed: the root, and what is below it. */
static struct view full_path(struct digest_job *job, const struct muster_entry_info *info)
{
	size_t root_len = strlen(job->root);

	if (job->is_single)
		return view_text(job->root);
	job->path.len = 0;
	bytes_append(&job->path, job->root, root_len, NULL);
	if (root_len && job->root[root_len - 1] != '/')
		bytes_append_byte(&job->path, '/', NULL);
	bytes_append(&job->path, info->path, info->path_bytes, NULL);
	return bytes_view(&job->path);
}

static bool print_sum(void *state, const struct muster_entry_info *info)
{
	struct digest_job *job = state;
	struct output *output = &job->cli->output;
	uint8_t digest[SUM_BYTES];

	if (!digest_of_entry(info, digest))
		return true;
	sum_append(output_begin(output), digest, full_path(job, info));
	output_end(output, '\n');
	return true;
}

static enum muster_code run_once(struct digest_job *job, struct muster_error *err)
{
	struct muster_digest_report report = { 0 };
	enum muster_code code = muster_digest(&job->request, &report, err);

	job->report.entry_count += report.entry_count;
	job->report.size_bytes += report.size_bytes;
	job->report.failed_items += report.failed_items;
	job->report.special_files += report.special_files;
	job->report.vanished_files += report.vanished_files;
	memcpy(job->report.digest, report.digest, sizeof(report.digest));
	return code;
}

/* Failed items of one path do not keep the next from its turn. */
static enum muster_code run_each(struct digest_job *job, const struct muster_source *sources,
				 size_t count, struct muster_error *err)
{
	enum muster_code all = MUSTER_OK;

	job->request.source_count = 1;
	for (size_t i = 0; i < count; i++) {
		struct muster_error own = { 0 };
		enum muster_code code;

		job->root = sources[i].path;
		job->is_single = argument_check_path(job->root, true, NULL) != MUSTER_OK;
		job->request.sources = &sources[i];
		code = run_once(job, &own);
		if (code)
			*err = own;
		if (code && code != MUSTER_E_ITEMS)
			return code;
		all = code ? code : all;
	}
	return all;
}

static enum muster_code take_paths(struct cli *cli, struct muster_source **out,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	*out = calloc(cli->words.count, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "the paths");
	for (size_t i = 0; i < cli->words.count && !code; i++) {
		(*out)[i].path = cli->words.items[i];
		code = argument_check_path(cli->words.items[i], false, err);
	}
	return code;
}

#define ROW(key, label, kind, when) SUMMARY_ROW(key, label, kind, when, struct muster_digest_report)

static const struct summary_row rows[] = {
	ROW(digest, NULL, SUMMARY_TEXT, WHEN_JSON),
	ROW(entry_count, "files", SUMMARY_COUNT, WHEN_ALWAYS),
	ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_ALWAYS),
	ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(vanished_files, "vanished files", SUMMARY_COUNT, WHEN_NOT_ZERO),
	ROW(special_files, "special files", SUMMARY_COUNT, WHEN_NOT_ZERO),
};

/* The digest of all is data, but not in a list for md5sum. */
static void report_all(struct digest_job *job)
{
	const struct digest_options *options = job->cli->options;
	struct cli *cli = job->cli;
	struct bytes *line;

	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), &job->report);
	summary_add_speed(cli, job->report.entry_count, job->report.size_bytes);
	if (cli->global.json || options->is_md5sum || !job->report.digest[0])
		return;
	line = output_begin(&cli->output);
	if (!options->only_summary)
		bytes_append_text(line, "artifact digest ", NULL);
	bytes_append_text(line, job->report.digest, NULL);
	output_end(&cli->output, '\n');
}

static enum muster_code digest(struct cli *cli, struct digest_job *job,
			       const struct muster_source *sources, struct muster_error *err)
{
	const struct digest_options *options = cli->options;
	enum muster_code code = cli_job_begin(cli, &job->request.job, err);

	if (code)
		return code;
	job->request.algorithm = options->algorithm;
	job->request.one_file_system = options->one_file_system;
	job->request.on_entry_state = job;
	if (options->is_md5sum) {
		job->request.on_entry = print_sum;
		code = run_each(job, sources, cli->words.count, err);
	} else {
		job->request.on_entry = options->only_summary ? NULL : print_entry;
		job->request.sources = sources;
		job->request.source_count = cli->words.count;
		code = run_once(job, err);
	}
	code = cli_job_end(cli, code, err);
	if (!code || code == MUSTER_E_ITEMS)
		report_all(job);
	return code;
}

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct digest_options *options = cli->options;

	if (options->check && cli->words.count)
		return muster_fail(err, MUSTER_E_USAGE,
				   "-c reads the paths from its list: '%s' is too much",
				   cli->words.items[0]);
	if (!options->check && !cli->words.count)
		return muster_fail(err, MUSTER_E_USAGE,
				   "nothing to digest: name a directory or a file");
	if (options->is_md5sum && cli->global.json)
		return muster_fail(err, MUSTER_E_USAGE, "--md5sum and --json: one at a time");
	if (options->is_md5sum && options->algorithm && strcmp(options->algorithm, "md5") != 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--md5sum prints MD5: --algorithm %s has no "
				   "meaning",
				   options->algorithm);
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct digest_options *options = cli->options;
	struct digest_job job = { .cli = cli };
	struct muster_source *sources = NULL;
	struct filter *filter = NULL;
	enum muster_code code = check(cli, err);

	if (code)
		return code;
	if (options->check)
		return digest_check(cli, err);
	code = take_paths(cli, &sources, err);
	if (!code)
		code = argument_filter(&filter, &options->patterns, err);
	job.request.rules = argument_rules(filter);
	if (!code)
		code = digest(cli, &job, sources, err);
	filter_free(filter);
	bytes_release(&job.path);
	free(sources);
	return code;
}

const struct command command_digest = {
	.name = "digest",
	.summary = "digests of files, and of the version they would make",
	.usage = "[options] PATH...\n[options] -c FILE",
	.description =
		"Reads files and prints their digests as W&B's manifests have them, and the digest "
		"that W&B would give an artifact of them. Nothing is stored. With -c the files "
		"that "
		"a list names are held against it: the exit code is 1 if one differs or is "
		"missing.",
	.examples = "muster digest photos\n"
		    "muster digest --summary photos\n"
		    "muster digest --md5sum photos > photos.md5\n"
		    "muster digest -c photos.md5",
	COMMAND_OPTIONS(specs, struct digest_options),
	.word_max = ANY_WORDS,
	.run = run,
};
