/* Large blobs, several side by side: piece by piece, and what became of one counts only when its
 * digest is right. It is looked for in the cache, then where the version says, then by the index.
 */
#include "engine/get/fetch_internal.h"
#include "engine/get/hashing.h"

#include <stdlib.h>
#include <string.h>

/* One blob on its way. */
struct get_stream {
	struct get_item *item; /* NULL: free */
	enum get_way way;
	enum get_fault fault;
	struct placement place;
	uint64_t size_bytes;
	bool has_begun;		  /* the sink has */
	bool is_cloned;		  /* the sink has the bytes already */
	struct blob_stream *kept; /* for the cache; NULL: it is not */
};

/* --- where its bytes are --------------------------------------------------------------------- */

/* A directory that was let go meanwhile is read again: packs are few, blobs may be large. */
static enum muster_code find(struct get_fetcher *fetcher, const struct get_stream *stream,
			     struct blob_at *at, struct muster_error *error)
{
	enum muster_code code =
		get_fetch_find_at(fetcher, stream->item, stream->way, &stream->place, at, error);

	if (code == MUSTER_ABSENT && stream->way == GET_BY_INDEX)
		get_fetch_absent(error);
	return code;
}

static enum muster_code open_way(struct get_fetcher *fetcher, struct get_stream *stream,
				 struct blob_at *at, struct muster_error *error)
{
	enum muster_code code =
		get_fetch_place(fetcher, stream->item, stream->way, &stream->place, error);

	return code ? code : find(fetcher, stream, at, error);
}

/* As long_ops.open. */
static enum muster_code open_blob(void *state, void *cookie, int *fd, struct file_stat *found,
				  struct muster_error *error)
{
	struct get_fetcher *fetcher = state;
	struct get_stream *stream = cookie;
	struct blob_at at;
	enum muster_code code = open_way(fetcher, stream, &at, error);

	*fd = -1;
	stream->has_begun = false;
	if (code && stream->way == GET_BY_CACHE) {
		stream->way = GET_BY_HINT;
		code = open_way(fetcher, stream, &at, error);
	}
	stream->fault = code == MUSTER_ABSENT ? GET_FAULT_ABSENT : GET_FAULT_OTHER;
	if (code)
		return code;
	store_will_read(at.object, at.offset_bytes, at.size_bytes);
	found->size_bytes = stream->size_bytes = at.size_bytes;
	return MUSTER_OK;
}

/* As long_ops.read. */
static enum muster_code read_blob(void *state, void *cookie, uint64_t offset_bytes, uint8_t *out,
				  size_t len, size_t *got, struct muster_error *error)
{
	struct get_stream *stream = cookie;
	uint64_t left = stream->size_bytes - offset_bytes;
	struct blob_at at;
	enum muster_code code = find(state, stream, &at, error);

	*got = left < len ? (size_t)left : len;
	if (!code && *got)
		code = store_read(at.object, at.offset_bytes + offset_bytes, out, *got, error);
	return code;
}

/* --- the cache ------------------------------------------------------------------------------- */

static void begin_keeping(struct get_fetcher *fetcher, struct get_stream *stream)
{
	stream->kept = fetcher->cache && stream->way != GET_BY_CACHE
			       ? cache_worker_begin(fetcher->cache, stream->size_bytes)
			       : NULL;
}

static void end_keeping(struct get_fetcher *fetcher, struct get_stream *stream, bool is_proven)
{
	struct blob_key key;

	if (stream->kept && is_proven && get_item_key(stream->item, &key))
		cache_worker_end(fetcher->cache, &stream->kept, &key);
	cache_worker_abort(&stream->kept);
}

/* --- what becomes of them -------------------------------------------------------------------- */

static enum muster_code begin(void *state, void *cookie, const struct file_stat *found,
			      struct muster_error *err)
{
	struct get_fetcher *fetcher = state;
	struct get_stream *stream = cookie;
	enum muster_code code = fetcher->sink.begin(fetcher->sink.state, stream->item, err);
	struct blob_at at;

	(void)found;
	if (!code && stream->item->fate == GET_FAILED)
		return MUSTER_END;
	stream->has_begun = !code;
	stream->is_cloned = !code && fetcher->sink.clone &&
			    find(fetcher, stream, &at, NULL) == MUSTER_OK &&
			    fetcher->sink.clone(fetcher->sink.state, stream->item, &at);
	if (!code)
		begin_keeping(fetcher, stream);
	return code;
}

static enum muster_code piece(void *state, void *cookie, struct view data, struct muster_error *err)
{
	struct get_fetcher *fetcher = state;
	struct get_stream *stream = cookie;
	enum muster_code code;

	if (stream->kept)
		cache_worker_append(fetcher->cache, &stream->kept, data);
	if (stream->is_cloned)
		return MUSTER_OK;
	code = fetcher->sink.piece(fetcher->sink.state, stream->item, data, err);
	return !code && stream->item->fate == GET_FAILED ? MUSTER_END : code;
}

static enum muster_code give(struct get_fetcher *fetcher, struct get_item *item,
			     const struct fingerprint *actual, struct muster_error *err)
{
	enum muster_code code;

	item->fate = GET_DONE;
	get_fetch_learn(fetcher, item, actual);
	code = fetcher->sink.end(fetcher->sink.state, item, err);
	if (!code && item->fate == GET_DONE)
		get_count(&fetcher->job->progress->read_files, 1);
	return code;
}

/* Not proven, or not to be had: once more another way. */
static enum muster_code fail(struct get_fetcher *fetcher, struct get_stream *stream,
			     const struct muster_error *error, bool *again,
			     struct muster_error *err)
{
	if (stream->way == GET_BY_CACHE)
		cache_worker_spoil(fetcher->cache, &stream->place);
	*again = stream->way != GET_BY_INDEX;
	stream->way = stream->way == GET_BY_CACHE ? GET_BY_HINT : GET_BY_INDEX;
	return *again ? MUSTER_OK : get_fetch_fail(stream->item, stream->fault, error, err);
}

static enum muster_code settle(struct get_fetcher *fetcher, struct get_stream *stream,
			       const struct long_answer *answer, bool *again,
			       struct muster_error *err)
{
	bool is_proven =
		!answer->code && get_fetch_is_proven(fetcher, stream->item, answer->fingerprint);
	struct muster_error wrong = { 0 };

	end_keeping(fetcher, stream, is_proven);
	if (is_proven && stream->way == GET_BY_CACHE)
		cache_worker_hit(fetcher->cache, &stream->place, stream->size_bytes);
	if (is_proven)
		return give(fetcher, stream->item, answer->fingerprint, err);
	if (stream->has_begun)
		fetcher->sink.abort(fetcher->sink.state, stream->item);
	if (answer->code == MUSTER_END || answer->code == MUSTER_E_CANCELLED)
		return MUSTER_OK; /* it has failed; or it is not done, and the run is stopping */
	if (answer->code)
		return fail(fetcher, stream, answer->error, again, err);
	stream->fault = GET_FAULT_DIGEST;
	get_fetch_say_wrong(&wrong);
	return fail(fetcher, stream, &wrong, again, err);
}

static enum muster_code end(void *state, void *cookie, const struct long_answer *answer,
			    bool *again, struct muster_error *err)
{
	struct get_fetcher *fetcher = state;
	const struct get_larges *larges = fetcher->large.larges;
	struct get_stream *stream = cookie;
	struct get_item *item = stream->item;
	enum muster_code code, told;

	code = settle(fetcher, stream, answer, again, err);
	if (!code && *again)
		return MUSTER_OK;
	stream->item = NULL;
	told = larges->end(larges->state, item, code ? NULL : err);
	return code ? code : told;
}

/* --- which ones ------------------------------------------------------------------------------ */

static enum muster_code next(void *state, struct long_file *out, struct muster_error *err)
{
	struct get_fetcher *fetcher = state;
	const struct get_larges *larges = fetcher->large.larges;
	struct get_item *item = larges->next(larges->state);
	struct get_stream *stream = fetcher->large.streams;

	(void)err;
	if (!item)
		return MUSTER_END;
	while (stream->item) /* there are as many as a long intake reads at once */
		stream++;
	*stream = (struct get_stream){ .item = item, .way = GET_BY_CACHE };
	*out = (struct long_file){ .cookie = stream,
				   .algorithm = fetcher->only_checksum ? DIGEST_XXH128
								       : item->entry.algorithm };
	return MUSTER_OK;
}

static enum muster_code need_streams(struct get_fetcher *fetcher, struct muster_error *err)
{
	struct long_ops ops = get_long_ops(fetcher->job, fetcher);
	struct hash_options hashing = get_job_hashing(fetcher->job, DIGEST_XXH128);

	if (fetcher->large.intake)
		return MUSTER_OK;
	if (!fetcher->large.streams)
		fetcher->large.streams = calloc(LONG_INTAKE_FILES, sizeof(*fetcher->large.streams));
	if (!fetcher->large.streams)
		return muster_fail_memory(err, "large files");
	if (fetcher->only_checksum)
		hashing.has_identity = false;
	ops.next = next;
	ops.open = open_blob;
	ops.read = read_blob;
	ops.begin = begin;
	ops.chunk = piece;
	ops.end = end;
	return long_intake_open(&fetcher->large.intake, &hashing, &ops, err);
}

void get_streams_release(struct get_fetcher *fetcher)
{
	long_intake_close(fetcher->large.intake);
	free(fetcher->large.streams);
}

enum muster_code get_fetch_large(struct get_fetcher *fetcher, const struct get_larges *larges,
				 struct muster_error *err)
{
	enum muster_code code = need_streams(fetcher, err);

	fetcher->large.larges = larges;
	return code ? code : long_intake_run(fetcher->large.intake, err);
}
