/**
 * sources - what `put` and `draft add` take: directories, files and references, and which of them.
 *
 * Memory: names of --at, and the list of --files-from, LIST_FILE_MAX_BYTES at most.
 */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/argument.h"
#include "cli/cli.h"

struct source_options {
	struct option_list patterns, places;
	const char *files_from;
	bool one_file_system, is_rehash, is_partial;
};

#define SOURCE_FIELD(struct_type, field, member)                                                   \
	(offsetof(struct_type, field) + offsetof(struct source_options, member))

/** Rows of a table of options that fill the struct source_options `field` of `type`. */
#define SOURCE_OPTIONS(struct_type, field)                                                         \
	{ .name = "at",                                                                            \
	  .kind = OPTION_LIST,                                                                     \
	  .offset = SOURCE_FIELD(struct_type, field, places),                                      \
	  .value = "NAME=PATH",                                                                    \
	  .help = "put PATH too, under NAME in the version; may be given several times" },         \
		{ .name = "files-from",                                                            \
		  .kind = OPTION_TEXT,                                                             \
		  .offset = SOURCE_FIELD(struct_type, field, files_from),                          \
		  .value = "FILE",                                                                 \
		  .help = "only the files of PATH that FILE names, one a line, relative to "       \
			  "PATH; - is standard input" },                                           \
		PATTERN_OPTIONS(struct_type, field.patterns),                                      \
		{ .name = "one-file-system",                                                       \
		  .kind = OPTION_FLAG,                                                             \
		  .offset = SOURCE_FIELD(struct_type, field, one_file_system),                     \
		  .help = "do not enter other file systems" },                                     \
		{ .name = "rehash",                                                                \
		  .kind = OPTION_FLAG,                                                             \
		  .offset = SOURCE_FIELD(struct_type, field, is_rehash),                           \
		  .help = "read every file, also those that seem unchanged" },                     \
	{                                                                                          \
		.name = "commit-partial", .kind = OPTION_FLAG,                                     \
		.offset = SOURCE_FIELD(struct_type, field, is_partial),                            \
		.help = "make the version without the files that could not be read"                \
	}

/** What the library takes, and all that it points to. Zeroed is empty. */
struct sources {
	struct muster_put_options *request; /* borrowed: filled */
	struct muster_source *items;
	struct bytes names; /* of --at: their texts */
	struct bytes files;
	struct filter *filter;
};

/** Fill of `request` what says which files: the words from `first_word` on, and the options.
 *  Errors: MUSTER_E_USAGE, MUSTER_E_NAME for a path that is not there. */
enum muster_code sources_fill(struct sources *sources, const struct cli *cli, size_t first_word,
			      const struct source_options *options,
			      struct muster_put_options *request, struct muster_error *err);
void sources_release(struct sources *sources);

#endif
