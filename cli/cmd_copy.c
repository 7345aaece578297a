#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

struct copy_options {
	bool all_versions, all_artifacts, is_partial;
	const char *as;
};

#define COPY(field) offsetof(struct copy_options, field)

static const struct option_spec specs[] = {
	{ .name = "all-versions",
	  .kind = OPTION_FLAG,
	  .offset = COPY(all_versions),
	  .help = "every version of the artifact, in order" },
	{ .name = "all-artifacts",
	  .kind = OPTION_FLAG,
	  .offset = COPY(all_artifacts),
	  .help = "every version of every artifact of the repository" },
	{ .name = "as",
	  .kind = OPTION_TEXT,
	  .offset = COPY(as),
	  .value = "NAME",
	  .help = "what the artifact is called there, [[entity/]project/]name; without TO in the "
		  "same repository" },
	{ .name = "commit-partial",
	  .kind = OPTION_FLAG,
	  .offset = COPY(is_partial),
	  .help = "make versions without the files whose bytes cannot be had" },
};

/* --- what is copied, and where to ------------------------------------------------------------- */

static const char *source_word(const struct cli *cli)
{
	const struct copy_options *options = cli->options;

	return options->all_artifacts ? NULL : cli_word(cli, 0);
}

static const char *target_word(const struct cli *cli)
{
	const struct copy_options *options = cli->options;

	return cli_word(cli, options->all_artifacts ? 0 : 1);
}

static enum muster_code check(const struct cli *cli, struct muster_error *err)
{
	const struct copy_options *options = cli->options;

	if (options->all_artifacts && cli->words.count > 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--all-artifacts takes no VERSION: only the repository that all "
				   "of them go to");
	if (options->all_artifacts && options->as)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--as is a name for one artifact: it cannot stand with "
				   "--all-artifacts");
	if (!options->all_artifacts && !cli_word(cli, 0))
		return muster_fail(err, MUSTER_E_USAGE, "name the version to copy");
	if (!target_word(cli) && !options->as)
		return muster_fail(err, MUSTER_E_USAGE,
				   "name the repository to copy it to, or another name with --as");
	return MUSTER_OK;
}

static bool ignore_version(void *state, const struct muster_version_info *version)
{
	(void)state;
	(void)version;
	return false;
}

/* A mistake in a name makes no repository. */
static enum muster_code check_source(const struct cli *cli, struct muster_error *err)
{
	const struct copy_options *options = cli->options;
	const char *source = source_word(cli);

	if (!source)
		return MUSTER_OK;
	if (options->all_versions)
		return muster_versions(cli->repository, source, ignore_version, NULL, err);
	return muster_show(cli->repository, source, ignore_version, NULL, err);
}

static enum muster_code open_target(struct cli *cli, struct muster_repository **out,
				    struct muster_error *err)
{
	struct muster_open_options options = { .url = target_word(cli),
					       .entity = cli->global.entity,
					       .project = cli->global.project,
					       .may_init = true,
					       .like = cli->repository,
					       .limits = cli_limits(cli) };
	bool was_made = false;
	enum muster_code code;

	*out = NULL;
	if (!options.url)
		return MUSTER_OK;
	code = muster_repository_open(out, &options, &was_made, err);
	if (code == MUSTER_E_NAME)
		cli->hint = "'muster init URL' makes a repository there";
	if (!code && was_made)
		cli_tell_made(cli, *out);
	return code;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell_json(struct json_writer *json, const struct muster_copied_version *version)
{
	json_member_text(json, "from", version->from);
	json_member_text(json, "to", version->to);
	json_member_bool(json, "is_new", version->is_new);
	if (version->reason[0])
		json_member_text(json, "reason", version->reason);
	json_member_bool(json, "is_link", version->is_link);
	if (version->note[0])
		json_member_text(json, "note", version->note);
	json_member_text(json, "digest", version->digest);
	json_member_u64(json, "entry_count", version->entry_count);
	json_member_u64(json, "size_bytes", version->size_bytes);
	json_member_u64(json, "failed_items", version->failed_items);
}

struct copying {
	struct cli *cli;
	struct bytes note; /* the last one that was told */
};

/* Once for all links of an artifact. */
static void tell_note(struct copying *copying, const char *note)
{
	if (!*note || view_equal(bytes_view(&copying->note), view_text(note)))
		return;
	copying->note.len = 0;
	bytes_append_text(&copying->note, note, NULL);
	cli_say(copying->cli, "links become versions of their own: %s", note);
}

/* The names of versions in the target are data, those that were there already, too. */
static void on_version(void *state, const struct muster_copied_version *version)
{
	struct cli *cli = ((struct copying *)state)->cli;
	struct json_writer *json;
	struct bytes *line;

	tell_note(state, version->note);
	json = cli_json_begin(cli, "copy");
	if (json) {
		tell_json(json, version);
		cli_json_end(cli);
		return;
	}
	line = output_begin(&cli->output);
	show_name(line, view_text(version->to));
	output_end(&cli->output, '\n');
}

static const struct summary_row rows[] = {
	SUMMARY_ROW(new_versions, "new versions", SUMMARY_COUNT, WHEN_ALWAYS,
		    struct muster_copy_report),
	SUMMARY_ROW(present_versions, "there already", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(older_versions, "older, left out", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(failed_versions, "failed versions", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(new_links, "new links", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(unlinked_versions, "no links any more", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(entry_count, "files", SUMMARY_COUNT, WHEN_ALWAYS, struct muster_copy_report),
	SUMMARY_ROW(size_bytes, "size", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_copy_report),
	SUMMARY_ROW(read_bytes, "read", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_copy_report),
	SUMMARY_ROW(shared_bytes, "deduplicated", SUMMARY_SIZE, WHEN_ALWAYS,
		    struct muster_copy_report),
	SUMMARY_ROW(shared_blobs, "shared blobs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_copy_report),
	SUMMARY_ROW(packed_blobs, "new blobs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_copy_report),
	SUMMARY_ROW(packed_bytes, "new bytes", SUMMARY_SIZE, WHEN_VERBOSE,
		    struct muster_copy_report),
	SUMMARY_ROW(written_bytes, "written", SUMMARY_SIZE, WHEN_ALWAYS, struct muster_copy_report),
	SUMMARY_ROW(failed_items, "failed items", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
	SUMMARY_ROW(adopted_packs, "adopted packs", SUMMARY_COUNT, WHEN_VERBOSE,
		    struct muster_copy_report),
	SUMMARY_ROW(digest_collisions, "collisions", SUMMARY_COUNT, WHEN_NOT_ZERO,
		    struct muster_copy_report),
};

static void tell_report(struct cli *cli, const struct muster_copy_report *report)
{
	if (report->older_versions)
		cli_say(cli,
			"%llu older %s not there: only what is newer than the versions there is "
			"added, so that `latest` stays the newest",
			(unsigned long long)report->older_versions,
			text_plural(report->older_versions, "version is", "versions are"));
	if (!report->new_versions && report->present_versions && !report->failed_versions)
		cli_say(cli, "no new version: all of it is there already");
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), report);
	summary_add_speed(cli, report->entry_count, report->size_bytes);
}

/* --- the command ------------------------------------------------------------------------------ */

static enum muster_code copy(struct cli *cli, struct muster_repository *target,
			     struct muster_error *err)
{
	const struct copy_options *options = cli->options;
	struct copying copying = { .cli = cli };
	struct muster_copy_options request = { .version = source_word(cli),
					       .all = options->all_versions ||
						      options->all_artifacts,
					       .as = options->as,
					       .commit_partial = options->is_partial,
					       .on_version = on_version,
					       .on_version_state = &copying };
	struct muster_copy_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &request.job, err);

	if (code)
		return code;
	code = muster_copy(cli->repository, target, &request, &report, err);
	code = cli_job_end(cli, code, err);
	bytes_release(&copying.note);
	if (!code || code == MUSTER_E_ITEMS || code == MUSTER_E_CANCELLED)
		tell_report(cli, &report);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	struct muster_repository *target = NULL;
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = hint_names(cli, check_source(cli, err));
	if (!code)
		code = open_target(cli, &target, err);
	if (!code)
		code = copy(cli, target, err);
	muster_repository_close(target);
	return code;
}

const struct command command_copy = {
	.name = "copy",
	.summary = "copy versions into another repository, or under another name",
	.usage = "[options] VERSION TO\n"
		 "[options] --all-versions NAME TO\n"
		 "[options] --all-artifacts TO\n"
		 "[options] VERSION --as NAME",
	.description =
		"Copies VERSION of the repository (-R) into the repository TO, a directory or the "
		"URL "
		"of a bucket, and prints what it is called there. A directory that does not exist "
		"or "
		"is empty becomes a repository. Digest, files, references, description, metadata, "
		"aliases, tags and ttl are the same; the version's number is the next one there. "
		"An alias that another version has there moves.\n"
		"\n"
		"Only bytes that TO does not have yet are read and written, and all that is read "
		"is "
		"checked against its digest. A version that is there already is not made again, "
		"but gets the aliases and tags that it lacks. References stay references.\n"
		"\n"
		"With --all-versions what is newer than the versions there is added in order: the "
		"same command brings a copy up to date. --as without TO copies within one "
		"repository, and moves no bytes.\n"
		"\n"
		"A link stays a link where the version that it links is in TO; --all-artifacts "
		"copies those first. Where it is not there, the links of an artifact become "
		"versions of their own, and that is told. Within one repository a copy of a link "
		"is a version of its own.\n"
		"\n"
		"Files whose stored bytes are damaged or missing are told, and then their version "
		"is not made, unless --commit-partial is given. What an interrupted or killed copy "
		"has done is kept: the same command goes on from there.",
	.examples = "muster copy photos:v0 /backup/muster\n"
		    "muster copy photos s3://bucket/muster\n"
		    "muster copy --all-versions photos s3://bucket/muster\n"
		    "muster copy --all-artifacts /backup/muster\n"
		    "muster -R s3://bucket/muster copy photos:best ~/muster\n"
		    "muster copy photos:v0 --as frozen-photos",
	COMMAND_OPTIONS(specs, struct copy_options),
	.word_max = 2,
	.run = run,
};
