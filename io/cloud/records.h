/**
 * records - the part that all list pages share: a document whose items are handed out one by one,
 * and whose own fields say how to go on.
 *
 * S3 percent-encodes keys when asked to, and says so in EncodingType; AWS and Ceph say it before
 * the items, MinIO behind them. Until it was said, items are kept back, as texts, in memory that
 * the document's maximum bounds.
 *
 * Reader and errors: as document.h. MUSTER_E_IO where the document is an error instead of a
 * page; the message says which.
 */
#ifndef IO_CLOUD_RECORDS_H
#define IO_CLOUD_RECORDS_H

#include "io/cloud/fields.h"
#include "io/cloud/listing.h"

/** Ids of all list pages. A page uses those that it has. */
enum record_field {
	RECORD_ROOT = 1,
	RECORD_GROUP,  /* an element around items, or around fields of one */
	RECORD_NESTED, /* another one */
	/* items */
	RECORD_ITEM,
	RECORD_ITEM_OTHER, /* a delete marker, an uncommitted block, a failed key */
	RECORD_PREFIX,	   /* keys that share a prefix; as a text it is the key itself */
	/* fields of items */
	RECORD_KEY,
	RECORD_VERSION,
	RECORD_SIZE,
	RECORD_ETAG,
	RECORD_TIME,
	RECORD_IS_LATEST,
	RECORD_DELETED,
	RECORD_SNAPSHOT,
	RECORD_RESOURCE,
	RECORD_ALGORITHM, /* repeats */
	RECORD_CHECKSUM_TYPE,
	RECORD_MD5,
	RECORD_CRC32,
	RECORD_CRC32C,
	RECORD_CRC64,
	RECORD_CRC64_AZURE, /* lowest byte first */
	RECORD_SHA1,
	RECORD_SHA256,
	RECORD_UPLOAD_ID,
	RECORD_NUMBER,
	RECORD_CODE,
	RECORD_MESSAGE,
	/* fields of the page */
	RECORD_ENCODING,
	RECORD_IS_TRUNCATED,
	RECORD_NEXT,
	RECORD_NEXT_OTHER,
	/* an error instead of a page */
	RECORD_ERROR,
	RECORD_ERROR_CODE,
	RECORD_ERROR_MESSAGE,
	RECORD_FIELD_COUNT,
};

struct records_shape {
	enum document_syntax syntax;
	const struct document_rule *rules;
	bool has_encoding;  /* EncodingType rules what is decoded */
	bool has_truncated; /* IsTruncated is there, always */
	bool is_one_item;   /* the document is the item */
};

struct records {
	const struct records_shape *shape;
	struct document *document;
	struct fields item, page;
	struct bytes held; /* items that wait for EncodingType */
	size_t held_at;
	bool is_encoding_known, is_url_encoded, is_at_end, is_handed_out;
	enum muster_code failure; /* for good */
};

enum muster_code records_open(struct records *records, const struct records_shape *shape,
			      struct muster_error *err);
void records_close(struct records *records);
void records_feed(struct records *records, struct view piece);
void records_finish(struct records *records);
/** The next item: its kind (RECORD_ITEM ...), its texts in `item` until the next call. MUSTER_END:
 *  `page` is whole. */
enum muster_code records_next(struct records *records, uint8_t *kind, struct muster_error *err);

/** Remember a failure, so that records_next() answers nothing else from now on; returns `code`. */
enum muster_code records_seal(struct records *records, enum muster_code code);

/** Append a field, decoded where the page or the element says that it is encoded. Errors:
 *  MUSTER_E_FORMAT, MUSTER_E_MEMORY. */
enum muster_code records_append_name(const struct records *records, const struct fields *fields,
				     uint8_t id, struct bytes *out, struct muster_error *err);
/** Is there more behind this page? Errors: MUSTER_E_FORMAT where it says so, but not how. */
enum muster_code records_is_truncated(const struct records *records, bool *out,
				      struct muster_error *err);

/** The checksums that an item has as values; returns how many, LISTING_CHECKSUMS_MAX at most. What
 * is no checksum is none: a foreign client may have stored anything. */
uint8_t records_take_checksums(const struct fields *item,
			       struct checksum out[LISTING_CHECKSUMS_MAX]);

#endif
