/**
 * retention - which versions of an artifact stay, and by which rule; the others may be deleted.
 * Pure.
 *
 * A version stays if any rule keeps it. The newest always stays, whatever the rules and however
 * wrong the clocks of those who wrote: `latest` never goes backward by this.
 */
#ifndef PLANNERS_RETENTION_RETENTION_H
#define PLANNERS_RETENTION_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum retention_rule {
	RETENTION_LATEST = 1, /* it is the newest */
	RETENTION_LAST = 2,   /* among the newest `last_count` */
	RETENTION_DAILY = 4,  /* the newest of one of the newest `daily_count` days that have any */
	RETENTION_ALIASED = 8,
};

struct retention_version {
	uint64_t number, created_ms; /* since 1970: a day is one of UTC */
	bool has_alias;		     /* beside `latest` */
	unsigned kept_by;	     /* the answer: all rules that keep it; 0: it may go */
};

struct retention_rules {
	uint64_t last_count, daily_count;
	bool drops_aliased; /* an alias keeps nothing */
};

/** Fills `kept_by`, and answers how many may go. Numbers ascend, and do so after. */
size_t retention_plan(const struct retention_rules *rules, struct retention_version *versions,
		      size_t count);

#endif
