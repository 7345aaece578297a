#include "base/queue.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
	size_t capacity;
	pthread_cond_t not_empty, not_full;
	pthread_mutex_t lock;
	struct { /* under lock */
		size_t first, count;
		bool is_closed;
	} locked;
	void *items[];
};

enum muster_code queue_new(struct queue **out, size_t capacity, struct muster_error *err)
{
	struct queue *queue = calloc(1, sizeof(*queue) + capacity * sizeof(void *));

	*out = NULL;
	if (!queue)
		return muster_fail_memory(err, "a queue");
	queue->capacity = capacity;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->not_empty, NULL);
	pthread_cond_init(&queue->not_full, NULL);
	*out = queue;
	return MUSTER_OK;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	pthread_cond_destroy(&queue->not_full);
	pthread_cond_destroy(&queue->not_empty);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

static bool has_room_locked(const struct queue *queue)
{
	return queue->locked.count < queue->capacity;
}

static void push_locked(struct queue *queue, void *item)
{
	queue->items[(queue->locked.first + queue->locked.count++) % queue->capacity] = item;
	pthread_cond_signal(&queue->not_empty);
}

static void *pop_locked(struct queue *queue)
{
	void *item = queue->items[queue->locked.first];

	queue->locked.first = (queue->locked.first + 1) % queue->capacity;
	queue->locked.count--;
	pthread_cond_signal(&queue->not_full);
	return item;
}

bool queue_put(struct queue *queue, void *item)
{
	bool is_open;

	pthread_mutex_lock(&queue->lock);
	while (!queue->locked.is_closed && !has_room_locked(queue))
		pthread_cond_wait(&queue->not_full, &queue->lock);
	is_open = !queue->locked.is_closed;
	if (is_open)
		push_locked(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return is_open;
}

bool queue_try_put(struct queue *queue, void *item)
{
	bool can;

	pthread_mutex_lock(&queue->lock);
	can = !queue->locked.is_closed && has_room_locked(queue);
	if (can)
		push_locked(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return can;
}

bool queue_take(struct queue *queue, void **item)
{
	bool has;

	pthread_mutex_lock(&queue->lock);
	while (!queue->locked.is_closed && queue->locked.count == 0)
		pthread_cond_wait(&queue->not_empty, &queue->lock);
	has = queue->locked.count > 0;
	if (has)
		*item = pop_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	return has;
}

bool queue_try_take(struct queue *queue, void **item)
{
	bool has;

	pthread_mutex_lock(&queue->lock);
	has = queue->locked.count > 0;
	if (has)
		*item = pop_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	return has;
}

size_t queue_count(struct queue *queue)
{
	size_t count;

	pthread_mutex_lock(&queue->lock);
	count = queue->locked.count;
	pthread_mutex_unlock(&queue->lock);
	return count;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->locked.is_closed = true;
	pthread_cond_broadcast(&queue->not_empty);
	pthread_cond_broadcast(&queue->not_full);
	pthread_mutex_unlock(&queue->lock);
}
