/*
 * The parts of an upload: filled, sent, awaited; and whose buffers are whose.
 *
 *	filling ─► filled (up to four, where a server wants MD5) ─► in flight ─► awaited
 *
 * MD5 is one chain for each part: of four parts together it takes the time of one and a half
 * (bench/micro/hash_bench), and it is a third of what a large file costs.
 */
#include <stdlib.h>

#include "base/hash/hash.h"
#include "io/cloud/store_writer.h"

/* Parts of such a share have the same size, which doubles from one share to the next: 10,000 parts
 * of 8 MiB and more make 8 TiB, and the first 8 GB need no large buffers. */
#define SHARES 10

static enum muster_code fail(struct cloud_writer *writer, enum muster_code code)
{
	if (code && !writer->code)
		writer->code = code;
	return code;
}

/* --- the size of parts ----------------------------------------------------------------------- */

/* At most half the pool, so that two can be on their way. */
static size_t part_bytes(const struct cloud_writer *writer, size_t number)
{
	const struct cloud_store *cloud = writer->cloud;
	size_t share = cloud_writer_ops(writer)->part_max / SHARES + 1, bytes = cloud->part_bytes;

	for (size_t n = share; n < number && bytes <= cloud->pool.max_bytes / 4; n += share)
		bytes *= 2;
	return bytes;
}

/* --- parts in flight ------------------------------------------------------------------------- */

static struct cloud_slot *slot_of(const struct cloud_writer *writer, size_t number)
{
	return &writer->slots[(number - 1) % writer->slot_count];
}

/* Of those in flight. */
static struct cloud_slot *oldest(const struct cloud_writer *writer)
{
	return slot_of(writer, writer->part_count - writer->in_flight + 1);
}

enum muster_code cloud_part_lost(struct cloud_writer *writer)
{
	return muster_fail(&writer->error, MUSTER_E_IO, "%s no longer knows the upload of '%s'",
			   writer->cloud->protocol->place, writer->key);
}

/* Await the oldest part. Its buffer stays in the slot. */
enum muster_code cloud_part_await(struct cloud_writer *writer)
{
	size_t number = writer->part_count - writer->in_flight + 1;
	struct cloud_slot *slot = slot_of(writer, number);
	enum muster_code code = cloud_flight_wait(&slot->flight, &writer->error);

	if (!code && !slot->is_kept) {
		memcpy(writer->parts[number - 1].etag, slot->flight.call.out.etag,
		       sizeof(writer->parts[0].etag));
		cloud_journal_sent(writer, &writer->parts[number - 1]);
	}
	cloud_flight_release(&slot->flight);
	writer->in_flight--;
	if (code == MUSTER_ABSENT)
		code = cloud_part_lost(writer);
	return fail(writer, code);
}

/* Whose end is known already: the sooner it is noted, the less a kill loses. */
static enum muster_code await_ended(struct cloud_writer *writer)
{
	enum muster_code code = MUSTER_OK;

	while (!code && writer->in_flight && cloud_flight_is_over(&oldest(writer)->flight))
		code = cloud_part_await(writer);
	return code;
}

static void give(struct cloud_writer *writer, uint8_t **buffer, size_t cap)
{
	cloud_pool_give(&writer->cloud->pool, *buffer, cap);
	*buffer = NULL;
}

static enum muster_code send_filled(struct cloud_writer *writer, bool has_last);

/* A buffer for the next part: a new one while there is room, else that of the oldest part; only a
 * writer that has none gets one in any case. */
static enum muster_code begin_part(struct cloud_writer *writer, bool may_wait)
{
	size_t bytes = part_bytes(writer, writer->part_count + writer->filled_count + 1);
	struct cloud_pool *pool = &writer->cloud->pool;

	writer->filling = cloud_pool_take(pool, bytes, false);
	if (!writer->filling && writer->filled_count && send_filled(writer, false))
		return writer->code;
	while (!writer->filling && writer->in_flight) {
		struct cloud_slot *slot = oldest(writer);
		enum muster_code code;

		if (!may_wait && !cloud_flight_is_over(&slot->flight))
			return MUSTER_FULL;
		code = cloud_part_await(writer);
		give(writer, &slot->buffer, slot->cap);
		if (code)
			return code;
		writer->filling = cloud_pool_take(pool, bytes, false);
	}
	if (!writer->filling)
		writer->filling = cloud_pool_take(pool, bytes, true);
	if (!writer->filling)
		return fail(writer, muster_fail_memory(&writer->error, "a part of an upload"));
	writer->filling_cap = bytes;
	writer->filling_len = 0;
	return MUSTER_OK;
}

static enum muster_code grow_parts(struct cloud_writer *writer)
{
	size_t cap = writer->part_cap ? 2 * writer->part_cap : 16;
	struct cloud_part *parts;

	if (writer->part_count < writer->part_cap)
		return MUSTER_OK;
	parts = reallocarray(writer->parts, cap, sizeof(*parts));
	if (!parts)
		return muster_fail_memory(&writer->error, "the parts of an upload");
	writer->parts = parts;
	writer->part_cap = cap;
	return MUSTER_OK;
}

static enum muster_code make_slots(struct cloud_writer *writer)
{
	unsigned slot_count =
		cloud_writer_ops(writer)->parts_in_order ? 1 : writer->cloud->parts_in_flight;

	writer->slots = calloc(slot_count, sizeof(*writer->slots));
	if (!writer->slots)
		return muster_fail_memory(&writer->error, "the parts of an upload");
	writer->slot_count = slot_count;
	return MUSTER_OK;
}

static enum muster_code begin_upload(struct cloud_writer *writer)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, writer->cloud, CLOUD_BEGIN, cloud_writer_key(writer));
	memcpy(flight.call.nonce, writer->nonce, CLOUD_NONCE_TEXT);
	code = cloud_flight_perform(&flight, &writer->error);
	if (!code)
		code = bytes_append_view(&writer->upload, bytes_view(&flight.call.out.upload),
					 &writer->error);
	cloud_flight_release(&flight);
	if (!code)
		cloud_journal_begin(writer);
	return code;
}

/* Room for the next part: an upload, a slot, a place in the list. */
static enum muster_code make_room(struct cloud_writer *writer)
{
	enum muster_code code = MUSTER_OK;

	if (writer->part_count >= cloud_writer_ops(writer)->part_max)
		code = muster_fail(&writer->error, MUSTER_E_LIMIT,
				   "%s takes %u parts of an object, which are %llu bytes",
				   writer->cloud->protocol->place,
				   cloud_writer_ops(writer)->part_max,
				   (unsigned long long)writer->offset_bytes);
	if (!code && !writer->slots)
		code = make_slots(writer);
	if (!code && !writer->upload.len)
		code = begin_upload(writer);
	if (!code)
		code = grow_parts(writer);
	if (!code)
		code = await_ended(writer);
	if (!code && writer->in_flight == writer->slot_count)
		code = cloud_part_await(writer);
	return fail(writer, code);
}

static void aim(struct cloud_writer *writer, struct cloud_slot *slot, bool is_last)
{
	const struct cloud_part *part = &writer->parts[writer->part_count];
	struct cloud_call *call = &slot->flight.call;

	call->body = view_of(slot->buffer, part->size_bytes);
	call->sums = &slot->sums;
	memcpy(call->nonce, writer->nonce, CLOUD_NONCE_TEXT);
	call->upload = bytes_view(&writer->upload);
	call->number = part->number;
	call->offset_in_object = writer->offset_bytes;
	call->is_last = is_last;
	if (is_last) { /* it may be what makes the object: the sums of all are the object's */
		call->parts = writer->parts;
		call->part_count = writer->part_count + 1;
	}
}

/* The next part, with its sums; what is at the cloud already needs none that verify its way. */
static enum muster_code make_part(struct cloud_writer *writer, struct cloud_slot *slot,
				  const struct cloud_filled *filled, bool is_last)
{
	struct cloud_part *part = &writer->parts[writer->part_count];
	struct view body = view_of(slot->buffer, filled->len);
	unsigned wanted = cloud_wanted_sums(writer->cloud, CLOUD_PART);
	enum muster_code code = MUSTER_OK;

	*part = (struct cloud_part){ .number = (uint32_t)writer->part_count + 1,
				     .size_bytes = body.len };
	slot->is_kept = false;
	if (writer->journal) {
		sha256_of(body, part->sha256);
		code = cloud_journal_find(writer, part, is_last, &slot->is_kept);
		wanted &= ~(1u << CHECKSUM_SHA256);
	}
	if (slot->is_kept || filled->has_md5)
		wanted &= ~(1u << CHECKSUM_MD5);
	cloud_sums_make(&slot->sums, wanted, body);
	if (filled->has_md5) {
		slot->sums.has_md5 = true;
		memcpy(slot->sums.md5, filled->md5, sizeof(slot->sums.md5));
	}
	if (writer->journal) {
		slot->sums.has_sha256 = true;
		memcpy(slot->sums.sha256, part->sha256, sizeof(part->sha256));
	}
	part->sums = slot->sums;
	return code;
}

/* On its way, or at once where it was to go. */
static enum muster_code start(struct cloud_writer *writer, struct cloud_slot *slot)
{
	enum muster_code code;

	if (slot->is_kept) {
		slot->flight.is_awaited = true;
		return MUSTER_OK;
	}
	cloud_journal_send(writer, &writer->parts[writer->part_count]);
	code = cloud_flight_start(&slot->flight, &writer->error);
	if (code)
		cloud_flight_release(&slot->flight);
	return code;
}

static enum muster_code send_one(struct cloud_writer *writer, struct cloud_filled *filled,
				 bool is_last)
{
	enum muster_code code = make_room(writer);
	struct cloud_slot *slot;

	if (code)
		return code;
	slot = slot_of(writer, writer->part_count + 1);
	give(writer, &slot->buffer, slot->cap); /* of the part before it */
	slot->buffer = filled->buffer;
	slot->cap = filled->cap;
	filled->buffer = NULL;
	code = make_part(writer, slot, filled, is_last);
	if (!code) {
		cloud_flight_init(&slot->flight, writer->cloud, CLOUD_PART,
				  cloud_writer_key(writer));
		aim(writer, slot, is_last);
		code = start(writer, slot);
	}
	if (code)
		return fail(writer, code);
	writer->part_count++;
	writer->in_flight++;
	writer->offset_bytes += filled->len;
	return MUSTER_OK;
}

/* --- parts that wait for each other ---------------------------------------------------------- */

static unsigned group_max(const struct cloud_writer *writer)
{
	unsigned in_flight = writer->cloud->parts_in_flight;

	if (cloud_writer_ops(writer)->parts_in_order ||
	    !(cloud_wanted_sums(writer->cloud, CLOUD_PART) & 1u << CHECKSUM_MD5))
		return 1;
	return in_flight < CLOUD_FILLED_MAX ? in_flight : CLOUD_FILLED_MAX;
}

/* In lanes. Who gets no hasher does without: each is hashed when it is sent. */
static void hash_filled(struct cloud_writer *writer)
{
	struct hash_options options = { .algorithm = DIGEST_MD5 };
	struct hash_request requests[CLOUD_FILLED_MAX];

	if (writer->filled_count < 2 ||
	    (!writer->hasher && hasher_new(&writer->hasher, options, NULL)))
		return;
	for (unsigned i = 0; i < writer->filled_count; i++)
		requests[i].data = view_of(writer->filled[i].buffer, writer->filled[i].len);
	hash_batch(writer->hasher, requests, writer->filled_count);
	for (unsigned i = 0; i < writer->filled_count; i++) {
		memcpy(writer->filled[i].md5, requests[i].fingerprint.digest, 16);
		writer->filled[i].has_md5 = true;
	}
}

static void drop_filled(struct cloud_writer *writer)
{
	for (unsigned i = 0; i < writer->filled_count; i++)
		give(writer, &writer->filled[i].buffer, writer->filled[i].cap);
	writer->filled_count = 0;
}

static enum muster_code send_filled(struct cloud_writer *writer, bool has_last)
{
	enum muster_code code = MUSTER_OK;

	hash_filled(writer);
	for (unsigned i = 0; i < writer->filled_count && !code; i++)
		code = send_one(writer, &writer->filled[i],
				has_last && i + 1 == writer->filled_count);
	drop_filled(writer);
	return code;
}

enum muster_code cloud_part_send(struct cloud_writer *writer, bool is_last)
{
	writer->filled[writer->filled_count++] = (struct cloud_filled){
		.buffer = writer->filling, .cap = writer->filling_cap, .len = writer->filling_len
	};
	writer->filling = NULL;
	writer->filling_len = 0;
	if (!is_last && writer->filled_count < group_max(writer))
		return MUSTER_OK;
	return send_filled(writer, is_last);
}

/* Before it, what is in flight must end, so that all that is filled has a slot. */
static bool must_await(struct cloud_writer *writer)
{
	unsigned slot_count = writer->slots ? writer->slot_count : 1;

	await_ended(writer);
	return writer->in_flight + writer->filled_count >= slot_count && writer->in_flight;
}

enum muster_code cloud_part_need(struct cloud_writer *writer, bool may_wait)
{
	if (writer->filling && writer->filling_len < writer->filling_cap)
		return MUSTER_OK;
	if (writer->filling && !may_wait && must_await(writer))
		return MUSTER_FULL;
	if (writer->filling && cloud_part_send(writer, false))
		return writer->code;
	return begin_part(writer, may_wait);
}

/* --- the end --------------------------------------------------------------------------------- */

void cloud_parts_leave(struct cloud_writer *writer)
{
	for (unsigned i = 0; i < writer->slot_count; i++)
		cloud_flight_cancel(&writer->slots[i].flight);
	while (writer->in_flight)
		cloud_part_await(writer);
}

void cloud_parts_stop(struct cloud_writer *writer)
{
	for (unsigned i = 0; i < writer->slot_count; i++)
		cloud_flight_cancel(&writer->slots[i].flight);
	for (unsigned i = 0; i < writer->slot_count; i++)
		cloud_flight_release(&writer->slots[i].flight);
	writer->in_flight = 0;
}

void cloud_parts_release(struct cloud_writer *writer)
{
	for (unsigned i = 0; i < writer->slot_count; i++)
		give(writer, &writer->slots[i].buffer, writer->slots[i].cap);
	drop_filled(writer);
	give(writer, &writer->filling, writer->filling_cap);
}
