/**
 * expire - how long versions live, and which of them stay.
 *
 * A version stays if any rule keeps it; the newest one always does.
 */
#ifndef MUSTER_EXPIRE_H
#define MUSTER_EXPIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "muster/declare.h"

MUSTER_DECLARE_BEGIN

/* Instead of days, as W&B's servers are told it. */
#define MUSTER_TTL_INHERIT  (-1)  /* as long as the collection's default says */
#define MUSTER_TTL_MAX_DAYS 36500 /* 100 years */
#define MUSTER_TTL_DISABLED (-2)  /* without end, whatever the default says */

/** What was decided of one version. Deleted: none of the rules keeps it. */
struct muster_expire_info {
	uint64_t number, created_ms, size_bytes;
	bool is_deleted;			       /* or with dry_run: would be */
	bool is_latest, is_last, is_daily, is_aliased; /* what keeps it */
};

/** Deleted versions come first, each when it is deleted, then those that stay; both oldest first.
 *  Lent for the call. False ends it: what is deleted by then stays so; that is no error. */
typedef bool muster_expire_fn(void *state, const struct muster_expire_info *info);

/** At least one of keep_last, keep_daily and keep_aliased must be given. */
struct muster_expire_options {
	uint64_t keep_last;  /* the newest so many */
	uint64_t keep_daily; /* the newest of each of the newest so many days (UTC) that have any */
	bool keep_aliased;   /* what has an alias stays in any case; so this may be the only rule */
	bool drops_aliased;  /* no: an alias keeps nothing, and goes with its version */
	bool dry_run;	     /* only tell */
	muster_expire_fn *on_version; /* NULL: nobody is told */
	void *state;
};

struct muster_expire_report {
	uint64_t deleted_versions, kept_versions;
	uint64_t deleted_bytes; /* the sum of their sizes, not what can be collected */
};

MUSTER_DECLARE_END

#endif
