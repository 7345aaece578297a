/**
 * search - asks sources of credentials in order, stays with the one that answered, and tells of all
 * where none did.
 *
 * Threads: one at a time; the name may be read by others once a source was found.
 * Memory:  a line for each source that had nothing.
 */
#ifndef IO_CLOUD_SEARCH_H
#define IO_CLOUD_SEARCH_H

#include "io/cloud/keys_source.h"

#define SEARCH_NAME_BYTES 256

/** A zeroed struct has found nothing yet. */
struct search {
	bool has_found;
	size_t found;	    /* the source that gave keys: it alone is asked from then on */
	const char *trying; /* the source that is asked; NULL: one on behalf of another */
	struct bytes tried; /* "environment (why not), ..." */
	char name[SEARCH_NAME_BYTES];
};
void search_release(struct search *search);

/** Asks source `index` of a table. MUSTER_ABSENT, by search_absent(): it is not configured; any
 *  other failure ends the search. */
typedef enum muster_code search_ask_fn(void *context, size_t index, struct key_set *out,
				       struct muster_error *err);

/** What is looked for, and where. */
struct search_table {
	const char *what;	  /* "AWS credentials" */
	const char *const *names; /* of the sources, as people know them */
	size_t count;
	search_ask_fn *ask;
};

/** MUSTER_E_IO with EACCES: no source has any; all are named, each with what it lacks. */
enum muster_code search_run(struct search *search, const struct search_table *table, void *context,
			    struct key_set *out, struct muster_error *err);

/** What the source that is asked lacks. MUSTER_ABSENT; MUSTER_E_MEMORY. */
enum muster_code search_absent(struct search *search, struct muster_error *err, const char *format,
			       ...) __attribute__((format(printf, 3, 4)));
/** Where the keys come from, for messages. What was found keeps its name. */
void search_named(struct search *search, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
