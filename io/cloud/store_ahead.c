/*
 * Reading ahead.
 *
 *	            read so far          this read   windows in flight, or come
 *	├───────────────────────────────┼───────────┼─────────┼─────────┼ ─ ─
 *	        run_bytes                           └ never more than run_bytes in all
 *
 * Who has read two pieces side by side, and RUN_MIN_BYTES, is taken to read on. What is on its way
 * is at most what was read, so at worst twice the bytes that were wanted are moved; who says that
 *it will read on need not show it. A jump lets all windows go. A window that fails is forgotten:
 *the read then asks for itself, and tells why.
 *
 * Objects that are read side by side have equal shares of the pool, in windows that are smaller
 * where a share is: each has some on their way while it reads from another. Each gets its first
 * window in any case: one that has none would wait a round trip for every read, and all that its
 * thread reads with it.
 */
#include <stdlib.h>

#include "io/cloud/store_internal.h"

/* Reads of single blobs have 64 KiB or less, four of them side by side are seldom chance. */
#define RUN_MIN_BYTES (256u << 10)
/* A share has so many windows, but none is smaller than this: then requests are what costs. */
#define WINDOWS_OF_SHARE 4
#define WINDOW_MIN_BYTES (1u << 20)

struct cloud_window {
	struct cloud_flight flight;
	uint8_t *buffer;
	uint64_t offset_bytes;
	size_t len;
};

static uint64_t window_end(const struct cloud_window *window)
{
	return window->offset_bytes + window->len;
}

static void window_free(struct cloud_object *object, struct cloud_window *window)
{
	cloud_flight_release(&window->flight);
	cloud_pool_give(&cloud_of(object->base.store)->pool, window->buffer, window->len);
	free(window);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void drop_first(struct cloud_object *object)
{
	struct cloud_ahead *ahead = &object->ahead;

	window_free(object, ahead->windows[0]);
	ahead->count--;
	for (unsigned i = 0; i < ahead->count; i++)
		ahead->windows[i] = ahead->windows[i + 1];
	if (!ahead->count)
		cloud_pool_leave(&cloud_of(object->base.store)->pool);
}

static void drop_all(struct cloud_object *object)
{
	for (unsigned i = 0; i < object->ahead.count; i++) /* all at once, then await each */
		cloud_flight_cancel(&object->ahead.windows[i]->flight);
	while (object->ahead.count)
		drop_first(object);
}

void cloud_ahead_release(struct cloud_object *object)
{
	drop_all(object);
}

/* False: no room or memory, or the engine closes. Then nothing is read ahead. */
static bool open_window(struct cloud_object *object, uint64_t offset_bytes, size_t len)
{
	struct cloud_pool *pool = &cloud_of(object->base.store)->pool;
	struct cloud_ahead *ahead = &object->ahead;
	struct cloud_window *window = malloc(sizeof(*window));

	if (!window)
		return false;
	window->offset_bytes = offset_bytes;
	window->len = len;
	window->buffer = cloud_pool_take(pool, len, !ahead->count);
	cloud_object_aim(object, &window->flight, offset_bytes, window->buffer, len);
	if (!window->buffer || cloud_flight_start(&window->flight, NULL)) {
		window_free(object, window);
		return false;
	}
	if (!ahead->count)
		cloud_pool_enter(pool);
	ahead->windows[ahead->count++] = window;
	return true;
}

/* Where the bytes end that are not held anyway. */
static uint64_t end_of_ahead(const struct cloud_object *object)
{
	return object->held->len && object->held->at ? object->held->at : object->base.size_bytes;
}

/* Of few sizes, so that buffers are used again. */
static uint64_t window_bytes(const struct cloud_store *cloud, uint64_t share_bytes)
{
	uint64_t bytes = cloud->range_bytes;

	while (bytes / 2 >= WINDOW_MIN_BYTES && bytes > share_bytes / WINDOWS_OF_SHARE)
		bytes /= 2;
	return bytes;
}

static void look_ahead(struct cloud_object *object, uint64_t from_bytes)
{
	struct cloud_store *cloud = cloud_of(object->base.store);
	struct cloud_ahead *ahead = &object->ahead;
	uint64_t share = cloud_pool_share(&cloud->pool), max = window_bytes(cloud, share);
	uint64_t end = end_of_ahead(object), most = least(ahead->run_bytes, share);
	uint64_t at = ahead->count ? window_end(ahead->windows[ahead->count - 1]) : from_bytes;

	max = least(max, ahead->run_bytes);
	if (!object->held->at && at < object->held->len)
		at = object->held->len;
	if (at < from_bytes)
		return; /* this read reaches beyond all windows: the next one begins anew */
	while (at < end && ahead->count < cloud->ranges_in_flight && at - from_bytes < most) {
		size_t len = (size_t)least(end - at, max);

		if (!open_window(object, at, len))
			return;
		at += len;
	}
}

void cloud_ahead_note(struct cloud_object *object, uint64_t offset_bytes, size_t len)
{
	struct cloud_ahead *ahead = &object->ahead;

	uint64_t run_bytes = ahead->run_bytes;

	ahead->is_run = ahead->run_bytes && offset_bytes == ahead->next_bytes;
	if (!ahead->is_run) {
		drop_all(object);
		ahead->run_bytes = 0;
	}
	ahead->run_bytes += len;
	ahead->next_bytes = offset_bytes + len;
	while (ahead->count && window_end(ahead->windows[0]) <= offset_bytes)
		drop_first(object);
	if (!ahead->is_run || ahead->run_bytes < RUN_MIN_BYTES)
		return;
	/* In a long run who had none left is served by its next one: one request, and not two. */
	if (ahead->count || run_bytes < cloud_of(object->base.store)->range_bytes)
		offset_bytes = ahead->next_bytes;
	look_ahead(object, offset_bytes);
}

void cloud_ahead_expect(struct cloud_object *object, uint64_t offset_bytes, uint64_t len)
{
	struct cloud_ahead *ahead = &object->ahead;

	drop_all(object);
	/* Who opens many must not give all that there is to the first ones. */
	ahead->run_bytes = least(len, 2 * cloud_of(object->base.store)->range_bytes);
	ahead->next_bytes = offset_bytes;
	look_ahead(object, offset_bytes);
}

size_t cloud_ahead_take(struct cloud_object *object, uint64_t offset_bytes, uint8_t *out,
			size_t len)
{
	while (object->ahead.count && object->ahead.windows[0]->offset_bytes <= offset_bytes) {
		struct cloud_window *window = object->ahead.windows[0];
		uint64_t end = window_end(window);

		if (end <= offset_bytes || cloud_flight_wait(&window->flight, NULL)) {
			drop_first(object);
			continue;
		}
		if (len > end - offset_bytes)
			len = (size_t)(end - offset_bytes);
		memcpy(out, window->buffer + (offset_bytes - window->offset_bytes), len);
		if (offset_bytes + len == end)
			drop_first(object);
		return len;
	}
	return 0;
}

size_t cloud_ahead_gap(const struct cloud_object *object, uint64_t offset_bytes, size_t len)
{
	uint64_t next;

	if (!object->ahead.count)
		return len;
	next = object->ahead.windows[0]->offset_bytes;
	return next > offset_bytes && len > next - offset_bytes ? (size_t)(next - offset_bytes)
								: len;
}
