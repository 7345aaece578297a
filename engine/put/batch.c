#include "engine/put/put_internal.h"

#include <stdlib.h>

struct shared_walk *shared_walk_ref(struct shared_walk *walk)
{
	if (walk) {
		atomic_fetch_add(&walk->refs, 1);
		atomic_fetch_add(&walk->openers, 1);
	}
	return walk;
}

void shared_walk_leave(struct shared_walk *walk)
{
	if (walk && atomic_fetch_sub(&walk->openers, 1) == 1)
		walk_batch_leave(walk->batch);
}

void put_batch_leave(struct put_batch *batch)
{
	if (!batch->has_left)
		shared_walk_leave(batch->walk);
	batch->has_left = true;
}

void shared_walk_unref(struct shared_walk *walk)
{
	if (!walk || atomic_fetch_sub(&walk->refs, 1) != 1)
		return;
	walk_batch_free(walk->batch);
	free(walk);
}

void put_batch_free(struct put_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->item_count; i++)
		if (batch->items[i].owns_error)
			free(batch->items[i].error);
	put_batch_leave(batch);
	shared_walk_unref(batch->walk);
	free(batch->text);
	free(batch);
}

void put_item_fail(struct put_item *item, const struct muster_error *error)
{
	item->fate = ITEM_FAILED;
	item->error = malloc(sizeof(*item->error));
	item->owns_error = item->error;
	if (item->error)
		*item->error = *error;
}

void large_item_free(struct large_item *item)
{
	if (!item)
		return;
	blob_stream_leave(item->stream);
	if (item->item.owns_error)
		free(item->item.error);
	shared_walk_leave(item->walk);
	shared_walk_unref(item->walk);
	free(item->name);
	free(item->path);
	free(item->ref);
	free(item);
}
