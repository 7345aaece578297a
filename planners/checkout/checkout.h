/**
 * checkout - what becomes of one path: a version's entry × the directory × what was checked out.
 *Pure.
 *
 * By itself a checkout touches only files that an earlier checkout left, and nobody changed since:
 * `record` tells what it left. A file is unchanged if its stat is the recorded one, or its bytes
 * are. Anything else in the way is refused, unless the rules allow it:
 *
 *	on disk       equal to the entry   not equal                          no entry
 *	unchanged     keep                 replace                            delete
 *	changed       keep                 refuse, `overwrite`: replace       refuse,
 *`delete_others`: delete no record     keep                 refuse, `overwrite`: replace refuse,
 *`delete_others`: delete
 *
 * A symbolic link, or anything else that is no regular file, is never equal to an entry nor
 * unchanged.
 */
#ifndef PLANNERS_CHECKOUT_CHECKOUT_H
#define PLANNERS_CHECKOUT_CHECKOUT_H

#include "artifact/entry.h"
#include "artifact/format/stat.h"
#include "planners/ingest/ingest.h"

enum checkout_decision {
	CHECKOUT_FETCH, /* nothing is there */
	CHECKOUT_KEEP,	/* it is what it should be */
	CHECKOUT_READ,	/* its bytes must be known first: read them and ask again */
	CHECKOUT_REPLACE,
	CHECKOUT_DELETE,
	CHECKOUT_REFUSE_UNKNOWN, /* no checkout left it */
	CHECKOUT_REFUSE_CHANGED, /* a checkout left it, or it is in an entry's place, and it differs
				  */
};

struct checkout_rules {
	bool delete_others, overwrite;
};

/** What is on disk under a path. */
struct checkout_found {
	bool is_file;		/* a regular file, reached through no link */
	struct found_file stat; /* if is_file */
	bool has_fingerprint;	/* its bytes are known: they were read, or a stat proved them */
	struct fingerprint fingerprint;
	bool is_unreadable; /* reading it was tried, in vain: it counts as changed */
};

/** `entry`, `found`, `record` are of one path; each may be NULL, but not the first two. */
enum checkout_decision checkout_decide(const struct checkout_rules *rules,
				       const struct entry *entry,
				       const struct checkout_found *found,
				       const struct stat_record *record);

#endif
