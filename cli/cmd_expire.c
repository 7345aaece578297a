#include <stdio.h>
#include <stdlib.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "cli/version_info.h"

struct expire_options {
	uint64_t keep_last, keep_daily;
	bool keep_aliased, deletes_aliases, is_dry_run, is_yes;
};

#define EXPIRE(field) offsetof(struct expire_options, field)

static const struct option_spec specs[] = {
	{ .name = "keep-last",
	  .kind = OPTION_NUMBER,
	  .offset = EXPIRE(keep_last),
	  .value = "N",
	  .min = 1,
	  .max = UINT32_MAX,
	  .help = "the newest N versions" },
	{ .name = "keep-daily",
	  .kind = OPTION_NUMBER,
	  .offset = EXPIRE(keep_daily),
	  .value = "N",
	  .min = 1,
	  .max = UINT32_MAX,
	  .help = "the newest version of each of the newest N days (UTC) that have any" },
	{ .name = "keep-aliased",
	  .kind = OPTION_FLAG,
	  .offset = EXPIRE(keep_aliased),
	  .help = "versions with aliases: they stay in any case, so this is for when there is no "
		  "other rule" },
	{ .name = "delete-aliases",
	  .kind = OPTION_FLAG,
	  .offset = EXPIRE(deletes_aliases),
	  .help = "aliases protect no version: they are deleted with it" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .offset = EXPIRE(is_dry_run),
	  .help = "only tell what would be deleted, and why the others stay" },
	{ .letters = "y",
	  .name = "yes",
	  .kind = OPTION_FLAG,
	  .offset = EXPIRE(is_yes),
	  .help = "do not ask" },
};

struct expiring {
	struct cli *cli;
	struct table table;
};

/* --- telling ---------------------------------------------------------------------------------- */

#define REASONS_MAX 4

/* Why it stays, as words of JSON or of people. */
static size_t reasons(const struct muster_expire_info *info, bool is_json,
		      const char *out[REASONS_MAX])
{
	size_t count = 0;

	if (info->is_latest)
		out[count++] = "latest";
	if (info->is_last)
		out[count++] = is_json ? "last" : "keep-last";
	if (info->is_daily)
		out[count++] = is_json ? "daily" : "keep-daily";
	if (info->is_aliased)
		out[count++] = is_json ? "aliased" : "has aliases";
	return count;
}

static void version_json(struct cli *cli, const struct muster_expire_info *info)
{
	const struct expire_options *options = cli->options;
	struct json_writer *json = cli_json_begin(cli, "retention");
	const char *words[REASONS_MAX];
	size_t count = reasons(info, true, words);
	char text[TEXT_TIME_BYTES];

	snprintf(text, sizeof(text), "v%llu", (unsigned long long)info->number);
	json_member_text(json, "version", text);
	json_member_text(json, "action", !info->is_deleted ? "keep" : "delete");
	json_member_bool(json, "dry_run", options->is_dry_run);
	json_write_key(json, "kept_by");
	json_write_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_write_text(json, words[i]);
	json_write_array_end(json);
	json_member_u64(json, "size_bytes", info->size_bytes);
	json_member_text(json, "created_at", text_time(text, info->created_ms * 1000000));
	cli_json_end(cli);
}

static bool on_version(void *state, const struct muster_expire_info *info)
{
	struct expiring *expiring = state;
	const struct expire_options *options = expiring->cli->options;
	const char *words[REASONS_MAX] = { NULL };
	size_t count = reasons(info, false, words);
	char text[128];
	int len;

	if (expiring->cli->global.json) {
		version_json(expiring->cli, info);
		return true;
	}
	snprintf(text, sizeof(text), "v%llu", (unsigned long long)info->number);
	table_cell(&expiring->table, text);
	table_cell_size(&expiring->table, info->size_bytes);
	table_cell_time(&expiring->table, info->created_ms);
	len = snprintf(text, sizeof(text), "%s",
		       count		     ? "stays: "
		       : options->is_dry_run ? "would be deleted"
					     : "deleted");
	for (size_t i = 0; i < count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s", i ? ", " : "",
				words[i]);
	table_cell(&expiring->table, text);
	return true;
}

static void report(struct cli *cli, const struct muster_expire_report *done)
{
	const struct expire_options *options = cli->options;
	const char *label = options->is_dry_run ? "would delete" : "deleted versions";
	const struct summary_row rows[] = {
		SUMMARY_ROW(deleted_versions, label, SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_expire_report),
		SUMMARY_ROW(deleted_bytes, "their size", SUMMARY_SIZE, WHEN_NOT_ZERO,
			    struct muster_expire_report),
		SUMMARY_ROW(kept_versions, "kept versions", SUMMARY_COUNT, WHEN_ALWAYS,
			    struct muster_expire_report),
	};

	if (options->is_dry_run)
		cli_say(cli, "dry run: nothing was deleted");
	summary_add_bool(cli, "dry_run", options->is_dry_run);
	summary_add(cli, rows, sizeof(rows) / sizeof(rows[0]), done);
}

/* --- asking and doing ------------------------------------------------------------------------- */

static struct muster_expire_options rules(const struct expire_options *options)
{
	return (struct muster_expire_options){ .keep_last = options->keep_last,
					       .keep_daily = options->keep_daily,
					       .keep_aliased = options->keep_aliased,
					       .drops_aliased = options->deletes_aliases,
					       .dry_run = options->is_dry_run };
}

static enum muster_code put_question(struct cli *cli, const struct muster_expire_report *found,
				     struct muster_error *err)
{
	char count[TEXT_COUNT_BYTES], all[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];
	struct bytes text = { 0 };
	enum muster_code code;

	bytes_printf(&text, NULL, "Delete %s of %s versions of ",
		     text_count(count, found->deleted_versions),
		     text_count(all, found->deleted_versions + found->kept_versions));
	show_name(&text, view_text(cli_word(cli, 0)));
	bytes_printf(&text, NULL, " (%s)? [y/N] ", text_size(size, found->deleted_bytes));
	code = confirm_ask(cli, bytes_view(&text), err);
	bytes_release(&text);
	return code;
}

/* Nobody is asked about nothing. */
static enum muster_code ask(struct cli *cli, struct muster_error *err)
{
	const struct expire_options *options = cli->options;
	struct muster_expire_options request = rules(options);
	struct muster_expire_report found;
	enum muster_code code;

	if (options->is_yes || options->is_dry_run)
		return MUSTER_OK;
	request.dry_run = true;
	code = muster_expire(cli->repository, cli_word(cli, 0), &request, &found, err);
	if (code || !found.deleted_versions)
		return code;
	if (confirm_can_ask())
		return put_question(cli, &found, err);
	return muster_fail(err, MUSTER_E_REFUSED,
			   "nobody can be asked whether %llu %s of '%s' shall be deleted: give "
			   "--yes, or --dry-run to see which",
			   (unsigned long long)found.deleted_versions,
			   text_plural(found.deleted_versions, "version", "versions"),
			   cli_word(cli, 0));
}

static enum muster_code expire(struct cli *cli, struct muster_error *err)
{
	static const struct table_column columns[] = {
		{ "VERSION", true }, { "SIZE", true }, { "CREATED (UTC)", false }, { "", false }
	};
	struct muster_expire_options request = rules(cli->options);
	struct muster_expire_report done;
	struct expiring *expiring = calloc(1, sizeof(*expiring));
	enum muster_code code;

	if (!expiring)
		return muster_fail_memory(err, "a table");
	expiring->cli = cli;
	request.on_version = on_version;
	request.state = expiring;
	table_begin(&expiring->table, &cli->output, columns, sizeof(columns) / sizeof(columns[0]));
	code = muster_expire(cli->repository, cli_word(cli, 0), &request, &done, err);
	table_end(&expiring->table);
	free(expiring);
	report(cli, &done);
	return code;
}

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct expire_options *options = cli->options;

	if (argument_has_alias(cli_word(cli, 0)))
		return muster_fail(err, MUSTER_E_USAGE,
				   "expire decides of an artifact's versions: '%s' names one",
				   cli_word(cli, 0));
	if (!options->keep_last && !options->keep_daily && !options->keep_aliased)
		return muster_fail(err, MUSTER_E_USAGE,
				   "expire needs a rule that says what stays: --keep-last, "
				   "--keep-daily or --keep-aliased");
	if (options->keep_aliased && options->deletes_aliases)
		return muster_fail(err, MUSTER_E_USAGE,
				   "--keep-aliased and --delete-aliases exclude each other");
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = ask(cli, err);
	if (!code)
		code = expire(cli, err);
	return hint_names(cli, code);
}

const struct command command_expire = {
	.name = "expire",
	.summary = "delete the versions that no rule keeps",
	.usage = "[options] NAME",
	.description =
		"Deletes versions of the artifact NAME as 'muster delete' does, and tells which, "
		"and why the others stay. A version stays if any rule keeps it; the newest always "
		"stays, and so does every version that has an alias, unless --delete-aliases is "
		"given. At least one rule is needed. On a terminal it asks first; elsewhere it "
		"needs --yes.",
	.examples = "muster expire photos --keep-last 5 --keep-daily 30 --dry-run\n"
		    "muster expire photos --keep-last 5 --keep-daily 30 --yes\n"
		    "muster expire photos --keep-aliased",
	COMMAND_OPTIONS(specs, struct expire_options),
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
