#include "base/text/text.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/summary.h"

#define PART_BYTES_DEFAULT (UINT64_C(8) << 20) /* of the AWS command line and SDKs, and s3fs */

struct etag_options {
	uint64_t part_bytes;
	bool is_multipart;
};

#define ETAG(field) offsetof(struct etag_options, field)

static const struct option_spec specs[] = {
	{ .name = "part-size",
	  .kind = OPTION_SIZE,
	  .offset = ETAG(part_bytes),
	  .value = "SIZE",
	  .help = "bytes of a part, as the upload had it (default: 8MiB)" },
	{ .name = "multipart",
	  .kind = OPTION_FLAG,
	  .offset = ETAG(is_multipart),
	  .help = "a file of less than one part was uploaded in parts, too" },
};

static void print(struct cli *cli, const char *path, const struct muster_etag_report *report)
{
	struct bytes *line = output_begin(&cli->output);

	if (cli->global.json) {
		struct json_writer json = { .out = line };

		json_write_object_begin(&json);
		json_member_text(&json, "type", "etag");
		json_write_name(&json, "path", view_text(path));
		json_member_text(&json, "etag", report->etag);
		json_member_u64(&json, "part_count", report->part_count);
		json_member_u64(&json, "size_bytes", report->size_bytes);
		json_write_object_end(&json);
	} else {
		bytes_append_text(line, report->etag, NULL);
		bytes_append_text(line, "  ", NULL);
		show_name(line, view_text(path));
	}
	output_end(&cli->output, '\n');
}

/* A file that failed does not keep the others from being told. */
static enum muster_code etag_each(struct cli *cli, struct muster_etag_options *request,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;
	uint64_t bytes = 0, count = 0;

	for (size_t i = 0; i < cli->words.count; i++) {
		struct muster_etag_report report;
		struct muster_error error = { 0 };

		request->path = cli_word(cli, i);
		code = muster_etag(request, &report, &error);
		if (code && (cli->words.count == 1 || code == MUSTER_E_CANCELLED)) {
			*err = error;
			return code;
		}
		if (code) {
			cli_tell_error(cli, &error);
			cli_note_failed_items(cli);
			continue;
		}
		print(cli, request->path, &report);
		bytes += report.size_bytes;
		count++;
	}
	summary_add_u64(cli, "count", count);
	summary_add_u64(cli, "size_bytes", bytes);
	summary_add_speed(cli, count, bytes);
	return MUSTER_OK;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct etag_options *options = cli->options;
	struct muster_etag_options request = {
		.part_bytes = options->part_bytes ? options->part_bytes : PART_BYTES_DEFAULT,
		.is_multipart = options->is_multipart,
	};
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < cli->words.count && !code; i++)
		code = argument_refuse_uri(cli_word(cli, i), "a file", err);
	if (!code)
		code = cli_job_begin(cli, &request.job, err);
	if (code)
		return code;
	code = etag_each(cli, &request, err);
	return cli_job_end(cli, code, err);
}

const struct command command_etag = {
	.name = "etag",
	.summary = "the ETag that an object store gives a file uploaded in parts",
	.usage = "[options] FILE...",
	.description =
		"Prints what S3, and stores like it, give as the ETag of an object that was "
		"uploaded from this file in parts of --part-size: the MD5 of the parts' MD5s, and "
		"their number. So an object can be held against a file without being downloaded. "
		"A file of less than one part has its plain MD5, unless --multipart is given. "
		"Objects that are encrypted by SSE-KMS or SSE-C have other ETags.",
	.examples = "muster etag model.bin\n"
		    "muster etag --part-size 16MiB model.bin weights.bin",
	COMMAND_OPTIONS(specs, struct etag_options),
	.word_min = 1,
	.word_max = ANY_WORDS,
	.run = run,
};
