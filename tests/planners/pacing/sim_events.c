#include "tests/planners/pacing/sim_events.h"

#include <assert.h>
#include <stdbool.h>

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void events_add(struct events *events, struct event event)
{
	struct event *heap = events->heap;
	uint32_t i = events->count++;

	assert(i < EVENTS_MAX);
	event.order = events->order++;
	for (; i && is_before(&event, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = event;
}

struct event events_take(struct events *events)
{
	struct event *heap = events->heap;
	struct event first = heap[0], last = heap[--events->count];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= events->count)
			break;
		if (child + 1 < events->count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}
