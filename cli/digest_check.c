/* `digest -c FILE`: files held against a list of their digests. The library digests a batch of the
 * list at a time, each file under a name that is its place in the batch: paths of a list may lie
 * anywhere, and names of a version may not. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/digest_command.h"
#include "cli/show.h"
#include "cli/summary.h"
#include "cli/sums.h"

#define BATCH_MAX  256
#define NAME_BYTES 24 /* "000123" */

enum result { RESULT_MISSING, RESULT_OK, RESULT_MISMATCH, RESULT_UNREADABLE, RESULT_COUNT };

static const char *const result_names[] = {
	[RESULT_OK] = "ok",
	[RESULT_MISMATCH] = "mismatch",
	[RESULT_MISSING] = "missing",
	[RESULT_UNREADABLE] = "unreadable",
};

static const char *const result_texts[] = {
	[RESULT_OK] = "OK",
	[RESULT_MISMATCH] = "FAILED",
	[RESULT_MISSING] = "FAILED: there is no such file",
	[RESULT_UNREADABLE] = "FAILED to read",
};

struct checked {
	struct sum_line line;
	const char *path; /* into `paths` */
	enum result result;
	char name[NAME_BYTES];
};

struct check_run {
	struct cli *cli;
	struct muster_digest_options request;
	struct muster_source sources[BATCH_MAX];
	size_t source_count;
	struct checked items[BATCH_MAX];
	size_t item_count;
	struct bytes paths;
	uint64_t counts[RESULT_COUNT];
	uint64_t size_bytes;
};

static struct checked *item_of(struct check_run *run, const char *name, uint64_t name_bytes)
{
	size_t index = 0;

	for (uint64_t i = 0; i < name_bytes; i++) {
		if (name[i] < '0' || name[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(name[i] - '0');
	}
	return index < run->item_count ? &run->items[index] : NULL;
}

static bool on_entry(void *state, const struct muster_entry_info *info)
{
	struct check_run *run = state;
	struct checked *item = item_of(run, info->path, info->path_bytes);
	uint8_t digest[SUM_BYTES];

	if (!item)
		return true;
	run->size_bytes += info->size_bytes;
	item->result =
		digest_of_entry(info, digest) && memcmp(digest, item->line.digest, SUM_BYTES) == 0
			? RESULT_OK
			: RESULT_MISMATCH;
	return true;
}

static void on_failure(void *state, const char *path, uint64_t path_bytes,
		       const struct muster_error *error)
{
	struct check_run *run = state;
	struct checked *item = item_of(run, path, path_bytes);

	if (!item)
		return;
	item->result = RESULT_UNREADABLE;
	failures_add(run->cli, item->path, strlen(item->path), error);
}

static void tell(struct check_run *run, const struct checked *item)
{
	struct json_writer *json = cli_json_begin(run->cli, "checksum");
	struct bytes *line;

	if (json) {
		json_write_name(json, "path", view_text(item->path));
		json_member_text(json, "result", result_names[item->result]);
		cli_json_end(run->cli);
		return;
	}
	if (item->result == RESULT_OK && run->cli->global.quiet)
		return;
	line = output_begin(&run->cli->output);
	show_name(line, view_text(item->path));
	bytes_append_text(line, ": ", NULL);
	bytes_append_text(line, result_texts[item->result], NULL);
	output_end(&run->cli->output, '\n');
}

static void tell_all(struct check_run *run)
{
	for (size_t i = 0; i < run->item_count; i++) {
		tell(run, &run->items[i]);
		run->counts[run->items[i].result]++;
	}
}

/* The library refuses a list with a file that is not there: those are left out. */
static void choose_sources(struct check_run *run)
{
	run->source_count = 0;
	for (size_t i = 0; i < run->item_count; i++) {
		struct checked *item = &run->items[i];
		struct stat st;

		item->result = RESULT_MISSING;
		if (stat(item->path, &st) || !S_ISREG(st.st_mode))
			continue;
		snprintf(item->name, sizeof(item->name), "%06zu", i);
		run->sources[run->source_count++] =
			(struct muster_source){ .path = item->path, .name = item->name };
	}
}

static enum muster_code digest_batch(struct check_run *run, struct muster_error *err)
{
	enum muster_code code = MUSTER_E_NAME;

	/* One that vanishes between the look and the run is left out the next time. */
	for (int attempt = 0; attempt < 3 && code == MUSTER_E_NAME; attempt++) {
		struct muster_digest_report report = { 0 };

		choose_sources(run);
		if (!run->source_count)
			return MUSTER_OK;
		run->request.source_count = run->source_count;
		code = muster_digest(&run->request, &report, err);
	}
	return code == MUSTER_E_ITEMS ? MUSTER_OK : code;
}

/* Fill the batch from the front of the list. */
static enum muster_code take_batch(struct check_run *run, struct view *list, uint64_t *number,
				   struct muster_error *err)
{
	struct view room = *list;
	size_t offsets[BATCH_MAX] = { 0 };

	run->item_count = 0;
	run->paths.len = 0;
	while (run->item_count < BATCH_MAX &&
	       sum_take(&room, &run->items[run->item_count].line, number)) {
		offsets[run->item_count] = run->paths.len;
		if (!sum_path(&run->paths, &run->items[run->item_count].line))
			return muster_fail(err, MUSTER_E_USAGE,
					   "line %llu: the path cannot be read",
					   (unsigned long long)*number);
		run->item_count++;
	}
	for (size_t i = 0; i < run->item_count; i++) /* the buffer does not move any more */
		run->items[i].path = (const char *)run->paths.ptr + offsets[i];
	*list = room;
	return MUSTER_OK;
}

/* A list that is damaged must not pass: all lines are looked at before any file is read. */
static enum muster_code check_list(struct view list, struct muster_error *err)
{
	uint64_t number = 0, count = 0;
	struct sum_line line;

	for (; sum_take(&list, &line, &number); count++)
		if (!line.path.len)
			return muster_fail(err, MUSTER_E_USAGE,
					   "line %llu is not '<32 hex digits>  <path>'",
					   (unsigned long long)number);
	if (!count)
		return muster_fail(err, MUSTER_E_USAGE, "it has no lines");
	return MUSTER_OK;
}

static enum muster_code check_all(struct check_run *run, struct view list, struct muster_error *err)
{
	uint64_t number = 0;
	enum muster_code code;

	do {
		code = take_batch(run, &list, &number, err);
		if (!code && run->item_count)
			code = digest_batch(run, err);
		if (!code)
			tell_all(run);
	} while (!code && run->item_count);
	return code;
}

static void report_all(struct check_run *run)
{
	struct cli *cli = run->cli;
	uint64_t bad = run->counts[RESULT_MISMATCH] + run->counts[RESULT_MISSING], all = bad;

	all += run->counts[RESULT_OK] + run->counts[RESULT_UNREADABLE];
	if (bad)
		cli_note_difference(cli);
	if (run->counts[RESULT_UNREADABLE])
		cli_note_failed_items(cli);
	for (size_t i = 0; i < RESULT_COUNT; i++) {
		char text[TEXT_COUNT_BYTES];

		if (cli->global.json)
			summary_add_u64(cli, result_names[i], run->counts[i]);
		else if (run->counts[i] || i == RESULT_OK)
			summary_add_text(cli, result_names[i], result_names[i],
					 text_count(text, run->counts[i]));
	}
	summary_add_speed(cli, all, run->size_bytes);
}

static enum muster_code check_file(struct check_run *run, struct view list,
				   struct muster_error *err)
{
	const struct digest_options *options = run->cli->options;
	enum muster_code code = check_list(list, err);

	if (!code)
		code = cli_job_begin(run->cli, &run->request.job, err);
	if (code)
		return code;
	run->request.job.on_failure = on_failure;
	run->request.job.on_failure_state = run;
	run->request.sources = run->sources;
	run->request.algorithm = options->algorithm;
	run->request.on_entry = on_entry;
	run->request.on_entry_state = run;
	code = check_all(run, list, err);
	code = cli_job_end(run->cli, code, err);
	if (!code)
		report_all(run);
	return code;
}

enum muster_code digest_check(struct cli *cli, struct muster_error *err)
{
	const struct digest_options *options = cli->options;
	struct check_run *run = calloc(1, sizeof(*run));
	struct bytes list = { 0 };
	enum muster_code code;

	if (!run)
		return muster_fail_memory(err, "a check");
	run->cli = cli;
	code = argument_read_file(&list, "-c", options->check, LIST_FILE_MAX_BYTES, err);
	if (!code) {
		code = check_file(run, bytes_view(&list), err);
		if (code == MUSTER_E_USAGE)
			muster_context(err, "-c '%s'", options->check);
	}
	bytes_release(&list);
	bytes_release(&run->paths);
	free(run);
	return code;
}
