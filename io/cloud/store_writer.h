/*
 * A writer, as its files know it: store_writer.c has its life, store_part.c its parts,
 * store_journal.c what an earlier writer sent of them.
 */
#ifndef IO_CLOUD_STORE_WRITER_H
#define IO_CLOUD_STORE_WRITER_H

#include "io/cloud/store_internal.h"

struct cloud_slot {
	struct cloud_flight flight;
	struct cloud_sums sums;
	uint8_t *buffer;
	size_t cap;
	bool is_kept; /* the cloud had it already: nothing is in flight */
};

/* As many are hashed together as may be in flight. */
#define CLOUD_FILLED_MAX 4

/* A part that waits for others, to be hashed with them. */
struct cloud_filled {
	uint8_t *buffer;
	size_t cap, len;
	uint8_t md5[16];
	bool has_md5;
};

struct cloud_writer {
	struct store_writer base;
	struct cloud_store *cloud;
	char nonce[CLOUD_NONCE_TEXT];
	struct bytes upload; /* empty: no part was sent yet */

	uint8_t *filling; /* NULL: nothing since the last part */
	size_t filling_len, filling_cap;
	struct cloud_filled filled[CLOUD_FILLED_MAX];
	unsigned filled_count;
	struct hasher *hasher; /* NULL until there are several to hash */
	uint64_t offset_bytes; /* in the object: of what is sent next */

	struct cloud_slot *slots; /* part n is in slot (n - 1) % slot_count */
	unsigned slot_count, in_flight;
	struct cloud_part *parts; /* all that were sent, in order */
	size_t part_count, part_cap;

	struct store_journal *journal; /* NULL: none */
	bool *is_there; /* the cloud has the part that the journal remembers, by number - 1 */
	uint64_t persisted_bytes; /* of a cloud that takes parts in order only */

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

/** Room for more bytes: `filling` is a buffer that is not full. One that is full is sent first.
 *  MUSTER_FULL: some part must be awaited first, and `may_wait` is not set. */
enum muster_code cloud_part_need(struct cloud_writer *writer, bool may_wait);
/** Send what was filled, at the latest with the last part. */
enum muster_code cloud_part_send(struct cloud_writer *writer, bool is_last);
/** Await the oldest part. */
enum muster_code cloud_part_await(struct cloud_writer *writer);
/** MUSTER_E_IO: the server has forgotten the upload. */
enum muster_code cloud_part_lost(struct cloud_writer *writer);
/** Cancel what is in flight, and note what has arrived all the same. */
void cloud_parts_leave(struct cloud_writer *writer);
/** Cancel, and await, what is in flight. */
void cloud_parts_stop(struct cloud_writer *writer);
/** Give all buffers back. */
void cloud_parts_release(struct cloud_writer *writer);

/* --- store_journal.c ------------------------------------------------------------------------- */

/** Go on with the upload that the journal remembers: learn what the cloud has of it.
 *  MUSTER_ABSENT: nothing, not even the upload. */
enum muster_code cloud_journal_open(struct cloud_writer *writer, struct muster_error *err);
/** An upload has begun; one that is continued is known. */
void cloud_journal_begin(struct cloud_writer *writer);
/** Is this next part, whose SHA-256 is in `part`, there already? Then its name is put in.
 *  MUSTER_E_CHANGED. */
enum muster_code cloud_journal_find(struct cloud_writer *writer, struct cloud_part *part,
				    bool is_last, bool *is_kept);
/** What must be known before the part is on its way. */
void cloud_journal_send(struct cloud_writer *writer, const struct cloud_part *part);
/** It has arrived. */
void cloud_journal_sent(struct cloud_writer *writer, const struct cloud_part *part);

#endif
