/* A large blob: piece by piece, and what became of it counts only when its digest is right. */
#include "engine/get/fetch_internal.h"

#include <string.h>

/* One attempt. What becomes of the item is in `code` and `error`, with `fault`; what is returned,
 * and goes to `err`, ends the run. */
struct stream_attempt {
	struct get_fetcher *fetcher;
	struct get_item *item;
	enum get_way way;
	enum muster_code code;
	enum get_fault fault;
	struct muster_error error;
};

static enum muster_code pass_pieces(struct stream_attempt *attempt, struct hasher *hasher,
				    const struct blob_at *at, struct muster_error *err)
{
	struct get_fetcher *fetcher = attempt->fetcher;
	uint8_t *buffer = fetcher->hashing->buffer;
	enum muster_code code = MUSTER_OK;

	for (uint64_t done = 0; done < at->size_bytes && !code;) {
		uint64_t left = at->size_bytes - done;
		size_t len = left < GET_CHUNK_BYTES ? (size_t)left : GET_CHUNK_BYTES;

		if (get_is_stopping(fetcher->job)) {
			attempt->code = MUSTER_E_CANCELLED;
			return MUSTER_OK;
		}
		attempt->code = store_read(at->object, at->offset_bytes + done, buffer, len,
					   &attempt->error);
		if (attempt->code)
			return MUSTER_OK;
		hash_update(hasher, view_of(buffer, len));
		get_count(&fetcher->job->progress->read_bytes, len);
		code = fetcher->sink.piece(fetcher->sink.state, attempt->item, view_of(buffer, len),
					   err);
		if (attempt->item->fate == GET_FAILED)
			return code;
		done += len;
	}
	return code;
}

static enum muster_code prove(struct stream_attempt *attempt, struct hasher *hasher,
			      struct muster_error *err)
{
	struct get_fetcher *fetcher = attempt->fetcher;
	struct fingerprint actual;

	hash_end(hasher, &actual);
	if (get_fetch_is_proven(fetcher, attempt->item, &actual)) {
		attempt->item->fate = GET_DONE;
		return fetcher->sink.end(fetcher->sink.state, attempt->item, err);
	}
	fetcher->sink.abort(fetcher->sink.state, attempt->item);
	attempt->fault = GET_FAULT_DIGEST;
	attempt->code = muster_fail(&attempt->error, MUSTER_E_DIGEST,
				    "the stored bytes do not have the digest that the version "
				    "tells");
	return MUSTER_OK;
}

static enum muster_code try_stream(struct stream_attempt *attempt, struct muster_error *err)
{
	struct get_fetcher *fetcher = attempt->fetcher;
	struct get_item *item = attempt->item;
	struct hasher *hasher;
	struct blob_at at;
	enum muster_code code;

	attempt->error = (struct muster_error){ 0 };
	attempt->code = get_fetch_find(fetcher, item, attempt->way, &at, &attempt->error);
	attempt->fault = attempt->code == MUSTER_ABSENT ? GET_FAULT_ABSENT : GET_FAULT_OTHER;
	if (attempt->code)
		return MUSTER_OK;
	code = get_hashing_hasher(fetcher->hashing,
				  fetcher->only_checksum ? DIGEST_XXH128 : item->entry.algorithm,
				  &hasher, err);
	if (!code)
		code = fetcher->sink.begin(fetcher->sink.state, item, err);
	if (code || item->fate == GET_FAILED)
		return code;
	hash_begin(hasher);
	code = pass_pieces(attempt, hasher, &at, err);
	if (code || attempt->code || item->fate == GET_FAILED) {
		fetcher->sink.abort(fetcher->sink.state, item);
		return code;
	}
	return prove(attempt, hasher, err);
}

enum muster_code get_fetch_large(struct get_fetcher *fetcher, struct get_item *item,
				 struct muster_error *err)
{
	struct stream_attempt attempt = { .fetcher = fetcher, .item = item, .way = GET_BY_HINT };
	enum muster_code code = try_stream(&attempt, err);

	if (!code && attempt.code && attempt.code != MUSTER_E_CANCELLED) {
		attempt.way = GET_BY_INDEX;
		code = try_stream(&attempt, err);
	}
	if (code || attempt.code == MUSTER_E_CANCELLED)
		return code; /* not done: the run is stopping */
	if (attempt.code)
		return get_fetch_fail(item, attempt.fault, &attempt.error, err);
	if (item->fate == GET_DONE)
		get_count(&fetcher->job->progress->read_files, 1);
	return MUSTER_OK;
}
