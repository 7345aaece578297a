#include <stdlib.h>
#include <string.h>

#include "io/cloud/store_internal.h"

void cloud_pool_init(struct cloud_pool *pool, uint64_t max_bytes)
{
	*pool = (struct cloud_pool){ .max_bytes = max_bytes };
	pthread_mutex_init(&pool->lock, NULL);
}

static void free_idle_locked(struct cloud_pool *pool)
{
	while (pool->shared.idle_count)
		free(pool->shared.idle[--pool->shared.idle_count].buffer);
}

/* NULL: none of this size. The one that was given last is the warmest. */
static uint8_t *take_idle_locked(struct cloud_pool *pool, size_t bytes)
{
	for (unsigned i = pool->shared.idle_count; i-- > 0;) {
		uint8_t *buffer = pool->shared.idle[i].buffer;

		if (pool->shared.idle[i].bytes != bytes)
			continue;
		pool->shared.idle[i] = pool->shared.idle[--pool->shared.idle_count];
		return buffer;
	}
	return NULL;
}

void cloud_pool_release(struct cloud_pool *pool)
{
	free_idle_locked(pool);
	pthread_mutex_destroy(&pool->lock);
}

void cloud_pool_enter(struct cloud_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->shared.user_count++;
	pthread_mutex_unlock(&pool->lock);
}

void cloud_pool_leave(struct cloud_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (--pool->shared.user_count == 0)
		free_idle_locked(pool);
	pthread_mutex_unlock(&pool->lock);
}

uint64_t cloud_pool_share(struct cloud_pool *pool)
{
	uint64_t share;

	pthread_mutex_lock(&pool->lock);
	share = pool->max_bytes / (pool->shared.user_count ? pool->shared.user_count : 1);
	pthread_mutex_unlock(&pool->lock);
	return share;
}

uint8_t *cloud_pool_take(struct cloud_pool *pool, size_t bytes, bool is_due)
{
	uint8_t *buffer = NULL;
	bool has_room;

	pthread_mutex_lock(&pool->lock);
	has_room = is_due || (pool->shared.used_bytes <= pool->max_bytes &&
			      bytes <= pool->max_bytes - pool->shared.used_bytes);
	if (has_room)
		pool->shared.used_bytes += bytes;
	if (has_room)
		buffer = take_idle_locked(pool, bytes);
	pthread_mutex_unlock(&pool->lock);
	if (buffer || !has_room)
		return buffer;
	buffer = malloc(bytes);
	if (!buffer) {
		pthread_mutex_lock(&pool->lock);
		pool->shared.used_bytes -= bytes;
		pthread_mutex_unlock(&pool->lock);
	}
	return buffer;
}

/* Gives what it replaces, or nothing: sizes that are no longer asked for must not stay. */
static uint8_t *keep_idle_locked(struct cloud_pool *pool, uint8_t *buffer, size_t bytes)
{
	struct cloud_idle *idle = pool->shared.idle;
	uint8_t *first = NULL;

	if (pool->shared.idle_count == POOL_IDLE_MAX) {
		first = idle[0].buffer;
		memmove(idle, idle + 1, (POOL_IDLE_MAX - 1) * sizeof(*idle));
		pool->shared.idle_count--;
	}
	idle[pool->shared.idle_count++] = (struct cloud_idle){ buffer, bytes };
	return first;
}

void cloud_pool_give(struct cloud_pool *pool, uint8_t *buffer, size_t bytes)
{
	if (!buffer)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->shared.used_bytes -= bytes;
	if (pool->shared.user_count)
		buffer = keep_idle_locked(pool, buffer, bytes);
	pthread_mutex_unlock(&pool->lock);
	free(buffer);
}
