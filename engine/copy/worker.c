/* What is not known to be in the target is looked up there, and else read from the source's packs
 * and packed anew. */
#include <stdlib.h>

#include "engine/copy/copy_internal.h"

struct copy_worker {
	struct copy_version *version;
	struct get_line *line;
	unsigned number; /* whose packers it uses */
	struct get_fetcher fetcher;
	struct get_item *first; /* of the large ones that it does side by side */
};

/* --- proven bytes go into packs --------------------------------------------------------------- */

static void count_written(struct copy_worker *worker, uint64_t bytes)
{
	get_count(&worker->version->copy->progress->written_bytes, bytes);
}

/* The key of bytes that were proved: by now nothing of it is unknown. */
static struct blob_key proven_key(const struct copy_worker *worker, const struct get_item *item)
{
	struct blob_key key = { 0 };

	copy_key(worker->version->copy, item, &key);
	return key;
}

static enum muster_code pack_whole(void *state, struct get_item *item, struct view data,
				   struct muster_error *err)
{
	struct copy_worker *worker = state;
	struct blob_key key = proven_key(worker, item);
	struct blob_packer *packer;
	enum muster_code code = copy_need_packer(worker->version->copy, worker->number,
						 item->entry.algorithm, &packer, err);

	if (!code)
		code = blob_packer_put(packer, &key, data, &item->place, err);
	count_written(worker, data.len);
	return code;
}

static enum muster_code stream_begin(void *state, struct get_item *item, struct muster_error *err)
{
	struct copy_worker *worker = state;
	struct blob_set *set;
	enum muster_code code =
		copy_need_set(worker->version->copy, item->entry.algorithm, &set, err);

	return code ? code : blob_stream_begin(&item->stream, set, NULL, err);
}

static enum muster_code stream_piece(void *state, struct get_item *item, struct view data,
				     struct muster_error *err)
{
	struct copy_worker *worker = state;

	count_written(worker, data.len);
	get_count(&worker->version->copy->progress->done_bytes, data.len);
	item->streamed_bytes += data.len;
	return blob_stream_append(item->stream, data, err);
}

static enum muster_code stream_end(void *state, struct get_item *item, struct muster_error *err)
{
	struct blob_key key = proven_key(state, item);
	struct blob_stream *stream = item->stream;

	item->stream = NULL;
	return blob_stream_finish(stream, &key, &item->place, err);
}

static void stream_abort(void *state, struct get_item *item)
{
	struct copy_worker *worker = state;

	blob_stream_abort(item->stream);
	item->stream = NULL;
	atomic_fetch_sub_explicit(&worker->version->copy->progress->done_bytes,
				  item->streamed_bytes, memory_order_relaxed);
	item->streamed_bytes = 0;
}

/* --- what the target has ---------------------------------------------------------------------- */

static enum muster_code look_up(struct copy_worker *worker, struct get_item *item,
				struct muster_error *err)
{
	struct copy *copy = worker->version->copy;
	struct blob_set *set;
	struct blob_key key;
	enum muster_code code;

	if (!copy_key(copy, item, &key))
		return MUSTER_OK; /* its bytes tell more, or it fails where they are sought */
	code = copy_need_set(copy, item->entry.algorithm, &set, err);
	if (!code)
		code = blob_set_find(set, &key, &item->place, err);
	if (!code)
		item->fate = GET_KEPT;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* --- large ones, side by side ----------------------------------------------------------------- */

static enum muster_code end_large(void *state, struct get_item *item, struct muster_error *err)
{
	struct copy_worker *worker = state;
	enum muster_code code = copy_note(worker->version, item, err);

	get_item_free(item);
	return code;
}

static struct get_item *next_large(void *state)
{
	struct copy_worker *worker = state;
	struct get_item *item = worker->first;

	worker->first = NULL;
	return item ? item : get_line_more(worker->line, get_fetch_count(&worker->fetcher));
}

/* As get_line_ops.later. Its like may have been packed since it was looked up. */
static enum muster_code do_later(void *state, void *later, struct muster_error *err)
{
	struct copy_worker *worker = state;
	const struct get_larges larges = { worker, next_large, end_large };
	struct get_item *item = later;
	enum muster_code code = look_up(worker, item, err);

	if (code) {
		get_item_free(item);
		return code;
	}
	if (item->fate == GET_KEPT)
		return end_large(worker, item, err);
	worker->first = item;
	code = get_fetch_large(&worker->fetcher, &larges, err);
	get_item_free(worker->first); /* if it was not even begun */
	worker->first = NULL;
	return code;
}

static void drop_later(void *item)
{
	get_item_free(item);
}

static enum muster_code hand_on(struct copy_worker *worker, struct get_item *item,
				struct muster_error *err)
{
	struct get_item *large = get_item_copy(item);

	if (!large)
		return muster_fail_memory(err, "a large file");
	item->fate = GET_LARGE;
	return get_line_later(worker->line, large) ? MUSTER_OK : do_later(worker, large, err);
}

/* --- a batch ---------------------------------------------------------------------------------- */

static enum muster_code work(void *state, void *filled, struct muster_error *err)
{
	struct copy_worker *worker = state;
	struct get_batch *batch = filled;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_item *item = &batch->items[i];

		if (item->fate != GET_WANTED)
			continue;
		if (get_is_stopping(&worker->version->job))
			return MUSTER_OK;
		code = look_up(worker, item, err);
		if (!code && item->fate == GET_WANTED && get_item_is_large(item))
			code = hand_on(worker, item, err);
	}
	return code ? code : get_fetch_small(&worker->fetcher, batch, err);
}

static enum muster_code end(void *state, void *done, struct muster_error *err)
{
	struct get_batch *batch = done;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++)
		code = copy_note(state, &batch->items[i], err);
	get_batch_reset(batch);
	return code;
}

static void close_worker(void *state)
{
	struct copy_worker *worker = state;

	if (!worker)
		return;
	get_fetcher_release(&worker->fetcher);
	free(worker);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	static const struct get_sink packs = { .whole = pack_whole,
					       .begin = stream_begin,
					       .piece = stream_piece,
					       .end = stream_end,
					       .abort = stream_abort };
	struct copy_version *version = state;
	struct copy_worker *worker = calloc(1, sizeof(*worker));
	struct get_sink sink = packs;

	*out = worker;
	if (!worker)
		return muster_fail_memory(err, "a worker");
	worker->version = version;
	worker->line = line;
	worker->number = version->worker_count++;
	sink.state = worker;
	return get_fetcher_init(&worker->fetcher, &version->job, &sink, err);
}

enum muster_code copy_blobs(struct copy_version *version, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_batch),
						 .fill = copy_fill,
						 .work = work,
						 .end = end,
						 .later = do_later,
						 .drop = drop_later,
						 .open_worker = open_worker,
						 .close_worker = close_worker };

	return get_line_run(&version->job, &ops, version, err);
}
