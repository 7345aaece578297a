/* Index files by themselves: pages, order, fences, filter, large sizes, and per pack what their
 * records add up to. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_AT_ONCE 16

/* --- opening --------------------------------------------------------------------------------- */

static enum muster_code read_trailer(struct index_view *view, struct muster_error *err)
{
	uint8_t raw[INDEX_TRAILER_BYTES], header[OBJECT_HEADER_BYTES];
	uint64_t size_bytes = view->object->size_bytes;
	enum muster_code code;

	if (size_bytes < sizeof(raw) + sizeof(header))
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its trailer");
	code = store_read(view->object, 0, header, sizeof(header), err);
	if (!code)
		code = object_header_check(view_of(header, sizeof(header)), "index", INDEX_VERSION,
					   err);
	if (!code)
		code = store_read(view->object, size_bytes - sizeof(raw), raw, sizeof(raw), err);
	return code ? code
		    : index_trailer_parse(&view->trailer, view_of(raw, sizeof(raw)), size_bytes,
					  err);
}

static enum muster_code read_part(struct index_view *view, uint64_t offset_bytes, uint64_t len,
				  struct bytes *out, struct muster_error *err)
{
	enum muster_code code;

	out->len = 0;
	code = bytes_reserve(out, len, err);
	if (!code)
		code = store_read(view->object, offset_bytes, out->ptr, len, err);
	if (!code)
		out->len = len;
	return code;
}

static enum muster_code read_tail(struct index_view *view, struct muster_error *err)
{
	struct bytes raw = { 0 };
	enum muster_code code = read_part(view, view->trailer.packs_offset_bytes,
					  index_tail_bytes(&view->trailer), &raw, err);

	if (!code)
		code = index_tail_parse(&view->tail, &view->trailer, bytes_view(&raw), err);
	bytes_release(&raw);
	return code;
}

static enum muster_code check_ids(const struct index_view *view, struct check_run *run,
				  const struct object_id *id, struct muster_error *err)
{
	if (memcmp(view->trailer.repository_id, repository_id(run->repository), 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "it belongs to another repository");
	if (!object_id_equal(&view->trailer.id, id))
		return muster_fail(err, MUSTER_E_FORMAT, "its trailer has another id");
	return MUSTER_OK;
}

enum muster_code index_view_open(struct index_view *out, struct check_run *run,
				 const struct object_id *id, struct muster_error *err)
{
	struct key key;
	enum muster_code code;

	*out = (struct index_view){ 0 };
	key_object(&key, OBJECT_INDEX, id);
	code = store_open(run->store, key.text, &out->object, err);
	if (code)
		return code;
	code = read_trailer(out, err);
	if (!code)
		code = check_ids(out, run, id, err);
	if (!code)
		code = read_tail(out, err);
	if (code)
		index_view_close(out);
	return code;
}

void index_view_close(struct index_view *view)
{
	index_tail_release(&view->tail);
	store_close(view->object);
	*view = (struct index_view){ 0 };
}

/* --- records --------------------------------------------------------------------------------- */

/* What is known of one file while its records pass. */
struct index_audit {
	struct check_run *run;
	struct key key;
	struct index_view view;
	struct bytes filter, pages;
	struct index_claim *claims; /* one a pack of the file */
	struct blob_key last;
	bool has_last;
};

static bool has_large_size(const struct index_audit *audit, uint64_t size_bytes)
{
	const uint64_t *sizes = audit->view.tail.large_sizes;
	size_t low = 0, high = audit->view.trailer.large_size_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sizes[middle] < size_bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low < audit->view.trailer.large_size_count && sizes[low] == size_bytes;
}

static bool filter_knows(const struct index_audit *audit, const struct blob_key *key)
{
	const struct index_trailer *trailer = &audit->view.trailer;
	uint64_t at = index_filter_offset(trailer, key) - trailer->filter_offset_bytes;

	return index_filter_maybe(view_of(audit->filter.ptr + at, INDEX_FILTER_BLOCK_BYTES), key);
}

static enum muster_code check_index_record(struct index_audit *audit,
					   const struct index_record *record,
					   struct muster_error *err)
{
	struct index_claim *claim = &audit->claims[record->pack];

	if (audit->has_last && blob_key_compare(&audit->last, &record->key) > 0)
		return muster_fail(err, MUSTER_E_FORMAT, "its first record is out of order");
	if (record->ordinal >= claim->pack.blob_count)
		return muster_fail(err, MUSTER_E_FORMAT, "a record names blob %u of a pack of %u",
				   record->ordinal, claim->pack.blob_count);
	if (audit->filter.len && !filter_knows(audit, &record->key))
		return muster_fail(err, MUSTER_E_FORMAT, "the filter does not know a record");
	if (record->key.size_bytes > PACK_BLOB_MAX_BYTES &&
	    !has_large_size(audit, record->key.size_bytes))
		return muster_fail(err, MUSTER_E_FORMAT, "a large size is not in the list");
	audit->last = record->key;
	audit->has_last = true;
	claim->record_count++;
	checksum_sum_add(claim->record_sum, record->key.checksum);
	return MUSTER_OK;
}

static enum muster_code check_page(struct index_audit *audit, uint32_t number, struct view bytes,
				   struct muster_error *err)
{
	struct index_record record;
	struct index_page page;
	bool is_first = true;
	enum muster_code code = index_page_open(&page, &audit->view.trailer, number, bytes, err);

	if (code)
		return code;
	while (!code && index_page_next(&page, &record, err) == MUSTER_OK) {
		if (is_first &&
		    memcmp(audit->view.tail.fences[number], record.key.digest, DIGEST_BYTES) != 0)
			code = muster_fail(err, MUSTER_E_FORMAT,
					   "its fence is not its first digest");
		if (!code)
			code = check_index_record(audit, &record, err);
		is_first = false;
	}
	if (code)
		muster_context(err, "page %u", number);
	return code;
}

/* Each broken page is a finding; the records of others count. */
static enum muster_code check_pages(struct index_audit *audit, bool *is_whole,
				    struct muster_error *err)
{
	const struct index_trailer *trailer = &audit->view.trailer;
	enum muster_code code = MUSTER_OK;

	for (uint32_t page = 0; page < trailer->page_count && !code; page++) {
		uint32_t last = page | (PAGES_AT_ONCE - 1);
		uint64_t begin = index_page_offset(page & ~(uint32_t)(PAGES_AT_ONCE - 1)), end;

		last = last < trailer->page_count ? last : trailer->page_count - 1;
		end = index_page_offset(last) + index_page_bytes(trailer, last);
		if (page % PAGES_AT_ONCE == 0)
			code = read_part(&audit->view, begin, end - begin, &audit->pages, err);
		if (code)
			return code;
		code = check_page(audit, page,
				  view_of(audit->pages.ptr + (index_page_offset(page) - begin),
					  index_page_bytes(trailer, page)),
				  err);
		code = check_judge(audit->run, audit->key.text, code, err);
		if (code == MUSTER_ABSENT) {
			*is_whole = false;
			audit->has_last = false;
			code = check_cancelled(audit->run, err);
		}
	}
	return code;
}

static enum muster_code read_filter(struct index_audit *audit, struct muster_error *err)
{
	const struct index_trailer *trailer = &audit->view.trailer;
	enum muster_code code = read_part(&audit->view, trailer->filter_offset_bytes,
					  index_filter_bytes(trailer), &audit->filter, err);

	if (!code)
		code = index_filter_check(trailer, bytes_view(&audit->filter), err);
	if (code)
		audit->filter.len = 0;
	code = check_judge(audit->run, audit->key.text, code, err);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* --- claims ---------------------------------------------------------------------------------- */

static enum muster_code start_claims(struct index_audit *audit, struct muster_error *err)
{
	uint32_t count = audit->view.trailer.pack_count;

	audit->claims = calloc((size_t)count + 1, sizeof(*audit->claims));
	if (!audit->claims)
		return muster_fail_memory(err, "the packs of an index");
	for (uint32_t i = 0; i < count; i++) {
		audit->claims[i].index = audit->view.trailer.id;
		audit->claims[i].pack = audit->view.tail.packs[i];
	}
	return MUSTER_OK;
}

/* Where all blobs of a pack are in one file, its records add up to what its list says. */
static void compare_sums(struct index_audit *audit, const struct index_claim *claim)
{
	struct key pack;

	if (claim->record_count < claim->pack.blob_count ||
	    (claim->record_count == claim->pack.blob_count &&
	     memcmp(claim->record_sum, claim->pack.checksum_sum, 16) == 0))
		return;
	key_object(&pack, OBJECT_PACK, &claim->pack.id);
	check_found(audit->run, audit->key.text, MUSTER_E_FORMAT,
		    "its records of '%s' do not add up to the sum in its list", pack.text);
}

static enum muster_code give_claims(struct index_audit *audit, bool is_whole,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (uint32_t i = 0; i < audit->view.trailer.pack_count && !code; i++) {
		const struct index_claim *claim = &audit->claims[i];
		uint8_t key[CHECK_ID_BYTES];

		if (is_whole)
			compare_sums(audit, claim);
		check_id_put(key, &claim->pack.id);
		code = spill_add(audit->run->claims, view_of(key, sizeof(key)),
				 view_of(claim, sizeof(*claim)), err);
	}
	return code;
}

/* --- one file, all files --------------------------------------------------------------------- */

static enum muster_code audit_file(struct index_audit *audit, struct muster_error *err)
{
	bool is_whole = true;
	enum muster_code code = start_claims(audit, err);

	if (!code)
		code = read_filter(audit, err);
	if (!code)
		code = check_pages(audit, &is_whole, err);
	if (muster_failed(code) && !muster_ends_job(code) && code != MUSTER_E_CANCELLED) {
		check_finding(audit->run, audit->key.text, err); /* pages that cannot be read */
		is_whole = false;
		code = MUSTER_OK;
	}
	return code ? code : give_claims(audit, is_whole, err);
}

static enum muster_code check_index(struct check_run *run, const struct object_id *id,
				    struct muster_error *err)
{
	struct index_audit audit = { .run = run };
	enum muster_code code;

	key_object(&audit.key, OBJECT_INDEX, id);
	run->report->index_count++;
	code = index_view_open(&audit.view, run, id, err);
	if (code == MUSTER_ABSENT)
		return MUSTER_OK; /* superseded since it was listed */
	code = check_judge(run, audit.key.text, code, err);
	if (code == MUSTER_ABSENT) {
		run->index_is_whole = false;
		return MUSTER_OK;
	}
	if (!code)
		code = audit_file(&audit, err);
	free(audit.claims);
	bytes_release(&audit.filter);
	bytes_release(&audit.pages);
	index_view_close(&audit.view);
	return code;
}

enum muster_code check_indexes(struct check_run *run, struct muster_error *err)
{
	struct check_stream files = { 0 };
	struct spill *list = NULL;
	enum muster_code code = check_list_objects(run, OBJECT_INDEX, &list, err);

	run->index_is_whole = true;
	if (!code)
		code = check_stream_begin(&files, list, err);
	while (!code && files.has) {
		struct object_id id = check_id_get(files.key.ptr);

		code = check_index(run, &id, err);
		if (!code)
			code = check_cancelled(run, err);
		if (!code)
			code = check_stream_next(&files, err);
	}
	spill_free(list);
	return code;
}
