/*
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986): each timer is before its children;
 * `child` is the first of them, `next` the sibling. Merging is one comparison; taking one out
 * merges its children in pairs.
 */
#include "io/http/timers.h"

#include <stddef.h>

/* Both are roots, or NULL; the later one becomes the first child of the other. */
static struct timer *merge(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->due_ns < a->due_ns) {
		struct timer *earlier = b;

		b = a;
		a = earlier;
	}
	b->next = a->child;
	if (b->next)
		b->next->at = &b->next;
	a->child = b;
	b->at = &a->child;
	return a;
}

static struct timer *detach(struct timer *timer)
{
	if (timer)
		timer->next = NULL;
	return timer;
}

/* One heap of siblings: pairs from the left, these together from the right. */
static struct timer *merge_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *all = NULL;

	while (first) {
		struct timer *a = first, *b = first->next, *pair;

		first = b ? b->next : NULL;
		pair = merge(detach(a), detach(b));
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct timer *pair = pairs;

		pairs = pair->next;
		all = merge(all, detach(pair));
	}
	return all;
}

static void set_first(struct timers *timers, struct timer *first)
{
	timers->first = first;
	if (first)
		first->at = &timers->first;
}

void timers_remove(struct timers *timers, struct timer *timer)
{
	struct timer *children;

	if (!timer->at)
		return;
	children = merge_siblings(timer->child);
	*timer->at = timer->next;
	if (timer->next)
		timer->next->at = timer->at;
	timer->at = NULL;
	timer->child = timer->next = NULL;
	set_first(timers, merge(timers->first, children));
}

void timers_arm(struct timers *timers, struct timer *timer, uint64_t due_ns)
{
	timers_remove(timers, timer);
	timer->due_ns = due_ns;
	set_first(timers, merge(timers->first, timer));
}

void timers_fire(struct timers *timers, uint64_t now_ns, void *context)
{
	while (timers->first && timers->first->due_ns <= now_ns) {
		struct timer *timer = timers->first;

		timers_remove(timers, timer);
		timer->fire(timer, context);
	}
}
