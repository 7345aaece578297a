#include <stdlib.h>

#include "io/cloud/store_internal.h"

void cloud_pool_init(struct cloud_pool *pool, uint64_t max_bytes, size_t block_bytes)
{
	*pool = (struct cloud_pool){ .max_bytes = max_bytes, .block_bytes = block_bytes };
	pthread_mutex_init(&pool->lock, NULL);
}

static void free_idle_locked(struct cloud_pool *pool)
{
	while (pool->shared.idle_count)
		free(pool->shared.idle[--pool->shared.idle_count]);
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

uint8_t *cloud_pool_take(struct cloud_pool *pool, size_t bytes, bool is_due)
{
	uint8_t *buffer = NULL;
	bool has_room;

	pthread_mutex_lock(&pool->lock);
	has_room = is_due || (pool->shared.used_bytes <= pool->max_bytes &&
			      bytes <= pool->max_bytes - pool->shared.used_bytes);
	if (has_room)
		pool->shared.used_bytes += bytes;
	if (has_room && bytes == pool->block_bytes && pool->shared.idle_count)
		buffer = pool->shared.idle[--pool->shared.idle_count];
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

void cloud_pool_give(struct cloud_pool *pool, uint8_t *buffer, size_t bytes)
{
	if (!buffer)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->shared.used_bytes -= bytes;
	if (bytes == pool->block_bytes && pool->shared.idle_count < POOL_IDLE_MAX &&
	    pool->shared.user_count) {
		pool->shared.idle[pool->shared.idle_count++] = buffer;
		buffer = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	free(buffer);
}
