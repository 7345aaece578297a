#include <stdio.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/version_info.h"

#define NAME_BYTES 2048

struct delete_options {
	bool is_collection, deletes_aliases, is_yes;
};

#define DELETE(field) offsetof(struct delete_options, field)

static const struct option_spec specs[] = {
	{ .name = "collection",
	  .kind = OPTION_FLAG,
	  .offset = DELETE(is_collection),
	  .help = "the whole artifact NAME, with all versions" },
	{ .name = "delete-aliases",
	  .kind = OPTION_FLAG,
	  .offset = DELETE(deletes_aliases),
	  .help = "also if the version has aliases" },
	{ .letters = "y",
	  .name = "yes",
	  .kind = OPTION_FLAG,
	  .offset = DELETE(is_yes),
	  .help = "do not ask" },
};

/* What is about to go. */
struct victim {
	char name[NAME_BYTES];
	uint64_t version_count, entry_count, size_bytes;
	bool has_aliases;
};

static bool on_version(void *state, const struct muster_version_info *info)
{
	struct victim *victim = state;

	snprintf(victim->name, sizeof(victim->name), "%s/%s/%s:v%llu", info->entity, info->project,
		 info->name, (unsigned long long)info->number);
	victim->version_count++;
	victim->has_aliases |= info->alias_count > 0;
	victim->entry_count += info->entry_count;
	victim->size_bytes += info->size_bytes;
	return true;
}

static enum muster_code look(struct cli *cli, struct victim *victim, struct muster_error *err)
{
	const struct delete_options *options = cli->options;
	const char *word = cli_word(cli, 0);
	enum muster_code code;

	if (!options->is_collection)
		return muster_show(cli->repository, word, on_version, victim, err);
	code = muster_versions(cli->repository, word, on_version, victim, err);
	snprintf(victim->name, sizeof(victim->name), "%s", word);
	return code;
}

static enum muster_code put_question(struct cli *cli, const struct victim *victim,
				     struct muster_error *err)
{
	const struct delete_options *options = cli->options;
	char count[TEXT_COUNT_BYTES], versions[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];
	struct bytes text = { 0 };
	enum muster_code code;

	bytes_append_text(&text, "Delete ", NULL);
	show_name(&text, view_text(victim->name));
	if (options->is_collection)
		bytes_printf(&text, NULL, " with all its versions (%s)? [y/N] ",
			     text_count(versions, victim->version_count));
	else
		bytes_printf(&text, NULL, " (%s %s, %s)? [y/N] ",
			     text_count(count, victim->entry_count),
			     text_plural(victim->entry_count, "file", "files"),
			     text_size(size, victim->size_bytes));
	code = confirm_ask(cli, bytes_view(&text), err);
	bytes_release(&text);
	return code;
}

static enum muster_code ask(struct cli *cli, const struct victim *victim, struct muster_error *err)
{
	const struct delete_options *options = cli->options;

	if (options->is_yes)
		return MUSTER_OK;
	if (!confirm_can_ask())
		return muster_fail(err, MUSTER_E_REFUSED,
				   "nobody can be asked whether '%s' shall be deleted: give --yes",
				   victim->name);
	return put_question(cli, victim, err);
}

static enum muster_code check(struct cli *cli, struct muster_error *err)
{
	const struct delete_options *options = cli->options;
	const char *word = cli_word(cli, 0);

	if (options->is_collection && argument_has_alias(word))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is one version; --collection deletes an artifact with all "
				   "of them",
				   word);
	if (!options->is_collection && !argument_has_alias(word))
		return muster_fail(err, MUSTER_E_USAGE,
				   "which version? Name it ('%s:vN'), or give --collection for all "
				   "of them",
				   word);
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct delete_options *options = cli->options;
	struct victim victim = { 0 };
	enum muster_code code = check(cli, err);

	if (!code)
		code = cli_open(cli, false, err);
	if (!code)
		code = hint_names(cli, look(cli, &victim, err));
	if (!code)
		code = ask(cli, &victim, err);
	if (!code)
		code = muster_delete(cli->repository, cli_word(cli, 0), options->is_collection,
				     options->deletes_aliases, err);
	if (code == MUSTER_E_REFUSED && victim.has_aliases && !options->deletes_aliases)
		cli->hint = "it has aliases: --delete-aliases deletes them, too";
	if (code)
		return code;
	cli_say(cli, "deleted %s", victim.name);
	summary_add_text(cli, "deleted", NULL, victim.name);
	summary_add_u64(cli, "version_count", victim.version_count);
	return MUSTER_OK;
}

const struct command command_delete = {
	.name = "delete",
	.summary = "delete a version, or a whole artifact",
	.usage = "[options] NAME:ALIAS\n[options] --collection NAME",
	.description =
		"Deletes one version, or with --collection an artifact with all its versions. This "
		"cannot be undone: version numbers are never used again. On a terminal it asks "
		"first; elsewhere it needs --yes. A version that has aliases is refused unless "
		"--delete-aliases is given.",
	.examples = "muster delete photos:v0\n"
		    "muster delete photos:best --delete-aliases --yes\n"
		    "muster delete --collection photos --yes",
	COMMAND_OPTIONS(specs, struct delete_options),
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
