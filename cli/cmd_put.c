#include "cli/commands.h"
#include "cli/draft_report.h"
#include "cli/new_version.h"
#include "cli/sources.h"
#include "cli/summary.h"

struct put_options {
	struct new_version_options version;
	struct source_options sources;
	const char *onto, *draft, *shard;
	uint64_t ttl_days;
	bool is_dry_run;
};

#define PUT(field) offsetof(struct put_options, field)

static const struct option_spec specs[] = {
	NEW_VERSION_OPTIONS(struct put_options, version),
	SOURCE_OPTIONS(struct put_options, sources),
	{ .name = "ttl",
	  .kind = OPTION_NUMBER,
	  .offset = PUT(ttl_days),
	  .value = "DAYS",
	  .min = 1,
	  .max = MUSTER_TTL_MAX_DAYS,
	  .help = "how long the version lives (default: as long as the artifact's default says)" },
	{ .name = "onto",
	  .kind = OPTION_TEXT,
	  .offset = PUT(onto),
	  .value = "VERSION",
	  .help = "that version plus these files: an alias or vN of the artifact" },
	{ .name = "draft",
	  .kind = OPTION_TEXT,
	  .offset = PUT(draft),
	  .value = "ID",
	  .help = "make no version, but one shard of this draft" },
	{ .name = "shard",
	  .kind = OPTION_TEXT,
	  .offset = PUT(shard),
	  .value = "SHARD",
	  .help = "which one: a number of 'muster plan', else any name of your own" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .offset = PUT(is_dry_run),
	  .help = "only tell how many files and bytes would be read; nothing is read or written" },
};

/* All that a put holds besides its options. */
struct put_job {
	struct muster_put_options request;
	struct new_version version;
	struct sources sources;
};

static void release(struct put_job *job)
{
	sources_release(&job->sources);
	new_version_release(&job->version);
}

/* What can be said before there is a repository, so that a mistake makes none. */
static enum muster_code prepare(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	enum muster_code code = new_version_check(cli, &options->version, err);

	if (!code)
		code = sources_fill(&job->sources, cli, 0, &options->sources, &job->request, err);
	if (!code)
		code = new_version_check_put(&options->version, &job->request, err);
	job->request.ttl_days = (unsigned)options->ttl_days;
	job->request.dry_run = options->is_dry_run;
	return code;
}

static enum muster_code describe(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	enum muster_code code = new_version_open(&job->version, cli, &options->version, err);

	job->request.entity = job->version.entity;
	job->request.project = job->version.project;
	job->request.name = job->version.name;
	job->request.type = options->version.type;
	job->request.description = options->version.description;
	job->request.metadata = job->version.metadata;
	job->request.aliases = job->version.aliases;
	job->request.alias_count = job->version.alias_count;
	job->request.tags = job->version.tags;
	job->request.tag_count = job->version.tag_count;
	return code ? code
		    : new_version_onto(&job->request.onto, &options->version, options->onto, err);
}

static void report_dry_run(struct cli *cli, const struct muster_put_report *report)
{
	static const struct summary_row rows[] = {
		SUMMARY_ROW(kept_files, "unchanged files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(read_files, "would read files", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(read_bytes, "would read", SUMMARY_SIZE, WHEN_ALWAYS,
			    struct muster_put_report),
		SUMMARY_ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
		SUMMARY_ROW(vanished_files, "vanished files", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
		SUMMARY_ROW(special_files, "special files", SUMMARY_COUNT, WHEN_NOT_ZERO,
			    struct muster_put_report),
	};

	cli_say(cli, "dry run: nothing was read or written");
	summary_add_bool(cli, "dry_run", true);
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->kept_files + report->read_files, 0);
}

static enum muster_code put(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	struct muster_put_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &job->request.job, err);

	if (code)
		return code;
	code = muster_put(cli->repository, &job->request, &report, err);
	code = cli_job_end(cli, code, err);
	if (code && code != MUSTER_E_ITEMS && code != MUSTER_E_CANCELLED)
		return code;
	if (job->request.dry_run)
		report_dry_run(cli, &report);
	else
		new_version_report(cli, &job->version, &report);
	return code;
}

/* --- one shard of a draft --------------------------------------------------------------------- */

/* What belongs to the version was said when the draft was made. */
static enum muster_code check_shard(const struct put_options *options, struct muster_error *err)
{
	const struct new_version_options *version = &options->version;

	if (!options->draft || !options->shard)
		return muster_fail(err, MUSTER_E_USAGE, "--draft and --shard belong together");
	if (version->name || version->type || version->description || version->metadata ||
	    version->aliases.count || version->tags.count || options->onto || options->ttl_days ||
	    options->is_dry_run)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--draft: what the version is was said when the draft was made; "
				   "only what says which files can stand here");
	return MUSTER_OK;
}

static enum muster_code add_shard(struct cli *cli, struct muster_put_options *request,
				  struct muster_error *err)
{
	const struct put_options *options = cli->options;
	struct muster_put_report report = { 0 };
	bool was_there;
	enum muster_code code = cli_job_begin(cli, &request->job, err);

	if (code)
		return code;
	code = muster_draft_add_shard(cli->repository, options->draft, options->shard, request,
				      &was_there, &report, err);
	code = cli_job_end(cli, code, err);
	if (!code && was_there)
		cli_say(cli, "shard %s was there already", options->shard);
	if (!code || code == MUSTER_E_ITEMS || code == MUSTER_E_CANCELLED)
		draft_report_added(cli, &report);
	return code;
}

static enum muster_code run_shard(struct cli *cli, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	struct muster_put_options request = { 0 };
	struct sources sources = { 0 };
	enum muster_code code = check_shard(options, err);

	if (!code)
		code = sources_fill(&sources, cli, 0, &options->sources, &request, err);
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = add_shard(cli, &request, err);
	sources_release(&sources);
	return code;
}

/* --------------------------------------------------------------------------------------------- */

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	struct put_job job = { 0 };
	enum muster_code code;

	if (options->draft || options->shard)
		return run_shard(cli, err);
	code = prepare(cli, &job, err);

	if (!code)
		code = cli_open(cli, true, err);
	if (!code)
		code = describe(cli, &job, err);
	if (!code)
		code = put(cli, &job, err);
	release(&job);
	return code;
}

const struct command command_put = {
	.name = "put",
	.summary = "make a version of directories and files",
	.usage = "[options] PATH... -n NAME\n[options] PATH... --draft ID --shard SHARD",
	.description =
		"Makes a version of the artifact NAME. The contents of a directory land at the "
		"root "
		"of the version, a file under its own name; --at gives another place. Files that "
		"have not changed since the last put of the same directory are not read again, and "
		"where nothing has changed no version is made. The version's full name is "
		"printed.\n"
		"\n"
		"A PATH written file:///dir or file:///file is a reference: its files are "
		"digested, "
		"but their bytes stay where they are. muster://NAME:VERSION/PATH refers to an "
		"entry "
		"of another version, or to all below a directory, or without a PATH to all of it: "
		"nothing is read, and the bytes stay stored though the other version is deleted. "
		"References over the network (s3, gs, http, https) are not supported by this "
		"build. A URI of another scheme is only noted down, under the name that --at gives "
		"it.\n"
		"\n"
		"Symbolic links are followed. Modes, owners, times and empty directories are not "
		"kept; devices, pipes and sockets are skipped. Files that cannot be read are told, "
		"and then nothing is committed, unless --commit-partial is given. What an "
		"interrupted put has done is kept: the same command goes on from there.\n"
		"\n"
		"With --draft and --shard it makes no version, but one shard of a draft that "
		"'muster plan' made: only the files of the shard's range of paths are looked at. A "
		"shard that is there already is not done again.",
	.examples = "muster put photos -n photos\n"
		    "muster put photos -n photos -a best --tag reviewed --description 'all of "
		    "May'\n"
		    "muster put data --at labels=work/labels -n training -t dataset --exclude "
		    "'*.tmp'\n"
		    "muster put --at labels.csv=muster://photos:v3/labels/may.csv -n training\n"
		    "muster put photos -n photos --files-from failed.txt --onto latest",
	COMMAND_OPTIONS(specs, struct put_options),
	.word_max = ANY_WORDS,
	.run = run,
};
