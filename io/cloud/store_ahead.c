/*
 * Reading ahead.
 *
 *	            read so far          this read   windows in flight, or come
 *	├───────────────────────────────┼───────────┼─────────┼─────────┼ ─ ─
 *	        run_bytes                           └ never more than run_bytes in all
 *
 * Who has read two pieces side by side, and RUN_MIN_BYTES, is taken to read on. What is on its way
 * is at most what was read, so at worst twice the bytes that were wanted are moved. A jump lets all
 * windows go. A window that fails is forgotten: the read then asks for itself, and tells why.
 */
#include <stdlib.h>

#include "io/cloud/store_internal.h"

/* Reads of single blobs have 64 KiB or less, four of them side by side are seldom chance. */
#define RUN_MIN_BYTES (256u << 10)

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
	window->buffer = cloud_pool_take(pool, len, false);
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
	return object->held_len && object->held_at ? object->held_at : object->base.size_bytes;
}

static void look_ahead(struct cloud_object *object, uint64_t from_bytes)
{
	const struct cloud_store *cloud = cloud_of(object->base.store);
	struct cloud_ahead *ahead = &object->ahead;
	uint64_t end = end_of_ahead(object), max = ahead->run_bytes;
	uint64_t at = ahead->count ? window_end(ahead->windows[ahead->count - 1]) : from_bytes;

	if (max > cloud->range_bytes)
		max = cloud->range_bytes;
	if (!object->held_at && at < object->held_len)
		at = object->held_len;
	if (at < from_bytes)
		return; /* this read reaches beyond all windows: the next one begins anew */
	while (at < end && ahead->count < cloud->ranges_in_flight &&
	       at - from_bytes < ahead->run_bytes) {
		size_t len = (size_t)(end - at < max ? end - at : max);

		if (!open_window(object, at, len))
			return;
		at += len;
	}
}

void cloud_ahead_note(struct cloud_object *object, uint64_t offset_bytes, size_t len)
{
	struct cloud_ahead *ahead = &object->ahead;

	ahead->is_run = ahead->run_bytes && offset_bytes == ahead->next_bytes;
	if (!ahead->is_run) {
		drop_all(object);
		ahead->run_bytes = 0;
	}
	ahead->run_bytes += len;
	ahead->next_bytes = offset_bytes + len;
	while (ahead->count && window_end(ahead->windows[0]) <= offset_bytes)
		drop_first(object);
	if (ahead->is_run && ahead->run_bytes >= RUN_MIN_BYTES)
		look_ahead(object, ahead->next_bytes);
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
