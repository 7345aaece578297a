#include "cli/argument.h"
#include "cli/cache_report.h"
#include "cli/commands.h"
#include "cli/get_report.h"
#include "cli/summary.h"
#include "cli/version_info.h"

struct checkout_options {
	struct option_list patterns;
	const char *backup_dir;
	uint64_t max_delete;
	struct cli_cache cache;
	bool is_delete, is_overwrite, is_dry_run, is_sync;
};

#define CHECKOUT(field) offsetof(struct checkout_options, field)

static const struct option_spec specs[] = {
	{ .name = "delete",
	  .kind = OPTION_FLAG,
	  .offset = CHECKOUT(is_delete),
	  .help = "delete files that are not in the version, even if no checkout wrote them, or "
		  "somebody changed them" },
	{ .name = "overwrite",
	  .kind = OPTION_FLAG,
	  .offset = CHECKOUT(is_overwrite),
	  .help = "replace files that differ from the version's, even if no checkout wrote them, "
		  "or "
		  "somebody changed them" },
	{ .name = "max-delete",
	  .kind = OPTION_NUMBER,
	  .offset = CHECKOUT(max_delete),
	  .value = "N",
	  .min = 1,
	  .max = UINT64_MAX,
	  .help = "do nothing at all if more than N files would be deleted" },
	{ .name = "backup-dir",
	  .kind = OPTION_TEXT,
	  .offset = CHECKOUT(backup_dir),
	  .value = "DIR",
	  .help = "move what is deleted or replaced there" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .offset = CHECKOUT(is_dry_run),
	  .help = "only tell what would be done" },
	PATTERN_OPTIONS(struct checkout_options, patterns),
	CACHE_OPTIONS(struct checkout_options, cache),
	{ .name = "sync",
	  .kind = OPTION_FLAG,
	  .offset = CHECKOUT(is_sync),
	  .help = "wait until all is on the disk" },
};

static enum muster_code checkout(struct cli *cli, const struct filter *filter,
				 struct muster_error *err)
{
	const struct checkout_options *options = cli->options;
	struct muster_checkout_options request = { .version = cli_word(cli, 0),
						   .directory = cli_word(cli, 1),
						   .delete_others = options->is_delete,
						   .overwrite = options->is_overwrite,
						   .max_delete = options->max_delete,
						   .backup_dir = options->backup_dir,
						   .dry_run = options->is_dry_run,
						   .sync = options->is_sync,
						   .rules = argument_rules(filter) };
	struct muster_get_report report = { 0 };
	enum muster_code code = cli_job_begin(cli, &request.job, err);

	if (code)
		return code;
	code = muster_checkout(cli->repository, &request, &report, err);
	code = cli_job_end(cli, code, err);
	if (code && code != MUSTER_E_ITEMS && code != MUSTER_E_CANCELLED)
		return code;
	if (options->is_dry_run)
		cli_say(cli, "dry run: nothing was changed; this would be done:");
	summary_add_bool(cli, "dry_run", options->is_dry_run);
	get_report_add(cli, &report);
	cache_report_add(cli);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct checkout_options *options = cli->options;
	struct filter *filter;
	enum muster_code code = argument_filter(&filter, &options->patterns, err);

	if (!code)
		code = argument_refuse_uri(cli_word(cli, 1), "a directory", err);
	if (!code)
		code = argument_refuse_uri(options->backup_dir, "a directory for --backup-dir",
					   err);
	cli->cache = options->cache;
	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = hint_names(cli, checkout(cli, filter, err));
	filter_free(filter);
	return code;
}

const struct command command_checkout = {
	.name = "checkout",
	.summary = "make a directory exactly the version",
	.usage = "[options] VERSION DIR",
	.description =
		"Makes DIR exactly VERSION: writes what is missing, replaces what differs, deletes "
		"what is not in it. By itself it touches only files that an earlier checkout wrote "
		"and nobody has changed since; anything else stops it before the first change, "
		"unless --delete or --overwrite is given; the message says which of them is "
		"needed, and for which files. It refuses /, home directories, mount points, "
		"and "
		"places that contain the repository or lie in it.",
	.examples = "muster checkout photos photos-copy\n"
		    "muster checkout photos:v0 photos-copy --dry-run\n"
		    "muster checkout photos photos-copy --delete --max-delete 100 --backup-dir "
		    "backup",
	COMMAND_OPTIONS(specs, struct checkout_options),
	.word_min = 2,
	.word_max = 2,
	.run = run,
};
