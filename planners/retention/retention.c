#include "planners/retention/retention.h"

#include <stdlib.h>

#define DAY_MS UINT64_C(86400000)

static uint64_t day_of(const struct retention_version *version)
{
	return version->created_ms / DAY_MS;
}

static int by_number(const void *a, const void *b)
{
	const struct retention_version *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The newest day first, in it the newest version: days need not follow numbers. */
static int by_day(const void *a, const void *b)
{
	const struct retention_version *x = a, *y = b;

	if (day_of(x) != day_of(y))
		return day_of(x) > day_of(y) ? -1 : 1;
	return by_number(b, a);
}

static void keep_daily(struct retention_version *versions, size_t count, uint64_t daily_count)
{
	uint64_t days = 0;

	qsort(versions, count, sizeof(*versions), by_day);
	for (size_t i = 0; i < count && days < daily_count; i++) {
		if (i && day_of(&versions[i]) == day_of(&versions[i - 1]))
			continue;
		versions[i].kept_by |= RETENTION_DAILY;
		days++;
	}
	qsort(versions, count, sizeof(*versions), by_number);
}

size_t retention_plan(const struct retention_rules *rules, struct retention_version *versions,
		      size_t count)
{
	size_t gone = 0;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++) {
		bool is_last = count - i <= rules->last_count;

		versions[i].kept_by = is_last ? RETENTION_LAST : 0;
		if (versions[i].has_alias && !rules->drops_aliased)
			versions[i].kept_by |= RETENTION_ALIASED;
	}
	versions[count - 1].kept_by |= RETENTION_LATEST;
	if (rules->daily_count)
		keep_daily(versions, count, rules->daily_count);
	for (size_t i = 0; i < count; i++)
		gone += !versions[i].kept_by;
	return gone;
}
