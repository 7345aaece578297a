/*
 * A stream becomes an object.
 *
 *	append ─► filling ─(more comes)─► part 1, part 2, ... in flight ─► complete
 *	             └───(the end)────► the last part; or, if it is the only one, a create
 *
 * A full buffer waits until more comes: so what fits one part is one request, and no part is empty.
 * Buffers go from the part that has ended to the one that is filled; none waits for other writers.
 */
#include <stdlib.h>

#include "base/hash/hash.h"
#include "io/cloud/secret.h"
#include "io/cloud/store_writer.h"

static struct cloud_writer *writer_of(struct store_writer *base)
{
	return (struct cloud_writer *)base;
}

/* --- begin, append --------------------------------------------------------------------------- */

static enum muster_code writer_new(struct cloud_writer **out, struct cloud_store *cloud,
				   const char *key, struct muster_error *err)
{
	size_t len = cloud->prefix_len + strlen(key);
	struct cloud_writer *writer = calloc(1, sizeof(*writer) + len + 1);
	enum muster_code code;

	if (!writer)
		return muster_fail_memory(err, "a writer");
	code = cloud_nonce_make(cloud, writer->nonce, err);
	if (code) {
		free(writer);
		return code;
	}
	writer->base.store = &cloud->base;
	writer->cloud = cloud;
	writer->key_len = len;
	memcpy(writer->key, cloud->prefix, cloud->prefix_len);
	memcpy(writer->key + cloud->prefix_len, key, strlen(key) + 1);
	cloud_pool_enter(&cloud->pool);
	*out = writer;
	return MUSTER_OK;
}

enum muster_code cloud_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err)
{
	struct cloud_writer *writer;
	enum muster_code code = writer_new(&writer, cloud_of(store), key, err);

	if (!code)
		*out = &writer->base;
	return code;
}

static enum muster_code told(const struct cloud_writer *writer, struct muster_error *err)
{
	if (writer->code == MUSTER_EXISTS) /* seen as the upload began: finish tells it */
		return MUSTER_OK;
	if (err)
		*err = writer->error;
	muster_context(err, "write '%s'", writer->key);
	return writer->code;
}

enum muster_code cloud_write_append(struct store_writer *base, struct view data,
				    struct muster_error *err)
{
	struct cloud_writer *writer = writer_of(base);

	if (writer->code)
		return told(writer, err);
	while (data.len) {
		size_t len;

		if (cloud_part_need(writer, true))
			return told(writer, err);
		len = writer->filling_cap - writer->filling_len;
		len = data.len < len ? data.len : len;
		memcpy(writer->filling + writer->filling_len, data.ptr, len);
		writer->filling_len += len;
		data = view_of(data.ptr + len, data.len - len);
	}
	return MUSTER_OK;
}

size_t cloud_write_room(struct store_writer *base, bool may_wait)
{
	struct cloud_writer *writer = writer_of(base);
	enum muster_code code = writer->code ? writer->code : cloud_part_need(writer, may_wait);

	if (code == MUSTER_FULL)
		return 0;
	return code ? SIZE_MAX : writer->filling_cap - writer->filling_len;
}

/* --- the end --------------------------------------------------------------------------------- */

/* Whatever this comes to, nothing more can be done. */
static void abort_upload(struct cloud_writer *writer)
{
	struct cloud_flight flight;

	if (!writer->upload.len)
		return;
	cloud_flight_init(&flight, writer->cloud, CLOUD_ABORT, cloud_writer_key(writer));
	flight.call.upload = bytes_view(&writer->upload);
	cloud_flight_perform(&flight, NULL);
	cloud_flight_release(&flight);
}

static void writer_free(struct cloud_writer *writer)
{
	struct cloud_pool *pool = &writer->cloud->pool;

	cloud_parts_stop(writer);
	cloud_parts_release(writer);
	cloud_pool_leave(pool);
	secret_scrub(&writer->upload); /* a session of Google's is one */
	bytes_release(&writer->upload);
	hasher_free(writer->hasher);
	free(writer->is_there);
	free(writer->slots);
	free(writer->parts);
	free(writer);
}

void cloud_write_abort(struct store_writer *base)
{
	struct cloud_writer *writer = writer_of(base);

	cloud_parts_stop(writer); /* a part that comes behind the abort would stay */
	abort_upload(writer);
	writer_free(writer);
}

void cloud_write_leave(struct store_writer *base)
{
	struct cloud_writer *writer = writer_of(base);

	if (!writer->journal) {
		cloud_write_abort(base);
		return;
	}
	cloud_parts_leave(writer);
	writer_free(writer);
}

enum muster_code cloud_write_continue(struct store *store, const char *key,
				      struct store_journal *journal, struct store_writer **out,
				      struct muster_error *err)
{
	struct cloud_writer *writer;
	enum muster_code code = writer_new(&writer, cloud_of(store), key, err);

	if (code)
		return code;
	writer->journal = journal;
	if (journal->upload.len)
		code = cloud_journal_open(writer, err);
	if (code)
		writer_free(writer);
	else
		*out = &writer->base;
	return code;
}

static enum muster_code complete(struct cloud_writer *writer)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, writer->cloud, CLOUD_COMPLETE, cloud_writer_key(writer));
	memcpy(flight.call.nonce, writer->nonce, CLOUD_NONCE_TEXT);
	flight.call.upload = bytes_view(&writer->upload);
	flight.call.parts = writer->parts;
	flight.call.part_count = writer->part_count;
	code = cloud_flight_perform(&flight, &writer->error);
	cloud_flight_release(&flight);
	return code == MUSTER_ABSENT ? cloud_part_lost(writer) : code;
}

/* All parts, and then the object. */
static enum muster_code finish_upload(struct cloud_writer *writer)
{
	enum muster_code code = cloud_part_send(writer, true);

	while (!code && writer->in_flight)
		code = cloud_part_await(writer);
	return code || cloud_writer_ops(writer)->parts_in_order ? code : complete(writer);
}

/* It is ours, and not what was written: nobody may find it. */
static void remove_wrong(struct cloud_writer *writer)
{
	struct cloud_flight flight;

	cloud_flight_init(&flight, writer->cloud, CLOUD_REMOVE, cloud_writer_key(writer));
	cloud_flight_perform(&flight, NULL);
	cloud_flight_release(&flight);
}

/* Its last request did not end well: perhaps it was done, and only the reply was lost. That the
 * object is wrong, by its size or by a sum that the reply told, is no reply that was lost. */
static enum muster_code settle(struct cloud_writer *writer, enum muster_code code)
{
	struct muster_error error = { 0 };
	enum muster_code whose = cloud_settle(writer->cloud, cloud_writer_key(writer),
					      writer->nonce, writer->offset_bytes, &error);

	if (whose == MUSTER_E_DIGEST)
		writer->error = error;
	if (whose == MUSTER_E_DIGEST || (whose == MUSTER_OK && code == MUSTER_E_DIGEST)) {
		remove_wrong(writer);
		return MUSTER_E_DIGEST;
	}
	if (code == MUSTER_E_DIGEST)
		return code;
	return whose == MUSTER_OK || whose == MUSTER_EXISTS ? whose : code;
}

static enum muster_code finish(struct cloud_writer *writer)
{
	enum muster_code code;

	if (writer->code)
		return writer->code;
	if (!writer->slots && !writer->upload.len && !writer->filled_count)
		return cloud_create_once(writer->cloud, cloud_writer_key(writer),
					 view_of(writer->filling, writer->filling_len),
					 writer->nonce, &writer->error);
	code = finish_upload(writer);
	return code ? settle(writer, code) : code;
}

enum muster_code cloud_write_finish(struct store_writer *base, struct muster_error *err)
{
	struct cloud_writer *writer = writer_of(base);
	enum muster_code code = finish(writer);

	if (muster_failed(code)) {
		if (err)
			*err = writer->error;
		muster_context(err, "write '%s'", writer->key);
	}
	/* Where the cloud has other bytes than it should have, nobody must go on with them. */
	if (code == MUSTER_E_IO || code == MUSTER_E_CANCELLED)
		cloud_write_leave(base);
	else if (code)
		cloud_write_abort(base);
	else
		writer_free(writer);
	return code;
}
