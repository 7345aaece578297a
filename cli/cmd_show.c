#include <stdio.h>

#include "base/text/text.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/version_info.h"

#define LABEL_COLUMNS 13

static struct bytes *begin_line(struct cli *cli, const char *label)
{
	struct bytes *line = output_begin(&cli->output);

	show_padded(line, view_text(label), LABEL_COLUMNS, false);
	return line;
}

static void line_text(struct cli *cli, const char *label, const char *text)
{
	show_paragraph(begin_line(cli, label), view_text(text), LABEL_COLUMNS);
	output_end(&cli->output, '\n');
}

static void line_count(struct cli *cli, const char *label, uint64_t count)
{
	char text[TEXT_COUNT_BYTES];

	line_text(cli, label, text_count(text, count));
}

static void line_names(struct cli *cli, const char *label, const char *const *names, size_t count)
{
	version_info_names(begin_line(cli, label), names, count);
	output_end(&cli->output, '\n');
}

static void line_name(struct cli *cli, const struct muster_version_info *info)
{
	struct bytes *line = begin_line(cli, "version");
	const char *const parts[] = { info->entity, "/", info->project, "/", info->name };
	char number[32];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		show_name(line, view_text(parts[i]));
	snprintf(number, sizeof(number), ":v%llu", (unsigned long long)info->number);
	bytes_append_text(line, number, NULL);
	output_end(&cli->output, '\n');
}

static void line_source(struct cli *cli, const struct muster_version_info *info)
{
	char time[SHOW_TIME_BYTES], text[64];

	if (!info->is_link)
		return;
	version_info_source(begin_line(cli, "link to"), info);
	output_end(&cli->output, '\n');
	snprintf(text, sizeof(text), "%s UTC", show_time(time, info->linked_ms));
	line_text(cli, "linked", text);
}

static void line_size(struct cli *cli, uint64_t size_bytes)
{
	char size[TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES], text[64];

	text_size(size, size_bytes);
	snprintf(text, sizeof(text), "%s (%s bytes)", size, text_count(count, size_bytes));
	line_text(cli, "size", size_bytes < 1024 ? size : text);
}

static void line_ttl(struct cli *cli, const struct muster_version_info *info)
{
	char count[TEXT_COUNT_BYTES], time[SHOW_TIME_BYTES], text[128];

	if (!info->ttl_days && !info->ttl_is_disabled)
		return;
	if (!info->ttl_days) {
		line_text(cli, "ttl", "disabled");
		return;
	}
	snprintf(text, sizeof(text), "%s %s%s", text_count(count, info->ttl_days),
		 text_plural(info->ttl_days, "day", "days"),
		 info->ttl_is_inherited ? ", inherited" : "");
	line_text(cli, "ttl", text);
	snprintf(text, sizeof(text), "%s UTC", show_time(time, info->expires_ms));
	line_text(cli, info->is_expired ? "EXPIRED" : "expires", text);
}

static void show_digests(struct cli *cli, const struct muster_version_info *info)
{
	char text[128];

	snprintf(text, sizeof(text), "%s (%s)", info->digest, info->digest_algorithm);
	line_text(cli, "digest", text);
	line_text(cli, "content root", info->root);
	line_text(cli, "event", info->event_sha256);
}

static bool on_version(void *state, const struct muster_version_info *info)
{
	struct cli *cli = state;
	char time[SHOW_TIME_BYTES], text[64];

	if (cli->global.json) {
		version_info_json(cli, info);
		return true;
	}
	line_name(cli, info);
	line_source(cli, info);
	line_text(cli, "type", info->type);
	line_names(cli, "aliases", info->aliases, info->alias_count);
	line_names(cli, "tags", info->tags, info->tag_count);
	snprintf(text, sizeof(text), "%s UTC", show_time(time, info->created_ms));
	line_text(cli, "created", text);
	line_count(cli, "files", info->entry_count - info->reference_count);
	if (info->reference_count)
		line_count(cli, "references", info->reference_count);
	line_size(cli, info->size_bytes);
	show_digests(cli, info);
	line_ttl(cli, info);
	if (info->description && *info->description)
		line_text(cli, "description", info->description);
	line_text(cli, "metadata", info->metadata && *info->metadata ? info->metadata : "{}");
	return true;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	enum muster_code code = cli_open(cli, false, err);

	if (code)
		return code;
	return hint_names(cli,
			  muster_show(cli->repository, cli_word(cli, 0), on_version, cli, err));
}

const struct command command_show = {
	.name = "show",
	.summary = "what a version is: size, digests, aliases, metadata",
	.usage = "[options] VERSION",
	.description =
		"Prints what is known of a version. The digest is the one that W&B computes for "
		"the "
		"same files. The content root and the event prove the version: kept elsewhere, "
		"'muster verify --root' finds out whether they still hold.",
	.examples = "muster show photos\nmuster show photos:v0 --json",
	.word_min = 1,
	.word_max = 1,
	.run = run,
};
