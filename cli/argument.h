/**
 * argument - what stands behind a word or an option: a document, a list, a file, patterns.
 *
 * Memory: documents and lists are read whole, up to the maximum named here.
 */
#ifndef CLI_ARGUMENT_H
#define CLI_ARGUMENT_H

#include "base/filter/filter.h"
#include "cli/option.h"
#include "muster/get.h"

#define DOCUMENT_MAX_BYTES     (4u << 20)   /* the library's own maximum is below it */
#define LIST_FILE_MAX_BYTES    (4ull << 30) /* of names: 10 million paths of 400 bytes */
#define PATTERN_FILE_MAX_BYTES (16u << 20)

/** The whole file `path`, "-" for standard input. Errors: MUSTER_E_USAGE if it cannot be opened,
 *  MUSTER_E_LIMIT over `max_bytes`, MUSTER_E_IO, MUSTER_E_MEMORY. `what` is for messages. */
enum muster_code argument_read_file(struct bytes *out, const char *what, const char *path,
				    uint64_t max_bytes, struct muster_error *err);

/** "@FILE" is what the file holds, anything else itself; ends in a NUL that is not counted. Errors
 *  as above, and MUSTER_E_USAGE where the file holds a NUL. */
enum muster_code argument_document(struct bytes *out, const char *what, const char *text,
				   struct muster_error *err);

/** "scheme://…": a reference, which names no path of this machine's own. */
bool argument_is_uri(const char *text);
/** Of a place that can only be a path: MUSTER_E_USAGE for a URI, naming what is needed instead ("a
 *  directory"). NULL is MUSTER_OK. */
enum muster_code argument_refuse_uri(const char *path, const char *needed,
				     struct muster_error *err);
/** Is there a file or directory? Errors: MUSTER_E_NAME naming it; MUSTER_E_USAGE for a URI. */
enum muster_code argument_check_path(const char *path, bool must_be_directory,
				     struct muster_error *err);

/** The same of a file whose bytes can be read. */
enum muster_code argument_check_file(const char *path, struct muster_error *err);

/** Does a version's name say which one ("name:alias")? */
bool argument_has_alias(const char *version);
/** MUSTER_E_USAGE where --collection (`is_collection`) is given for the name of one version. */
enum muster_code argument_check_collection(const char *name, bool is_collection,
					   struct muster_error *err);

/* --- the cache: the same options in every command that fetches -------------------------------- */

#define CACHE_SIZE_MIN_BYTES (1u << 20)

#define CACHE_SIZE_OPTION(type, field)                                                             \
	{                                                                                          \
		.name = "cache-size", .kind = OPTION_SIZE, .offset = offsetof(type, field),        \
		.value = "SIZE", .min = CACHE_SIZE_MIN_BYTES,                                      \
		.help = "how much of buckets is kept on this machine at most (default: "           \
			"MUSTER_CACHE_SIZE, or 10 GiB)"                                            \
	}

/** Rows of a table of options that fill a struct cli_cache `field` of `type`. */
#define CACHE_OPTIONS(type, field)                                                                 \
	CACHE_SIZE_OPTION(type, field.size_bytes),                                                 \
	{                                                                                          \
		.name = "skip-cache", .kind = OPTION_FLAG,                                         \
		.offset = offsetof(type, field.is_skipped),                                        \
		.help = "fetch all from the bucket, and keep nothing of it on this machine"        \
	}

/* --- patterns: the same options in every command that takes paths ----------------------------- */

#define PATTERN_TAG_INCLUDE 'i'
#define PATTERN_TAG_EXCLUDE 'e'
#define PATTERN_TAG_FILE    'f'

/** Rows of a table of options that fill the struct option_list `field` of `type`. */
#define PATTERN_OPTIONS(type, field)                                                               \
	{ .name = "include",                                                                       \
	  .kind = OPTION_LIST,                                                                     \
	  .offset = offsetof(type, field),                                                         \
	  .value = "PATTERN",                                                                      \
	  .tag = PATTERN_TAG_INCLUDE,                                                              \
	  .help = "only paths that match this gitignore pattern" },                                \
		{ .name = "exclude",                                                               \
		  .kind = OPTION_LIST,                                                             \
		  .offset = offsetof(type, field),                                                 \
		  .value = "PATTERN",                                                              \
		  .tag = PATTERN_TAG_EXCLUDE,                                                      \
		  .help = "no paths that match it; with ! in front they are wanted again" },       \
	{                                                                                          \
		.name = "exclude-from", .kind = OPTION_LIST, .offset = offsetof(type, field),      \
		.value = "FILE", .tag = PATTERN_TAG_FILE,                                          \
		.help = "exclude patterns from this file, one a line"                              \
	}

/** Gives a filter of these options; NULL if there are none. */
enum muster_code argument_filter(struct filter **out, const struct option_list *patterns,
				 struct muster_error *err);
/** A muster_wanted_fn; its state is a struct filter. */
bool argument_wants(const void *filter, const char *path, uint64_t path_bytes, bool is_directory);
/** The same as rules; of no filter: all is wanted. */
struct muster_wanted_rules argument_rules(const struct filter *filter);

#endif
