#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/version_info.h"

struct export_options {
	const char *output, *format, *form;
};

#define EXPORT(field) offsetof(struct export_options, field)

static const struct option_spec specs[] = {
	{ .letters = "o",
	  .name = "output",
	  .kind = OPTION_TEXT,
	  .offset = EXPORT(output),
	  .value = "FILE",
	  .help = "write to FILE instead of standard output" },
	{ .name = "format",
	  .kind = OPTION_CHOICE,
	  .offset = EXPORT(format),
	  .value = "KIND",
	  .choices = "wandb",
	  .help = "wandb (default): wandb_manifest.json" },
	{ .name = "form",
	  .kind = OPTION_CHOICE,
	  .offset = EXPORT(form),
	  .value = "WHOSE",
	  .choices = "go|python",
	  .help = "as W&B's Go code writes it (go, default) or its Python code (python)" },
};

/* A file that gets its name only when it is whole. */
struct target {
	struct cli *cli;
	const char *path;
	char *temporary;
	FILE *file; /* NULL: standard output */
};

static enum muster_code open_target(struct target *target, struct muster_error *err)
{
	enum muster_code code;
	int fd;

	if (!target->path)
		return MUSTER_OK;
	code = argument_refuse_uri(target->path, "a file", err);
	if (code) {
		target->path = NULL;
		muster_context(err, "-o");
		return code;
	}
	if (asprintf(&target->temporary, "%s.%ld.tmp", target->path, (long)getpid()) < 0) {
		target->temporary = NULL;
		return muster_fail_memory(err, "a name");
	}
	fd = open(target->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	target->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (target->file)
		return MUSTER_OK;
	code = muster_fail_errno(err, "-o: make '%s'", target->path);
	if (fd >= 0)
		close(fd);
	return code;
}

static enum muster_code on_bytes(void *state, const void *bytes, uint64_t count,
				 struct muster_error *err)
{
	struct target *target = state;

	if (atomic_load(&target->cli->counters.cancel))
		return muster_fail(err, MUSTER_E_CANCELLED, "interrupted: '%s' was not written",
				   target->path);
	if (!target->file)
		return output_bytes(&target->cli->output, view_of(bytes, count), err);
	if (fwrite(bytes, 1, count, target->file) != count)
		return muster_fail_errno(err, "write '%s'", target->temporary);
	return MUSTER_OK;
}

static enum muster_code close_target(struct target *target, enum muster_code code,
				     struct muster_error *err)
{
	if (target->file && fclose(target->file) && !code)
		code = muster_fail_errno(err, "write '%s'", target->temporary);
	if (target->file && !code && rename(target->temporary, target->path))
		code = muster_fail_errno(err, "rename '%s' to '%s'", target->temporary,
					 target->path);
	if (target->file && target->temporary && code)
		unlink(target->temporary);
	free(target->temporary);
	return code;
}

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const struct export_options *options = cli->options;
	bool is_python = options->form && strcmp(options->form, "python") == 0;
	struct target target = { .cli = cli, .path = options->output };
	struct muster_export_options request = { .version = cli_word(cli, 0),
						 .python_form = is_python,
						 .sink = on_bytes,
						 .sink_state = &target };
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = open_target(&target, err);
	if (target.file)
		signals_watch(&cli->counters); /* so that no half file is left */
	if (!code)
		code = muster_export(cli->repository, &request, err);
	return hint_names(cli, close_target(&target, code, err));
}

const struct command command_export = {
	.name = "export",
	.summary = "write a version as W&B's wandb_manifest.json",
	.usage = "[options] VERSION",
	.description = "Writes the list of a version's files as W&B does, byte for byte. The files "
		       "themselves come with 'muster get'.",
	.examples = "muster export photos -o wandb_manifest.json\n"
		    "muster export photos:v0 --form python",
	COMMAND_OPTIONS(specs, struct export_options),
	.word_min = 1,
	.word_max = 1,
	.writes_bytes = true,
	.run = run,
};
