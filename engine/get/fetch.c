/* Small blobs. A batch is sorted by where its bytes lie, so that each pack is opened once and
 * neighbours share a read: those that the cache has first, then the others. What does not prove
 * there is tried once more, alone, by the index. */
#include "engine/get/fetch.h"

#include <stdlib.h>

#include "engine/get/fetch_internal.h"
#include "planners/coalesce/coalesce.h"
#include "planners/verification/verification.h"

enum muster_code get_fetcher_init(struct get_fetcher *fetcher, struct get_job *job,
				  const struct get_sink *sink, struct muster_error *err)
{
	fetcher->job = job;
	fetcher->sink = *sink;
	fetcher->buffer = malloc(GET_BUFFER_BYTES);
	if (!fetcher->buffer)
		return muster_fail_memory(err, "a worker's buffer");
	if (job->start->blobs) /* without it all is fetched */
		cache_worker_open(&fetcher->cache, job->start->blobs, NULL);
	return blob_reader_open(&fetcher->reader, job->store, repository_id(job->start->repository),
				NULL, job->packs, err);
}

void get_fetcher_release(struct get_fetcher *fetcher)
{
	get_streams_release(fetcher);
	for (size_t i = 0; i < sizeof(fetcher->hashers) / sizeof(fetcher->hashers[0]); i++)
		hasher_free(fetcher->hashers[i]);
	blob_reader_close(fetcher->reader);
	cache_worker_close(fetcher->cache);
	free(fetcher->buffer);
}

enum muster_code get_fetch_hasher(struct get_fetcher *fetcher, enum digest_algorithm algorithm,
				  struct hasher **out, struct muster_error *err)
{
	struct hasher **hasher = &fetcher->hashers[algorithm];
	enum muster_code code = MUSTER_OK;

	if (!*hasher)
		code = hasher_new(hasher, get_job_hashing(fetcher->job, algorithm), err);
	*out = *hasher;
	return code;
}

/* --- failures ------------------------------------------------------------------------------- */

enum muster_code get_fetch_fail(struct get_item *item, enum get_fault fault,
				const struct muster_error *error, struct muster_error *err)
{
	if (get_is_fatal(error)) {
		*err = *error;
		return err->code;
	}
	get_item_fail(item, error);
	item->fault = fault;
	return MUSTER_OK;
}

void get_fetch_say_wrong(struct muster_error *error)
{
	muster_fail(error, MUSTER_E_DIGEST,
		    "the stored bytes do not have the digest that the version tells");
}

enum muster_code get_fetch_wrong_digest(struct get_item *item, struct muster_error *err)
{
	struct muster_error error = { 0 };

	get_fetch_say_wrong(&error);
	return get_fetch_fail(item, GET_FAULT_DIGEST, &error, err);
}

bool get_fetch_is_proven(const struct get_fetcher *fetcher, const struct get_item *item,
			 const struct fingerprint *actual)
{
	if (fetcher->only_checksum)
		return memcmp(actual->checksum, item->entry.fingerprint.checksum, CHECKSUM_BYTES) ==
		       0;
	return verification_has(&item->entry, actual, fetcher->job->has_identity);
}

void get_fetch_learn(const struct get_fetcher *fetcher, struct get_item *item,
		     const struct fingerprint *actual)
{
	if (!fetcher->job->adds_identity || item->entry.has_identity)
		return;
	memcpy(item->entry.fingerprint.identity, actual->identity, IDENTITY_BYTES);
	item->entry.has_identity = true;
}

/* --- where it is ---------------------------------------------------------------------------- */

enum muster_code get_fetch_place(struct get_fetcher *fetcher, const struct get_item *item,
				 enum get_way way, struct placement *out,
				 struct muster_error *error)
{
	const struct placement *hint = item->entry.is_placed ? &item->entry.placement : NULL;
	struct blob_key key;
	enum muster_code code;

	if (!get_item_key(item, &key))
		return muster_fail(error, MUSTER_E_FORMAT,
				   "the version does not tell where its bytes are");
	if (way == GET_BY_CACHE)
		return fetcher->cache && cache_worker_find(fetcher->cache, &key, out)
			       ? MUSTER_OK
			       : MUSTER_ABSENT;
	if (way == GET_BY_HINT) {
		*out = item->entry.placement;
		return hint ? MUSTER_OK : MUSTER_ABSENT;
	}
	code = get_job_index_find(fetcher->job, &key, hint, out, error);
	return code == MUSTER_ABSENT ? get_fetch_absent(error) : code;
}

enum muster_code get_fetch_absent(struct muster_error *error)
{
	muster_fail(error, MUSTER_E_FORMAT, "its bytes are missing in the repository");
	return MUSTER_ABSENT;
}

/* A pack that cannot be opened is asked for by each of its blobs. */
static enum muster_code find_in_pack(struct get_fetcher *fetcher, const struct blob_key *key,
				     const struct placement *place, struct blob_at *out,
				     struct muster_error *error)
{
	struct muster_error why = { 0 };
	enum muster_code code;

	if (fetcher->has_bad_pack && object_id_equal(&fetcher->bad_pack, &place->pack)) {
		if (error)
			*error = fetcher->bad_pack_error;
		return fetcher->bad_pack_error.code;
	}
	code = blob_reader_find(fetcher->reader, key, place, out, &why);
	if (!code || code == MUSTER_ABSENT)
		return code;
	fetcher->has_bad_pack = !muster_ends_job(code);
	fetcher->bad_pack = place->pack;
	fetcher->bad_pack_error = why;
	if (error)
		*error = why;
	return code;
}

enum muster_code get_fetch_find_at(struct get_fetcher *fetcher, const struct get_item *item,
				   enum get_way way, const struct placement *place,
				   struct blob_at *out, struct muster_error *error)
{
	struct blob_key key;

	get_item_key(item, &key); /* who has a place has one */
	if (way != GET_BY_CACHE)
		return find_in_pack(fetcher, &key, place, out, error);
	return cache_worker_at(fetcher->cache, &key, place, out) ? MUSTER_OK : MUSTER_ABSENT;
}

/* --- one blob by the index ------------------------------------------------------------------ */

static void hash_one(struct get_fetcher *fetcher, struct hasher *hasher, struct view data,
		     struct fingerprint *out)
{
	struct hash_request request = { .data = data };

	if (fetcher->only_checksum)
		xxh128_of(data, request.fingerprint.checksum);
	else
		hash_batch(hasher, &request, 1);
	*out = request.fingerprint;
}

/* Proven bytes: what was fetched is kept for the next time. */
static enum muster_code give(struct get_fetcher *fetcher, struct get_item *item, enum get_way way,
			     struct view data, const struct fingerprint *actual,
			     struct muster_error *err)
{
	struct blob_key key;

	if (fetcher->cache && way != GET_BY_CACHE && get_item_key(item, &key))
		cache_worker_put(fetcher->cache, &key, data);
	item->fate = GET_DONE;
	get_fetch_learn(fetcher, item, actual);
	return fetcher->sink.whole(fetcher->sink.state, item, data, err);
}

/* The second and last attempt. */
static enum muster_code fetch_by_index(struct get_fetcher *fetcher, struct get_item *item,
				       struct muster_error *err)
{
	uint8_t *buffer = fetcher->buffer;
	struct muster_error error = { 0 };
	struct fingerprint actual;
	struct placement place;
	struct hasher *hasher;
	struct blob_at at;
	enum muster_code code = get_fetch_place(fetcher, item, GET_BY_INDEX, &place, &error);
	bool is_absent;

	if (!code)
		code = get_fetch_find_at(fetcher, item, GET_BY_INDEX, &place, &at, &error);
	if (code == MUSTER_ABSENT)
		get_fetch_absent(&error);
	is_absent = code == MUSTER_ABSENT;
	if (!code && at.size_bytes)
		code = store_read(at.object, at.offset_bytes, buffer, at.size_bytes, &error);
	if (code)
		return get_fetch_fail(item, is_absent ? GET_FAULT_ABSENT : GET_FAULT_OTHER, &error,
				      err);
	code = get_fetch_hasher(fetcher, item->entry.algorithm, &hasher, err);
	if (code)
		return code;
	hash_one(fetcher, hasher, view_of(buffer, at.size_bytes), &actual);
	if (!get_fetch_is_proven(fetcher, item, &actual))
		return get_fetch_wrong_digest(item, err);
	return give(fetcher, item, GET_BY_INDEX, view_of(buffer, at.size_bytes), &actual, err);
}

/* --- the blobs of one pack ------------------------------------------------------------------ */

/* Items of a batch whose bytes lie in one pack, by offset. */
struct pack_group {
	enum get_way way;
	struct placement place; /* of the first */
	size_t count;
	struct store_object *object;
	struct get_item *items[GET_BATCH_MAX];
	struct coalesce_blob blobs[GET_BATCH_MAX];
};

struct placed_item {
	struct get_item *item;
	struct placement place;
};

/* Small items that want bytes, by pack and ordinal; and those that want another way. */
struct fetch_plan {
	enum get_way way;
	size_t count, retry_count;
	struct placed_item items[GET_BATCH_MAX];
	struct get_item *retries[GET_BATCH_MAX];
};

static void want_retry(struct fetch_plan *plan, struct get_item *item)
{
	plan->retries[plan->retry_count++] = item;
}

static enum muster_code hash_range(struct get_fetcher *fetcher, const struct pack_group *group,
				   const struct coalesce_read *range, struct hash_request *requests,
				   struct muster_error *err)
{
	enum digest_algorithm algorithm = group->items[range->first]->entry.algorithm;
	struct hasher *hasher;
	size_t from = 0;
	enum muster_code code;

	for (size_t i = 0; i < range->count; i++) {
		const struct coalesce_blob *blob = &group->blobs[range->first + i];

		requests[i].data =
			view_of(fetcher->buffer + (blob->offset_bytes - range->offset_bytes),
				blob->size_bytes);
		if (fetcher->only_checksum)
			xxh128_of(requests[i].data, requests[i].fingerprint.checksum);
	}
	/* Almost always one algorithm for all. */
	for (size_t i = 1; i <= range->count && !fetcher->only_checksum; i++) {
		if (i < range->count &&
		    group->items[range->first + i]->entry.algorithm == algorithm)
			continue;
		code = get_fetch_hasher(fetcher, algorithm, &hasher, err);
		if (code)
			return code;
		hash_batch(hasher, requests + from, i - from);
		from = i;
		if (i < range->count)
			algorithm = group->items[range->first + i]->entry.algorithm;
	}
	return MUSTER_OK;
}

/* What one read cannot give, each may get alone. */
static void fail_range(struct get_fetcher *fetcher, const struct pack_group *group,
		       const struct coalesce_read *range, struct fetch_plan *plan)
{
	if (group->way == GET_BY_CACHE)
		cache_worker_spoil(fetcher->cache, &group->place);
	for (size_t i = 0; i < range->count; i++)
		want_retry(plan, group->items[range->first + i]);
}

static enum muster_code settle(struct get_fetcher *fetcher, const struct pack_group *group,
			       struct get_item *item, const struct hash_request *request,
			       struct fetch_plan *plan, struct muster_error *err)
{
	bool is_proven = get_fetch_is_proven(fetcher, item, &request->fingerprint);

	if (group->way == GET_BY_CACHE && is_proven)
		cache_worker_hit(fetcher->cache, &group->place, request->data.len);
	else if (group->way == GET_BY_CACHE)
		cache_worker_spoil(fetcher->cache, &group->place);
	if (is_proven)
		return give(fetcher, item, group->way, request->data, &request->fingerprint, err);
	want_retry(plan, item);
	return MUSTER_OK;
}

static enum muster_code fetch_range(struct get_fetcher *fetcher, const struct pack_group *group,
				    const struct coalesce_read *range, struct fetch_plan *plan,
				    struct muster_error *err)
{
	struct hash_request requests[GET_BATCH_MAX];
	enum muster_code code;

	if (range->length_bytes && store_read(group->object, range->offset_bytes, fetcher->buffer,
					      range->length_bytes, NULL)) {
		fail_range(fetcher, group, range, plan);
		return MUSTER_OK;
	}
	get_count(&fetcher->job->progress->read_files, range->count);
	get_count(&fetcher->job->progress->read_bytes, range->length_bytes);
	code = hash_range(fetcher, group, range, requests, err);
	for (size_t i = 0; i < range->count && !code; i++)
		code = settle(fetcher, group, group->items[range->first + i], &requests[i], plan,
			      err);
	return code;
}

static enum muster_code fetch_group(struct get_fetcher *fetcher, const struct pack_group *group,
				    struct fetch_plan *plan, struct muster_error *err)
{
	static const struct coalesce_rules rules = { GET_READ_MAX_BYTES, GET_GAP_MAX_BYTES };
	struct coalesce_read range;
	size_t at = 0;
	enum muster_code code = MUSTER_OK;

	while (!code && !get_is_stopping(fetcher->job) &&
	       coalesce_next(&rules, group->blobs, group->count, at, &range)) {
		code = fetch_range(fetcher, group, &range, plan, err);
		at += range.count;
	}
	return code;
}

/* --- a batch -------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct placed_item *x = a, *y = b;
	int order = memcmp(x->place.pack.session, y->place.pack.session, 16);

	if (order)
		return order;
	if (x->place.pack.number != y->place.pack.number)
		return x->place.pack.number < y->place.pack.number ? -1 : 1;
	if (x->place.ordinal != y->place.ordinal)
		return x->place.ordinal < y->place.ordinal ? -1 : 1;
	return view_compare(x->item->entry.path, y->item->entry.path);
}

static void begin_plan(struct fetch_plan *plan, struct get_batch *batch)
{
	plan->retry_count = 0;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].fate == GET_WANTED && !get_item_is_large(&batch->items[i]))
			want_retry(plan, &batch->items[i]);
}

/* Of those that want a way, the ones that this one may lead to. */
static void plan_way(struct get_fetcher *fetcher, struct fetch_plan *plan, enum get_way way)
{
	size_t asked_count = plan->retry_count;
	bool in_order = true;

	plan->way = way;
	plan->count = plan->retry_count = 0;
	for (size_t i = 0; i < asked_count; i++) {
		struct placed_item *placed = &plan->items[plan->count];

		placed->item = plan->retries[i];
		if (get_fetch_place(fetcher, placed->item, way, &placed->place, NULL)) {
			want_retry(plan, placed->item);
			continue;
		}
		if (plan->count++ && in_order)
			in_order = compare_places(placed - 1, placed) < 0;
	}
	if (!in_order)
		qsort(plan->items, plan->count, sizeof(plan->items[0]), compare_places);
}

/* All items from `*at` on that lie in the same pack. */
static void gather(struct get_fetcher *fetcher, struct fetch_plan *plan, size_t *at,
		   struct pack_group *group)
{
	group->way = plan->way;
	group->place = plan->items[*at].place;
	group->count = 0;
	for (;
	     *at < plan->count && object_id_equal(&plan->items[*at].place.pack, &group->place.pack);
	     ++*at) {
		struct placed_item *placed = &plan->items[*at];
		struct blob_at where;

		if (get_fetch_find_at(fetcher, placed->item, plan->way, &placed->place, &where,
				      NULL)) {
			want_retry(plan, placed->item);
			continue;
		}
		group->object = where.object;
		group->items[group->count] = placed->item;
		group->blobs[group->count++] =
			(struct coalesce_blob){ where.offset_bytes, where.size_bytes };
	}
}

static enum muster_code fetch_way(struct get_fetcher *fetcher, struct fetch_plan *plan,
				  enum get_way way, struct muster_error *err)
{
	struct pack_group group;
	size_t at = 0;
	enum muster_code code = MUSTER_OK;

	plan_way(fetcher, plan, way);
	while (!code && at < plan->count && !get_is_stopping(fetcher->job)) {
		gather(fetcher, plan, &at, &group);
		code = fetch_group(fetcher, &group, plan, err);
	}
	return code;
}

enum muster_code get_fetch_small(struct get_fetcher *fetcher, struct get_batch *batch,
				 struct muster_error *err)
{
	struct fetch_plan plan;
	enum muster_code code = MUSTER_OK;

	begin_plan(&plan, batch);
	if (fetcher->cache)
		code = fetch_way(fetcher, &plan, GET_BY_CACHE, err);
	if (!code)
		code = fetch_way(fetcher, &plan, GET_BY_HINT, err);
	for (size_t i = 0; i < plan.retry_count && !code && !get_is_stopping(fetcher->job); i++)
		code = fetch_by_index(fetcher, plan.retries[i], err);
	return code;
}
