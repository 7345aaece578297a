#include "cli/failures.h"

#include <errno.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/cli.h"
#include "cli/show.h"

enum muster_code failures_open(struct failures *failures, const char *path, bool is_null_ended,
			       struct muster_error *err)
{
	enum muster_code code = argument_refuse_uri(path, "a file", err);
	FILE *file;

	if (code) {
		muster_context(err, "--failures");
		return code;
	}
	file = fopen(path, "we");
	if (!file) {
		muster_fail_errno(err, "--failures: open '%s'", path);
		return err->code = MUSTER_E_USAGE;
	}
	*failures = (struct failures){ .file = file, .path = path, .is_null_ended = is_null_ended };
	return MUSTER_OK;
}

static void write_path(struct failures *failures, struct view path)
{
	if (!failures->is_null_ended && memchr(path.ptr, '\n', path.len)) {
		failures->unwritable_count++;
		return;
	}
	fwrite(path.ptr, 1, path.len, failures->file);
	fputc(failures->is_null_ended ? '\0' : '\n', failures->file);
}

static void tell_people(struct cli *cli, struct view path, struct view cause)
{
	struct bytes text = { 0 };

	bytes_append_text(&text, "'", NULL);
	show_name(&text, path);
	bytes_append_text(&text, "': ", NULL);
	bytes_append_view(&text, cause, NULL);
	if (bytes_append_byte(&text, '\0', NULL) == MUSTER_OK)
		screen_say(&cli->screen, COLOUR_RED, "muster: failed: ", (const char *)text.ptr);
	bytes_release(&text);
}

void failures_add(struct cli *cli, const char *path, uint64_t path_bytes,
		  const struct muster_error *error)
{
	struct view name = view_of(path, path_bytes);
	struct bytes cause = { 0 };
	struct json_writer *json;

	text_append_cause(&cause, name, view_text(error->message), NULL);
	json = cli_json_begin(cli, "failure");
	if (json) {
		json_write_name(json, "path", name);
		json_member_text(json, "code", muster_code_name(error->code));
		json_write_key(json, "message");
		json_write_string(json, bytes_view(&cause));
		cli_json_end(cli);
	} else {
		tell_people(cli, name, bytes_view(&cause));
	}
	if (cli->failures.file)
		write_path(&cli->failures, name);
	bytes_release(&cause);
}

enum muster_code failures_close(struct failures *failures, struct muster_error *err)
{
	bool has_failed;

	if (!failures->file)
		return MUSTER_OK;
	has_failed = ferror(failures->file);
	has_failed = fclose(failures->file) || has_failed;
	failures->file = NULL;
	if (has_failed)
		return muster_fail_errno(err, "--failures: write '%s'", failures->path);
	return MUSTER_OK;
}
