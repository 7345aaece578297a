/**
 * budget - one limit of bytes for a run; tickets are reserved before work is scheduled.
 *
 * Who holds what is kept by name, so that `--verbose` can print it.
 * Threads: any.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BUDGET_HOLDER_MAX 24

struct budget;

struct budget_holder {
	const char *name; /* static text */
	uint64_t bytes, peak_bytes;
};

enum muster_code budget_new(struct budget **out, uint64_t limit_bytes, struct muster_error *err);
void budget_free(struct budget *budget); /* takes NULL */
uint64_t budget_limit(const struct budget *budget);
/** Reserve for `name` (static text, compared by content). MUSTER_FULL where the limit would be
 *  passed: the caller waits, shrinks or spills. */
enum muster_code budget_reserve(struct budget *budget, const char *name, uint64_t bytes);
void budget_return(struct budget *budget, const char *name, uint64_t bytes);
/** Copies at most `max` holders; returns how many there are. */
size_t budget_holders(struct budget *budget, struct budget_holder *out, size_t max);

#endif
