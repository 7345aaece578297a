/**
 * version_words - what is said of a version beside its content, as C strings.
 *
 * Threads: one at a time.
 * Memory:  one description, one document of metadata, the aliases and tags of one version.
 */
#ifndef ENGINE_REPOSITORY_VERSION_WORDS_H
#define ENGINE_REPOSITORY_VERSION_WORDS_H

#include "engine/repository/collection.h"

/** Where it is said what a version is: of a link in its source's collection, while that is there. A
 *  zeroed one may be released; it may be used for one version after the other of a collection. */
struct said_in {
	struct collection *collection; /* that of the version, or `opened`: not to be closed */
	const struct version *version; /* lent by that collection */
	bool is_source_gone; /* a link whose source was deleted: what was said when it was linked */
	struct collection *opened; /* NULL: none */
};
enum muster_code said_in_find(struct said_in *said, struct collection *collection,
			      const struct version *version, struct muster_error *err);
void said_in_release(struct said_in *said);

/** A zeroed one may be released. */
struct version_words {
	struct bytes text;
	const char *description, *metadata; /* NULL: none */
	const char **aliases, **tags;	    /* without `latest` */
	size_t alias_count, tag_count;
};

/** Of a link: its own aliases, and what is said of its source. Release it after a failure, too. */
enum muster_code version_words_read(struct version_words *words, struct collection *from,
				    const struct version *version, struct muster_error *err);
void version_words_release(struct version_words *words);

#endif
