/* Blobs that were not where a leaf says: is there another copy (FORMAT §8)? The missed
 * ones come in the order of index files, so a batch of them goes through each file from front to
 * back; what is found there is looked at in the order of packs. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "engine/blob/blob_reader.h"

#define BATCH_BLOBS    8192
#define CANDIDATES_MAX (4 * BATCH_BLOBS)
#define LOST_BYTES     (8 + BLOB_SORT_BYTES)

struct missed_blob {
	struct blob_key key;
	struct object_id pack; /* where it was thought to be; of the first that missed it */
	uint32_t ordinal;
	uint64_t need_count;
	char needed_by[NEEDED_BY_BYTES]; /* a part of a draft, if one needs it; else empty */
	bool is_found;
};

struct candidate { /* where an index says that a copy is */
	struct placement place;
	uint32_t blob;
};

struct copy_search {
	struct check_run *run;
	struct check_stream missed;
	struct blob_reader *reader;
	struct missed_blob *blobs;
	size_t blob_count;
	struct candidate *candidates;
	size_t candidate_count;
	struct spill *lost; /* pack, ordinal -> how many needed it, blob, a draft that does */
	uint8_t page[INDEX_PAGE_BYTES];
};

/* --- a batch --------------------------------------------------------------------------------- */

static void take_place(struct missed_blob *blob, struct view value)
{
	uint32_t ordinal;

	blob->pack = check_id_get(value.ptr);
	memcpy(&ordinal, value.ptr + CHECK_ID_BYTES, 4);
	blob->ordinal = be32toh(ordinal);
}

/* A part of a draft is named, if there is one; what versions lose their numbers tell. */
static void take_need(struct missed_blob *blob, struct view value)
{
	size_t len = value.len - NEED_KEY_BYTES;

	blob->need_count++;
	if (!blob->needed_by[0])
		memcpy(blob->needed_by, value.ptr + NEED_KEY_BYTES, len);
}

static enum muster_code fill_batch(struct copy_search *search, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	search->blob_count = 0;
	while (!code && search->missed.has) {
		struct missed_blob *blob = &search->blobs[search->blob_count], *last = blob - 1;
		struct blob_key key;

		blob_sort_get(search->missed.key.ptr, &key);
		if (search->blob_count && blob_key_equal(&last->key, &key)) {
			blob = last;
		} else {
			if (search->blob_count == BATCH_BLOBS)
				return MUSTER_OK;
			*blob = (struct missed_blob){ .key = key };
			take_place(blob, search->missed.value);
			search->blob_count++;
		}
		take_need(blob, search->missed.value);
		code = check_stream_next(&search->missed, err);
	}
	return code;
}

/* --- candidates ------------------------------------------------------------------------------ */

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = object_id_compare(&x->place.pack, &y->place.pack);

	if (order)
		return order;
	return (x->place.ordinal > y->place.ordinal) - (x->place.ordinal < y->place.ordinal);
}

static enum muster_code look_at(struct copy_search *search, const struct candidate *candidate,
				struct muster_error *err)
{
	struct repository *repository = search->run->repository;
	struct missed_blob *blob = &search->blobs[candidate->blob];
	struct muster_error unused = { 0 };
	struct blob_at at;
	enum muster_code code;

	if (blob->is_found || repository_standing(repository, &candidate->place.pack) == GC_SWEPT ||
	    repository_is_bad(repository, &candidate->place.pack, candidate->place.ordinal))
		return MUSTER_OK;
	code = blob_reader_find(search->reader, &blob->key, &candidate->place, &at, &unused);
	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	blob->is_found = code == MUSTER_OK; /* a pack that is broken was told before */
	return MUSTER_OK;
}

static enum muster_code look_at_candidates(struct copy_search *search, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	qsort(search->candidates, search->candidate_count, sizeof(*search->candidates),
	      compare_candidates);
	for (size_t i = 0; i < search->candidate_count && !code; i++) {
		code = check_cancelled(search->run, err);
		if (!code)
			code = look_at(search, &search->candidates[i], err);
	}
	search->candidate_count = 0;
	return code;
}

static enum muster_code note_candidate(struct copy_search *search, const struct index_view *view,
				       const struct index_record *record, size_t blob,
				       struct muster_error *err)
{
	const struct index_pack *pack = &view->tail.packs[record->pack];
	struct candidate candidate = { .place = { .pack = pack->id,
						  .pack_bytes = pack->pack_bytes,
						  .ordinal = record->ordinal },
				       .blob = (uint32_t)blob };
	enum muster_code code = MUSTER_OK;

	/* That very place was looked at already. */
	if (record->ordinal == search->blobs[blob].ordinal &&
	    object_id_equal(&pack->id, &search->blobs[blob].pack))
		return MUSTER_OK;
	if (search->candidate_count == CANDIDATES_MAX)
		code = look_at_candidates(search, err);
	search->candidates[search->candidate_count++] = candidate;
	return code;
}

/* --- an index file --------------------------------------------------------------------------- */

static bool filter_knows(const struct index_view *view, const struct blob_key *key)
{
	uint8_t block[INDEX_FILTER_BLOCK_BYTES];

	/* A filter that cannot be read knows everything: the pages decide. */
	return store_read(view->object, index_filter_offset(&view->trailer, key), block,
			  sizeof(block), NULL) ||
	       index_filter_maybe(view_of(block, sizeof(block)), key);
}

/* The page that was read last. */
struct held_page {
	uint32_t number; /* UINT32_MAX: none */
	struct index_page page;
};

/* MUSTER_ABSENT where the page cannot be used; that was told when the file was checked. */
static enum muster_code hold_page(struct copy_search *search, const struct index_view *view,
				  uint32_t number, struct held_page *held, struct muster_error *err)
{
	uint32_t len = index_page_bytes(&view->trailer, number);
	struct muster_error why = { 0 };
	enum muster_code code;

	if (held->number == number)
		return MUSTER_OK;
	held->number = UINT32_MAX;
	code = store_read(view->object, index_page_offset(number), search->page, len, &why);
	if (muster_ends_job(code)) {
		*err = why;
		return code;
	}
	if (code ||
	    index_page_open(&held->page, &view->trailer, number, view_of(search->page, len), NULL))
		return MUSTER_ABSENT;
	held->number = number;
	return MUSTER_OK;
}

/* The records of one page with the blob's digest and size. MUSTER_END: the next page may have more;
 * MUSTER_OK: it cannot. */
static enum muster_code search_page(struct copy_search *search, const struct index_view *view,
				    size_t blob, struct index_page *page, struct muster_error *err)
{
	const struct blob_key *key = &search->blobs[blob].key;
	struct index_record record;
	enum muster_code code, found;

	found = index_page_find_digest(page, key->digest, key->size_bytes, &record);
	for (; !found; found = index_page_next(page, &record, NULL)) {
		if (memcmp(record.key.digest, key->digest, DIGEST_BYTES) != 0 ||
		    record.key.size_bytes != key->size_bytes)
			return MUSTER_OK;
		code = blob_is_same(key, &record.key)
			       ? note_candidate(search, view, &record, blob, err)
			       : MUSTER_OK;
		if (code)
			return code;
	}
	return found == MUSTER_ABSENT ? MUSTER_OK : found;
}

static enum muster_code search_pages(struct copy_search *search, const struct index_view *view,
				     size_t blob, struct held_page *held, struct muster_error *err)
{
	const struct blob_key *key = &search->blobs[blob].key;
	uint32_t number = index_page_of(&view->trailer, &view->tail, key->digest);
	enum muster_code code = MUSTER_END;

	for (; number < view->trailer.page_count && code == MUSTER_END; number++) {
		if (memcmp(view->tail.fences[number], key->digest, DIGEST_BYTES) > 0)
			return MUSTER_OK;
		code = hold_page(search, view, number, held, err);
		if (!code)
			code = search_page(search, view, blob, &held->page, err);
		else if (code == MUSTER_ABSENT)
			code = MUSTER_END; /* the next one may have it */
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code search_file(struct copy_search *search, const struct object_id *id,
				    struct muster_error *err)
{
	struct muster_error unused = { 0 };
	struct held_page held = { .number = UINT32_MAX };
	struct index_view view;
	enum muster_code code = index_view_open(&view, search->run, id, &unused);

	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	if (code)
		return MUSTER_OK; /* told when the file was checked */
	for (size_t i = 0; i < search->blob_count && !code; i++)
		if (!search->blobs[i].is_found && filter_knows(&view, &search->blobs[i].key))
			code = search_pages(search, &view, i, &held, err);
	index_view_close(&view);
	return code;
}

static enum muster_code search_files(struct copy_search *search, struct muster_error *err)
{
	struct check_stream files = { 0 };
	struct spill *list = NULL;
	enum muster_code code = check_list_objects(search->run, OBJECT_INDEX, &list, err);

	if (!code)
		code = check_stream_begin(&files, list, err);
	while (!code && files.has) {
		struct object_id id = check_id_get(files.key.ptr);

		code = search_file(search, &id, err);
		if (!code)
			code = check_cancelled(search->run, err);
		if (!code)
			code = check_stream_next(&files, err);
	}
	spill_free(list);
	return code ? code : look_at_candidates(search, err);
}

/* --- what is lost ---------------------------------------------------------------------------- */

static enum muster_code note_lost(struct copy_search *search, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < search->blob_count && !code; i++) {
		const struct missed_blob *blob = &search->blobs[i];
		uint8_t key[NEED_KEY_BYTES], value[LOST_BYTES + NEEDED_BY_BYTES];
		size_t len = strlen(blob->needed_by);
		uint32_t ordinal = htobe32(blob->ordinal);

		if (blob->is_found)
			continue;
		check_id_put(key, &blob->pack);
		memcpy(key + CHECK_ID_BYTES, &ordinal, 4);
		put_u64(value, blob->need_count);
		blob_sort_put(value + 8, &blob->key);
		memcpy(value + LOST_BYTES, blob->needed_by, len);
		code = spill_add(search->lost, view_of(key, sizeof(key)),
				 view_of(value, LOST_BYTES + len), err);
	}
	return code;
}

/* One finding for all that one pack should have had. */
struct loss {
	uint8_t pack[CHECK_ID_BYTES];
	uint64_t blob_count, need_count;
	struct blob_key first;
	char needed_by[NEEDED_BY_BYTES]; /* the first part of a draft */
};

static void add_loss(struct loss *loss, struct view value)
{
	if (!loss->blob_count++)
		blob_sort_get(value.ptr + 8, &loss->first);
	loss->need_count += get_u64(value.ptr);
	if (!loss->needed_by[0])
		memcpy(loss->needed_by, value.ptr + LOST_BYTES, value.len - LOST_BYTES);
}

static void tell_loss(struct check_run *run, const struct loss *loss)
{
	struct object_id id = check_id_get(loss->pack);
	static const struct object_id nowhere = { 0 };
	char blob[BLOB_TEXT_BYTES];
	struct key key;

	if (!loss->blob_count)
		return;
	key_object(&key, OBJECT_PACK, &id);
	check_blob_text(&loss->first, blob);
	check_found(run, object_id_equal(&id, &nowhere) ? "packs/" : key.text, MUSTER_E_FORMAT,
		    "%llu %s that %llu %s %s no other copy, the first is %s%s%s%s",
		    (unsigned long long)loss->blob_count,
		    text_plural(loss->blob_count, "blob", "blobs"),
		    (unsigned long long)loss->need_count,
		    text_plural(loss->need_count, "entry needs", "entries need"),
		    text_plural(loss->blob_count, "is not in it and has", "are not in it and have"),
		    blob, loss->needed_by[0] ? "; " : "", loss->needed_by,
		    !loss->needed_by[0]	    ? ""
		    : loss->blob_count == 1 ? " needs it"
					    : " needs some of them");
}

static enum muster_code tell_lost(struct copy_search *search, struct muster_error *err)
{
	struct check_stream lost = { 0 };
	struct loss loss = { .blob_count = 0 };
	enum muster_code code = check_stream_begin(&lost, search->lost, err);

	while (!code && lost.has) {
		if (!loss.blob_count || memcmp(loss.pack, lost.key.ptr, CHECK_ID_BYTES) != 0) {
			tell_loss(search->run, &loss);
			loss = (struct loss){ .blob_count = 0 };
			memcpy(loss.pack, lost.key.ptr, CHECK_ID_BYTES);
		}
		add_loss(&loss, lost.value);
		code = check_stream_next(&lost, err);
	}
	if (!code)
		tell_loss(search->run, &loss);
	return code;
}

/* --- all ------------------------------------------------------------------------------------- */

static enum muster_code open_search(struct copy_search *search, struct muster_error *err)
{
	struct check_run *run = search->run;
	enum muster_code code = check_stream_begin(&search->missed, run->missed, err);

	if (!code)
		code = check_sort_new(run, &search->lost, false, err);
	if (!code)
		code = blob_reader_open(&search->reader, run->store, repository_id(run->repository),
					NULL, NULL, err);
	if (code)
		return code;
	search->blobs = malloc(BATCH_BLOBS * sizeof(*search->blobs));
	search->candidates = malloc(CANDIDATES_MAX * sizeof(*search->candidates));
	if (!search->blobs || !search->candidates)
		return muster_fail_memory(err, "the search for copies");
	return MUSTER_OK;
}

enum muster_code check_copies(struct check_run *run, struct muster_error *err)
{
	struct copy_search *search;
	enum muster_code code;

	if (!spill_count(run->missed))
		return MUSTER_OK;
	search = calloc(1, sizeof(*search));
	if (!search)
		return muster_fail_memory(err, "the search for copies");
	search->run = run;
	code = open_search(search, err);
	while (!code && search->missed.has) {
		code = fill_batch(search, err);
		if (!code)
			code = search_files(search, err);
		if (!code)
			code = note_lost(search, err);
	}
	if (!code)
		code = tell_lost(search, err);
	free(search->candidates);
	free(search->blobs);
	blob_reader_close(search->reader);
	spill_free(search->lost);
	free(search);
	return code;
}
