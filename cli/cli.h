/**
 * cli - what every command gets: its options, the two outputs, progress, and how to tell things.
 *
 * Data goes to standard output (`output`), all else to standard error (`screen`). With --json
 * everything but progress goes to standard output, one object a line (docs/json-output.md).
 * Threads: one runs the command; callbacks of jobs may tell things from any thread.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/exit_code.h"
#include "cli/failures.h"
#include "cli/metrics.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "muster/muster.h"

struct global_options {
	const char *repo, *entity, *project;
	uint64_t jobs, memory_bytes;
	uint64_t connections, requests_per_second, bandwidth_bytes; /* of clouds */
	const char *progress, *failures, *metrics;
	bool json, quiet, verbose, is_null_ended, help, version;
};

/** Of the cache of blobs: see CACHE_OPTIONS. */
struct cli_cache {
	uint64_t size_bytes;
	bool is_skipped;
};

struct cli;

/** One command: all that help, the parser and main() need to know. Static. */
struct command {
	const char *name, *summary;
	const char *usage; /* what follows "muster NAME"; one form a line */
	const char *description;
	const char *examples; /* a command a line, without indent */
	const struct option_spec *options;
	size_t option_count;
	size_t options_bytes; /* of the struct that they fill */
	size_t word_min, word_max;
	bool writes_bytes; /* standard output is a file's bytes: no --json */
	enum muster_code (*run)(struct cli *cli, struct muster_error *err);
};

#define COMMAND_OPTIONS(table, type)                                                               \
	.options = (table), .option_count = sizeof(table) / sizeof((table)[0]),                    \
	.options_bytes = sizeof(type)
#define ANY_WORDS SIZE_MAX

struct cli {
	const struct command *command;
	struct global_options global;
	void *options; /* of the command */
	struct word_list words;
	struct screen screen;
	struct output output;
	struct progress progress;
	struct muster_progress counters;
	struct muster_memory memory; /* of the job; no part where it does not tell */
	struct failures failures;
	struct cli_cache cache; /* set before cli_open() by who has such options */
	struct muster_repository *repository;
	const char *hint; /* what to do about the error that is returned: static, or: */
	char hint_text[1280];
	enum exit_code exit_code; /* at least this */
	uint64_t begun_ns;
	struct bytes summary_text; /* members of the "summary" object, or lines for people */
	struct json_writer summary;
	struct metrics metrics;		   /* of the summary, for --metrics */
	uint64_t timed_files, timed_bytes; /* what the rate in the summary is of */
	bool has_timed;
};

/** Open the repository that the options name. A command that makes versions may make it first. */
enum muster_code cli_open(struct cli *cli, bool may_init, struct muster_error *err);
/** Say that a repository was made just now. */
void cli_tell_made(struct cli *cli, const struct muster_repository *repository);
struct muster_limits cli_limits(const struct cli *cli);

/** Begin a job: fills `job`, opens --failures, shows progress, and lets signals stop it in order.
 */
enum muster_code cli_job_begin(struct cli *cli, struct muster_job *job, struct muster_error *err);
/** End it; returns `code`, or what went wrong with --failures. */
enum muster_code cli_job_end(struct cli *cli, enum muster_code code, struct muster_error *err);

/** A difference was found: the exit code is 1 at least. */
void cli_note_difference(struct cli *cli);
/** Items failed though the job itself did not: 3 at least. */
void cli_note_failed_items(struct cli *cli);

/* Telling people, on standard error. */
void cli_tell_error(struct cli *cli, const struct muster_error *error);
/** Not with -q. */
void cli_say(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The word at `index`, or NULL. */
const char *cli_word(const struct cli *cli, size_t index);

/** Begin a JSON object of this type, or where --json was not given answer NULL. */
struct json_writer *cli_json_begin(struct cli *cli, const char *type);
void cli_json_end(struct cli *cli);

#endif
