/*
 * Reading: what came with open is held; what is read in order was asked for before; the rest is
 * asked for now, straight into the caller's memory.
 */
#include <stdlib.h>

#include "io/cloud/store_internal.h"

void cloud_object_aim(const struct cloud_object *object, struct cloud_flight *flight,
		      uint64_t offset_bytes, uint8_t *out, size_t len)
{
	cloud_flight_init(flight, cloud_of(object->base.store), CLOUD_READ,
			  view_of(object->key, object->key_len));
	flight->call.etag = view_text(object->etag);
	flight->call.offset_bytes = offset_bytes;
	flight->call.len = len;
	flight->out = out;
	flight->out_cap = len;
	flight->is_exact = true;
}

/* --- open ------------------------------------------------------------------------------------ */

static struct cloud_object *object_new(struct cloud_store *cloud, const char *key)
{
	size_t len = cloud->prefix_len + strlen(key);
	struct cloud_object *object = calloc(1, sizeof(*object) + len + 1);

	if (!object)
		return NULL;
	object->base.store = &cloud->base;
	object->key_len = len;
	memcpy(object->key, cloud->prefix, cloud->prefix_len);
	memcpy(object->key + cloud->prefix_len, key, strlen(key) + 1);
	pthread_mutex_init(&object->lock, NULL);
	return object;
}

/* Most objects are small: what was not needed of the room for them is given back. */
static void hold(struct cloud_object *object, size_t len, bool is_tail)
{
	struct cloud_held *held = object->held, *fitted = realloc(held, sizeof(*held) + len);

	if (fitted)
		held = fitted;
	held->len = len;
	held->at = is_tail ? object->base.size_bytes - len : 0;
	object->held = held;
}

/* One request tells the size, and brings the end or, where a protocol has no such range, the
 * beginning. */
static enum muster_code look(struct cloud_object *object, struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(object->base.store);
	bool has_tail = cloud->protocol->ops->has_tail;
	struct cloud_flight flight;
	enum muster_code code;
	uint64_t size_bytes;

	object->held = malloc(sizeof(*object->held) + cloud->tail_bytes);
	if (!object->held)
		return muster_fail_memory(err, "the end of an object");
	object->held->users = 1;
	cloud_object_aim(object, &flight, 0, object->held->bytes, cloud->tail_bytes);
	flight.call.verb = has_tail ? CLOUD_TAIL : CLOUD_READ;
	flight.call.etag = (struct view){ 0 };
	flight.is_exact = false;
	code = cloud_flight_perform(&flight, err);
	if (code)
		goto out;
	size_bytes = flight.call.out.size_bytes;
	if (flight.got != (size_bytes < cloud->tail_bytes ? size_bytes : cloud->tail_bytes)) {
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "the server sends %zu bytes of an object of %llu", flight.got,
				   (unsigned long long)size_bytes);
		goto out;
	}
	object->base.size_bytes = size_bytes;
	memcpy(object->etag, flight.call.out.etag, sizeof(object->etag));
	hold(object, flight.got, has_tail);
out:
	cloud_flight_release(&flight);
	return code;
}

void cloud_object_close(struct store_object *base)
{
	struct cloud_object *object = (struct cloud_object *)base;

	cloud_ahead_release(object);
	cloud_opened_leave(&cloud_of(base->store)->opened, object);
	pthread_mutex_destroy(&object->lock);
	free(object);
}

enum muster_code cloud_object_open(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(store);
	struct cloud_object *object = object_new(cloud, key);
	enum muster_code code = MUSTER_OK;

	if (!object)
		return muster_fail_memory(err, "an open object");
	if (!cloud_opened_share(&cloud->opened, object))
		code = look(object, err);
	if (code) {
		cloud_object_close(&object->base);
		return code;
	}
	cloud_opened_enter(&cloud->opened, object);
	*out = &object->base;
	return MUSTER_OK;
}

/* --- ranges ---------------------------------------------------------------------------------- */

static enum muster_code ended(enum muster_code code, struct muster_error *err)
{
	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_CHANGED, "it was removed after it was opened");
	return code;
}

static enum muster_code read_one(const struct cloud_object *object, uint64_t offset_bytes,
				 uint8_t *out, size_t len, struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_object_aim(object, &flight, offset_bytes, out, len);
	code = cloud_flight_perform(&flight, err);
	cloud_flight_release(&flight);
	return ended(code, err);
}

/** A range in pieces, several at once: piece i is in flight i % count. */
struct ranges {
	const struct cloud_object *object;
	struct cloud_flight *flights;
	unsigned count;
	uint64_t offset_bytes;
	uint8_t *out;
	size_t len, step;
};

static enum muster_code begin_piece(struct ranges *ranges, size_t i, struct muster_error *err)
{
	struct cloud_flight *flight = &ranges->flights[i % ranges->count];
	size_t at = i * ranges->step;
	size_t len = ranges->len - at < ranges->step ? ranges->len - at : ranges->step;

	cloud_object_aim(ranges->object, flight, ranges->offset_bytes + at, ranges->out + at, len);
	return cloud_flight_start(flight, err);
}

static enum muster_code read_pieces(struct ranges *ranges, struct muster_error *err)
{
	size_t piece_count = (ranges->len - 1) / ranges->step + 1, begun = 0;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < piece_count && !code; i++) {
		struct cloud_flight *flight = &ranges->flights[i % ranges->count];

		while (!code && begun < piece_count && begun < i + ranges->count)
			code = begin_piece(ranges, begun++, err);
		if (!code)
			code = cloud_flight_wait(flight, err);
		if (!code)
			cloud_flight_release(flight);
	}
	for (unsigned i = 0; i < ranges->count; i++) /* after a failure: all at once */
		cloud_flight_cancel(&ranges->flights[i]);
	for (unsigned i = 0; i < ranges->count; i++)
		cloud_flight_release(&ranges->flights[i]);
	return ended(code, err);
}

static enum muster_code read_many(struct ranges *ranges, struct muster_error *err)
{
	enum muster_code code;

	ranges->flights = calloc(ranges->count, sizeof(*ranges->flights));
	if (!ranges->flights)
		return muster_fail_memory(err, "requests for a range");
	code = read_pieces(ranges, err);
	free(ranges->flights);
	return code;
}

/* --- read ------------------------------------------------------------------------------------ */

static size_t take_held(const struct cloud_object *object, uint64_t offset_bytes, uint8_t *out,
			size_t len)
{
	const struct cloud_held *held = object->held;
	uint64_t end = held->at + held->len;

	if (offset_bytes < held->at || offset_bytes >= end)
		return 0;
	if (len > end - offset_bytes)
		len = (size_t)(end - offset_bytes);
	memcpy(out, held->bytes + (offset_bytes - held->at), len);
	return len;
}

/* From there on not held. */
static size_t gap(const struct cloud_object *object, uint64_t offset_bytes, size_t len)
{
	const struct cloud_held *held = object->held;

	if (held->len && held->at > offset_bytes && len > held->at - offset_bytes)
		len = (size_t)(held->at - offset_bytes);
	return len;
}

static enum muster_code read_gap(const struct cloud_object *object, uint64_t offset_bytes,
				 uint8_t *out, size_t len, struct muster_error *err)
{
	const struct cloud_store *cloud = cloud_of(object->base.store);
	struct ranges ranges = { .object = object,
				 .count = cloud->ranges_in_flight,
				 .offset_bytes = offset_bytes,
				 .out = out,
				 .len = len,
				 .step = cloud->range_bytes };

	if (len > cloud->range_bytes)
		return read_many(&ranges, err);
	return read_one(object, offset_bytes, out, len, err);
}

/* `from_ahead`: also from what was read ahead, which takes the lock. */
static enum muster_code cloud_read(struct cloud_object *object, bool from_ahead,
				   uint64_t offset_bytes, uint8_t *out, size_t len,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (len && !code) {
		size_t taken = take_held(object, offset_bytes, out, len);

		if (!taken && from_ahead)
			taken = cloud_ahead_take(object, offset_bytes, out, len);
		if (!taken) {
			taken = gap(object, offset_bytes, len);
			if (from_ahead)
				taken = cloud_ahead_gap(object, offset_bytes, taken);
			code = read_gap(object, offset_bytes, out, taken, err);
		}
		offset_bytes += taken;
		out += taken;
		len -= taken;
	}
	return code;
}

enum muster_code cloud_object_read(struct store_object *base, uint64_t offset_bytes, void *out,
				   size_t len, struct muster_error *err)
{
	struct cloud_object *object = (struct cloud_object *)base;
	enum muster_code code = MUSTER_OK;
	bool from_ahead;

	if (!len)
		return MUSTER_OK;
	pthread_mutex_lock(&object->lock);
	cloud_ahead_note(object, offset_bytes, len);
	from_ahead = object->ahead.count;
	if (from_ahead)
		code = cloud_read(object, true, offset_bytes, out, len, err);
	pthread_mutex_unlock(&object->lock);
	if (!from_ahead) /* several readers here and there are under way at once */
		code = cloud_read(object, false, offset_bytes, out, len, err);
	if (code == MUSTER_E_CHANGED)
		cloud_opened_forget(&cloud_of(base->store)->opened, cloud_object_key(object));
	if (code)
		muster_context(err, "'%s'", object->key);
	return code;
}

void cloud_object_will_read(struct store_object *base, uint64_t offset_bytes, uint64_t len)
{
	struct cloud_object *object = (struct cloud_object *)base;

	pthread_mutex_lock(&object->lock);
	cloud_ahead_expect(object, offset_bytes, len);
	pthread_mutex_unlock(&object->lock);
}
