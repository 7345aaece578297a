#include <stdlib.h>

#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/new_version.h"
#include "cli/summary.h"

struct put_options {
	struct new_version_options version;
	struct option_list patterns, places;
	const char *onto, *files_from;
	uint64_t ttl_days;
	bool one_file_system, is_dry_run, is_rehash, is_partial;
};

#define PUT(field) offsetof(struct put_options, field)

static const struct option_spec specs[] = {
	NEW_VERSION_OPTIONS(struct put_options, version),
	{ .name = "at",
	  .kind = OPTION_LIST,
	  .offset = PUT(places),
	  .value = "NAME=PATH",
	  .help = "put PATH too, under NAME in the version; may be given several times" },
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
	{ .name = "files-from",
	  .kind = OPTION_TEXT,
	  .offset = PUT(files_from),
	  .value = "FILE",
	  .help = "only the files of PATH that FILE names, one a line, relative to PATH; - is "
		  "standard input" },
	PATTERN_OPTIONS(struct put_options, patterns),
	{ .name = "one-file-system",
	  .kind = OPTION_FLAG,
	  .offset = PUT(one_file_system),
	  .help = "do not enter other file systems" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .offset = PUT(is_dry_run),
	  .help = "only tell how many files and bytes would be read; nothing is read or written" },
	{ .name = "rehash",
	  .kind = OPTION_FLAG,
	  .offset = PUT(is_rehash),
	  .help = "read every file, also those that seem unchanged" },
	{ .name = "commit-partial",
	  .kind = OPTION_FLAG,
	  .offset = PUT(is_partial),
	  .help = "make the version without the files that could not be read" },
};

/* All that a put holds besides its options. */
struct put_job {
	struct muster_put_options request;
	struct new_version version;
	struct muster_source *sources;
	struct bytes names; /* of --at: their texts */
	struct bytes files;
	struct filter *filter;
};

static void release(struct put_job *job)
{
	filter_free(job->filter);
	bytes_release(&job->files);
	bytes_release(&job->names);
	free(job->sources);
	new_version_release(&job->version);
}

static enum muster_code check_source(const char *path, struct muster_error *err)
{
	return argument_is_uri(path) ? MUSTER_OK : argument_check_path(path, false, err);
}

/* "NAME=PATH"; NAME is copied behind the others, whose room was reserved. */
static enum muster_code add_place(struct put_job *job, const char *text, struct muster_error *err)
{
	const char *equals = strchr(text, '=');
	struct muster_source *source = &job->sources[job->request.source_count];
	enum muster_code code;

	if (!equals || equals == text || !equals[1])
		return muster_fail(err, MUSTER_E_USAGE, "--at: '%s' is not NAME=PATH", text);
	code = check_source(equals + 1, err);
	if (code) {
		muster_context(err, "--at");
		return code;
	}
	source->name = (const char *)job->names.ptr + job->names.len;
	source->path = equals + 1;
	bytes_append(&job->names, text, (size_t)(equals - text), NULL);
	bytes_append_byte(&job->names, '\0', NULL);
	job->request.source_count++;
	return MUSTER_OK;
}

static enum muster_code add_sources(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	size_t name_bytes = 1;
	enum muster_code code;

	if (cli->words.count + options->places.count == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "nothing to put: name a directory or a file");
	for (size_t i = 0; i < options->places.count; i++)
		name_bytes += strlen(options->places.items[i].text) + 1;
	code = bytes_reserve(&job->names, name_bytes, err);
	job->sources = calloc(cli->words.count + options->places.count, sizeof(*job->sources));
	if (!job->sources)
		return muster_fail_memory(err, "the paths");
	job->request.sources = job->sources;
	for (size_t i = 0; i < cli->words.count && !code; i++) {
		code = check_source(cli->words.items[i], err);
		job->sources[job->request.source_count++].path = cli->words.items[i];
	}
	for (size_t i = 0; i < options->places.count && !code; i++)
		code = add_place(job, options->places.items[i].text, err);
	return code;
}

static enum muster_code add_list(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	enum muster_code code;

	if (!options->files_from)
		return MUSTER_OK;
	if (job->request.source_count != 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--files-from needs exactly one PATH: the directory that the "
				   "names are relative to");
	code = argument_read_file(&job->files, "--files-from", options->files_from,
				  LIST_FILE_MAX_BYTES, err);
	job->request.files_from = job->files.ptr ? (const char *)job->files.ptr : "";
	job->request.files_from_bytes = job->files.len;
	job->request.files_from_separator = cli->global.is_null_ended ? '\0' : '\n';
	return code;
}

/* What can be said before there is a repository, so that a mistake makes none. */
static enum muster_code prepare(struct cli *cli, struct put_job *job, struct muster_error *err)
{
	const struct put_options *options = cli->options;
	enum muster_code code = new_version_check(cli, &options->version, err);

	if (!code)
		code = add_sources(cli, job, err);
	if (!code)
		code = new_version_check_put(&options->version, &job->request, err);
	if (!code)
		code = add_list(cli, job, err);
	if (!code)
		code = argument_filter(&job->filter, &options->patterns, err);
	job->request.wanted = job->filter ? argument_wants : NULL;
	job->request.wanted_state = job->filter;
	job->request.one_file_system = options->one_file_system;
	job->request.ttl_days = (unsigned)options->ttl_days;
	job->request.dry_run = options->is_dry_run;
	job->request.rehash = options->is_rehash;
	job->request.commit_partial = options->is_partial;
	return code;
}

/* The library takes an alias or vN of the collection; people may also write NAME:ALIAS. */
static enum muster_code choose_onto(struct put_job *job, const struct put_options *options,
				    struct muster_error *err)
{
	const char *onto = options->onto, *colon = onto ? strrchr(onto, ':') : NULL;
	size_t name_len = colon ? (size_t)(colon - onto) : 0;

	if (onto && strcmp(onto, options->version.name) == 0)
		onto = "latest";
	if (colon && (strncmp(onto, options->version.name, name_len) != 0 ||
		      options->version.name[name_len] != '\0'))
		return muster_fail(err, MUSTER_E_USAGE,
				   "--onto: '%s' is no version of '%s', which is put", onto,
				   options->version.name);
	job->request.onto = colon ? colon + 1 : onto;
	return MUSTER_OK;
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
	return code ? code : choose_onto(job, options, err);
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

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	struct put_job job = { 0 };
	enum muster_code code = prepare(cli, &job, err);

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
	.usage = "[options] PATH... -n NAME",
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
		"interrupted put has done is kept: the same command goes on from there.",
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
