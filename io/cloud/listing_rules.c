/* Sources: AWS S3 API reference; Google Cloud Storage JSON API, Objects; Azure "List Blobs". */
#include "io/cloud/listing_internal.h"

#define S3_ERROR                                                                                   \
	{ DOCUMENT_TOP, RECORD_ERROR, "Error" }, { RECORD_ERROR, RECORD_ERROR_CODE, "Code" },      \
	{                                                                                          \
		RECORD_ERROR, RECORD_ERROR_MESSAGE, "Message"                                      \
	}

static const struct document_rule s3_objects[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "ListBucketResult" },
	{ RECORD_ROOT, RECORD_ITEM, "Contents" },
	{ RECORD_ITEM, RECORD_KEY, "Key" },
	{ RECORD_ITEM, RECORD_TIME, "LastModified" },
	{ RECORD_ITEM, RECORD_ETAG, "ETag" },
	{ RECORD_ITEM, RECORD_SIZE, "Size" },
	{ RECORD_ITEM, RECORD_ALGORITHM, "ChecksumAlgorithm" },
	{ RECORD_ROOT, RECORD_PREFIX, "CommonPrefixes" },
	{ RECORD_PREFIX, RECORD_KEY, "Prefix" },
	{ RECORD_ROOT, RECORD_ENCODING, "EncodingType" },
	{ RECORD_ROOT, RECORD_IS_TRUNCATED, "IsTruncated" },
	{ RECORD_ROOT, RECORD_NEXT, "NextContinuationToken" },
	S3_ERROR,
	{ 0 },
};

static const struct document_rule s3_versions[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "ListVersionsResult" },
	{ RECORD_ROOT, RECORD_ITEM, "Version" },
	{ RECORD_ITEM, RECORD_KEY, "Key" },
	{ RECORD_ITEM, RECORD_VERSION, "VersionId" },
	{ RECORD_ITEM, RECORD_IS_LATEST, "IsLatest" },
	{ RECORD_ITEM, RECORD_TIME, "LastModified" },
	{ RECORD_ITEM, RECORD_ETAG, "ETag" },
	{ RECORD_ITEM, RECORD_SIZE, "Size" },
	{ RECORD_ITEM, RECORD_ALGORITHM, "ChecksumAlgorithm" },
	{ RECORD_ROOT, RECORD_ITEM_OTHER, "DeleteMarker" },
	{ RECORD_ITEM_OTHER, RECORD_KEY, "Key" },
	{ RECORD_ITEM_OTHER, RECORD_VERSION, "VersionId" },
	{ RECORD_ITEM_OTHER, RECORD_IS_LATEST, "IsLatest" },
	{ RECORD_ITEM_OTHER, RECORD_TIME, "LastModified" },
	{ RECORD_ROOT, RECORD_PREFIX, "CommonPrefixes" },
	{ RECORD_PREFIX, RECORD_KEY, "Prefix" },
	{ RECORD_ROOT, RECORD_ENCODING, "EncodingType" },
	{ RECORD_ROOT, RECORD_IS_TRUNCATED, "IsTruncated" },
	{ RECORD_ROOT, RECORD_NEXT, "NextKeyMarker" },
	{ RECORD_ROOT, RECORD_NEXT_OTHER, "NextVersionIdMarker" },
	S3_ERROR,
	{ 0 },
};

static const struct document_rule azure_blobs[] = {
	{ DOCUMENT_TOP, RECORD_ROOT, "EnumerationResults" },
	{ RECORD_ROOT, RECORD_GROUP, "Blobs" },
	{ RECORD_GROUP, RECORD_ITEM, "Blob" },
	{ RECORD_ITEM, RECORD_KEY, "Name" },
	{ RECORD_ITEM, RECORD_VERSION, "VersionId" },
	{ RECORD_ITEM, RECORD_IS_LATEST, "IsCurrentVersion" },
	{ RECORD_ITEM, RECORD_SNAPSHOT, "Snapshot" },
	{ RECORD_ITEM, RECORD_DELETED, "Deleted" },
	{ RECORD_ITEM, RECORD_NESTED, "Properties" },
	{ RECORD_NESTED, RECORD_TIME, "Last-Modified" },
	{ RECORD_NESTED, RECORD_ETAG, "Etag" },
	{ RECORD_NESTED, RECORD_SIZE, "Content-Length" },
	{ RECORD_NESTED, RECORD_MD5, "Content-MD5" },
	{ RECORD_NESTED, RECORD_CRC64_AZURE, "Content-CRC64" },
	{ RECORD_NESTED, RECORD_RESOURCE, "ResourceType" },
	{ RECORD_GROUP, RECORD_PREFIX, "BlobPrefix" },
	{ RECORD_PREFIX, RECORD_KEY, "Name" },
	{ RECORD_ROOT, RECORD_NEXT, "NextMarker" },
	S3_ERROR, /* has the same form */
	{ 0 },
};

#define GCS_OBJECT(within)                                                                         \
	{ within, RECORD_KEY, "name" }, { within, RECORD_VERSION, "generation" },                  \
		{ within, RECORD_TIME, "updated" }, { within, RECORD_ETAG, "etag" },               \
		{ within, RECORD_SIZE, "size" }, { within, RECORD_MD5, "md5Hash" },                \
		{ within, RECORD_CRC32C, "crc32c" }, { within, RECORD_DELETED, "timeDeleted" },    \
		{ DOCUMENT_TOP, RECORD_ERROR, "error" },                                           \
		{ RECORD_ERROR, RECORD_ERROR_CODE, "code" },                                       \
	{                                                                                          \
		RECORD_ERROR, RECORD_ERROR_MESSAGE, "message"                                      \
	}

static const struct document_rule gcs_objects[] = {
	{ DOCUMENT_TOP, RECORD_ITEM, "items" },
	{ DOCUMENT_TOP, RECORD_PREFIX, "prefixes" },
	{ DOCUMENT_TOP, RECORD_NEXT, "nextPageToken" },
	GCS_OBJECT(RECORD_ITEM),
	{ 0 },
};

static const struct document_rule gcs_object[] = { GCS_OBJECT(DOCUMENT_TOP), { 0 } };

static const struct document_rule gcs_rewrite[] = {
	{ DOCUMENT_TOP, RECORD_ITEM, "resource" },
	{ DOCUMENT_TOP, RECORD_NEXT, "rewriteToken" },
	GCS_OBJECT(RECORD_ITEM),
	{ 0 },
};

const struct records_shape *listing_shape(enum listing_kind kind)
{
	static const struct records_shape shapes[] = {
		[LISTING_S3_OBJECTS] = { DOCUMENT_XML, s3_objects, true, true, false },
		[LISTING_S3_VERSIONS] = { DOCUMENT_XML, s3_versions, true, true, false },
		[LISTING_AZURE] = { DOCUMENT_XML, azure_blobs, false, false, false },
		[LISTING_GCS] = { DOCUMENT_JSON, gcs_objects, false, false, false },
		[LISTING_GCS_OBJECT] = { DOCUMENT_JSON, gcs_object, false, false, true },
		[LISTING_GCS_REWRITE] = { DOCUMENT_JSON, gcs_rewrite, false, false, false },
	};

	return &shapes[kind];
}
