/**
 * new_version - what `put` and `import` say of the version that they make: where it goes, aliases,
 * tags, description, metadata.
 *
 * Memory: texts are lent by argv and the repository; lists and the metadata are owned.
 */
#ifndef CLI_NEW_VERSION_H
#define CLI_NEW_VERSION_H

#include "cli/cli.h"

struct new_version_options {
	const char *name, *type, *description, *metadata;
	struct option_list aliases, tags;
};

/** Rows of a table of options that fill the struct new_version_options `field` of `type`. */
#define NEW_VERSION_OPTIONS(struct_type, field)                                                    \
	{ .letters = "n",                                                                          \
	  .name = "name",                                                                          \
	  .kind = OPTION_TEXT,                                                                     \
	  .value = "NAME",                                                                         \
	  .offset = offsetof(struct_type, field) + offsetof(struct new_version_options, name),     \
	  .help = "the artifact, [[entity/]project/]name; needed" },                               \
		{ .letters = "t",                                                                  \
		  .name = "type",                                                                  \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "TYPE",                                                                 \
		  .offset = offsetof(struct_type, field) +                                         \
			    offsetof(struct new_version_options, type),                            \
		  .help = "its type; a new artifact is a \"dataset\" without it" },                \
		{ .letters = "a",                                                                  \
		  .name = "alias",                                                                 \
		  .kind = OPTION_LIST,                                                             \
		  .value = "ALIAS",                                                                \
		  .offset = offsetof(struct_type, field) +                                         \
			    offsetof(struct new_version_options, aliases),                         \
		  .help = "an alias of the version; may be given several times" },                 \
		{ .name = "tag",                                                                   \
		  .kind = OPTION_LIST,                                                             \
		  .value = "TAG",                                                                  \
		  .offset = offsetof(struct_type, field) +                                         \
			    offsetof(struct new_version_options, tags),                            \
		  .help = "a tag of the version; may be given several times" },                    \
		{ .name = "description",                                                           \
		  .kind = OPTION_TEXT,                                                             \
		  .value = "TEXT",                                                                 \
		  .offset = offsetof(struct_type, field) +                                         \
			    offsetof(struct new_version_options, description),                     \
		  .help = "what the version is" },                                                 \
	{                                                                                          \
		.name = "metadata", .kind = OPTION_TEXT, .value = "JSON",                          \
		.offset = offsetof(struct_type, field) +                                           \
			  offsetof(struct new_version_options, metadata),                          \
		.help = "a JSON object of your own, or @FILE that holds one"                       \
	}

/** The same, ready for the library. */
struct new_version {
	const char *entity, *project, *name;
	const char *metadata; /* NULL: none */
	const char **aliases, **tags;
	size_t alias_count, tag_count;
	char *address; /* owned: the parts of the name */
	struct bytes document;
};

/** What can be checked before there is a repository. Errors: MUSTER_E_USAGE. */
enum muster_code new_version_check(const struct cli *cli, const struct new_version_options *options,
				   struct muster_error *err);
/** All of it that the library can judge without one, and the sources (NULL: none); metadata in a
 * file is not read. Errors: those of muster_check_put(). */
enum muster_code new_version_check_put(const struct new_version_options *options,
				       const struct muster_put_options *sources,
				       struct muster_error *err);
/** `cli` has an open repository. Errors: MUSTER_E_USAGE for a name that is none. */
enum muster_code new_version_open(struct new_version *out, const struct cli *cli,
				  const struct new_version_options *options,
				  struct muster_error *err);
/** The library takes an alias or vN of the artifact; people may also write NAME:ALIAS, or NAME for
 *  the latest. `onto` NULL: none. Errors: MUSTER_E_USAGE where it is of another artifact. */
enum muster_code new_version_onto(const char **out, const struct new_version_options *options,
				  const char *onto, struct muster_error *err);
/** "NAME", or with `onto` "NAME:VERSION", with a NUL: what a draft is named. */
enum muster_code new_version_name(struct bytes *out, const struct new_version_options *options,
				  const char *onto, struct muster_error *err);
/** What a draft takes of it, but the name and the ttl. Lent by both. */
void new_version_describe(struct muster_draft_options *out,
			  const struct new_version_options *options,
			  const struct new_version *version);
void new_version_release(struct new_version *version);

/** Tell what a put or an import gave: the version's name as data, the rest in the summary. */
void new_version_report(struct cli *cli, const struct new_version *version,
			const struct muster_put_report *report);

#endif
