#include "io/cloud/listing.h"

#include <stdlib.h>

#include "io/cloud/listing_internal.h"

struct listing {
	enum listing_kind kind;
	struct records records;
	struct bytes key;  /* decoded */
	struct bytes next; /* likewise */
	struct listing_page page;
};

enum muster_code listing_new(struct listing **out, enum listing_kind kind, struct muster_error *err)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	enum muster_code code;

	*out = NULL;
	if (!listing)
		return muster_fail_memory(err, "a list page");
	listing->kind = kind;
	code = records_open(&listing->records, listing_shape(kind), err);
	if (code) {
		listing_free(listing);
		return code;
	}
	*out = listing;
	return MUSTER_OK;
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	records_close(&listing->records);
	bytes_release(&listing->key);
	bytes_release(&listing->next);
	free(listing);
}

void listing_feed(struct listing *listing, struct view piece)
{
	records_feed(&listing->records, piece);
}

void listing_finish(struct listing *listing)
{
	records_finish(&listing->records);
}

/* "CRC32C,SHA256"; algorithms of later years are passed over. */
static uint32_t named_algorithms(struct view names)
{
	uint32_t bits = 0;

	while (names.len) {
		const uint8_t *comma = memchr(names.ptr, ',', names.len);
		size_t len = comma ? (size_t)(comma - names.ptr) : names.len;
		enum checksum_algorithm algorithm;

		if (checksum_by_name(view_of(names.ptr, len), &algorithm))
			bits |= 1u << algorithm;
		names = view_of(names.ptr + len + !!comma, names.len - len - !!comma);
	}
	return bits;
}

static bool is_latest(const struct listing *listing, const struct fields *item)
{
	switch (listing->kind) {
	case LISTING_S3_VERSIONS:
		return fields_is(item, RECORD_IS_LATEST, "true");
	case LISTING_AZURE: /* without versions nothing is said, and all are */
		return !fields_get(item, RECORD_SNAPSHOT).len &&
		       !fields_is(item, RECORD_DELETED, "true") &&
		       (!fields_has(item, RECORD_VERSION) ||
			fields_is(item, RECORD_IS_LATEST, "true"));
	case LISTING_GCS:
	case LISTING_GCS_OBJECT:
	case LISTING_GCS_REWRITE:
		return !fields_has(item, RECORD_DELETED);
	default:
		return true;
	}
}

static enum muster_code take_numbers(struct listed_object *object, const struct fields *item,
				     struct muster_error *err)
{
	enum muster_code code = fields_u64(item, RECORD_SIZE, "size", &object->size_bytes, err);

	if (!code)
		code = fields_time(item, RECORD_TIME, "time of modification", &object->mtime_ns,
				   err);
	if (!code && !object->is_delete_marker && !object->is_directory &&
	    !fields_get(item, RECORD_SIZE).len)
		code = muster_fail(err, MUSTER_E_FORMAT, "the page has an object without a size");
	return code;
}

static enum muster_code take_object(struct listing *listing, uint8_t kind,
				    struct listed_object *object, struct muster_error *err)
{
	const struct fields *item = &listing->records.item;

	object->etag = listing_etag(fields_get(item, RECORD_ETAG));
	object->version = fields_get(item, RECORD_VERSION);
	object->is_delete_marker =
		kind == RECORD_ITEM_OTHER ||
		(listing->kind == LISTING_AZURE && fields_is(item, RECORD_DELETED, "true"));
	object->is_latest = is_latest(listing, item);
	object->is_directory = fields_is(item, RECORD_RESOURCE, "directory");
	object->algorithms = named_algorithms(fields_get(item, RECORD_ALGORITHM));
	object->checksum_count = records_take_checksums(item, object->checksums);
	return take_numbers(object, item, err);
}

static enum muster_code take_key(struct listing *listing, struct listed_object *object,
				 struct muster_error *err)
{
	enum muster_code code;

	listing->key.len = 0;
	code = records_append_name(&listing->records, &listing->records.item, RECORD_KEY,
				   &listing->key, err);
	if (code)
		return code;
	if (!listing->key.len)
		return muster_fail(err, MUSTER_E_FORMAT, "the page has an object without a key");
	if (listing->key.len > LISTING_KEY_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "the page has a key of more than %d bytes",
				   LISTING_KEY_MAX_BYTES);
	object->key = bytes_view(&listing->key);
	return MUSTER_OK;
}

/* MUSTER_END where the page is whole. */
static enum muster_code end_page(struct listing *listing, struct muster_error *err)
{
	const struct fields *page = &listing->records.page;
	enum muster_code code;

	code = records_is_truncated(&listing->records, &listing->page.is_truncated, err);
	if (code || !listing->page.is_truncated)
		return code ? code : MUSTER_END;
	listing->next.len = 0;
	/* a continuation token is opaque; a marker is a key */
	if (listing->kind == LISTING_S3_VERSIONS)
		code = records_append_name(&listing->records, page, RECORD_NEXT, &listing->next,
					   err);
	else
		code = bytes_append_view(&listing->next, fields_get(page, RECORD_NEXT), err);
	listing->page.next = bytes_view(&listing->next);
	listing->page.next_version = fields_get(page, RECORD_NEXT_OTHER);
	return code ? code : MUSTER_END;
}

enum muster_code listing_next(struct listing *listing, struct listed_object *object,
			      struct muster_error *err)
{
	uint8_t kind;
	enum muster_code code = records_next(&listing->records, &kind, err);

	*object = (struct listed_object){ 0 };
	if (code == MUSTER_END)
		return records_seal(&listing->records, end_page(listing, err));
	if (code)
		return records_seal(&listing->records, code);
	code = take_key(listing, object, err);
	object->is_prefix = kind == RECORD_PREFIX;
	if (!code && !object->is_prefix)
		code = take_object(listing, kind, object, err);
	return records_seal(&listing->records, code);
}

struct listing_page listing_page(const struct listing *listing)
{
	return listing->page;
}
