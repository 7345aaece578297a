/* Sources: AWS S3 API reference; Azure "Get Block List". */
#include "io/cloud/uploads.h"

#include <stdlib.h>

#include "io/cloud/records.h"

#define ERROR_RULES                                                                                \
	{ DOCUMENT_TOP, RECORD_ERROR, "Error" }, { RECORD_ERROR, RECORD_ERROR_CODE, "Code" },      \
	{                                                                                          \
		RECORD_ERROR, RECORD_ERROR_MESSAGE, "Message"                                      \
	}

static const struct document_rule s3_uploads[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "ListMultipartUploadsResult" },
	{ RECORD_ROOT, RECORD_ITEM, "Upload" },
	{ RECORD_ITEM, RECORD_KEY, "Key" },
	{ RECORD_ITEM, RECORD_UPLOAD_ID, "UploadId" },
	{ RECORD_ITEM, RECORD_TIME, "Initiated" },
	{ RECORD_ROOT, RECORD_ENCODING, "EncodingType" },
	{ RECORD_ROOT, RECORD_IS_TRUNCATED, "IsTruncated" },
	{ RECORD_ROOT, RECORD_NEXT, "NextKeyMarker" },
	{ RECORD_ROOT, RECORD_NEXT_OTHER, "NextUploadIdMarker" },
	ERROR_RULES,
	{ 0 },
};

static const struct document_rule s3_parts[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "ListPartsResult" },
	{ RECORD_ROOT, RECORD_ITEM, "Part" },
	{ RECORD_ITEM, RECORD_NUMBER, "PartNumber" },
	{ RECORD_ITEM, RECORD_ETAG, "ETag" },
	{ RECORD_ITEM, RECORD_SIZE, "Size" },
	{ RECORD_ITEM, RECORD_TIME, "LastModified" },
	{ RECORD_ITEM, RECORD_CRC32, "ChecksumCRC32" },
	{ RECORD_ITEM, RECORD_CRC32C, "ChecksumCRC32C" },
	{ RECORD_ITEM, RECORD_CRC64, "ChecksumCRC64NVME" },
	{ RECORD_ITEM, RECORD_SHA1, "ChecksumSHA1" },
	{ RECORD_ITEM, RECORD_SHA256, "ChecksumSHA256" },
	{ RECORD_ROOT, RECORD_IS_TRUNCATED, "IsTruncated" },
	{ RECORD_ROOT, RECORD_NEXT, "NextPartNumberMarker" },
	ERROR_RULES,
	{ 0 },
};

static const struct document_rule azure_blocks[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "BlockList" },
	{ RECORD_ROOT, RECORD_GROUP, "CommittedBlocks" },
	{ RECORD_GROUP, RECORD_ITEM, "Block" },
	{ RECORD_ITEM, RECORD_KEY, "Name" },
	{ RECORD_ITEM, RECORD_SIZE, "Size" },
	{ RECORD_ROOT, RECORD_NESTED, "UncommittedBlocks" },
	{ RECORD_NESTED, RECORD_ITEM_OTHER, "Block" },
	{ RECORD_ITEM_OTHER, RECORD_KEY, "Name" },
	{ RECORD_ITEM_OTHER, RECORD_SIZE, "Size" },
	ERROR_RULES,
	{ 0 },
};

static const struct document_rule s3_deleted[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "DeleteResult" },
	{ RECORD_ROOT, RECORD_ITEM, "Deleted" },
	{ RECORD_ITEM, RECORD_KEY, "Key" },
	{ RECORD_ITEM, RECORD_VERSION, "VersionId" },
	{ RECORD_ROOT, RECORD_ITEM_OTHER, "Error" },
	{ RECORD_ITEM_OTHER, RECORD_KEY, "Key" },
	{ RECORD_ITEM_OTHER, RECORD_VERSION, "VersionId" },
	{ RECORD_ITEM_OTHER, RECORD_CODE, "Code" },
	{ RECORD_ITEM_OTHER, RECORD_MESSAGE, "Message" },
	ERROR_RULES,
	{ 0 },
};

static const struct records_shape shapes[] = {
	[UPLOADS_S3] = { DOCUMENT_XML, s3_uploads, true, true, false },
	[UPLOADS_S3_PARTS] = { DOCUMENT_XML, s3_parts, false, true, false },
	[UPLOADS_AZURE_BLOCKS] = { DOCUMENT_XML, azure_blocks, false, false, false },
	[UPLOADS_S3_DELETED] = { DOCUMENT_XML, s3_deleted, false, false, false },
};

struct uploads {
	enum uploads_kind kind;
	struct records records;
	struct bytes key, next; /* decoded */
	struct listing_page page;
};

enum muster_code uploads_new(struct uploads **out, enum uploads_kind kind, struct muster_error *err)
{
	struct uploads *uploads = calloc(1, sizeof(*uploads));
	enum muster_code code;

	*out = NULL;
	if (!uploads)
		return muster_fail_memory(err, "a list page");
	uploads->kind = kind;
	code = records_open(&uploads->records, &shapes[kind], err);
	if (code) {
		uploads_free(uploads);
		return code;
	}
	*out = uploads;
	return MUSTER_OK;
}

void uploads_free(struct uploads *uploads)
{
	if (!uploads)
		return;
	records_close(&uploads->records);
	bytes_release(&uploads->key);
	bytes_release(&uploads->next);
	free(uploads);
}

void uploads_feed(struct uploads *uploads, struct view piece)
{
	records_feed(&uploads->records, piece);
}

void uploads_finish(struct uploads *uploads)
{
	records_finish(&uploads->records);
}

static enum muster_code take_key(struct uploads *uploads, struct upload_item *item,
				 struct muster_error *err)
{
	const struct records *records = &uploads->records;
	enum muster_code code;

	uploads->key.len = 0;
	code = records_append_name(records, &records->item, RECORD_KEY, &uploads->key, err);
	item->key = bytes_view(&uploads->key);
	item->upload_id = fields_get(&records->item, RECORD_UPLOAD_ID);
	if (!code && (!item->key.len || (uploads->kind == UPLOADS_S3 && !item->upload_id.len)))
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "the page has an item without a key or id");
	if (!code && item->key.len > LISTING_KEY_MAX_BYTES)
		code = muster_fail(err, MUSTER_E_LIMIT, "the page has a key of more than %d bytes",
				   LISTING_KEY_MAX_BYTES);
	return code;
}

static enum muster_code take_part(const struct fields *fields, struct upload_item *item,
				  struct muster_error *err)
{
	uint64_t number;
	enum muster_code code = fields_u64(fields, RECORD_NUMBER, "part number", &number, err);

	if (code)
		return code;
	if (!number || number > UPLOADS_PART_MAX)
		return muster_fail(err, MUSTER_E_FORMAT, "the page has a part without a number");
	item->number = (uint32_t)number;
	item->etag = listing_etag(fields_get(fields, RECORD_ETAG));
	item->checksum_count = records_take_checksums(fields, item->checksums);
	return MUSTER_OK;
}

static enum muster_code take_item(struct uploads *uploads, uint8_t kind, struct upload_item *item,
				  struct muster_error *err)
{
	const struct fields *fields = &uploads->records.item;
	enum muster_code code = uploads->kind == UPLOADS_S3_PARTS ? take_part(fields, item, err)
								  : take_key(uploads, item, err);

	if (uploads->kind == UPLOADS_AZURE_BLOCKS) {
		item->block_id = item->key;
		item->key = (struct view){ 0 };
		item->is_committed = kind == RECORD_ITEM;
	}
	item->version = fields_get(fields, RECORD_VERSION);
	item->code = fields_get(fields, RECORD_CODE);
	item->message = fields_get(fields, RECORD_MESSAGE);
	item->is_failed = uploads->kind == UPLOADS_S3_DELETED && kind == RECORD_ITEM_OTHER;
	if (!code)
		code = fields_u64(fields, RECORD_SIZE, "size", &item->size_bytes, err);
	return code ? code : fields_time(fields, RECORD_TIME, "time", &item->time_ns, err);
}

/* MUSTER_END where the page is whole. */
static enum muster_code end_page(struct uploads *uploads, struct muster_error *err)
{
	const struct records *records = &uploads->records;
	enum muster_code code = records_is_truncated(records, &uploads->page.is_truncated, err);

	if (code || !uploads->page.is_truncated)
		return code ? code : MUSTER_END;
	uploads->next.len = 0;
	code = records_append_name(records, &records->page, RECORD_NEXT, &uploads->next, err);
	uploads->page.next = bytes_view(&uploads->next);
	uploads->page.next_version = fields_get(&records->page, RECORD_NEXT_OTHER);
	return code ? code : MUSTER_END;
}

enum muster_code uploads_next(struct uploads *uploads, struct upload_item *item,
			      struct muster_error *err)
{
	uint8_t kind;
	enum muster_code code = records_next(&uploads->records, &kind, err);

	*item = (struct upload_item){ 0 };
	if (code == MUSTER_END)
		code = end_page(uploads, err);
	else if (!code)
		code = take_item(uploads, kind, item, err);
	return records_seal(&uploads->records, code);
}

struct listing_page uploads_page(const struct uploads *uploads)
{
	return uploads->page;
}
