/*
 * A writer, as its two files know it: store_writer.c has its life, store_part.c its parts.
 */
#ifndef IO_CLOUD_STORE_WRITER_H
#define IO_CLOUD_STORE_WRITER_H

#include "io/cloud/store_internal.h"

struct cloud_slot {
	struct cloud_flight flight;
	struct cloud_sums sums;
	uint8_t *buffer;
	size_t cap;
};

struct cloud_writer {
	struct store_writer base;
	struct cloud_store *cloud;
	char nonce[CLOUD_NONCE_TEXT];
	struct bytes upload; /* empty: no part was sent yet */

	uint8_t *filling; /* NULL: nothing since the last part */
	size_t filling_len, filling_cap;
	uint64_t offset_bytes; /* of `filling` in the object */

	struct cloud_slot *slots; /* part n is in slot (n - 1) % slot_count */
	unsigned slot_count, in_flight;
	struct cloud_part *parts; /* all that were sent, in order */
	size_t part_count, part_cap;

	enum muster_code code; /* of the first failure; it is final */
	struct muster_error error;
	size_t key_len;
	char key[];
};

static inline struct view cloud_writer_key(const struct cloud_writer *writer)
{
	return view_of(writer->key, writer->key_len);
}

static inline const struct cloud_protocol_ops *cloud_writer_ops(const struct cloud_writer *writer)
{
	return writer->cloud->protocol->ops;
}

/* What fails here fills the writer's `code` and `error`. */

/** Room for more bytes: `filling` is a buffer of `filling_cap` bytes. */
enum muster_code cloud_part_begin(struct cloud_writer *writer);
/** Send what was filled. */
enum muster_code cloud_part_send(struct cloud_writer *writer, bool is_last);
/** Await the oldest part. */
enum muster_code cloud_part_await(struct cloud_writer *writer);
/** MUSTER_E_IO: the server has forgotten the upload. */
enum muster_code cloud_part_lost(struct cloud_writer *writer);
/** Cancel, and await, what is in flight. */
void cloud_parts_stop(struct cloud_writer *writer);
/** Give all buffers back. */
void cloud_parts_release(struct cloud_writer *writer);

#endif
