#include "planners/eviction/eviction.h"

#include <stdlib.h>

static int by_use(const void *a, const void *b)
{
	const struct eviction_segment *x = a, *y = b;

	if (x->used_ns != y->used_ns)
		return x->used_ns < y->used_ns ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

size_t eviction_plan(const struct eviction_rules *rules, struct eviction_segment *segments,
		     size_t count, uint64_t *freed_bytes)
{
	uint64_t stays = rules->fixed_bytes, freed = 0;
	size_t gone = 0;

	if (count)
		qsort(segments, count, sizeof(*segments), by_use);
	for (size_t i = 0; i < count; i++)
		stays = plus(stays, segments[i].size_bytes);
	while (gone < count && stays > rules->target_bytes) {
		const struct eviction_segment *oldest = &segments[gone];

		if (rules->keep_since_ns && oldest->used_ns >= rules->keep_since_ns)
			break;
		stays -= oldest->size_bytes;
		freed += oldest->size_bytes;
		gone++;
	}
	if (freed_bytes)
		*freed_bytes = freed;
	return gone;
}
